"""The launch checklist: what must be there before a petition is public, and what is worth a look."""

from functools import partial
from typing import NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaign_site import heartbeats, keys, languages, translating
from campaign_site.checks import no_mail_leaves
from campaign_site.models import ContactKey, SiteSettings
from campaign_site.templatetags.vigil import number

LONG_TITLE = 60


class Line(NamedTuple):
    """One line of the list, with the address of the field that mends it."""

    part: str
    words: str
    good: bool = False
    url: str = ""
    permission: str = ""  # who may change that; everybody who may publish where empty


def blocking(petition) -> list[Line]:
    """The six things without which nobody may see a petition, each done or missing."""
    return [
        _recipient(petition),
        _letter(petition),
        _demands(petition),
        _promise(petition),
        _privacy(petition),
        _key(),
    ]


def missing(petition) -> list[str]:
    return [f"{line.part}: {line.words}" for line in blocking(petition) if not line.good]


def worth_a_look(petition) -> list[Line]:
    """What stops nobody from publishing, but is better known before."""
    return [*_about_the_page(petition), *_about_languages(petition), *_about_the_site()]


def _field(petition, name, part, words, good=False):
    url = reverse("admin:petitions_petition_change", args=[petition.pk]) + f"#id_{name}"
    return Line(part, words, good, url)


def _site_field(name, part, words, good=False):
    url = reverse("admin:campaign_site_sitesettings_change", args=[1]) + f"#id_{name}"
    return Line(part, words, good, url, "campaign_site.change_sitesettings")


# --- What must be there ------------------------------------------------------------------------


def _recipient(petition):
    part = _("Recipient with addressee")
    targets = list(petition.targets.select_related("government", "addressee"))
    if not targets:
        return _field(petition, "targets-0-government", part, _("There is no recipient yet."))
    for place, target in enumerate(targets):
        if target.addressee is None:
            words = _(
                "%(government)s has no addressee yet: choose who the letter is written to."
            ) % {"government": target.government}
            if target.government.addressees.exists():
                return _field(petition, f"targets-{place}-addressee", part, words)
            page = reverse("admin:campaigns_government_change", args=[target.government_id])
            return Line(part, words, url=f"{page}#id_addressees-0-office")
    names = "; ".join(f"{target.government} ({target.addressee})" for target in targets)
    return _field(petition, "targets-0-government", part, names, good=True)


def _letter(petition):
    words = len(petition.letter.split())
    if not words:
        return _field(petition, "letter", _("Letter"), _("There is no letter yet."))
    length = ngettext("%(number)s word", "%(number)s words", words) % {"number": number(words)}
    return _field(petition, "letter", _("Letter"), length, good=True)


def _demands(petition):
    demands = len(petition.demands)
    if not demands:
        return _field(
            petition, "demands", _("Demands"), _("There is no demand yet: type at least one.")
        )
    many = ngettext("%(number)s demand", "%(number)s demands", demands) % {
        "number": number(demands)
    }
    return _field(petition, "demands", _("Demands"), many, good=True)


def _promise(petition):
    if not petition.promise.strip():
        words = _("There is no promise yet: save the petition with its recipients to get ours.")
        return _field(petition, "promise", _("Promise"), words)
    return _field(petition, "promise", _("Promise"), f"“{petition.promise}”", good=True)


def _privacy(petition):
    part = _("Privacy text and retention")
    site = SiteSettings.load()
    if not site.name.strip() or not site.contact:
        words = _(
            "The page “How we protect you” needs an address to which people can write: type the "
            "contact of your organisation."
        )
        return _site_field("contact" if site.name.strip() else "name", part, words)
    return _site_field(
        "contact", part, f"{site.name}, {site.contact}. {_retention(petition)}", True
    )


def _retention(petition):
    if petition.all_names_go_on:
        return _("All names are erased on %(day)s at the latest.") % {
            "day": date_format(petition.all_names_go_on)
        }
    return _(
        "Names are erased two years after they were confirmed, or 90 days after it closes, if "
        "that is sooner."
    )


def _key():
    # Whoever may read what is wrong with the server finds more on its page.
    url, permission = reverse("admin:campaign_site_heartbeat_changelist"), "view_heartbeat"
    where = {"url": url, "permission": f"campaign_site.{permission}"}
    if problem := keys.problem():
        words = _("Nobody could sign: %(problem)s. Ask whoever runs this server.")
        return Line(_("Key for signatures"), words % {"problem": problem}, **where)
    return Line(_("Key for signatures"), _("It works."), good=True, **where)


# --- What is worth a look ----------------------------------------------------------------------


def _about_the_page(petition):
    people = list(petition.profiles.all())
    if len(petition.title) > LONG_TITLE:
        yield _field(
            petition,
            "title",
            _("Title"),
            _("%(length)s characters. At most %(best)s read best on a phone.")
            % {"length": number(len(petition.title)), "best": LONG_TITLE},
        )
    if not petition.photo and not any(person.photo and person.is_published for person in people):
        words = _("There is none. A face says in a second who this is about.")
        yield _field(petition, "photo_upload", _("Photo"), words)
    if not people:
        words = _("None is linked: the page does not say who the person is.")
        yield _field(petition, "profiles", _("For whom"), words)
    for person in people:
        if not person.is_published:
            yield Line(
                _("For whom"),
                _("%(name)s has no public page yet, and is not shown before.") % {"name": person},
                url=reverse("admin:campaigns_profile_change", args=[person.pk]),
            )
    if not petition.campaign.is_published:
        yield Line(
            _("Campaign"),
            _("“%(campaign)s” is not public yet: the page does not lead there before.")
            % {"campaign": petition.campaign},
            url=reverse("admin:campaigns_campaign_change", args=[petition.campaign_id]),
        )
    for target in petition.targets.select_related("government"):
        if petition.promise and target.government.name not in petition.promise:
            yield _field(
                petition,
                "promise",
                _("Promise"),
                _("It does not name the %(government)s, which gets the list.")
                % {"government": target.government},
            )
    if not petition.goal:
        words = _("There is none. A goal in reach, such as 1,000, makes people sign.")
        yield _field(petition, "goal", _("Goal"), words)
    if not petition.closes_at:
        words = _("It has no closing date. Each name is erased two years after it was confirmed.")
        yield _field(petition, "closes_at_0", _("Closes"), words)
    elif petition.is_closed:
        yield _field(petition, "closes_at_0", _("Closes"), _("This is past: nobody can sign."))
        if not petition.outcome:
            words = _("Say what came of it: everybody reads it on the closed page.")
            yield _field(petition, "outcome", _("What came of it"), words)


def _about_languages(petition):
    """What visitors read in a published translation, where it is not what the original says now."""
    codes = [code for code in languages.KNOWN if petition.is_published_in(code)]
    for standing in translating.standings(petition, [petition], codes):
        line = partial(
            Line,
            standing["language"].own_name,
            url=standing["url"],
            permission=translating.MAY_TRANSLATE,
        )
        if standing["left_out"]:
            yield line(_("Not offered for signing: not all that people sign is translated."))
        if standing["behind"]:
            words = ngettext(
                "%(number)s text is behind: its readers see what the original said before.",
                "%(number)s texts are behind: its readers see what the original said before.",
                standing["behind"],
            )
            yield line(words % {"number": number(standing["behind"])})


def _about_the_site():
    if SiteSettings.load().name == SiteSettings._meta.get_field("name").default:
        words = _("Pages and mails come from “%(name)s”. Is that the name of your organisation?")
        yield _site_field("name", _("Name"), words % {"name": SiteSettings.load().name})
    health = {
        "url": reverse("admin:campaign_site_heartbeat_changelist"),
        "permission": "campaign_site.view_heartbeat",
    }
    if no_mail_leaves():
        words = _("No mail server is set up: nobody gets the mail that confirms a signature.")
        yield Line(_("Mail"), words, **health)
    elif settings.DEFAULT_FROM_EMAIL.endswith("@localhost") and not settings.DEMO:
        words = _("Mails come from %(sender)s, which most mail servers refuse.")
        yield Line(_("Mail"), words % {"sender": settings.DEFAULT_FROM_EMAIL}, **health)
    running, words = heartbeats.worker()
    if not running:
        yield Line(_("Mail"), words, **health)
    if ContactKey.current() is None:
        yield Line(
            _("Updates"),
            _("There is no contact key: nobody is offered to hear from you."),
            url=reverse("admin:campaign_site_contactkey_changelist"),
            permission="campaign_site.view_contactkey",
        )
