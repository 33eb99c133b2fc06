"""The words of the audit trail in the reader's language. What was done stands in English in its
rows and in the file of them: that does not change with who reads it."""

from django.apps import apps
from django.utils.translation import gettext, pgettext_lazy

DONE = {
    "added": pgettext_lazy("what was done", "added"),
    "began a file of a list": pgettext_lazy("what was done", "began a file of a list"),
    "cancelled a list": pgettext_lazy("what was done", "cancelled a list"),
    "changed": pgettext_lazy("what was done", "changed"),
    "closed": pgettext_lazy("what was done", "closed"),
    "copied": pgettext_lazy("what was done", "copied"),
    "corrected a handover": pgettext_lazy("what was done", "corrected a handover"),
    "could not prepare a list": pgettext_lazy("what was done", "could not prepare a list"),
    "counted elsewhere": pgettext_lazy("what was done", "counted elsewhere"),
    "created a contact key": pgettext_lazy("what was done", "created a contact key"),
    "declined a request to join": pgettext_lazy("what was done", "declined a request to join"),
    "deleted": pgettext_lazy("what was done", "deleted"),
    "divided a list": pgettext_lazy("what was done", "divided a list"),
    "downloaded the audit trail": pgettext_lazy("what was done", "downloaded the audit trail"),
    "ended": pgettext_lazy("what was done", "ended"),
    "ended an event link": pgettext_lazy("what was done", "ended an event link"),
    "erased names": pgettext_lazy("what was done", "erased names"),
    "erased names taken out": pgettext_lazy("what was done", "erased names taken out"),
    "exported contacts": pgettext_lazy("what was done", "exported contacts"),
    "forgot a supporter": pgettext_lazy("what was done", "forgot a supporter"),
    "froze": pgettext_lazy("what was done", "froze"),
    "imported names": pgettext_lazy("what was done", "imported names"),
    "let somebody join": pgettext_lazy("what was done", "let somebody join"),
    "looked at names to review": pgettext_lazy("what was done", "looked at names to review"),
    "looked up a supporter": pgettext_lazy("what was done", "looked up a supporter"),
    "made a file of a list": pgettext_lazy("what was done", "made a file of a list"),
    "made a preview link": pgettext_lazy("what was done", "made a preview link"),
    "made an event link": pgettext_lazy("what was done", "made an event link"),
    "mended a spelling": pgettext_lazy("what was done", "mended a spelling"),
    "noted a reply": pgettext_lazy("what was done", "noted a reply"),
    "opened a list for printing": pgettext_lazy("what was done", "opened a list for printing"),
    "opened a reply": pgettext_lazy("what was done", "opened a reply"),
    "opened evidence": pgettext_lazy("what was done", "opened evidence"),
    "prepared a list": pgettext_lazy("what was done", "prepared a list"),
    "previewed an invalidation": pgettext_lazy("what was done", "previewed an invalidation"),
    "published": pgettext_lazy("what was done", "published"),
    "recorded a handover": pgettext_lazy("what was done", "recorded a handover"),
    "recounted": pgettext_lazy("what was done", "recounted"),
    "released held names": pgettext_lazy("what was done", "released held names"),
    "restored to the count": pgettext_lazy("what was done", "restored to the count"),
    "retired a contact key": pgettext_lazy("what was done", "retired a contact key"),
    "slow lane off": pgettext_lazy("what was done", "slow lane off"),
    "slow lane on": pgettext_lazy("what was done", "slow lane on"),
    "took down": pgettext_lazy("what was done", "took down"),
    "took out of the count": pgettext_lazy("what was done", "took out of the count"),
    "translated": pgettext_lazy("what was done", "translated"),
    "typed names": pgettext_lazy("what was done", "typed names"),
    "undid a batch": pgettext_lazy("what was done", "undid a batch"),
    "undid an entry": pgettext_lazy("what was done", "undid an entry"),
}
ABOUT = {
    "audit trail": pgettext_lazy("to what", "audit trail"),
    "contacts": pgettext_lazy("to what", "contacts"),
    "names to review": pgettext_lazy("to what", "names to review"),
    "one address": pgettext_lazy("to what", "one address"),
}
DETAILS = {
    "again": pgettext_lazy("detail", "again"),
    "attempts": pgettext_lazy("detail", "attempts"),
    "batch": pgettext_lazy("detail", "batch"),
    "blanked": pgettext_lazy("detail", "names erased"),
    "changed": pgettext_lazy("detail", "changed"),
    "confirmed": pgettext_lazy("detail", "confirmed, difference"),
    "copy": pgettext_lazy("detail", "copy"),
    "deleted": pgettext_lazy("detail", "deleted"),
    "delivery": pgettext_lazy("detail", "list"),
    "domain": pgettext_lazy("detail", "domain"),
    "entry": pgettext_lazy("detail", "entry"),
    "event": pgettext_lazy("detail", "event"),
    "format": pgettext_lazy("detail", "format"),
    "from": pgettext_lazy("detail", "from"),
    "held": pgettext_lazy("detail", "held for review"),
    "hours": pgettext_lazy("detail", "hours"),
    "invalidation": pgettext_lazy("detail", "batch"),
    "kind": pgettext_lazy("detail", "kind"),
    "language": pgettext_lazy("detail", "language"),
    "ledger": pgettext_lazy("detail", "elsewhere, difference"),
    "letters": pgettext_lazy("detail", "open letters"),
    "listed": pgettext_lazy("detail", "on lists"),
    "mails": pgettext_lazy("detail", "mails"),
    "names": pgettext_lazy("detail", "names"),
    "number": pgettext_lazy("detail", "number"),
    "office": pgettext_lazy("detail", "office"),
    "outcome": pgettext_lazy("detail", "outcome"),
    "outcome_before": pgettext_lazy("detail", "outcome before"),
    "part": pgettext_lazy("detail", "part"),
    "parts": pgettext_lazy("detail", "parts"),
    "people": pgettext_lazy("detail", "people"),
    "quantity": pgettext_lazy("detail", "how many"),
    "reason": pgettext_lazy("detail", "reason"),
    "repeated_name": pgettext_lazy("detail", "one repeated name"),
    "rows": pgettext_lazy("detail", "rows"),
    "signatures": pgettext_lazy("detail", "signatures"),
    "source": pgettext_lazy("detail", "source"),
    "state": pgettext_lazy("detail", "state"),
    "to": pgettext_lazy("detail", "to"),
    "until": pgettext_lazy("detail", "until"),
    "version": pgettext_lazy("detail", "version"),
    "whole_places": pgettext_lazy("detail", "whole places"),
    "why": pgettext_lazy("detail", "what for"),
}


def details_in_words(details: dict) -> str:
    """“names: 80; list: 2”. What is not known stands as it was written."""
    said = []
    for key, value in details.items():
        if value is None:
            continue
        if key == "kind":
            value = _kind(value)
        elif isinstance(value, bool):
            value = gettext("yes") if value else gettext("no")
        elif isinstance(value, list):
            value = ", ".join(map(str, value))
        said.append(f"{DETAILS.get(key, key)}{gettext(':')} {value}")
    return "; ".join(said)


def _kind(name):
    models = (model._meta for model in apps.get_models())
    return next((model.verbose_name for model in models if model.model_name == name), name)
