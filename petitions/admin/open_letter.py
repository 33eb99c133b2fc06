from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import (
    PageAdmin,
    PreviewLink,
    Publish,
    ReadOnlyAdmin,
    Refused,
    StaffInline,
    TakeDown,
    Verb,
)
from campaign_site.names import comparison_key
from campaign_site.templatetags.vigil import partial_date
from campaign_site.translating import Translated
from campaigns.models import Organisation
from petitions import joining
from petitions.models import JoinRequest, OpenLetter, SigningOrganisation, SigningPerson


class OnceFormSet(forms.BaseInlineFormSet):
    """Nobody stands on a letter twice, in whatever spelling: said by the second of them."""

    once, sentence = "", ""

    def clean(self):
        super().clean()
        seen = set()
        for form in self.forms:
            value = form.cleaned_data.get(self.once) if hasattr(form, "cleaned_data") else None
            if not value or form.cleaned_data.get("DELETE"):
                continue
            key = comparison_key(str(value))
            if key in seen:
                form.add_error(self.once, self.sentence)
                raise ValidationError(self.sentence)
            seen.add(key)

    def validate_unique(self):
        """Said above, in our own words."""


class OrganisationsOnce(OnceFormSet):
    once, sentence = "organisation", _("This organisation stands on the letter already.")


class PeopleOnce(OnceFormSet):
    once, sentence = "name", _("Somebody of this name stands on the letter already.")


class SigningOrganisationInline(StaffInline, admin.StackedInline):
    model = SigningOrganisation
    formset = OrganisationsOnce
    extra = 0
    fields = (("position", "organisation"), ("speaker", "speaker_role"))


class SigningPersonInline(StaffInline, admin.StackedInline):
    model = SigningPerson
    formset = PeopleOnce
    extra = 0
    fields = (("position", "name"), "role")


class OpenLetterForm(forms.ModelForm):
    def clean(self):
        super().clean()
        date, closes_on = self.cleaned_data.get("date"), self.cleaned_data.get("closes_on")
        if date and closes_on and closes_on < date.earliest:
            self.add_error("closes_on", gettext("This day is before the date of the letter."))
        return self.cleaned_data


@admin.register(OpenLetter)
class OpenLetterAdmin(Translated, PageAdmin):
    form = OpenLetterForm
    needed = ("title", "summary")
    verbs = (Publish, PreviewLink, TakeDown)
    preview = "preview_openletter"
    list_display = ("title", "to", "date_shown", "open_to_requests", "closes_on", "state")
    list_filter = ("state", "open_to_requests")
    search_fields = ("title", "to", "summary")
    prepopulated_fields = {"slug": ("title",)}
    readonly_fields = ("state_shown",)
    inlines = (SigningOrganisationInline, SigningPersonInline)
    fieldsets = (
        (_("What people read first"), {"fields": ("state_shown", "title", "slug", "summary")}),
        (
            _("The letter"),
            {
                "fields": (
                    "to",
                    "government",
                    ("date", "date_words"),
                    "salutation",
                    "text",
                    "demands",
                )
            },
        ),
        (_("May others join?"), {"fields": ("open_to_requests", "closes_on")}),
        (_("What it belongs to"), {"fields": ("campaigns", "document", "sources")}),
        (_("More"), {"fields": ("language",)}),
    )

    def rows_to_translate(self, obj):
        return [obj, *obj.signing_organisations.all(), *obj.signing_people.all()]

    @admin.display(description=_("date"), ordering="date")
    def date_shown(self, letter):
        return partial_date(letter.date)


class OrganisationForm(forms.Form):
    organisation = forms.ModelChoiceField(
        Organisation.objects.none(),
        required=False,
        label=_("Organisation"),
        help_text=_("Choose it if it is in your list. Empty: it is added to the list, as typed."),
    )


class Approve(Verb):
    name = "approve"
    label = _("Put on the letter")
    button = _("Put it on the letter now")
    main = True
    form_class = OrganisationForm

    def offered(self):
        return self.obj.state == JoinRequest.State.WAITING

    def says(self):
        who = self.obj.name if not self.obj.organisation else self.obj.organisation
        return [
            gettext("“%(who)s” stands on the page of “%(letter)s” at once.")
            % {"who": who, "letter": self.obj.letter},
            gettext("They can take their name back at any time, by the link in their mail."),
        ]

    def form(self):
        if not self.obj.organisation:
            return None
        form = super().form()
        form.fields["organisation"].queryset = Organisation.objects.all()
        form.initial["organisation"] = joining.same_organisation(self.obj.organisation)
        return form

    def do(self, form):
        organisation = form.cleaned_data["organisation"] if form else None
        try:
            joining.approve(self.obj, by=self.user, organisation=organisation)
        except joining.StandsThere:
            raise Refused(gettext("This name stands on the letter already.")) from None
        except joining.Changed:
            raise Refused(gettext("This changed meanwhile. Please look at it once more.")) from None
        return gettext("Done. Everybody can read it there now.")


class Decline(Verb):
    name = "decline"
    label = _("Decline")
    button = _("Decline it now")
    grave = True

    def offered(self):
        return self.obj.state == JoinRequest.State.WAITING

    def says(self):
        return [
            gettext(
                "Nothing is sent. Who follows the link in their mail reads that the name was "
                "not put on the letter."
            ),
            gettext("The request is erased after 30 days."),
        ]

    def do(self, form):
        try:
            joining.decline(self.obj, by=self.user)
        except joining.Changed:
            raise Refused(gettext("This changed meanwhile. Please look at it once more.")) from None
        return gettext("Declined.")


@admin.register(JoinRequest)
class JoinRequestAdmin(ReadOnlyAdmin):
    """Only what its mailbox has confirmed, and never an address: there is none."""

    verbs = (Approve, Decline)
    list_display = ("name", "role", "organisation", "letter", "confirmed_on", "state")
    list_filter = ("state",)
    list_select_related = ("letter",)
    fields = ("letter", "state", "name", "role", "organisation", "confirmed_on", "decided_on")

    def get_queryset(self, request):
        confirmed = super().get_queryset(request).exclude(state=JoinRequest.State.UNCONFIRMED)
        return confirmed.select_related("letter")
