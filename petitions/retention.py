"""How long people are kept: purge when their time is over, forget when they ask staff, and replay
what a restored database does not know yet.

A signature goes 90 days after its petition closed, and never later than two years after it was
confirmed. It stays in the count: the same transaction that deletes rows enters their number in
the ledger, so the total never changes.
"""

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils.formats import date_format
from django.utils.timezone import localdate
from django.utils.translation import ngettext

from campaign_site import erasures, keys, outbox
from campaign_site.models import record
from campaign_site.templatetags.vigil import number
from petitions import counting, joining, signing
from petitions.models import PendingSignature, Petition, Signature

log = logging.getLogger("vigil.retention")

BATCH = 10_000
WARNED_BEFORE = timedelta(days=60)


# --- Purge -----------------------------------------------------------------------------------


def due(petition):
    """The signatures of a petition whose time is over, whatever their state."""
    today = localdate()
    if petition.all_names_go_on and petition.all_names_go_on <= today:
        return petition.signatures.all()
    return petition.signatures.filter(signed_on__lte=signed_two_years_before(today))


def signed_two_years_before(today: date) -> date:
    """The last day of signing for which two years are over."""
    tomorrow = today + timedelta(days=1)
    try:
        return tomorrow.replace(year=tomorrow.year - 2) - timedelta(days=1)
    except ValueError:  # 29 February
        return date(tomorrow.year - 2, 2, 28)


def purge(petition) -> int:
    """Delete every signature whose time is over. How many rows went."""
    gone = 0
    while batch := _purge_batch(petition.pk):
        gone += batch
    return gone


@transaction.atomic
def _purge_batch(petition_id) -> int:
    _lock(petition_id)
    petition = Petition.objects.get(pk=petition_id)  # it may just have been opened again
    return _erase(petition_id, due(petition)[:BATCH], localdate())


def _lock(petition_id) -> None:
    """Keep `deliveries.prepare` and a second purge out until this transaction ends."""
    signing.lock_targets_of(petition_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('purge ' || %s::text, 0))",
            [petition_id],
        )


def _erase(petition_id, signatures, day: date) -> int:
    """Delete these rows and their places on lists; who counted, counts on without a row."""
    found = list(signatures.select_for_update(of=("self",)).values_list("pk", "state"))
    if not found:
        return 0
    ids = [public_id for public_id, _state in found]
    counted = sum(state == Signature.State.CONFIRMED for _id, state in found)
    with connection.cursor() as cursor:
        for statement in (
            "DELETE FROM petitions_delivered WHERE signature_id = ANY (%s::uuid[])",
            "DELETE FROM petitions_signature WHERE id = ANY (%s::uuid[])",
        ):
            cursor.execute(statement, [ids])
    record("erased names", Petition.objects.get(pk=petition_id), names=counted, rows=len(ids))
    erasures.append(erasures.PURGED, ids)
    if counted:
        _enter(petition_id, counted, day)
        counting.add(petition_id, -counted, ledger=counted)
    return len(ids)


_ENTER = """
INSERT INTO petitions_ledgerentry
    (petition_id, kind, quantity, at_least, source, date, evidence, entered_at)
VALUES (%s::bigint, 'erased', %s::integer, false, %s::text, %s::text, %s::text, now())
ON CONFLICT (petition_id, date) WHERE kind = 'erased'
    DO UPDATE SET quantity = petitions_ledgerentry.quantity + EXCLUDED.quantity
"""


def _enter(petition_id, quantity, day) -> None:
    source = "Confirmed here; names erased after their time"
    evidence = "They counted here until then. Their rows were deleted."
    with connection.cursor() as cursor:
        cursor.execute(_ENTER, [petition_id, quantity, source, day.isoformat(), evidence])


@dataclass
class Purged:
    """What one round did: rows per petition, and the petitions where it failed."""

    rows: dict[str, int]
    failed: list[str]


def purge_all() -> Purged:
    """Every petition, whatever happens to the others."""
    done = Purged({}, [])
    for petition in Petition.objects.order_by("slug"):
        try:
            done.rows[petition.slug] = purge(petition)
        except Exception as error:  # the names of the next petition are as overdue
            log.error("a petition could not be purged: %s", type(error).__name__)
            done.failed.append(petition.slug)
    return done


# Not by the rule above, but by what it promised: this is how a mistake in it would be found.
_KEPT_TOO_LONG = """
SELECT
    (SELECT count(*) FROM petitions_signature s JOIN petitions_petition p ON p.id = s.petition_id
        WHERE s.signed_on + interval '24 months' <= %s::date
            OR (p.closes_at AT TIME ZONE %s::text)::date + 90 <= %s::date),
    (SELECT count(*) FROM petitions_pendingsignature
        WHERE created_at < now() - interval '7 days 1 hour'),
    (SELECT count(*) FROM petitions_pendingsignature
        WHERE address IS NOT NULL AND created_at < now() - interval '49 hours'),
    (SELECT count(*) FROM campaign_site_outboxmessage
        WHERE sealed IS NOT NULL AND created_at < now() - interval '49 hours'),
    (SELECT count(*) FROM campaign_site_outboxmessage
        WHERE address_hash IS NOT NULL AND created_at < now() - interval '73 hours'),
    (SELECT count(*) FROM petitions_signature s JOIN petitions_invalidation i
            ON i.id = s.invalidation_id
        WHERE s.state = 'invalidated' AND s.name <> '' AND i.at < now() - interval '31 days'),
    (SELECT count(*) FROM campaigns_subscription
        WHERE exported_at < now() - interval '32 days'
        OR made_on + interval '24 months' < now() - interval '1 day'),
    (SELECT count(*) FROM petitions_joinrequest
        WHERE state = 'unconfirmed' AND created_at < now() - interval '7 days 1 hour'
        OR state = 'waiting' AND confirmed_on + 92 <= %s::date
        OR state = 'declined' AND decided_on + 32 <= %s::date)
"""


def kept_too_long() -> dict[str, int]:
    """How many rows are older than we promise: 0 of each, if all is well."""
    today = localdate()
    with connection.cursor() as cursor:
        cursor.execute(_KEPT_TOO_LONG, [today, settings.TIME_ZONE, today, today, today])
        figures = cursor.fetchone()
    kinds = (
        *("signatures", "attempts", "addresses", "mails", "address_hashes"),
        *("names_taken_out", "boxes", "requests_to_join"),
    )
    return dict(zip(kinds, figures, strict=True))


# --- Warn ------------------------------------------------------------------------------------

_LEAVING = """
SELECT count(*), min(goes_on) FROM (
    SELECT LEAST((s.signed_on + interval '24 months')::date, %s::date) AS goes_on
    FROM petitions_signature s
    LEFT JOIN petitions_delivered d ON d.signature_id = s.id AND d.government_id = %s::bigint
    LEFT JOIN petitions_delivery l ON l.id = d.delivery_id
    WHERE s.petition_id = %s::bigint AND s.state = 'confirmed' AND s.deliver
        AND (d.signature_id IS NULL OR l.state = 'prepared')
) undelivered WHERE goes_on <= %s::date
"""


def warnings(target) -> list[str]:
    """A sentence on the names that are soon erased, and that this government has not been given."""
    until = localdate() + WARNED_BEFORE
    petition = target.petition
    with connection.cursor() as cursor:
        cursor.execute(
            _LEAVING, [petition.all_names_go_on, target.government_id, petition.pk, until]
        )
        names, first = cursor.fetchone()
    if not names:
        return []
    return [
        ngettext(
            "%(number)s name that was not handed over yet is erased by %(until)s: on %(first)s.",
            "%(number)s names that were not handed over yet are erased by %(until)s, the first "
            "on %(first)s.",
            names,
        )
        % {
            "number": number(names),
            "until": date_format(until),
            "first": date_format(max(first, localdate())),
        }
    ]


# --- Forget ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """What there is of an address: how many rows."""

    signatures: int
    listed: int  # of them, on a list: their rows stay, empty
    attempts: int
    mails: int
    letters: int = 0  # requests to join open letters, and names that stand there

    def __bool__(self):
        return bool(self.signatures or self.attempts or self.mails or self.letters)


def kept_of(address: str) -> Kept:
    """What `forget` would erase. Raises ValidationError for what is no address."""
    found = _signatures_of(address)
    return Kept(
        signatures=len(found),
        listed=_on_lists(found),
        attempts=_attempts_of(address).count(),
        mails=outbox.waiting_for(address).count(),
        letters=joining.requests_of(address).count(),
    )


@transaction.atomic
def forget(address: str, *, by=None) -> Kept:
    """Erase all there is of an address, under every petition. Raises ValidationError."""
    # Attempts first: whoever is just confirming one is waited for, and is found below.
    attempts = _attempts_of(address).order_by("pk")
    ids = list(attempts.select_for_update().values_list("pk", flat=True))
    PendingSignature.objects.filter(pk__in=ids).delete()
    erasures.append(erasures.FORGOTTEN, ids)
    mails, _by_model = outbox.waiting_for(address).delete()
    found = _signatures_of(address)
    listed = _on_lists(found)
    for public_id in found:
        signing.remove(public_id, by_staff=True)
    asked = list(joining.requests_of(address).order_by("pk").values_list("public_id", flat=True))
    for public_id in asked:
        joining.withdraw(public_id, kind=erasures.FORGOTTEN)
    kept = Kept(len(found), listed, len(ids), mails, len(asked))
    record(
        "forgot a supporter",
        "one address",
        by=by,
        signatures=kept.signatures,
        listed=kept.listed,
        attempts=kept.attempts,
        mails=kept.mails,
        letters=kept.letters,
    )
    return kept


def _on_lists(ids) -> int:
    return Signature.objects.filter(pk__in=ids, delivered__isnull=False).distinct().count()


def _attempts_of(address):
    digests = signing.digests_of(address).values()
    return PendingSignature.objects.filter(digest__in=list(digests))


def _signatures_of(address) -> list:
    """By petition, so that two who do this take the same locks in the same order."""
    keys.require_signer_key()  # with another key everybody would seem unknown
    digests = signing.digests_of(address)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.id FROM petitions_signature s"
            " JOIN unnest(%s::bigint[], %s::bytea[]) AS mine (petition_id, digest)"
            " ON s.petition_id = mine.petition_id AND s.digest = mine.digest"
            " ORDER BY s.petition_id, s.person",
            [list(digests), list(digests.values())],
        )
        return [row[0] for row in cursor.fetchall()]


# --- Replay ----------------------------------------------------------------------------------


def replay() -> dict[str, int]:
    """Do to a restored database what was done to people after its backup. Twice is as good."""
    done = dict.fromkeys(erasures.KINDS, 0)
    purged = defaultdict(list)
    for day, kind, public_id in list(erasures.lines()):
        if kind == erasures.PURGED:
            purged[day].append(public_id)
        elif _replay_one(kind, public_id):
            done[kind] += 1
    for day, ids in sorted(purged.items()):
        for start in range(0, len(ids), BATCH):
            done[erasures.PURGED] += _replay_purge(ids[start : start + BATCH], day)
    return done


@transaction.atomic
def _replay_one(kind, public_id) -> bool:
    waiting = PendingSignature.objects.filter(pk=public_id)
    there = Signature.objects.filter(pk=public_id).exclude(state=Signature.State.REMOVED)
    if kind == erasures.UNNAMED:
        attempts = waiting.filter(deliver=True).update(deliver=False, name="", city="")
        found = there.filter(deliver=True).exists()
        signing.count_only(public_id)
    else:
        attempts, _by_model = waiting.delete()
        found = there.exclude(state=Signature.State.INVALIDATED, deliver=False).exists()
        signing.remove(public_id, by_staff=kind == erasures.FORGOTTEN)
        found = found or joining.withdraw(public_id, kind=kind)
    return bool(attempts or found)


@transaction.atomic
def _replay_purge(ids, day) -> int:
    there = Signature.objects.filter(pk__in=ids)
    gone = 0
    for petition_id in there.order_by("petition").values_list("petition", flat=True).distinct():
        _lock(petition_id)
        gone += _erase(petition_id, there.filter(petition=petition_id), day)
    return gone
