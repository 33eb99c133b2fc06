"""Mails are rows. A request inserts one; the worker claims it, sends it and erases what it held.

Several workers may run: a claim is one conditional UPDATE with SKIP LOCKED. An attempt is counted
before sending, so a mail that kills its worker gives up in the end; a mail may come twice after
a kill, never not at all.
"""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from email.utils import formataddr, parseaddr
from types import MappingProxyType

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.utils.timezone import now

from campaign_site import addresses, sealing
from campaign_site.models import OutboxMessage, SiteSettings

log = logging.getLogger("vigil.outbox")

MAILS_PER_DAY = 3  # to one address that has not confirmed, over all petitions
MAX_ATTEMPTS = 20  # about six hours: a mail server may be away for one
LONGEST_PAUSE = timedelta(minutes=30)
CLAIM = timedelta(minutes=5)  # after this long a claimed mail counts as abandoned
SLOW_LANE = timedelta(minutes=20)
_LABEL = "outbox"

Kind, State = OutboxMessage.Kind, OutboxMessage.State
# A mail that has not left by then never does: no address is kept for longer.
LEAVES_WITHIN = {kind: timedelta(hours=48) for kind in Kind} | {Kind.REMINDER: timedelta(hours=1)}


def address_hash(address: str) -> bytes:
    return sealing.mac("outbox address", addresses.canonical(address).encode())


def put(
    kind: Kind,
    *,
    to: str,
    subject: str = "",
    body: str = "",
    language: str = "",
    reference: uuid.UUID | None = None,
    slow: bool = False,
) -> None:
    """Insert one mail. `slow` lets it wait: it is never dropped for that."""
    content = {"to": to, "subject": subject, "body": body, "language": language}
    OutboxMessage.objects.bulk_create(
        [OutboxMessage(**row(kind, content, reference=reference, slow=slow))],
    )


def row(kind: Kind, content: dict, *, reference=None, slow=False, mailbox: str = "") -> dict:
    """The values of one mail that is still to be inserted. Its content has a `to`; without a
    `body`, the worker asks the writer of that kind for subject and body. `mailbox`: its canonical
    address, if known."""
    return {
        "kind": kind,
        "slow": slow,
        "due_at": now() + SLOW_LANE if slow else now(),
        "address_hash": None if kind == Kind.STAFF else address_hash(mailbox or content["to"]),
        "reference": reference,
        "sealed": sealing.seal(_LABEL, json.dumps(content).encode()),
    }


def confirmed(reference: uuid.UUID) -> None:
    """A mail led to a confirmation: it no longer counts against its address."""
    not_needed(reference)
    OutboxMessage.objects.filter(reference=reference).update(address_hash=None, reference=None)


def not_needed(reference: uuid.UUID) -> None:
    """Erase a mail that waits for nothing any more."""
    OutboxMessage.objects.filter(reference=reference, state=State.WAITING).delete()


def waiting_for(address: str):
    """The mails to an address that have not left yet."""
    return OutboxMessage.objects.filter(
        address_hash=address_hash(address), state__in=[State.WAITING, State.SENDING]
    )


class EmailBackend(BaseEmailBackend):
    """Django's own mails (to staff) take the same way."""

    def send_messages(self, email_messages):
        for message in email_messages:
            for to in message.recipients():
                put(Kind.STAFF, to=to, subject=message.subject, body=message.body)
        return len(email_messages)


def transport():
    """A connection to what really sends: SMTP, or the folder of the demonstration."""
    chosen = settings.MAIL_TRANSPORT
    names = {
        "EMAIL_HOST": "host",
        "EMAIL_PORT": "port",
        "EMAIL_HOST_USER": "username",
        "EMAIL_HOST_PASSWORD": "password",
        "EMAIL_USE_TLS": "use_tls",
        "EMAIL_USE_SSL": "use_ssl",
    }
    options = {ours: chosen[theirs] for theirs, ours in names.items() if chosen.get(theirs)}
    if chosen["EMAIL_BACKEND"].endswith("filebased.EmailBackend"):
        options = {"file_path": "/" + chosen["EMAIL_FILE_PATH"].strip("/")}
    elif "host" in options:
        options["timeout"] = 30
    return get_connection(chosen["EMAIL_BACKEND"], **options)


_CLAIM = """
UPDATE campaign_site_outboxmessage SET state = 'sending', attempts = attempts + 1,
    due_at = clock_timestamp() + %s::interval
WHERE id = (
    SELECT id FROM campaign_site_outboxmessage
    WHERE (state = 'waiting' OR state = 'sending') AND due_at <= clock_timestamp()
        AND created_at > clock_timestamp()
            - CASE kind WHEN %s::smallint THEN %s::interval ELSE %s::interval END
    ORDER BY slow, kind, due_at
    FOR UPDATE SKIP LOCKED
    LIMIT 1
)
RETURNING id
"""


@transaction.atomic
def claim() -> OutboxMessage | None:
    """Take the next mail that is due, or None. Drops it where its address had enough today."""
    with connection.cursor() as cursor:
        within = [Kind.REMINDER, LEAVES_WITHIN[Kind.REMINDER], LEAVES_WITHIN[Kind.CONFIRMATION]]
        cursor.execute(_CLAIM, [CLAIM, *within])
        row = cursor.fetchone()
        if row is None:
            return None
        message = OutboxMessage.objects.get(pk=row[0])
        if message.address_hash and message.attempts == 1:
            key = int.from_bytes(message.address_hash[:8], "big", signed=True)
            # Two threads must not both count two and send the third and the fourth.
            cursor.execute("SELECT pg_advisory_xact_lock(%s::bigint)", [key])
            earlier = OutboxMessage.objects.filter(
                address_hash=message.address_hash, attempts__gte=1
            ).exclude(pk=message.pk)
            earlier = earlier.exclude(state__in=[State.DROPPED, State.GIVEN_UP])
            if earlier.count() >= MAILS_PER_DAY:
                _finish(message, State.DROPPED)
                message.state = State.DROPPED
    return message


def _finish(message, state, **more):
    OutboxMessage.objects.filter(pk=message.pk).update(state=state, sealed=None, **more)


Writer = Callable[[dict], dict]


def send_next(mail_connection=None, writers: Mapping[int, Writer] = MappingProxyType({})) -> bool:
    """Send one mail. False when nothing is due. Errors of the mail server are kept, not raised."""
    message = claim()
    if message is None:
        return False
    if message.state == State.DROPPED:
        return True
    try:
        content = json.loads(sealing.open_sealed(_LABEL, message.sealed))
        if not content.get("body"):
            content |= writers[message.kind](content)
        mail_connection = mail_connection or transport()
        mail_connection.open()  # stays open for the next mail
        _mail(content, mail_connection).send()
    except Exception as error:  # whatever a mail server or a key can do: try again, visibly
        name = type(error).__name__
        if mail_connection:
            _close(mail_connection)
        log.warning("a mail could not be sent: %s, attempt %s", name, message.attempts)
        if message.attempts >= MAX_ATTEMPTS:
            _finish(message, State.GIVEN_UP, error=name)
        else:
            pause = min(timedelta(seconds=15 * 2 ** (message.attempts - 1)), LONGEST_PAUSE)
            OutboxMessage.objects.filter(pk=message.pk).update(
                state=State.WAITING, due_at=now() + pause, error=name
            )
    else:
        _finish(message, State.SENT, sent_at=now(), error="")
    return True


def sender() -> tuple[str, str]:
    """Name and address that mails come from."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return _header(name or SiteSettings.load().name), address


def _mail(content, mail_connection):
    return EmailMessage(
        subject=_header(content["subject"]),
        body=content["body"],
        from_email=formataddr(sender()),
        to=[content["to"]],
        # Robots must not answer, and mail clients must not guess a language or a priority.
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
        connection=mail_connection,
    )


def _close(mail_connection):
    with suppress(Exception):  # it is broken already
        mail_connection.close()


def _header(text):
    return " ".join(text.split())


def give_up_old() -> int:
    """Mails that could not leave in time: erased, and shown to staff as given up."""
    found = OutboxMessage.objects.filter(state__in=[State.WAITING, State.SENDING])
    return sum(
        found.filter(kind=kind, created_at__lte=now() - within).update(
            state=State.GIVEN_UP, sealed=None, address_hash=None, reference=None, error="too old"
        )
        for kind, within in LEAVES_WITHIN.items()
    )


def forget_old() -> int:
    """Delete finished mails 24 hours after they left; those given up stay a week for staff to see."""
    day_ago = now() - timedelta(hours=24)
    gone, _ = (
        OutboxMessage.objects.filter(state__in=[State.SENT, State.DROPPED], created_at__lt=day_ago)
        .exclude(sent_at__gte=day_ago)
        .delete()
    )
    more, _ = OutboxMessage.objects.filter(
        state=State.GIVEN_UP, created_at__lt=now() - timedelta(days=7)
    ).delete()
    OutboxMessage.objects.filter(state=State.GIVEN_UP).update(address_hash=None, reference=None)
    return gone + more


def waiting() -> int:
    return OutboxMessage.objects.filter(state__in=[State.WAITING, State.SENDING]).count()
