"""Files of a list: spreadsheets, boxes of paper, their parts, the manifest, pages to print again."""

import fcntl
import hashlib
import io
import re
import zipfile
from contextlib import ExitStack

import pypdfium2
import pytest
from django.core.management import CommandError, call_command

from campaign_site.models import AuditEvent, SiteSettings
from campaigns.models import Government
from petitions import delivery_lists, fonts, manifest, paper, signing
from petitions.models import Delivery, ListFile
from petitions.number_words import number_words
from petitions.paper import Layout
from tests.factories import make_member, offer, sign_and_confirm
from tests.petitions.lists import make_list, need_system_fonts, pdf_text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path):
    """A browser of another test may still be fetching a list."""
    settings.PRIVATE_ROOT = tmp_path


LONG = "Wolfeschlegelsteinhausenbergerdorff" * 3
RTL = "ئىلھام توختى"
EVERY_SCRIPT = ["Zoë Øst", "Ұлан Сәрсен", "Άννα Παππά", RTL, "Nguyễn Thị Hạnh"]


def make(delivery, format, part=None, **options):
    return b"".join(manifest.stream(delivery, format, part=part, **options))


def sheets_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {
            name: re.findall(r"<t[^>]*>([^<]*)</t>", book.read(name).decode())
            for name in book.namelist()
            if name.startswith("xl/worksheets/sheet")
        }


def squeezed(text):
    """As it reads, whatever the lines and the marks for direction."""
    return re.sub(r"[\s\u200b-\u200f\u2066-\u2069\ufffe]", "", text)


# --- Spreadsheet -------------------------------------------------------------------------------


def test_a_new_sheet_before_a_spreadsheet_runs_out_of_rows(petition, monkeypatch):
    """Rows past the last that a sheet can hold are dropped by the library without a word."""
    monkeypatch.setattr(delivery_lists, "SHEET", 10)
    delivery = make_list(petition, [(f"Name {n:02}", "Lund") for n in range(25)])
    sheets = sheets_of(make(delivery, "xlsx"))
    assert [len(cells) // 2 - 1 for cells in sheets.values()] == [10, 10, 5]
    found = {cell for cells in sheets.values() for cell in cells}
    assert found >= {f"Name {n:02}" for n in range(25)}


def test_cells_are_text_and_nothing_else(petition):
    """Promise 1: 0 formulas, 0 hyperlinks, no author, no clock time."""
    names = [("12345", "Lund"), ("https://example.org/x", "Lund"), ("_x0041_ Bo", "1/2")]
    content = make(make_list(petition, names), "xlsx")
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        everything = {name: book.read(name).decode() for name in book.namelist()}
        assert {entry.date_time for entry in book.infolist()} <= {
            (1980, 1, 1, 0, 0, 0),
            (1980, 1, 31, 0, 0, 0),
        }
    sheet = everything["xl/worksheets/sheet1.xml"]
    assert "<f>" not in sheet
    assert "hyperlink" not in "".join(everything.values())
    assert set(re.findall(r'<c [^>]*?t="(\w+)"', sheet)) == {"inlineStr"}
    assert "_x005F_x0041_ Bo" in sheet, "read again, it is what was typed"
    assert "<dc:creator></dc:creator>" in everything["docProps/core.xml"]
    assert not re.search(r"\d\d:\d\d", everything["docProps/core.xml"])


def test_spreadsheet_leaves_nothing_behind(petition):
    make(make_list(petition, [("Amina", "Lund")]), "xlsx")
    assert not list(paper.private_folder().iterdir())


def test_what_a_killed_process_left_goes_after_a_day(petition, monkeypatch):
    left = paper.private_folder() / "xlsx-killed"
    left.mkdir()
    (left / "names").write_text("Amina")
    assert left in paper.private_folder().iterdir(), "another process may be at work on it"
    monkeypatch.setattr(paper, "LEFT_BEHIND", -60)
    assert not list(paper.private_folder().iterdir())


# --- The box of paper --------------------------------------------------------------------------


def test_box_holds_its_sheets_in_order(petition):
    delivery = make_list(petition, [("Amina Yusuf", "Lund"), ("Zoë Øst", "Bergen")])
    pages = pdf_text(make(delivery, "pdf"))
    for page, words in zip(
        pages,
        [
            ("Minister of Justice", "2 names (two)", "We ask for a written answer"),
            ("Figures", "Everyone listed chose to be named to you."),
            ("The letter that was signed", "I am writing to you about Marta Ilin."),
            ("The people below ask Minister of Justice", "Bergen", "Amina Yusuf", "page 1 of 1"),
            ("Names by place", "Together: 2 names."),
            ("Received: part 1 of 1, 1 page of names, 2 names.", "Stamp"),
            ("Part 1 of 1",),
        ],
        strict=True,
    ):
        for word in words:
            assert word in page


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("size", ["a4", "letter"])
def test_every_name_is_whole_at_each_density(petition, size, columns):
    """Names wrap, they are never cut: 1, 20 and 100 letters, words without a place to break."""
    names = [
        *((f"{chr(0x41 + n)}", f"Place {n}") for n in range(20)),
        *((f"Twenty Letters {n:05}", "Lund") for n in range(60)),
        *((f"{LONG[: 100 - 3]}{n:03}", "Lund") for n in range(40)),
        *((f"{'Anna Maria Sofia ' * 5}von {n:03}", "LUND") for n in range(40)),
        *((f"{word} {n}", "Алматы") for n in range(5) for word in EVERY_SCRIPT),
    ]
    delivery = make_list(petition, names)
    content = make(delivery, "pdf", layout=Layout(size, columns))
    found = squeezed("".join(pdf_text(content)))
    for name, _city in names:
        if RTL in name:  # its words come out in the order in which they are drawn
            assert all(
                squeezed(word) in found or squeezed(word)[::-1] in found for word in name.split()
            )
        else:
            assert squeezed(name) in found, name
    assert_nothing_touches_the_edge(content)


def assert_nothing_touches_the_edge(content):
    """What ran out of its column would stand in the margin of 16 mm, or be cut."""
    for page in pypdfium2.PdfDocument(content):
        picture = page.render(scale=1).to_pil().convert("L")
        margin = round(13 / 25.4 * 72)
        for x in (0, picture.width - margin):
            strip = picture.crop((x, 0, x + margin, picture.height))
            assert strip.getextrema()[0] > 250


def test_names_of_every_script_in_one_list(petition):
    """Uyghur, Chinese, Tibetan, Cyrillic, Arabic and Latin, none of them a box."""
    need_system_fonts()
    names = ["王小明", "བསྟན་འཛིན", "Ұлан", "محمد علي", "ئىلھام", "Zoë"]
    pages = pdf_text(make(make_list(petition, [(name, "北京") for name in names]), "pdf"))
    found = squeezed("".join(pages))
    assert "王小明" in found
    assert "北京" in found
    assert "Ұлан" in found


def test_a_letter_without_a_font_is_an_error_that_names_the_package(petition, settings, tmp_path):
    settings.SYSTEM_FONTS = str(tmp_path)
    fonts._system_fonts.cache_clear()
    try:
        delivery = make_list(petition, [("王小明", "Lund")])
        with pytest.raises(fonts.MissingFont, match=r"U\+5C0F.*fonts-noto-cjk"):
            make(delivery, "pdf")
        assert not ListFile.objects.exists()
    finally:
        fonts._system_fonts.cache_clear()


def test_our_fonts_are_those_whose_licence_lies_beside_them():
    for line in (fonts.OURS / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((fonts.OURS / name).read_bytes()).hexdigest() == digest
    assert "Open Font License" in (fonts.OURS / "OFL.txt").read_text().title().replace("Sil", "SIL")


def test_a_name_is_never_markup(petition):
    names = ["#panic()", "*Bold* _it_", "$x$ `y`", "\\ @ref <label>", "// Remark", "= Heading"[2:]]
    found = squeezed(
        "".join(pdf_text(make(make_list(petition, [(n, "Lund") for n in names]), "pdf")))
    )
    for name in names:
        assert squeezed(name) in found


def test_paper_says_nothing_of_who_made_it_and_when(petition):
    """Promise 1."""
    officer = make_member("delivery")
    content = make(make_list(petition, [("Amina", "Lund")], by=officer), "pdf", by=officer)
    about = pypdfium2.PdfDocument(content).get_metadata_dict()
    assert {key for key, value in about.items() if value} == {"Title", "Creator"}
    assert officer.username not in "".join(pdf_text(content))


@pytest.mark.parametrize("format", sorted(delivery_lists.WRITERS))
def test_same_list_same_bytes(petition, format):
    """Promise 1."""
    delivery = make_list(petition, [(f"Name {n}", f"Place {n % 7}") for n in range(120)])
    assert make(delivery, format) == make(Delivery.objects.get(), format)


@pytest.mark.parametrize(
    ("number", "language", "words"),
    [
        (0, "en", "zero"),
        (21, "en", "twenty-one"),
        (110, "en", "one hundred and ten"),
        (1_204, "en", "one thousand two hundred and four"),
        (1_000_001, "en", "one million and one"),
        (300_000, "en", "three hundred thousand"),
        (71, "fr", "soixante et onze"),
        (80, "fr", "quatre-vingts"),
        (81, "fr", "quatre-vingt-un"),
        (91, "fr", "quatre-vingt-onze"),
        (200, "fr", "deux cents"),
        (1_204, "fr", "mille deux cent quatre"),
        (80_200, "fr", "quatre-vingt mille deux cents"),
        (2_000_000, "fr", "deux millions"),
        (12, "zh-hans", "十二"),
        (110, "zh-hans", "一百一十"),
        (1_204, "zh-hans", "一千二百零四"),
        (10_010, "zh-hans", "一万零一十"),
        (1_000_000, "zh-hans", "一百万"),
        (1_204, "ug", "بىر مىڭ ئىككى يۈز تۆت"),
        (85, "ug", "سەكسەن بەش"),
        (85, "bo", ""),
    ],
)
def test_numbers_in_words(number, language, words):
    assert number_words(number, language) == words


def test_letter_is_in_the_recipients_language_and_in_ours(petition):
    SiteSettings.objects.update_or_create(
        pk=1, defaults={"name": "Free Voices", "postal_address": "Free Voices\n3 Example Street"}
    )
    Government.objects.update(language="fr")
    delivery = make_list(petition, [(f"Name {number}", "Lund") for number in range(71)])
    theirs, ours, *_rest = pdf_text(make(delivery, "pdf"))
    assert "71 noms (soixante et onze)" in theirs
    assert "Nous demandons une réponse écrite." in theirs
    assert "71 names (seventy-one)" in " ".join(ours.split())
    assert ours.count("Free Voices") == 2, "above the address and under the letter"
    # What no speaker has read is handed to nobody.
    Government.objects.update(language="ug")
    delivery = Delivery.objects.get()
    ours, figures, *_rest = pdf_text(make(delivery, "pdf"))
    assert "seventy-one" in ours
    assert "Figures" in figures
    offer("ug")
    theirs, ours, *_rest = pdf_text(make(delivery, "pdf"))
    assert "71" in theirs
    assert "3 Example Street" in theirs, "a number stays in its place from right to left, too"
    assert "seventy-one" not in theirs
    assert "seventy-one" in ours


def test_handover_sheet_has_no_name_of_a_signer(petition):
    delivery = make_list(petition, [("Amina Yusuf", "Lund")])
    text = "".join(pdf_text(b"".join(paper.handover_sheet(delivery, ["pages 12 and 88"]))))
    assert "For us. Not handed over." in text
    assert "pages 12 and 88" in text
    assert "Amina" not in text


# --- Parts -------------------------------------------------------------------------------------


def divided(petition, people, **options):
    delivery = make_list(petition, people)
    delivery.part_starts = delivery_lists.part_starts(delivery, **options)
    delivery.save()
    return delivery


def test_parts_are_the_whole(petition):
    names = [(f"Name {n:03}", f"Place {n % 3}") for n in range(100)]
    delivery = divided(petition, names, names=40, whole_places=False)
    parts = [list(delivery_lists.rows(delivery, part)) for part in (1, 2, 3)]
    assert [len(part) for part in parts] == [40, 40, 20]
    assert [row for part in parts for row in part] == list(delivery_lists.rows(delivery))


def test_no_place_is_split_unless_it_is_larger_than_a_part(petition):
    sizes = {"A": 30, "B": 15, "C": 50, "D": 3}
    names = [(f"Name {n:03}", place) for place, size in sizes.items() for n in range(size)]
    delivery = divided(petition, names, names=40, whole_places=True)
    parts = [
        sorted({city for _name, city in delivery_lists.rows(delivery, part)})
        for part in range(1, delivery_lists.volumes(delivery) + 1)
    ]
    assert parts == [["A"], ["B"], ["C"], ["C", "D"]]
    assert len(list(delivery_lists.rows(delivery))) == 98


def test_each_part_says_its_number_of_names(petition):
    delivery = divided(
        petition, [(f"Name {n:03}", "Lund") for n in range(90)], names=60, whole_places=False
    )
    for part, names in ((1, "60 names (sixty)"), (2, "30 names (thirty)")):
        pages = pdf_text(make(delivery, "pdf", part))
        assert f"Part {part} of 2: {names}. All parts together: 90 names." in squash(pages[0])
        assert f"Part {part} of 2" in pages[-1]


def squash(text):
    return " ".join(text.split())


@pytest.mark.django_db(transaction=True)
def test_several_parts_go_to_a_folder(petition, tmp_path):
    delivery = divided(
        petition, [(f"Name {n:03}", "Lund") for n in range(90)], names=60, whole_places=False
    )
    call_command("export_delivery", delivery.pk, format="html", output=tmp_path / "box")
    files = sorted((tmp_path / "box").iterdir())
    assert [file.name for file in files] == ["part-001.html", "part-002.html"]
    assert sum(len(re.findall(r"Name \d{3}", file.read_text())) for file in files) == 90
    assert list(ListFile.objects.order_by("part").values_list("part", "names")) == [
        (1, 60),
        (2, 30),
    ]


@pytest.mark.django_db(transaction=True)
def test_one_part_that_fails_stops_all_and_nothing_is_left(petition, tmp_path, monkeypatch):
    """Half a box would be handed over for a whole one, and taken for what was printed last."""
    delivery = divided(
        petition, [(f"Name {n:03}", "Lund") for n in range(90)], names=30, whole_places=False
    )

    def half_way(_delivery, part, **_options):
        yield b"Some names"
        if part == 2:
            raise paper.CannotPrint("The pages could not be set.")

    monkeypatch.setitem(delivery_lists.WRITERS, "html", half_way)
    with pytest.raises(CommandError, match="Part 2: The pages could not be set"):
        call_command("export_delivery", delivery.pk, format="html", output=tmp_path / "box")
    assert not list((tmp_path / "box").iterdir())
    assert not ListFile.objects.exists()


def test_a_document_waits_while_others_take_every_processor(petition, settings, monkeypatch):
    """However many parts and people ask at once, signing goes on beside them."""
    delivery = make_list(petition, [("Amina", "Lund")])
    folder = settings.PRIVATE_ROOT / "processors"
    folder.mkdir()
    seen = []
    typeset = paper.subprocess.run
    with ExitStack() as others:
        for number in range(paper.processors()):
            lock = others.enter_context(open(folder / str(number), "wb"))
            fcntl.flock(lock, fcntl.LOCK_EX)

        def wait(_seconds):
            seen.append("waits")
            others.close()

        def run(*args, **options):
            seen.append("is set")
            return typeset(*args, **options)

        monkeypatch.setattr(paper.time, "sleep", wait)
        monkeypatch.setattr(paper.subprocess, "run", run)
        assert b"".join(paper.handover_sheet(delivery, [])).startswith(b"%PDF")
    assert seen[:2] == ["waits", "is set"]


# --- Manifest ----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", sorted(delivery_lists.WRITERS))
def test_a_file_is_ours_until_one_byte_changes(petition, tmp_path, capsys, format):
    delivery = make_list(petition, [("Amina", "Lund"), ("Zoë", "Lund")])
    file = tmp_path / "list"
    call_command("export_delivery", delivery.pk, format=format, output=file)
    call_command("verify_delivery", file)
    assert f"delivery {delivery.pk}" in capsys.readouterr().out
    assert ListFile.objects.get().names == 2
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(CommandError, match="none of ours, or it was altered"):
        call_command("verify_delivery", file)


def test_a_download_broken_off_is_not_in_the_manifest(petition):
    delivery = make_list(petition, [("Amina", "Lund")])
    pieces = manifest.stream(delivery, "xlsx", why="Handover")
    next(pieces)
    pieces.close()
    assert not ListFile.objects.exists()
    assert AuditEvent.objects.filter(verb="began a file of a list").count() == 1
    assert not list(paper.private_folder().iterdir())


# --- Between printer and door --------------------------------------------------------------------


@pytest.fixture
def printed(petition):
    """A list of three pages, printed; people of pages 1 and 3 leave after that."""
    kept = [sign_and_confirm(petition, name=name, city="Lund") for name in ("Aa First", "Zz Last")]
    make_list_of = [(f"Name {n:03}", "Lund") for n in range(200)]
    delivery = make_list(petition, make_list_of)
    delivery.first, delivery.last = kept
    delivery.before = make(delivery, "pdf")
    return delivery


def test_who_left_since_printing_is_told_by_page(printed):
    assert manifest.changed_since_printing(printed) == []
    signing.remove(printed.first.pk)
    signing.count_only(printed.last.pk)
    (change,) = manifest.changed_since_printing(printed)
    assert (change.people, change.pages) == (2, [1, 3])
    assert change.sentence == "2 people were removed since you printed the list: pages 1 and 3."


def test_covers_of_other_parts_are_printed_again_for_their_total(petition):
    leaves = sign_and_confirm(petition, name="Aa First", city="Lund")
    delivery = make_list(petition, [(f"Name {n:03}", "Lund") for n in range(99)])
    delivery.part_starts = [1, 51]
    delivery.save()
    make(delivery, "pdf", 1), make(delivery, "pdf", 2)
    signing.remove(leaves.pk)
    first, second = manifest.changed_since_printing(delivery)
    assert (first.part, first.pages) == (1, [1])
    assert first.sentence == "1 person was removed since you printed part 1: page 1."
    assert (second.part, second.pages) == (2, [])
    assert second.sentence == "The cover of part 2 tells the total from before."
    again = pdf_text(make(delivery, "pdf", 2, layout=second.layout, pages=second.pages))
    assert "All parts together: 99 names." in " ".join(" ".join(again).split())
    assert not any("Name 0" in page for page in again)
    assert [change.part for change in manifest.changed_since_printing(delivery)] == [1]


def test_only_those_pages_are_printed_again_and_keep_their_numbers(printed):
    before = pdf_text(printed.before)
    signing.remove(printed.first.pk)
    (change,) = manifest.changed_since_printing(printed)
    again = pdf_text(make(printed, "pdf", change.part, layout=change.layout, pages=change.pages))
    lists = [page for page in again if "on this page" in page]
    (old,) = [page for page in before if "page 1 of 3" in page]
    assert len(lists) == 1
    assert "page 1 of 3" in lists[0]
    lines = re.search(r"lines 1 to \d+", old).group()
    assert lines in lists[0]
    assert "Aa First" in old
    assert "Aa First" not in lists[0]
    assert "201 names" in again[0]
    assert manifest.changed_since_printing(printed) == []
    signing.remove(printed.last.pk)
    make(printed, "pdf")
    assert manifest.changed_since_printing(printed) == [], "the whole was printed after those pages"


def test_pages_never_break_elsewhere(printed):
    """Whole, a year later, with somebody gone: every name still stands on its page."""

    def pages(content):
        found = {}
        for text in pdf_text(content):
            if page := re.search(r"page (\d) of 3", text):
                found |= dict.fromkeys(re.findall(r"Name \d{3}", text), page[1])
        return found

    signing.remove(printed.first.pk)
    assert pages(make(Delivery.objects.get(), "pdf")) == pages(printed.before)
