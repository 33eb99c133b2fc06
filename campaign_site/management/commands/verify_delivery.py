from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from petitions import manifest


class Command(BaseCommand):
    help = "Say whether a file is one of our lists, unaltered. Exit code 1 where it is not."

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, metavar="FILE")

    def handle(self, *args, file, **options):
        try:
            with open(file, "rb") as content:
                found = manifest.find(content)
        except OSError as error:
            raise CommandError(f"Cannot read {file}: {error.strerror}.") from None
        if not found:
            raise CommandError("This file is none of ours, or it was altered.")
        for made in found:
            part = f"part {made.part}" if made.part else "the whole list"
            if made.pages:
                part += f", pages {', '.join(map(str, made.pages))} only"
            self.stdout.write(
                f"Ours, unaltered: delivery {made.delivery_id} ({made.delivery}), {made.format}, "
                f"{part}, {made.names} names, made {made.made_at:%Y-%m-%d %H:%M} UTC "
                f"with release {made.release}"
            )
