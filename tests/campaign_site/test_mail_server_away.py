"""What the outbox does while the mail server does not answer."""

from datetime import timedelta

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.timezone import now

from campaign_site import outbox
from campaign_site.management.commands import worker
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


class Line(BaseEmailBackend):
    """A connection to a mail server, and how often it was opened and closed."""

    def __init__(self):
        super().__init__()
        self.is_open = False
        self.opened = self.closed = self.sent = 0

    def open(self):
        self.opened += not self.is_open
        self.is_open = True

    def close(self):
        self.closed += self.is_open
        self.is_open = False

    def send_messages(self, messages):
        assert self.is_open
        self.sent += len(messages)
        return len(messages)


class Evening:
    """Time passes only while a sender has nothing to do; more people sign on the way."""

    def __init__(self, petition, arrivals):
        self.petition, self.arrivals, self.moment = petition, arrivals, 1_000.0

    def monotonic(self):
        return self.moment

    def is_set(self):
        return not self.arrivals

    def wait(self, seconds):
        self.moment += seconds
        if self.arrivals and self.moment >= self.arrivals[0]:
            self.arrivals.pop(0)
            sign(self.petition)


@pytest.mark.parametrize(("gap", "opened"), [(2, 1), (60, 3)])
def test_sender_keeps_its_line_open_for_the_next_mail_and_not_for_ever(
    petition, monkeypatch, gap, opened
):
    """Promise 24: no greeting for each mail; and no mail server hangs up on us first."""
    line = Line()
    evening = Evening(petition, [1_000 + gap, 1_000 + 2 * gap, 1_000 + 3 * gap, 1_000 + 4 * gap])
    monkeypatch.setattr(outbox, "transport", lambda: line)
    monkeypatch.setattr(worker, "time", evening)
    # The test's own connection is not to be closed between mails.
    monkeypatch.setattr(worker, "close_old_connections", lambda: None)
    worker.send_until(evening)
    assert line.sent == 3
    assert (line.opened, line.is_open) == (opened, False)
