"""Names that come as a file: whole or not at all (promise 18)."""

import io
import random
import zipfile
from dataclasses import asdict
from pathlib import Path

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from campaign_site import erasures
from campaign_site.models import AuditEvent
from petitions import batches, counting, deliveries, imports, tables
from petitions.models import LedgerEntry, PaperBatch, Signature
from petitions.tables import Columns
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_uploads(settings, tmp_path):
    """The worker of a test beside this one must not find what is uploaded here."""
    settings.PRIVATE_ROOT = tmp_path / "private"


GOOD = [
    ("Amina Yusuf", "Lund"),
    ("Ұлан Сәрсен", "Алматы"),
    ("ئايگۈل تۇرسۇن", "ئۈرۈمچى"),
    ("王小明", "台北"),
    ("བསྟན་འཛིན།", "ལྷ་ས།"),
    ("D’Arcy O'Brien", "Saint-Malo"),
]


def as_csv(rows=GOOD, *, headings="name,city", encoding="utf-8", separator=","):
    lines = [headings, *(separator.join(row) for row in rows)]
    return "\r\n".join(lines).encode(encoding)


def as_xlsx(rows=GOOD, *, headings=("name", "city"), change=lambda book: None):
    book = openpyxl.Workbook()
    for row in [headings, *rows]:
        book.active.append(row)
    change(book)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_part(content, name, data=b"x"):
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, data)
    return file.getvalue()


def bomb():
    """Two megabytes that unpack to half a gigabyte."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("xl/workbook.xml", "<workbook/>")
        with packed.open("xl/worksheets/sheet1.xml", "w") as sheet:
            for _megabyte in range(500):
                sheet.write(b" " * 1_000_000)
    return file.getvalue()


def entities():
    """Ten lines of XML that expand to a billion laughs."""
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    sheet = f"<?xml version='1.0'?><!DOCTYPE x [{lines}]><worksheet><t>&l9;</t></worksheet>"
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(as_xlsx())) as good, zipfile.ZipFile(file, "w") as packed:
        for part in good.namelist():
            packed.writestr(part, sheet if part == "xl/worksheets/sheet1.xml" else good.read(part))
    return file.getvalue()


def formula(book):
    book.active["A3"] = "=1+1"


def error(book):
    book.active["B3"] = "#REF!"
    book.active["B3"].data_type = "e"


BOM = b"\xef\xbb\xbf"
READABLE = {
    "plain.csv": as_csv(),
    "bom.csv": BOM + as_csv(),
    "utf-16 with its mark.csv": as_csv(encoding="utf-16"),
    "utf-16 big endian.csv": b"\xfe\xff" + as_csv(encoding="utf-16-be"),
    "semicolons.csv": as_csv(headings="name;city", separator=";"),
    "tabs.tsv": as_csv(headings="name\tcity", separator="\t"),
    "turned around.csv": as_csv([row[::-1] for row in GOOD], headings="Ville,Nom complet"),
    "uyghur headings.csv": as_csv(headings="ئىسىم,شەھەر"),
    "chinese headings.csv": as_csv(headings="姓名,城市"),
    "more columns.csv": as_csv(
        [(*row, "x@example.org") for row in GOOD], headings="Name,City,Mail"
    ),
    "old mac.csv": as_csv().replace(b"\r\n", b"\r"),
    "unix, empty rows at the end.csv": as_csv().replace(b"\r\n", b"\n") + b"\n,\n\n",
    "cells in quotes.csv": as_csv([tuple(f'"{cell}"' for cell in row) for row in GOOD]),
    "sheet.xlsx": as_xlsx(),
    "xlsx called.csv": as_xlsx(),
    "csv called.xlsx": as_csv(),
    "empty rows between.xlsx": as_xlsx([pair for row in GOOD for pair in (row, (None, None))]),
}


@pytest.mark.parametrize("name", READABLE)
def test_readable_file_counts_as_a_whole(tmp_path, petition, name):
    """Promise 18: whatever it is called, every name as it was written."""
    file = tmp_path / name
    file.write_bytes(READABLE[name])
    call_command("import_signatures", petition.slug, file)
    assert set(Signature.objects.values_list("name", "city")) == set(GOOD)
    assert factories.fresh(petition).numbers.confirmed == len(GOOD)
    assert not counting.recount(petition)


# What is wrong with it, the file, and a word of the sentence that staff read.
BROKEN = {
    "empty.csv": (b"", "empty"),
    "mark only.csv": (BOM, "empty"),
    "headings only.csv": (b"name,city\n", "no name"),
    "headings only.xlsx": (as_xlsx([]), "no name"),
    "nothing but separators.csv": (b"name,city\n,\n,\n", "no name"),
    "windows-1252.csv": (as_csv([("Zoë Brontë", "Liège")], encoding="cp1252"), "encoding"),
    "gb18030.csv": (as_csv([("王小明", "台北")], encoding="gb18030"), "encoding"),
    "latin-1 far below.csv": (as_csv(GOOD * 1000) + "\r\nZoë,Liège".encode("cp1252"), "encoding"),
    "utf-16 without its mark.csv": (as_csv(encoding="utf-16-le"), "UTF-16"),
    "utf-16 cut in a letter.csv": (as_csv(encoding="utf-16")[:-1], "encoding"),
    "utf-32.csv": (as_csv(encoding="utf-32"), "encoding"),
    "ragged, one cell more.csv": (as_csv([("Ann", "Paris, France")]), "3 cells"),
    "ragged, one cell less.csv": (b"name,city\nAnn\n", "empty"),
    "stray quotes.csv": (b'name,city\n"Ann "the cat" Lee",Lund\n', "quotation marks"),
    "quotes never closed.csv": (as_csv() + b'\r\n"Ann,Lund\r\nBo,Lund', "quotation marks"),
    "nul at the start.csv": (b"name,city\nAn\0n,Lund\n", "no table"),
    "nul far below.csv": (as_csv(GOOD * 1000) + b"\r\nAn\0n,Lund", "control characters"),
    "line break in a cell.csv": (b'name,city\n"Ann\nLee",Lund\n', "one line"),
    "formula.csv": (b"name,city\n=HYPERLINK(1),Lund\n", "formula"),
    "formula.xlsx": (as_xlsx(change=formula), "formula"),
    "error.xlsx": (as_xlsx(change=error), "error"),
    "number for a name.xlsx": (as_xlsx([(42, "Lund")]), "at least one letter"),
    "no headings.csv": (as_csv()[len("name,city\r\n") :], "Which columns"),
    "doubled headings.csv": (b"name,city,city\nAnn,Lund,Malmo\n", "Which columns"),
    "one column.csv": (b"name\nAnn\n", "Which columns"),
    "mail address for a name.csv": (b"name,city\nann@example.org,Lund\n", "e-mail"),
    "link for a city.csv": (b"name,city\nAnn,www.example.org\n", "no links"),
    "too long.csv": (f"name,city\n{'a' * 101},Lund\n".encode(), "at most 100"),
    "city too long.csv": (f"name,city\nAnn,{'a' * 61}\n".encode(), "at most 60"),
    "no name in a row.csv": (b"name,city\n  ,Lund\n", "empty"),
    "blank-looking name.csv": ("name,city\n\u3164,Lund\n".encode(), "letter"),
    "turned around by a control.csv": ("name,city\nAnn\u202e,Lund\n".encode(), "invisible"),
    "ten megabytes in a cell.csv": (b"name,city\n" + b"a" * 10_000_000 + b",Lund\n", "too long"),
    "ten megabytes over lines.csv": (b'name,city\n"' + b"a\n" * 5_000_000 + b'",Lund', "too long"),
    "ten megabytes in a cell.xlsx": (
        with_part(as_xlsx(), "xl/sharedStrings.xml.bak", b"a" * 25_000_000),
        "far more",
    ),
    "a thousand columns.csv": (b"name,city" + b",x" * 1000 + b"\nAnn,Lund\n", "columns"),
    "bomb.xlsx": (bomb(), "far more"),
    "billion laughs.xlsx": (entities(), "damaged"),
    "cut off.xlsx": (as_xlsx()[:2000], "damaged"),
    "macros.xlsm": (with_part(as_xlsx(), "xl/vbaProject.bin"), "macros"),
    "other files.xlsx": (
        with_part(as_xlsx(), "xl/externalLinks/externalLink1.xml"),
        "other files",
    ),
    "archive.zip": (with_part(b"", "names.csv", as_csv()), "packed folder"),
    "old kind.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old kind"),
    "old kind called.xlsx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old kind"),
    "photo.csv": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "no table"),
    "one mistake at the end.csv": (as_csv([*GOOD * 100, ("", "Lund")]), "empty"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_counts_nothing_and_says_why(tmp_path, petition, capsys, name):
    """Promise 18, by the command."""
    content, word = BROKEN[name]
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(CommandError) as refused:
        call_command("import_signatures", petition.slug, file)
    assert word in str(refused.value) + capsys.readouterr().err
    nothing_happened(petition)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_reported_on_the_page(client, petition, name):
    """Promise 18, in the back office: no answer of 500, and the same reason."""
    content, word = BROKEN[name]
    client.force_login(factories.make_member("campaigner"))
    page = upload(client, petition, name, content)
    assert page.status_code == 200
    assert word in page.content.decode()
    assert client.post(page.wsgi_request.path, {"action": "count"}).status_code == 422
    nothing_happened(petition)


def upload(client, petition, name, content, **typed):
    file = io.BytesIO(content)
    file.name = name
    given = {
        "petition": petition.pk,
        "source": "Market of Lund",
        "date": "3 May 2026",
        "evidence": "Folder 12",
        "file": file,
    }
    return client.post("/admin/petitions/paperbatch/add/", given | typed, follow=True)


def nothing_happened(petition):
    assert not Signature.objects.exists()
    assert not PaperBatch.objects.exists()
    petition = factories.fresh(petition)
    assert petition.numbers.total == 0
    assert petition.frozen is None


def test_folder_is_no_file(tmp_path, petition):
    with pytest.raises(CommandError, match="folder"):
        call_command("import_signatures", petition.slug, tmp_path)


def check(tmp_path, content, columns=None, words=()):
    file = tmp_path / "file"
    file.write_bytes(content)
    spool = io.StringIO()
    return imports.check(file, columns or Columns(0, 1), spool, list(words))


def test_report_names_row_column_and_reason(tmp_path):
    rows = [("Ann", "Lund"), ("", "Lund"), ("Bo", "x@y.example"), ("=1+1", "Lund")]
    report = check(tmp_path, as_csv(rows))
    assert [(row, column) for row, column, _reason in report.problems] == [
        (3, "A (name)"),
        (4, "B (city)"),
        (5, "A (name)"),
    ]
    assert not report.is_good


def test_ten_thousand_mistakes_are_counted_and_some_shown(tmp_path):
    report = check(tmp_path, as_csv([("", "Lund")] * 10_000))
    assert report.problem_count == 10_000
    assert len(report.problems) == imports.MOST_PROBLEMS


def test_rows_that_say_the_same_are_reported(tmp_path):
    report = check(tmp_path, as_csv([*GOOD, ("AMINA  YUSUF", "lund"), GOOD[3]]))
    assert report.is_good
    assert report.repeats == [(8, 2), (9, 5)]


@pytest.mark.parametrize(
    ("headings", "columns"),
    [
        (["Name", "City"], Columns(0, 1)),
        (["No.", "City or place", "Full name"], Columns(2, 1)),
        (["Nom", "Prénom", "Ville"], Columns(1, 2, more=0)),
        (["Vorname", "Name", "Ort"], Columns(0, 2, more=1)),
        (["First name", "Last name", "Town"], Columns(0, 2, more=1)),
        (["Nombre", "Ciudad"], Columns(0, 1)),
        (["氏名", "都市"], Columns(0, 1)),
        (["Nom", "Ville"], None),  # the family name alone?
        (["Name", "City", "Town"], None),
        (["name", "name", "city"], None),
        (["Amina", "Lund"], None),
        ([], None),
    ],
)
def test_columns_are_found_by_their_headings_or_asked_for(headings, columns):
    assert tables.find_columns(headings) == columns


def test_given_and_family_name_make_one(tmp_path, petition):
    file = tmp_path / "names.csv"
    file.write_bytes(b"Nom;Pr\xc3\xa9nom;Ville\nYusuf;Amina;Lund\n")
    call_command("import_signatures", petition.slug, file)
    assert Signature.objects.get().name == "Amina Yusuf"


def test_columns_may_be_named_at_the_command_line(tmp_path, petition):
    file = tmp_path / "names.csv"
    file.write_bytes(b"Lund,Amina Yusuf\n")
    options = {"name_column": 2, "city_column": 1, "no_headings": True}
    call_command("import_signatures", petition.slug, file, **options)
    assert Signature.objects.get().name == "Amina Yusuf"


def count(petition, rows=GOOD, source="Market of Lund", date="2026-05-03", by=None):
    made, content = [batches.make_row(*row, []) for row in rows], batches.Content()
    for row in made:
        content.add(row)
    batch = PaperBatch(
        petition=petition,
        source=source,
        date=date,
        evidence="Folder 12",
        quantity=len(made),
        content=content.digest(),
    )
    return batches.count(batch, made, by=by, how="imported")


def test_dry_run_counts_nothing(tmp_path, petition, capsys):
    file = tmp_path / "names.csv"
    file.write_bytes(as_csv())
    call_command("import_signatures", petition.slug, file, dry_run=True)
    assert "6 names" in capsys.readouterr().out
    nothing_happened(petition)


def test_same_file_twice_adds_nothing(tmp_path, petition):
    """Promise 18: sorted anew, called otherwise, from elsewhere: the same names."""
    (tmp_path / "a.csv").write_bytes(as_csv())
    (tmp_path / "b.xlsx").write_bytes(as_xlsx(random.Random(1).sample(GOOD, len(GOOD))))
    call_command("import_signatures", petition.slug, tmp_path / "a.csv")
    with pytest.raises(CommandError, match="Exactly these names"):
        call_command("import_signatures", petition.slug, tmp_path / "b.xlsx", source="Elsewhere")
    assert factories.fresh(petition).numbers.confirmed == len(GOOD)


def test_same_number_from_the_same_source_on_the_same_date_is_refused(petition):
    count(petition)
    with pytest.raises(batches.CountedAlready):
        count(petition, [(f"Ann {letter}", "Lund") for letter in "abcdef"])
    assert factories.fresh(petition).numbers.confirmed == len(GOOD)


def entry(petition, **values):
    values = {
        "kind": "paper",
        "quantity": len(GOOD),
        "source": "Market of Lund",
        "date": "2026-05-03",
        "evidence": "Folder 12",
    } | values
    return LedgerEntry(petition=petition, **values)


def test_paper_counts_with_names_or_without_never_both(petition):
    """By the database: whichever comes first, the other is refused."""
    batch = count(petition)
    with pytest.raises(IntegrityError, match="counted already"), transaction.atomic():
        counting.enter(entry(petition))
    batches.undo(batch)
    counting.enter(entry(petition))
    with pytest.raises(batches.CountedAlready):
        count(petition)
    assert (factories.fresh(petition).numbers.confirmed, LedgerEntry.objects.count()) == (0, 1)


def test_paper_signature_has_no_mailbox(petition):
    batch = count(petition)
    with pytest.raises(IntegrityError, match="signature_on_paper_has_no_mailbox"):
        Signature.objects.filter(batch=batch).update(code_digest=b"x")


def test_first_batch_freezes_what_was_signed(petition):
    """Promise 2 holds for paper, too."""
    count(petition)
    petition = factories.fresh(petition)
    assert petition.frozen
    petition.letter = "Something else"
    with pytest.raises(IntegrityError, match="as it is"):
        petition.save()


def test_names_for_a_draft_are_refused(petition):
    draft = factories.make_petition(state="draft")
    with pytest.raises(batches.NotPublished):
        count(draft)
    nothing_happened(draft)


def test_odd_names_are_counted_and_held(petition):
    count(petition, [("Amina Yusuf", "Lund"), ("Mr 💩", "Lund")])
    assert factories.fresh(petition).numbers.confirmed == 2
    assert Signature.objects.waiting_for_review().get().held_reason == "symbols"


def test_paper_names_go_on_the_next_list(petition):
    count(petition)
    delivery = deliveries.prepare(petition, petition.targets.get().government)
    assert delivery.names == len(GOOD)


def test_failure_in_the_middle_leaves_nothing(petition):
    """Promise 18: the batch, its names, the freeze and the count are one transaction."""

    def rows():
        yield batches.make_row("Ann", "Lund", [])
        raise RuntimeError

    batch = PaperBatch(
        petition=petition, source="A", date="2026", evidence="B", quantity=2, content=b"c"
    )
    with pytest.raises(RuntimeError):
        batches.count(batch, rows(), how="imported")
    nothing_happened(petition)


@pytest.mark.parametrize("quantity", [1, 2])
def test_batch_that_holds_other_than_it_says_is_refused(petition, quantity):
    batch = PaperBatch(
        petition=petition, source="A", date="2026", evidence="B", quantity=quantity, content=b"c"
    )
    with pytest.raises(batches.Refused):
        batches.count(batch, [batches.make_row("Ann", "Lund", [])], how="imported")
    nothing_happened(petition)


# --- Taking back -------------------------------------------------------------------------------


def test_undo_takes_every_name_away(petition):
    """Promise 18: any batch can be undone; the count moves with it."""
    other = factories.sign_and_confirm(petition)
    batch = count(petition)
    ids = set(batch.signatures.values_list("pk", flat=True))
    assert batches.undo(batch)
    assert set(Signature.objects.all()) == {other}
    assert factories.fresh(petition).numbers.confirmed == 1
    assert not counting.recount(petition)
    assert ids <= {public_id for _day, _kind, public_id in erasures.lines()}
    assert AuditEvent.objects.filter(verb="undid a batch").get().details["deleted"] == len(GOOD)


def test_undo_blanks_what_is_on_a_list(petition):
    batch = count(petition)
    government = petition.targets.get().government
    delivery = deliveries.prepare(petition, government)
    factories.sign_and_confirm(petition)
    assert batches.standing(batch) == batches.Standing(counted=6, free=0, listed=6)
    batches.undo(batch)
    assert delivery.rows.count() == len(GOOD)
    left = Signature.objects.filter(batch=batch)
    assert set(left.values_list("state", "name", "city")) == {("removed", "", "")}
    assert factories.fresh(petition).numbers.confirmed == 1
    assert not counting.recount(petition)


def test_undo_twice_changes_nothing(petition):
    batch = count(petition)
    assert batches.undo(batch)
    assert not batches.undo(batch)
    assert factories.fresh(petition).numbers.confirmed == 0


def test_undone_batch_may_come_again(petition):
    batches.undo(count(petition))
    count(petition)
    assert factories.fresh(petition).numbers.confirmed == len(GOOD)


# --- Uploads -----------------------------------------------------------------------------------


@pytest.fixture
def campaigner(db):
    return factories.make_member("campaigner")


def keep(petition, by, content, name="names.csv"):
    file = _File(content, name)
    return imports.keep(
        file, petition=petition, source="Lund", date="2026", evidence="Folder", by=by
    )


class _File:
    def __init__(self, content, name):
        self.content, self.name = content, name

    def chunks(self):
        return [self.content]


def test_large_file_is_checked_and_counted_by_the_worker(petition, campaigner, client, monkeypatch):
    monkeypatch.setattr(imports, "AT_ONCE", 10)
    upload = keep(petition, campaigner, as_csv())
    assert upload.state == imports.WAITING
    with pytest.raises(imports.NotReady):
        imports.count(upload, by=campaigner)
    call_command("worker", once=True)
    upload = imports.load(upload.id, by=campaigner)
    assert upload.state == imports.CHECKED
    monkeypatch.setattr(imports, "COUNTED_AT_ONCE", 3)
    client.force_login(campaigner)
    page = f"/admin/petitions/paperbatch/upload/{upload.id}/"
    assert client.post(page, {"action": "count"}).status_code == 302
    too_late = client.post(page, {"action": "drop"})
    assert (too_late.status_code, "are being counted" in too_late.content.decode()) == (422, True)
    assert factories.fresh(petition).numbers.confirmed == 0
    call_command("worker", once=True)
    assert factories.fresh(petition).numbers.confirmed == len(GOOD)
    assert PaperBatch.objects.get().entered_by == campaigner
    assert imports.work() == 0


def test_large_file_that_is_counted_already_says_so(petition, campaigner, client, monkeypatch):
    upload = keep(petition, campaigner, as_csv())
    count(petition)
    imports.ask_to_count(upload)
    assert imports.work() == 1
    client.force_login(campaigner)
    page = client.get(f"/admin/petitions/paperbatch/upload/{upload.id}/")
    assert "Exactly these names are counted already" in page.content.decode()
    assert factories.fresh(petition).numbers.confirmed == len(GOOD)


def test_file_that_breaks_the_check_does_not_stop_the_worker(petition, campaigner, monkeypatch):
    monkeypatch.setattr(imports, "AT_ONCE", 10)
    upload = keep(petition, campaigner, as_csv())
    monkeypatch.setattr(imports, "run_check", lambda upload: 1 / 0)
    imports.work()
    assert imports.load(upload.id, by=campaigner).state == imports.UNREADABLE
    assert imports.work() == 0


def test_file_dropped_while_its_last_row_is_read_is_gone(petition, campaigner, monkeypatch):
    upload = keep(petition, campaigner, as_csv())
    monkeypatch.setattr(imports, "check", lambda *_: upload.drop() or imports.Report())
    imports.run_check(upload)
    assert not upload.place.exists()


def test_two_who_write_at_once_are_not_in_each_others_way(petition, campaigner, monkeypatch):
    upload = keep(petition, campaigner, as_csv())
    replace = Path.replace

    def pressed_again(*given):
        monkeypatch.setattr(Path, "replace", replace)
        upload.save()
        return replace(*given)

    monkeypatch.setattr(Path, "replace", pressed_again)
    upload.save()


def test_checked_twice_at_once_the_report_is_of_the_names_that_are_kept(
    petition, campaigner, monkeypatch
):
    first, second = (keep(petition, campaigner, as_csv()) for _twice in range(2))
    second.id, second.columns = first.id, asdict(Columns(1, 0))
    check = imports.check

    def pressed_again(*given):
        monkeypatch.setattr(imports, "check", check)
        imports.run_check(second)
        return check(*given)

    monkeypatch.setattr(imports, "check", pressed_again)
    imports.run_check(first)
    imports.count(imports.load(first.id, by=campaigner), by=campaigner)


def test_nothing_of_a_counted_file_is_kept(petition, campaigner):
    upload = keep(petition, campaigner, as_csv())
    imports.count(upload, by=campaigner)
    assert not upload.place.exists()
    assert imports.load(upload.id, by=campaigner) is None


def test_nobody_sees_the_file_of_somebody_else(petition, campaigner):
    upload = keep(petition, campaigner, as_csv())
    assert imports.load(upload.id, by=factories.make_member("administrator")) is None


def test_forgotten_file_is_deleted_after_a_day(petition, campaigner, monkeypatch):
    upload = keep(petition, campaigner, as_csv())
    assert imports.forget_old() == 0
    monkeypatch.setattr(imports, "_age", lambda path: 25 * 3600)
    imports.forget_old()
    assert not upload.place.exists()


def test_unreadable_file_is_not_kept(petition, campaigner):
    upload = keep(petition, campaigner, b"\xd0\xcf\x11\xe0 old")
    assert upload.state == imports.UNREADABLE
    assert not Path(upload.path).exists()
