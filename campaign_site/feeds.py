"""What happened, for feed readers: updates, what came later, and what became of signatures.

Each feed is Atom (RFC 4287): all of it, of one campaign, about one person.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html, format_html_join
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _

from campaign_site import rich_text
from campaign_site.models import SiteSettings
from campaign_site.partial_dates import describe
from campaign_site.publishing import published_or_gone
from campaigns.models import Campaign, FollowUp, Profile, Update
from petitions.models import Handover

MOST = 30
# What XML 1.0 cannot hold, whatever somebody pasted.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Entry(NamedTuple):
    on: str  # EDTF, as exactly as it is known
    id: str  # for ever the same
    title: str
    html: str
    path: str
    updated: datetime
    published: datetime | None  # only where the day is known


def _noon(day: date) -> datetime:
    return make_aware(datetime.combine(day, time(12)))


def _day(on) -> datetime | None:
    return _noon(on.earliest) if len(on) == len("2006-03-15") else None


def _dated(row) -> str:
    return row.say("date_words").text or describe(row.date)


def _body(row) -> str:
    """A feed has one address for all languages: each text says its own."""
    text, language = row.say("body")
    return format_html('<div lang="{}" dir="auto">{}</div>', language, rich_text.render(text))


def _of_update(update) -> Entry:
    parts = [format_html("<p><b>{}</b> · {}</p>", _dated(update), update.kind_in_words)]
    if update.quote:
        speaker = [update.spokesperson, update.say("spokesperson_role").text]
        speaker.append(update.organisation.say("name").text if update.organisation else "")
        quote, language = update.say("quote")
        parts.append(
            format_html(
                '<blockquote lang="{}" dir="auto">{}</blockquote><p>{}</p>',
                language,
                quote,
                ", ".join(filter(None, speaker)),
            )
        )
    parts.append(_body(update))
    links = (update.link, update.archive_link) if update.medium else ()
    for link in filter(None, links):
        parts.append(format_html('<p>{}: <a href="{}">{}</a></p>', update.medium, link, link))
    path = update.get_absolute_url()
    return Entry(
        on=update.date,
        id=settings.SITE_URL + path,
        title=update.say("title").text,
        html=format_html_join("\n", "{}", ((part,) for part in parts)),
        path=path,
        updated=update.updated_at,
        published=_day(update.date),
    )


def _of_follow_up(later) -> Entry:
    path = later.get_absolute_url()
    return Entry(
        on=later.date,
        id=settings.SITE_URL + path,
        title=_("Update of %(date)s: %(title)s")
        % {"date": _dated(later), "title": later.update.say("title").text},
        html=_body(later),
        path=path,
        updated=later.updated_at,
        published=_day(later.date),
    )


def _of_handover(handover) -> Entry:
    day = handover.on.isoformat()
    # Two on one day may have the same place on their page.
    number = uuid5(NAMESPACE_URL, f"{settings.SITE_URL}/handovers/{handover.pk}")
    return Entry(
        on=day,
        id=number.urn,
        title=handover.delivery.petition.say("title").text,
        html=format_html("{}", handover.line),
        path=f"{handover.delivery.petition.get_absolute_url()}#handover-{day}-{handover.outcome}",
        updated=_noon(handover.on),
        published=_noon(handover.on),
    )


def newest(updates, handovers) -> list[Entry]:
    """Of published updates, what came later in them, and public handovers."""
    later = FollowUp.objects.filter(update__in=updates).select_related("update")
    entries = [
        *map(_of_update, updates.select_related("organisation")[:MOST]),
        *map(_of_follow_up, later.order_by("-date", "-pk")[:MOST]),
        *map(_of_handover, handovers.select_related("delivery__government")[:MOST]),
    ]
    return sorted(entries, key=lambda entry: entry.on, reverse=True)[:MOST]


class Atom(Atom1Feed):
    def add_item(self, title, link, description, **more):
        super().add_item(_readable(title), link, _readable(description), **more)

    def latest_post_date(self):
        """Of a feed without entries, too, the bytes stay the same."""
        return super().latest_post_date() if self.items else self.feed["since"]


def _readable(text) -> str:
    return _NOT_XML.sub("", str(text))


class _Feed(Feed):
    feed_type = Atom

    def author_name(self):
        return _readable(SiteSettings.load().name)

    def item_title(self, entry):
        return entry.title

    def item_description(self, entry):
        return entry.html

    def item_link(self, entry):
        return settings.SITE_URL + entry.path

    def item_guid(self, entry):
        return entry.id

    def item_updateddate(self, entry):
        return entry.updated

    def item_pubdate(self, entry):
        return entry.published


class News(_Feed):
    def title(self):
        return self.author_name()

    def link(self):
        return settings.SITE_URL + "/"

    def feed_url(self):
        return settings.SITE_URL + reverse("feed")

    def subtitle(self):
        return _("News, and what became of your signatures")

    def feed_extra_kwargs(self, found):
        return {"since": datetime(2000, 1, 1, tzinfo=UTC)}

    def items(self) -> Iterable[Entry]:
        return newest(Update.objects.published(), Handover.objects.public())


class _About(_Feed):
    """Of something that has a page."""

    model: type
    headline = ""
    url_name = ""

    def get_object(self, request, slug):
        return published_or_gone(self.model, slug)

    def title(self, found):
        return _readable(f"{found.say(self.headline).text} · {self.author_name()}")

    def link(self, found):
        return settings.SITE_URL + found.get_absolute_url()

    def feed_url(self, found):
        return settings.SITE_URL + reverse(self.url_name, args=[found.slug])

    def feed_extra_kwargs(self, found):
        return {"since": found.created_at}


class CampaignNews(_About):
    model, headline, url_name = Campaign, "title", "campaign_feed"

    def items(self, campaign) -> Iterable[Entry]:
        handovers = Handover.objects.public().filter(delivery__petition__campaign=campaign)
        return newest(campaign.updates.published(), handovers)


class ProfileNews(_About):
    model, headline, url_name = Profile, "name", "profile_feed"

    def items(self, person) -> Iterable[Entry]:
        handovers = Handover.objects.public().filter(delivery__petition__profiles=person)
        return newest(person.updates.published(), handovers)
