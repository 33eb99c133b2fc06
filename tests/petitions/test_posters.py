"""A poster for a wall: right in every script, the same bytes for the same words, and no way to keep
the server busy."""

import fcntl
import os
import time

import pypdfium2
import pytest

from campaign_site import page_cache
from campaign_site.models import SiteSettings
from petitions import fonts, kept_files
from petitions.paper import Workshop
from tests import factories
from tests.every_page import PHOTO, _photo

pytestmark = pytest.mark.django_db
POINTS = {"a4": (595, 842), "letter": (612, 792)}


@pytest.fixture(autouse=True)
def shelf(settings, tmp_path):
    settings.PRIVATE_ROOT, settings.MEDIA_ROOT = tmp_path / "private", tmp_path / "media"
    return settings.PRIVATE_ROOT / "posters"


@pytest.fixture
def settings_of_posters(monkeypatch):
    """How often a document was set."""
    calls = []
    real = Workshop.set
    monkeypatch.setattr(Workshop, "set", lambda *args: calls.append(args) or real(*args))
    return calls


def get(client, petition, paper="a4"):
    page_cache.cache.forget()
    response = client.get(petition.get_absolute_url() + f"poster.pdf?paper={paper}")
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return response, body


def words_on(pdf):
    document = pypdfium2.PdfDocument(pdf)
    assert len(document) == 1
    text = document[0].get_textpage().get_text_range()
    return " ".join(text.replace("\u200b", "").split())


@pytest.mark.parametrize("paper", POINTS)
@pytest.mark.parametrize("photo", [True, False])
def test_poster_holds_what_there_is_to_say(client, settings, paper, photo):
    settings.SITE_URL = "https://free.example"
    pictured = PHOTO | {"photo": _photo(1200, 900)} if photo else {}
    petition = factories.make_petition(slug="marta", **pictured)
    response, body = get(client, petition, paper)
    assert response["Content-Type"] == "application/pdf"
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"
    words = words_on(body)
    for part in (
        petition.title,
        petition.summary,
        "We ask the Government of Estrava:",
        petition.demands[0],
        "free.example/petitions/marta",
        petition.promise,
        "Vigil",
    ):
        assert part in words
    assert ("Photo: Family archive" in words) == photo
    width, height = pypdfium2.PdfDocument(body)[0].get_size()
    assert (round(width), round(height)) == POINTS[paper]


def test_what_is_too_long_still_fits_on_one_sheet(client):
    petition = factories.make_petition(
        title="Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz " + "W" * 50,
        summary="A long story. " * 80,
        demands=["Set her free, and everybody with her. " * 10],
        promise="The list shows your name. " * 18,
        **PHOTO,
        photo=_photo(900, 1600),
    )
    for paper in POINTS:
        words = words_on(get(client, petition, paper)[1])
        assert "Vigil" in words
        assert petition.promise.split()[-1] in words


@pytest.mark.parametrize(
    ("title", "language"),
    [("ھۈسەيىن جېلىلنى قويۇپ بېرىڭلار", "ug"), ("释放玉山江，让他回家", "zh-hans")],
)
def test_title_in_its_own_script(client, title, language):
    petition = factories.make_petition(title=title, language=language)
    try:
        fonts.choose(set(title), language)
    except fonts.MissingFont:
        if os.environ.get("CI"):
            raise
        pytest.skip("needs fonts-noto-cjk")
    response, body = get(client, petition)
    assert response.status_code == 200
    # The code stands where the words begin: right for Uyghur, left for Chinese.
    sheet = pypdfium2.PdfDocument(body)[0].render(scale=0.5).to_pil().convert("L")
    foot = sheet.crop((0, 340, sheet.width, sheet.height))
    ink = [
        sum(side.histogram()[:60])
        for side in (foot.crop((0, 0, 118, foot.height)), foot.crop((180, 0, 298, foot.height)))
    ]
    assert (ink[1] > ink[0]) == (language == "ug")


def test_same_words_are_the_same_bytes(client, petition, shelf):
    first = get(client, petition)[1]
    for file in shelf.iterdir():
        file.unlink()
    assert get(client, petition)[1] == first
    assert b"Date" not in first


def test_a_poster_is_set_once(client, petition, settings_of_posters):
    """Whatever is asked for how often: one document for each petition and paper."""
    for query in ("a4", "a4", "x", "../../etc", "a4&x=1", ""):
        assert get(client, petition, query)[0].status_code == 200
    assert len(settings_of_posters) == 1
    get(client, petition, "letter")
    assert len(settings_of_posters) == 2


def test_another_title_is_another_poster_and_the_old_one_goes(client, petition, shelf):
    get(client, petition)
    type(petition).objects.filter(pk=petition.pk).update(title="Let her write")
    assert "Let her write" in words_on(get(client, petition)[1])
    SiteSettings.objects.filter(pk=1).update(name="Free Voices")
    assert "Free Voices" in words_on(get(client, petition)[1])
    assert len(list(shelf.glob("*.pdf"))) == 1


def test_one_at_a_time_and_nobody_waits(client, petition, shelf):
    shelf.mkdir(parents=True)
    with open(shelf / "lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        response, body = get(client, petition)
        assert response.status_code == 503
        assert response["Retry-After"] == "60"
        assert b"try again" in body
    assert get(client, petition)[0].status_code == 200


def test_what_cannot_be_set_is_not_tried_again_and_again(client, shelf, settings_of_posters):
    petition = factories.make_petition(title="Free \U000fff00")  # a letter of no font
    for _time in range(3):
        assert get(client, petition)[0].status_code == 503
    assert len(settings_of_posters) == 1
    (left,) = shelf.glob("*.pdf")
    long_ago = time.time() - kept_files.TRY_AGAIN - 1
    os.utime(left, (long_ago, long_ago))
    get(client, petition)
    assert len(settings_of_posters) == 2


def test_nothing_in_a_title_is_markup(client):
    petition = factories.make_petition(
        title='#panic("x") *bold* $x$ <a> \\ @b', summary='#read("data.json")'
    )
    words = words_on(get(client, petition)[1])
    assert petition.title in words
    assert petition.summary in words


def test_closed_petition_has_no_poster(client, petition):
    type(petition).objects.filter(pk=petition.pk).update(closes_at="2020-01-01T00:00Z")
    assert get(client, petition)[0].status_code == 404
