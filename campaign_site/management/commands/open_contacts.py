from django.core.management.base import BaseCommand, CommandError

from campaign_site import sealing


class Command(BaseCommand):
    help = "Open what export_contacts wrote. Needs no database and no settings, only the key."
    requires_system_checks = []

    def add_arguments(self, parser):
        sealing.add_open_arguments(parser)

    def handle(self, *args, boxes, key, output, **options):
        try:
            number, problems = sealing.open_boxes(key, boxes, output)
        except sealing.BadFile as problem:
            raise CommandError(str(problem)) from None
        self.stderr.write(f"{number} addresses opened", self.style.SUCCESS)
        if problems:
            raise CommandError("\n".join(problems))
