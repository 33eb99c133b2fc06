"""Photographs and scans that prove an entry: under PRIVATE_ROOT, shown to staff only."""

import hashlib

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404
from django.utils.translation import gettext_lazy as _

from campaign_site import files

FOLDER = "evidence"
MAX_BYTES = 15_000_000
# How a file of this kind begins, whatever its name says.
_KINDS = (
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"RIFF", "webp", "image/webp"),
    (b"%PDF-", "pdf", "application/pdf"),
)
CONTENT_TYPES = {ending: content_type for _start, ending, content_type in _KINDS}


def store(upload) -> str:
    """Keep it as it is and return its name. Raises ValidationError."""
    if upload.size > MAX_BYTES:
        raise ValidationError(_("This file is larger than 15 MB. Please choose a smaller one."))
    upload.seek(0)
    content = upload.read()
    endings = [ending for start, ending, _type in _KINDS if content.startswith(start)]
    if not endings:
        raise ValidationError(_("Please choose a photograph (JPEG, PNG, WebP) or a PDF."))
    name = f"{hashlib.sha256(content).hexdigest()}.{endings[0]}"
    return files.keep(FOLDER, name, content)


def path(name: str):
    return files.path(FOLDER, name)


def download(name: str, called: str) -> FileResponse:
    """Send it as a file called so. Raises Http404 where there is none."""
    ending = name.rpartition(".")[2]
    try:
        content = path(name or "none").open("rb")
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(
        content,
        as_attachment=True,
        filename=f"{called}.{ending}",
        content_type=CONTENT_TYPES[ending],
        headers={"Cache-Control": "no-store"},
    )
