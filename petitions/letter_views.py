"""The pages of open letters, and of asking to stand under one."""

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from campaign_site import links, throttle
from campaign_site.keys import require_signer_key
from campaign_site.publishing import published_or_gone
from campaign_site.same_site import from_our_pages
from campaign_site.throttle import Verdict
from petitions import joining
from petitions.forms import JoinForm
from petitions.models import JoinRequest, OpenLetter
from petitions.models.open_letter import signed_by
from petitions.views import SeeOther


@require_safe
def letters(request):
    found = OpenLetter.objects.published().counted().newest_first()
    return render(request, "petitions/letters.html", {"letters": found})


@require_safe
def letter(request, slug):
    return letter_page(request, published_or_gone(OpenLetter, slug))


def letter_page(request, found, form=None, status=200, *, preview=False):
    organisations = list(found.signing_organisations.select_related("organisation"))
    people = list(found.signing_people.all())
    for row in (*organisations, *people):
        row.letter = found  # its language, without a query for each
    if form is None and (found.takes_requests or (preview and found.open_to_requests)):
        form = JoinForm(letter=found)
    document = found.document
    return render(
        request,
        "petitions/letter.html",
        {
            "letter": found,
            "organisations": organisations,
            "people": people,
            "signed_by": signed_by(len(organisations), len(people)),
            "document": document if document and document.is_published else None,
            "campaigns": found.campaigns.published(),
            "form": form,
            "preview": preview,
        },
        status=status,
    )


@from_our_pages
@require_http_methods(["GET", "HEAD", "POST"])
def join(request, slug):
    found = published_or_gone(OpenLetter, slug)
    if request.method != "POST":
        return redirect(found)
    if not found.takes_requests:
        return render(request, "petitions/letter_closed.html", {"letter": found}, status=409)
    require_signer_key()
    form = JoinForm(request.POST, letter=found)
    if not form.is_valid():
        return letter_page(request, found, form, status=422)
    verdict = throttle.SIGNING.hit(request)
    if verdict is Verdict.REFUSED:
        return render(request, "petitions/too_many.html", status=429)
    joining.ask(
        found,
        name=form.cleaned_data["name"],
        role=form.cleaned_data["role"],
        organisation=form.cleaned_data["organisation"],
        address=form.cleaned_data["email"],
        language=get_language(),
        slow=verdict is Verdict.SLOW,
    )
    return SeeOther(reverse("petitions:letter_thanks", args=[found.slug]))


@require_safe
def thanks(request, slug):
    found = published_or_gone(OpenLetter, slug)
    return render(request, "petitions/letter_thanks.html", {"letter": found})


@from_our_pages
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def personal(request, token):
    """Behind the link of the mail: GET shows, only its buttons change anything."""
    require_signer_key()
    public_id = links.read_token(joining.PURPOSE, token)
    if public_id is None:
        return render(request, "petitions/unknown_link.html", status=404)
    found = joining.find(public_id)
    if found is None:
        return render(request, "petitions/letter_nothing_kept.html")
    if request.method == "POST":
        action = request.POST.get("action")
        if action == "withdraw":
            joining.withdraw(found.public_id)
            return SeeOther(request.path)
        if action != "confirm":
            return _personal_page(request, found, status=422)
        if request.POST.get("is_me") != "yes" and found.state == JoinRequest.State.UNCONFIRMED:
            return _personal_page(request, found, status=422, untick="confirm")
        joining.confirm(found.public_id)
        return SeeOther(request.path)
    return _personal_page(request, found)


def _personal_page(request, found, status=200, **more):
    context = {"found": found, "letter": found.letter, "stands": joining.stands(found), **more}
    return render(request, "petitions/letter_request.html", context, status=status)
