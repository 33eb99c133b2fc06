from django.core.management.base import BaseCommand

from petitions import counting
from petitions.models import Petition


class Command(BaseCommand):
    help = "Prove every stored count from the rows, and mend it where it is off."

    def handle(self, *args, **options):
        petitions = drifted = 0
        for petition in Petition.objects.order_by("slug"):
            drift = counting.recount(petition)
            petitions += 1
            if drift:
                drifted += 1
                self.stdout.write(
                    f"{petition.slug}: was off by {drift.confirmed} confirmed and {drift.ledger} "
                    "in the ledger; mended"
                )
        self.stdout.write(f"{petitions} petitions recounted, {drifted} had drifted")
