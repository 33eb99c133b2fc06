"""Two people edit the same row: neither overwrites what the other wrote without having seen it.

A page remembers a digest of every value that it shows, for its row and for the rows below it, in
one hidden field. When it is saved, what only somebody else changed stays as it is now, and what
both changed comes back with both texts. Saved again, it is meant so.
"""

import hashlib
import json
from datetime import date, datetime

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.forms.utils import ErrorList
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.timezone import localtime
from django.utils.translation import gettext

from campaign_site.models import AuditEvent

SEEN = "_seen"
SINCE = "since"  # the newest line of the audit trail when the page was opened


def digest(value) -> str:
    return hashlib.sha256(json.dumps(_plain(value), default=str).encode()).hexdigest()[:16]


def _plain(value):
    """The same for what a form shows and for what comes back from it."""
    if isinstance(value, models.Model):
        return value.pk
    if isinstance(value, list | tuple | models.QuerySet):
        if any(isinstance(item, models.Model) for item in value):
            return sorted(item.pk for item in value)
        return [_plain(item) for item in value] or ""
    if isinstance(value, datetime):
        return value.replace(microsecond=0).timestamp()
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip()
    return "" if value is None else value


def _read(posted) -> dict:
    try:
        found = json.loads(posted or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _key(row):
    return f"{row._meta.model_name}-{row.pk}"


class Noticing:
    """A model form that notices what somebody else saved since its page was opened. The row is to
    be locked before the form reads it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.kept: set[str] = set()  # changed by somebody else alone
        self.conflicts: set[str] = set()  # changed by both

    @property
    def changed_data(self):
        return [name for name in super().changed_data if name not in self.kept]

    @cached_property
    def seen(self) -> dict[str, str]:
        """The digests of what the page showed; empty for a new row."""
        found = _read(self.data.get(SEEN)).get(_key(self.instance)) if self.instance.pk else None
        return found if isinstance(found, dict) else {}

    @cached_property
    def there_now(self) -> dict[str, str]:
        columns = {field.name for field in self._meta.model._meta.get_fields()}
        shown = {
            name: digest(self[name].initial)
            for name, field in self.fields.items()
            if name in columns and not field.disabled
        }
        return shown | {
            name: digest(json.dumps(getattr(self.instance, name), sort_keys=True))
            for name in self._pictures()
        }

    def _pictures(self):
        """Columns that are changed by other fields: an upload, and a tick that removes it."""
        uploads = (name for name in self.fields if name.endswith("_upload"))
        columns = {field.name for field in self.instance._meta.concrete_fields}
        return columns & {name.removesuffix("_upload") for name in uploads}

    def to_remember(self) -> dict[str, str]:
        """What its page remembers: when it comes back with conflicts, those were seen."""
        seen = {name: self.there_now[name] for name in self.conflicts if name in self.there_now}
        return (self.seen or self.there_now) | seen

    def clean(self):
        there_now = self.there_now  # read before anything is put into the row
        changed = {name for name, value in self.seen.items() if there_now.get(name, value) != value}
        if self.wants_deletion():
            self.conflicts = changed
        else:
            for name in sorted(changed):
                self._notice(name)
        return super().clean()

    def _notice(self, name):
        if name in self._pictures():
            if {f"{name}_upload", f"remove_{name}"} & set(self.changed_data):
                self.conflicts.add(name)
                words = gettext(
                    "Somebody put another picture here while you were editing. To replace it, "
                    "choose yours again and save."
                )
                self.add_error(f"{name}_upload", words)
        elif name in self.cleaned_data:
            typed = digest(self.cleaned_data[name])
            if typed == self.seen[name]:
                self.kept.add(name)
                self.cleaned_data[name] = self._stored(name)
            elif typed != self.there_now[name]:
                self.conflicts.add(name)
                self.add_error(
                    name,
                    format_html(
                        '<span class="conflict"><b>{}</b> <span dir="auto">{}</span></span>'
                        '<span class="conflict"><b>{}</b> <span dir="auto">{}</span></span>',
                        gettext("Theirs:"),
                        self._in_words(name, self[name].initial),
                        gettext("Yours:"),
                        self._in_words(name, self.cleaned_data[name]),
                    ),
                )

    def label_of(self, name) -> str:
        return str(self._meta.model._meta.get_field(name).verbose_name)

    def wants_deletion(self) -> bool:
        return bool(self.instance.pk and self.data.get(self.add_prefix("DELETE")))

    def was_deleted(self) -> bool:
        pk = self._meta.model._meta.pk.name
        return bool(self.instance.pk is None and self.data.get(self.add_prefix(pk)))

    def typed_words(self) -> str:
        typed = (self.data.get(self.add_prefix(name), "").strip() for name in self._meta.fields)
        return "; ".join(filter(None, typed))

    def _stored(self, name):
        column = self._meta.model._meta.get_field(name)
        if column.many_to_many:
            return list(getattr(self.instance, name).all())
        return getattr(self.instance, name)

    def _in_words(self, name, value):
        field = self.fields[name]
        if isinstance(field, forms.ModelChoiceField):
            several = isinstance(value, list | models.QuerySet)
            keys = [getattr(one, "pk", one) for one in (value if several else [value])]
            value = ", ".join(map(str, field.queryset.filter(pk__in=filter(None, keys))))
        elif isinstance(field, forms.ChoiceField):
            value = dict(field.choices).get(value, value)
        elif isinstance(value, bool):
            value = gettext("ticked") if value else gettext("not ticked")
        elif isinstance(value, datetime):
            value = date_format(localtime(value), "DATETIME_FORMAT")
        elif isinstance(value, date):
            value = date_format(value)
        elif isinstance(value, list):
            value = "\n".join(value)
        return gettext("(empty)") if value in (None, "") else str(value)


class NoticingRows:
    """The same for the formset of an inline: a row that somebody changed is not simply deleted."""

    def clean(self):
        super().clean()
        for form in self.initial_forms:
            if form.was_deleted():
                # There is no row to show it by any more.
                raise ValidationError(
                    gettext(
                        "Somebody deleted this row while you were editing: “%(words)s”. Please copy "
                        "what you still need and open the page again."
                    ),
                    params={"words": form.typed_words()},
                )
            if form.wants_deletion() and form.conflicts:
                raise ValidationError(
                    gettext(
                        "“%(row)s” was changed while you were editing. To delete it all the same, "
                        "save again."
                    ),
                    params={"row": form.instance},
                )


def noticing(form_class):
    return type(form_class)(form_class.__name__, (Noticing, form_class), {})


def noticing_rows(formset_class):
    formset_class.form = noticing(formset_class.form)
    return type(formset_class)(formset_class.__name__, (NoticingRows, formset_class), {})


def to_remember(form, all_forms) -> str:
    """What goes into the hidden field of a page."""
    newest = AuditEvent.objects.order_by("-pk").values_list("pk", flat=True).first()
    since = _read(form.data.get(SEEN)).get(SINCE, newest)
    rows = {_key(one.instance): one.to_remember() for one in all_forms if one.instance.pk}
    return json.dumps({SINCE: since, **rows})


def mistakes(errors, in_conflict) -> list:
    """What else is wrong on a page that comes back because two people changed the same."""
    left = list(errors)
    for form in in_conflict:
        shown = {f"{name}_upload" if name in form._pictures() else name for name in form.conflicts}
        for name in shown & set(form.errors):
            left.remove(form.errors[name])
    if any(form.wants_deletion() for form in in_conflict):
        # What NoticingRows says of them belongs to no field.
        left = [one for one in left if isinstance(one, ErrorList)]
    return left


def who_changed(row, form) -> AuditEvent | None:
    """The newest line of the audit trail about this row since its page was opened."""
    since = _read(form.data.get(SEEN)).get(SINCE)
    about = AuditEvent.objects.filter(details__kind=row._meta.model_name, details__number=row.pk)
    since = since if isinstance(since, int) else 0
    return about.filter(pk__gt=since).select_related("by").order_by("-pk").first()
