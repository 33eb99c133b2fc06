"""Sends the mails of the outbox, and does what time asks for."""

import signal
import threading
import time

from django.core.management.base import BaseCommand
from django.db import close_old_connections, connection

from campaign_site import erasures, heartbeats, outbox, searching
from campaign_site.checks import refuse_to_start_unready
from campaign_site.models import OutboxMessage
from campaigns import subscriptions
from petitions import deliveries, evidence, imports, invalidation, joining, retention, signing

SENDERS = 4
KEPT_OPEN = 5  # seconds without a mail: no mail server has hung up by then
PERIOD = 60  # seconds between rounds of periodic work
_LOCK = 0x56494749  # "VIGI": only one worker at a time does the periodic work
WRITERS = {
    OutboxMessage.Kind.CONFIRMATION: signing.write_confirmation,
    OutboxMessage.Kind.FIND: signing.write_find_mail,
}


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
            deliveries.prepare_asked()
            imports.work()
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
            _surviving(deliveries.prepare_asked)
            _surviving(imports.work)
            if time.monotonic() >= next_round:
                next_round = time.monotonic() + PERIOD
                _surviving(periodic_work)
        for sender in senders:
            sender.join()
        self.stdout.write("worker: stopped")


def send_until(stop: threading.Event) -> None:
    """One sender. It keeps its connection to the mail server open for the next mail."""
    transport = outbox.transport()
    last = time.monotonic()
    while not stop.is_set():
        if _surviving(outbox.send_next, transport, WRITERS):
            last = time.monotonic()
            continue
        if time.monotonic() > last + KEPT_OPEN:
            transport.close()
        stop.wait(1)
    transport.close()


def _surviving(work, *args):
    """Run it; whatever fails, a database that is away just now above all, is tried again at the
    next round: nobody starts a thread again that died."""
    try:
        close_old_connections()
        return work(*args)
    except Exception as error:
        connection.close()
        outbox.log.error("%s failed: %s", work.__name__, type(error).__name__)
        return None


def periodic_work() -> None:
    """What time asks for, by one worker at a time. A job that fails stops no other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s::bigint)", [_LOCK])
        if not cursor.fetchone()[0]:
            return
        try:
            heartbeats.beat(heartbeats.WORKER)
            for name, job in EVERY_ROUND.items():
                heartbeats.run(name, job)
            for name, job in ONCE_A_DAY.items():
                if heartbeats.due_today(name):
                    heartbeats.run(name, job)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s::bigint)", [_LOCK])


def _remind() -> dict:
    return {"reminders": signing.remind()}


def _expire() -> dict:
    return {"attempts": signing.expire() + joining.expire(), "uploads": imports.forget_old()}


def _tidy_mails() -> dict:
    return {"given_up": outbox.give_up_old(), "forgotten": outbox.forget_old()}


def _purge() -> dict:
    done = retention.purge_all()
    figures = {
        "erased": sum(done.rows.values()),
        "failed": len(done.failed),
        "files": evidence.forget_unnamed(),
    }
    if done.failed:
        raise heartbeats.Incomplete(**figures)
    return figures


def _blank_invalidated() -> dict:
    return {"blanked": invalidation.blank_old_invalidated()}


def _forget_erasures() -> dict:
    return {"files": erasures.forget_old()}


def _tidy_boxes() -> dict:
    return {"boxes": subscriptions.tidy()}


def _reindex() -> dict:
    return {"rows": searching.reindex()}


# Reminders first: what erases addresses after 48 hours would leave nobody to write to.
EVERY_ROUND = {
    heartbeats.REMINDERS: _remind,
    heartbeats.EXPIRY: _expire,
    heartbeats.MAILS: _tidy_mails,
}
# The look for what is kept too long comes last: it sees what the others have left.
ONCE_A_DAY = {
    heartbeats.PURGE: _purge,
    heartbeats.INVALIDATED: _blank_invalidated,
    heartbeats.ERASURES: _forget_erasures,
    heartbeats.BOXES: _tidy_boxes,
    heartbeats.SEARCH: _reindex,
    heartbeats.POLICY: retention.kept_too_long,
}
