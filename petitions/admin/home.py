"""The first page of the back office: what needs this member today, petitions, where to begin.

Each line is one bounded query, and is asked only for whoever may act on it.
"""

from datetime import date, timedelta
from typing import NamedTuple

from django.conf import settings
from django.contrib import admin
from django.db.models import Case, Count, F, Q, When
from django.urls import reverse
from django.utils.formats import date_format, time_format
from django.utils.html import format_html
from django.utils.timezone import localdate, localtime, now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from campaign_site import heartbeats
from campaign_site.admin_base import change_url
from campaign_site.models import Language, OutboxMessage, SiteSettings
from campaign_site.templatetags.vigil import in_zone, number
from campaign_site.translating import MAY_PUBLISH, MAY_TRANSLATE, standings
from campaign_site.translations import State
from campaigns.models import Campaign, Profile
from petitions import retention
from petitions.admin import quick_start
from petitions.models import (
    Delivery,
    Handover,
    HeldName,
    JoinRequest,
    PendingSignature,
    Petition,
    Signature,
    Target,
)
from petitions.models.petition import NAMES_AFTER_CLOSING

MOST_LINES = 7
MOST_PETITIONS = 6
MOST_HANDOVERS = 4
WEEK = 7  # days
# Fewer mails than this say nothing about how many people confirm.
ENOUGH_MAILS = 20
TIME_TO_ANSWER = timedelta(hours=1)


def bdi(name):
    return format_html("<bdi>{}</bdi>", name)


# --- What needs somebody today -----------------------------------------------------------------


class Line(NamedTuple):
    sentence: str
    url: str


def _held():
    waiting = HeldName.objects.waiting_for_review().count()
    if waiting:
        yield Line(
            ngettext(
                "%(number)s name waits for review.", "%(number)s names wait for review.", waiting
            )
            % {"number": number(waiting)},
            reverse("admin:petitions_heldname_changelist"),
        )


def _requests():
    waiting = JoinRequest.objects.filter(state=JoinRequest.State.WAITING).count()
    if waiting:
        yield Line(
            ngettext(
                "%(number)s request to join an open letter waits for you.",
                "%(number)s requests to join an open letter wait for you.",
                waiting,
            )
            % {"number": number(waiting)},
            reverse("admin:petitions_joinrequest_changelist") + "?state__exact=waiting",
        )


def _confirmations():
    """Of mails that left between a day and an hour ago, against attempts and signatures of the
    days before. Those had more time, so only half as many as usual is worth a line."""
    moment = now()
    sent = OutboxMessage.objects.filter(
        kind=OutboxMessage.Kind.CONFIRMATION,
        state=OutboxMessage.State.SENT,
        sent_at__gt=moment - timedelta(days=1),
        sent_at__lt=moment - TIME_TO_ANSWER,
    )
    # Confirming takes the reference off its mail.
    mails, confirmed = sent.aggregate(
        mails=Count("pk"), confirmed=Count("pk", filter=Q(reference=None))
    ).values()
    if mails < ENOUGH_MAILS:
        return
    today = localdate()
    before = (today - timedelta(days=WEEK - 1), today - timedelta(days=1))
    waiting = PendingSignature.objects.filter(created_at__date__range=before).count()
    usual = (
        Signature.objects.confirmed()
        .filter(signed_on__range=before, digest__isnull=False, person=1)
        .count()
    )
    if usual + waiting < ENOUGH_MAILS or 2 * confirmed * (usual + waiting) >= usual * mails:
        return
    yield Line(
        gettext(
            "Of the mails since yesterday %(now)s %% were confirmed, in the days before "
            "%(usual)s %%. Look at the mails."
        )
        % {"now": 100 * confirmed // mails, "usual": 100 * usual // (usual + waiting)},
        reverse("admin:campaign_site_outboxmessage_changelist"),
    )


def _prepared():
    lists = Delivery.objects.filter(state=Delivery.State.PREPARED).select_related("government")
    for delivery in lists.order_by("cover_date", "pk"):
        yield Line(
            gettext("List for the %(government)s of %(day)s: not yet handed over.")
            % {"government": delivery.government, "day": date_format(delivery.cover_date)},
            change_url(delivery),
        )


def _overdue():
    lists = Delivery.objects.filter(
        state=Delivery.State.HANDED_OVER, reply_due__lt=localdate(), reply_received=None
    ).select_related("government")
    for delivery in lists.order_by("reply_due", "pk"):
        yield Line(
            gettext("Reply of the %(government)s overdue since %(day)s.")
            % {"government": delivery.government, "day": date_format(delivery.reply_due)},
            change_url(delivery),
        )


def _names_go():
    """The warnings of the delivery page, asked only where a name may be near its end."""
    soon = localdate() + retention.WARNED_BEFORE
    old = Signature.objects.filter(signed_on__lte=retention.signed_two_years_before(soon))
    targets = Target.objects.filter(
        Q(petition__in=old.values("petition"))
        | Q(petition__closes_at__date__lte=soon - NAMES_AFTER_CLOSING),
        petition__state=Petition.State.PUBLISHED,
    ).select_related("petition", "government")
    for target in targets:
        for warning in retention.warnings(target):
            yield Line(
                format_html("{}: {}", bdi(target.petition), warning),
                reverse("admin:petitions_delivery_changelist"),
            )


def _opening():
    today = localdate()
    soon = Petition.objects.filter(
        opens_at__gt=now(), opens_at__date__lte=today + timedelta(days=1)
    ).exclude(state=Petition.State.REMOVED)
    for petition in soon.order_by("opens_at"):
        tomorrow = localdate(petition.opens_at) > today
        if petition.is_published:
            says = (
                gettext("{petition} opens tomorrow at {time} ({zone}).")
                if tomorrow
                else gettext("{petition} opens today at {time} ({zone}).")
            )
        else:
            says = (
                gettext("{petition} should open tomorrow at {time} ({zone}): not published yet.")
                if tomorrow
                else gettext("{petition} should open today at {time} ({zone}): not published yet.")
            )
        sentence = format_html(
            says,
            petition=bdi(petition),
            time=time_format(localtime(petition.opens_at)),
            zone=settings.TIME_ZONE,
        )
        yield Line(sentence, change_url(petition))


def _unchecked():
    people = Profile.objects.to_check()
    for person in people.order_by(F("verified_on").asc(nulls_first=True), "name"):
        if person.verified_on is None:
            says = gettext("{person}: nobody has noted when the facts were checked.")
        else:
            months = _months_since(person.verified_on)
            says = ngettext(
                "{person}: facts checked {months} month ago.",
                "{person}: facts checked {months} months ago.",
                months,
            ).replace("{months}", number(months))
        yield Line(format_html(says, person=bdi(person)), change_url(person))


def _months_since(day: date) -> int:
    today = localdate()
    return 12 * (today.year - day.year) + today.month - day.month - (today.day < day.day)


def _to_read():
    """What translators have asked somebody to read and publish."""
    for model in (Petition, Campaign, Profile):
        for row in model.objects.exclude(translations={}):
            asked = [
                code
                for code, translation in row.translations.items()
                if translation["state"] == State.IN_REVIEW
            ]
            for standing in standings(row, [row], asked):
                sentence = format_html(
                    gettext("{row}: {language} waits for review."),
                    row=bdi(row),
                    language=bdi(standing["language"].own_name),
                )
                yield Line(sentence, standing["url"])


def _behind():
    """What was translated from an original that has changed since."""
    for model in (Petition, Campaign, Profile):
        for row in model.objects.published().exclude(translations={}):
            for standing in standings(row, [row], row.translations):
                if standing["behind"]:
                    says = ngettext(
                        "{row}: {language} is behind by {number} text.",
                        "{row}: {language} is behind by {number} texts.",
                        standing["behind"],
                    )
                    sentence = format_html(
                        says,
                        row=bdi(row),
                        language=bdi(standing["language"].own_name),
                        number=number(standing["behind"]),
                    )
                    yield Line(sentence, standing["url"])


def _health():
    for well, sentence in heartbeats.in_words():
        if not well:
            yield Line(sentence, reverse("admin:campaign_site_heartbeat_changelist"))


# Who may act on it, what it is, and where all of that kind stand, if they stand in one place; the
# most urgent first.
NEEDS = (
    ("campaign_site.view_heartbeat", _health, "campaign_site_heartbeat_changelist"),
    ("campaign_site.view_outboxmessage", _confirmations, "campaign_site_outboxmessage_changelist"),
    ("petitions.change_petition", _opening, "petitions_petition_changelist"),
    ("petitions.change_heldname", _held, "petitions_heldname_changelist"),
    ("petitions.change_joinrequest", _requests, "petitions_joinrequest_changelist"),
    ("petitions.add_delivery", _names_go, "petitions_delivery_changelist"),
    ("petitions.change_delivery", _overdue, "petitions_delivery_changelist"),
    ("petitions.add_handover", _prepared, "petitions_delivery_changelist"),
    (MAY_PUBLISH, _to_read, None),
    (MAY_TRANSLATE, _behind, None),
    ("campaigns.change_profile", _unchecked, "campaigns_profile_changelist?facts=old"),
)


def _address(name):
    name, mark, query = name.partition("?")
    return reverse(f"admin:{name}") + mark + query


def needs_today(user) -> list[Line]:
    """One line of each kind: the most urgent, and how many more there are."""
    found = []
    for permission, lines_of, all_of_them in NEEDS:
        lines = list(lines_of()) if user.has_perm(permission) else []
        if len(lines) == 1:
            found += lines
        elif lines:
            more = ngettext("And %(number)s more.", "And %(number)s more.", len(lines) - 1) % {
                "number": number(len(lines) - 1)
            }
            sentence = format_html("{} {}", lines[0].sentence, more)
            found.append(Line(sentence, _address(all_of_them) if all_of_them else lines[0].url))
    return found[:MOST_LINES]


# --- Petitions ---------------------------------------------------------------------------------


class Bar(NamedTuple):
    """A day, and where it stands in a picture of 7 × 10 by 24."""

    day: date
    number: int
    x: int
    y: int
    height: int


class Week:
    HIGH = 24

    def __init__(self, per_day: dict[date, int]):
        today = localdate()
        days = [today - timedelta(days=ago) for ago in reversed(range(WEEK))]
        numbers = [per_day.get(day, 0) for day in days]
        self.total = sum(numbers)
        most = max(*numbers, 1)
        self.bars = []
        for place, (day, signed) in enumerate(zip(days, numbers, strict=True)):
            height = max(1, round(self.HIGH * signed / most))
            self.bars.append(Bar(day, signed, 10 * place + 1, self.HIGH - height, height))


def petitions_now() -> list[Petition]:
    """What is open or about to be, then drafts, then what closed lately."""
    found = (
        Petition.objects.exclude(state=Petition.State.REMOVED)
        .select_related("count")
        .order_by(
            Case(
                When(state=Petition.State.DRAFT, then=1),
                When(closes_at__lte=now(), then=2),
                default=0,
            ),
            "-updated_at",
        )
    )
    return list(found[:MOST_PETITIONS])


def signed_per_day(petitions) -> dict[int, dict[date, int]]:
    """Of the last week, by petition and day: how many signatures count now."""
    found: dict[int, dict[date, int]] = {}
    rows = (
        Signature.objects.confirmed()
        .filter(petition__in=petitions, signed_on__gt=localdate() - timedelta(days=WEEK))
        .values_list("petition", "signed_on")
        .annotate(Count("pk"))
        .order_by()
    )
    for petition, day, signed in rows:
        found.setdefault(petition, {})[day] = signed
    return found


def _state(petition) -> str:
    if not petition.is_published:
        return gettext("Draft: nobody sees it yet")
    if petition.is_closed:
        return gettext("Closed on %(day)s") % {"day": date_format(petition.closed_on)}
    if petition.not_open_yet:
        return gettext("Opens %(when)s") % {"when": in_zone(petition.opens_at)}
    return gettext("Open")


def _cards(user):
    found = petitions_now()
    per_day = signed_per_day(found)
    codes = list(Language.objects.values_list("code", flat=True))
    codes = codes if user.has_perm(MAY_TRANSLATE) else []
    return [
        {
            "petition": petition,
            "state": _state(petition),
            "week": Week(per_day.get(petition.pk, {})) if petition.is_open else None,
            "preview_url": reverse("preview_petition", args=[petition.pk]),
            "share_url": reverse("admin:petitions_petition_share-kit", args=[petition.pk]),
            "edit_url": change_url(petition),
            "copy_url": reverse("admin:petitions_petition_copy", args=[petition.pk]),
            "standings": standings(petition, [petition], codes),
        }
        for petition in found
    ]


# --- Where to begin ----------------------------------------------------------------------------

START = (
    (_("New petition"), quick_start.PERMISSIONS, "petitions_petition_quick-start"),
    (_("New update"), ["campaigns.add_update"], "campaigns_update_add"),
    (_("New event"), ["campaigns.add_event"], "campaigns_event_add"),
    (_("Lists and handovers"), ["petitions.view_delivery"], "petitions_delivery_changelist"),
    (_("Names to review"), ["petitions.change_heldname"], "petitions_heldname_changelist"),
    (_("Add paper signatures"), ["petitions.add_paperbatch"], "petitions_paperbatch_changelist"),
    (_("New person"), ["campaigns.add_profile"], "campaigns_profile_add"),
    (_("Help a supporter"), ["petitions.forget_signature"], "petitions_petition_forget"),
    (_("Audit trail"), ["campaign_site.view_auditevent"], "campaign_site_auditevent_changelist"),
)


def _handovers(user):
    """What happened at the door: staff who deliver see each attempt, others what is public."""
    found = Handover.objects.select_related("delivery__government", "office")
    if not user.has_perm("petitions.view_handover"):
        found = found.public()
    return found[:MOST_HANDOVERS]


def first_steps(user) -> list[dict]:
    """Four steps from an empty site to the first signature."""
    ours, default = SiteSettings.load(), SiteSettings()
    written = Petition.objects.first()
    published = Petition.objects.published().first()
    may_set = user.has_perm("campaign_site.change_sitesettings")
    steps = (
        (
            _("Say who you are: name and contact, under Settings")
            if may_set
            else _("Ask an administrator to say who you are: name and contact, under Settings"),
            ours.name != default.name and bool(ours.contact),
            may_set and reverse("admin:campaign_site_sitesettings_change", args=[1]),
        ),
        (
            _("Write the petition: for whom, to whom, letter, demands, photo"),
            bool(written),
            reverse("admin:petitions_petition_quick-start"),
        ),
        (
            _("Look at it as a visitor will, and publish it"),
            bool(published),
            written and change_url(written),
        ),
        (_("Sign it yourself, then share it"), False, published and published.get_absolute_url()),
    )
    return [{"says": says, "done": done, "url": not done and url} for says, done, url in steps]


def for_member(request) -> dict:
    user = request.user
    context = {
        "needs": needs_today(user),
        "cards": _cards(user),
        "may_copy": user.has_perm("petitions.add_petition"),
        "may_edit": user.has_perm("petitions.change_petition"),
        "start": [
            {"label": label, "url": reverse(f"admin:{name}")}
            for label, permissions, name in START
            if user.has_perms(permissions)
        ],
        "handovers": _handovers(user),
    }
    if user.has_perms(quick_start.PERMISSIONS):
        if not Petition.objects.exclude(frozen=None).exists():
            context["steps"] = first_steps(user)
            context["steps_done"] = sum(step["done"] for step in context["steps"])
        if not Petition.objects.exists():
            context["quick_start"] = quick_start.QuickStartForm()
            del context["start"][0]  # it is on the page
    if user.has_perm("campaign_site.view_heartbeat"):
        context["health"] = [sentence for well, sentence in heartbeats.in_words() if not well]
        context["may_see_health"] = True
    return context


admin.site.on_home(for_member)
