"""Paper: sheets to sign on, names typed or imported from it, and batches that are taken back.

Staff see the names that they bring, and only until these are counted: no page lists a batch.
"""

from itertools import zip_longest

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import get_language, get_language_bidi, gettext, ngettext, override
from django.utils.translation import gettext_lazy as _

from campaign_site import languages
from campaign_site.admin_base import Refused, StaffAdmin, Verb, change_url
from campaign_site.admin_forms import PlainTextarea
from campaign_site.models import HeldWord
from campaign_site.names import HELD_REASONS, clean_name, clean_place
from campaign_site.page_cache import forget_pages
from campaign_site.templatetags.vigil import number
from petitions import batches, imports, poster, tables
from petitions.models import PaperBatch, Petition

LINES_TYPED = 25  # on the page; a small script adds more
MOST_TYPED = 300
FIRST_ROWS = 5


def counted_sentence(batch) -> str:
    return ngettext(
        "%(number)s name is counted.", "%(number)s names are counted.", batch.quantity
    ) % {"number": number(batch.quantity)}


def freezes(petition) -> list[str]:
    if petition.frozen:
        return []
    return [
        gettext(
            "They are its first signatures: they fix title, letter, demands, promise and "
            "recipients for ever."
        )
    ]


class Undo(Verb):
    name = "undo"
    label = _("Undo this batch")
    button = _("Undo it now")
    permission = "petitions.add_paperbatch"
    grave = True

    def title(self):
        return str(self.label)

    def offered(self):
        return self.obj.undone_at is None

    def says(self):
        now = batches.standing(self.obj)
        found = [
            ngettext(
                "%(number)s name is deleted: no list has it.",
                "%(number)s names are deleted: no list has them.",
                now.free,
            )
            % {"number": number(now.free)},
        ]
        if now.listed:
            found.append(
                ngettext(
                    "%(number)s name stands on a list already. It is on no list made from now on; "
                    "what was printed before still shows it.",
                    "%(number)s names stand on lists already. They are on no list made from now "
                    "on; what was printed before still shows them.",
                    now.listed,
                )
                % {"number": number(now.listed)}
            )
        missing = self.obj.quantity - now.free - now.listed
        if missing:
            found.append(
                ngettext(
                    "%(number)s name was erased before, after its time or by hand.",
                    "%(number)s names were erased before, after their time or by hand.",
                    missing,
                )
                % {"number": number(missing)}
            )
        return [
            *found,
            gettext("The count of “%(petition)s” falls by %(number)s at once.")
            % {"petition": self.obj.petition, "number": number(now.counted)},
            gettext("The batch stays here, without names, with who undid it and when."),
        ]

    def do(self, form):
        if not batches.undo(self.obj, by=self.user):
            raise Refused(gettext("This changed meanwhile. Please look at it once more."))
        forget_pages()
        return gettext("Undone. Its names do not count any more.")


class BatchForm(forms.ModelForm):
    class Meta:
        model = PaperBatch
        fields = ("petition", "source", "date", "evidence")
        widgets = {"evidence": PlainTextarea(attrs={"rows": 2, "dir": "auto"})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["petition"].queryset = Petition.objects.published().order_by("title")


class UploadForm(BatchForm):
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "CSV or XLSX, with headings in the first row, one person a row: name and city. "
            "No other column is read."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
        allow_empty_file=True,  # it gets the same sentence as any other that cannot be read
    )


class AnotherFileForm(forms.Form):
    """After mistakes, in place of typing all the rest again."""

    file = UploadForm.base_fields["file"]


class ColumnsForm(forms.Form):
    name = forms.TypedChoiceField(label=_("Name"), coerce=int)
    more = forms.TypedChoiceField(
        label=_("Second half of the name"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=_("Where given and family name stand apart."),
    )
    city = forms.TypedChoiceField(label=_("City or place"), coerce=int)
    headings = forms.BooleanField(
        label=_("The first row holds headings, not a name"), required=False, initial=True
    )

    def __init__(self, *args, first_rows, **kwargs):
        super().__init__(*args, **kwargs)
        width = max(map(len, first_rows), default=0)
        choices = [(index, self._called(index, first_rows)) for index in range(width)]
        for field in ("name", "city"):
            self.fields[field].choices = [("", "—"), *choices]
        self.fields["more"].choices = [("", gettext("none")), *choices]

    def _called(self, index, first_rows):
        texts = (cells[index] for cells in first_rows[:2] if index < len(cells))
        return f"{tables.column_letter(index)}: {' · '.join(filter(None, texts))}"

    def clean(self):
        super().clean()
        chosen = [self.cleaned_data.get(field) for field in ("name", "more", "city")]
        chosen = [index for index in chosen if index is not None]
        if len(set(chosen)) < len(chosen):
            raise ValidationError(gettext("Please choose each column once only."))
        return self.cleaned_data

    @property
    def columns(self):
        return tables.Columns(**self.cleaned_data)


class TypedForm(BatchForm):
    """What was typed line by line. Nothing is ever cleared."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rows = []
        self.lines = [Line(index + 1) for index in range(LINES_TYPED)]
        if self.is_bound:
            typed = zip_longest(self.data.getlist("name"), self.data.getlist("city"), fillvalue="")
            self.lines = [Line(index + 1, *pair) for index, pair in enumerate(typed)]
            self.lines += [Line(i + 1) for i in range(len(self.lines), LINES_TYPED)]

    def clean(self):
        super().clean()
        if len(self.lines) > MOST_TYPED:
            raise ValidationError(
                gettext("Please type at most %(most)s lines at once.") % {"most": MOST_TYPED}
            )
        words, above = HeldWord.objects.words(), ""
        for line in self.lines:
            row = line.clean(above, words)
            above = line.city.strip() or above
            if row:
                self.rows.append(row)
        wrong = sum(line.is_wrong for line in self.lines)
        if wrong:
            raise ValidationError(
                ngettext(
                    "%(number)s line needs your attention.",
                    "%(number)s lines need your attention.",
                    wrong,
                )
                % {"number": wrong}
            )
        if not self.rows:
            raise ValidationError(gettext("Please type at least one name."))
        return self.cleaned_data

    def batch(self):
        content = batches.Content()
        for row in self.rows:
            content.add(row)
        batch = self.save(commit=False)
        batch.quantity, batch.content = len(self.rows), content.digest()
        return batch


class ComparedForm(forms.Form):
    """Below the lines. Without its tick, Enter pressed too early counts nothing."""

    sure = forms.BooleanField(
        label=_("I have compared these lines with the paper"),
        error_messages={"required": _("Please tick this once you have compared them.")},
    )


class Line:
    def __init__(self, index, name="", city=""):
        self.index, self.name, self.city = index, name, city
        self.name_error = self.city_error = ""

    @property
    def is_wrong(self):
        return bool(self.name_error or self.city_error)

    def clean(self, above, words):
        """A row; None for an empty line, or one with an error. `above`: the last city typed."""
        if not self.name.strip() and not self.city.strip():
            return None
        city = self.city.strip() or above
        try:
            name = clean_name(self.name)
        except ValidationError as error:
            self.name_error = error.messages[0]
        try:
            city = clean_place(city)
        except ValidationError as error:
            self.city_error = error.messages[0]
        if self.is_wrong:
            return None
        row = batches.make_row(name, city, words)
        if row.held_reason == "formula":
            self.name_error = HELD_REASONS["formula"]
            return None
        return row


@admin.register(PaperBatch)
class PaperBatchAdmin(StaffAdmin):
    verbs = (Undo,)

    def get_urls(self):
        wrap, name = self.admin_site.admin_view, "petitions_paperbatch_{}".format
        own = [
            path("add/", wrap(self.import_view), name=name("add")),
            path("upload/<uuid:upload_id>/", wrap(self.upload_view), name=name("upload")),
            path("type/", wrap(self.type_view), name=name("type")),
            path("sheets/<int:petition_id>/", wrap(self.sheets_view), name=name("sheets")),
            path("sheets/<int:petition_id>/code.svg", wrap(self.code_view), name=name("code")),
        ]
        # A batch comes by the pages above, and is never changed or deleted.
        stock = [url for url in super().get_urls() if url.name in _STOCK]
        return own + stock

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def _must_add(self, request):
        if not self.has_add_permission(request):
            raise PermissionDenied

    def changelist_view(self, request, extra_context=None):
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.page(
            request,
            "admin/petitions/paperbatch/overview.html",
            title=gettext("Paper signatures"),
            petitions=Petition.objects.published().for_cards(),
            batches=PaperBatch.objects.select_related("petition", "entered_by", "undone_by"),
            may_add=self.has_add_permission(request),
            may_enter=request.user.has_perm("petitions.add_ledgerentry"),
        )

    def change_view(self, request, object_id, form_url="", extra_context=None):
        batch = self.get_object(request, object_id)
        if not self.has_view_permission(request):
            raise PermissionDenied
        if batch is None:
            raise Http404
        return self.page(
            request,
            "admin/petitions/paperbatch/detail.html",
            batch,
            title=counted_sentence(batch) if not batch.undone_at else gettext("Undone batch"),
            batch=batch,
            standing=batches.standing(batch),
            verbs=self.offered_verbs(request, batch.pk),
        )

    # --- A file ---

    def import_view(self, request):
        self._must_add(request)
        form = _form(request, UploadForm)
        if request.method == "POST" and form.is_valid():
            given = form.cleaned_data
            upload = imports.keep(
                given["file"],
                petition=given["petition"],
                source=given["source"],
                date=given["date"],
                evidence=given["evidence"],
                by=request.user,
            )
            return HttpResponseRedirect(_upload_url(upload))
        return self._form_page(
            request,
            form,
            gettext("Import a file"),
            gettext("Check this file"),
            [
                gettext("Nothing counts yet: you see first what is in it."),
                gettext("Each name is counted as if signed here, and goes on the next list."),
            ],
        )

    def upload_view(self, request, upload_id):
        """Choose the columns, wait, read the report; then count it or drop it."""
        self._must_add(request)
        upload = imports.load(upload_id, by=request.user)
        if upload is None:
            messages.info(request, gettext("This file was counted, dropped, or is over a day old."))
            return HttpResponseRedirect(reverse("admin:petitions_paperbatch_changelist"))
        petition = get_object_or_404(Petition, pk=upload.petition)
        action = request.POST.get("action") if request.method == "POST" else ""
        if action in ("drop", "again") and upload.state == imports.COUNTING:
            action = ""  # the page says that it is being counted
        if action == "drop":
            upload.drop()
            messages.success(request, gettext("Dropped. Nothing was counted."))
            return HttpResponseRedirect(reverse("admin:petitions_paperbatch_add"))
        again = AnotherFileForm(*(request.POST, request.FILES) if action == "again" else ())
        if action == "again" and again.is_valid():
            upload.drop()
            better = imports.keep(
                again.cleaned_data["file"],
                petition=petition,
                source=upload.source,
                date=upload.date,
                evidence=upload.evidence,
                by=request.user,
            )
            return HttpResponseRedirect(_upload_url(better))
        problem = ""
        if action == "count":
            try:
                if upload.is_large:
                    imports.ask_to_count(upload)
                    return HttpResponseRedirect(request.path)
                batch = imports.count(upload, by=request.user)
            except batches.Refused as refusal:
                problem = batches.REFUSALS[type(refusal)]
            except imports.NotReady:
                problem = gettext("This changed meanwhile. Please look at it once more.")
            else:
                forget_pages()
                messages.success(request, counted_sentence(batch))
                return HttpResponseRedirect(change_url(batch))
        readable = upload.first_rows and upload.state in (imports.COLUMNS, imports.CHECKED)
        columns = None
        if readable:
            columns = ColumnsForm(
                request.POST if action == "columns" else None,
                first_rows=upload.first_rows,
                initial=upload.columns,
            )
            if action == "columns" and columns.is_valid():
                imports.start_check(upload, columns.columns)
                return HttpResponseRedirect(request.path)
        refused = request.method == "POST"
        return self.page(
            request,
            "admin/petitions/paperbatch/upload.html",
            title=gettext("Import a file"),
            upload=upload,
            petition=petition,
            report=upload.found,
            freezes=freezes(petition),
            columns=columns,
            again=again if _has_mistakes(upload) else None,
            first_rows=upload.first_rows[:FIRST_ROWS],
            problem=problem or (upload.refusal if upload.state == imports.CHECKED else ""),
            busy=upload.state in (imports.WAITING, imports.CHECKING, imports.COUNTING),
            status=422 if refused else 200,
        )

    # --- Typing ---

    def type_view(self, request):
        self._must_add(request)
        form = _form(request, TypedForm)
        compared = ComparedForm(request.POST if request.method == "POST" else None)
        problem = ""
        if request.method == "POST" and all((form.is_valid(), compared.is_valid())):
            try:
                batch = batches.count(form.batch(), form.rows, by=request.user, how="typed")
            except batches.Refused as refusal:
                problem = batches.REFUSALS[type(refusal)]
            else:
                forget_pages()
                messages.success(request, counted_sentence(batch))
                return HttpResponseRedirect(change_url(batch))
        return self.page(
            request,
            "admin/petitions/paperbatch/type.html",
            title=gettext("Type names from paper"),
            form=form,
            compared=compared,
            problem=problem,
            most=MOST_TYPED,
            status=422 if request.method == "POST" else 200,
        )

    def _form_page(self, request, form, title, button, says):
        return self.page(
            request,
            "admin/petitions/paperbatch/form.html",
            title=title,
            form=form,
            button=button,
            says=says,
            status=422 if request.method == "POST" else 200,
        )

    # --- Sheets ---

    def sheets_view(self, request, petition_id):
        petition = self._petition(request, petition_id)
        form = SheetsForm(request.GET or None)
        chosen = form.cleaned_data if form.is_valid() else {"paper": "a4", "first": 1, "sheets": 5}
        # In the language of the people who sign, not of whoever prints.
        with override(languages.of_interface(petition.language).code):
            context = {
                "petition": petition,
                "form": form,
                "sheets": range(chosen["first"], chosen["first"] + chosen["sheets"]),
                "lines": range(1, LINES_ON_A_SHEET + 1),
                "paper": chosen["paper"],
                "address": poster.address_of(petition),
                "lang": get_language(),
                "dir": "rtl" if get_language_bidi() else "ltr",
            }
            return TemplateResponse(request, "petitions/signing_sheets.html", context).render()

    def code_view(self, request, petition_id):
        petition = self._petition(request, petition_id)
        code = poster.code_of(poster.address_of(petition), border=poster.QUIET)
        return HttpResponse(code, content_type="image/svg+xml")

    def _petition(self, request, petition_id):
        self._must_add(request)
        return get_object_or_404(
            Petition.objects.published().prefetch_related("targets__government"), pk=petition_id
        )


LINES_ON_A_SHEET = 12


class SheetsForm(forms.Form):
    paper = forms.ChoiceField(
        label=_("Paper"), choices=[("a4", "A4"), ("letter", "Letter")], initial="a4"
    )
    first = forms.IntegerField(
        label=_("Number of the first sheet"), min_value=1, max_value=99_999, initial=1
    )
    sheets = forms.IntegerField(label=_("Sheets"), min_value=1, max_value=100, initial=5)


def _form(request, form_class):
    """With what was typed, or with the petition that the link names."""
    if request.method == "POST":
        return form_class(request.POST, request.FILES)
    asked = request.GET.get("petition", "")
    return form_class(initial={"petition": asked if asked.isdecimal() else None})


def _has_mistakes(upload):
    checked = upload.state == imports.CHECKED and upload.found
    return upload.state == imports.UNREADABLE or (checked and not upload.found.is_good)


def _upload_url(upload):
    return reverse("admin:petitions_paperbatch_upload", args=[upload.id])


_STOCK = {
    f"petitions_paperbatch_{name}"
    for name in ("changelist", "change", *(verb.name for verb in PaperBatchAdmin.verbs))
}
