"""Forms of the public pages. What was typed is kept, and each error stands by its field."""

import time

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site import addresses, sealing
from campaign_site.models import ContactKey
from campaign_site.names import clean_line, clean_name, clean_place
from campaign_site.page_cache import fact
from campaigns.models.subscription import CONSENT
from petitions.models.open_letter import ROLE_LENGTH

FORM_HOURS = 48


def form_token(about, hours_ago: int = 0) -> str:
    """A speed bump against blind scripts: petition or letter and hour, the same for everybody."""
    hour = int(time.time() // 3600) - hours_ago
    kind = "" if about._meta.model_name == "petition" else f"{about._meta.model_name} "
    return sealing.mac("form", f"{kind}{about.pk}:{hour}".encode(), 12).hex()


def form_token_is_fresh(about, token: str) -> bool:
    return any(
        sealing.same(form_token(about, hours).encode(), token.encode("utf-8", "replace"))
        for hours in (*range(FORM_HOURS + 1), -1)  # another machine's clock may be ahead
    )


class NameField(forms.CharField):
    def __init__(self, **kwargs):
        super().__init__(strip=False, **kwargs)

    def clean(self, value):
        typed = super().clean(value)
        return clean_name(typed) if typed.strip() else self._missing()

    def _missing(self):
        if self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        return ""


class PlaceField(NameField):
    def clean(self, value):
        typed = forms.CharField.clean(self, value)
        return clean_place(typed) if typed.strip() else self._missing()


class AddressField(forms.CharField):
    """An e-mail address, in the spelling that its person typed."""

    widget = forms.EmailInput

    def clean(self, value):
        return addresses.clean_address(super().clean(value))


class NamedForm(forms.Form):
    """Name and city, as they will stand on the list."""

    name = NameField(
        label=_("Name"),
        help_text=_("As it should stand on the list. Any script; one word is fine."),
        error_messages={"required": _("Please type your name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name", "maxlength": 100, "dir": "auto"}),
    )
    city = PlaceField(
        label=_("City or place"),
        help_text=_("A larger place near you is fine, too."),
        error_messages={"required": _("Please type your city or place.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "address-level2", "maxlength": 60, "dir": "auto"}
        ),
    )


class MailboxForm(forms.Form):
    """What is asked of a mailbox: an address, with what keeps programs out and slips in sight."""

    email = AddressField(
        label=_("E-mail"),
        help_text=_("To check that it is you. Not on the list."),
        error_messages={"required": _("Please type your e-mail address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email", "maxlength": 254, "dir": "ltr"}),
    )
    # People see no such field; programs that fill in everything do.
    website = forms.CharField(
        required=False,
        label=_("Leave this empty"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    form_token = forms.CharField(widget=forms.HiddenInput)
    kept_address = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, about, **kwargs):
        super().__init__(data, **kwargs)
        self.about = about
        if data is None:
            self.initial["form_token"] = form_token(about)

    def clean_website(self):
        if self.cleaned_data["website"]:
            raise ValidationError(gettext("Please leave the last field empty."))
        return ""

    def clean(self):
        token = self.cleaned_data.get("form_token", "")
        if not form_token_is_fresh(self.about, token):
            self.renew_token()
            raise ValidationError(
                gettext("This page was open for long. Please press the button once more."),
                code="stale",
            )
        address = self.cleaned_data.get("email", "")
        suggestion = addresses.suggestion(address) if address else None
        if suggestion and self.cleaned_data.get("kept_address") != address:
            self.data = self.data.copy()
            self.data["kept_address"] = address
            self.add_error(
                "email",
                ValidationError(
                    gettext("Did you mean %(suggestion)s? Press again to keep what you typed."),
                    params={"suggestion": suggestion},
                    code="misspelt",
                ),
            )
        return self.cleaned_data

    def renew_token(self):
        self.data = self.data.copy()
        self.data["form_token"] = form_token(self.about)


class _Shared(dict):
    """Fields that forms do not copy, as Django's do: whoever changes one copies it first."""

    def __deepcopy__(self, memo):
        return dict(self)


class SignForm(MailboxForm, NamedForm):
    # Offered only while there is a key to which addresses can be sealed.
    updates = forms.BooleanField(required=False, label=CONSENT)
    # Of an event link: lifts the limit of the network.
    event = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, petition, **kwargs):
        super().__init__(data, about=petition, **kwargs)
        self.deliver = data is None or data.get("deliver") != "no"
        if fact("contact key", ContactKey.current) is None:
            del self.fields["updates"]
        if not self.deliver:
            # Thrown away, so there is nothing to be wrong.
            for field in ("name", "city"):
                self.fields[field] = forms.CharField(
                    required=False, widget=self.fields[field].widget, label=self.fields[field].label
                )


SignForm.base_fields = _Shared(SignForm.base_fields)


class LineField(NameField):
    """A role, the name of an organisation: one line, as `names.clean_line` takes it."""

    def __init__(self, *, longest, **kwargs):
        self.longest = longest
        kwargs.setdefault("widget", forms.TextInput(attrs={"maxlength": longest, "dir": "auto"}))
        super().__init__(**kwargs)

    def clean(self, value):
        typed = forms.CharField.clean(self, value)
        return clean_line(typed, self.longest) if typed.strip() else self._missing()


class JoinForm(MailboxForm):
    MYSELF, ORGANISATION = "myself", "organisation"

    signs_as = forms.ChoiceField(
        label=_("Who signs?"),
        choices=[(MYSELF, _("I sign for myself")), (ORGANISATION, _("My organisation signs"))],
        initial=MYSELF,
        widget=forms.RadioSelect,
        error_messages={"required": _("Please say who signs.")},
    )
    name = NameField(
        label=_("Your name"),
        help_text=_("As it should stand under the letter. Everybody can read it there."),
        error_messages={"required": _("Please type your name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name", "maxlength": 100, "dir": "auto"}),
    )
    role = LineField(
        longest=ROLE_LENGTH,
        required=False,
        label=_("Your role"),
        help_text=_("For example “writer”, or “director” of the organisation. It is public, too."),
    )
    organisation = LineField(
        longest=200,
        required=False,
        label=_("Organisation"),
        help_text=_("Only where it is your organisation that signs: its name."),
    )
    field_order = ("signs_as", "name", "role", "organisation", "email")

    def __init__(self, data=None, *, letter, **kwargs):
        super().__init__(data, about=letter, **kwargs)
        self.fields["email"].help_text = _("To check that it is you. Nobody here sees it.")

    def clean(self):
        super().clean()
        for_organisation = self.cleaned_data.get("signs_as") == self.ORGANISATION
        if not for_organisation:
            self.cleaned_data["organisation"] = ""
        elif not self.cleaned_data.get("organisation") and "organisation" not in self.errors:
            self.add_error("organisation", gettext("Please type the name of the organisation."))
        return self.cleaned_data


class FindForm(forms.Form):
    email = AddressField(
        label=_("E-mail"),
        help_text=_("The address with which you signed."),
        error_messages={"required": _("Please type your e-mail address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email", "maxlength": 254, "dir": "ltr"}),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=100,
        error_messages={"required": _("Please type the code from the mail.")},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "dir": "ltr",
            }
        ),
    )
