from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from campaign_site.management.by_whom import add_by, member_called
from campaigns import subscriptions


class Command(BaseCommand):
    help = (
        "Write the sealed addresses that nobody was given yet, each once. Only open_contacts "
        "with the private contact key can read them."
    )

    def add_arguments(self, parser):
        parser.add_argument("--output", metavar="FILE", type=Path, required=True)
        parser.add_argument(
            "--again", action="store_true", help="also those that were given already"
        )
        add_by(parser)

    def handle(self, *args, output, again, by, **options):
        member = member_called(by, "campaign_site.change_contactkey", "export contacts")
        try:
            number = subscriptions.export(output, again=again, by=member)
        except subscriptions.NothingToExport:
            raise CommandError("Nobody new asked for updates: no file was made.") from None
        except FileExistsError:
            raise CommandError(
                f"{output} is there already: choose another name. Nothing was exported."
            ) from None
        except OSError as error:
            raise CommandError(
                f"Cannot write {output}: {error.strerror}. Nothing was exported."
            ) from None
        self.stdout.write(f"{number} sealed addresses written to {output}")
