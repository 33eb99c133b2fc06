"""Pictures that everybody may see: pixels only, in three widths, named by their content."""

import hashlib
import io
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from campaign_site.translations import Said, Translatable

WIDTHS = (480, 960, 1600)
MAX_BYTES = 15_000_000
MAX_PIXELS = 60_000_000
FORMATS = ("JPEG", "PNG", "WEBP")
TOO_MANY_PIXELS = _("This picture has too many pixels. Please make it smaller.")


def store(upload) -> dict:
    """Keep an upload in MEDIA_ROOT and say where: {"files": {"480": "<hash>.webp", …},
    "width": px, "height": px}. Raises ValidationError as `pixels` does."""
    image = pixels(upload)
    files = {}
    for width in WIDTHS:
        if width > image.width and files:
            break
        files[str(min(width, image.width))] = _write(image, min(width, image.width))
    return {"files": files, "width": image.width, "height": image.height}


def pixels(upload) -> Image.Image:
    """Only them: no EXIF, XMP, ICC or comment survives.

    Raises ValidationError for anything that is not a picture we take.
    """
    if upload.size > MAX_BYTES:
        raise ValidationError(_("This picture is larger than 15 MB. Please choose a smaller one."))
    try:
        with Image.open(upload, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValidationError(TOO_MANY_PIXELS)
            turned = ImageOps.exif_transpose(image)
            copied = Image.new("RGBA", turned.size)
            copied.paste(turned.convert("RGBA"))
    except Image.DecompressionBombError:
        raise ValidationError(TOO_MANY_PIXELS) from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise ValidationError(
            _("This is not a picture that we can read. Please choose a JPEG, PNG or WebP file.")
        ) from None
    return copied


def largest(stored: dict) -> dict:
    """Where the widest copy of a stored picture is, and its size: {"url", "width", "height"}."""
    return _copy(stored, max(map(int, stored["files"])))


def smallest(stored: dict) -> dict:
    return _copy(stored, min(map(int, stored["files"])))


def _copy(stored, width):
    return {
        "url": settings.MEDIA_URL + stored["files"][str(width)],
        "width": width,
        "height": max(1, round(stored["height"] * width / stored["width"])),
    }


def _write(pixels, width):
    height = max(1, round(pixels.height * width / pixels.width))
    spool = io.BytesIO()
    pixels.resize((width, height), Image.Resampling.LANCZOS).save(spool, "WEBP", quality=82)
    content = spool.getvalue()
    name = hashlib.sha256(content).hexdigest()[:40] + ".webp"
    path = settings.MEDIA_ROOT / name
    if not path.exists():
        settings.MEDIA_ROOT.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{uuid4()}")
        unfinished.write_bytes(content)
        unfinished.chmod(0o644)
        unfinished.replace(path)
    return name


class Illustrated(models.Model):
    """A photograph with what must stand beside it: a description and a credit."""

    photo = models.JSONField(_("photo"), null=True, blank=True, editable=False)
    photo_alt = models.CharField(
        _("what the photo shows"),
        max_length=200,
        blank=True,
        help_text=_("For people who cannot see it, for example “Portrait of Marta Ilin, smiling”."),
    )
    photo_credit = models.CharField(
        _("photo credit"),
        max_length=100,
        blank=True,
        help_text=_("Who made it and lets us use it, for example “Photo: Family archive”."),
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=models.Q(photo=None)
                | (~models.Q(photo_alt="") & ~models.Q(photo_credit="")),
                name="%(app_label)s_%(class)s_photo_described",
                violation_error_message=_("A photo needs a description and a credit."),
            )
        ]

    @property
    def picture_to_share(self):
        """What messengers show beside a link: as `largest`, with what it shows; None where none."""
        return largest(self.photo) | {"alt": self.photo_said.text} if self.photo else None

    @property
    def photo_said(self) -> Said:
        """What it shows, and in which language: that of the page, where the row can say it so."""
        if isinstance(self, Translatable):
            return self.say("photo_alt")
        return Said(self.photo_alt, "")

    @property
    def photo_url(self):
        return self._photo_urls()[-1][1] if self.photo else ""

    @property
    def photo_srcset(self):
        return ", ".join(f"{url} {width}w" for width, url in self._photo_urls())

    def _photo_urls(self):
        files = sorted(self.photo["files"].items(), key=lambda item: int(item[0]))
        return [(width, settings.MEDIA_URL + name) for width, name in files]
