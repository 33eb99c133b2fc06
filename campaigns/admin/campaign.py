from django import forms
from django.contrib import admin
from django.db import transaction
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from campaign_site import searching
from campaign_site.admin_base import (
    PageAdmin,
    PreviewLink,
    Publish,
    Refused,
    StaffInline,
    TakeDown,
    Verb,
)
from campaign_site.admin_forms import PHOTO_FIELDS, IllustratedForm
from campaign_site.models import record
from campaign_site.page_cache import forget_pages
from campaign_site.translating import Translated
from campaigns.admin.gallery import GalleryInline
from campaigns.models import Action, Campaign, Demand


class TakeDownCampaign(TakeDown):
    def says(self):
        public = self.obj.petitions.published().count()
        return [
            *super().says(),
            ngettext(
                "%(number)s petition of this campaign stays public.",
                "%(number)s petitions of this campaign stay public.",
                public,
            )
            % {"number": public},
        ]


HOW_IT_ENDED = _("How it ended")


class OutcomeForm(forms.Form):
    outcome = forms.CharField(
        label=HOW_IT_ENDED,
        help_text=_("Everybody reads it, for example “She is home.”"),
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )


class EndCampaign(Verb):
    name = "end"
    label = _("End the campaign")
    button = _("End it now")
    form_class = OutcomeForm

    def offered(self):
        return self.obj.state == Campaign.State.PUBLISHED

    def says(self):
        return [
            gettext("The page stays, with how it ended above everything else."),
            gettext("Its petitions stay open until you close them."),
        ]

    @transaction.atomic
    def do(self, form):
        running = Campaign.objects.filter(pk=self.obj.pk, state=Campaign.State.PUBLISHED)
        if not running.update(
            state=Campaign.State.ENDED, outcome=form.cleaned_data["outcome"].replace("\r\n", "\n")
        ):
            raise Refused(gettext("This changed meanwhile. Please look at it once more."))
        searching.index(Campaign, [self.obj.pk])
        record("ended", self.obj, by=self.user, kind="campaign")
        forget_pages()
        return gettext("The campaign has ended; its page says how.")


class CampaignForm(IllustratedForm):
    def clean_outcome(self):
        """Whoever opened the page before it ended was not asked, and takes nothing away."""
        asked = "outcome" in self.data
        return self.cleaned_data["outcome"] if asked else self.instance.outcome

    def clean(self):
        super().clean()
        if self.instance.state == Campaign.State.ENDED and not self.cleaned_data.get("outcome"):
            self.add_error("outcome", gettext("Please say how the campaign ended."))
        return self.cleaned_data


class DemandInline(StaffInline, admin.StackedInline):
    model = Demand
    extra = 0
    fields = (("position", "recipient"), "text")
    verbose_name_plural = _("what we ask, and of whom")


class ActionInline(StaffInline, admin.StackedInline):
    model = Action
    extra = 0
    long_texts = ()
    fields = (
        *(("position", "kind"), "title", "text", "addressee", ("mail_address", "subject")),
        *("sample", "link"),
    )
    verbose_name_plural = _("what else people can do")


@admin.register(Campaign)
class CampaignAdmin(Translated, PageAdmin):
    needed = ("title", "summary")
    inlines = (DemandInline, ActionInline, GalleryInline)

    def get_fieldsets(self, request, obj=None):
        """Words alone end no campaign: the button does, and asks for them."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj and obj.state == Campaign.State.ENDED:
            return fieldsets
        return [(title, options) for title, options in fieldsets if title != HOW_IT_ENDED]

    def rows_to_translate(self, obj):
        return [obj, *obj.demands.all(), *obj.actions.all(), *obj.gallery.all()]

    form = CampaignForm
    verbs = (Publish, PreviewLink, EndCampaign, TakeDownCampaign)
    preview = "preview_campaign"
    list_display = ("title", "state", "parent", "updated_at")
    list_filter = ("state",)
    list_select_related = ("parent",)
    search_fields = ("title", "summary")
    prepopulated_fields = {"slug": ("title",)}
    fieldsets = (
        (
            _("What people read first"),
            {"fields": ("state_shown", "title", "slug", "summary")},
        ),
        (_("The story"), {"fields": ("story",)}),
        (HOW_IT_ENDED, {"fields": ("outcome",)}),
        (
            _("Who it is about, and who is behind it"),
            {"fields": ("profiles", "related_profiles", "organisations")},
        ),
        (_("Photo"), {"fields": PHOTO_FIELDS}),
        (_("More"), {"fields": ("parent", "language")}),
    )
