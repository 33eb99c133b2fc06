"""The pages that need no petition."""

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from campaign_site import files
from campaigns import directory
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


@require_safe
def documents(request):
    """All, or of one kind, campaign or person: by links, so that each list has an address."""
    published = Document.objects.published()
    found, chosen = published, {"kind": "", "campaign": None, "person": None}
    if kind := request.GET.get("kind", ""):
        if kind not in Document.Kind.values:
            raise Http404
        found, chosen["kind"] = found.filter(kind=kind), kind
    for name, model, field in (
        ("campaign", Campaign, "campaigns"),
        ("person", Profile, "profiles"),
    ):
        if slug := request.GET.get(name, "").replace("\0", ""):
            chosen[name] = get_object_or_404(model.objects.published(), slug=slug)
            found = found.filter(**{field: chosen[name]})
    page = Paginator(found.newest_first(), DOCUMENTS_A_PAGE).get_page(request.GET.get("page"))
    response = render(
        request,
        "campaigns/documents.html",
        {
            "page": page,
            "kinds": _kinds(published),
            "campaigns": Campaign.objects.published()
            .annotate(number=Count("documents", filter=Q(documents__state="published")))
            .filter(number__gt=0),
            "chosen": chosen,
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
