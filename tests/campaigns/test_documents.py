"""Letters and documents: what their pages show, what they never show, and what files get in."""

import io
import json
import re
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from campaign_site import files, page_cache
from campaigns.models import Document, Enclosure, Organisation
from campaigns.models.document import FOLDER
from tests import factories
from tests.factories import make_document, pdf
from tests.staff.forms import fill_in, text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    settings.PRIVATE_ROOT = tmp_path


def page_of(client, row):
    page_cache.cache.forget()
    return text(client.get(row.get_absolute_url()))


def url(name, *args):
    return reverse(f"admin:campaigns_document_{name}", args=args)


def upload(content, name="sentence.pdf"):
    return SimpleUploadedFile(name, content)


def photo(kind="JPEG", **more):
    spool = io.BytesIO()
    Image.new("RGB", (60, 40), "white").save(spool, kind, **more)
    return spool.getvalue()


# --- Pages -------------------------------------------------------------------------------------


def test_letter_says_who_wrote_it_to_whom_where_and_when(client):
    letter = make_document(place="Oru", name_changed=True, text_language="es", text="Estoy bien.")
    page = page_of(client, letter)
    for said in (
        "Oru",
        "May 2021",
        "Marta Ilin",
        "Her sister",
        "Dear Ana,",
        "to protect the author",
    ):
        assert said in page, said
    assert '<div class="text" lang="es" dir="auto"><p>Estoy bien.</p>' in page
    facts = json.loads(re.search(r'ld\+json">(.*?)</script>', page)[1])
    assert (facts["@type"], facts["dateCreated"], facts["inLanguage"]) == (
        "CreativeWork",
        "2021-05",
        "es",
    )


def test_insertion_is_marked_for_the_eye_and_the_ear_and_footnotes_lead_back(client):
    letter = make_document(text="I miss [[her **daughter**]] her.[^1]\n\n[^1]: Born in 2015.")
    page = page_of(client, letter)
    assert '<ins class="editor">[<span class="unseen" lang="en">editor’s note: </span>' in page
    assert "her <strong>daughter</strong>]</ins>" in page
    assert '<a href="#fn1" id="fnref1" role="doc-noteref"' in page
    assert re.search(r'<li id="fn1"><p>Born in 2015. <a href="#fnref1" role="doc-backlink"', page)


def test_harmful_markdown_is_harmless(client):
    evil = (
        "<script>x()</script> ![p](https://evil.example/p.png) [a](javascript:x()) "
        "[[<img src=x onerror=x()>]] [[ [b](javascript:x()) ]] t[^1]\n\n"
        "[^1]: <iframe src=//evil.example></iframe> [c](data:text/html,x)"
    )
    page = page_of(client, make_document(text=evil))
    for tag in (
        "<script>",
        "<iframe",
        "<img src=x",
        'src="https://evil',
        '="javascript',
        '="data:',
    ):
        assert tag not in page, tag
    assert "&lt;script&gt;" in page  # what was typed as text is shown as text


def test_translation_and_original_lead_to_each_other(client):
    original = make_document(text_language="ru")
    french = make_document(text_language="fr", translation_of=original)
    turkish = make_document(text_language="tr", translation_of=original)
    assert original.get_absolute_url() in page_of(client, french)
    assert turkish.get_absolute_url() in page_of(client, french)
    assert "This is a translation." in page_of(client, french)
    assert french.get_absolute_url() in page_of(client, original)
    assert "This is a translation." not in page_of(client, original)


def test_thread_is_shown_both_ways_in_order_of_date(client):
    first = make_document(date="2021-01", title="Alpha letter")
    third = make_document(date="2021-03", title="Gamma letter")
    second = make_document(date="2021-02", title="Beta letter", answers=first)
    Document.objects.filter(pk=third.pk).update(answers=second)
    for row in (first, second, third):
        page = page_of(client, row)
        listed = re.search(r"Letters and answers(.*?)</section>", page, re.DOTALL)[1]
        assert re.findall("(Alpha|Beta|Gamma) letter", listed) == ["Alpha", "Beta", "Gamma"]


def test_circle_in_the_database_ends_somewhere(client):
    one, other = make_document(), make_document()
    Document.objects.filter(pk=one.pk).update(answers=other, translation_of=other)
    Document.objects.filter(pk=other.pk).update(answers=one, translation_of=one)
    assert client.get(one.get_absolute_url()).status_code == 200


def test_lists_by_kind_campaign_and_person(client):
    campaign, person = factories.make_campaign(), factories.make_profile()
    letter = make_document(title="A letter")
    letter.campaigns.add(campaign)
    report = make_document(title="A report", kind="report")
    report.profiles.add(person)
    path = reverse("campaigns:documents")
    for query, seen in {
        "": {"A letter", "A report"},
        "?kind=report": {"A report"},
        f"?campaign={campaign.slug}": {"A letter"},
        f"?person={person.slug}": {"A report"},
        f"?kind=report&campaign={campaign.slug}": set(),
    }.items():
        page_cache.cache.forget()
        page = text(client.get(path + query))
        assert {title for title in ("A letter", "A report") if title in page} == seen, query
    for query in ("?kind=x", "?campaign=none", "?person=%00", "?page=x&kind="):
        assert client.get(path + query).status_code == 404, query
    make_document(kind="testimony").profiles.add(person)
    page_cache.cache.forget()
    page = text(client.get(path, {"person": person.slug}))
    assert f'href="{path}?kind=report&amp;person={person.slug}">Report</a>' in page
    assert "kind=prison_letter" not in page  # there is none by or about her
    assert "A letter" in page_of(client, campaign)
    assert "A report" in page_of(client, person)


def test_list_keeps_its_filters_apart_in_the_cache(client):
    make_document(title="A letter")
    make_document(title="A report", kind="report")
    path = reverse("campaigns:documents")
    assert "A report" in text(client.get(path))
    assert "A letter" not in text(client.get(path + "?kind=report"))
    assert "A letter" in text(client.get(path))


@pytest.mark.parametrize("number", [2, 60])
def test_pages_ask_the_database_the_same_however_many_documents(
    client, django_assert_max_num_queries, number
):
    campaign, person = factories.make_campaign(), factories.make_profile()
    letter = make_document()
    for _ in range(number):
        row = make_document(answers=letter)
        make_document(translation_of=letter, text_language="fr")
        row.campaigns.add(campaign)
        row.profiles.add(person)
        Enclosure.objects.create(document=letter, title="One", enclosed=row)
    letter.campaigns.add(campaign)
    letter.profiles.add(person)
    for path in (letter.get_absolute_url(), reverse("campaigns:documents")):
        client.get("/about/")
        page_cache.cache.forget()
        with django_assert_max_num_queries(12):
            assert client.get(path).status_code == 200


# --- Drafts ------------------------------------------------------------------------------------


def test_drafts_are_shown_nowhere(client):
    """Not in lists, threads, translations, enclosures, on pages of campaigns and people; nor their
    files. And a draft ties no two letters together."""
    stored = files.store(FOLDER, upload(pdf(b"/A(draft)")))
    campaign, person = factories.make_campaign(), factories.make_profile()
    letter = make_document(title="Public one", date="2021-01")
    for state in ("draft", "removed"):
        secret = make_document(
            title="MARKED",
            sender="MARKED",
            summary="MARKED",
            state=state,
            answers=letter,
            translation_of=letter,
            file=stored,
        )
        secret.campaigns.add(campaign)
        secret.profiles.add(person)
        behind = make_document(title="Behind the draft", answers=secret)
        Enclosure.objects.create(document=letter, title="Enclosed", enclosed=secret)
        Enclosure.objects.create(document=secret, title="MARKED", enclosed=letter, file=stored)
        pages = [letter.get_absolute_url(), campaign.get_absolute_url(), person.get_absolute_url()]
        for path in (*pages, reverse("campaigns:documents"), "/sitemap.xml", "/", "/updates/feed/"):
            page_cache.cache.forget()
            answer = client.get(path)
            assert answer.status_code == 200
            assert "MARKED" not in text(answer), path
            assert secret.slug + "/" not in text(answer), path
        assert "Behind the draft" not in page_of(client, letter)
        assert "Public one" not in page_of(client, behind)
        expected = 404 if state == "draft" else 410
        assert client.get(secret.get_absolute_url()).status_code == expected
        assert client.get(reverse("files:document_file", args=[stored["name"]])).status_code == 404


# --- Files -------------------------------------------------------------------------------------


def test_file_is_a_download_under_its_own_policy_while_a_public_page_shows_it(client):
    stored = files.store(FOLDER, upload(pdf()))
    letter = make_document(state="draft")
    Enclosure.objects.create(document=letter, title="The sentence", file=stored)
    path = reverse("files:document_file", args=[stored["name"]])
    assert client.get(path).status_code == 404
    Document.objects.filter(pk=letter.pk).update(state="published")
    answer = client.get(path)
    assert b"".join(answer.streaming_content) == pdf()
    assert answer["Content-Disposition"] == f'attachment; filename="{letter.slug}.pdf"'
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/pdf"
    assert "immutable" in answer["Cache-Control"]
    assert path in page_of(client, letter)
    Document.objects.filter(pk=letter.pk).update(state="removed")
    assert client.get(path).status_code == 404


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
NOT_WHAT_THEY_CLAIM = {
    "svg": ("x.svg", SVG),
    "svg called pdf": ("x.pdf", SVG),
    "svg called png": ("x.png", SVG),
    "page": ("x.html", b"<!doctype html><script>alert(1)</script>"),
    "page called pdf": ("x.pdf", b"<script>alert(1)</script>%PDF-1.4\n%%EOF"),
    "pdf called png": ("x.png", pdf()),
    "pdf called html": ("x.html", pdf()),
    "pdf without a name": ("x", pdf()),
    "picture called pdf": ("x.pdf", photo()),
    "archive behind the end": ("x.pdf", pdf(end=b"PK\x03\x04...PK\x05\x06")),
    "page behind the end": ("x.pdf", pdf(end=b"<script>alert(1)</script>")),
    "only the beginning": ("x.pdf", b"%PDF-1.4\n"),
    "another beginning": ("x.pdf", b"%PDF-<html>\n" + pdf()),
    "program": ("x.pdf", pdf(b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>")),
    "program in codes": ("x.pdf", pdf(b"/OpenAction<</S/#4AavaScript>>")),
    "starts something": ("x.pdf", pdf(b"/A<</S/Launch/F(calc.exe)>>")),
    "opens an address": ("x.pdf", pdf(b"/OpenAction<</S/URI/URI(http://x.org/seen)>>")),
    "opens it later": ("x.pdf", pdf(b"/OpenAction 1 0 R>>endobj 1 0 obj<</S/GoTo/Next 3 0 R")),
    "opens what is not there": ("x.pdf", pdf(b"/OpenAction 7 0 R")),
    "acts on a page": ("x.pdf", pdf(b"/AA<</O<</S/URI/URI(http://x.org/seen)>>>>")),
    "sends something": ("x.pdf", pdf(b"/A<</S/SubmitForm/F(http://x.org)>>")),
    "opens another": ("x.pdf", pdf(b"/A<</S/GoToR/F(http://x.org/a.pdf)>>")),
    "carries a file": ("x.pdf", pdf(b"/Names<</EmbeddedFiles 2 0 R>>")),
    "broken picture": ("x.png", photo("PNG")[:60]),
    "gif": ("x.gif", b"GIF89a" + b"\0" * 50),
    "nothing": ("x.pdf", b""),
}


@pytest.mark.parametrize("case", NOT_WHAT_THEY_CLAIM)
def test_what_is_not_what_it_claims_is_refused_by_the_field(campaigner, case, settings):
    name, content = NOT_WHAT_THEY_CLAIM[case]
    letter = make_document(state="draft", title="Before")
    answer = fill_in(
        campaigner, url("change", letter.pk), file_upload=upload(content, name), title="After"
    )
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == ["file_upload"]
    assert 'value="After"' in text(answer)  # what was typed is kept
    letter.refresh_from_db()
    assert (letter.title, letter.file) == ("Before", None)
    assert not (settings.PRIVATE_ROOT / FOLDER).exists()


def test_letters_by_chance_in_the_data_of_a_pdf_are_no_program():
    inside = b">>stream\n...../JS ...../Launch .....\nendstream<<"
    assert files.store(FOLDER, upload(pdf(inside)))["name"].endswith(".pdf")


TOGETHER = zlib.compress(b"8 0 9 3 [] <</S/GoTo/D[1 0 R/Fit]>>")


@pytest.mark.parametrize(
    "inside",
    [
        b"/OpenAction[1 0 R/XYZ null null 0]",
        b"/OpenAction<</S/GoTo/D(chapter.1)>>",
        b"/OpenAction 2 0 R>>endobj\n2 0 obj\n<< /S /GoTo /D [1 0 R /Fit ] >>endobj\n3 0 obj<<",
        b"/OpenAction 9 0 R>>endobj 4 0 obj<</Type/ObjStm/First 8>>stream\n"
        + TOGETHER
        + b"\nendstream endobj 3 0 obj<<",
        b"/A<</S/URI/URI(http://x.org)>>",
    ],
)
def test_page_to_begin_with_and_links_to_press_are_let_be(inside):
    assert files.store(FOLDER, upload(pdf(inside)))["name"].endswith(".pdf")


def test_larger_than_20_mb_is_refused(monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 50)
    with pytest.raises(ValidationError, match="larger than 20 MB"):
        files.store(FOLDER, upload(pdf()))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_of_a_picture_only_pixels_are_kept(kind):
    exif = Image.Exif()
    exif[0x010E] = "HIDDEN PLACE"
    content = photo(kind, exif=exif) + b"PK HIDDEN ARCHIVE"
    assert b"HIDDEN PLACE" in content
    stored = files.store(FOLDER, upload(content, f"scan.{kind.lower()}"))
    kept = files.path(FOLDER, stored["name"]).read_bytes()
    assert b"HIDDEN" not in kept
    assert Image.open(io.BytesIO(kept)).size == (60, 40)


# --- Staff -------------------------------------------------------------------------------------


def test_from_nothing_to_a_public_letter_with_file_and_enclosure(campaigner, client):
    voices = Organisation.objects.create(slug="voices", name="Free Voices")
    answer = fill_in(
        campaigner,
        url("add"),
        kind="prison_letter",
        title="Letter to Ana",
        slug="letter-to-ana",
        summary="Two sentences.",
        date="May 2021",
        text="I am well [[and brave]].",
        published_by=[voices.pk],
        file_upload=upload(pdf()),
        **{
            "enclosures-TOTAL_FORMS": 1,
            "enclosures-0-title": "A photo",
            "enclosures-0-file_upload": upload(photo(), "a.jpg"),
        },
    )
    assert answer.status_code == 302, answer.context["errors"]
    letter = Document.objects.get()
    assert (letter.date, letter.file["name"][-3:]) == ("2021-05", "pdf")
    picture = letter.enclosures.get().file["name"]
    assert client.get(letter.get_absolute_url()).status_code == 404
    preview = campaigner.get(reverse("preview_document", args=[letter.pk]))
    assert "once this page is public" in text(preview)
    seen = campaigner.get(reverse("admin:campaigns_document_file", args=[letter.pk, picture]))
    assert seen["Content-Security-Policy"] == "sandbox; default-src 'none'"
    other = make_document()
    assert campaigner.get(url("file", other.pk, picture)).status_code == 404
    assert campaigner.post(url("publish", letter.pk)).status_code == 302
    assert "and brave" in page_of(client, letter)
    # Files are changed and taken away by what is ticked, and stay otherwise.
    fill_in(campaigner, url("change", letter.pk), title="Letter to her sister")
    letter.refresh_from_db()
    assert (letter.title, letter.file["name"][-3:]) == ("Letter to her sister", "pdf")
    fill_in(
        campaigner,
        url("change", letter.pk),
        remove_file="on",
        **{"enclosures-0-file_upload": upload(photo("PNG"), "a.png")},
    )
    letter.refresh_from_db()
    assert letter.file is None
    assert letter.enclosures.get().file["name"] != picture


def test_file_chosen_beside_a_mistake_is_asked_for_once_more(campaigner):
    """A browser sends no file twice, and the page shows what is stored."""
    old = files.store(FOLDER, upload(pdf()))
    letter = make_document(file=old)
    answer = fill_in(
        campaigner,
        url("change", letter.pk),
        file_upload=upload(photo(), "new.jpg"),
        **{"enclosures-TOTAL_FORMS": 1, "enclosures-0-file_upload": upload(photo(), "a.jpg")},
    )
    (inline,) = answer.context["inline_admin_formsets"]
    for form in (answer.context["adminform"].form, *inline.formset):
        assert form.errors["file_upload"] == ["Please choose the file once more."]
    assert old["name"] in text(answer)


def test_no_document_translates_or_answers_itself(campaigner):
    one, two, three = make_document(), make_document(), make_document()
    for field in ("translation_of", "answers"):
        Document.objects.filter(pk=two.pk).update(**{field: one})
        Document.objects.filter(pk=three.pk).update(**{field: two})
        for other in (one, two, three):
            answer = fill_in(campaigner, url("change", one.pk), **{field: other.pk})
            assert "one leads back to the other" in text(answer)
            assert list(answer.context["adminform"].form.errors) == [field]
        one.refresh_from_db()
        assert getattr(one, field) is None


def test_document_does_not_enclose_itself(campaigner):
    letter = make_document()
    typed = {
        "enclosures-TOTAL_FORMS": 1,
        "enclosures-0-title": "Itself",
        "enclosures-0-enclosed": letter.pk,
    }
    answer = fill_in(campaigner, url("change", letter.pk), **typed)
    assert "does not enclose itself" in text(answer)
    assert not Enclosure.objects.exists()


def test_a_megabyte_of_text_is_refused_by_the_field(campaigner):
    letter = make_document()
    answer = fill_in(campaigner, url("change", letter.pk), text="x" * 1_000_000)
    assert "too long for a page" in text(answer)
    answer = fill_in(campaigner, url("change", letter.pk), text="x[[" * 60_000)
    assert "too many square brackets" in text(answer)
    assert fill_in(campaigner, url("change", letter.pk), text="x [[y]] " * 900).status_code == 302


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("I miss [[her daughter. She", "[[her daughter. She"),
        ("I miss [[her\n\ndaughter]].", "[[her"),
        ("I [[really] miss [[her]].", "[[really] miss [[her]]."),
        ("[[]]", "[[]]"),
        ("- One\n- [[two]", "[[two]"),
    ],
)
def test_what_an_editor_put_in_has_an_end(campaigner, typed, words):
    """Else it would stand there as the author's own words."""
    letter = make_document()
    answer = fill_in(campaigner, url("change", letter.pk), text=typed)
    assert answer.context["errors"] == [
        [f"“{words}” is not closed. Please put ]] where your words end, in the same paragraph."]
    ]
    letter.refresh_from_db()
    assert letter.text == "I am well."


@pytest.mark.parametrize(
    "typed", ["[[a]] [b [c]] \\[[d", "`[[`", "[[a\nb]]", "[x](https://x.org)[^1]"]
)
def test_other_brackets_are_let_be(campaigner, typed):
    letter = make_document()
    assert fill_in(campaigner, url("change", letter.pk), text=typed).status_code == 302


def test_language_of_the_text_is_a_code(campaigner):
    letter = make_document()
    for typed in ('en" onload="', "English", "zh hans"):
        answer = fill_in(campaigner, url("change", letter.pk), text_language=typed)
        assert list(answer.context["adminform"].form.errors) == ["text_language"]
    assert fill_in(campaigner, url("change", letter.pk), text_language="kk").status_code == 302


def test_enclosures_are_on_the_translators_screen(logged_in):
    factories.offer("fr")
    letter = make_document()
    Enclosure.objects.create(document=letter, title="The sentence")
    screen = text(logged_in("translator").get(url("translate", letter.pk, "fr")))
    assert "The sentence" in screen
    assert "She asks her sister" in screen
    assert "I am well." not in screen  # a translation of the text is a document of its own


def test_reader_of_the_back_office_sees_a_document_without_fields(logged_in):
    letter = make_document(file=files.store(FOLDER, upload(pdf())))
    Enclosure.objects.create(document=letter, title="The sentence")
    page = logged_in("translator").get(url("change", letter.pk))
    assert page.status_code == 200
    assert 'type="file"' not in text(page)
    assert "Download and look at it" in text(page)
