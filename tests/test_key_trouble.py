"""SIGNER_KEY is missing, malformed or not the one of this database."""

import base64

import pytest
from django.core import mail

from campaign_site import keys, outbox
from campaign_site.management.commands.worker import WRITERS
from campaign_site.models import KeyFingerprint, OutboxMessage
from petitions.models import PendingSignature, Signature
from tests import factories
from tests.visitors import path_in, personal, post_sign, press

pytestmark = pytest.mark.django_db

OTHER = base64.urlsafe_b64encode(b"another key of thirty-two bytes!").decode()
BROKEN = ["", "short", "é" * 43, "*" * 43, "A" * 400, OTHER]


@pytest.fixture
def settled(client, petition):
    """A petition that somebody signed under the right key."""
    # What was proved in another test is not in this one's database.
    keys._proved.clear()
    form = {"name": "Amina", "city": "Lund", "email": "before@example.org"}
    assert post_sign(client, petition, **form).status_code == 303
    keys.require_signer_key()
    yield petition
    keys._proved.clear()


@pytest.mark.parametrize("key", BROKEN)
def test_nothing_is_recorded_and_visitors_read_so(client, settled, settings, key):
    """Promise 8: never a plain text instead; 503, an honest page, and the rows are as before."""
    row = PendingSignature.objects.get()
    link = personal(row)
    typed = {"name": "Amina", "city": "Lund", "email": "after@example.org", "form_token": "0"}
    mails = OutboxMessage.objects.count()
    settings.SIGNER_KEY = key
    keys._proved.clear()
    answers = [
        client.post(path_in("en", "petitions:sign", settled.slug), typed),
        client.post("/signatures/find/", {"email": "after@example.org"}),
        press(client, link, "confirm", petition=settled, is_me="yes", name="Amina", city="Lund"),
        client.post("/code/", {"code": "AAAAAAAAAA"}),
    ]
    for answer in (*answers, client.get(link)):
        assert answer.status_code == 503
        assert answer["Retry-After"]
        assert "ot recorded" in answer.content.decode()
    assert PendingSignature.objects.count() == 1
    assert not Signature.objects.exists()
    assert OutboxMessage.objects.count() == mails
    assert client.get("/readyz").status_code == 503


@pytest.mark.parametrize("key", BROKEN)
def test_staff_see_why(client, settled, settings, key):
    client.force_login(factories.make_member("administrator"))
    assert "SIGNER_KEY" not in client.get("/admin/").content.decode()
    settings.SIGNER_KEY = key
    keys._proved.clear()
    page = client.get("/admin/").content.decode()
    assert "Nobody can sign or confirm at the moment" in page
    assert keys.problem().replace("'", "&#x27;") in page
    assert not key or key not in page


@pytest.mark.parametrize("key", BROKEN)
def test_mails_wait_for_the_right_key(settled, settings, key):
    """The worker gives up nothing at once, sends nothing wrong, and goes on with the right key."""
    good = settings.SIGNER_KEY
    settings.SIGNER_KEY = key
    assert outbox.send_next(writers=WRITERS) is True
    assert mail.outbox == []
    message = OutboxMessage.objects.get()
    assert message.state == OutboxMessage.State.WAITING
    settings.SIGNER_KEY = good
    OutboxMessage.objects.update(due_at=message.created_at)
    assert len(factories.send_mails()) == 1


def test_right_key_again_and_everything_works(client, settled, settings):
    good = settings.SIGNER_KEY
    settings.SIGNER_KEY = OTHER
    keys._proved.clear()
    assert keys.problem()
    settings.SIGNER_KEY = good
    assert not keys.problem()
    assert KeyFingerprint.objects.count() == 1
    assert post_sign(client, settled, email="after@example.org").status_code == 303
