from django.core.management.base import BaseCommand, CommandError

from petitions import retention
from petitions.models import Petition


class Command(BaseCommand):
    help = "Erase signatures whose time is over: 90 days after the end, at most two years in all."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="say how many, erase nothing")

    def handle(self, *args, dry_run, **options):
        if dry_run:
            rows = {
                petition.slug: retention.due(petition).count()
                for petition in Petition.objects.order_by("slug")
            }
            done = retention.Purged(rows, [])
        else:
            done = retention.purge_all()
        for slug, number in done.rows.items():
            if number:
                self.stdout.write(f"{slug}: {number} signatures")
        verb = "would be erased" if dry_run else "erased"
        self.stdout.write(f"{sum(done.rows.values())} signatures {verb}")
        if done.failed:
            raise CommandError(f"It failed for {', '.join(done.failed)}; nothing is lost there.")
