"""Sends the mails of the outbox, and does what time asks for."""

import signal
import threading
import time

from django.core.management.base import BaseCommand
from django.db import close_old_connections, connection
from django.db.utils import InterfaceError, OperationalError

from campaign_site import outbox
from campaign_site.checks import refuse_to_start_unready
from campaign_site.models import OutboxMessage
from campaigns import subscriptions
from petitions import signing

SENDERS = 4
PERIOD = 60  # seconds between rounds of periodic work
_LOCK = 0x56494749  # "VIGI": only one worker at a time does the periodic work
WRITERS = {OutboxMessage.Kind.FIND: signing.write_find_mail}


class Command(BaseCommand):
    help = "Send mails and do periodic work, until stopped."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="Send what is due, then stop.")

    def handle(self, *args, once, **options):
        refuse_to_start_unready()
        if once:
            sent = 0
            while outbox.send_next(writers=WRITERS):
                sent += 1
            periodic_work()
            self.stdout.write(f"{sent} mails handled")
            return
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        senders = [threading.Thread(target=send_until, args=[stop]) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        self.stdout.write(f"worker: {SENDERS} senders started")
        next_round = 0.0
        while not stop.wait(1):
            if time.monotonic() >= next_round:
                next_round = time.monotonic() + PERIOD
                _surviving(periodic_work)
        for sender in senders:
            sender.join()
        self.stdout.write("worker: stopped")


def send_until(stop: threading.Event) -> None:
    """One sender: keep its connection to the mail server open while there is something to send."""
    while not stop.is_set():
        if not _surviving(_send_all, stop):
            stop.wait(1)


def _send_all(stop) -> bool:
    transport = outbox.transport()
    sent = False
    try:
        while not stop.is_set() and outbox.send_next(transport, WRITERS):
            sent = True
    finally:
        transport.close()
    return sent


def _surviving(work, *args):
    """Run it; a database that is away just now is asked again at the next round."""
    try:
        close_old_connections()
        return work(*args)
    except (OperationalError, InterfaceError) as error:
        connection.close()
        outbox.log.error("the database is away: %s", type(error).__name__)
        return None


def periodic_work() -> None:
    """Expiry of attempts, addresses and finished mails, by one worker at a time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s::bigint)", [_LOCK])
        if not cursor.fetchone()[0]:
            return
        try:
            signing.expire()
            outbox.forget_old()
            subscriptions.tidy()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s::bigint)", [_LOCK])
