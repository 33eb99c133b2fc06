"""Photographs and scans that prove an entry: under PRIVATE_ROOT, shown to staff only."""

import hashlib
import time
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404
from django.utils.translation import gettext_lazy as _

from campaign_site import files
from petitions.models import Delivery, LedgerEntry

FOLDER = "evidence"
KEPT = timedelta(days=1)  # what no row names
MAX_BYTES = 15_000_000
# How a file of this kind begins, whatever its name says.
_KINDS = (
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"RIFF", "webp", "image/webp"),
    (b"%PDF-", "pdf", "application/pdf"),
)
CONTENT_TYPES = {ending: content_type for _start, ending, content_type in _KINDS}


def check(upload) -> None:
    """A validator for fields of forms, which store nothing: the form may be refused."""
    if upload.size > MAX_BYTES:
        raise ValidationError(_("This file is larger than 15 MB. Please choose a smaller one."))
    if not _ending(upload):
        raise ValidationError(_("Please choose a photograph (JPEG, PNG, WebP) or a PDF."))


def _ending(upload) -> str:
    upload.seek(0)
    start = upload.read(8)
    return next((ending for begins, ending, _type in _KINDS if start.startswith(begins)), "")


def store(upload) -> str:
    """Keep as it is what was checked, and return its name."""
    ending = _ending(upload)
    upload.seek(0)
    content = upload.read()
    return files.keep(FOLDER, f"{hashlib.sha256(content).hexdigest()}.{ending}", content)


def forget_unnamed() -> int:
    """Delete files that no row names any more, or never did, because saving it failed."""
    old = time.time() - KEPT.total_seconds()
    named = {
        *LedgerEntry.objects.values_list("evidence_file", flat=True),
        *Delivery.objects.values_list("reply_document", flat=True),
    }
    left = [
        file for file in path("").glob("*") if file.name not in named and file.stat().st_mtime < old
    ]
    for file in left:
        file.unlink(missing_ok=True)
    return len(left)


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
