"""The pages that need no petition."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.models import Campaign, Profile


@require_safe
def campaigns(request):
    return render(request, "campaigns/campaigns.html", {"campaigns": Campaign.objects.published()})


@require_safe
def profiles(request):
    return render(request, "campaigns/profiles.html", {"profiles": Profile.objects.published()})
