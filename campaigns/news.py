"""The pages of updates: a list by date, and one each."""

import re

from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaign_site.publishing import published_or_gone
from campaigns.lists import address, named, page_of
from campaigns.models import Campaign, Profile, Update

LIST = "campaigns:updates"
ON_A_PAGE = 20
YEAR = len("2015")
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_YEAR = re.compile(r"[0-9]{4}")


@require_safe
def updates(request):
    """Newest first: all, of a month or year, of a campaign or person."""
    campaign = named(request, "campaign", Campaign)
    person = named(request, "person", Profile)
    found = Update.objects.published()
    if campaign:
        found = found.filter(campaigns=campaign)
    if person:
        found = found.filter(profiles=person)
    filters = {"campaign": campaign and campaign.slug, "person": person and person.slug}
    archive = _archive(found.per_month(), filters)
    period = _period(request)
    if period:
        found = found.dated(period)
    page = page_of(request, found.prefetch_related("follow_ups"), ON_A_PAGE)
    if period and not page.object_list:
        raise Http404
    here = filters | {"month" if len(period) > YEAR else "year": period}
    response = render(
        request,
        "campaigns/updates.html",
        {
            "page": page,
            "newer": address(LIST, here, page.number - 1) if page.has_previous() else "",
            "older": address(LIST, here, page.number + 1) if page.has_next() else "",
            "path": address(LIST, here, page.number),
            "archive": archive,
            "everything": address(LIST, filters),
            "period": period,
            "campaign": campaign,
            "person": person,
        },
    )
    response.query_keys = ("campaign", "person", "month", "year", "page")
    return response


def _period(request) -> str:
    for key, pattern in (("month", _MONTH), ("year", _YEAR)):
        if typed := request.GET.get(key, ""):
            if not pattern.fullmatch(typed):
                raise Http404
            return typed
    return ""


def _archive(per_month, filters) -> list[dict]:
    """Years, newest first, with their months; a year also counts what has no month."""
    years: dict[str, dict] = {}
    for month, number in per_month:
        year = years.setdefault(
            month[:YEAR],
            {
                "year": month[:YEAR],
                "url": address(LIST, filters | {"year": month[:YEAR]}),
                "number": 0,
                "months": [],
            },
        )
        year["number"] += number
        if month != year["year"]:
            url = address(LIST, filters | {"month": month})
            year["months"].append({"month": month, "url": url, "number": number})
    return list(years.values())


@require_safe
def update(request, slug):
    return update_page(request, published_or_gone(Update, slug))


def update_page(request, found, *, preview=False):
    return render(
        request,
        "campaigns/update.html",
        {
            "update": found,
            "follow_ups": found.follow_ups.all(),
            "people": found.profiles.published(),
            "campaigns": found.campaigns.published(),
            "preview": preview,
        },
    )
