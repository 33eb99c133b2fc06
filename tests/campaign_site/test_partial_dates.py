"""Staff type a date as exactly as they know it; it is understood, said back, and sorted."""

import datetime

import pytest
from django import forms
from django.conf import global_settings
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.migrations.writer import MigrationWriter
from django.template import Context, Template
from django.test.utils import isolate_apps
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from campaign_site.partial_dates import (
    NotADate,
    PartialDate,
    PartialDateField,
    PartialDateFormField,
    describe,
    parse_typed,
)

# As the column sorts them, byte by byte: by start, the vaguer first.
SORTED = [
    *("1990", "1990-05-17", "1990/1995", "1990~", "1990~/..", "2006", "2006-03", "2006-03-15"),
    *("2006-03-15/2006-04-01", "2006-03-24", "2006-03/..", "2006-03~", "2006-10", "2006/.."),
    "2015-03-24/2015-04-02",
]


def refusal(text: str) -> str:
    with pytest.raises(NotADate) as refused:
        parse_typed(text)
    assert len(refused.value.messages) == 1
    return refused.value.code


@pytest.mark.parametrize(
    ("typed", "stored", "said"),
    [
        ("2006", "2006", "2006"),
        ("March 2006", "2006-03", "March 2006"),
        ("mar. 2006", "2006-03", "March 2006"),
        ("Sept 2006", "2006-09", "September 2006"),
        ("03/2006", "2006-03", "March 2006"),
        ("15 March 2006", "2006-03-15", "15 March 2006"),
        ("March 15th, 2006", "2006-03-15", "15 March 2006"),
        ("the 1st of May 2006", "2006-05-01", "1 May 2006"),
        ("2006-03-15", "2006-03-15", "15 March 2006"),
        ("2006-3-5", "2006-03-05", "5 March 2006"),
        ("2006/3/5", "2006-03-05", "5 March 2006"),
        ("15/03/2006", "2006-03-15", "15 March 2006"),
        ("4.4.2006", "2006-04-04", "4 April 2006"),
        ("٢٠٠٦", "2006", "2006"),
        ("about 1990", "1990~", "about 1990"),
        ("c. 1990", "1990~", "about 1990"),
        ("~March 1990", "1990-03~", "about March 1990"),
        ("since 2016", "2016/..", "since 2016"),
        ("Since about March 2016", "2016-03~/..", "since about March 2016"),
        ("24 March – 2 April 2015", "2015-03-24/2015-04-02", "24 March to 2 April 2015"),
        ("24-26 March 2015", "2015-03-24/2015-03-26", "24 to 26 March 2015"),
        (
            "from 24 Dec 2015 to 2 Jan 2016",
            "2015-12-24/2016-01-02",
            "24 December 2015 to 2 January 2016",
        ),
        ("March–April 2015", "2015-03/2015-04", "March 2015 to April 2015"),
        ("2006-2007", "2006/2007", "2006 to 2007"),
        ("about 1990 to 1995", "1990~/1995", "about 1990 to 1995"),
    ],
)
def test_what_staff_type_is_understood_and_said_back(typed, stored, said):
    understood = parse_typed(f"  {typed} ")
    assert understood == stored
    assert describe(understood) == said
    assert parse_typed(said) == stored


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("03/04/2006", "ambiguous"),
        ("3.4.2006", "ambiguous"),
        ("13/2006", "no_such_month"),
        ("2006-13", "no_such_month"),
        ("2006-00", "no_such_month"),
        ("31/31/2006", "no_such_day"),
        ("2006-02-30", "no_such_day"),
        ("30 February 2006", "no_such_day"),
        ("0 March 2006", "no_such_day"),
        ("29 February 2023", "no_such_day"),
        ("0000", "no_such_year"),
        ("2 April 2015 to 24 March 2015", "end_before_start"),
        ("2016/2015", "end_before_start"),
        ("15 March", "no_year"),
        ("March 06", "no_year"),
        ("06", "no_year"),
        ("early 1990s", "unclear"),
        ("summer 2006", "unclear"),
        ("until 2016", "unclear"),
        ("15 2006", "unclear"),
        ("March 2006 April 2007", "unclear"),
        ("about", "unclear"),
        ("2006-03-15T10:00", "unclear"),
        ("martyr 2006", "unclear"),
        ("2006\0", "unclear"),
        ("\ud800", "unclear"),
        ("9" * 1_000_000, "unclear"),
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_what_is_unclear_is_refused_with_a_reason(typed, code):
    assert refusal(typed) == code


def test_no_day_is_invented():
    assert PartialDate("2006").earliest == datetime.date(2006, 1, 1)
    assert PartialDate("2006").latest == datetime.date(2006, 12, 31)
    assert PartialDate("2004-02~").latest == datetime.date(2004, 2, 29)
    assert PartialDate("2015-03-24/2015-04").latest == datetime.date(2015, 4, 30)
    assert PartialDate("2016-05/..").earliest == datetime.date(2016, 5, 1)
    assert PartialDate("2016/..").latest == datetime.date.max
    assert PartialDate("2016/..").is_open
    assert not PartialDate("2016/2017").is_open


@pytest.mark.parametrize(
    "text", ["", "2006-3", "../2006", "2006/", "206", "1990?", "２００６", "2006 "]
)
def test_only_edtf_is_stored(text):
    with pytest.raises(ValueError, match="not a date"):
        PartialDate(text)


dates = st.dates(datetime.date(1000, 1, 1), datetime.date(2999, 12, 31)).flatmap(
    lambda day: st.sampled_from([4, 7, 10]).flatmap(
        lambda length: st.sampled_from([day.isoformat()[:length], day.isoformat()[:length] + "~"])
    )
)


@st.composite
def intervals(draw):
    # Text sorts dates, so the smaller text is the earlier start; only a vague end can be later.
    one, other = sorted([draw(dates), draw(dates)])
    return f"{one}/{draw(st.sampled_from([other, '..']))}"


@given(dates | intervals(), st.sampled_from([code for code, _name in global_settings.LANGUAGES]))
def test_what_is_said_is_understood_in_every_language(text, language):
    with translation.override(language):
        assert parse_typed(describe(text)) == text


def test_months_of_the_active_language_are_understood():
    with translation.override("fr"):
        assert parse_typed("1er août 2006") == "2006-08-01"
        assert describe("2006-08-01") == "1 août 2006"
        assert parse_typed("March 2006") == "2006-03"
    with translation.override("zh-hans"):
        assert parse_typed("2006年3月15日") == "2006-03-15"
        assert describe("2006-03") == "2006年3月"
    with translation.override("ug"):
        assert describe("2006-03-15") == "15 مارت 2006"


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_is_refused(text):
    try:
        understood = parse_typed(text)
    except NotADate:
        return
    assert PartialDate(str(understood)) == understood


class BirthForm(forms.Form):
    born = PartialDateFormField(required=False)


def test_the_box_says_back_what_it_understood():
    form = BirthForm({"born": "15.3.2006"})
    assert form.is_valid()
    assert form.cleaned_data["born"] == PartialDate("2006-03-15")
    assert 'value="15 March 2006"' in str(form["born"])
    assert 'value="since March 2006"' in str(BirthForm(initial={"born": "2006-03/.."})["born"])
    assert "March 2006" in str(form["born"].help_text)


def test_the_box_keeps_what_it_did_not_understand():
    form = BirthForm({"born": "3/4/2006"})
    assert "two different days" in form.errors["born"][0]
    assert 'value="3/4/2006"' in str(form["born"])


def test_an_untouched_box_has_not_changed():
    form = BirthForm({"born": "since March 2006"}, initial={"born": PartialDate("2006-03/..")})
    assert not form.has_changed()
    assert BirthForm({"born": ""}).is_valid()


def test_pages_show_it_in_words():
    page = Template(
        "{% load vigil %}{{ born|partial_date }}|{{ none|partial_date }}|{{ no|partial_date }}"
    )
    assert page.render(Context({"born": "1990~", "none": None, "no": ""})) == "about 1990||"


@isolate_apps("campaign_site")
def record_model(**options):
    class Record(models.Model):
        born = PartialDateField(blank=True, **options)

        class Meta:
            app_label = "campaign_site"

        def __str__(self):
            return self.born

    return Record


def test_a_model_form_asks_in_one_box():
    record = record_model(help_text="Day of birth")
    form_class = forms.modelform_factory(record, fields=["born"])
    assert form_class.base_fields["born"].help_text == "Day of birth"
    form = form_class({"born": "24 September 2015 to 2 November 2016"})
    assert form.is_valid()
    assert form.instance.born == "2015-09-24/2016-11-02"
    assert "March 2006" in forms.modelform_factory(record_model(), fields=["born"])().as_p()
    assert list(form_class({"born": "2006-13"}).errors) == ["born"]


def test_a_model_refuses_text_that_is_no_date():
    with pytest.raises(ValidationError) as refused:
        record_model()(born="March 2006").full_clean()
    assert list(refused.value.message_dict) == ["born"]


def test_migrations_can_write_it():
    field = PartialDateField(blank=True)
    text, _imports = MigrationWriter.serialize(field)
    assert text.startswith("campaign_site.partial_dates.PartialDateField(")
    name, path, args, kwargs = field.deconstruct()
    assert PartialDateField(*args, **kwargs).deconstruct() == (name, path, args, kwargs)
    assert kwargs["db_collation"] == "C"
    assert kwargs["max_length"] == 32


@pytest.mark.django_db
def test_the_database_sorts_and_gives_back_the_same():
    record = record_model()
    with connection.schema_editor() as editor:
        editor.create_model(record)
    for text in reversed(SORTED):
        made = record.objects.create(born=text)
        assert isinstance(made.born, PartialDate)
    record.objects.create()
    found = list(record.objects.order_by("born").values_list("born", flat=True))
    assert found == ["", *SORTED] == ["", *sorted(SORTED)]
    assert all(isinstance(born, PartialDate) for born in found[1:])
    assert record.objects.filter(born__gte="2006", born__lt="2007").count() == 9
    assert record.objects.filter(born__startswith="1990").count() == 5
    with pytest.raises(ValidationError):
        record.objects.create(born="March 2006")
