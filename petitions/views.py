"""The pages of signing. GET shows, POST changes; a link in a mail opens a page with a button."""

from datetime import timedelta
from functools import wraps
from operator import itemgetter

from django.db.models import Prefetch, prefetch_related_objects
from django.http import FileResponse, Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from campaign_site import languages, links, one_query, outbox, throttle
from campaign_site.keys import require_signer_key
from campaign_site.page_cache import fact
from campaign_site.publishing import published_or_gone
from campaign_site.same_site import from_our_pages
from campaign_site.throttle import Verdict
from campaigns.models.subscription import CONSENT
from petitions import badge as badges
from petitions import events, kept_files, signing
from petitions import poster as posters
from petitions.forms import CodeForm, FindForm, NamedForm, SignForm
from petitions.growth import growth
from petitions.models import Handover, PendingSignature, Petition, Signature, Target

LATEST_UPDATES = 3


class SeeOther(HttpResponseRedirect):
    """What was posted is done; the page to look at now is another."""

    status_code = 303


@require_safe
def petitions(request):
    found = Petition.objects.published().for_cards()
    return render(
        request,
        "petitions/petitions.html",
        {
            "open": [petition for petition in found if petition.is_open],
            "closed": [petition for petition in found if petition.is_closed],
        },
    )


def _published(slug):
    targets = Target.objects.select_related("government", "addressee__government")
    rows = Petition.objects.select_related("count", "campaign")
    return published_or_gone(rows.prefetch_related(Prefetch("targets", targets)), slug)


def _known(slug):
    """As `_published`, at most some seconds ago. Nothing that is counted is read from it."""
    return fact(("petition", slug), lambda: _published(slug))


def _in_its_languages(view):
    """A view of a petition. Where its letter, demands and promise are not in the language of the
    address, it leads to the original: nobody signs what they can read only in part."""

    @wraps(view)
    def wrapped(request, slug, **more):
        # To sign, nothing is asked of the database but to keep what was typed.
        petition = _known(slug) if request.method == "POST" else _published(slug)
        here = languages.current().code
        # Asked in this order: in its own language, nothing is looked up.
        if petition.can_be_signed_in(here) or here == _home(petition):
            return view(request, petition, **more)
        with translation.override(_home(petition)):
            return redirect(petition)

    return wrapped


def _home(petition) -> str:
    """In which language the address of the original is: its own, where visitors are offered that."""
    own = petition.language
    return own if own in {known.code for known in languages.offered()} else languages.DEFAULT.code


def languages_of(petition) -> set[str]:
    """The languages in whose addresses it has a page."""
    return {_home(petition)} | petition.languages_to_sign_in


def petition_page(request, petition, form, status=200, **more):
    found = one_query.fetch(
        people=petition.profiles.published(),
        updates=petition.campaign.updates.published()[:LATEST_UPDATES],
        organisations=petition.campaign.organisations.all(),
    )
    prefetch_related_objects(found["people"], "timeline")
    handovers = Handover.objects.public().filter(delivery__petition=petition)
    return render(
        request,
        "petitions/petition.html",
        {
            "petition": petition,
            "form": form,
            "numbers": petition.numbers,
            "people": [(person, person.petition_dates()) for person in found["people"]],
            "handovers": handovers,
            "done": _newest_first(handovers, found["updates"]),
            "organisations": found["organisations"],
            "in_languages": languages_of(petition),
            **more,
        },
        status=status,
    )


def _newest_first(handovers, updates) -> list[tuple]:
    """What was done so far: (date as EDTF, handover or None, update or None)."""
    rows = [(row.on.isoformat(), row, None) for row in handovers]
    rows += [(row.date, None, row) for row in updates]
    return sorted(rows, key=itemgetter(0), reverse=True)


@require_safe
@_in_its_languages
def petition(request, found):
    form = SignForm(petition=found) if found.is_open else None
    # Only here, where the page is kept for a while: it counts all signatures by day.
    return petition_page(request, found, form, growth=growth(found))


@never_cache
@require_safe
@_in_its_languages
def event(request, found, token):
    """The petition for a gathering: who signs here does not wait for others of its network."""
    valid = events.is_valid(found, token)
    form = SignForm(petition=found, initial={"event": token} if valid else None)
    return petition_page(request, found, form if found.is_open else None, event_over=not valid)


@from_our_pages
@require_http_methods(["GET", "HEAD", "POST"])
@_in_its_languages
def sign(request, petition):
    if request.method != "POST":
        return redirect(petition)
    if not petition.is_open:
        return render(request, "petitions/closed.html", {"petition": petition}, status=409)
    require_signer_key()
    form = SignForm(request.POST, petition=petition)
    if not form.is_valid():
        return petition_page(request, petition, form, status=422)
    at_event = events.take_one(petition, form.cleaned_data["event"])
    verdict = Verdict.FINE if at_event else throttle.SIGNING.hit(request)
    if verdict is Verdict.REFUSED:
        return render(request, "petitions/too_many.html", {"petition": petition}, status=429)
    signing.sign(
        petition,
        name=form.cleaned_data["name"],
        city=form.cleaned_data["city"],
        address=form.cleaned_data["email"],
        deliver=form.deliver,
        language=get_language(),
        updates=form.cleaned_data.get("updates", False),
        slow=verdict is Verdict.SLOW,
    )
    return SeeOther(request.path.removesuffix("sign/") + "thanks/")


@require_safe
def thanks(request, slug):
    petition = _published(slug)
    # Of the petition, never of an address: everybody reads the same.
    minutes = outbox.SLOW_LANE // timedelta(minutes=1) if petition.slow_lane else 0
    return render(
        request,
        "petitions/thanks.html",
        {"petition": petition, "code_form": CodeForm(), "slow_minutes": minutes},
    )


@require_safe
def count(request, slug):
    petition = _published(slug)
    response = JsonResponse(
        {"count": petition.numbers.total, "goal": petition.goal, "as_of": now().isoformat()}
    )
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


# --- To pass on ------------------------------------------------------------------------------


@require_safe
def badge(request, slug):
    """The counter for pages of others, who may show it as a picture."""
    response = _svg(render_to_string("petitions/badge.svg", badges.badge(_published(slug))))
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@require_safe
def code_picture(request, slug):
    address = posters.address_of(_published(slug))
    return _svg(posters.code_of(address, border=posters.QUIET))


def _svg(drawing):
    return HttpResponse(drawing, content_type="image/svg+xml; charset=utf-8")


@require_safe
def poster(request, slug):
    petition = _published(slug)
    if petition.is_closed:
        raise Http404
    paper = "letter" if request.GET.get("paper") == "letter" else "a4"
    return kept_pdf(lambda: posters.poster(petition, paper), f"{slug}-{paper}.pdf")


def kept_pdf(make, filename):
    """A PDF that anybody may ask for, or when to ask again."""
    try:
        file = make()
    except kept_files.NotNow:
        return HttpResponse(
            _("This PDF is not ready. Please try again in a minute."),
            content_type="text/plain; charset=utf-8",
            status=503,
            headers={"Retry-After": "60"},
        )
    # It streams, so no copy of it stays in the memory of the page cache.
    return FileResponse(
        file.open("rb"), filename=filename, headers={"Cache-Control": "max-age=600"}
    )


@from_our_pages
@require_http_methods(["GET", "HEAD", "POST"])
def code(request):
    if request.method != "POST":
        return render(request, "petitions/code.html", {"form": CodeForm()})
    require_signer_key()
    form = CodeForm(request.POST)
    if form.is_valid():
        if throttle.CODES.hit(request) is Verdict.REFUSED:
            return render(request, "petitions/too_many.html", status=429)
        public_id = signing.find_code(form.cleaned_data["code"])
        if public_id:
            return SeeOther(signing.personal_path(public_id))
        form.add_error(
            "code",
            _(
                "This code does not work: it is mistyped, or what it stood for was removed or never "
                "confirmed in time. Please look at the mail once more, or sign again to get a new "
                "one; you will not be counted twice."
            ),
        )
    return render(request, "petitions/code.html", {"form": form}, status=422)


@from_our_pages
@require_http_methods(["GET", "HEAD", "POST"])
def find(request):
    form = FindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        require_signer_key()
        verdict = throttle.FINDING.hit(request)
        if verdict is Verdict.REFUSED:
            return render(request, "petitions/too_many.html", status=429)
        signing.ask_for_pages(
            form.cleaned_data["email"], get_language(), slow=verdict is Verdict.SLOW
        )
        return render(request, "petitions/found.html")
    status = 422 if request.method == "POST" else 200
    return render(request, "petitions/find.html", {"form": form}, status=status)


# --- The personal page -----------------------------------------------------------------------


@from_our_pages
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def personal(request, token):
    # With another key every link would look like one that we never made.
    require_signer_key()
    public_id = links.read_token(signing.PURPOSE, token)
    if public_id is None:
        return render(request, "petitions/unknown_link.html", status=404)
    found = signing.find(public_id)
    if found is None:
        return render(request, "petitions/nothing_kept.html")
    if request.method == "POST":
        act = _ACTIONS.get((type(found), request.POST.get("action")))
        if act is not None:
            return act(request, found)
        if request.POST.get("action") in {action for _kind, action in _ACTIONS}:
            # Pressed twice, or on another device: show where things stand.
            return SeeOther(request.path)
        return _personal_page(request, found, status=422)
    return _personal_page(request, found)


def _personal_page(request, found, form=None, status=200, **more):
    petition = found.petition
    people = signing.household(petition.pk, found.digest)
    context = {
        "found": found,
        "petition": petition,
        "seen": petition.frozen_digest(),
        "form": form or NamedForm(initial={"name": found.name, "city": found.city}),
        "numbers": petition.numbers,
        "person": signing.next_person(people),
        **more,
    }
    if isinstance(found, Signature):
        context["others"] = [
            (signature, signing.personal_path(signature.pk))
            for signature in people
            if signature.pk != found.pk and signature.is_counted
        ]
        context["lists"] = signing.standing_on(found)
        context["action"] = petition.campaign.is_published and petition.campaign.actions.first()
        context.setdefault("add_form", NamedForm(prefix="other"))
        return render(request, "petitions/personal_counted.html", context, status=status)
    if found.updates_box is not None:
        context["updates_consent"] = CONSENT
    context["taken_out"] = signing.was_taken_out(people)
    context["others"] = [(signature, signing.personal_path(signature.pk)) for signature in people]
    return render(request, "petitions/personal_waiting.html", context, status=status)


def _confirm(request, pending):
    """Counted with a name only if the page showed that name and the person ticked it."""
    deliver = request.POST.get("action") == "confirm" and pending.deliver
    form = NamedForm(request.POST) if deliver else None
    if request.POST.get("is_me") != "yes":
        return _personal_page(request, pending, status=422, untick=request.POST["action"])
    if form is not None and not form.is_valid():
        return _personal_page(request, pending, form, status=422)
    try:
        person = int(request.POST.get("person", "1"))
    except ValueError:
        person = 0
    try:
        counted = signing.confirm(
            pending.pk,
            name=form.cleaned_data["name"] if form else "",
            city=form.cleaned_data["city"] if form else "",
            deliver=deliver,
            seen=request.POST.get("seen", ""),
            person=person if 1 <= person <= signing.HOUSEHOLD else 1,
            updates=request.POST.get("updates") == "yes",
        )
    except signing.PetitionChanged:
        return _personal_page(request, pending, status=422, changed=True)
    except signing.PetitionClosed:
        return render(request, "petitions/closed.html", {"petition": pending.petition}, status=409)
    if not counted and PendingSignature.objects.filter(pk=pending.pk).exists():
        return _personal_page(request, pending, status=422, nobody_added=True)
    return SeeOther(request.path)


def _correct_waiting(request, pending):
    form = NamedForm(request.POST)
    if not form.is_valid():
        return _personal_page(request, pending, form, status=422)
    signing.correct_waiting(pending.pk, **form.cleaned_data)
    return SeeOther(request.path)


def _refuse(request, pending):
    signing.refuse(pending.pk)
    return SeeOther(request.path)


def _correct(request, signature):
    form = NamedForm(request.POST)
    if form.is_valid():
        try:
            signing.correct(signature.pk, **form.cleaned_data)
        except signing.AlreadyListed:
            form.add_error(
                None, _("Your name stands on a list already. It cannot be changed there.")
            )
        except signing.SameName:
            form.add_error("name", _("Somebody of this name has signed from this mailbox already."))
        else:
            return SeeOther(request.path)
    return _personal_page(request, signature, form, status=422)


def _count_only(request, signature):
    signing.count_only(signature.pk)
    return SeeOther(request.path)


def _remove(request, signature):
    signing.remove(signature.pk)
    if signing.find(signature.pk) is None:  # nothing is left that its link could lead to
        petition = Petition.objects.select_related("count").get(pk=signature.petition_id)
        about = {"petition": petition, "numbers": petition.numbers}
        return render(request, "petitions/nothing_kept.html", about)
    return SeeOther(request.path)


def _add_person(request, signature):
    deliver = request.POST.get("deliver") != "no"
    form = NamedForm(request.POST, prefix="other")
    if request.POST.get("is_me") != "yes":
        return _personal_page(request, signature, status=422, add_form=form, untick="add_person")
    if deliver and not form.is_valid():
        return _personal_page(request, signature, status=422, add_form=form)
    try:
        person = int(request.POST.get("person", ""))
    except ValueError:
        return _personal_page(request, signature, status=422, add_form=form)
    try:
        made = signing.add_person(
            signature,
            name=form.cleaned_data["name"] if deliver else "",
            city=form.cleaned_data["city"] if deliver else "",
            deliver=deliver,
            seen=request.POST.get("seen", ""),
            person=person,
        )
    except (signing.PetitionChanged, signing.PetitionClosed):
        return render(
            request, "petitions/closed.html", {"petition": signature.petition}, status=409
        )
    if made:
        return SeeOther(signing.personal_path(made))
    people = signing.household(signature.petition_id, signature.digest)
    key = signing.name_key(form.cleaned_data["name"]) if deliver else None
    if any(one.is_counted and (one.person, one.name_key) == (person, key) for one in people):
        return SeeOther(request.path)  # pressed twice
    return _personal_page(request, signature, status=422, nobody_added=True)


_ACTIONS = {
    (signing.PendingSignature, "confirm"): _confirm,
    (signing.PendingSignature, "count_only"): _confirm,
    (signing.PendingSignature, "correct"): _correct_waiting,
    (signing.PendingSignature, "refuse"): _refuse,
    (Signature, "correct"): _correct,
    (Signature, "count_only"): _count_only,
    (Signature, "remove"): _remove,
    (Signature, "add_person"): _add_person,
}
