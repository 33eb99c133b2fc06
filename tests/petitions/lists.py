"""Lists for tests about files: many people at once, and what stands in a file of any format."""

import io
import os
import re
import zipfile
from datetime import date

import pypdfium2
import pytest

from campaign_site.names import comparison_key
from petitions import deliveries, fonts
from petitions.models import Signature


def make_list(petition, names_and_cities, **options):
    Signature.objects.bulk_create(
        [
            Signature(
                petition=petition,
                deliver=True,
                name=name,
                city=city,
                name_key=comparison_key(name),
                city_key=comparison_key(city),
                language="en",
                signed_on=date(2026, 1, 1),
            )
            for name, city in names_and_cities
        ],
        batch_size=2_000,
    )
    return deliveries.prepare(petition, petition.targets.get().government, **options)


def readable(content: bytes) -> str:
    """The text of a file of any format, with what the file says about itself."""
    if content.startswith(b"%PDF"):
        about = re.sub(rb"(?s)stream\r?\n.*?endstream", b"", content).decode("latin-1")
        return "\n".join([about, *pdf_text(content)])
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "\n".join(
                f"{entry} {entry.comment}" + archive.read(entry).decode("utf-8", "replace")
                for entry in archive.infolist()
            )
    return content.decode()


def pdf_text(content: bytes) -> list[str]:
    """Of each page, without what only says where a line may break."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [page.get_textpage().get_text_range().replace("\u200b", "") for page in document]
    finally:
        document.close()


def need_system_fonts():
    """Chinese and Tibetan: skipped aloud without Debian's fonts, and failed in CI."""
    try:
        fonts.choose(set("王བ"), "en")
    except fonts.MissingFont as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
