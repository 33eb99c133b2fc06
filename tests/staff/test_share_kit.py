"""Everything to pass a petition on, on one page of the back office; and the two pictures that staff
upload for it: a share image and a logo."""

import html
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from campaign_site.models import SiteSettings
from petitions.admin.share_kit import SHORT
from tests import factories
from tests.staff.forms import fill_in, text

pytestmark = pytest.mark.django_db
SETTINGS = "/admin/campaign_site/sitesettings/1/change/"


def kit(client, petition):
    response = client.get(f"/admin/petitions/petition/{petition.pk}/share-kit/")
    assert response.status_code == 200
    areas = re.findall(r"<textarea[^>]*readonly[^>]*>\n(.*?)</textarea>", text(response), re.DOTALL)
    labels = re.findall(r'<label for="kit-\d+">(.*?)</label>', text(response))
    found = zip(map(html.unescape, labels), map(html.unescape, areas), strict=True)
    return dict(found), text(response)


def picture(width=1600, height=840, kind="PNG", mode="RGB"):
    content = io.BytesIO()
    Image.new(mode, (width, height), "#7a1f2b").save(content, kind)
    return SimpleUploadedFile(f"picture.{kind.lower()}", content.getvalue(), "image/png")


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    settings.SITE_URL = "https://free.example"


def test_texts_are_ready_to_copy(campaigner):
    petition = factories.make_petition(slug="marta", title='Free "Marta" & <all>')
    found, page = kit(campaigner, petition)
    address = "https://free.example/petitions/marta/"
    assert found["Link"] == address
    for label in ("WhatsApp, Signal, text message", "Telegram channel", "A short post"):
        assert found[label].endswith(address)
        assert petition.title in found[label]
    mail = found["E-mail: text"]
    assert petition.demands[0] in mail
    assert petition.promise in mail
    assert address in mail
    assert found["The counter on your own website"] == (
        f'<a href="{address}"><img src="{address}badge.svg" width="320" '
        'alt="Free &quot;Marta&quot; &amp; &lt;all&gt;"></a>'
    )
    for end in ("poster.pdf?paper=a4", "poster.pdf?paper=letter", "qr.svg", "badge.svg"):
        assert f'="/petitions/marta/{end}"' in page


@pytest.mark.parametrize("summary", ["Short.", "A long story about her. " * 40])
def test_a_short_post_is_short(campaigner, summary):
    petition = factories.make_petition(title="T" * 120, slug="s" * 80, summary=summary)
    assert len(kit(campaigner, petition)[0]["A short post"]) <= SHORT


def test_a_draft_says_that_it_works_later(campaigner):
    petition = factories.make_petition(state="draft")
    found, page = kit(campaigner, petition)
    assert "work once it is published" in page
    assert found["Link"]
    assert "poster.pdf" not in page
    assert "qr.svg" not in page


def test_a_closed_petition_has_no_poster(campaigner):
    petition = factories.make_petition()
    type(petition).objects.update(closes_at="2020-01-01T00:00Z")
    assert "poster.pdf" not in kit(campaigner, petition)[1]


def test_the_kit_is_a_button_at_the_petition(campaigner, petition):
    page = text(campaigner.get(f"/admin/petitions/petition/{petition.pk}/change/"))
    assert f"/admin/petitions/petition/{petition.pk}/share-kit/" in page
    address = f"/admin/petitions/petition/{petition.pk}/share-kit/"
    assert campaigner.post(address, {"post": "yes"}).status_code == 405


@pytest.fixture
def staff_page(visit, live_server):
    """A campaigner's browser, which lets pages copy."""
    client = Client()
    client.force_login(factories.make_member("campaigner"))
    page = visit(width=1280)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.context.add_cookies(
        [
            {
                "name": "sessionid",
                "value": client.cookies["sessionid"].value,
                "url": live_server.url + "/admin/",
            }
        ]
    )
    return page


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("browser")
def test_copying_by_button_and_by_focus(staff_page, petition):
    page = staff_page
    page.goto(f"/admin/petitions/petition/{petition.pk}/share-kit/")
    link = page.get_by_label("Link", exact=True)
    link.focus()
    assert page.evaluate("() => getSelection().toString()") == link.input_value()
    page.locator("button.copy").first.click()
    page.get_by_text("Copied", exact=True).first.wait_for()
    assert page.evaluate("() => navigator.clipboard.readText()") == link.input_value()
    assert [text for text in page.complaints if "Policy" in text] == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.xdist_group("browser")
def test_copying_the_link_of_a_preview(staff_page):
    page, draft = staff_page, factories.make_petition(state="draft")
    page.goto(f"/admin/petitions/petition/{draft.pk}/preview-link/")
    page.get_by_role("button", name="Make the link").click()
    link = page.locator("#link-to-copy").get_attribute("href")
    page.get_by_role("button", name="Copy the link").click()
    page.get_by_role("button", name="Copied", exact=True).wait_for()
    assert page.evaluate("() => navigator.clipboard.readText()") == link
    assert page.get_by_role("status").inner_text() == "Copied"
    assert [text for text in page.complaints if "Policy" in text] == []


# --- Pictures ------------------------------------------------------------------------------------


def test_share_image_is_uploaded_kept_and_taken_away(campaigner, petition):
    page = f"/admin/petitions/petition/{petition.pk}/change/"
    assert fill_in(campaigner, page, share_image_upload=picture()).status_code == 302
    image = factories.fresh(petition).share_image
    assert image["width"] == 1600
    fill_in(campaigner, page, goal="500")
    assert factories.fresh(petition).share_image == image
    assert fill_in(campaigner, page, remove_share_image="on").status_code == 302
    assert factories.fresh(petition).share_image is None


def test_a_copy_has_no_share_image_with_words_of_the_old_one(campaigner, petition):
    page = f"/admin/petitions/petition/{petition.pk}/"
    fill_in(campaigner, page + "change/", share_image_upload=picture())
    campaigner.post(page + "copy/", {"title": "Let her go"})
    copy = type(petition).objects.exclude(pk=petition.pk).get()
    assert (copy.title, copy.share_image) == ("Let her go", None)


def test_logo_is_pixels_only(administrator, client):
    SiteSettings.load()
    logo = picture(480, 96, mode="RGBA")
    assert fill_in(administrator, SETTINGS, logo_upload=logo).status_code == 302
    assert 'class="bar-logo"' in text(client.get("/about/"))
    assert fill_in(administrator, SETTINGS, remove_logo="on").status_code == 302
    assert SiteSettings.load().logo is None


@pytest.mark.parametrize(
    ("upload", "sentence"),
    [
        (SimpleUploadedFile("a.svg", b"<svg><script/></svg>"), "not a picture that we can read"),
        (SimpleUploadedFile("a.png", b"x" * 1_000_001), "Please choose a logo of at most 1 MB."),
        (picture(900, 20), "too narrow or too wide"),
        (picture(20, 900), "too narrow or too wide"),
    ],
)
def test_what_is_no_logo_is_refused(administrator, upload, sentence):
    SiteSettings.load()
    response = fill_in(administrator, SETTINGS, logo_upload=upload)
    assert response.status_code == 200
    assert sentence in text(response)
    assert SiteSettings.load().logo is None
