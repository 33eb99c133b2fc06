"""When the worker last did what, and whether that went well: for staff, in words."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.utils.formats import date_format, number_format
from django.utils.timezone import localdate, localtime, now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from campaign_site import erasures, keys
from campaign_site.models import Heartbeat, OutboxMessage

log = logging.getLogger("vigil.worker")

WORKER, REMINDERS, EXPIRY, MAILS = "worker", "reminders", "expiry", "mails"
PURGE, INVALIDATED, ERASURES, POLICY = "purge", "invalidated", "erasures", "policy"
BOXES, SEARCH = "boxes", "search"
LABELS = {
    REMINDERS: _("Sending reminders"),
    EXPIRY: _("Erasing what nobody confirmed"),
    MAILS: _("Tidying the mails"),
    PURGE: _("Erasing names after their time"),
    INVALIDATED: _("Erasing names that were taken out of the count"),
    ERASURES: _("Forgetting who was erased long ago"),
    BOXES: _("Tidying sealed addresses"),
    SEARCH: _("Proving what pages are found by"),
    POLICY: _("Looking for what is kept too long"),
}
SILENT = timedelta(minutes=5)  # after this the worker counts as stopped
WAITING_LONG = timedelta(minutes=30)
TRY_AGAIN = timedelta(hours=1)


class Incomplete(Exception):
    """Part of the work was not done; what was, stands in the figures."""

    def __init__(self, **figures):
        super().__init__()
        self.figures = figures


def beat(name: str, **figures) -> None:
    moment = now()
    Heartbeat.objects.update_or_create(
        name=name,
        defaults={
            "ran_at": moment,
            "last_success": moment,
            "last_failure": "",
            "figures": figures,
        },
    )


def failed(name: str, error: Exception) -> None:
    """Only the kind of error: its text could quote somebody."""
    values = {"ran_at": now(), "last_failure": type(error).__name__}
    if isinstance(error, Incomplete):
        values["figures"] = error.figures
    Heartbeat.objects.update_or_create(name=name, defaults=values)


def due_today(name: str) -> bool:
    """Once a day, and again every hour while it fails."""
    found = Heartbeat.objects.filter(name=name).first()
    if found is None:
        return True
    if found.last_failure:
        return found.ran_at <= now() - TRY_AGAIN
    return localdate(found.ran_at) < localdate()


def run(name: str, work: Callable[[], dict]) -> bool:
    """Do a piece of periodic work and write down how it went. It never stops the next one."""
    try:
        figures = work()
    except Exception as error:
        log.error("%s failed: %s", name, type(error).__name__)
        failed(name, error)
        return False
    beat(name, **figures)
    return True


# --- In words --------------------------------------------------------------------------------


def in_words() -> list[tuple[bool, str]]:
    """(is all well, sentence), for the page “Health”."""
    found = {heart.name: heart for heart in Heartbeat.objects.all()}
    report = [worker(), *_mails(), _key(), _erasure_log()]
    report += _jobs(found)
    report.append(_purge(found.get(PURGE)))
    report.append(_policy(found.get(POLICY)))
    return report


def _when(moment) -> str:
    return date_format(localtime(moment), "DATETIME_FORMAT")


def _number(figure) -> str:
    return number_format(figure, use_l10n=True, force_grouping=True)


def worker() -> tuple[bool, str]:
    heart = Heartbeat.objects.filter(name=WORKER).first()
    if heart is None:
        return False, gettext("The worker was never seen: no mail leaves, and nothing is erased.")
    if heart.ran_at < now() - SILENT:
        return False, gettext(
            "The worker was last seen on %(when)s. Until it is started again no mail leaves, and "
            "nothing is erased."
        ) % {"when": _when(heart.ran_at)}
    return True, gettext("The worker is running, last seen on %(when)s.") % {
        "when": _when(heart.ran_at)
    }


def _mails():
    State = OutboxMessage.State
    waiting = OutboxMessage.objects.filter(state__in=[State.WAITING, State.SENDING])
    number = waiting.count()
    oldest = waiting.order_by("due_at").values_list("due_at", flat=True).first()
    if not number:
        yield True, gettext("No mail is waiting.")
    else:
        yield (
            oldest > now() - WAITING_LONG,
            ngettext(
                "%(number)s mail is waiting; it is due since %(when)s.",
                "%(number)s mails are waiting; the oldest is due since %(when)s.",
                number,
            )
            % {"number": _number(number), "when": _when(oldest)},
        )
    given_up = OutboxMessage.objects.filter(state=State.GIVEN_UP).count()
    if given_up:
        yield (
            False,
            ngettext(
                "%(number)s mail of the last seven days could not be sent and was given up.",
                "%(number)s mails of the last seven days could not be sent and were given up.",
                given_up,
            )
            % {"number": _number(given_up)},
        )


def _key():
    problem = keys.problem()
    if problem:
        return False, gettext("Nobody can sign: %(problem)s.") % {"problem": problem}
    return True, gettext("SIGNER_KEY is the one that this database belongs to.")


def _erasure_log():
    if erasures.can_be_written():
        return True, gettext("The list of erased ids outside the database can be written.")
    return False, gettext(
        "The list of erased ids cannot be written. Whoever is erased now would come back with a "
        "restored backup. Give the web server and the worker write access to PRIVATE_ROOT."
    )


def _jobs(found):
    for name, label in LABELS.items():
        heart = found.get(name)
        if heart and heart.last_failure:
            last = _when(heart.last_success) if heart.last_success else gettext("never")
            yield (
                False,
                gettext("%(job)s failed (%(error)s); it last went well: %(when)s.")
                % {"job": label, "error": heart.last_failure, "when": last},
            )


def _purge(heart):
    if heart is None or heart.last_success is None:
        return False, gettext("Names were never looked through for those whose time is over.")
    late = heart.last_success < now() - timedelta(days=2)
    return not late, ngettext(
        "Names were last looked through on %(when)s: %(number)s was erased, its time was over.",
        "Names were last looked through on %(when)s: %(number)s were erased, their time was over.",
        heart.figures.get("erased", 0),
    ) % {"when": _when(heart.last_success), "number": _number(heart.figures.get("erased", 0))}


def _policy(heart):
    if heart is None:
        return False, gettext("Nobody has looked yet for what is kept longer than promised.")
    kept = sum(heart.figures.values())
    return not kept, gettext("Kept longer than promised: %(number)s (looked on %(when)s).") % {
        "number": _number(kept),
        "when": _when(heart.ran_at),
    }
