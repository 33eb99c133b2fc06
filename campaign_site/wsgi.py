import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaign_site.settings")
django = get_wsgi_application()

from campaign_site.checks import refuse_to_start_unready  # noqa: E402 needs Django set up
from campaign_site.page_cache import hits_first  # noqa: E402

application = hits_first(django)
refuse_to_start_unready()
