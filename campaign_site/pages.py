"""Pages that show rows of both apps, and those about the site itself."""

from itertools import chain
from time import monotonic, sleep
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.static import serve

from campaign_site import keys, languages, letters, searching
from campaign_site.demo_mail import messages
from campaign_site.models import ContactKey, OutboxMessage, SiteSettings
from campaign_site.publishing import published_or_gone
from campaigns import campaign_rows, case_rows
from campaigns.models import Campaign, CaseList, Document, Event, Profile, Update
from petitions.models import Handover, OpenLetter, Petition
from petitions.views import languages_of

# What can be found, in this order, and what stands above it.
SEARCHED = {
    Profile: _("People"),
    Petition: _("Petitions"),
    Campaign: _("Campaigns"),
    Update: _("Updates"),
    Event: _("Events"),
    Document: _("Letters and documents"),
    CaseList: _("Case lists"),
    OpenLetter: _("Open letters"),
}
MOST_FOUND = 20  # of each kind
DEMO_MAIL_PATIENCE = 3  # seconds
LATEST = 3  # updates and events on the first page
MOST_HANDOVERS = 20
MOST_LETTERS = 12
NOWHERE = {"in_languages": ()}  # in no other language is there such a page, either


@require_safe
def home(request):
    petitions = list(Petition.objects.open().for_cards()[:4])
    return render(
        request,
        "campaign_site/home.html",
        {
            "featured": petitions[0] if petitions else None,
            "petitions": petitions[1:],
            "people": Profile.objects.published()[:6],
            "updates": Update.objects.published()[:LATEST],
            "upcoming": Event.objects.published().upcoming()[:LATEST],
            "handovers": Handover.objects.public()[:3],
        },
    )


@require_safe
def campaign(request, slug):
    return campaign_page(
        request, published_or_gone(Campaign.objects.select_related("parent"), slug)
    )


def campaign_page(request, found, *, preview=False):
    petitions = list(found.petitions.published().for_cards())
    return render(
        request,
        "campaigns/campaign.html",
        {
            "campaign": found,
            **campaign_rows.of(found),
            "open_petitions": [petition for petition in petitions if petition.is_open],
            "closed_petitions": [petition for petition in petitions if petition.is_closed],
            "handovers": Handover.objects.public().filter(delivery__petition__campaign=found)[
                :MOST_HANDOVERS
            ],
            "letters": found.open_letters.published().counted().newest_first()[:MOST_LETTERS],
            "preview": preview,
        },
    )


@require_safe
def profile(request, slug):
    return profile_page(request, published_or_gone(Profile, slug))


def profile_page(request, found, *, preview=False):
    rows = case_rows.of(found)
    petitions = Petition.objects.open().for_cards().filter(profiles=found)
    return render(
        request,
        "campaigns/profile.html",
        {
            "profile": found,
            "about": [found],
            **rows,
            "held": found.held_in_words(rows["timeline"]),
            # Buttons name no recipient.
            "petitions": petitions.prefetch_related(None),
            "preview": preview,
        },
    )


@require_safe
def document(request, slug):
    return document_page(request, published_or_gone(Document, slug))


def document_page(request, found, *, preview=False):
    """Of what it is tied to, only what is public: also on a preview."""
    return render(
        request,
        "campaigns/document.html",
        {
            "document": found,
            "senders": found.senders.all(),
            "publishers": found.published_by.all(),
            "enclosures": found.enclosures.select_related("enclosed"),
            "enclosed_with": Document.objects.published().filter(enclosures__enclosed=found),
            "thread": found.thread(),
            "versions": found.versions(),
            "letters": found.open_letters.published().counted().newest_first(),
            "campaigns": found.campaigns.published(),
            "people": found.profiles.published(),
            "preview": preview,
        },
    )


@require_safe
@never_cache
def search(request):
    """A GET form, so that a search can be passed on. Its words are kept and logged nowhere."""
    typed = request.GET.get("q", "")[: searching.LONGEST + 1]  # somebody may send a megabyte
    form = searching.SearchForm({"q": typed} if typed.strip() else None)
    groups = _found(form.words) if form.is_valid() else []
    return render(
        request,
        "campaign_site/search.html",
        {
            "form": form,
            "groups": groups,
            "shown": MOST_FOUND,
            "query": urlencode({"q": typed}) if typed.strip() else "",
        },
        status=422 if form.errors else 200,
    )


def _found(words) -> list[dict]:
    found = searching.find([model.objects.published() for model in SEARCHED], words)
    groups = []
    for model, pks in found.items():
        if pks:
            rows = model.objects.prefetch_related(*(["names"] if model is Profile else []))
            by_pk = rows.in_bulk(pks[:MOST_FOUND])
            rows = [by_pk[pk] for pk in pks[:MOST_FOUND] if pk in by_pk]
            groups.append({"heading": SEARCHED[model], "rows": rows, "number": len(pks)})
    return groups


@require_safe
def about(request):
    return about_page(request, SiteSettings.load())


def about_page(request, found, *, preview=False):
    return render(request, "campaign_site/about.html", {"site": found, "preview": preview})


@require_safe
def privacy(request):
    return render(
        request, "campaign_site/privacy.html", {"updates_offered": ContactKey.current() is not None}
    )


@require_safe
def theme(request):
    """The accent; and letters, for pages in a script that old systems lack."""
    script = request.GET.get("script", "")
    if script and script not in letters.SCRIPTS:
        raise Http404
    context = {"fonts": letters.fonts(script)}
    response = render(request, "campaign_site/theme.css", context, "text/css; charset=utf-8")
    response.query_keys = ("script",)
    return response


@require_safe
def robots(request):
    return HttpResponse(
        "User-agent: *\nDisallow: /admin/\nDisallow: /signatures/\n"
        f"Sitemap: {settings.SITE_URL}/sitemap.xml\n",
        content_type="text/plain",
    )


@require_safe
def sitemap(request):
    """What is published, and the pages about the site itself, in each language they are in."""
    lists = (
        "home",
        "petitions:list",
        "campaigns:profiles",
        "campaigns:campaigns",
        "campaigns:documents",
        "campaigns:updates",
        "campaigns:events",
        "case_lists",
        "petitions:letters",
    )
    published = (model.objects.published() for model in SEARCHED)
    rows = list(chain(*published))
    paths = []
    for known in languages.offered():
        with translation.override(known.code):
            if known.has_catalogue:
                paths += [reverse(name) for name in (*lists, "about", "privacy")]
            paths += [row.get_absolute_url() for row in rows if known.code in _stands_in(row)]
    return render(
        request, "campaign_site/sitemap.xml", {"paths": paths}, content_type="application/xml"
    )


def _stands_in(row) -> set[str]:
    if isinstance(row, Petition):
        return languages_of(row)
    if isinstance(row, CaseList):
        return {languages.of_interface(row.language).code}
    return {languages.DEFAULT.code, row.language} | {
        code for code in row.translations if row.is_published_in(code)
    }


@require_safe
def favicon(request):
    """For what asks without having read a page."""
    return redirect(static("img/favicon.svg"))


@require_safe
def media(request, name):
    """Pictures by content: what stands under a name never changes."""
    response = serve(request, name, document_root=settings.MEDIA_ROOT)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@require_safe
def healthz(request):
    return HttpResponse("alive\n", content_type="text/plain", headers={"Cache-Control": "no-store"})


@require_safe
@never_cache
def readyz(request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    ready = not keys.problem()
    return HttpResponse(
        "ready\n" if ready else "not ready\n",
        content_type="text/plain",
        status=200 if ready else 503,
    )


@require_safe
@never_cache
def demo_mail(request):
    """With the mail that its reader came for, if that is sent within a few seconds."""
    on_their_way = OutboxMessage.objects.filter(
        Q(state="sending") | Q(state="waiting", slow=False, due_at__lte=now())
    )
    patience = monotonic() + DEMO_MAIL_PATIENCE
    while (late := on_their_way.exists()) and monotonic() < patience:
        sleep(0.1)
    context = {"messages": messages(), "late": late}
    return render(request, "campaign_site/demo_mail.html", context)


def csrf_failure(request, reason=""):
    return forbidden(request)


def bad_request(request, exception):
    return render(request, "400.html", NOWHERE, status=400)


def forbidden(request, exception=None):
    staff = request.path.startswith(reverse("admin:index"))
    context = {"staff": staff, "role": staff and exception is not None}
    return render(request, "403.html", context, status=403)


def not_found(request, exception):
    return render(request, "404.html", NOWHERE, status=404)


def server_error(request):
    # The database may be what failed: this page asks it nothing.
    return HttpResponse(render_to_string("500.html"), status=500)
