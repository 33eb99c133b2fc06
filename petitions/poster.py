"""A poster of a petition, A4 or Letter: who, what is asked, and a code that leads to the page.

Anybody may ask for it, so each is set once and kept under PRIVATE_ROOT by a digest of all that
stands on it; one is set at a time, and one that cannot be set is not tried again for a while.
"""

import fcntl
import hashlib
import io
import json
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import segno
from django.conf import settings
from django.utils import translation
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from campaign_site import languages
from campaign_site.models import SiteSettings
from campaign_site.pictures import largest
from petitions.fonts import MissingFont
from petitions.paper import HERE, PAPERS, CannotPrint, Workshop, directed

SECONDS = 30
TRY_AGAIN = 60 * 60  # seconds
# The photo at its largest, in mm.
CROP = {"a4": (180, 112), "letter": (185.9, 98)}
PIXELS_WIDE = 1600  # 220 to the inch
# In letters: what can be read from some steps away. The page has all of it.
SUMMARY, ASK = 420, 240
QUIET = 4  # white around a code, in its squares: what cameras need


class NotNow(Exception):
    """Another poster is being set just now, or this one could not be set a while ago."""


class PosterWorkshop(Workshop):
    template = "poster.typ"
    seconds = SECONDS


def address_of(petition) -> str:
    with translation.override(languages.of_interface(petition.language).code):
        return settings.SITE_URL + petition.get_absolute_url()


def code_of(address: str, *, border: int) -> bytes:
    """The QR code of an address, as SVG."""
    drawing = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        drawing, kind="svg", omitsize=True, border=border, svgclass=None, lineclass=None
    )
    return drawing.getvalue()


def poster(petition, paper: str) -> Path:
    """The PDF. Raises NotNow."""
    with translation.override(languages.of_interface(petition.language).code):
        document = _document(petition, paper)
    code = code_of(address_of(petition), border=0)
    photo = _photo(petition)
    document["photo"] = photo is not None
    inputs = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    for piece in ((HERE / PosterWorkshop.template).read_bytes(), code, str(photo).encode()):
        inputs.update(hashlib.sha256(piece).digest())
    kept = _shelf() / f"{petition.pk}-{paper}-{inputs.hexdigest()[:40]}.pdf"
    if not _is_there(kept):
        with _one_at_a_time():
            if not _is_there(kept):
                for old in _shelf().glob(f"{petition.pk}-{paper}-*.pdf"):
                    old.unlink(missing_ok=True)
                _set(document, code, photo, kept)
    if not kept.stat().st_size:
        raise NotNow
    return kept


def _shelf():
    folder = Path(settings.PRIVATE_ROOT) / "posters"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _is_there(kept):
    """A poster that could not be set leaves an empty file for as long as nobody tries again."""
    try:
        found = kept.stat()
    except FileNotFoundError:
        return False
    return found.st_size > 0 or time.time() - found.st_mtime < TRY_AGAIN


@contextmanager
def _one_at_a_time():
    """Over all processes: whoever comes meanwhile is not kept waiting, which would take a thread."""
    with open(_shelf() / "lock", "wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotNow from None
        yield


def _set(document, code, photo, kept):
    unfinished = kept.with_suffix(".unfinished")
    content = b""
    with suppress(CannotPrint, MissingFont), PosterWorkshop() as workshop:
        (workshop.folder / "code.svg").write_bytes(code)
        if photo:
            (workshop.folder / "photo.jpg").write_bytes(_cropped(photo, document["crop"]))
        workshop.set("make", document)
        content = b"".join(workshop.made())
    unfinished.write_bytes(content)
    unfinished.replace(kept)


def _photo(petition):
    file = petition.photo and settings.MEDIA_ROOT / Path(largest(petition.photo)["url"]).name
    return file if file and file.is_file() else None


def _cropped(file, crop):
    """As on the page: a face is in the upper part, so more is cut off below than above."""
    with Image.open(file) as image:
        ground = Image.new("RGB", image.size, "white")
        rgba = image.convert("RGBA")
        ground.paste(rgba, mask=rgba)
    wide = min(PIXELS_WIDE, ground.width)
    fitted = ImageOps.fit(ground, (wide, round(wide * crop[1] / crop[0])), centering=(0.5, 0.18))
    spool = io.BytesIO()
    fitted.save(spool, "JPEG", quality=88)
    return spool.getvalue()


def _document(petition, paper) -> dict:
    site = SiteSettings.load()
    title = directed(petition.title)
    return {
        "paper": PAPERS[paper],
        "crop": CROP[paper],
        "language": petition.language,
        "lang": translation.get_language().partition("-")[0],
        "rtl": title["rtl"],
        "accent": site.accent,
        "title": title,
        "summary": directed(Truncator(petition.summary).chars(SUMMARY)),
        "to": directed(_("We ask the %(governments)s:") % {"governments": petition.recipients}),
        "ask": directed(Truncator(petition.demands[0]).chars(ASK)),
        "call": directed(_("Add your name")),
        "how": directed(_("Point the camera of your phone at the code, or type:")),
        "address": directed(address_of(petition).partition("://")[2].rstrip("/")),
        "promise": directed(petition.promise),
        "host": directed(site.name),
        "credit": directed(petition.photo_credit),
    }
