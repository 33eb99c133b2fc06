"""The pages of events: what is coming, what was, one each, and all of it for calendars."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaign_site.publishing import published_or_gone
from campaigns import ics
from campaigns.lists import address, named, page_of
from campaigns.models import Campaign, Event, Profile

LIST = "campaigns:events"
ON_A_PAGE = 20
MOST_UPCOMING = 100
MOST_IN_A_CALENDAR = 300


@require_safe
def events(request):
    """What is coming, soonest first, then what is past, newest first; of a campaign or person."""
    campaign = named(request, "campaign", Campaign)
    person = named(request, "person", Profile)
    found = Event.objects.published()
    if campaign:
        found = found.filter(campaigns=campaign)
    if person:
        found = found.filter(profiles=person)
    filters = {"campaign": campaign and campaign.slug, "person": person and person.slug}
    past = page_of(request, found.past(), ON_A_PAGE)
    response = render(
        request,
        "campaigns/events.html",
        {
            "upcoming": found.upcoming()[:MOST_UPCOMING] if past.number == 1 else (),
            "past": past,
            "newer": address(LIST, filters, past.number - 1) if past.has_previous() else "",
            "older": address(LIST, filters, past.number + 1) if past.has_next() else "",
            "path": address(LIST, filters, past.number),
            "campaign": campaign,
            "person": person,
        },
    )
    response.query_keys = ("campaign", "person", "page")
    return response


@require_safe
def event(request, slug):
    return event_page(request, published_or_gone(Event, slug))


def event_page(request, found, *, preview=False):
    return render(
        request,
        "campaigns/event.html",
        {
            "event": found,
            "hosts": found.hosts.all(),
            "people": found.profiles.published(),
            "campaigns": found.campaigns.published(),
            "preview": preview,
        },
    )


# --- For calendars -----------------------------------------------------------------------------


@require_safe
def calendar(request):
    found = Event.objects.published().for_calendars()[:MOST_IN_A_CALENDAR]
    return _file(ics.calendar(found), "events")


@require_safe
def event_calendar(request, slug):
    found = published_or_gone(Event, slug)
    if not found.is_exact:
        raise Http404
    return _file(ics.calendar([found]), found.slug)


def _file(content, name):
    return HttpResponse(
        content,
        content_type="text/calendar; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.ics"'},
    )
