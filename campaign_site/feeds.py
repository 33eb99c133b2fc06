"""What happened, for feed readers. For now: what became of signatures at the door."""

from datetime import datetime, time

from django.contrib.syndication.views import Feed
from django.utils.feedgenerator import Atom1Feed
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _

from campaign_site.models import SiteSettings
from petitions.models import Handover

MOST = 30


class News(Feed):
    feed_type = Atom1Feed

    def title(self):
        return SiteSettings.load().name

    def link(self):
        return "/"

    def subtitle(self):
        return _("What became of your signatures")

    def items(self):
        return Handover.objects.public()[:MOST]

    def item_title(self, handover):
        return handover.delivery.petition.title

    def item_description(self, handover):
        return handover.line

    def item_link(self, handover):
        # A feed reader tells entries apart by their address.
        day = handover.on.isoformat()
        return f"{handover.delivery.petition.get_absolute_url()}#handover-{day}-{handover.outcome}"

    def item_updateddate(self, handover):
        return make_aware(datetime.combine(handover.on, time(12)))

    item_pubdate = item_updateddate
