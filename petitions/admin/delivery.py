"""Lists and handovers: numbers as sentences, prepare, print, download, hand over.

Nothing here shows a name on a page of the admin; names are in the list itself, and whoever opens
one is in the audit trail.
"""

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.formats import date_format, time_format
from django.utils.functional import cached_property
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext, ngettext, override
from django.utils.translation import gettext_lazy as _

from campaign_site import demo_mail, languages
from campaign_site.admin_base import Refused, StaffAdmin, Verb, change_url, with_page
from campaign_site.admin_forms import IllustratedForm, PlainTextarea
from campaign_site.models import SiteSettings, record
from campaign_site.page_cache import forget_pages
from campaign_site.templatetags.vigil import number
from petitions import deliveries, delivery_lists, evidence, retention, signing
from petitions.admin.list_files import FilesOfLists, PartsForm, divide, parts_says
from petitions.models import Delivery, Handover, Petition, Target


class Prepare(Verb):
    """A target, and what its government would get."""

    name = "prepare"
    label = _("Prepare a list")
    permission = "petitions.add_delivery"

    class form_class(forms.Form):
        hide_small_places = forms.BooleanField(
            label=_("List these names under “Other places”, without their city"), required=False
        )

    def __init__(self, request, target):
        super().__init__(request, target)
        self.numbers = deliveries.numbers(target.petition, target.government)

    def title(self):
        return gettext("A list for the %(government)s") % {"government": self.obj.government}

    @property
    def button(self):
        return ngettext(
            "Prepare the list of %(number)s name",
            "Prepare the list of %(number)s names",
            self.numbers.ready,
        ) % {"number": number(self.numbers.ready)}

    def sentences(self):
        return deliveries.in_words(self.numbers) + self.names_close() + self.names_go

    @cached_property
    def names_go(self):
        return retention.warnings(self.obj)

    def names_close(self):
        day = self.obj.names_close_on
        return [gettext("Names close on %(day)s.") % {"day": date_format(day)}] if day else []

    def says(self):
        found = [
            gettext("Petition: %(petition)s") % {"petition": self.obj.petition},
            deliveries.in_words(self.numbers)[0],
            *self.names_go,
            gettext("The list holds names and cities, and nothing else of anybody."),
            gettext("Until it is handed over you can cancel it; its people are ready again then."),
        ]
        if self.numbers.small_places:
            found.append(self.small_places())
        return found

    def small_places(self):
        return ngettext(
            "%(places)s place has fewer than five names (%(names)s in all). Whoever knows the "
            "place may guess who they are.",
            "%(places)s places have fewer than five names (%(names)s in all). Whoever knows the "
            "places may guess who they are.",
            self.numbers.small_places,
        ) % {
            "places": number(self.numbers.small_places),
            "names": number(self.numbers.in_small_places),
        }

    def problems(self):
        if self.being_prepared():
            return [self.being_prepared()]
        if self.obj.addressee is None:
            return [NO_ADDRESSEE % {"government": self.obj.government}]
        if not self.numbers.ready:
            return [str(NOBODY_READY)]
        return []

    def is_idle(self):
        """Nothing can be done here now, and nothing will be lost."""
        nobody = not self.numbers.ready and not self.numbers.held
        return nobody and not self.names_go and self.problems() == [str(NOBODY_READY)]

    def form(self):
        form = super().form()
        if not self.numbers.small_places:
            del form.fields["hide_small_places"]
        return form

    def options(self, form):
        return {"hide_small_places": form.cleaned_data.get("hide_small_places", False)}

    def being_prepared(self):
        since = self.obj.preparing_since
        return since and gettext(
            "The list is being made since %(time)s. You may close this page: it will stand under "
            "“Lists you made”."
        ) % {"time": time_format(localtime(since))}

    def do(self, form):
        if self.numbers.ready >= deliveries.LARGE:
            deliveries.ask(self.obj, by=self.user, **self.options(form))
            self.obj.refresh_from_db()
            return self.being_prepared() or gettext("The list was made just now.")
        try:
            self.made = deliveries.prepare(
                self.obj.petition,
                self.obj.government,
                by=self.user,
                **self.options(form),
            )
        except deliveries.NoAddressee:
            raise Refused(NO_ADDRESSEE % {"government": self.obj.government}) from None
        except deliveries.NothingToDeliver:
            raise Refused(NOBODY_READY) from None
        except Target.DoesNotExist:
            raise Refused(gettext("The petition is not addressed to them any more.")) from None
        return ngettext(
            "The list is prepared: %(number)s name.",
            "The list is prepared: %(number)s names.",
            self.made.names,
        ) % {"number": number(self.made.names)}

    def url(self):
        return reverse("admin:petitions_delivery_prepare", args=[self.obj.pk])

    def goes_to(self):
        made = getattr(self, "made", None)
        return change_url(made) if made else reverse("admin:petitions_delivery_changelist")


NO_ADDRESSEE = _("The %(government)s has no addressee yet. Choose one at the petition.")
NOBODY_READY = _("Nobody new is ready for this recipient.")


class ListVerb(Verb):
    def title(self):
        return str(self.label)


class Cancel(ListVerb):
    name = "cancel"
    label = _("Cancel this list")
    button = _("Cancel the list now")
    permission = "petitions.change_delivery"
    grave = True

    def offered(self):
        return self.obj.state == Delivery.State.PREPARED

    def says(self):
        return [
            ngettext(
                "%(number)s name leaves this list and is ready for the next one.",
                "%(number)s names leave this list and are ready for the next one.",
                self.obj.names,
            )
            % {"number": number(self.obj.names)},
            gettext("Its figures and its handovers stay here; the list itself is gone."),
            gettext("Destroy what was printed or downloaded: nobody can call it back."),
        ]

    def do(self, form):
        try:
            deliveries.cancel(self.obj, by=self.user)
        except deliveries.AlreadyHandedOver:
            raise Refused(gettext("It is handed over: it cannot be taken back.")) from None
        return gettext("Cancelled. Its people are ready for the next list.")


class Divide(ListVerb):
    name = "parts"
    label = _("Divide into parts")
    button = _("Divide the list")
    permission = "petitions.change_delivery"

    def offered(self):
        return (
            self.obj.state == Delivery.State.PREPARED
            and self.obj.names > PartsForm.base_fields["names"].min_value
            and not self.obj.files.exists()
        )

    def says(self):
        return parts_says(self.obj)

    def form(self):
        post = self.request.method == "POST"
        return PartsForm(
            self.request.POST if post else None, initial={"names": delivery_lists.VOLUME}
        )

    def do(self, form):
        parts = divide(self.obj, **form.cleaned_data, by=self.user)
        return ngettext("%(number)s part.", "%(number)s parts.", parts) % {"number": number(parts)}


class HandoverForm(IllustratedForm):
    in_our_words = forms.BooleanField(
        label=_("Write the public line for me"),
        help_text=_(
            "How many names, how, which office, what happened. Pages in other languages say that "
            "in any case."
        ),
        required=False,
    )

    class Meta:
        model = Handover
        fields = (
            "outcome",
            "office",
            "on",
            "method",
            "photo_upload",
            "photo_alt",
            "photo_credit",
            "in_our_words",
            "public_line",
            "carried_by",
            "notes",
        )
        widgets = {
            "on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "public_line": PlainTextarea(attrs={"rows": 3, "dir": "auto"}),
            "notes": PlainTextarea(attrs={"rows": 3, "dir": "auto"}),
        }

    def __init__(self, *args, delivery, **kwargs):
        super().__init__(*args, **kwargs)
        del self.fields["remove_photo"]
        self.delivery = delivery
        # Nobody but this government gets the names.
        offices = delivery.government.offices.all()
        self.fields["office"].queryset = offices
        last = Handover.objects.filter(office__in=offices).first()
        self.fields["office"].initial = last and last.office_id
        self.fields["on"].initial = localdate
        method = self.fields["method"]
        method.required, method.initial = False, None
        method.choices = [("", _("in person; by post if posted")), *Handover.Method.choices]
        self.fields["photo_alt"].help_text = _(
            "For people who cannot see it, for example “Two people before a closed door”."
        )
        if self.instance.pk is None:
            self.fields["photo_credit"].initial = gettext("Photo: %(organisation)s") % {
                "organisation": SiteSettings.load().name
            }
        # Who corrects an attempt has said already what everybody reads.
        self.fields["in_our_words"].initial = self.instance.pk is None
        line = self.fields["public_line"]
        line.help_text += " " + gettext(
            "Empty, and nothing written for you: this attempt is not on the public pages."
        )

    def clean(self):
        super().clean()
        said = self.cleaned_data
        if "method" in said and not said["method"]:
            posted = said.get("outcome") == Handover.Outcome.POSTED
            said["method"] = Handover.Method.POST if posted else Handover.Method.VISIT
        if not self.instance.photo:
            said["photo_credit"] = ""  # ours stood there before anybody chose a photo
        if said["in_our_words"] and not said.get("public_line") and not self.errors:
            attempt = Handover(
                delivery=self.delivery,
                office=said["office"],
                method=said["method"],
                outcome=said["outcome"],
            )
            with override(languages.of_interface(self.delivery.petition.language).code):
                said["public_line"] = attempt.in_words
        return said

    def clean_on(self):
        day = self.cleaned_data["on"]
        if day > localdate():
            raise forms.ValidationError(gettext("This day has not come yet."))
        if day < self.delivery.cover_date:
            raise forms.ValidationError(gettext("The list was not made yet on this day."))
        return day


class RecordHandover(ListVerb):
    name = "handover"
    label = _("Record a handover")
    button = _("Record it")
    permission = "petitions.add_handover"

    def offered(self):
        return not self.obj.is_cancelled

    def says(self):
        return [
            gettext("Each attempt is one entry: refused at the door, then posted, makes two."),
            gettext("Once accepted, received, left or posted, the list cannot be cancelled."),
        ]

    def problems(self):
        if self.obj.government.offices.exists():
            return []
        return [
            gettext("The %(government)s has no office yet. Add one at the recipient first.")
            % {"government": self.obj.government}
        ]

    def form(self):
        post = self.request.method == "POST"
        return HandoverForm(
            self.request.POST if post else None,
            self.request.FILES if post else None,
            delivery=self.obj,
        )

    def do(self, form):
        try:
            deliveries.hand_over(self.obj, form.instance, by=self.user)
        except deliveries.ListCancelled:
            raise Refused(gettext("This list was cancelled meanwhile.")) from None
        forget_pages()
        words = gettext("Recorded: %(outcome)s.") % {"outcome": form.instance.get_outcome_display()}
        petition = self.obj.petition
        if not petition.is_published or not form.instance.public_line:
            return words
        return with_page(words, petition.get_absolute_url() + "#done")


class ReplyForm(forms.ModelForm):
    document = forms.FileField(
        label=_("Their letter"),
        required=False,
        validators=[evidence.check],
        help_text=_("A scan or a photograph: PDF, JPEG, PNG or WebP, at most 15 MB. For us only."),
    )

    class Meta:
        model = Delivery
        fields = ("reply_due", "reply_received", "reply_note")
        help_texts = {
            "reply_due": _("Under the handover, public pages say by when you asked for a reply."),
            "reply_received": _("Public pages say that a reply came, and when."),
            "reply_note": _("For us only. An update can tell everybody what they wrote."),
        }
        widgets = {
            "reply_due": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "reply_received": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "reply_note": PlainTextarea(attrs={"rows": 5, "dir": "auto"}),
        }


class Reply(ListVerb):
    name = "reply"
    label = _("Note a reply")
    button = _("Save")
    permission = "petitions.change_delivery"

    def offered(self):
        return self.obj.state == Delivery.State.HANDED_OVER

    def form(self):
        post = self.request.method == "POST"
        return ReplyForm(
            self.request.POST if post else None,
            self.request.FILES if post else None,
            instance=self.obj,
        )

    @transaction.atomic
    def do(self, form):
        if upload := form.cleaned_data["document"]:
            form.instance.reply_document = evidence.store(upload)
        form.instance.save(update_fields=(*ReplyForm.Meta.fields, "reply_document"))
        record("noted a reply", self.obj, by=self.user, delivery=self.obj.pk)
        forget_pages()
        return gettext("Saved.")


@admin.register(Delivery)
class DeliveryAdmin(FilesOfLists, StaffAdmin):
    verbs = (RecordHandover, Reply, Divide, Cancel)

    def get_urls(self):
        wrap, name = self.admin_site.admin_view, "petitions_delivery_{}".format
        own = [
            path("prepare/<int:target_id>/", wrap(self.prepare_view), name=name("prepare")),
            path("<int:object_id>/reply-document/", wrap(self.reply_view), name=name("reply_view")),
            path("<int:object_id>/file/", wrap(self.file_view), name=name("file")),
            path("<int:object_id>/reprint/", wrap(self.reprint_view), name=name("reprint")),
            path("<int:object_id>/sheet/", wrap(self.sheet_view), name=name("sheet")),
            path("<int:object_id>/print/", wrap(self.print_view), name=name("print")),
        ]
        # There is no form for adding, changing or deleting a list.
        stock = [url for url in super().get_urls() if url.name in _STOCK]
        return own + stock

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        targets = (
            Target.objects.filter(petition__state=Petition.State.PUBLISHED)
            .select_related("petition", "government", "addressee")
            .order_by("petition__title", "government__name")
        )
        lists = Delivery.objects.select_related("petition", "government").prefetch_related(
            "handovers__office"
        )
        found = [Prepare(request, target) for target in targets]
        idle = [ready for ready in found if ready.is_idle()]
        return self.page(
            request,
            "admin/petitions/delivery/overview.html",
            title=gettext("Lists and handovers"),
            being_prepared=any(target.preparing_since for target in targets),
            targets=[ready for ready in found if ready not in idle],
            idle=idle,
            lists=lists,
        )

    def change_view(self, request, object_id, form_url="", extra_context=None):
        delivery = self._delivery(request, object_id)
        names = delivery_lists.standing(delivery)
        rows = delivery.rows.count()
        gone = rows - names
        # A cancelled list has no rows either, but its people are still there.
        erased = 0 if delivery.is_cancelled else delivery.names - rows
        return self.page(
            request,
            "admin/petitions/delivery/detail.html",
            delivery,
            title=gettext("List for the %(government)s") % {"government": delivery.government},
            delivery=delivery,
            standing=names,
            removed=ngettext(
                "%(number)s person was removed since: what was printed before shows one more.",
                "%(number)s people were removed since: what was printed before shows more.",
                gone,
            )
            % {"number": number(gone)}
            if gone
            else "",
            erased=ngettext(
                "%(number)s name was erased here, its time was over. The figures stay.",
                "%(number)s names were erased here, their time was over. The figures stay.",
                erased,
            )
            % {"number": number(erased)}
            if erased
            else "",
            parts=range(1, delivery_lists.volumes(delivery) + 1),
            handovers=delivery.handovers.select_related("office"),
            **self.file_context(request, delivery),
            may_leave=may_leave(delivery),
            may_correct=request.user.has_perm("petitions.change_handover")
            and not delivery.is_cancelled,
            may_download=rows and request.user.has_perm("petitions.download_delivery"),
            verbs=self.offered_verbs(request, delivery.pk),
        )

    def prepare_view(self, request, target_id):
        if not request.user.has_perm(Prepare.permission):
            raise PermissionDenied
        target = get_object_or_404(
            Target.objects.select_related("petition", "government", "addressee"), pk=target_id
        )
        verb = Prepare(request, target)
        form = verb.form()
        problems = verb.problems()
        if request.method == "POST" and not problems and form.is_valid():
            try:
                message = verb.do(form)
            except Refused as refusal:
                problems = [str(refusal)]
            else:
                messages.success(request, message)
                return HttpResponseRedirect(verb.goes_to())
        return self.page(
            request,
            "admin/verb.html",
            title=verb.title(),
            verb=verb,
            form=form,
            problems=problems,
            status=422 if request.method == "POST" else 200,
        )

    def reply_view(self, request, object_id):
        delivery = self._delivery(request, object_id)
        answer = evidence.download(delivery.reply_document, f"reply-{delivery.pk}")
        record("opened a reply", delivery, by=request.user, delivery=delivery.pk)
        return answer

    # --- The list itself ---

    def _delivery(self, request, object_id):
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(
            Delivery.objects.select_related("petition", "government", "prepared_by"), pk=object_id
        )

    def print_view(self, request, object_id):
        delivery = self._list(request, object_id)
        if refused := self._refuse(request, delivery):
            return refused
        parts = delivery_lists.volumes(delivery)
        try:
            part = int(request.GET.get("part", "1"))
        except ValueError:
            part = 0
        if not 1 <= part <= parts:
            return HttpResponseRedirect(request.path)
        record(
            "opened a list for printing",
            delivery,
            by=request.user,
            delivery=delivery.pk,
            format="html",
            part=part,
            names=delivery_lists.standing(delivery),
        )
        page = delivery_lists.as_html(delivery, part, stylesheet=static("css/list_print.css"))
        return HttpResponse(page, headers={"Cache-Control": "no-store"})

    def _refuse(self, request, delivery):
        if delivery.is_cancelled:
            messages.error(request, gettext("This list was cancelled: it is gone."))
        elif not delivery.rows.exists():
            messages.error(request, gettext("The names of this list were erased on time."))
        elif delivery_lists.has_unsafe_row(delivery):
            messages.error(
                request,
                gettext(
                    "One name begins like a formula, so no file was made. Cancel this list and "
                    "prepare it again once that name was corrected."
                ),
            )
        else:
            return None
        return HttpResponseRedirect(change_url(delivery))


def may_leave(delivery) -> str:
    """In the demonstration: whose mail shows what happens here when a signer leaves."""
    if not settings.DEMO:
        return ""
    digest = signing.mailbox_digest(delivery.petition_id, demo_mail.SIGNER)
    return demo_mail.SIGNER if delivery.rows.filter(signature__digest=digest).exists() else ""


_STOCK = {f"petitions_delivery_{name}" for name in ("changelist", "change")} | {
    f"petitions_delivery_{verb.name}" for verb in DeliveryAdmin.verbs
}
