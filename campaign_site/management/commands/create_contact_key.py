from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import localdate

from campaign_site import contact_keys, sealing
from campaign_site.management.by_whom import add_by, member_called


class Command(BaseCommand):
    help = (
        "Make the key to which addresses are sealed of people who ask for updates. The private "
        "half is written once, to FILE; no server keeps it."
    )

    def add_arguments(self, parser):
        parser.add_argument("--output", metavar="FILE", type=Path, required=True)
        parser.add_argument("--label", help="a name for it, for example “Spring 2026”")
        add_by(parser)

    def handle(self, *args, output, label, by, **options):
        member = member_called(by, "campaign_site.change_contactkey", "make contact keys")
        label = " ".join((label or f"Key of {localdate().isoformat()}").split())[:100]
        try:
            key = contact_keys.create(output, label=label, by=member)
        except FileExistsError:
            raise CommandError(f"{output} is there already: choose another name.") from None
        except OSError as error:
            raise CommandError(f"Cannot write {output}: {error.strerror}.") from None
        except (contact_keys.KeyFailed, sealing.BadFile):
            raise CommandError(
                "What was written does not open a test box, or somebody else is making a key "
                "just now. No key was made; the one before is still used."
            ) from None
        self.stdout.write(
            f"contact key {key.identifier}: its private half in {output} opened a test box.\n"
            "The form of every petition now offers updates.\n"
            f"Move {output} to a computer that is not connected, keep a second copy in a safe "
            "place, and delete it here. Without it the addresses are lost for ever."
        )
