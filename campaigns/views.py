"""The pages that need no petition."""

from django.core.paginator import Paginator
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns import directory
from campaigns.models import Campaign

PEOPLE_ON_A_PAGE = 24
UNUSED = ("background", "sources", "consent")  # what a card does not show is not sorted with it


@require_safe
def campaigns(request):
    return render(request, "campaigns/campaigns.html", {"campaigns": Campaign.objects.published()})


@require_safe
def profiles(request):
    asked = directory.Directory(request.GET)
    page = Paginator(asked.people.defer(*UNUSED), PEOPLE_ON_A_PAGE).get_page(
        request.GET.get(directory.PAGE)
    )
    facets = asked.facets(page)
    response = render(
        request,
        "campaigns/profiles.html",
        {
            "people": page,
            "facets": [facet for facet in facets if not facet.chosen],
            "chosen": [facet for facet in facets if facet.chosen],
            "before": asked.url(page.number - 1) if page.has_previous() else "",
            "after": asked.url(page.number + 1) if page.has_next() else "",
        },
    )
    response.query_keys = directory.QUERY_KEYS
    return response
