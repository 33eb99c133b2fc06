"""The pages of events: what is coming, what was, one each, and all of it for calendars."""

from django.core.paginator import InvalidPage, Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from campaign_site.publishing import published_or_gone
from campaigns import ics
from campaigns.models import Campaign, Event, Profile
from campaigns.news import named

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
    try:
        past = Paginator(found.past(), ON_A_PAGE).page(request.GET.get("page") or 1)
    except InvalidPage:
        raise Http404 from None
    response = render(
        request,
        "campaigns/events.html",
        {
            "upcoming": found.upcoming()[:MOST_UPCOMING] if past.number == 1 else (),
            "past": past,
            "newer": _address(filters, past.number - 1) if past.has_previous() else "",
            "older": _address(filters, past.number + 1) if past.has_next() else "",
            "path": _address(filters, past.number),
            "campaign": campaign,
            "person": person,
        },
    )
    response.query_keys = ("campaign", "person", "page")
    return response


def _address(filters, page) -> str:
    said = {key: value for key, value in filters.items() if value}
    if page > 1:
        said["page"] = page
    return reverse("campaigns:events") + (f"?{urlencode(said)}" if said else "")


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
