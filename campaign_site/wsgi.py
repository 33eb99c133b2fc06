import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaign_site.settings")
application = get_wsgi_application()

from campaign_site.checks import refuse_to_start_unready  # noqa: E402 needs Django set up

refuse_to_start_unready()
