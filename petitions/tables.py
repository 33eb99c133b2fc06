"""Read a table that somebody brings: CSV as it comes from anywhere, or XLSX. Row by row.

A file is judged by what is in it, whatever it is called. One that cannot be read as it was meant
is refused with a sentence that says what to do: no name is ever guessed.
"""

import csv
import io
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from zipfile import BadZipFile, ZipFile

import openpyxl
from django.utils.translation import gettext as _
from openpyxl.utils import get_column_letter

from campaign_site.names import comparison_key

log = logging.getLogger("vigil.import")

MAX_BYTES = 200_000_000  # of an upload
MOST_COLUMNS = 200
MOST_ROWS = 1_048_576  # of a sheet, as spreadsheets have it
MOST_IN_A_LINE = 1_000_000  # characters
# Of what is packed in an XLSX. Only the sheet itself is read in a stream.
MOST_UNPACKED = 400_000_000
MOST_STRINGS = 100_000_000
MOST_IN_A_PART = 20_000_000
_DELIMITERS = ",;\t"


class Unreadable(Exception):
    """This is no table that can be read: the sentence says why, for staff."""


class Broken(str):
    """A cell without a text: the reason."""


def rows(path) -> Iterator[tuple[int, list[str]]]:
    """(number as the spreadsheet or editor shows it, cells). Raises Unreadable."""
    if path.is_dir():
        raise Unreadable(_("This is a folder. Please choose a file."))
    with path.open("rb") as file:
        start = file.read(4096)
    if not start:
        raise Unreadable(_("This file is empty."))
    if path.stat().st_size > MAX_BYTES:
        raise Unreadable(_("This file is too large. Please cut it in parts of at most 200 MB."))
    if start.startswith(b"PK\x03\x04"):
        return _sheet_rows(path)
    return _text_rows(path, _encoding(start))


def first_rows(path, most: int) -> list[list[str]]:
    """Raises Unreadable."""
    found = [cells for _number, cells in islice(rows(path), most)]
    if not found:
        raise Unreadable(_("This file is empty."))
    return found


def column_letter(index: int) -> str:
    return get_column_letter(index + 1)


# --- Text --------------------------------------------------------------------------------------


def _encoding(start: bytes) -> str:
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(
            _(
                "This is a spreadsheet of the old kind (.xls), or one with a password. "
                "Please save it as XLSX, without a password."
            )
        )
    if start.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        raise Unreadable(_encoding_question())
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\0" in start:
        raise Unreadable(
            _(
                "This is no table, or a text in UTF-16 without its mark. "
                "Please save it as XLSX or as CSV in UTF-8."
            )
        )
    return "utf-8-sig"


def _encoding_question() -> str:
    return _(
        "The letters of this file cannot be read for certain: it is not in UTF-8. "
        "In which encoding was it saved, perhaps Windows-1252 or GB18030? "
        "Please save it as XLSX or as CSV in UTF-8; then no name is spoilt."
    )


def _text_rows(path, encoding) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding=encoding, newline="") as file:
            delimiter = _delimiter(next((line for line in _lines(file) if line.strip()), ""))
            file.seek(0)
            reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
            while (cells := _next(reader)) is not None:
                if len(cells) > MOST_COLUMNS:
                    raise Unreadable(_too_many_columns())
                yield reader.line_num, cells
    except UnicodeError:
        raise Unreadable(_encoding_question()) from None


def _next(reader) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error:
        raise Unreadable(
            _(
                "From row %(row)s on, the quotation marks do not match, or a cell is far too long. "
                "Please look at the rows from there on."
            )
            % {"row": reader.line_num}
        ) from None


def _lines(file: io.TextIOBase) -> Iterator[str]:
    while line := file.readline(MOST_IN_A_LINE):
        if len(line) == MOST_IN_A_LINE:
            raise Unreadable(_("This is no table: one of its lines is far too long."))
        yield line


def _delimiter(first_line: str) -> str:
    """What parts the headings best: known words first, then the number of columns."""

    def worth(delimiter):
        try:
            cells = next(csv.reader([first_line], delimiter=delimiter), [])
        except csv.Error:
            return (0, 0)
        known = sum(comparison_key(cell) in _KNOWN for cell in cells)
        return (known, len(cells))

    return max(_DELIMITERS, key=worth)


def _too_many_columns() -> str:
    return _("This table has more than %(most)s columns.") % {"most": MOST_COLUMNS}


# --- Spreadsheets ------------------------------------------------------------------------------


def _sheet_rows(path) -> Iterator[tuple[int, list[str]]]:
    _look_inside(path)
    try:
        with path.open("rb") as file:
            # Formulas are wanted as such: what they last showed may be of another day.
            book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
            if not book.worksheets:
                raise Unreadable(_("There is no sheet in this file."))
            sheet = book.worksheets[0]
            # What a file says about its size need not be true.
            sheet.reset_dimensions()
            found = sheet.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS)
            for number, cells in enumerate(found, 1):
                yield number, [_cell_text(cell) for cell in cells]
    except Unreadable:
        raise
    except Exception as error:  # a stranger's file can break a reader of files in any way
        log.warning("a spreadsheet could not be read: %s", type(error).__name__)
        raise Unreadable(damaged()) from None


def damaged() -> str:
    return _(
        "This file is damaged, or no spreadsheet. Please open it in your spreadsheet program "
        "and save it as XLSX once more."
    )


def _look_inside(path) -> None:
    """Before anything is unpacked: a small file may hold gigabytes."""
    try:
        with ZipFile(path) as packed:
            sizes = {part.filename: part.file_size for part in packed.infolist()}
    except (BadZipFile, OSError, ValueError, NotImplementedError):
        raise Unreadable(damaged()) from None
    if "xl/workbook.xml" not in sizes:
        raise Unreadable(
            _("This is a packed folder or another document. Please choose an XLSX or CSV file.")
        )
    if any(name.startswith("xl/vbaProject") for name in sizes):
        raise Unreadable(
            _("There are macros in this file. Please save it as XLSX, without macros.")
        )
    if any(name.startswith("xl/externalLinks/") for name in sizes):
        raise Unreadable(
            _(
                "This file takes values from other files. Please copy its cells into a new "
                "spreadsheet as values only, and save that as XLSX."
            )
        )
    if sum(sizes.values()) > MOST_UNPACKED or any(map(_is_too_large, sizes.items())):
        raise Unreadable(_("This file holds far more than it should. Please cut it in parts."))


def _is_too_large(part) -> bool:
    name, size = part
    if name.startswith("xl/worksheets/"):
        return False
    return size > (MOST_STRINGS if name == "xl/sharedStrings.xml" else MOST_IN_A_PART)


def _cell_text(cell) -> str:
    if cell.value is None:
        return ""
    if cell.data_type == "f":
        return Broken(_("This cell is a formula. Please replace it by its value."))
    if cell.data_type == "e":
        return Broken(_("This cell holds an error."))
    return str(cell.value)


# --- Headings ----------------------------------------------------------------------------------


def _keys(words: str) -> frozenset[str]:
    return frozenset(comparison_key(word) for word in words.split("|"))


# One column with the whole name.
_NAME = _keys(
    "name|names|full name|fullname|nom complet|nom et prénom|prénom et nom|nombre completo|"
    "nombre y apellidos|vollständiger name|vor- und nachname|nome completo|nome e cognome|"
    "imię i nazwisko|naam|namn|navn|nimi|név|nafn|tên|họ tên|họ và tên|nama|ism|isim|ad soyad|"
    "adı soyadı|фио|ф.и.о.|имя и фамилия|прізвище та ім'я|аты-жөні|аты жөнү|姓名|名字|名前|氏名|"
    "お名前|이름|성명|الاسم|الاسم الكامل|نام|نام و نام خانوادگی|ئىسىم|ئىسمى|ئىسىم فامىلە|"
    "མིང|མཚན|नाम|ชื่อ|שם|שם מלא"
)
_GIVEN = _keys(
    "first name|firstname|given name|given names|forename|prénom|prénoms|vorname|nombre|nombres|"
    "nome|imię|имя|ім'я|förnamn|fornavn|voornaam|etunimi|ad|adı|名"
)
_FAMILY = _keys(
    "last name|lastname|surname|family name|nom|nom de famille|nachname|familienname|apellido|"
    "apellidos|cognome|sobrenome|nazwisko|фамилия|прізвище|efternamn|etternavn|efternavn|"
    "achternaam|sukunimi|soyad|soyadı|姓"
)
_CITY = _keys(
    "city|town|place|city or place|city/town|town/city|location|residence|ville|lieu|commune|"
    "ville ou lieu|stadt|ort|wohnort|ciudad|localidad|lugar|cidade|città|comune|miasto|"
    "miejscowość|plaats|woonplaats|stad|ort|by|sted|kaupunki|paikkakunta|város|borg|"
    "thành phố|nơi ở|kota|şehir|shahar|город|место|место жительства|місто|қала|шаар|城市|居住地|"
    "地点|所在地|市|都市|市町村|도시|거주지|المدينة|مدينة|شهر|شەھەر|يۇرتى|གྲོང་ཁྱེར|शहर|เมือง|עיר"
)
_KNOWN = _NAME | _GIVEN | _FAMILY | _CITY


@dataclass(frozen=True)
class Columns:
    """Where the name and the city stand, counted from 0."""

    name: int
    city: int
    more: int | None = None  # the second half of the name
    headings: bool = True  # whether the first row is none of the names

    @property
    def needed(self) -> tuple[int, ...]:
        return tuple(index for index in (self.name, self.more, self.city) if index is not None)


def find_columns(first_row: list[str]) -> Columns | None:
    """By their headings; None where they are not known, or not clear."""
    keys = [comparison_key(cell) for cell in first_row]
    found = [
        [index for index, key in enumerate(keys) if key in known]
        for known in (_NAME, _GIVEN, _FAMILY, _CITY)
    ]
    names, given, family, cities = found
    if len(cities) != 1 or max(map(len, found)) > 1:
        return None
    # “Vorname” and “Name”, “Nom” and “Prénom”, “Nombre” and “Apellidos”.
    if len(given) == 1 and len(family + names) == 1:
        return Columns(given[0], cities[0], more=(family + names)[0])
    if names and not given and not family:
        return Columns(names[0], cities[0])
    # “Nome” alone is the whole name.
    if given and not names and not family and keys[given[0]] in _keys("nombre|nome|имя|ім'я"):
        return Columns(given[0], cities[0])
    return None
