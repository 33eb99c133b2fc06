"""Help a supporter: erase all there is of an address. Administrators only, and only how much there
is on the page: no name, no petition. The address travels in forms, never in a URL or a log."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from campaign_site.models import record
from campaign_site.templatetags.vigil import number
from petitions import retention
from petitions.forms import AddressField

PERMISSION = "petitions.forget_signature"


class SupporterForm(forms.Form):
    email = AddressField(
        label=_("Their e-mail address"),
        error_messages={"required": _("Please type the address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "off", "maxlength": 254, "dir": "ltr"}),
    )


class SureForm(SupporterForm):
    """The second step: the address goes along unseen."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["email"].widget = forms.HiddenInput()


@sensitive_post_parameters("email")
def forget(request, *, model_admin):
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    form = SupporterForm(request.POST or None)
    found = None
    if request.method == "POST" and form.is_valid():
        address = form.cleaned_data["email"]
        if "erase" in request.POST:
            erased = retention.forget(address, by=request.user)
            messages.success(request, gettext("Erased. %(what)s") % {"what": _sum(erased)})
            return HttpResponseRedirect(reverse("admin:index"))
        found = retention.kept_of(address)
        record(
            "looked up a supporter",
            "one address",
            by=request.user,
            signatures=found.signatures,
            attempts=found.attempts,
            mails=found.mails,
            letters=found.letters,
        )
        form = SureForm({"email": address})
    return model_admin.page(
        request,
        "admin/petitions/petition/forget.html",
        title=gettext("Help a supporter"),
        form=form,
        found=found,
        sentences=in_words(found) if found is not None else [],
        status=422 if form.errors else 200,
    )


def in_words(found: retention.Kept) -> list[str]:
    if not found:
        return [gettext("Nothing is kept for this address.")]
    said = [_sum(found)]
    if found.listed:
        said.append(
            ngettext(
                "%(number)s of them is on a list: what is printed or handed over already, nobody "
                "can change.",
                "%(number)s of them are on a list: what is printed or handed over already, nobody "
                "can change.",
                found.listed,
            )
            % {"number": number(found.listed)}
        )
    if found.signatures:
        said.append(gettext("The count falls."))
    if found.letters:
        said.append(gettext("Their names leave the open letters, too."))
    said.append(gettext("Everybody who shares this mailbox goes with it. It is final."))
    said.append(
        gettext(
            "If they asked for updates as well: those addresses are sealed, nobody can look for one "
            "here. Take it out where you write your updates."
        )
    )
    return said


def _sum(found: retention.Kept) -> str:
    return gettext(
        "Signatures: %(signatures)s. Attempts to sign: %(attempts)s. Mails that wait: %(mails)s. "
        "Open letters, joined or asked to join: %(letters)s."
    ) % {
        "signatures": number(found.signatures),
        "attempts": number(found.attempts),
        "mails": number(found.mails),
        "letters": number(found.letters),
    }
