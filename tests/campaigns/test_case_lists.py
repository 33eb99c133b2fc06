"""A case list for a government: compiled, frozen, printed, and reported back on."""

import csv
import io
import json
from pathlib import Path

import jsonschema
import pypdfium2
import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from campaign_site import page_cache
from campaigns import case_lists
from campaigns.models import CaseList, CaseListVersion, HealthNote, Penalty, Profile, TimelineEntry
from tests import factories
from tests.staff.forms import fill_in, text
from tests.together import together

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[2] / "docs/case-list.schema.json").read_text()
)
pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    person = factories.make_profile(
        name="Marta Ilin",
        family_name="Ilin",
        native_name="Марта Илин",
        native_language="ru",
        place="Prison No. 3, Oru",
        born="1987-05",
        gender="woman",
        occupation="journalist",
        charges=["slander of the state"],
        background="## Before\n\nShe **wrote**.",
        questions=["Where is she?"],
        represents="Journalists who count.",
        well_known="In Lund, yes.",
        sources="Radio Oru",
    )
    TimelineEntry.objects.create(profile=person, date="2021-03", kind="arrest", what="Arrested.")
    Penalty.objects.create(profile=person, date="2021-05", kind="prison", years=4)
    HealthNote.objects.create(profile=person, date="2021-06", text="She has asthma.")
    return person


def make_list(*people, state="published", **values):
    values = {"slug": "six-cases", "title": "Six cases", "state": state} | values
    values.setdefault("recipient", factories.make_government())
    case_list = CaseList.objects.create(**values)
    case_list.people.set(people)
    return case_list


def get(client, *args, name="case_list"):
    page_cache.cache.forget()
    return client.get(reverse(name, args=args))


def bytes_of(answer):
    return answer.getvalue()


def test_record_has_every_field_of_a_submission(client, person):
    case_lists.freeze(make_list(person))
    shown = text(get(client, "six-cases"))
    for words in (
        "Marta ILIN",
        "Марта Илин",
        "imprisoned (as of March 2026)",
        "Prison No. 3, Oru",
        "May 1987",
        "woman",
        "journalist",
        "March 2021: Arrested.",
        "4 years in prison (May 2021)",
        "“slander of the state”",
        "She wrote.",
        "June 2021: She has asthma.",
        "Where is she?",
        "Journalists who count.",
        "In Lund, yes.",
        "Radio Oru",
    ):
        assert words in shown, words
    assert person.consent not in shown


def test_what_is_frozen_stays_whatever_is_written_later(client, person):
    case_list = make_list(person)
    first = case_lists.freeze(case_list)
    Profile.objects.filter(pk=person.pk).update(place="Elsewhere")
    assert "Elsewhere" not in text(get(client, "six-cases"))
    case_lists.freeze(case_list)
    assert "Elsewhere" in text(get(client, "six-cases"))
    assert "Elsewhere" not in text(get(client, "six-cases", 1, name="case_list_version"))
    with pytest.raises(IntegrityError, match="stays as it was frozen"), transaction.atomic():
        CaseListVersion.objects.filter(pk=first.pk).update(content={})


@pytest.mark.django_db(transaction=True)
def test_two_who_freeze_at_once_make_two_versions(person):
    case_list = make_list(person)
    together(*[lambda: case_lists.freeze(case_list)] * 4)
    assert sorted(case_list.versions.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_whoever_is_taken_down_leaves_every_version(client, person):
    other = factories.make_profile(name="Jan Orsk")
    case_lists.freeze(make_list(person, other))
    Profile.objects.filter(pk=person.pk).update(state="removed")
    for name in ("case_list_json", "case_list_csv", "case_list_pdf"):
        found = bytes_of(get(client, "six-cases", 1, name=name))
        if name == "case_list_pdf":
            found = "".join(
                page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(found)
            ).encode()
        assert b"Orsk" in found
        assert b"ILIN" not in found
    shown = text(get(client, "six-cases"))
    assert "Marta" not in shown
    assert "The record of 1 person was withdrawn since and is not shown." in shown


def test_people_who_are_no_longer_public_are_not_compiled(person):
    draft = factories.make_profile(name="Draft Person", state="draft", consent="")
    content = case_lists.freeze(make_list(person, draft)).content
    assert [case["name"] for case in content["cases"]] == ["Marta Ilin"]


def test_a_list_by_campaign_and_status(person):
    campaign = factories.make_campaign()
    free = factories.make_profile(name="Free Person", status="released")
    campaign.profiles.add(person, free)
    factories.make_profile(name="Other Person")
    by_campaign = make_list(slug="one", campaign=campaign)
    assert set(by_campaign.chosen()) == {person, free}
    both = make_list(slug="two", campaign=campaign, status="released")
    assert list(both.chosen()) == [free]
    with pytest.raises(case_lists.NobodyOnIt):
        case_lists.freeze(make_list(slug="three"))


def test_order_is_what_the_list_says(client, person):
    early = factories.make_profile(name="Zed Zorn", family_name="Zorn")
    TimelineEntry.objects.create(profile=early, date="1999", kind="arrest", what="Arrested.")
    by_name = case_lists.freeze(make_list(early, person)).content
    assert [case["name"] for case in by_name["cases"]] == ["Marta Ilin", "Zed Zorn"]
    longest = case_lists.freeze(make_list(early, person, slug="b", order="longest")).content
    assert [case["name"] for case in longest["cases"]] == ["Zed Zorn", "Marta Ilin"]
    assert "those arrested first stand first" in text(get(client, "b"))


def test_json_is_as_its_schema_says(client, person):
    organisation = factories.make_organisation(name="Coalition", acronym="CO")
    case_list = make_list(
        person,
        submitted_by=organisation,
        submitted_on="2021-08",
        demands=["Ask."],
        report_back_due="2027-03-01",
    )
    case_list.members.add(organisation)
    case_lists.freeze(case_list)
    answer = get(client, "six-cases", 1, name="case_list_json")
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(answer.json(), SCHEMA)
    assert answer.json()["cases"][0]["sentences"][0]["years"] == 4


def test_table_has_a_line_a_person_and_no_formula(client, person):
    Profile.objects.filter(pk=person.pk).update(place="=cmd|' /C calc'!A0", native_name=" ＝1")
    case_lists.freeze(make_list(person))
    content = bytes_of(get(client, "six-cases", 1, name="case_list_csv")).decode("utf-8-sig")
    heading, line = csv.reader(io.StringIO(content))
    found = dict(zip(heading, line, strict=True))
    assert found["Name"] == "Marta ILIN"
    assert found["Sentence"] == "4 years in prison (May 2021)"
    assert found["Last known location"].startswith("'=")
    assert found["Last known location"].endswith(" (as of March 2026)")
    assert found["Name in its own script"] == "' ＝1"


def test_what_they_reported_is_shown_without_a_new_version(client, person):
    case_list = make_list(person, report_back_due="2021-09-01")
    case_lists.freeze(case_list)
    assert "Please tell us by 1 September 2021" in text(get(client, "six-cases"))
    case_list.report_back_received, case_list.report_back_note = "2021-08-20", "They asked."
    case_list.save()
    shown = text(get(client, "six-cases"))
    assert "Reported back on 20 August 2021." in shown
    assert "They asked." in shown


def test_draft_list_is_nowhere(client, person):
    case_lists.freeze(make_list(person, state="draft"))
    assert get(client, "six-cases").status_code == 404
    for name in ("case_list_version", "case_list_json", "case_list_csv", "case_list_pdf"):
        assert get(client, "six-cases", 1, name=name).status_code == 404
    assert "Six cases" not in text(get(client, name="case_lists"))
    assert "Six cases" not in text(client.get(reverse("search") + "?q=cases"))
    assert "case-lists/six" not in text(client.get("/sitemap.xml"))


def test_campaigner_makes_freezes_and_publishes_one(campaigner, client, person):
    def url(name, *args):
        return reverse(f"admin:campaigns_caselist_{name}", args=args)

    government = factories.make_government()
    answer = fill_in(
        campaigner,
        url("add"),
        title="Six cases",
        slug="six-cases",
        recipient=government.pk,
        people=[person.pk],
        submitted_on="August 2021",
    )
    assert answer.status_code == 302
    case_list = CaseList.objects.get()
    assert "Marta ILIN" in text(campaigner.get(reverse("preview_caselist", args=[case_list.pk])))
    assert "Please freeze a version first." in text(campaigner.get(url("publish", case_list.pk)))
    shown = text(campaigner.get(url("freeze", case_list.pk)))
    assert "It holds the record of 1 person as it is public now." in shown
    assert not case_list.versions.exists()
    campaigner.post(url("freeze", case_list.pk))
    campaigner.post(url("publish", case_list.pk))
    assert "Marta ILIN" in text(get(client, "six-cases"))


def test_list_of_nobody_cannot_be_frozen(campaigner):
    case_list = make_list(state="draft")
    page = reverse("admin:campaigns_caselist_freeze", args=[case_list.pk])
    assert "Nobody whose page is public is chosen." in text(campaigner.post(page))
    assert not case_list.versions.exists()


def test_a_long_list_asks_the_database_as_little_as_a_short_one(
    client, person, django_assert_max_num_queries
):
    people = [person, *(factories.make_profile() for _ in range(40))]
    case_lists.freeze(make_list(*people))
    page_cache.cache.forget()
    with django_assert_max_num_queries(12):
        client.get(reverse("case_list", args=["six-cases"]))
