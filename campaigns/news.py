"""The pages of updates: a list by date, and one each."""

import re

from django.core.paginator import InvalidPage, Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from campaign_site.publishing import published_or_gone
from campaigns.models import Campaign, Profile, Update

ON_A_PAGE = 20
YEAR = len("2015")
_SLUG = re.compile(r"[-\w]{1,80}", re.ASCII)
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_YEAR = re.compile(r"[0-9]{4}")


@require_safe
def updates(request):
    """Newest first: all, of a month or year, of a campaign or person. What nothing leads to is
    404, so that the page cache is not filled by guessing."""
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
    page = _page(request, found.prefetch_related("follow_ups"))
    if period and not page.object_list:
        raise Http404
    when = {"month" if len(period) > YEAR else "year": period}
    response = render(
        request,
        "campaigns/updates.html",
        {
            "page": page,
            "newer": _address(filters | when, page=page.number - 1) if page.has_previous() else "",
            "older": _address(filters | when, page=page.number + 1) if page.has_next() else "",
            "path": _address(filters | when, page=page.number),
            "archive": archive,
            "everything": _address(filters),
            "period": period,
            "campaign": campaign,
            "person": person,
        },
    )
    response.query_keys = ("campaign", "person", "month", "year", "page")
    return response


def named(request, key, model):
    slug = request.GET.get(key, "")
    if not slug:
        return None
    if not _SLUG.fullmatch(slug):
        raise Http404
    return get_object_or_404(model.objects.published(), slug=slug)


def _period(request) -> str:
    for key, pattern in (("month", _MONTH), ("year", _YEAR)):
        if typed := request.GET.get(key, ""):
            if not pattern.fullmatch(typed):
                raise Http404
            return typed
    return ""


def _page(request, found):
    try:
        return Paginator(found, ON_A_PAGE).page(request.GET.get("page") or 1)
    except InvalidPage:
        raise Http404 from None


def _address(filters, page=1) -> str:
    """Of this list: nothing that a stranger adds to an address gets into the links of a page."""
    said = {key: value for key, value in filters.items() if value}
    if page > 1:
        said["page"] = page
    return reverse("campaigns:updates") + (f"?{urlencode(said)}" if said else "")


def _archive(per_month, filters) -> list[dict]:
    """Years, newest first, with their months; a year also counts what has no month."""
    years: dict[str, dict] = {}
    for month, number in per_month:
        year = years.setdefault(
            month[:YEAR],
            {
                "year": month[:YEAR],
                "url": _address(filters | {"year": month[:YEAR]}),
                "number": 0,
                "months": [],
            },
        )
        year["number"] += number
        if month != year["year"]:
            url = _address(filters | {"month": month})
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
