"""Files of a list: made by a button, with a reason, and kept in the manifest."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseNotAllowed, HttpResponseRedirect, StreamingHttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from campaign_site.admin_base import Refused, change_url
from campaign_site.models import record
from campaign_site.templatetags.vigil import number
from petitions import delivery_lists, manifest, paper
from petitions.fonts import MissingFont
from petitions.models import Delivery
from petitions.paper import Layout

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


class FileForm(forms.Form):
    """What to make. Each choice has a default that is right for most."""

    why = forms.CharField(
        label=_("What for"),
        initial=_("Handover"),
        max_length=200,
        help_text=_(
            "It stands in the audit trail beside your name, for example “Handover on 12 May”."
        ),
    )
    part = forms.TypedChoiceField(label=_("Part"), coerce=int, required=False, empty_value=None)
    size = forms.ChoiceField(
        label=_("Paper"),
        choices=[("a4", "A4"), ("letter", "Letter")],
        required=False,
    )
    columns = forms.TypedChoiceField(
        label=_("Names on a page"),
        coerce=int,
        empty_value=2,
        choices=[
            (2, _("about 100, in two columns")),
            (1, _("about 43, large")),
            (3, _("about 150, in three columns")),
        ],
        required=False,
    )

    def __init__(self, data=None, *, delivery):
        super().__init__(data, auto_id="file_%s")
        every = delivery_lists.spans(delivery)
        self.several = len(every) > 1
        self.fields["part"].choices = [
            ("", _("The whole list (CSV and Excel only)")),
            *(
                (at, gettext("Part %(part)s of %(parts)s") % {"part": at, "parts": len(every)})
                for at in range(1, len(every) + 1)
            ),
        ]
        if not self.several:
            del self.fields["part"]

    @property
    def part_chosen(self):
        return self.cleaned_data.get("part")

    @property
    def layout(self):
        return Layout(self.cleaned_data.get("size") or "a4", self.cleaned_data.get("columns") or 2)


class PartsForm(forms.Form):
    names = forms.IntegerField(
        label=_("Most names in one part"), min_value=50, max_value=delivery_lists.VOLUME
    )
    whole_places = forms.BooleanField(
        label=_("Do not split a place, unless it is larger than a part"), required=False
    )


class FilesOfLists:
    """For the admin of lists: the answers that are files."""

    def file_view(self, request, object_id):
        """POST only: whoever makes a file says what for, and stands in the audit trail."""
        delivery = self._list(request, object_id)
        if request.method != "POST":
            return HttpResponseRedirect(change_url(delivery))
        if refused := self._refuse(request, delivery):
            return refused
        format = request.POST.get("format")
        form = FileForm(request.POST, delivery=delivery)
        if not form.is_valid() or format not in CONTENT_TYPES:
            messages.error(request, gettext("Say in a few words what the file is for."))
            return HttpResponseRedirect(change_url(delivery))
        part = form.part_chosen
        if format == "pdf" and form.several and part is None:
            messages.error(request, gettext("Choose which part to print."))
            return HttpResponseRedirect(change_url(delivery))
        return self._stream(
            request,
            delivery,
            format,
            part=part,
            layout=form.layout if format == "pdf" else None,
            why=form.cleaned_data["why"],
        )

    def reprint_view(self, request, object_id):
        """Only the pages from which somebody has left since they were printed."""
        delivery = self._list(request, object_id)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if refused := self._refuse(request, delivery):
            return refused
        part = request.POST.get("part")
        for change in manifest.changed_since_printing(delivery):
            if str(change.part) == part:
                return self._stream(
                    request,
                    delivery,
                    "pdf",
                    part=change.part if change.parts > 1 else None,
                    layout=change.layout,
                    pages=change.pages,
                    why=gettext("Pages changed since printing"),
                )
        messages.info(request, gettext("Nothing changed since it was printed."))
        return HttpResponseRedirect(change_url(delivery))

    def sheet_view(self, request, object_id):
        """The handover sheet. It has no name of a signer."""
        delivery = self._list(request, object_id)
        if refused := self._refuse(request, delivery):
            return refused
        changed = [change.sentence for change in manifest.changed_since_printing(delivery)]
        return self._answer(
            request, delivery, "pdf", "handover-sheet", paper.handover_sheet(delivery, changed)
        )

    def _stream(self, request, delivery, format, *, part, **options):
        pieces = manifest.stream(delivery, format, part=part, by=request.user, **options)
        name = f"{delivery.petition.slug}-{delivery.government.slug}-{delivery.cover_date}"
        if part:
            name += f"-part-{part}"
        if options.get("pages") is not None:
            name += "-changed-pages"
        return self._answer(request, delivery, format, name, pieces)

    def _answer(self, request, delivery, format, name, pieces):
        try:
            # What cannot be made says so before the first byte leaves.
            first = next(pieces)
        except (MissingFont, paper.CannotPrint) as problem:
            messages.error(request, str(problem))
            return HttpResponseRedirect(change_url(delivery))
        return StreamingHttpResponse(
            _resumed(first, pieces),
            content_type=CONTENT_TYPES[format],
            headers={
                "Content-Disposition": f'attachment; filename="{name}.{format}"',
                "Cache-Control": "no-store",
            },
        )

    def _list(self, request, object_id):
        if not request.user.has_perm("petitions.download_delivery"):
            raise PermissionDenied
        return self._delivery(request, object_id)

    def file_context(self, request, delivery):
        """What the page of a list shows about its files."""
        return {
            "file_form": FileForm(delivery=delivery),
            "changes": manifest.changed_since_printing(delivery),
            "files": list(delivery.files.select_related("made_by")[:50]),
        }


def _resumed(first, rest):
    yield first
    yield from rest


def parts_says(delivery) -> list[str]:
    return [
        gettext("Now: %(parts)s. Names: %(names)s.")
        % {
            "parts": ngettext(
                "%(number)s part", "%(number)s parts", delivery_lists.volumes(delivery)
            )
            % {"number": number(delivery_lists.volumes(delivery))},
            "names": number(delivery.names),
        },
        gettext("Each part gets its own cover, totals, receipt and label."),
        gettext("Once a file was made, parts stay as they are."),
    ]


def divide(delivery, *, names, whole_places, by) -> int:
    """Set the parts and say how many there are. Raises Refused."""
    starts = delivery_lists.part_starts(delivery, names, whole_places=whole_places)
    changed = Delivery.objects.filter(
        pk=delivery.pk, state=Delivery.State.PREPARED, files=None
    ).update(part_starts=starts, page_starts={})
    if not changed:
        raise Refused(gettext("A file of this list was made already: its parts stay."))
    record(
        "divided a list",
        delivery,
        by=by,
        delivery=delivery.pk,
        parts=len(starts),
        whole_places=whole_places,
    )
    return len(starts)
