"""The files of lists: who made which, whether a file is ours, and what changed since it was made."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaign_site import __version__
from campaign_site.models import record
from petitions import delivery_lists, paper
from petitions.delivery_lists import Tally
from petitions.models import ListFile
from petitions.paper import Layout


def stream(delivery, format: str, **options) -> Iterator[bytes]:
    """A file, piece by piece. With its last byte it is in the manifest; one broken off never is,
    but the audit trail has that it was begun."""
    file = begin(delivery, format, **options)
    yield from pieces(file)
    keep(file)


def begin(
    delivery,
    format: str,
    *,
    part: int | None = None,
    layout: Layout | None = None,
    pages: list[int] | None = None,
    by=None,
    why: str = "",
) -> ListFile:
    file = ListFile(
        delivery=delivery,
        format=format,
        part=part,
        layout=(layout or Layout()).key if format == "pdf" else "",
        pages=pages,
        release=__version__,
        made_by=by,
        why=why,
    )
    record("began a file of a list", delivery, by=by, **_details(file))
    return file


def pieces(file: ListFile) -> Iterator[bytes]:
    # Asked before the names are read: who leaves in between is a change too many, never one
    # too few.
    file.gaps = delivery_lists.gaps(file.delivery)
    tally, digest = Tally(), hashlib.sha256()
    options = {"tally": tally}
    if file.format == "pdf":
        options |= {"layout": Layout.of(file.layout), "pages": file.pages}
    for piece in delivery_lists.WRITERS[file.format](file.delivery, file.part, **options):
        digest.update(piece)
        yield piece
    file.sha256, file.names = digest.digest(), tally.names


def keep(file: ListFile) -> None:
    """In the manifest, once its last byte is where it should be."""
    file.save()
    details = _details(file) | {"names": file.names}
    record("made a file of a list", file.delivery, by=file.made_by, **details)


def _details(file):
    return {
        "delivery": file.delivery_id,
        "format": file.format,
        "part": file.part,
        "why": file.why,
    }


def find(file) -> list[ListFile]:
    """Our files with exactly these bytes, newest first."""
    digest = hashlib.file_digest(file, "sha256").digest()
    return list(ListFile.objects.filter(sha256=digest).select_related("delivery", "made_by"))


@dataclass(frozen=True)
class Changed:
    """What left a printed part since; no pages where only its cover tells an older total."""

    part: int
    parts: int
    layout: Layout
    people: int
    pages: list[int]

    @property
    def sentence(self) -> str:
        if not self.pages:
            return _("The cover of part %(part)s tells the total from before.") % {
                "part": self.part
            }
        pages = list(map(str, self.pages))
        if len(pages) > 1:
            pages = _("pages %(pages)s and %(last)s") % {
                "pages": ", ".join(pages[:-1]),
                "last": pages[-1],
            }
        else:
            pages = _("page %(page)s") % {"page": pages[0]}
        if self.parts == 1:
            return ngettext(
                "%(people)s person was removed since you printed the list: %(pages)s.",
                "%(people)s people were removed since you printed the list: %(pages)s.",
                self.people,
            ) % {"people": self.people, "pages": pages}
        return ngettext(
            "%(people)s person was removed since you printed part %(part)s: %(pages)s.",
            "%(people)s people were removed since you printed part %(part)s: %(pages)s.",
            self.people,
        ) % {"people": self.people, "part": self.part, "pages": pages}


def changed_since_printing(delivery) -> list[Changed]:
    """By part, against the PDF that was made of it last, whole or of changed pages."""
    latest = {}
    for file in delivery.files.filter(format="pdf").order_by("made_at", "pk"):
        latest[file.part or 1] = file  # a PDF of the whole is of a list in one part
    now = set(delivery_lists.gaps(delivery)) if latest else set()
    spans = delivery_lists.spans(delivery)
    changes = []
    for number, span in enumerate(spans, 1):
        file = latest.get(number)
        if file is None:
            continue
        everywhere = now - set(file.gaps)
        gone = [line for line in sorted(everywhere) if line in span]
        layout = Layout.of(file.layout)
        starts = delivery_lists.known_page_starts(delivery, layout, number)
        if everywhere and starts:
            pages = paper.pages_of(gone, starts)
            changes.append(Changed(number, len(spans), layout, len(gone), pages))
    return changes
