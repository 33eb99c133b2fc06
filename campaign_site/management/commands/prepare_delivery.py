from django.core.management.base import BaseCommand, CommandError

from campaign_site.management.by_whom import add_by, member_called
from petitions import deliveries
from petitions.models import Petition, Target


class Command(BaseCommand):
    help = "Take everybody who is ready onto a new list for one government."

    def add_arguments(self, parser):
        parser.add_argument("petition", help="slug of the petition")
        parser.add_argument("government", help="slug of the government")
        add_by(parser)
        parser.add_argument(
            "--hide-small-places",
            action="store_true",
            help="list names of places with fewer than five names under “Other places”",
        )

    def handle(self, *args, petition, government, by, hide_small_places, **options):
        member = member_called(by, "petitions.add_delivery", "prepare lists")
        found = Petition.objects.filter(slug=petition).first()
        if found is None:
            raise CommandError(f"There is no petition {petition}.")
        target = found.targets.filter(government__slug=government).first()
        if target is None:
            raise CommandError(f"The petition {petition} is not addressed to {government}.")
        try:
            delivery = deliveries.prepare(
                found, target.government, by=member, hide_small_places=hide_small_places
            )
        except deliveries.NothingToDeliver:
            raise CommandError("Nobody new is ready: no list was made.") from None
        except deliveries.NoAddressee:
            raise CommandError(f"{target.government} has no addressee yet.") from None
        except Target.DoesNotExist:
            raise CommandError("The petition was changed meanwhile.") from None
        self.stdout.write(
            f"delivery {delivery.pk}: {delivery.names} names, {delivery.unnamed} asked not to be "
            f"named, {delivery.held} wait for review"
        )
