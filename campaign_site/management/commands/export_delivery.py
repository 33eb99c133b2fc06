import os
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from campaign_site.models import record
from petitions import delivery_lists
from petitions.models import Delivery


class Command(BaseCommand):
    help = "Write the list of a delivery to a file that only you may read."

    def add_arguments(self, parser):
        parser.add_argument("delivery", type=int, metavar="ID")
        parser.add_argument("--format", choices=sorted(delivery_lists.WRITERS), required=True)
        parser.add_argument("--output", type=Path, required=True)
        parser.add_argument("--part", type=int, help="one volume of 5,000 names only")

    def handle(self, *args, delivery, format, output, part, **options):
        found = Delivery.objects.filter(pk=delivery).first()
        if found is None:
            raise CommandError(f"There is no delivery {delivery}.")
        if found.is_cancelled:
            raise CommandError(f"Delivery {delivery} was cancelled: its list is gone.")
        if not found.rows.exists():
            raise CommandError(
                f"The names of delivery {delivery} were erased: their time was over."
            )
        if part is not None and not 1 <= part <= delivery_lists.volumes(found):
            raise CommandError(f"It has {delivery_lists.volumes(found)} parts.")
        unfinished = output.with_name(output.name + ".part")
        try:
            with open(
                os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
            ) as file:
                size = sum(map(file.write, delivery_lists.WRITERS[format](found, part)))
            unfinished.rename(output)
        except OSError as error:
            raise CommandError(f"Cannot write there: {error.strerror}.") from None
        except delivery_lists.UnsafeRow:
            unfinished.unlink()
            raise CommandError("A name begins like a formula: nothing was written.") from None
        record("made a file of a list", found, delivery=found.pk, format=format, part=part)
        self.stdout.write(f"{size} bytes written to {output}")
