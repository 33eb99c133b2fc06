"""The whole record of a person: what each part says, and in which order."""

import html
import io
import re

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override
from PIL import Image

from campaign_site import page_cache, pictures
from campaigns import case_rows
from campaigns.models import (
    Campaign,
    EarlierPlace,
    GalleryPhoto,
    HealthNote,
    LegalStatus,
    Penalty,
    Profile,
    ProfileName,
    TimelineEntry,
    Violation,
)
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def stored():
    content = io.BytesIO()
    Image.new("RGB", (800, 600), "teal").save(content, "PNG")
    return pictures.store(SimpleUploadedFile("a.png", content.getvalue(), "image/png"))


WORDS = {"photo_alt": "A bay at dusk", "photo_credit": "Photo: Family"}


def whole(**values):
    person = factories.make_profile(
        **{
            "name": "Marta Ilin",
            "family_name": "Ilin",
            "native_name": "Марта Ильин",
            "native_language": "ru",
            "pronunciation": "MAR-ta",
            "place": "Prison No. 3, Oru",
            "charges": ["slander of the state"],
            "background": "She taught geography.",
            "requests": ["Let her see a doctor."],
            "questions": ["Where is she held?"],
            "represents": "All who print invoices.",
            "well_known": "Named in a debate.",
            "connection": "Her daughter lives in Lund.",
            "governments_active": ["Sweden: asked the minister."],
            "sources": "Radio Oru",
            "verified_on": "2020-01-01",
            "category": "Prisoner of conscience",
        }
        | values
    )
    for model, row in (
        (TimelineEntry, {"date": "2015", "kind": "arrest", "what": "Taken.", "authority": "Army"}),
        (Penalty, {"date": "2016", "kind": "life"}),
        (Penalty, {"date": "2018-02", "kind": "prison", "years": 20, "step": "reduced"}),
        (Violation, {"kind": "no_lawyer", "note": "Eleven minutes."}),
        (HealthNote, {"date": "2017", "text": "Asthma."}),
        (EarlierPlace, {"name": "Oru police", "dates": "2015"}),
        (LegalStatus, {"what": "Citizen of Norrland", "dates": "2005/.."}),
    ):
        model.objects.create(profile=person, source="Radio", **row)
    ProfileName.objects.create(profile=person, name="Marta Illine")
    person.related.add(factories.make_profile(name="Ivo Sand"))
    return person


def read(client, row, language="en"):
    page_cache.cache.forget()
    with override(language):
        path = row.get_absolute_url()
    answer = client.get(path)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_a_record_is_told_in_this_order(client):
    person = whole()
    page = read(client, person)
    page = page[page.index("<h1>") :]
    told = (
        *("Marta Ilin", "Марта Ильин", "MAR-ta", "imprisoned", "Prison No. 3, Oru"),
        *("Last checked 1 January 2020", "In short", "Citizen of Norrland", "since 2005"),
        *("Oru police", "Timeline", "Taken.", "Army", "Radio"),
        *("Sentence and charges", "Life in prison (2016)"),
        *("Reduced to: 20 years in prison (February 2018)", "slander of the state"),
        *("No lawyer of their choice", "Eleven minutes.", "Health and contact", "2017", "Asthma."),
        *("What we ask", "Let her see a doctor.", "How you can help", "Where is she held?"),
        *("All who print invoices.", "Named in a debate.", "Her daughter lives in Lund."),
        *("Sweden: asked the minister.", "Names and spellings", "Marta Illine"),
        *("Sources", "Radio Oru", "Related people", "Ivo Sand", "Print"),
    )
    places = [page.find(words) for words in told]
    assert -1 not in places, [words for words in told if words not in page]
    found = -1
    for words in told:
        found = page.find(words, found + 1)
        assert found > 0, words


def test_what_is_not_known_leaves_no_heading(client):
    page = read(client, factories.make_profile())
    assert re.findall("<h2>(.*?)</h2>", page) == ["In short", "Pass it on"]


def test_what_is_not_translated_says_its_language(client):
    factories.offer("ug")
    person = whole()
    factories.translate(person.penalties.get(kind="life"), "ug")
    factories.translate(person.health_notes.get(), "ug", text="ئۇ كېسەل")
    page = read(client, person, "ug")
    assert re.search(r'lang="ug" dir="auto">ئۇ كېسەل', page)
    assert re.search(r'lang="en" dir="auto">Citizen of Norrland', page)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"kind": "prison", "years": 4, "months": 6}, "4 years and 6 months in prison"),
        ({"kind": "prison", "years": 1}, "1 year in prison"),
        ({"kind": "prison", "months": 1}, "1 month in prison"),
        ({"kind": "prison"}, "Prison"),
        ({"kind": "life", "date": "2007-04"}, "Life in prison (April 2007)"),
        ({"kind": "death", "suspended": True}, "Death, suspended"),
        (
            {"kind": "death", "suspended": True, "suspended_months": 24},
            "Death, suspended for 2 years",
        ),
        (
            {"kind": "prison", "years": 20, "step": "reduced", "date": "2016-02"},
            "Reduced to: 20 years in prison (February 2016)",
        ),
        ({"kind": "death", "step": "upheld"}, "Upheld: death"),
        ({"kind": "other", "words": "Sent to a village."}, ""),
    ],
)
def test_a_sentence_is_said_from_its_facts(facts, said):
    row = Penalty.objects.create(profile=factories.make_profile(), **facts)
    assert Penalty.objects.get(pk=row.pk).in_short == said


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "life", "years": 3},
        {"kind": "prison", "suspended_months": 3},
        {"kind": "other"},
    ],
)
def test_a_sentence_that_contradicts_itself_is_refused(wrong):
    row = Penalty(profile=factories.make_profile(), **wrong)
    with pytest.raises(ValidationError):
        row.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


@pytest.mark.parametrize(
    ("name", "family_name", "said"),
    [
        ("Marta Ilin", "Ilin", "Marta ILIN"),
        ("Wang Bingzhang", "Wang", "WANG Bingzhang"),
        ("Marta Ilin", "", "Marta Ilin"),
        ("Marta Ilin", "Sand", "Marta Ilin"),
        ("Zoë Ößterle", "Ößterle", "Zoë ÖSSTERLE"),
    ],
)
def test_family_name_in_capitals(name, family_name, said):
    assert Profile(name=name, family_name=family_name).name_in_capitals == said


def test_rows_of_all_kinds_come_by_one_question():
    person = Profile.objects.get(pk=whole().pk)
    GalleryPhoto.objects.create(profile=person, photo=stored(), **WORDS)
    stranger = factories.make_profile()
    HealthNote.objects.create(profile=stranger, text="Somebody else’s.")
    with CaptureQueriesContext(connection) as asked:
        found = case_rows.of(person)
    assert len(asked) == 1
    for kind in case_rows.KINDS:
        rows, real = found[kind], list(getattr(person, kind).all())
        assert rows == real, kind
        for row, same in zip(rows, real, strict=True):
            for field in row._meta.concrete_fields:
                mine, theirs = getattr(row, field.attname), getattr(same, field.attname)
                assert (mine, type(mine)) == (theirs, type(theirs)), (kind, field.name)
    with CaptureQueriesContext(connection) as asked:
        assert found["timeline"][0].language == "en"
    assert not asked


def test_a_record_of_any_length_is_read_with_as_many_questions(client):
    factories.offer("fr")
    asked = []
    person = whole()
    petition = factories.make_petition()
    petition.profiles.add(person)
    petition.campaign.profiles.add(person)
    for more in (1, 30):
        for number in range(more):
            HealthNote.objects.create(profile=person, text=f"Note {number}")
            TimelineEntry.objects.create(profile=person, date="2016", what=f"Visit {number}")
            person.related.add(factories.make_profile(name=f"Friend {number}"))
        read(client, person, "fr")
        page_cache.cache.forget()
        with CaptureQueriesContext(connection) as queries:
            read(client, person, "fr")
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 12, asked


# --- Galleries --------------------------------------------------------------------------------


def test_a_video_is_a_picture_and_a_link(client):
    person = factories.make_profile()
    GalleryPhoto.objects.create(
        profile=person,
        photo=stored(),
        caption="Her lawyer speaks",
        video="https://video.example.org/watch?v=1",
        **WORDS,
    )
    page = read(client, person)
    assert '<a href="https://video.example.org/watch?v=1" rel="noopener noreferrer">' in page
    assert "Video on video.example.org" in page
    assert 'alt="A bay at dusk"' in page
    assert "Photo: Family" in page
    assert not re.search("<(iframe|video|embed|object)", page)
    assert not re.search(r'src(set)?="https?:', page)


def test_gallery_stands_in_its_order(client):
    person = factories.make_profile()
    for position, caption in ((2, "Second"), (1, "First"), (3, "Third")):
        GalleryPhoto.objects.create(
            profile=person, photo=stored(), caption=caption, position=position, **WORDS
        )
    captions = re.findall(r'class="caption"[^>]*>([^<]*)', read(client, person))
    assert captions == ["First", "Second", "Third"]


def test_a_picture_belongs_to_one_page_and_has_its_words():
    person, campaign = factories.make_profile(), factories.make_campaign()
    photo = stored()
    assert GalleryPhoto.objects.create(campaign=campaign, photo=photo, **WORDS).language == "en"
    for wrong in (
        {"profile": person, "campaign": campaign, "photo": photo, **WORDS},
        {"photo": photo, **WORDS},
        {"profile": person, **WORDS},
        {"profile": person, "photo": photo, "photo_alt": "A bay"},
        {"profile": person, "photo": photo, "photo_credit": "Photo: me"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            GalleryPhoto.objects.create(**wrong)


# --- Who must not be seen -----------------------------------------------------------------------


def test_drafts_stand_on_no_page_of_others(client):
    person = whole()
    draft = factories.make_profile(name="Nobody Yet", state="draft", area="Draftland")
    removed = factories.make_profile(name="Taken Down", state="removed")
    person.related.add(draft, removed)
    campaign = factories.make_campaign(title="Secret plan", state="draft")
    campaign.profiles.add(person)
    page = read(client, person)
    for words in ("Nobody Yet", "Taken Down", "Secret plan"):
        assert words not in page
    assert client.get(draft.get_absolute_url()).status_code == 404
    for path in ("/", "/profiles/", "/sitemap.xml", "/updates/feed/"):
        assert "Nobody Yet" not in client.get(path).content.decode()
        assert draft.slug not in client.get(path).content.decode()


def test_what_stands_on_no_page_is_not_public(client):
    person = whole(consent="Her sister, by letter of 3 May")
    assert "by letter of 3 May" not in read(client, person)
    with pytest.raises(IntegrityError), transaction.atomic():
        Profile.objects.filter(pk=person.pk).update(consent="")
    assert Campaign.objects.count() == 0
