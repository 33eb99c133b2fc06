from datetime import timedelta
from functools import partial

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.timezone import localdate
from django.utils.translation import gettext, ngettext, override
from django.utils.translation import gettext_lazy as _

from campaign_site import languages
from campaign_site.admin_base import (
    PageAdmin,
    PreviewLink,
    Publish,
    Refused,
    StaffInline,
    TakeDown,
    Verb,
    change_url,
    check_text,
    picture_now,
)
from campaign_site.admin_forms import (
    PHOTO_FIELDS,
    IllustratedForm,
    LinesField,
    PictureField,
    PlainTextarea,
    keep_upload,
)
from campaign_site.page_cache import forget_pages
from campaign_site.templatetags.vigil import in_zone, number
from campaign_site.translating import MAY_TRANSLATE, Piece, Translated
from campaigns.models import Addressee
from petitions import launch, mending, publishing
from petitions.admin import quick_start, share_kit, supporter
from petitions.admin.event import NewEventLink, SlowLane
from petitions.admin.share_kit import ShareKit
from petitions.models import Mend, Petition, Target
from petitions.models.petition import FROZEN_PARTS, NAMES_AFTER_CLOSING, OUR_TIME


def signed_for(petition) -> str:
    """Who has signed for whom, and what to do instead: for everything that is frozen."""
    people = petition.numbers.confirmed
    if not people:
        return gettext(
            "People signed for the %(governments)s only; copy the petition to ask somebody else."
        ) % {"governments": petition.recipients}
    return ngettext(
        "%(number)s person signed for the %(governments)s only; "
        "copy the petition to ask somebody else.",
        "%(number)s people signed for the %(governments)s only; "
        "copy the petition to ask somebody else.",
        people,
    ) % {"number": number(people), "governments": petition.recipients}


LONG_AGO = timedelta(days=30)

# With the zone, which is a setting and so nothing for the model.
MOMENTS = {
    "opens_at": format_lazy(
        _("Empty: as soon as it is published. For example 2027-05-03, 09:00. Time zone: {zone}."),
        zone=settings.TIME_ZONE,
    ),
    "closes_at": format_lazy(
        _(
            "Empty: it stays open. For example 2027-11-30, 18:00. Time zone: {zone}. 90 days "
            "later all names are erased."
        ),
        zone=settings.TIME_ZONE,
    ),
}

# The heading above everything that the first signature freezes.
SIGNED_PARTS = _("What they sign")


class PetitionForm(IllustratedForm):
    share_image_upload = PictureField(
        label=_("New share image"),
        help_text=_(
            "What messengers show beside the link, in place of the photo: best 1600 × 840 pixels, "
            "with few and large words, for example the title. JPEG, PNG or WebP, at most 15 MB."
        ),
    )
    remove_share_image = forms.BooleanField(label=_("Take the share image away"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.frozen:
            for part in FROZEN_PARTS:
                if part in self.fields:
                    self.fields[part].widget.attrs["readonly"] = True
            if "title" in self.fields:
                self.fields["title"].help_text = gettext(
                    "Fixed, because people signed it. A misspelt word is put right with “Mend a "
                    "spelling”."
                )

    def clean(self):
        super().clean()
        keep_upload(self, "share_image")
        if self.instance.frozen:
            self._refuse_changes()
        elif self.instance.is_published and not self.cleaned_data.get("promise"):
            self.cleaned_data["promise"] = publishing.promise_in_its_language(self.instance)
        return self.cleaned_data

    def clean_opens_at(self):
        return _in_our_time(self.cleaned_data["opens_at"])

    def clean_closes_at(self):
        """A slip in the year must not erase everybody tonight."""
        closes_at = _in_our_time(self.cleaned_data["closes_at"])
        if closes_at and self.instance.frozen and "closes_at" in self.changed_data:
            all_go_on = localdate(closes_at) + NAMES_AFTER_CLOSING
            if all_go_on < localdate() + LONG_AGO:
                raise ValidationError(
                    gettext(
                        "That is too long ago: all names would be erased on %(day)s. Choose a day "
                        "that leaves at least a month."
                    ),
                    params={"day": date_format(all_go_on)},
                )
        return closes_at

    def _refuse_changes(self):
        for part in FROZEN_PARTS:
            if part not in self.cleaned_data:
                continue
            signed = getattr(self.instance, part)
            if _plain(self.cleaned_data[part]) == _plain(signed):
                self.cleaned_data[part] = signed
            else:
                self.add_error(
                    part,
                    gettext("People have signed this as it was.") + " " + signed_for(self.instance),
                )


def _in_our_time(moment):
    first, last = OUR_TIME[0].year, localdate().year + 10
    if moment and not first <= moment.year <= last:
        raise ValidationError(
            gettext("Choose a year from %(first)s to %(last)s, or leave it empty."),
            params={"first": first, "last": last},
        )
    return moment


def _plain(value):
    """Without the line ends and outer spaces that a browser may change."""
    if isinstance(value, list):
        return [item.strip() for item in value]
    return value.replace("\r\n", "\n").strip()


def schedule(petition) -> list[str]:
    """When it opens and closes, as sentences: what the two fields were understood to say."""
    if petition.opens_at is None:
        found = [gettext("Opens as soon as it is published.")]
    elif petition.not_open_yet:
        found = [
            gettext("Opens %(when)s, %(distance)s.")
            % {"when": in_zone(petition.opens_at), "distance": _in_days(petition.opens_at)}
        ]
    else:
        found = [gettext("Opened %(when)s.") % {"when": in_zone(petition.opens_at)}]
    if petition.closes_at is None:
        return [*found, gettext("Has no closing date.")]
    if petition.is_closed:
        return [*found, gettext("Closed %(when)s.") % {"when": in_zone(petition.closes_at)}]
    return [
        *found,
        gettext("Closes %(when)s, %(distance)s.")
        % {"when": in_zone(petition.closes_at), "distance": _in_days(petition.closes_at)},
    ]


def _in_days(moment):
    days = (localdate(moment) - localdate()).days
    if not days:
        return gettext("today")
    return ngettext("in %(days)s day", "in %(days)s days", days) % {"days": number(days)}


class AddresseeField(forms.ModelChoiceField):
    def label_from_instance(self, addressee):
        return f"{addressee.government}: {addressee}"


class TargetForm(forms.ModelForm):
    addressee = AddresseeField(
        Addressee.objects.select_related("government").order_by("government__name", "office"),
        label=_("Addressee"),
        required=False,
        help_text=_(
            "Who the letter is written to; if the recipient has one only, that one. New ones are "
            "added at the recipient."
        ),
    )

    def clean(self):
        super().clean()
        petition, government = self.petition, self.cleaned_data.get("government")
        addressee = self.cleaned_data.get("addressee")
        if petition.frozen and not self.instance.pk:
            self.add_error("government", signed_for(petition))
        if government and not addressee and "addressee" in self.cleaned_data:
            # Where there is one only, nobody has to choose; saved, the page shows who it is.
            known = list(government.addressees.all()[:2])
            addressee = known[0] if len(known) == 1 else None
            self.cleaned_data["addressee"] = addressee
        if addressee and government and addressee.government_id != government.pk:
            self.add_error(
                "addressee",
                gettext("This is an addressee of another recipient: %(government)s.")
                % {"government": addressee.government},
            )
        # Where the recipient itself is refused, whom to write to is no question.
        kept = "government" in self.cleaned_data and "addressee" in self.cleaned_data
        if petition.is_published and kept and not addressee:
            self.add_error("addressee", gettext("A published petition is written to somebody."))
        return self.cleaned_data


class TargetFormSet(forms.BaseInlineFormSet):
    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.petition = self.instance
        if self.instance.frozen and form.instance.pk:
            form.fields["government"].disabled = True
            form.fields["government"].help_text = signed_for(self.instance)
            form.fields["government"].widget.can_add_related = False

    def clean(self):
        super().clean()
        left = [
            form
            for form in self.forms
            if form.cleaned_data.get("government") and not form.cleaned_data.get("DELETE")
        ]
        if self.instance.is_published and not left:
            raise ValidationError(gettext("A published petition has at least one recipient."))


class TargetInline(StaffInline, admin.StackedInline):
    model = Target
    form = TargetForm
    formset = TargetFormSet
    fields = ("government", "addressee", "names_close_on")
    verbose_name = _("recipient of this petition")
    verbose_name_plural = _("recipients of this petition: only they ever get its list")

    def get_extra(self, request, obj=None, **kwargs):
        return 0 if obj and obj.targets.exists() else 1

    def get_max_num(self, request, obj=None, **kwargs):
        return 0 if obj and obj.frozen else None  # no more than those there

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.frozen)


# --- Buttons -----------------------------------------------------------------------------------


def checklist(petition, user, *, blocking=True):
    """What the page of a petition and the page “Publish” show. Links lead only where this member
    of staff may change something."""

    def for_them(lines):
        for line in lines:
            if not line.permission or user.has_perm(line.permission):
                yield line
            elif line.good:
                yield line._replace(url="")
            else:
                words = f"{line.words} {gettext('Ask an administrator.')}"
                yield line._replace(url="", words=words)

    lines = list(for_them(launch.blocking(petition)))
    if not blocking:
        lines = [line for line in lines if not line.good]
    return {
        "blocking": lines,
        "missing": sum(not line.good for line in lines),
        "worth_a_look": list(for_them(launch.worth_a_look(petition))),
    }


class PublishPetition(Publish):
    permission = "petitions.change_petition"

    @property
    def checklist(self):
        return checklist(self.obj, self.user)

    def problems(self):
        return launch.missing(self.obj)

    def says(self):
        opens = []
        if self.obj.not_open_yet:
            opens = [
                gettext("Everybody can read it at once, and sign later. %(opens)s")
                % {"opens": " ".join(schedule(self.obj))}
            ]
        return [
            *opens,
            gettext(
                "The first confirmed signature fixes title, letter, demands, promise and "
                "recipients for ever."
            ),
            *super().says(),
        ]

    def publish(self):
        return publishing.publish(self.obj, by=self.user)


class TakeDownPetition(TakeDown):
    permission = "petitions.change_petition"

    def says(self):
        return [
            *super().says(),
            gettext("Nobody can sign or confirm while it is down. Who has signed stays counted."),
            gettext("To end a petition and say what came of it, close it instead."),
        ]


class OutcomeForm(forms.Form):
    outcome = forms.CharField(
        label=_("What came of it"),
        help_text=_("Everybody reads it on the closed page, for example “She is home.”"),
        widget=PlainTextarea(attrs={"rows": 4, "dir": "auto"}),
    )


class ClosePetition(Verb):
    name = "close"
    label = _("Close now")
    button = _("Close the petition now")
    permission = "petitions.change_petition"
    form_class = OutcomeForm
    grave = True

    def offered(self):
        return self.obj.is_open

    def says(self):
        return [
            gettext("Nobody can sign from now on. The page stays, with what came of it."),
            gettext("Whoever signed until now may still confirm for seven days."),
            gettext(
                "All names are erased on %(day)s. Hand over the lists before; the number stays."
            )
            % {"day": date_format(localdate() + NAMES_AFTER_CLOSING)},
        ]

    def do(self, form):
        if not publishing.close(self.obj, outcome=form.cleaned_data["outcome"], by=self.user):
            raise Refused(gettext("This changed meanwhile. Please look at it once more."))
        return gettext("Closed. Its page says what came of it.")


class CopyForm(forms.ModelForm):
    class Meta:
        model = Petition
        fields = ("title",)
        labels = {"title": _("Title of the copy")}


class CopyPetition(Verb):
    name = "copy"
    label = _("Copy")
    button = _("Make a copy")
    permission = "petitions.add_petition"
    form_class = CopyForm
    made = None

    def says(self):
        return [
            gettext(
                "You get a new draft with the same words, people and recipients. "
                "This petition stays as it is."
            ),
            gettext("Signatures, numbers and entries “counted elsewhere” are not copied."),
        ]

    def do(self, form):
        title = form.cleaned_data["title"]
        self.made = publishing.copy(self.obj, title=title, by=self.user)
        return gettext("This is the copy: a draft that nobody has signed.")

    def goes_to(self):
        return change_url(self.made or self.obj)


class MendForm(forms.Form):
    """What will stand there and why; shown as before and after, then done."""

    part = forms.ChoiceField(label=_("Part"), choices=Mend.Part.choices)
    after = forms.CharField(label=_("New text"), widget=PlainTextarea(attrs={"rows": 10}))
    reason = forms.CharField(
        label=Mend._meta.get_field("reason").verbose_name.capitalize(),
        help_text=Mend._meta.get_field("reason").help_text,
        max_length=200,
    )

    language = forms.CharField(widget=forms.HiddenInput(), required=False)

    def __init__(self, *args, petition, part, language, **kwargs):
        super().__init__(*args, **kwargs)
        self.petition, self.part, self.language = petition, part, language
        self.before = mending.said(petition, part, language)
        self.fields["language"].initial = language
        self.fields["reason"].help_text = gettext(
            "Everybody reads it beside the letter; please write it in the letter’s language. "
            "For example “Misspelt name of a town.”"
        )
        self.fields["part"].widget = forms.HiddenInput()
        self.fields["part"].initial = part
        if isinstance(self.before, list):
            self.fields["after"] = LinesField(
                label=_("New text"), help_text=_("One demand a line, as many as before.")
            )
        check_text(self.fields["after"], Petition._meta.get_field(part))
        self.fields["after"].initial = self.before
        self.fields["after"].widget.attrs["dir"] = "auto"

    def clean_after(self):
        after = self.cleaned_data["after"]
        field = Petition._meta.get_field(self.part)
        after = field.clean(after, self.petition)
        if isinstance(self.before, list) and len(after) != len(self.before):
            raise ValidationError(
                gettext("A mend keeps the number of demands. Copy the petition to ask for more.")
            )
        if self.language != self.petition.language:
            for text in _lines(after):
                piece = Piece(self.petition, self.part, None, "", text)
                piece.check()
                if piece.error:
                    raise ValidationError(piece.error)
        if _plain(after) == _plain(self.before):
            raise ValidationError(gettext("This is what stands there now."))
        try:
            mending.check(self.petition, self.part, self.language, after)
        except mending.MoreThanASpelling:
            raise ValidationError(
                gettext(
                    "This is more than a spelling: no word may come or go, and at most four "
                    "letters may differ in a word. Copy the petition to say something else."
                )
            ) from None
        return after


class MendPetition(Verb):
    name = "mend"
    label = _("Mend a spelling")
    permission = "petitions.change_petition"

    def offered(self):
        return bool(self.obj.frozen)


@admin.register(Petition)
class PetitionAdmin(Translated, PageAdmin):
    needed = ("title", "summary", "salutation", "letter", "demands", "promise")
    left_empty = _("Nobody can sign in this language while something that people sign is empty.")

    def suggestion(self, piece, code):
        """Our own sentence, where staff kept it in the original."""
        petition = piece.row
        if piece.field != "promise" or not languages.KNOWN[code].has_catalogue:
            return ""
        if petition.promise != publishing.promise_in_its_language(petition):
            return ""
        with override(code):
            return petition.default_promise

    form = PetitionForm
    inlines = (TargetInline,)
    verbs = (
        PublishPetition,
        ClosePetition,
        MendPetition,
        PreviewLink,
        ShareKit,
        CopyPetition,
        NewEventLink,
        SlowLane,
        TakeDownPetition,
    )
    preview = "preview_petition"
    list_display = ("title", "state", "recipients_shown", "people_shown", "campaign")
    list_filter = ("state", "campaign")
    search_fields = ("title", "summary")
    prepopulated_fields = {"slug": ("title",)}
    readonly_fields = (
        *PageAdmin.readonly_fields,
        "people_shown",
        "schedule_shown",
        "share_image_now",
    )
    fieldsets = (
        (
            _("What people read first"),
            {
                "fields": (
                    *("state_shown", "people_shown", "title", "slug"),
                    *("summary", "campaign", "profiles"),
                )
            },
        ),
        (
            SIGNED_PARTS,
            {"fields": ("salutation", "letter", "demands", "promise", "language")},
        ),
        (_("Photo"), {"fields": PHOTO_FIELDS}),
        (
            _("Share image"),
            {"fields": ("share_image_now", "share_image_upload", "remove_share_image")},
        ),
        (
            _("When, and how many"),
            {
                "fields": (
                    ("opens_at", "closes_at"),
                    "schedule_shown",
                    "outcome",
                    ("goal", "show_count_from"),
                )
            },
        ),
        (
            _("Protection of those who sign"),
            {"fields": ("discreet", "high_risk")},
        ),
    )

    def get_urls(self):
        forget = self.admin_site.admin_view(partial(supporter.forget, model_admin=self))
        start = self.admin_site.admin_view(partial(quick_start.quick_start, model_admin=self))
        return [
            path("supporter/", forget, name="petitions_petition_forget"),
            path("quick-start/", start, name="petitions_petition_quick-start"),
            *super().get_urls(),
        ]

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        extra_context = extra_context or {}
        petition = self.get_object(request, object_id) if object_id else None
        if petition and self.has_change_permission(request, petition):
            public = petition.is_published
            found = checklist(petition, request.user, blocking=not public)
            # Languages have a list of their own on this page.
            found["worth_a_look"] = [
                line for line in found["worth_a_look"] if line.permission != MAY_TRANSLATE
            ]
            if found["blocking"] or found["worth_a_look"]:
                extra_context["checklist"] = found
        # Saved, the page opens at its top, wherever a jump had led: that is where it says so.
        return super().changeform_view(
            request, object_id, form_url or "#content-start", extra_context
        )

    def new_url(self, request):
        quick = request.user.has_perms(quick_start.PERMISSIONS)
        return reverse("admin:petitions_petition_quick-start") if quick else ""

    def get_queryset(self, request):
        return super().get_queryset(request).for_cards().select_related("campaign")

    def get_fieldsets(self, request, obj=None):
        fieldsets = super().get_fieldsets(request, obj)
        if not (obj and obj.frozen):
            return fieldsets
        return [
            (
                title,
                options | {"description": signed_for(obj)} if title == SIGNED_PARTS else options,
            )
            for title, options in fieldsets
        ]

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name in MOMENTS:
            field.help_text = MOMENTS[db_field.name]
        return field

    def get_list_display(self, request):
        shown = super().get_list_display(request)
        return (*shown, "copy_shown") if self.has_add_permission(request) else shown

    @admin.display(description=_("Copy"))
    def copy_shown(self, petition):
        url = reverse("admin:petitions_petition_copy", args=[petition.pk])
        words = gettext("Copy “%(title)s”") % {"title": petition.title}
        return format_html('<a href="{}" aria-label="{}">{}</a>', url, words, gettext("Copy"))

    @admin.display(description=_("Recipients"))
    def recipients_shown(self, petition):
        return petition.recipients

    @admin.display(description=_("Share image now"))
    def share_image_now(self, petition):
        return picture_now(petition.share_image)

    @admin.display(description=_("What this means"))
    def schedule_shown(self, petition):
        return " ".join(schedule(petition)) if petition.pk else gettext("Save it to read it here.")

    @admin.display(description=_("People who signed"))
    def people_shown(self, petition):
        return number(petition.numbers.total) if petition.pk else "0"

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.frozen)

    def save_related(self, request, form, formsets, change):
        petition = form.instance
        # Asked of the database, before its recipients are saved.
        before = publishing.promise_in_its_language(Petition.objects.get(pk=petition.pk))
        super().save_related(request, form, formsets, change)
        publishing.keep_promise_default(Petition.objects.get(pk=petition.pk), before)

    def refusal(self, error):
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if constraint == "petition_frozen":
            return gettext("People have signed this petition as it is. Nothing was changed.")
        return super().refusal(error)

    def verb_view(self, request, object_id, verb_class):
        if verb_class is MendPetition:
            return self.mend_view(request, object_id)
        if verb_class is ShareKit and request.user.has_perm(ShareKit.permission):
            return share_kit.page(self, request, object_id)
        return super().verb_view(request, object_id, verb_class)

    def mend_view(self, request, object_id):
        """Choose a part, type it anew, look at before and after, then it is done."""
        petition = get_object_or_404(Petition, pk=object_id)
        verb = MendPetition(request, petition)
        if not verb.permitted():
            raise PermissionDenied
        if not verb.offered():
            messages.info(
                request, gettext("Nobody has signed this petition: simply change its text.")
            )
            return HttpResponseRedirect(verb.goes_to())
        typed = request.POST if request.method == "POST" else request.GET
        parts = _parts_to_mend(petition)
        part, code = typed.get("part"), typed.get("language", petition.language)
        form = None
        if any(code == known.code and part in dict(of) for known, of in parts):
            post = typed if request.method == "POST" else None
            form = MendForm(post, petition=petition, part=Mend.Part(part), language=code)
        checked = form is not None and form.is_valid()
        if checked and "mend" in request.POST:
            mending.mend(
                petition,
                part=form.part,
                language=form.language,
                after=form.cleaned_data["after"],
                reason=form.cleaned_data["reason"],
                by=request.user,
            )
            forget_pages()
            messages.success(
                request, gettext("Mended. The page says what was changed, when and why.")
            )
            return HttpResponseRedirect(verb.goes_to())
        return self.page(
            request,
            "admin/petitions/petition/mend.html",
            petition,
            title=verb.title(),
            verb=verb,
            form=form,
            checked=checked and "change" not in request.POST,
            before=_lines(form.before) if form else [],
            after=_lines(form.cleaned_data["after"]) if checked else [],
            parts=parts,
            status=422 if request.method == "POST" and not checked else 200,
        )


def _parts_to_mend(petition) -> list[tuple]:
    """By language: what stands there and people may have signed."""
    return [
        (
            languages.KNOWN[code],
            [choice for choice in Mend.Part.choices if mending.said(petition, choice[0], code)],
        )
        for code in mending.languages_of(petition)
        if code in languages.KNOWN
    ]


def _lines(value):
    return value if isinstance(value, list) else value.splitlines()
