"""What the outbox does while the mail server does not answer."""

from datetime import timedelta

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.timezone import now

from campaign_site import outbox
from campaign_site.management.commands.worker import WRITERS
from campaign_site.models import OutboxMessage
from tests.factories import send_mails, sign

pytestmark = pytest.mark.django_db


class Away(BaseEmailBackend):
    def send_messages(self, email_messages):
        raise ConnectionRefusedError("amina@example.org")


def test_mail_survives_a_mail_server_that_is_away_for_an_hour(petition):
    """Promise 20: it is tried again, and leaves once the server is back."""
    sign(petition)
    away = timedelta()
    while away < timedelta(hours=1):
        assert outbox.send_next(Away(), WRITERS)
        message = OutboxMessage.objects.get()
        assert message.state == OutboxMessage.State.WAITING
        assert message.error == "ConnectionRefusedError", "what it said may name somebody"
        away += message.due_at - now()
        OutboxMessage.objects.update(due_at=now())
    assert len(send_mails()) == 1


def test_mail_that_never_leaves_is_given_up_and_erased(petition):
    sign(petition)
    for _ in range(outbox.MAX_ATTEMPTS):
        assert outbox.send_next(Away(), WRITERS)
        OutboxMessage.objects.update(due_at=now())
    message = OutboxMessage.objects.get()
    assert (message.state, message.sealed) == (OutboxMessage.State.GIVEN_UP, None)
    assert not outbox.send_next(Away(), WRITERS)
