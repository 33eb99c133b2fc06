from django.conf import settings

from campaign_site import languages, letters, outbox
from campaign_site.models import SiteSettings


def site(request):
    """What every page shows: who hosts it, in which language and direction, and if it is a demo."""
    return {
        "site": SiteSettings.load(),
        "demo": settings.DEMO,
        "lang": languages.of_interface().code,
        "dir": languages.of_interface().direction,
        "script": letters.script_of(languages.of_interface().code),
        "site_url": settings.SITE_URL,
        "sender": outbox.sender,  # asked only where a page names it
    }
