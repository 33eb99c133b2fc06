from django.conf import settings
from django.utils import translation

from campaign_site import outbox
from campaign_site.models import SiteSettings


def site(request):
    """What every page shows: who hosts it, in which language and direction, and if it is a demo."""
    return {
        "site": SiteSettings.load(),
        "demo": settings.DEMO,
        "lang": translation.get_language(),
        "dir": "rtl" if translation.get_language_bidi() else "ltr",
        "languages": settings.LANGUAGES,
        "site_url": settings.SITE_URL,
        "sender": outbox.sender,  # asked only where a page names it
    }
