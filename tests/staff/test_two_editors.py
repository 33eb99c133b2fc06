"""Two members of staff edit the same row: nothing that one wrote is overwritten unseen."""

import html
import io
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from campaign_site.models import SiteSettings
from campaigns.models import Organisation, TimelineEntry
from petitions.models import Target
from tests import factories
from tests.staff.forms import fields, text

pytestmark = pytest.mark.django_db


def page(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


class Editor:
    """One browser with one page open since a while."""

    def __init__(self, client, row):
        self.client, self.path = client, page(row)
        self.values = fields(client.get(self.path))

    def save(self, **typed):
        answer = self.client.post(self.path, self.values | {"_save": "Save"} | typed)
        if answer.status_code == 200:
            self.values = fields(answer)  # what stands in the form now
        return answer


@pytest.fixture
def two(logged_in):
    """two(row): both have opened its page."""

    def open_pages(row, role="campaigner"):
        ana, ben = logged_in(role), logged_in(role)
        return Editor(ana, row), Editor(ben, row)

    return open_pages


def fresh(row):
    return type(row).objects.get(pk=row.pk)


ROWS = {
    "petition": (lambda: factories.make_petition(state="draft"), "summary", "goal", "campaigner"),
    "campaign": (factories.make_campaign, "summary", "story", "campaigner"),
    "profile": (factories.make_profile, "summary", "place", "campaigner"),
    "government": (factories.make_government, "name", "country", "campaigner"),
    "organisation": (
        lambda: Organisation.objects.create(slug="voices", name="Free Voices"),
        "name",
        "acronym",
        "campaigner",
    ),
    "settings": (SiteSettings.load, "line", "press_contact", "administrator"),
    "member": (
        lambda: factories.make_member("translator"),
        "first_name",
        "last_name",
        "administrator",
    ),
}
OTHER = {"goal": "1000", "country": "CA", "press_contact": "press@example.org"}


@pytest.mark.parametrize("kind", ROWS)
def test_what_both_changed_comes_back_with_both_texts(two, kind):
    make, field, _other, role = ROWS[kind]
    row = make()
    ana, ben = two(row, role)
    assert ana.save(**{field: "What Ana wrote"}).status_code == 302
    refused = ben.save(**{field: "What Ben wrote"})
    assert refused.status_code == 200
    assert getattr(fresh(row), field) == "What Ana wrote"
    shown = text(refused)
    assert f"<bdi>{ana.client.member.username}</bdi> changed this while you were editing" in shown
    label = row._meta.get_field(field).verbose_name
    assert f"Both of you changed: {label}." in shown
    assert "Please correct" not in shown  # it is no mistake
    (error,) = refused.context["adminform"].form.errors[field]
    assert re.search(r"Theirs:.*What Ana wrote.*Yours:.*What Ben wrote", error)
    assert ben.values[field] == ["What Ben wrote"]  # what was typed is kept
    assert ben.save().status_code == 302  # saved again, it is meant so
    assert getattr(fresh(row), field) == "What Ben wrote"


@pytest.mark.parametrize("kind", ROWS)
def test_different_fields_are_both_saved(two, kind):
    make, field, other, role = ROWS[kind]
    row = make()
    typed = OTHER.get(other, "What Ben wrote")
    ana, ben = two(row, role)
    assert ana.save(**{field: "What Ana wrote"}).status_code == 302
    answer = ben.save(**{other: typed})
    assert answer.status_code == 302
    assert getattr(fresh(row), field) == "What Ana wrote"
    assert str(getattr(fresh(row), other)) == typed
    assert "and it stays" in text(ben.client.get(ben.path))  # and Ben is told


def test_same_words_are_no_conflict(two):
    petition = factories.make_petition()
    ana, ben = two(petition)
    assert ana.save(summary="The same.").status_code == 302
    assert ben.save(summary="The same.").status_code == 302


def test_other_mistakes_do_not_make_the_second_save_overwrite(two):
    """The page comes back for another reason: what Ben never touched still stays Ana's."""
    petition = factories.make_petition(state="draft")
    ana, ben = two(petition)
    ana.save(summary="What Ana wrote", letter="A letter by Ana.")
    answer = ben.save(title="", letter="A letter by Ben.")
    assert answer.status_code == 200
    assert "Please correct the error below" in text(answer)  # one, beside what both changed
    assert ben.save(title="Let her go").status_code == 302
    found = fresh(petition)
    assert (found.title, found.summary, found.letter) == (
        "Let her go",
        "What Ana wrote",
        "A letter by Ben.",
    )


def test_third_change_is_noticed_again(two):
    petition = factories.make_petition()
    ana, ben = two(petition)
    ana.save(summary="First")
    assert ben.save(summary="Ben").status_code == 200
    Editor(ana.client, petition).save(summary="Second")
    assert ben.save().status_code == 200
    assert fresh(petition).summary == "Second"


def test_dates_people_and_lists_are_compared_as_people_read_them(two):
    petition = factories.make_petition(closes_at="2030-05-03T09:00:00.123456Z")
    person = factories.make_profile()
    ana, ben = two(petition)
    assert ana.save(demands="One.\r\nTwo.", profiles=[person.pk]).status_code == 302
    assert ben.save(closes_at_1="10:30:00").status_code == 302
    found = fresh(petition)
    assert (found.demands, list(found.profiles.all())) == (["One.", "Two."], [person])
    assert found.closes_at.hour == 10
    ana, ben = two(petition)
    ana.save(profiles=[])
    refused = ben.save(profiles=[person.pk, factories.make_profile(name="Ola Ek").pk])
    assert "Ola Ek" in str(refused.context["adminform"].form.errors["profiles"])


def test_rows_below_are_noticed_each(two):
    person = factories.make_profile()
    first, second = (
        TimelineEntry.objects.create(profile=person, date=year, what=what)
        for year, what in (("2015", "Arrested."), ("2016", "Sentenced."))
    )
    ana, ben = two(person)
    assert ana.save(**{"timeline-0-what": "Arrested at night."}).status_code == 302
    # Another row, and another field of the same row: nothing to ask.
    assert ben.save(**{"timeline-1-what": "To life.", "timeline-0-place": "Oru"}).status_code == 302
    first.refresh_from_db()
    assert (first.what, first.place, fresh(second).what) == (
        "Arrested at night.",
        "Oru",
        "To life.",
    )
    ana, ben = two(person)
    ana.save(**{"timeline-0-what": "Taken by Ana."})
    refused = ben.save(**{"timeline-0-what": "Taken by Ben."})
    assert refused.status_code == 200
    assert "Taken by Ana." in text(refused)
    assert "while you were editing" in text(refused)
    assert ben.save().status_code == 302
    assert fresh(first).what == "Taken by Ben."


def test_changed_row_is_not_deleted_unseen(two):
    person = factories.make_profile()
    row = TimelineEntry.objects.create(profile=person, date="2015", what="Arrested.")
    ana, ben = two(person)
    ana.save(**{"timeline-0-what": "Arrested at night."})
    refused = ben.save(**{"timeline-0-DELETE": "on"})
    assert refused.status_code == 200
    assert "was changed while you were editing" in text(refused)
    assert "Please correct" not in text(refused)
    assert TimelineEntry.objects.filter(pk=row.pk).exists()
    assert ben.save().status_code == 302
    assert not TimelineEntry.objects.filter(pk=row.pk).exists()


def test_deleted_row_does_not_take_typed_words_with_it(two):
    person = factories.make_profile()
    TimelineEntry.objects.create(profile=person, date="2015", what="Arrested.")
    ana, ben = two(person)
    ana.save(**{"timeline-0-DELETE": "on"})
    refused = ben.save(**{"timeline-0-what": "Arrested at night."})
    assert refused.status_code == 200
    assert "Somebody deleted this row while you were editing" in text(refused)
    assert "Arrested at night." in text(refused)


def test_recipient_of_a_petition_is_noticed(two):
    petition = factories.make_petition(state="draft")
    ana, ben = two(petition)
    ana.save(**{"targets-0-names_close_on": "2030-05-01"})
    refused = ben.save(**{"targets-0-names_close_on": "2030-06-01"})
    assert refused.status_code == 200
    assert "1 May 2030" in text(refused)
    assert str(Target.objects.get().names_close_on) == "2030-05-01"


def picture(colour):
    upload = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(upload, "PNG")
    upload.seek(0)
    upload.name = "marta.png"
    return upload


def test_second_photo_does_not_push_the_first_away(two, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    petition = factories.make_petition()
    words = {"photo_alt": "Portrait of Marta", "photo_credit": "Photo: Family"}
    ana, ben = two(petition)
    assert ana.save(photo_upload=picture("white"), **words).status_code == 302
    anas = fresh(petition).photo
    refused = ben.save(photo_upload=picture("black"), **words)
    assert "Somebody put another picture here" in text(refused)
    assert fresh(petition).photo == anas
    assert ben.save(photo_upload=picture("black")).status_code == 302
    assert fresh(petition).photo != anas


def test_whoever_saves_waits_for_whoever_is_saving(campaigner):
    """Compared under a lock: two who save at the same moment come one after the other."""
    petition = factories.make_petition()
    editor = Editor(campaigner, petition)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        editor.save(summary="Another one.")
    asked = [query["sql"] for query in queries if '"petitions_petition"' in query["sql"]]
    locked = next(place for place, sql in enumerate(asked) if "FOR NO KEY UPDATE" in sql)
    # The last time that the form's row is read before it is written comes after the lock.
    reads = [place for place, sql in enumerate(asked) if '"petitions_petition"."letter"' in sql]
    written = next(place for place, sql in enumerate(asked) if sql.startswith("UPDATE"))
    assert any(locked < read < written for read in reads)


@pytest.mark.parametrize("seen", ["", "[", "[]", "5", '{"since": "x"}', "[" * 100_000])
def test_broken_memory_of_a_page_stops_nobody(campaigner, seen):
    petition = factories.make_petition()
    editor = Editor(campaigner, petition)
    assert editor.save(_seen=seen, summary="Another one.").status_code == 302
    broken = json.dumps({"since": 10**30, f"petition-{petition.pk}": ["x"]})
    assert editor.save(_seen=broken, summary="And another.").status_code == 302
    odd = json.dumps({f"petition-{petition.pk}": {"summary": 5, "nothing": [1]}})
    assert editor.save(_seen=odd, summary="One more.").status_code == 200


def test_page_remembers_digests_not_words(campaigner):
    petition = factories.make_petition(letter="A secret draft of a letter.")
    seen = html.unescape(Editor(campaigner, petition).values["_seen"][0])
    assert "secret" not in seen
    assert re.fullmatch(r"[0-9a-f]{16}", json.loads(seen)[f"petition-{petition.pk}"]["letter"])
