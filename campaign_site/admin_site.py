from django.apps import apps
from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpResponseRedirect
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _


class VigilAdminConfig(AdminConfig):
    default_site = "campaign_site.admin_site.VigilAdminSite"


# Heading, sentence, model, label of the link that makes a new one. In the reader's words.
SECTIONS = (
    (
        _("Campaigns"),
        _("The stories you tell, and what you ask."),
        "campaigns.campaign",
        _("New campaign"),
    ),
    (
        _("People"),
        _("Prisoners and defenders: what is known, since when, from whom."),
        "campaigns.profile",
        _("New person"),
    ),
    (
        _("Petitions"),
        _("Letters that people sign: write, preview, publish, close."),
        "petitions.petition",
        _("New petition"),
    ),
    (
        _("Updates"),
        _("News, reactions, press releases, good news, and what the press writes."),
        "campaigns.update",
        _("New update"),
    ),
    (
        _("Events"),
        _("Meetings, vigils, hearings: what is coming, and how it was."),
        "campaigns.event",
        _("New event"),
    ),
    (
        _("Documents"),
        _("Letters, press releases, testimonies, reports: their text or a file."),
        "campaigns.document",
        _("New document"),
    ),
    (
        _("Case lists"),
        _("Records of several people for a government that can ask about them."),
        "campaigns.caselist",
        _("New case list"),
    ),
    (
        _("Open letters"),
        _("Letters that organisations and named people sign together."),
        "petitions.openletter",
        _("New open letter"),
    ),
    (
        _("Requests to join"),
        _("Who asks to stand under an open letter: put them on it, or decline."),
        "petitions.joinrequest",
        "",
    ),
    (
        _("Recipients"),
        _("Governments, parliaments and parties, their offices and office holders."),
        "campaigns.government",
        _("New recipient"),
    ),
    (
        _("Organisations"),
        _("Who is behind a campaign."),
        "campaigns.organisation",
        _("New organisation"),
    ),
    (
        _("Paper signatures"),
        _("Print sheets to sign on; bring the names from them, typed or as a file."),
        "petitions.paperbatch",
        _("Import a file"),
    ),
    (
        _("Counted elsewhere"),
        _("Signatures on paper or with partners that count, without names."),
        "petitions.ledgerentry",
        _("Add signatures counted elsewhere"),
    ),
    (
        _("Lists and handovers"),
        _("How many names are ready, the lists you made, and what happened at the door."),
        "petitions.delivery",
        "",
    ),
    (
        _("Names to review"),
        _("Odd names that wait: release them, or leave them off the lists."),
        "petitions.heldname",
        "",
    ),
    (
        _("Words that hold a name"),
        _("Slurs and jokes, per language: names with them wait for review."),
        "campaign_site.heldword",
        _("New word"),
    ),
    (
        _("Event links"),
        _("For gatherings where many sign from one network. You make them at a petition."),
        "petitions.eventlink",
        "",
    ),
    (
        _("Taken out of the count"),
        _("False signatures, by a rule and for a reason, with 30 days to go back."),
        "petitions.invalidation",
        _("Take signatures out"),
    ),
    (
        _("Members of staff"),
        _("Who may log in, and in which role."),
        "campaign_site.member",
        _("New member of staff"),
    ),
    (_("Mails"), _("How many are waiting and sent."), "campaign_site.outboxmessage", ""),
    (
        _("Health"),
        _("Whether mail, keys and the erasing of names work as they should."),
        "campaign_site.heartbeat",
        "",
    ),
    (
        _("Languages"),
        _("In which languages this site speaks, and who has read them."),
        "campaign_site.language",
        _("New language"),
    ),
    (
        _("Contact keys"),
        _("How addresses of people who asked for updates are sealed, and who exported them."),
        "campaign_site.contactkey",
        "",
    ),
    (_("Audit trail"), _("Who did what, and when."), "campaign_site.auditevent", ""),
    (
        _("Settings"),
        _("The name, the contact and the colour of this site."),
        "campaign_site.sitesettings",
        "",
    ),
)


def words_for(opts):
    """How the first page calls the rows of a model, and the link that makes a new one."""
    for heading, _sentence, model, add_label in SECTIONS:
        if model == opts.label_lower:
            return heading, add_label
    return capfirst(opts.verbose_name_plural), ""


# Pages without a model: heading, sentence, permission, name of the address.
PAGES = (
    (
        _("Help a supporter"),
        _("Somebody asks you to erase all there is of their address."),
        "petitions.forget_signature",
        "admin:petitions_petition_forget",
    ),
)


class VigilAdminSite(AdminSite):
    site_title = "Vigil"
    site_header = "Vigil"
    index_title = _("What would you like to do?")
    enable_nav_sidebar = False

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._parts_of_home = []

    def on_home(self, part):
        """What the apps put on the first page: a function from a request to its context."""
        self._parts_of_home.append(part)

    def app_index(self, request, app_label, extra_context=None):
        # Django's page of one app: the first page has all of it, in the reader's words.
        return HttpResponseRedirect(reverse("admin:index"))

    def login(self, request, extra_context=None):
        # Django's login page has a `site` of its own.
        ours = apps.get_model("campaign_site", "SiteSettings").load()
        return super().login(request, {"site": ours} | (extra_context or {}))

    def index(self, request, extra_context=None):
        # Not above: this module is read before there are models.
        from campaign_site import keys

        context = {"sections": _sections(request), "key_problem": keys.problem()}
        for part in self._parts_of_home:
            context |= part(request)
        return super().index(request, context | (extra_context or {}))


def _sections(request):
    found = []
    for heading, sentence, model, add_label in SECTIONS:
        app, _dot, name = model.partition(".")
        if not request.user.has_perm(f"{app}.view_{name}"):
            continue
        may_add = add_label and request.user.has_perm(f"{app}.add_{name}")
        try:
            url = reverse(f"admin:{app}_{name}_changelist")
            add_url = reverse(f"admin:{app}_{name}_add") if may_add else ""
        except NoReverseMatch:
            continue  # not installed
        found.append(
            {
                "heading": heading,
                "sentence": sentence,
                "url": url,
                "add_url": add_url,
                "add_label": add_label,
            }
        )
    for heading, sentence, permission, name in PAGES:
        if request.user.has_perm(permission):
            found.append({"heading": heading, "sentence": sentence, "url": reverse(name)})
    return found
