"""The pages that need no petition."""

from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaign_site import files
from campaigns import directory
from campaigns.lists import address, named, page_of
from campaigns.models import Campaign, Document, Profile
from campaigns.models.document import FOLDER

PEOPLE_ON_A_PAGE = 24
UNUSED = ("background", "sources", "consent")  # what a card does not show is not sorted with it
DOCUMENTS_A_PAGE = 50


@require_safe
def campaigns(request):
    return render(request, "campaigns/campaigns.html", {"campaigns": Campaign.objects.published()})


@require_safe
def profiles(request):
    asked = directory.Directory(request.GET)
    page = page_of(request, asked.people.defer(*UNUSED), PEOPLE_ON_A_PAGE)
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


@require_safe
def documents(request):
    """All, or of one kind, campaign or person: by links, so that each list has an address."""
    kind = request.GET.get("kind", "")
    if kind and kind not in Document.Kind.values:
        raise Http404
    campaign = named(request, "campaign", Campaign)
    person = named(request, "person", Profile)
    published = Document.objects.published()
    if person:
        published = published.filter(profiles=person)
    found = published.newest_first()
    if kind:
        found = found.filter(kind=kind)
    if campaign:
        found = found.filter(campaigns=campaign)
    page = page_of(request, found, DOCUMENTS_A_PAGE)
    filters = {
        "kind": kind,
        "campaign": campaign and campaign.slug,
        "person": person and person.slug,
    }

    def link(page=1, **changes):
        return address("campaigns:documents", filters | changes, page)

    counted = Campaign.objects.published().annotate(
        number=Count("documents", filter=Q(documents__in=published.order_by()))
    )
    response = render(
        request,
        "campaigns/documents.html",
        {
            "page": page,
            "newer": link(page.number - 1) if page.has_previous() else "",
            "older": link(page.number + 1) if page.has_next() else "",
            "kinds": [(one, number, link(kind=one.value)) for one, number in _kinds(published)],
            "any_kind": link(kind=""),
            "campaigns": [(one, link(campaign=one.slug)) for one in counted.filter(number__gt=0)],
            "any_campaign": link(campaign=""),
            "chosen": {"kind": kind, "campaign": campaign, "person": person},
        },
    )
    response.query_keys = ("kind", "campaign", "person", "page")
    return response


def _kinds(published):
    numbers = dict(
        published.order_by()
        .values("kind")
        .annotate(number=Count("pk"))
        .values_list("kind", "number")
    )
    return [(kind, numbers[kind]) for kind in Document.Kind if kind in numbers]


@require_safe
def document_file(request, file):
    """Only while a public page shows it, and as a download. What has this name never changes."""
    shown = Document.objects.published().showing(file).order_by("pk").first()
    if shown is None:
        raise Http404
    response = files.serve(FOLDER, file, shown.slug)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
