"""Drafts as the public will see them, for staff only."""

from functools import wraps

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from campaign_site import middleware, pages
from campaigns.models import Campaign, Profile
from petitions.forms import SignForm
from petitions.models import Petition
from petitions.views import petition_page


def _preview(permission):
    def decorate(view):
        @require_safe
        @wraps(view)
        def wrapped(request, pk):
            if not request.user.has_perm(permission):
                raise PermissionDenied
            response = view(request, pk)
            response["X-Robots-Tag"] = "noindex"
            response["Cache-Control"] = "no-store"
            # Whatever form the page has: it sends nothing.
            response["Content-Security-Policy"] = middleware.PUBLIC_CSP.replace(
                "form-action 'self'", "form-action 'none'"
            )
            return response

        return admin.site.admin_view(wrapped)

    return decorate


@_preview("campaigns.view_campaign")
def campaign(request, pk):
    return pages.campaign_page(request, get_object_or_404(Campaign, pk=pk), preview=True)


@_preview("campaigns.view_profile")
def profile(request, pk):
    return pages.profile_page(request, get_object_or_404(Profile, pk=pk), preview=True)


@_preview("petitions.view_petition")
def petition(request, pk):
    found = get_object_or_404(Petition.objects.for_cards().select_related("campaign"), pk=pk)
    form = SignForm(petition=found)
    for field in form.fields.values():
        field.disabled = True
    return petition_page(request, found, form, preview=True)
