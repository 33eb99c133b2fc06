"""Quick start: whom, what, to whom, letter, demands and photo on one screen; a draft comes out.

What is there already is chosen, what is new is typed. Everything is made in one transaction, with
the checks of the models themselves.
"""

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpResponseRedirect
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import change_url, check_text, not_ahead
from campaign_site.admin_forms import LinesField, PlainTextarea
from campaign_site.page_cache import forget_pages
from campaigns.admin.look_alikes import NamingForm
from campaigns.models import Addressee, Campaign, Government, Profile
from petitions import publishing
from petitions.models import Petition, Target

PERMISSIONS = [
    "petitions.add_petition",
    "campaigns.add_campaign",
    "campaigns.add_profile",
    "campaigns.add_government",
    "campaigns.add_addressee",
]
KEPT_PHOTO = "photo of a quick start"
# For an address made of a title in a script that no address takes.
SLUGS = {Profile: "person", Government: "recipient", Campaign: "campaign", Petition: "petition"}


def _field(column, **more):
    field = column.formfield(**more)
    check_text(field, column)
    return field


def _typed(model, name, **more):
    """A field as the model has it; whether it must be filled in depends on what is chosen."""
    return _field(model._meta.get_field(name), required=False, **more)


def _textarea(rows):
    return PlainTextarea(attrs={"rows": rows, "dir": "auto"})


class QuickStartForm(NamingForm):
    profile = forms.ModelChoiceField(
        Profile.objects.exclude(state=Profile.State.REMOVED),
        label=_("Somebody who is here already"),
        required=False,
        empty_label=_("nobody of these"),
    )
    person_name = _typed(Profile, "name", label=_("Name of the person"))
    status = _typed(Profile, "status")
    status_as_of = _typed(Profile, "status_as_of", validators=[not_ahead])
    person_summary = _typed(
        Profile,
        "summary",
        label=_("The person in one sentence"),
        help_text=_("For example “A journalist of Port Ilin, in prison since March 2021.”"),
        widget=_textarea(2),
    )
    addressee = forms.ModelChoiceField(
        Addressee.objects.select_related("government").order_by("government__name", "office"),
        label=_("Addressee who is here already"),
        required=False,
        empty_label=_("nobody of these"),
    )
    government = _typed(
        Government,
        "name",
        label=_("Government, parliament or party"),
        help_text=_(
            "As signers read it after “the list for the …”, for example “Government of Estrava”."
        ),
    )
    office = _typed(Addressee, "office", label=_("Who the letter is written to"))
    campaign = forms.ModelChoiceField(
        Campaign.objects.exclude(state__in=[Campaign.State.ENDED, Campaign.State.REMOVED]),
        label=_("Part of the campaign"),
        required=False,
        empty_label=_("none of these"),
    )
    campaign_title = _typed(
        Campaign,
        "title",
        label=_("Title of the new campaign"),
        help_text=_(
            "For example “Bring Marta Ilin home”. Leave it empty: the person’s own campaign, or a "
            "new one with their name."
        ),
    )
    demands = LinesField(
        label=Petition._meta.get_field("demands").verbose_name.capitalize(),
        help_text=Petition._meta.get_field("demands").help_text,
        widget=_textarea(3),
    )

    class Meta:
        model = Petition
        fields = (
            "title",
            "summary",
            "salutation",
            "letter",
            "demands",
            "photo_alt",
            "photo_credit",
        )
        widgets = {"summary": _textarea(3), "letter": _textarea(10)}
        formfield_callback = _field

    # The screen, from top to bottom: heading, fields of which there is one already, fields for
    # something new, all others.
    PARTS = (
        (
            _("For whom"),
            "profile",
            ("person_name", "status", "status_as_of", "person_summary"),
            (),
        ),
        (_("What you ask"), "", (), ("title", "summary")),
        (_("To whom"), "addressee", ("government", "office"), ()),
        (_("The letter"), "", (), ("salutation", "letter", "demands")),
        (_("Photo, if you have one"), "", (), ("photo_upload", "photo_alt", "photo_credit")),
        (_("Campaign, if you have one"), "campaign", ("campaign_title",), ()),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["remove_photo"]
        self.fields["addressee"].label_from_instance = "{0.government}: {0}".format
        self.fields["photo_upload"].label = gettext("Photo")
        self.fields["salutation"].initial = gettext("Your Excellency,")
        for _heading, choice, new, _others in self.PARTS:
            if choice and not self.fields[choice].queryset.exists():
                del self.fields[choice]
                for name in new:
                    # A campaign is named after the person where nobody gives it a name.
                    self.fields[name].required = choice != "campaign"
        for field in self.fields.values():
            field.widget.attrs.setdefault("dir", "auto")
        if self.is_bound:
            self.instance.photo = self._photo_of_the_last_try()

    def _photo_of_the_last_try(self):
        """A browser sends no file twice. Signed: where files lie is not for the browser to say."""
        try:
            return signing.loads(self.data.get("kept_photo", ""), salt=KEPT_PHOTO)
        except signing.BadSignature:
            return None

    @property
    def photo_to_keep(self):
        return signing.dumps(self.instance.photo, salt=KEPT_PHOTO) if self.instance.photo else ""

    @property
    def parts(self):
        """For the template. What is typed for something new is folded while one can be chosen."""
        return [
            {
                "heading": heading,
                "choice": self[choice] if choice in self.fields else None,
                "new": [self[name] for name in new],
                "open": choice not in self.fields
                or any(self[name].errors or self[name].data for name in new),
                "fields": [self[name] for name in others],
                "has_photo": "photo_upload" in others,
            }
            for heading, choice, new, others in self.PARTS
        ]

    # --- Checks ---

    def clean(self):
        super().clean()
        self.person = self._one_of(
            "profile", ("person_name", "status", "status_as_of", "person_summary"), self._person
        )
        self.addressee = self._one_of("addressee", ("government", "office"), self._addressee)
        self.campaign = self._campaign() if self.person else None
        return self.cleaned_data

    def _one_of(self, choice, typed, make):
        """What was chosen, or what was typed in full as a new row, or None with errors."""
        if choice in self.errors:
            return None
        chosen = self.cleaned_data.get(choice)
        missing = [name for name in typed if not self.cleaned_data.get(name)]
        if chosen and len(missing) < len(typed):
            self.add_error(choice, gettext("Choose one, or type a new one: not both."))
        elif chosen:
            return chosen
        elif choice in self.fields and not any(self[name].data for name in typed):
            self.add_error(choice, gettext("Please choose one, or type a new one below."))
        elif missing:
            for name in missing:
                if name not in self.errors:
                    self.add_error(name, self.fields[name].error_messages["required"])
        else:
            return make()
        return None

    def _person(self):
        typed = self.cleaned_data
        person = self._checked(
            Profile(
                name=typed["person_name"],
                status=typed["status"],
                status_as_of=typed["status_as_of"],
                summary=typed["person_summary"],
            ),
            typed["person_name"],
        )
        self.warn_of_look_alikes("person_name", [person.name])
        return person

    def _addressee(self):
        """Somebody to write to; a government or an office that is here already is not made again."""
        name, office = self.cleaned_data["government"], self.cleaned_data["office"]
        government = Government.objects.filter(name__iexact=name).first()
        known = government and government.addressees.filter(office__iexact=office).first()
        return known or Addressee(
            government=government or self._checked(Government(name=name), name),
            office=office,
            salutation=self.cleaned_data.get("salutation", ""),
        )

    def _campaign(self):
        chosen = self.cleaned_data.get("campaign")
        title = self.cleaned_data.get("campaign_title")
        if chosen and title:
            self.add_error("campaign", gettext("Choose one, or type a new one: not both."))
        if chosen or "campaign_title" in self.errors:
            return chosen
        if not title and self.person.pk:
            running = Campaign.State.DRAFT, Campaign.State.PUBLISHED
            own = list(self.person.campaigns.filter(state__in=running)[:2])
            if len(own) == 1:
                return own[0]
        title = title or gettext("Justice for %(person)s") % {"person": self.person}
        summary = self.cleaned_data.get("summary", "")
        return self._checked(Campaign(title=title, summary=summary), title)

    def _checked(self, new, title):
        """By its model, with an address of its own."""
        new.slug = publishing.free_slug(type(new), slugify(title) or SLUGS[type(new)])
        try:
            new.full_clean(exclude=["summary"])
        except ValidationError as error:
            self.add_error(None, error.messages)
        return new

    # --- Done ---

    def make(self) -> list:
        """The petition and whatever it needs: all that was made, the petition last. Only within a
        transaction."""
        made = []
        government, petition = self.addressee.government, self.instance
        for new in (self.person, government, self.addressee, self.campaign):
            if new.pk is None:
                new.save(force_insert=True)
                made.append(new)
        petition.campaign = self.campaign
        petition.slug = publishing.free_slug(Petition, slugify(petition.title) or SLUGS[Petition])
        petition.save(force_insert=True)
        petition.profiles.add(self.person)
        self.campaign.profiles.add(self.person)
        Target.objects.create(petition=petition, government=government, addressee=self.addressee)
        publishing.keep_promise_default(petition, "")
        forget_pages()
        return [*made, petition]


def quick_start(request, *, model_admin):
    if not request.user.has_perms(PERMISSIONS):
        raise PermissionDenied
    posted = request.method == "POST"
    form = QuickStartForm(request.POST, request.FILES) if posted else QuickStartForm()
    if posted and form.is_valid():
        try:
            with transaction.atomic():
                for made in form.make():
                    model_admin.log_addition(request, made, "")
        except IntegrityError:
            form.add_error(
                None, gettext("Somebody made the same just now. Please press the button again.")
            )
        else:
            messages.success(
                request,
                gettext(
                    "The draft is made. Nobody sees it yet: look at the preview, change what you "
                    "like, then press Publish."
                ),
            )
            return HttpResponseRedirect(change_url(form.instance))
    return model_admin.page(
        request,
        "admin/quick_start.html",
        title=gettext("New petition: quick start"),
        quick_start=form,
        status=422 if posted else 200,
    )
