"""Who may do what. A member of staff has one role; a role is a set of permissions, in code.

No role gives sight of addresses or of a list of signatures: there is no such permission.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    CAMPAIGNER = "campaigner", _("Campaigner")
    TRANSLATOR = "translator", _("Translator")
    DELIVERY = "delivery", _("Delivery officer")
    ADMINISTRATOR = "administrator", _("Administrator")


def _permissions(verbs, *models_):
    return {
        f"{app}.{verb}_{name}"
        for app, _dot, name in (model.partition(".") for model in models_)
        for verb in verbs
    }


CONTENT = (
    "campaigns.campaign",
    "campaigns.demand",
    "campaigns.action",
    "campaigns.caselist",
    "campaigns.organisation",
    "campaigns.government",
    "campaigns.office",
    "campaigns.addressee",
    "campaigns.profile",
    "campaigns.profilename",
    "campaigns.timelineentry",
    "campaigns.penalty",
    "campaigns.earlierplace",
    "campaigns.legalstatus",
    "campaigns.healthnote",
    "campaigns.violation",
    "campaigns.galleryphoto",
    "campaigns.document",
    "campaigns.enclosure",
    "campaigns.update",
    "campaigns.event",
    "campaigns.followup",
    "petitions.petition",
    "petitions.target",
    "petitions.openletter",
    "petitions.signingorganisation",
    "petitions.signingperson",
)
READ = _permissions(["view"], *CONTENT, "petitions.ledgerentry", "petitions.paperbatch")
# Who asks to stand under an open letter: their names, which are to be public.
JOINING = _permissions(["view", "change"], "petitions.joinrequest")
# Nothing of anybody: an event link lifts the limit of a network for some hours.
EVENTS = _permissions(["view", "add", "change"], "petitions.eventlink")
# Published rows are closed or withdrawn; admin classes refuse to delete them.
WRITE = _permissions(["view", "add", "change", "delete"], *CONTENT) | _permissions(
    ["view", "add"], "petitions.ledgerentry", "petitions.paperbatch"
)
DELIVER = _permissions(["view", "add", "change"], "petitions.delivery", "petitions.handover") | {
    "petitions.download_delivery"
}
# The names that something odd holds back, and no others; and the words that hold them.
REVIEW = _permissions(["view", "change"], "petitions.heldname") | _permissions(
    ["view", "add", "change", "delete"], "campaign_site.heldword"
)
ADMINISTER = (
    _permissions(["view", "add", "change"], "campaign_site.member")
    | _permissions(["view", "add", "change", "delete"], "campaign_site.language")
    | _permissions(["view", "change"], "campaign_site.sitesettings", "campaign_site.contactkey")
    | _permissions(
        ["view"],
        "campaign_site.auditevent",
        "campaign_site.outboxmessage",
        "campaign_site.heartbeat",
    )
    # Erase all there is of an address that somebody asks us to forget.
    | {"petitions.forget_signature"}
    | _permissions(["view", "add", "change"], "petitions.invalidation")
)

# Who translates reads the settings: what the organisation says of itself is among them, and all of
# it is public.
TRANSLATE = {"campaign_site.translate", "campaign_site.view_sitesettings"}
PUBLISH_TRANSLATIONS = TRANSLATE | {"campaign_site.publish_translation"}

PERMISSIONS = {
    Role.CAMPAIGNER: WRITE | JOINING | EVENTS | PUBLISH_TRANSLATIONS,
    Role.TRANSLATOR: READ | TRANSLATE,
    Role.DELIVERY: READ | DELIVER | REVIEW,
    Role.ADMINISTRATOR: WRITE
    | JOINING
    | EVENTS
    | DELIVER
    | REVIEW
    | ADMINISTER
    | PUBLISH_TRANSLATIONS,
}
