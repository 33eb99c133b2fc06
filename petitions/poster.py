"""A poster of a petition, A4 or Letter: who, what is asked, and a code that leads to the page.

Anybody may ask for it, so each is set once and kept under PRIVATE_ROOT by a digest of all that
stands on it; one is set at a time, and one that cannot be set is not tried again for a while.
"""

import hashlib
import io
import json
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
from petitions import kept_files
from petitions.paper import HERE, PAPERS, Workshop, directed

SECONDS = 30
# The photo at its largest, in mm.
CROP = {"a4": (180, 112), "letter": (185.9, 98)}
PIXELS_WIDE = 1600  # 220 to the inch
# In letters: what can be read from some steps away. The page has all of it.
SUMMARY, ASK = 420, 240
QUIET = 4  # white around a code, in its squares: what cameras need


class PosterWorkshop(Workshop):
    template = HERE / "poster.typ"
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
    """The PDF. Raises kept_files.NotNow."""
    with translation.override(languages.of_interface(petition.language).code):
        document = _document(petition, paper)
    code = code_of(address_of(petition), border=0)
    photo = _photo(petition)
    document["photo"] = photo is not None
    inputs = hashlib.sha256(json.dumps(document, sort_keys=True).encode())
    for piece in (PosterWorkshop.template.read_bytes(), code, str(photo).encode()):
        inputs.update(hashlib.sha256(piece).digest())
    return kept_files.kept(
        "posters",
        f"{petition.pk}-{paper}",
        inputs.hexdigest(),
        lambda: _set(document, code, photo),
    )


def _set(document, code, photo) -> bytes:
    with PosterWorkshop() as workshop:
        (workshop.folder / "code.svg").write_bytes(code)
        if photo:
            (workshop.folder / "photo.jpg").write_bytes(_cropped(photo, document["crop"]))
        workshop.set("make", document)
        return b"".join(workshop.made())


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
