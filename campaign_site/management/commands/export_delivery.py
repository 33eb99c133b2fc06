import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from campaign_site.management.by_whom import add_by, member_called
from petitions import delivery_lists, manifest, paper
from petitions.fonts import MissingFont
from petitions.models import Delivery

ON_PAPER = ("pdf", "html")


class Command(BaseCommand):
    help = (
        "Write the list of a delivery to a file that only you may read; on paper in several "
        "parts, to a folder."
    )

    def add_arguments(self, parser):
        parser.add_argument("delivery", type=int, metavar="ID")
        parser.add_argument("--format", choices=sorted(delivery_lists.WRITERS), required=True)
        parser.add_argument("--output", type=Path, required=True)
        parser.add_argument("--part", type=int, help="this part only")
        parser.add_argument("--paper", choices=sorted(paper.PAPERS), default="a4")
        parser.add_argument("--columns", type=int, choices=sorted(paper.DENSITIES), default=2)
        parser.add_argument("--why", default="", help="for the manifest and the audit trail")
        add_by(parser)

    def handle(self, *args, delivery, format, output, part, by, **options):
        member = member_called(by, "petitions.download_delivery", "download lists")
        found = Delivery.objects.filter(pk=delivery).first()
        if found is None:
            raise CommandError(f"There is no delivery {delivery}.")
        if found.is_cancelled:
            raise CommandError(f"Delivery {delivery} was cancelled: its list is gone.")
        if not found.rows.exists():
            raise CommandError(
                f"The names of delivery {delivery} were erased: their time was over."
            )
        parts = delivery_lists.volumes(found)
        if part is not None and not 1 <= part <= parts:
            raise CommandError(f"It has {parts} parts.")
        if delivery_lists.has_unsafe_row(found):
            raise CommandError("A name begins like a formula: nothing was written.")
        about = {
            "layout": paper.Layout(options.get("paper", "a4"), options.get("columns", 2)),
            "by": member,
            "why": options.get("why", ""),
        }
        try:
            if format in ON_PAPER and part is None and parts > 1:
                written = _write_parts(output, found, format, parts, **about)
            else:
                pieces = manifest.stream(found, format, part=part, **about)
                written = {output: _write(output, pieces)}
        except OSError as error:
            raise CommandError(f"Cannot write there: {error.strerror}.") from None
        except delivery_lists.UnsafeRow:
            raise CommandError("A name begins like a formula: nothing was written.") from None
        except (MissingFont, paper.CannotPrint) as error:
            raise CommandError(str(error)) from None
        for file, size in written.items():
            self.stdout.write(f"{size} bytes written to {file}")


def _write_parts(folder: Path, delivery, format, parts, **options) -> dict[Path, int]:
    """All of them or none, and as many at a time as there are processors."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix="unfinished-") as unfinished:

        def make(number):
            file = manifest.begin(delivery, format, part=number, **options)
            output = Path(unfinished, f"part-{number:03}.{format}")
            try:
                return file, output, _write(output, manifest.pieces(file))
            except (MissingFont, paper.CannotPrint) as error:
                raise CommandError(f"Part {number}: {error} Nothing was written.") from None
            finally:
                connection.close()  # the thread's own

        with ThreadPoolExecutor(paper.processors()) as pool:
            made = list(pool.map(make, range(1, parts + 1)))
        with transaction.atomic():
            for file, output, _size in made:
                manifest.keep(file)
                output.rename(folder / output.name)
    return {folder / output.name: size for _file, output, size in made}


def _write(output: Path, pieces) -> int:
    """All of it or nothing."""
    unfinished = output.with_name(output.name + ".part")
    try:
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            size = sum(map(file.write, pieces))
        unfinished.rename(output)
    finally:
        unfinished.unlink(missing_ok=True)
    return size
