from django.core.management.base import BaseCommand

from campaign_site import searching


class Command(BaseCommand):
    help = "Prove from the rows what each page is found by, and mend it where it is off."

    def handle(self, *args, **options):
        self.stdout.write(f"{searching.reindex()} rows could not be found by all they say; mended")
