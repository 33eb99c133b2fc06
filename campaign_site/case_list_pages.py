"""Case lists as a government gets them: to read, to print, as PDF, table and JSON."""

import json

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from campaign_site import case_list_pdf, languages
from campaign_site.publishing import published_or_gone
from campaigns import case_lists
from campaigns.models import CaseList, CaseListVersion
from petitions.views import kept_pdf


@require_safe
def all_lists(request):
    found = CaseList.objects.published().select_related("recipient")
    return render(request, "campaigns/case_lists.html", {"case_lists": found})


@require_safe
def case_list(request, slug):
    """The newest version; without one, what was taken back to be a draft has none."""
    found = published_or_gone(CaseList, slug)
    return _page(request, found, found.versions.first())


@require_safe
def version(request, slug, number):
    found = published_or_gone(CaseList, slug)
    return _page(request, found, get_object_or_404(found.versions, number=number))


def case_list_page(request, found, *, preview=False):
    """What a version frozen now would say."""
    unfrozen = CaseListVersion(case_list=found, number=found.versions.count() + 1)
    unfrozen.content = case_lists.compile_list(found)
    unfrozen.frozen_at = found.updated_at
    return _page(request, found, unfrozen, preview=preview)


def _page(request, found, shown, preview=False):
    content = case_lists.public_content(shown)
    # All of it, as it was given: labels of one language beside texts of another cannot be read.
    with translation.override(languages.of_interface(content["language"]).code):
        record = {
            "heading": case_lists.heading_of(content),
            "asked": gettext("For everybody on this list we ask"),
            "withdrawn": case_lists.withdrawn_in_words(content),
            "cases": [(case, case_lists.fields_of(case)) for case in content["cases"]],
        }
    return render(
        request,
        "campaigns/case_list.html",
        {
            "case_list": found,
            "version": shown,
            "content": content,
            "language": languages.KNOWN.get(content["language"], languages.DEFAULT),
            "versions": found.versions.defer("content"),
            "preview": preview,
            **record,
        },
    )


def _version(slug, number):
    found = published_or_gone(CaseList, slug)
    return get_object_or_404(found.versions.select_related("case_list"), number=number)


@require_safe
def as_json(request, slug, number):
    """As docs/case-list.schema.json says."""
    content = case_lists.public_content(_version(slug, number))
    return HttpResponse(
        json.dumps(content, ensure_ascii=False, indent=2) + "\n",
        content_type="application/json",
        headers={"Access-Control-Allow-Origin": "*"},
    )


@require_safe
def as_csv(request, slug, number):
    content = case_lists.public_content(_version(slug, number))
    return StreamingHttpResponse(
        case_lists.csv_pieces(content),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{slug}-{number}.csv"'},
    )


@require_safe
def as_pdf(request, slug, number):
    found = _version(slug, number)
    return kept_pdf(lambda: case_list_pdf.pdf(found), f"{slug}-{number}.pdf")
