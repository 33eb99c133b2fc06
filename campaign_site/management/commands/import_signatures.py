import tempfile
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localdate

from campaign_site.management.by_whom import add_by, member_called
from campaign_site.models import HeldWord
from campaign_site.partial_dates import NotADate, parse_typed
from petitions import batches, imports, tables
from petitions.models import PaperBatch, Petition


class Command(BaseCommand):
    help = "Count the names in a CSV or XLSX file that were collected on paper: all, or none."

    def add_arguments(self, parser):
        parser.add_argument("petition", help="slug of the petition")
        parser.add_argument("file", type=Path, help="CSV or XLSX")
        parser.add_argument("--dry-run", action="store_true", help="check it, count nothing")
        parser.add_argument("--source", help="where they signed (the name of the file)")
        parser.add_argument("--date", help="when they signed, such as “3 May 2026” (today)")
        parser.add_argument("--evidence", help="where the paper is (the name of the file)")
        parser.add_argument("--name-column", type=int, metavar="N", help="counted from 1")
        parser.add_argument("--more-column", type=int, metavar="N", help="second half of the name")
        parser.add_argument("--city-column", type=int, metavar="N", help="counted from 1")
        parser.add_argument(
            "--no-headings", action="store_true", help="the first row is a name already"
        )
        add_by(parser)

    def handle(self, *args, petition, file, dry_run, **options):
        member = member_called(options["by"], "petitions.add_paperbatch", "import signatures")
        found = Petition.objects.filter(slug=petition).first()
        if found is None:
            raise CommandError(f"There is no petition {petition}.")
        if not file.exists():
            raise CommandError(f"There is no file {file}.")
        try:
            date = parse_typed(options["date"] or localdate().isoformat())
        except NotADate as error:
            raise CommandError(error.messages[0]) from None
        settings.PRIVATE_ROOT.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=settings.PRIVATE_ROOT) as folder:
            spool = Path(folder) / "rows.csv"
            report = self.check(file, spool, options)
            self.stdout.write(f"{report.names} names, {report.held} of them wait for review")
            if dry_run:
                self.stdout.write("Nothing was counted: this was a dry run.")
                return
            batch = PaperBatch(
                petition=found,
                source=options["source"] or file.name,
                date=date,
                evidence=options["evidence"] or f"Imported from {file.name}",
                quantity=report.names,
                content=bytes.fromhex(report.content),
            )
            try:
                batches.count(batch, imports.read_spool(spool), by=member, how="imported")
            except batches.Refused as refusal:
                raise CommandError(str(batches.REFUSALS[type(refusal)])) from None
        self.stdout.write(f"batch {batch.pk}: {batch.quantity} names are counted")

    def check(self, file, spool, options):
        try:
            with spool.open("w", encoding="utf-8", newline="") as rows:
                report = imports.check(
                    file, self.columns(file, options), rows, HeldWord.objects.words(), self.tell
                )
        except tables.Unreadable as refusal:
            raise CommandError(f"{refusal} Nothing was counted.") from None
        for row, column, reason in report.problems:
            self.stderr.write(f"row {row}, column {column or '-'}: {reason}")
        for row, earlier in report.repeats:
            self.stdout.write(f"row {row} says the same as row {earlier}")
        if not report.is_good:
            raise CommandError(f"{report.problem_count} rows have mistakes. Nothing was counted.")
        return report

    def tell(self, read):
        if read and read % 100_000 == 0:
            self.stdout.write(f"{read} rows read")

    def columns(self, file, options):
        if options["name_column"] and options["city_column"]:
            more = options["more_column"]
            return tables.Columns(
                options["name_column"] - 1,
                options["city_column"] - 1,
                more - 1 if more else None,
                headings=not options["no_headings"],
            )
        found = tables.find_columns(tables.first_rows(file, 1)[0])
        if found is None:
            raise CommandError(
                "Which columns hold name and city? Say it by --name-column N --city-column N."
            )
        return found
