from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from campaign_site.management.by_whom import add_by, member_called
from campaign_site.sealing import KeyProblem
from petitions import retention


class Command(BaseCommand):
    help = "Erase all there is of an e-mail address, under every petition."

    def add_arguments(self, parser):
        parser.add_argument("address", metavar="ADDRESS")
        add_by(parser)

    def handle(self, *args, address, by, **options):
        member = member_called(by, "petitions.forget_signature", "forget people")
        try:
            kept = retention.forget(address, by=member)
        except KeyProblem as problem:
            raise CommandError(f"Nothing can be found: {problem}.") from None
        except ValidationError:
            raise CommandError("This is no e-mail address, such as amina@example.org.") from None
        self.stdout.write(
            f"erased: {kept.signatures} signatures ({kept.listed} of them on a list), "
            f"{kept.attempts} attempts to sign, {kept.mails} mails that waited, "
            f"{kept.letters} names on open letters or requests to join one"
        )
