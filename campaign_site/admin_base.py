"""What all staff pages share: one audit trail, and states that change by buttons, not by fields."""

from functools import partial

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError, models, transaction
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site import edit_conflicts, going_public, preview_links, rich_text
from campaign_site.admin_forms import LanguageSelect, LinesField, PlainTextarea, ask_once_more
from campaign_site.admin_site import words_for
from campaign_site.models import record
from campaign_site.page_cache import forget_pages
from campaign_site.pictures import largest


class Refused(Exception):
    """It cannot be done now; the message says why, in words for staff."""


class Verb:
    """A button that leads to a page which says what will happen. Only pressing there does it."""

    name = ""  # the last part of its address
    label = ""
    button = ""  # on the page; as `label` where empty
    permission = ""
    form_class: type[forms.BaseForm] | None = None
    grave = False  # a red button
    main = False  # what is most likely wanted next

    def __init__(self, request, obj):
        self.request, self.obj, self.user = request, obj, request.user

    def offered(self) -> bool:
        return True

    def title(self) -> str:
        return f"{self.label}{gettext(':')} {self.obj}"

    def says(self) -> list[str]:
        """What it means, as sentences."""
        return []

    def problems(self) -> list[str]:
        """What is missing. While there is any, the button is not there."""
        return []

    def form(self):
        if self.form_class is None:
            return None
        post = self.request.method == "POST"
        return self.form_class(
            self.request.POST if post else None, self.request.FILES if post else None
        )

    def do(self, form) -> str:
        """Do it and say so. Raises Refused."""
        raise NotImplementedError

    def permitted(self) -> bool:
        """With the verb's own permission; without one, whoever may change what it is about."""
        opts = self.obj._meta
        return self.user.has_perm(self.permission or f"{opts.app_label}.change_{opts.model_name}")

    def url(self):
        opts = self.obj._meta
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_{self.name}", args=[self.obj.pk])

    def goes_to(self):
        return change_url(self.obj)


def change_url(obj):
    return reverse(f"admin:{obj._meta.app_label}_{obj._meta.model_name}_change", args=[obj.pk])


def with_page(words, path):
    """What was done, and where visitors read it."""
    return format_html('{} <a href="{}">{}</a>', words, path, gettext("See page"))


def picture_now(stored, alt=""):
    """What a form shows of a stored picture."""
    if not stored:
        return gettext("none")
    return format_html('<img class="photo-now" src="{}" alt="{}">', largest(stored)["url"], alt)


LONGEST_TEXT = 40_000  # characters: some twenty pages


def not_ahead(date) -> None:
    if getattr(date, "earliest", date) > localdate():
        raise ValidationError(gettext("This date has not come yet."))


def check_text(field: forms.Field, column: models.Field) -> None:
    """Let the field of a form say what a long text may not hold."""
    if not isinstance(column, models.TextField):
        return
    limits = [one for one in column.validators if isinstance(one, MaxLengthValidator)]
    if not limits and column.max_length is None:
        field.validators.append(MaxLengthValidator(LONGEST_TEXT))
    if column.name in rich_text.WRITTEN_IN_MARKDOWN:
        field.validators.append(rich_text.check)


class StaffFields:
    """For admin classes and their inlines: lists are typed one per line, texts keep their line
    ends."""

    long_texts = rich_text.WRITTEN_IN_MARKDOWN
    # Dates of what has happened: one that has not come yet is a slip of the fingers.
    in_the_past: tuple[str, ...] = ()

    def formfield_for_dbfield(self, db_field, request, **kwargs):
        if isinstance(db_field, models.JSONField):
            return LinesField(
                label=capfirst(db_field.verbose_name),
                help_text=db_field.help_text,
                required=not db_field.blank,
            )
        if isinstance(db_field, models.TextField):
            rows = 16 if db_field.name in self.long_texts else 5
            kwargs["widget"] = PlainTextarea(attrs={"rows": rows, "dir": "auto"})
        if db_field.name == "language" and hasattr(db_field.model, "translatable"):
            kwargs["widget"] = LanguageSelect()
            kwargs["help_text"] = _("The language in which you write this, for example English.")
        if isinstance(db_field, models.URLField):
            kwargs["assume_scheme"] = "https"
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field:
            check_text(field, db_field)
        if field and db_field.name in self.in_the_past:
            field.validators.append(not_ahead)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            # A red cross beside a choice is too easily taken for “choose none”.
            field.widget.can_delete_related = False
            field.widget.can_change_related = field.widget.can_view_related = False
        return field


class StaffInline(StaffFields):
    """For inlines: rows below the row of the page."""

    view_on_site = False

    def get_formset(self, request, obj=None, **kwargs):
        return edit_conflicts.noticing_rows(super().get_formset(request, obj, **kwargs))


class StaffAdmin(StaffFields, admin.ModelAdmin):
    """One trail of what staff did, in place of Django's own log; caches forget what was saved."""

    # Bulk deletion would go around what each row says about being deleted.
    actions = None
    view_on_site = False
    list_per_page = 50
    verbs: tuple[type[Verb], ...] = ()

    def get_fieldsets(self, request, obj=None):
        """Whoever only reads gets no fields for changing a photo."""
        fieldsets = super().get_fieldsets(request, obj)
        may_write = (
            self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        )
        if may_write:
            return fieldsets
        return [
            (title, options | {"fields": list(map(self._to_read, _without_upload(options)))})
            for title, options in fieldsets
        ]

    def _to_read(self, name):
        """A list of texts line by line, where Django would show JSON."""
        field = self.opts.get_field(name) if name in _json_fields(self.model) else None
        if field is None:
            return name

        @admin.display(description=field.verbose_name)
        def lines(obj):
            return format_html_join(
                mark_safe("<br>"), "{}", ((line,) for line in getattr(obj, name))
            )

        lines.__name__ = name + "_lines"
        return lines

    def changelist_view(self, request, extra_context=None):
        # PostgreSQL knows no NUL, and Django's filters ask it for whatever stands in the address.
        if any("\0" in value for value in request.GET.values()):
            return HttpResponseRedirect(request.path)
        heading, new = words_for(self.opts)
        extra_context = {
            "title": heading,
            "new_label": new,
            "new_url": self.new_url(request),
        } | (extra_context or {})
        return super().changelist_view(request, extra_context)

    def new_url(self, request):
        """Where the list's button for a new row leads, if not to the form with all fields."""
        return ""

    def lookup_allowed(self, lookup, value, request):
        # Only the filters on the page. Others answer 500 to absurd values, such as a year of forty
        # digits, and let staff ask about fields that no page shows.
        ours = {getattr(one, "parameter_name", one) for one in self.list_filter}
        return lookup.partition("__")[0] in ours and super().lookup_allowed(lookup, value, request)

    # --- Saving ---

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        return edit_conflicts.noticing(form) if obj else form

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        form = context["adminform"].form
        rows = [row for inline in context["inline_admin_formsets"] for row in inline.formset]
        if context["errors"]:
            for one in (form, *rows):
                ask_once_more(one)
        if change and self.has_change_permission(request, obj):
            context["seen"] = edit_conflicts.to_remember(form, [form, *rows])
            in_conflict = [one for one in [form, *rows] if one.conflicts]
            if in_conflict:
                context["conflict"] = edit_conflicts.who_changed(obj, form)
                labels = (one.label_of(name) for one in in_conflict for name in one.conflicts)
                context["in_conflict"] = ", ".join(sorted(set(labels)))
                # That both changed something is no mistake to be corrected.
                context["errors"] = edit_conflicts.mistakes(context["errors"], in_conflict)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request, obj, form, change):
        """Only what was changed here: what happened meanwhile elsewhere stays."""
        if not change:
            obj.save(force_insert=True)
            return
        columns = {field.name for field in obj._meta.concrete_fields}
        changed = columns & set(form.changed_data)
        changed.update(getattr(form, "replaced", ()))
        if changed:
            changed |= columns & {"updated_at"}
            obj.save(update_fields=sorted(changed))

    def save_formset(self, request, form, formset, change):
        """Of rows, too, only what was changed here."""
        formset.save(commit=False)
        for row in formset.deleted_objects:
            row.delete()
        uploads = {
            form.instance.pk: set(getattr(form, "replaced", ())) for form in formset.initial_forms
        }
        for row, changed in formset.changed_objects:
            columns = {field.name for field in row._meta.concrete_fields}
            changed = columns & {*changed, "updated_at"}
            row.save(update_fields=sorted(changed | uploads[row.pk]))
        for row in formset.new_objects:
            row.save(force_insert=True)
        formset.save_m2m()

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        forget_pages()
        kept = getattr(form, "kept", set())
        if kept:
            names = ", ".join(str(form.fields[name].label) for name in sorted(kept))
            messages.info(
                request,
                gettext("Somebody changed this meanwhile, and it stays: %(fields)s.")
                % {"fields": names},
            )

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        forget_pages()

    def delete_view(self, request, object_id, extra_context=None):
        heading, _new = words_for(self.opts)
        return super().delete_view(request, object_id, {"heading": heading} | (extra_context or {}))

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        # Saving stays on the page anyway.
        extra_context = {
            "show_save_and_continue": False,
            "show_save_and_add_another": object_id is None,
        } | (extra_context or {})
        heading, new = words_for(self.opts)
        extra_context["heading"] = heading
        if object_id is not None:
            obj = self.get_object(request, object_id)
            extra_context = {"title": str(obj), "subtitle": None} | extra_context
            extra_context["verbs"] = self.offered_verbs(request, object_id)
        elif new:
            extra_context["title"] = new
        try:
            return self._one_at_a_time(request, object_id, form_url, extra_context)
        except IntegrityError:
            # Somebody was quicker: the first signature, or the same entry. Looked at again, the
            # form says so by the field.
            try:
                return self._one_at_a_time(request, object_id, form_url, extra_context)
            except IntegrityError as error:
                messages.error(request, self.refusal(error))
                return HttpResponseRedirect(request.path)

    def _one_at_a_time(self, request, object_id, form_url, extra_context):
        """Whoever saves the same row waits until it is saved, then reads it."""
        if request.method != "POST" or object_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with transaction.atomic():
            try:
                pk = self.opts.pk.to_python(unquote(object_id))
            except ValidationError:
                pk = None  # Django says that there is no such row
            rows = self.model._base_manager.select_for_update(no_key=True)
            rows.filter(pk=pk).values("pk").first()
            return super().changeform_view(request, object_id, form_url, extra_context)

    def refusal(self, error):
        return gettext("The database refused this. Please look at the page once more.")

    def saved_words(self, obj):
        return format_html(gettext("Saved: {}."), format_html("<bdi>{}</bdi>", obj))

    def _saved(self, request, obj):
        """After saving, buttons such as Preview and Publish are what comes next."""
        if IS_POPUP_VAR in request.POST or not self.has_view_permission(request, obj):
            return None
        messages.success(request, self.saved_words(obj))
        another = "_addanother" in request.POST
        return HttpResponseRedirect(request.get_full_path() if another else change_url(obj))

    def response_add(self, request, obj, post_url_continue=None):
        own = self._saved(request, obj)
        return own or super().response_add(request, obj, post_url_continue)

    def response_change(self, request, obj):
        return self._saved(request, obj) or super().response_change(request, obj)

    def response_delete(self, request, obj_display, obj_id):
        if IS_POPUP_VAR in request.POST or not self.has_view_permission(request):
            return super().response_delete(request, obj_display, obj_id)
        words = format_html(gettext("Deleted: {}."), format_html("<bdi>{}</bdi>", obj_display))
        messages.success(request, words)
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"
        return HttpResponseRedirect(reverse(name))

    # --- The audit trail ---

    def _record(self, request, verb, obj, **details):
        return record(
            verb, obj, by=request.user, kind=obj._meta.model_name, number=obj.pk, **details
        )

    def log_addition(self, request, obj, message):
        return self._record(request, "added", obj)

    def log_change(self, request, obj, message):
        changed = _changed(message)
        return self._record(request, "changed", obj, changed=changed) if changed else None

    def log_deletions(self, request, queryset):
        return [self._record(request, "deleted", obj) for obj in queryset]

    def history_view(self, request, object_id, extra_context=None):
        # The audit trail is the history.
        return HttpResponseRedirect(reverse("admin:index"))

    # --- Buttons ---

    def get_urls(self):
        opts = self.opts
        own = [
            path(
                f"<int:object_id>/{verb.name}/",
                self.admin_site.admin_view(partial(self.verb_view, verb_class=verb)),
                name=f"{opts.app_label}_{opts.model_name}_{verb.name}",
            )
            for verb in self.verbs
        ]
        return own + super().get_urls()

    def offered_verbs(self, request, object_id):
        obj = self.get_object(request, object_id)
        found = [verb(request, obj) for verb in self.verbs] if obj else []
        offered = [verb for verb in found if verb.permitted() and verb.offered()]
        # What is hard to take back stands last.
        return sorted(offered, key=lambda verb: verb.grave)

    def verb_view(self, request, object_id, verb_class):
        obj = get_object_or_404(self.get_queryset(request), pk=object_id)
        verb = verb_class(request, obj)
        if not verb.permitted():
            raise PermissionDenied
        if not verb.offered():
            messages.info(request, gettext("This was done already, or cannot be done now."))
            return HttpResponseRedirect(verb.goes_to())
        form = verb.form()
        problems = verb.problems()
        refusal = ""
        if request.method == "POST" and not problems and (form is None or form.is_valid()):
            try:
                message = verb.do(form)
            except Refused as refused:
                refusal, problems = str(refused), verb.problems()
            else:
                messages.success(request, message)
                return HttpResponseRedirect(verb.goes_to())
        return self.page(
            request,
            "admin/verb.html",
            obj,
            title=verb.title(),
            verb=verb,
            form=form,
            problems=problems,
            refusal=refusal,
            status=422 if request.method == "POST" else 200,
        )

    def page(self, request, template, obj=None, *, title, status=200, **context):
        return TemplateResponse(
            request,
            template,
            {
                **self.admin_site.each_context(request),
                "opts": self.opts,
                "original": obj,
                "title": title,
                **context,
            },
            status=status,
        )


class ReadOnlyAdmin(StaffAdmin):
    """What is written elsewhere, and only looked at here."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class ReportAdmin(ReadOnlyAdmin):
    """One page about all rows; there is none for one of them."""

    def get_urls(self):
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return [path("", self.admin_site.admin_view(self.changelist_view), name=name)]

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.report(request)

    def report(self, request):
        raise NotImplementedError


def _json_fields(model):
    return {field.name for field in model._meta.fields if isinstance(field, models.JSONField)}


def _without_upload(options):
    uploads = ("photo_upload", "remove_photo", "share_image_upload", "remove_share_image")
    uploads += ("file_upload", "remove_file", "logo_upload", "remove_logo")
    return [field for field in options["fields"] if field not in uploads]


def _changed(message):
    """What Django's form says was changed, flat: names of fields and rows, never their content."""
    if isinstance(message, str):
        return [message] if message else []
    words = []
    for part in message:
        for verb, what in part.items():
            words += what.get("fields", [verb]) if "name" not in what else [what["name"]]
    return [str(word) for word in words]


# --- Pages that are drafts, then public --------------------------------------------------------


class Publish(Verb):
    main = True
    name = "publish"
    label = _("Publish")
    button = _("Publish now")

    def offered(self):
        return self.obj.state in ("draft", "removed")

    def says(self):
        return [
            gettext("Everybody can read the page at once: %(address)s")
            % {"address": self.obj.get_absolute_url()},
            gettext("Its address can never be changed afterwards."),
            gettext("It can be taken down again, but what people have copied stays with them."),
        ]

    def do(self, form):
        if not self.publish():
            raise Refused(gettext("This changed meanwhile. Please look at it once more."))
        return gettext("Published. Everybody can read it now.")

    def publish(self):
        return going_public.publish(self.obj, by=self.user)


class TakeDown(Verb):
    name = "take-down"
    label = _("Take down")
    button = _("Take it down now")
    grave = True

    def offered(self):
        return self.obj.is_published

    def says(self):
        return [
            gettext("The page disappears at once; its address answers “This page was taken down”."),
            gettext("Nothing is deleted here, and you can publish it again."),
        ]

    def do(self, form):
        if not going_public.take_down(self.obj, by=self.user):
            raise Refused(gettext("This changed meanwhile. Please look at it once more."))
        return gettext("Taken down. Its page says so.")


class PreviewLink(Verb):
    name = "preview-link"
    label = _("Preview link to share")
    button = _("Make the link")

    def offered(self):
        return not self.obj.is_published

    def says(self):
        return [
            gettext(
                "For people without a login here, such as the family or a lawyer: whoever has the "
                "link sees the page as it will be, with every change that you save."
            ),
            gettext("It works for %(days)s days. It cannot be called back before.")
            % {"days": preview_links.GOOD_FOR.days},
            gettext("Once the page is published, the link leads there."),
        ]

    def do(self, form):
        address, until = preview_links.make(self.obj)
        record(
            "made a preview link",
            self.obj,
            by=self.user,
            kind=self.obj._meta.model_name,
            until=until.isoformat(timespec="minutes"),
        )
        return format_html(
            '{} <a id="link-to-copy" class="long" href="{}">{}</a> <button type="button" '
            'class="button copy" hidden data-of="link-to-copy" data-done="{}"><span>{}</span>'
            '</button><span class="visually-hidden" role="status" id="copied"></span>',
            gettext("Link to share. It works until %(until)s:")
            % {"until": date_format(localtime(until), "DATETIME_FORMAT")},
            address,
            address,
            gettext("Copied"),
            gettext("Copy the link"),
        )


class PageAdmin(StaffAdmin):
    """For campaigns, people and petitions: a draft, previewed, published, taken down."""

    readonly_fields = ("state_shown", "photo_now")
    preview = ""  # the name of the address of its preview

    @admin.display(description=_("State"))
    def state_shown(self, obj):
        if obj is None or obj.pk is None:
            return gettext("draft: nobody sees it until you publish it")
        return obj.get_state_display()

    @admin.display(description=_("Photo now"))
    def photo_now(self, obj):
        return picture_now(obj and obj.photo, alt=obj.photo_alt if obj else "")

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.name not in self.autocomplete_fields:
            kwargs["widget"] = forms.CheckboxSelectMultiple
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def get_form(self, request, obj=None, **kwargs):
        """A long list of boxes scrolls, so what is ticked stands first."""
        form = super().get_form(request, obj, **kwargs)
        for field in self.opts.many_to_many if obj else ():
            boxes = form.base_fields.get(field.name)
            if boxes:
                ticked = getattr(obj, field.name).filter(pk=models.OuterRef("pk"))
                boxes.queryset = boxes.queryset.order_by(
                    models.Exists(ticked).desc(), *boxes.queryset.model._meta.ordering
                )
        return form

    def get_readonly_fields(self, request, obj=None):
        fixed = ("slug",) if obj and obj.state != "draft" else ()
        return (*super().get_readonly_fields(request, obj), *fixed)

    def get_prepopulated_fields(self, request, obj=None):
        if "slug" in self.get_readonly_fields(request, obj):
            return {}
        return super().get_prepopulated_fields(request, obj)

    def saved_words(self, obj):
        if obj.state == "draft":
            return gettext("Saved. It is a draft: not public until you publish it.")
        if obj.is_published:
            return gettext("Saved. It is public, as it stands here.")
        return gettext("Saved. The page stays taken down.")

    def has_delete_permission(self, request, obj=None):
        """Only what nobody outside has ever seen."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.state == "draft")

    def delete_model(self, request, obj):
        drafts = type(obj).objects.select_for_update().filter(pk=obj.pk, state="draft")
        if not drafts.exists():
            raise PermissionDenied  # published while this page was open
        super().delete_model(request, obj)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        extra_context = {"show_save_and_add_another": False} | (extra_context or {})
        obj = self.get_object(request, object_id) if object_id else None
        if obj:
            extra_context["preview_url"] = reverse(self.preview, args=[obj.pk])
            extra_context["public_url"] = obj.get_absolute_url() if obj.is_published else ""
        return super().changeform_view(request, object_id, form_url, extra_context)
