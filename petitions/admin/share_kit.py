"""All there is to pass a petition on, ready to copy: link, texts, code, posters, badge."""

from typing import NamedTuple

from django.conf import settings
from django.http import HttpResponseNotAllowed
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import escape
from django.utils.text import Truncator
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from campaign_site import languages
from campaign_site.admin_base import Verb
from petitions.badge import WIDE

SHORT = 280  # letters of a post, on the strictest of the networks


class ShareKit(Verb):
    name = "share-kit"
    label = _("Share kit")
    permission = "petitions.view_petition"

    def offered(self):
        return self.obj.state != "removed"


class Text(NamedTuple):
    label: str
    text: str
    help: str = ""

    @property
    def rows(self) -> int:
        return min(14, sum(1 + len(line) // 75 for line in self.text.splitlines()))


def page(admin, request, object_id):
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    petition = get_object_or_404(admin.get_queryset(request), pk=object_id)
    verb = ShareKit(request, petition)
    with override(languages.of_interface(petition.language).code):
        paths = {
            name: reverse(f"petitions:{name}", args=[petition.slug])
            for name in ("qr", "poster", "badge")
        }
        words = texts(petition)
    return admin.page(
        request,
        "admin/petitions/petition/share_kit.html",
        petition,
        title=verb.title(),
        verb=verb,
        texts=[Text(*line) for line in _labels(words, petition, paths["badge"])],
        language=petition.language,
        paths=paths,
    )


def texts(petition) -> dict[str, str]:
    """In the language that is active now. A link stands at the end: messengers then show its
    picture."""
    address = settings.SITE_URL + petition.get_absolute_url()
    asked = gettext("Please read this letter and sign it: %(title)s") % {"title": petition.title}
    room = SHORT - len(petition.title) - len(address) - 4
    summary = Truncator(petition.summary).chars(room) if room > 40 else ""
    mail = [
        gettext("Hello,"),
        petition.summary,
        gettext("In an open letter we ask the %(governments)s:")
        % {"governments": petition.recipients}
        + "\n"
        + "\n".join(f"– {demand}" for demand in petition.demands),
        gettext("Please read it, and add your name if you agree:") + "\n" + address,
        petition.promise,
        gettext("Thank you."),
    ]
    return {
        "address": address,
        "message": f"{asked}\n{address}",
        "channel": f"{petition.title}\n\n{petition.summary}\n\n{address}",
        "post": "\n\n".join(filter(None, (petition.title, summary, address))),
        "subject": petition.title,
        "mail": "\n\n".join(filter(None, mail)),
    }


def _labels(words, petition, badge):
    # For a page of others: escaped for that page here, and for the field by the template.
    snippet = (
        f'<a href="{escape(words["address"])}"><img src="{escape(settings.SITE_URL + badge)}" '
        f'width="{WIDE}" alt="{escape(petition.title)}"></a>'
    )
    return (
        (gettext("Link"), words["address"]),
        (gettext("WhatsApp, Signal, text message"), words["message"]),
        (gettext("Telegram channel"), words["channel"]),
        (
            gettext("A short post"),
            words["post"],
            gettext("At most %(number)s letters: for Bluesky, Mastodon, X and others.")
            % {"number": SHORT},
        ),
        (gettext("E-mail: subject"), words["subject"]),
        (gettext("E-mail: text"), words["mail"]),
        (
            gettext("The counter on your own website"),
            snippet,
            gettext(
                "A picture and a link, without script or cookie. The number in it is up to date "
                "whenever somebody opens the page."
            ),
        ),
    )
