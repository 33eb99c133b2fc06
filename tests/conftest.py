import pytest
from django.core import mail

from campaign_site import middleware, throttle
from tests import factories


@pytest.fixture(autouse=True)
def nothing_remembered(settings):
    """Each test starts like a freshly started server that sends its mails to `mail.outbox`."""
    settings.MAIL_TRANSPORT = {"EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend"}
    settings.EMAIL_BACKEND = "campaign_site.outbox.EmailBackend"
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    middleware.cache.forget()
    for limit in (throttle.SIGNING, throttle.FINDING, throttle.CODES):
        limit.forget()
    mail.outbox = []


@pytest.fixture
def petition(db):
    return factories.make_petition()
