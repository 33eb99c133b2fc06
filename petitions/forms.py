"""Forms of the public pages. What was typed is kept, and each error stands by its field."""

import time

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site import addresses, sealing
from campaign_site.models import ContactKey
from campaign_site.names import clean_name, clean_place
from campaign_site.page_cache import fact
from campaigns.models.subscription import CONSENT

FORM_HOURS = 48


def form_token(petition, hours_ago: int = 0) -> str:
    """A speed bump against blind scripts: petition and hour, the same for everybody."""
    hour = int(time.time() // 3600) - hours_ago
    return sealing.mac("form", f"{petition.pk}:{hour}".encode(), 12).hex()


def form_token_is_fresh(petition, token: str) -> bool:
    return any(
        sealing.same(form_token(petition, hours).encode(), token.encode("utf-8", "replace"))
        for hours in range(-1, FORM_HOURS + 1)
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


class SignForm(NamedForm):
    email = AddressField(
        label=_("E-mail"),
        help_text=_("To check that it is you. Not on the list."),
        error_messages={"required": _("Please type your e-mail address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email", "maxlength": 254, "dir": "ltr"}),
    )
    # Offered only while there is a key to which addresses can be sealed.
    updates = forms.BooleanField(required=False, label=CONSENT)
    # People see no such field; programs that fill in everything do.
    website = forms.CharField(
        required=False,
        label=_("Leave this empty"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )
    form_token = forms.CharField(widget=forms.HiddenInput)
    kept_address = forms.CharField(required=False, widget=forms.HiddenInput)
    # Of an event link: lifts the limit of the network.
    event = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data=None, *, petition, **kwargs):
        super().__init__(data, **kwargs)
        self.petition = petition
        self.deliver = data is None or data.get("deliver") != "no"
        if fact("contact key", ContactKey.current) is None:
            del self.fields["updates"]
        if data is None:
            self.initial["form_token"] = form_token(petition)
        if not self.deliver:
            # Thrown away, so there is nothing to be wrong.
            for field in ("name", "city"):
                self.fields[field] = forms.CharField(
                    required=False, widget=self.fields[field].widget, label=self.fields[field].label
                )

    def clean_website(self):
        if self.cleaned_data["website"]:
            raise ValidationError(gettext("Please leave the last field empty."))
        return ""

    def clean(self):
        token = self.cleaned_data.get("form_token", "")
        if not form_token_is_fresh(self.petition, token):
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
        self.data["form_token"] = form_token(self.petition)

    @property
    def problems(self):
        """Every error with the field it belongs to, for the list above the form."""
        return [
            (self[name] if name != forms.forms.NON_FIELD_ERRORS else None, error)
            for name, errors in self.errors.items()
            for error in errors
        ]


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
