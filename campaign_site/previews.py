"""Drafts as the public will see them: for staff, and for whoever has a link that ends."""

from copy import deepcopy

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import translation
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from campaign_site import case_list_pages, languages, middleware, pages, preview_links, translations
from campaign_site.admin_base import change_url
from campaign_site.models import SiteSettings
from campaigns import events, news
from campaigns.models import Campaign, CaseList, Document, Event, Profile, Update
from petitions.forms import SignForm
from petitions.letter_views import letter_page
from petitions.models import OpenLetter, Petition
from petitions.views import petition_page


def _petition_page(request, petition, *, preview):
    form = SignForm(petition=petition)
    form.fields = deepcopy(form.fields)  # visitors share them
    for field in form.fields.values():
        field.disabled = True
    return petition_page(request, petition, form, preview=preview)


PAGES = {
    Campaign: pages.campaign_page,
    Profile: pages.profile_page,
    Document: pages.document_page,
    CaseList: case_list_pages.case_list_page,
    Update: news.update_page,
    Event: events.event_page,
    Petition: _petition_page,
    OpenLetter: letter_page,
    SiteSettings: pages.about_page,
}


def _rows(model):
    if model is Petition:
        return Petition.objects.for_cards().select_related("campaign")
    return model.objects.all()


def _preview(request, found, words):
    response = PAGES[type(found)](request, found, preview=words)
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    # Whatever form the page has: it sends nothing.
    response["Content-Security-Policy"] = middleware.PUBLIC_CSP.replace(
        "form-action 'self'", "form-action 'none'"
    )
    return response


@admin.site.admin_view
@require_safe
def for_staff(request, pk, model):
    if not request.user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}"):
        raise PermissionDenied
    found = get_object_or_404(_rows(model), pk=pk)
    code = _language_of(request)
    wide = f"{request.path}?language={code}"
    if "phone" in request.GET:
        return _on_a_phone(request, found, wide)
    words = _staff_only(found, f"{wide}&phone")
    if not code:
        return _framed_by_us(_preview(request, found, words))
    # What translators have written, published or not.
    with translation.override(code), translations.drafts_shown():
        return _framed_by_us(_preview(request, found, words))


def _on_a_phone(request, found, wide):
    about = {"title": found, "wide": wide, "back": change_url(found)}
    response = render(
        request, "admin/preview_on_a_phone.html", admin.site.each_context(request) | about
    )
    response["Content-Security-Policy"] = f"{middleware.STAFF_CSP}; frame-src 'self'"
    return response


def _framed_by_us(response):
    policy = response["Content-Security-Policy"]
    response["Content-Security-Policy"] = policy.replace("ancestors 'none'", "ancestors 'self'")
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _language_of(request):
    code = request.GET.get("language", "")
    return code if code in languages.KNOWN else ""


def _staff_only(found, phone):
    # Out of the frame, where the page stands in one.
    return format_html(
        '{} <a href="{}" target="_parent">{}</a> · <a href="{}" target="_parent">{}</a>',
        gettext("Preview: only staff can see this page, and its form sends nothing."),
        change_url(found),
        gettext("Back to editing"),
        phone,
        gettext("On a phone"),
    )


@require_safe
def for_whoever_has_the_link(request, token):
    """The same page, or the one neutral page for everything that is forged, over or deleted."""
    link = preview_links.read(token)
    found = _rows(link.model).filter(pk=link.pk).first() if link else None
    if found and found.is_published:
        return redirect(found)
    if not found or found.state != link.state:
        return render(request, "campaign_site/preview_over.html", status=404)
    with translation.override(_language_of(request) or languages.current().code):
        words = gettext(
            "Preview: this page is not public yet, and its form sends nothing. Whoever has this "
            "link can see it until %(until)s."
        ) % {"until": date_format(localtime(link.until), "DATETIME_FORMAT")}
        return _preview(request, found, words)


urlpatterns = [
    *(
        path(
            f"{model._meta.model_name}s/<int:pk>/",
            for_staff,
            {"model": model},
            name=f"preview_{model._meta.model_name}",
        )
        for model in PAGES
    ),
    path("<token>/", for_whoever_has_the_link, name="preview"),
]
