"""Events for calendars: iCalendar (RFC 5545). The same bytes as long as nothing changed."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from icalendar import Calendar
from icalendar import Event as Entry

from campaign_site import rich_text
from campaign_site.models import SiteSettings
from campaigns.models import Event

STATUS = {
    Event.Status.PLANNED: "CONFIRMED",
    Event.Status.TO_BE_ANNOUNCED: "TENTATIVE",
    Event.Status.CANCELLED: "CANCELLED",
}
LONGEST_DESCRIPTION = 2_000
# Calendars hold no other control characters.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def calendar(events: Iterable[Event]) -> bytes:
    found = Calendar()
    found.add("prodid", "-//Vigil//Events//EN")
    found.add("version", "2.0")
    found.add("x-wr-calname", _plain(SiteSettings.load().name))
    first = date.max
    for event in events:
        found.add_component(_entry(event))
        first = min(first, event.starts_on.earliest)
    # What a calendar needs to know of each zone, from the year of the first event on.
    if first < date.max:
        found.add_missing_timezones(first_date=first.replace(month=1, day=1))
    return found.to_ical()


def _entry(event) -> Entry:
    entry = Entry()
    host = urlsplit(settings.SITE_URL).hostname
    entry.add("uid", f"{event.slug}@{host}")
    entry.add("dtstamp", event.updated_at)
    entry.add("last-modified", event.updated_at)
    entry.add("sequence", int((event.updated_at - event.created_at).total_seconds()))
    entry.add("status", STATUS[event.status])
    entry.add("summary", _plain(event.say("title").text))
    entry.add("dtstart", event.begins())
    end = event.ends()
    if end is not None:
        # The last day of whole days is not the end: that is the day after.
        entry.add("dtend", end if isinstance(end, datetime) else end + timedelta(days=1))
    where = (event.say("venue").text, event.address, event.say("city").text, event.country)
    if any(where):
        entry.add("location", _plain(", ".join(filter(None, where))))
    what = rich_text.beginning(event.say("description").text, LONGEST_DESCRIPTION)
    if what or event.link:
        entry.add("description", _plain("\n".join(filter(None, (what, event.link)))))
    entry.add("url", settings.SITE_URL + event.get_absolute_url())
    return entry


def _plain(text: str) -> str:
    return _CONTROL.sub("", text)
