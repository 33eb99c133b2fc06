import csv
import json
from datetime import timedelta
from operator import itemgetter

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import (
    AdminUserCreationForm,
    ReadOnlyPasswordHashField,
    ReadOnlyPasswordHashWidget,
    UserChangeForm,
)
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count, Q
from django.http import HttpResponseRedirect, StreamingHttpResponse
from django.urls import path, reverse
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.timezone import localdate, localtime, now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site import colours, contact_keys, heartbeats
from campaign_site.admin_base import (
    ReadOnlyAdmin,
    Refused,
    ReportAdmin,
    StaffAdmin,
    Verb,
    picture_now,
)
from campaign_site.admin_forms import PictureField, keep_upload
from campaign_site.audit_words import ABOUT, DONE, details_in_words
from campaign_site.models import (
    AuditEvent,
    ContactKey,
    Heartbeat,
    HeldWord,
    Language,
    Member,
    OutboxMessage,
    SiteSettings,
    record,
)
from campaign_site.names import comparison_key
from campaign_site.spreadsheets import as_text
from campaign_site.translating import Translated

# What somebody may do comes from the role alone.
admin.site.unregister(Group)


PERSON = {
    "username": _("What this person types to log in, for example “ana.berg”."),
    "first_name": _("For example “Ana”. Colleagues see it here; nobody outside does."),
    "last_name": _("For example “Berg”."),
    "email": _("For a new password, for example ana@example.org. It is not public."),
    "is_active": _(
        "May log in. Take the tick away when somebody leaves: the trail keeps what they did."
    ),
}


class PasswordButton(ReadOnlyPasswordHashWidget):
    """Only the button that leads to a new one: what is stored tells nobody anything."""

    def get_context(self, name, value, attrs):
        return super().get_context(name, value, attrs) | {"summary": ()}


class MemberForm(UserChangeForm):
    password = ReadOnlyPasswordHashField(
        label=_("Password"),
        widget=PasswordButton,
        help_text=_("Nobody can read it, not even here. You can only set a new one."),
    )

    def clean(self):
        super().clean()
        mine = self.instance.pk == self.current_user.pk
        if mine and self.cleaned_data.get("role") != self.current_user.role:
            self.add_error("role", gettext("Ask another administrator to change your own role."))
        if mine and not self.cleaned_data.get("is_active"):
            self.add_error("is_active", gettext("Ask another administrator to lock you out."))
        return self.cleaned_data


class NewMemberForm(AdminUserCreationForm):
    usable_password = None  # everybody has a password


@admin.register(Member)
class MemberAdmin(StaffAdmin, UserAdmin):
    form = MemberForm
    add_form = NewMemberForm
    list_display = ("username", "role", "is_active", "last_login")
    list_filter = ("role", "is_active")
    search_fields = ("username", "first_name", "last_name")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password", "role", "is_active")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email", "language")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": ("username", "role", "password1", "password2"),
                "description": _(
                    "The role says what this person may do. No role shows addresses of signers."
                ),
            },
        ),
    )

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in PERSON:
            field.help_text = PERSON[db_field.name]
        return field

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.current_user = request.user
        return form


class DayFilter(admin.SimpleListFilter):
    title = _("day")
    parameter_name = "day"

    def lookups(self, request, model_admin):
        lately = now() - timedelta(days=30)
        days = AuditEvent.objects.filter(at__gte=lately).datetimes("at", "day", order="DESC")
        return [(day.date().isoformat(), date_format(day)) for day in days]

    def queryset(self, request, queryset):
        try:
            day = parse_date(self.value() or "")
        except ValueError:
            day = None
        return queryset.filter(at__date=day) if day else queryset


class DoneFilter(admin.SimpleListFilter):
    title = _("what was done")
    parameter_name = "verb"

    def lookups(self, request, model_admin):
        verbs = AuditEvent.objects.order_by().values_list("verb", flat=True).distinct()
        return sorted(((verb, str(DONE.get(verb, verb))) for verb in verbs), key=itemgetter(1))

    def queryset(self, request, queryset):
        return queryset.filter(verb=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    change_list_template = "admin/audit_trail.html"
    list_display = ("at", "by", "done", "to_what", "details_shown")
    list_filter = (DayFilter, DoneFilter, "by")
    list_select_related = ("by",)
    fields = ("at", "by", "done", "to_what", "details_shown")
    readonly_fields = fields

    @admin.display(description=_("what was done"), ordering="verb")
    def done(self, event):
        return DONE.get(event.verb, event.verb)

    @admin.display(description=_("to what"), ordering="about")
    def to_what(self, event):
        return ABOUT.get(event.about, event.about)

    @admin.display(description=_("details"))
    def details_shown(self, event):
        return details_in_words(event.details)

    def get_urls(self):
        view = self.admin_site.admin_view(self.csv_view)
        return [path("csv/", view, name="campaign_site_auditevent_csv"), *super().get_urls()]

    def csv_view(self, request):
        """What the page shows with these filters, all of it. That somebody took it is part of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if any("\0" in value for value in request.GET.values()):
            return HttpResponseRedirect(request.path)
        try:
            found = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(request.path)
        events = found.select_related("by").order_by("at", "pk")
        record("downloaded the audit trail", "audit trail", by=request.user)
        return StreamingHttpResponse(
            audit_csv(events),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="audit-trail-{localdate()}.csv"',
                "Cache-Control": "no-store",
            },
        )


def audit_csv(events):
    """UTF-8 with BOM, for spreadsheets; no cell begins like a formula."""
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield "\ufeff"
    yield writer.writerow(["when", "who", "what was done", "to what", "details"])
    for event in events.iterator(2000):
        cells = (
            localtime(event.at).isoformat(timespec="seconds"),
            str(event.by or ""),
            event.verb,
            event.about,
            json.dumps(event.details, ensure_ascii=False) if event.details else "",
        )
        yield writer.writerow(map(as_text, cells))


class _Echo:
    """Gives back what the writer writes."""

    def write(self, text):
        return text


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReportAdmin):
    """How many mails are where. No address and no content: there is no page for one mail."""

    def report(self, request):
        counts = OutboxMessage.objects.values_list("kind", "state").annotate(Count("pk")).order_by()
        rows = sorted(
            (
                str(OutboxMessage.Kind(kind).label),
                str(OutboxMessage.State(state).label),
                number,
            )
            for kind, state, number in counts
        )
        return self.page(request, "admin/outbox.html", title=gettext("Mails"), rows=rows)


class RetireKey(Verb):
    name = "retire"
    label = _("Stop offering updates")
    button = _("Stop now")
    permission = "campaign_site.change_contactkey"
    grave = True

    def offered(self):
        return self.obj.retired_at is None

    def says(self):
        return [
            gettext("From now on no petition offers updates, until a new key is made."),
            gettext("What is sealed to this key already can still be exported and opened."),
        ]

    def do(self, form):
        if not contact_keys.retire(self.obj.pk, by=self.user):
            raise Refused(gettext("This changed meanwhile. Please look at it once more."))
        return gettext("No petition offers updates now.")


@admin.register(ContactKey)
class ContactKeyAdmin(ReadOnlyAdmin):
    """Which keys there are, and what happened with what is sealed to them. Made by a command,
    because the private half must never pass through a browser."""

    list_display = ("label", "identifier_shown", "state_shown", "made_by", "waiting", "exported")
    list_select_related = ("made_by",)
    fields = (
        "label",
        "identifier_shown",
        "state_shown",
        "proved_at",
        "made_at",
        "made_by",
        "waiting",
        "exported",
        "exports",
    )
    readonly_fields = fields
    verbs = (RetireKey,)

    def get_queryset(self, request):
        return (
            super()
            .get_queryset(request)
            .annotate(
                waiting=Count("subscriptions", filter=Q(subscriptions__exported_at=None)),
                exported=Count("subscriptions", filter=Q(subscriptions__exported_at__isnull=False)),
            )
        )

    @admin.display(description=_("number"))
    def identifier_shown(self, key):
        return key.identifier

    @admin.display(description=_("state"))
    def state_shown(self, key):
        if key.retired_at:
            return gettext("used until %(day)s") % {"day": date_format(localtime(key.retired_at))}
        return gettext("works: every petition offers updates")

    @admin.display(description=_("addresses that wait for an export"))
    def waiting(self, key):
        return key.waiting

    @admin.display(description=_("exported in the last 30 days"))
    def exported(self, key):
        return key.exported

    @admin.display(description=_("who exported when"))
    def exports(self, key):
        made = AuditEvent.objects.filter(
            verb="exported contacts", details__has_key=str(key)
        ).select_related("by")
        lines = (
            (
                date_format(localtime(event.at), "DATETIME_FORMAT"),
                event.by or gettext("at the command line"),
                event.details[str(key)],
            )
            for event in made
        )
        return format_html_join(mark_safe("<br>"), "{} · {} · {}", lines) or gettext("nobody yet")


@admin.register(Heartbeat)
class HeartbeatAdmin(ReportAdmin):
    """Mail, worker, key, erasing: as sentences."""

    def report(self, request):
        # What is wrong comes first.
        report = sorted(heartbeats.in_words(), key=lambda line: line[0])
        return self.page(
            request,
            "admin/health.html",
            title=gettext("Health"),
            report=report,
            all_well=all(well for well, _sentence in report),
        )


class HeldWordForm(forms.ModelForm):
    def clean_word(self):
        folded = comparison_key(self.cleaned_data["word"])
        if not folded:
            raise ValidationError(gettext("Please type at least one letter."))
        if len(folded) > HeldWord._meta.get_field("word").max_length:
            raise ValidationError(gettext("This is too long."))
        return folded


@admin.register(HeldWord)
class HeldWordAdmin(StaffAdmin):
    form = HeldWordForm
    list_display = ("word", "language")
    list_filter = ("language",)
    search_fields = ("word",)


@admin.register(Language)
class LanguageAdmin(StaffAdmin):
    list_display = ("code", "read_by", "read_on")
    fields = ("code", "read_by", "read_on")

    def get_readonly_fields(self, request, obj=None):
        return ("code",) if obj else ()


class LogoField(PictureField):
    most_bytes = 1_000_000

    def clean(self, data, initial=None):
        if data and data.size > self.most_bytes:
            raise ValidationError(gettext("Please choose a logo of at most 1 MB."))
        logo = super().clean(data, initial)
        if logo and not 1 / 2 <= logo["width"] / logo["height"] <= 8:
            raise ValidationError(
                gettext(
                    "In the bar of a page this would be too narrow or too wide. Choose a logo that "
                    "is at most eight times as wide as high, and at most twice as high as wide."
                )
            )
        return logo


class SiteSettingsForm(forms.ModelForm):
    logo_upload = LogoField(
        label=_("New logo"),
        help_text=_(
            "Stands on top of pages in place of your name, but not where people sign: that page "
            "is kept light. JPEG, PNG or WebP, at most 1 MB, "
            "for example 480 × 96 pixels, made for a white ground: where a reader’s device shows "
            "dark pages, it stands on white."
        ),
    )
    remove_logo = forms.BooleanField(label=_("Take the logo away"), required=False)

    def clean(self):
        super().clean()
        keep_upload(self, "logo")
        return self.cleaned_data

    def clean_accent(self):
        accent = self.cleaned_data["accent"]
        # What is no colour at all is refused by the model.
        if colours.is_colour(accent) and not colours.is_readable(accent):
            raise ValidationError(
                gettext(
                    "This colour is too light: white text on it could not be read by everybody."
                )
            )
        return accent


@admin.register(SiteSettings)
class SiteSettingsAdmin(Translated, StaffAdmin):
    needed = ("line",)
    preview = "preview_sitesettings"
    form = SiteSettingsForm
    readonly_fields = ("logo_now",)
    fieldsets = (
        (None, {"fields": ("name", "line", "about", "language", "accent")}),
        (_("Logo"), {"fields": ("logo_now", "logo_upload", "remove_logo")}),
        (_("How to reach you"), {"fields": ("contact", "press_contact", "postal_address")}),
    )

    @admin.display(description=_("Logo now"))
    def logo_now(self, site):
        return picture_now(site.logo, alt=site.name)

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        SiteSettings.load()
        return HttpResponseRedirect(reverse("admin:campaign_site_sitesettings_change", args=[1]))

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        extra_context = {"title": gettext("Settings")} | (extra_context or {})
        return super().changeform_view(request, object_id, form_url, extra_context)
