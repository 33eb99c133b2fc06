"""Event links, made at a petition, and the slow lane that is switched there, too."""

from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib import admin
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.timezone import localtime, now
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from campaign_site import outbox
from campaign_site.admin_base import ReadOnlyAdmin, Refused, Verb, change_url
from campaign_site.templatetags.vigil import number
from petitions import events, publishing
from petitions.models import EventLink
from petitions.models.event import LONGEST


class EventForm(forms.ModelForm):
    class Meta:
        model = EventLink
        fields = ("label", "valid_from", "valid_until", "mails")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("valid_from", "valid_until"):
            self.fields[name].widget = forms.DateTimeInput(
                attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
            )
        self.initial["valid_until"] = now() + timedelta(hours=6)

    def clean_valid_until(self):
        until = self.cleaned_data["valid_until"]
        if until <= now():
            raise forms.ValidationError(gettext("This is in the past."))
        return until


class NewEventLink(Verb):
    name = "event"
    label = _("Make an event link")
    permission = "petitions.add_eventlink"
    made = None

    def offered(self):
        return self.obj.is_published and not self.obj.is_closed

    def says(self):
        return [
            gettext(
                "For a gathering where many sign from one network: under this link their mails "
                "leave at once, where others would wait."
            ),
            ngettext(
                "It holds for at most %(hours)s hour. Everybody who has it can use it.",
                "It holds for at most %(hours)s hours. Everybody who has it can use it.",
                LONGEST // timedelta(hours=1),
            )
            % {"hours": LONGEST // timedelta(hours=1)},
            gettext("Everything else stays: every mailbox confirms, once."),
        ]

    def form(self):
        return EventForm(self.request.POST if self.request.method == "POST" else None)

    def do(self, form):
        self.made = events.make(self.obj, **form.cleaned_data, by=self.user)
        return gettext("This is the link. Copy its address.")

    def goes_to(self):
        return change_url(self.made or self.obj)


class EndEventLink(Verb):
    name = "end"
    label = _("End it now")
    permission = "petitions.change_eventlink"
    grave = True

    def offered(self):
        return self.obj.valid_until > now()

    def says(self):
        return [gettext("Its page stays and says so; people can sign there all the same.")]

    def do(self, form):
        if not events.end(self.obj, by=self.user):
            raise Refused(gettext("It is over already."))
        return gettext("The event link is over.")


class SlowLane(Verb):
    """One button that switches on, and off again."""

    name = "slow-lane"
    permission = "petitions.change_petition"

    @property
    def label(self):
        if self.obj.slow_lane:
            return gettext("Let mails leave at once again")
        return gettext("Put mails in the slow lane")

    def offered(self):
        return self.obj.is_published

    def title(self):
        return f"{self.label}: {self.obj}"

    def says(self):
        minutes = outbox.SLOW_LANE // timedelta(minutes=1)
        if self.obj.slow_lane:
            return [
                gettext("Mails of this petition leave at once from now on."),
                gettext("Those that wait already leave within %(minutes)s minutes.")
                % {"minutes": minutes},
            ]
        return [
            gettext(
                "Against a wave of abuse: mails of this petition wait %(minutes)s minutes, and "
                "those of other petitions go first."
            )
            % {"minutes": minutes},
            gettext("None is dropped. Everybody who signs is told to look again later."),
        ]

    def do(self, form):
        on = not self.obj.slow_lane
        if not publishing.set_slow_lane(self.obj, on, by=self.user):
            raise Refused(gettext("This changed meanwhile. Please look at it once more."))
        if on:
            return gettext("Mails of this petition wait in the slow lane.")
        return gettext("Mails of this petition leave at once.")


@admin.register(EventLink)
class EventLinkAdmin(ReadOnlyAdmin):
    verbs = (EndEventLink,)
    list_display = ("label", "petition", "valid_from", "valid_until", "used_shown", "state_shown")
    list_select_related = ("petition",)
    fields = (
        "address",
        "petition",
        "label",
        "state_shown",
        "valid_from",
        "valid_until",
        "used_shown",
        "made_by",
    )
    readonly_fields = fields

    @admin.display(description=_("address to pass on"))
    def address(self, link):
        address = settings.SITE_URL + link.get_absolute_url()
        return format_html('<a href="{}">{}</a>', address, address)

    @admin.display(description=_("mails"))
    def used_shown(self, link):
        return gettext("%(used)s of %(mails)s") % {
            "used": number(link.used),
            "mails": number(link.mails),
        }

    @admin.display(description=_("state"))
    def state_shown(self, link):
        if link.is_valid:
            return gettext("works")
        if link.valid_until <= now():
            return gettext("over")
        begins = date_format(localtime(link.valid_from), "DATETIME_FORMAT")
        return gettext("begins on %s") % begins
