"""Files for everybody to download: PDFs and pictures, looked into before they are kept.

They lie under PRIVATE_ROOT, named by their content, and leave it as downloads that no browser
runs anything of (`serve`); whoever calls that has made sure that a public page shows the file.
"""

import contextlib
import hashlib
import io
import re
import zlib
from collections import defaultdict
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404
from django.utils.translation import gettext_lazy as _

from campaign_site import pictures

MAX_BYTES = 20_000_000
CONTENT_TYPES = {"pdf": "application/pdf", "jpg": "image/jpeg", "png": "image/png"}
# What the name of a file says it is; what it is must agree.
_CLAIMS = {"pdf": {"pdf"}, "jpg": {"jpg", "jpeg", "jpe"}, "png": {"png"}, "webp": {"webp"}}
_BEGINS = (("pdf", b"%PDF-"), ("jpg", b"\xff\xd8\xff"), ("png", b"\x89PNG\r\n\x1a\n"))
_PDF = re.compile(rb"%PDF-(?:1\.[0-7]|2\.0)[\r\n]")
_STREAM = re.compile(rb"\bstream\r?\n(.*?)endstream\b", re.DOTALL)
_PDF_END = re.compile(rb"startxref\s+\d+\s+%%EOF\s*\Z")
# What a PDF may do by itself, send away, open elsewhere, or carry along.
_ACTIVE = re.compile(
    rb"/(?:AA|JavaScript|JS|Launch|SubmitForm|ImportData|GoTo[RE]|EmbeddedFiles?|RichMedia|XFA)\b"
)
_OBJECT = re.compile(rb"(?<!\d)(\d++)\s++\d++\s++obj\b")
_OPENS = re.compile(rb"/OpenAction\b\s*+(?:(\d++)\s++\d++\s++R\b)?")
# With which page a PDF opens: so many do, and it leads nowhere else.
_PAGE = re.compile(rb"\s*(?:\[[^]()<>%]{0,500}\]|<<(?:[^()<>%]|\([\w .:-]{0,99}\)){0,500}>>)")
_PAGE_NAMES = frozenset(b"Type Action S GoTo D SD XYZ Fit FitH FitV FitR FitB FitBH FitBV".split())

NEITHER = _("This is neither a PDF nor a picture (JPEG, PNG or WebP). Please choose another file.")


def keep(folder: str, name: str, content: bytes) -> str:
    place = path(folder, name)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write(place, content)
    return name


def write(place: Path, content: bytes) -> None:
    """Whole or not at all, for nobody but this server to read, however many write it at once."""
    unfinished = place.with_suffix(f".{uuid4()}")
    unfinished.touch(mode=0o600)
    unfinished.write_bytes(content)
    unfinished.replace(place)


def path(folder: str, name: str) -> Path:
    return settings.PRIVATE_ROOT / folder / name


def store(folder: str, upload) -> dict:
    """Keep an upload and say what it is: {"name": "<hash>.pdf", "bytes": 12345}. Of a picture only
    the pixels are kept. Raises ValidationError for everything that is not what it claims."""
    if upload.size > MAX_BYTES:
        raise ValidationError(_("This file is larger than 20 MB. Please choose a smaller one."))
    upload.seek(0)
    content = upload.read()
    kind = _kind(content)
    said = Path(upload.name or "").suffix.lstrip(".").lower()
    if kind is None or said not in _CLAIMS[kind]:
        raise ValidationError(NEITHER)
    if kind == "pdf":
        _check_pdf(content)
    else:
        kind, content = _picture(upload, kind)
    name = f"{hashlib.sha256(content).hexdigest()[:40]}.{kind}"
    return {"name": keep(folder, name, content), "bytes": len(content)}


def _kind(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "webp"
    return next((kind for kind, start in _BEGINS if content.startswith(start)), None)


def _check_pdf(content: bytes) -> None:
    """Begins and ends as a PDF, so that it is nothing else, too; and does nothing by itself.

    It is read as text, its compressed objects, too. A link that somebody presses is let be. Not
    seen is what is encrypted, compressed in another way than by Flate, or hidden in the data of
    pages."""
    if not _PDF.match(content) or not _PDF_END.search(content[-2048:]):
        raise ValidationError(
            _("This PDF is broken, or something else is hidden in it. Please save it as a new PDF.")
        )
    # A name may be written with the codes of its letters: /#4AavaScript.
    objects = re.sub(
        rb"#([0-9A-Fa-f]{2})", lambda code: bytes.fromhex(code[1].decode()), _objects(content)
    )
    if _ACTIVE.search(objects) or not all(_shows_a_page(objects, at) for at in _opens(objects)):
        raise ValidationError(
            _(
                "This PDF does something by itself, or carries a program, a form or another file "
                "in it. Please print it as a new PDF and choose that."
            )
        )


def _opens(objects: bytes) -> set[int]:
    """Where it says what is done when it is opened; -1 where that is not to be found."""
    begins = defaultdict(set)
    for found in _OBJECT.finditer(objects):
        begins[found[1].lstrip(b"0")].add(found.end())
    places = set()
    for found in _OPENS.finditer(objects):
        number = found[1]
        places |= begins.get(number.lstrip(b"0"), {-1}) if number else {found.end()}
    return places


def _shows_a_page(objects: bytes, at: int) -> bool:
    found = _PAGE.match(objects, at) if at >= 0 else None
    return bool(found) and _PAGE_NAMES.issuperset(re.findall(rb"/(\w*)", found[0]))


def _objects(content: bytes) -> bytes:
    """All but the data of pages and pictures, in which any letters may stand by chance."""
    found, end = [], 0
    for stream in _STREAM.finditer(content):
        found.append(content[end : stream.start()])
        if b"/ObjStm" in found[-1][-500:]:
            with contextlib.suppress(zlib.error):
                together = zlib.decompressobj().decompress(stream[1], MAX_BYTES)
                found += [together, *_apart(together, found[-1][-500:])]
        end = stream.end()
    return b"\n".join([*found, content[end:]])


def _apart(together: bytes, says: bytes) -> list[bytes]:
    """The objects of a stream, each with its number as it would stand outside of one."""
    first = re.search(rb"/First\s+(\d{1,9})", says)
    numbers = re.findall(rb"\d{1,9}", together[: int(first[1])]) if first else []
    pairs = zip(numbers[::2], numbers[1::2], strict=False)
    begins = sorted((int(first[1]) + int(at), number) for number, at in pairs)
    ends = [*(at for at, _number in begins[1:]), len(together)]
    return [
        b"%b 0 obj %b" % (number, together[at:end])
        for (at, number), end in zip(begins, ends, strict=False)
    ]


def _picture(upload, kind) -> tuple[str, bytes]:
    """Copied pixel by pixel: no place, no camera, no name, and nothing behind the picture."""
    pixels = pictures.pixels(upload)
    spool = io.BytesIO()
    if kind == "jpg":
        pixels.convert("RGB").save(spool, "JPEG", quality=88)
        return "jpg", spool.getvalue()
    pixels.save(spool, "PNG")
    return "png", spool.getvalue()


def serve(folder: str, name: str, called: str) -> FileResponse:
    """As a download called so, whatever a browser would like to do with it. Raises Http404."""
    ending = name.rpartition(".")[2]
    try:
        content = path(folder, name).open("rb")
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(
        content,
        as_attachment=True,
        filename=f"{called}.{ending}",
        content_type=CONTENT_TYPES[ending],
        headers={"Content-Security-Policy": "sandbox; default-src 'none'"},
    )
