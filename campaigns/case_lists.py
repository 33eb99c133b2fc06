"""Case lists: what a version holds, as JSON that never changes, and as rows of a table.

The layout is that of a government submission: one record a person, with everything a desk officer
needs to raise the case, and nothing that is not published.
"""

import csv
import io
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Max
from django.utils import translation
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaign_site import languages
from campaign_site.models import record
from campaign_site.page_cache import forget_pages
from campaign_site.partial_dates import describe
from campaign_site.rich_text import plain_blocks
from campaign_site.spreadsheets import as_text
from campaigns.models import CaseList, CaseListVersion, Profile

FORMAT = "vigil-case-list-1"
ROWS = ("names", "timeline", "penalties", "health_notes", "legal_statuses", "violations", "places")


class NobodyOnIt(Exception):
    """Nobody whose page is public is chosen."""


@transaction.atomic
def freeze(case_list: CaseList, *, by=None) -> CaseListVersion:
    """Make the next version of a list out of what is public now. Raises NobodyOnIt."""
    # Two people who freeze at once make two versions, one after the other.
    case_list = CaseList.objects.select_for_update().get(pk=case_list.pk)
    number = (case_list.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    content = compile_list(case_list)
    if not content["cases"]:
        raise NobodyOnIt
    version = CaseListVersion.objects.create(
        case_list=case_list, number=number, content=content, frozen_by=by
    )
    record("froze", case_list, by=by, kind="caselist", version=number, people=len(content["cases"]))
    forget_pages()
    return version


def compile_list(case_list: CaseList) -> dict:
    """As docs/case-list.schema.json says; in the language of the list."""
    code = case_list.language
    with translation.override(languages.of_interface(code).code):
        return {
            "format": FORMAT,
            "language": code,
            "title": case_list.title,
            "recipient": _said(case_list.recipient, "name", code),
            "addressee": _addressee(case_list.addressee, code),
            "submitted_by": _organisation(case_list.submitted_by, code),
            "members": [_organisation(member, code) for member in case_list.members.all()],
            "submitted_on": str(case_list.submitted_on),
            "introduction": case_list.introduction,
            "demands": case_list.demands,
            "disclaimer": case_list.disclaimer,
            "order": case_list.order,
            "report_back": {
                "requested": case_list.report_back_requested,
                "due": case_list.report_back_due and case_list.report_back_due.isoformat(),
            },
            "cases": [_case(person, code) for person in case_list.chosen().prefetch_related(*ROWS)],
        }


def _said(row, field, code):
    return row.say(field, code).text


def _plain(markdown):
    """Without the marks of Markdown, its headings as paragraphs."""
    return "\n\n".join(
        "".join(text for text, _strong in said) for _kind, said in plain_blocks(markdown)
    )


def _addressee(addressee, code):
    if addressee is None:
        return None
    return {"name": addressee.name, "office": _said(addressee, "office", code)}


def _organisation(organisation, code):
    if organisation is None:
        return None
    return {"name": _said(organisation, "name", code), "acronym": organisation.acronym}


def _case(person: Profile, code) -> dict:
    def said(field):
        return _said(person, field, code)

    def rows(name):
        found = list(getattr(person, name).all())
        for row in found:
            row.profile = person  # it knows the language
        return found

    return {
        "profile": person.slug,
        "name": said("name"),
        "name_in_capitals": person.name_in_capitals,
        "native_name": person.native_name,
        "native_language": person.native_language,
        "other_names": [other.name for other in person.names.all()],
        "status": person.status,
        "status_as_of": str(person.status_as_of),
        "status_note": said("status_note"),
        "place": said("place"),
        "born": str(person.born),
        "gender": said("gender"),
        "ethnicity": said("ethnicity"),
        "legal_statuses": [
            {"what": _said(row, "what", code), "dates": str(row.dates)}
            for row in rows("legal_statuses")
        ],
        "occupation": said("occupation"),
        "key_dates": [
            {
                "date": str(row.date),
                "date_in_words": _said(row, "date_words", code),
                "kind": row.kind,
                "what": _said(row, "what", code),
                "place": _said(row, "place", code),
                "source": row.source,
            }
            for row in rows("timeline")
        ],
        "earlier_places": [
            {"name": _said(row, "name", code), "dates": str(row.dates)} for row in rows("places")
        ],
        "sentences": [
            {
                "date": str(row.date),
                "step": row.step,
                "kind": row.kind,
                "years": row.years,
                "months": row.months,
                "suspended": row.suspended,
                "text": " ".join(filter(None, [row.in_short, _said(row, "words", code)])),
                "extra": _said(row, "extra", code),
                "court": _said(row, "court", code),
                "source": row.source,
            }
            for row in rows("penalties")
        ],
        "charges": said("charges"),
        "violations": [
            {
                "kind": row.kind,
                "text": row.get_kind_display(),
                "note": _said(row, "note", code),
                "source": row.source,
            }
            for row in rows("violations")
        ],
        "background": _plain(said("background")),
        "health": [
            {"date": str(row.date), "text": _said(row, "text", code), "source": row.source}
            for row in rows("health_notes")
        ],
        "questions": said("questions"),
        "requests": said("requests"),
        "represents": said("represents"),
        "well_known": said("well_known"),
        "connection": said("connection"),
        "governments_active": said("governments_active"),
        "sources": person.source_lines,
        "facts_checked_on": person.verified_on and person.verified_on.isoformat(),
    }


def public_content(version: CaseListVersion) -> dict:
    """What may be shown of a version today: whoever's page was taken down since is not in it.
    `withdrawn` says how many that are."""
    content = version.content
    named = {case["profile"] for case in content["cases"]}
    public = set(Profile.objects.published().filter(slug__in=named).values_list("slug", flat=True))
    cases = [case for case in content["cases"] if case["profile"] in public]
    # What happened to the list since does not change what it says of people.
    case_list = version.case_list
    received = case_list.report_back_received
    return content | {
        "version": version.number,
        "frozen_on": localtime(version.frozen_at).date().isoformat(),
        "submitted_on": str(case_list.submitted_on),
        "report_back": content["report_back"]
        | {
            "received": received and received.isoformat(),
            "note": case_list.report_back_note if received else "",
        },
        "withdrawn": len(content["cases"]) - len(cases),
        "cases": cases,
    }


# --- The record, field by field ------------------------------------------------------------------


def fields_of(case: dict) -> list[tuple[str, list[str]]]:
    """(label, texts) in the order of a submission, in the active language; what nobody knows is
    left out."""
    status = Profile.Status(case["status"]).label
    dates = [
        (one["date_in_words"] or _date(one["date"]), _with(one["what"], one["place"]))
        for one in case["key_dates"]
    ]
    fields = [
        (_("Status"), [_("%(status)s (as of %(date)s)") % _status(case, status)]),
        (_("Note on the status"), [case["status_note"]]),
        (
            _("Last known location"),
            [case["place"] and _("%(status)s (as of %(date)s)") % _status(case, case["place"])],
        ),
        (_("Date of birth"), [_date(case["born"])]),
        (_("Gender"), [case["gender"]]),
        (_("Ethnicity"), [case["ethnicity"]]),
        (
            _("Citizenship and legal status"),
            [_with(one["what"], _date(one["dates"])) for one in case["legal_statuses"]],
        ),
        (_("Occupation"), [case["occupation"]]),
        (_("Other names"), case["other_names"]),
        (_("Key dates"), [f"{date}: {what}" for date, what in dates]),
        (
            _("Earlier places"),
            [_with(one["name"], _date(one["dates"])) for one in case["earlier_places"]],
        ),
        (
            _("Sentence"),
            [
                ". ".join(
                    part.rstrip(".") for part in (one["text"], one["extra"], one["court"]) if part
                )
                for one in case["sentences"]
            ],
        ),
        (_("Charges"), [_("“%(charge)s”") % {"charge": charge} for charge in case["charges"]]),
        (
            _("Rights that were violated"),
            [_with(one["text"], one["note"]) for one in case["violations"]],
        ),
        (_("Background"), [case["background"]]),
        (
            _("Health"),
            [f"{_date(one['date'])}: {one['text']}".removeprefix(": ") for one in case["health"]],
        ),
        (_("Proposed questions"), case["questions"]),
        (_("What we ask"), case["requests"]),
        (_("What the case represents"), [case["represents"]]),
        (_("How well known it is"), [case["well_known"]]),
        (_("Connection to your country"), [case["connection"]]),
        (_("Governments that have acted"), case["governments_active"]),
        (_("Sources"), case["sources"]),
    ]
    return [
        (label, found) for label, texts in fields if (found := [text for text in texts if text])
    ]


def _status(case, status):
    return {"status": status, "date": _date(case["status_as_of"])}


def _date(edtf):
    return describe(edtf) if edtf else ""


def _with(text, more):
    return f"{text} ({more})" if more else text


def heading_of(content: dict) -> list[tuple[str, str]]:
    """(label, text) of what stands above the records, in the active language."""
    addressee = content["addressee"]
    to = ", ".join(filter(None, [*(addressee or {}).values(), content["recipient"]]))
    report = content["report_back"]
    asked = ""
    if report["requested"]:
        asked = (
            _("Please tell us by %(day)s what you did for each of these people.")
            % {"day": _date(report["due"])}
            if report["due"]
            else _("Please tell us what you did for each of these people.")
        )
    fields = [
        (_("To"), to),
        (_("From"), _named(content["submitted_by"])),
        (_("Members at that date"), "; ".join(map(_named, content["members"]))),
        (_("Submitted"), _date(content["submitted_on"]) or _("not yet")),
        (_("People"), str(len(content["cases"]))),
        (_("Order"), str(CaseList.Order(content["order"]).label)),
        (_("Report back"), asked),
    ]
    return [(label, text) for label, text in fields if text]


def withdrawn_in_words(content: dict) -> str:
    withdrawn = content["withdrawn"]
    if not withdrawn:
        return ""
    return ngettext(
        "The record of %(number)s person was withdrawn since and is not shown.",
        "The records of %(number)s people were withdrawn since and are not shown.",
        withdrawn,
    ) % {"number": withdrawn}


def _named(organisation):
    if not organisation:
        return ""
    return _with(organisation["name"], organisation["acronym"])


# --- As a table ----------------------------------------------------------------------------------


def csv_pieces(content: dict) -> Iterator[bytes]:
    """One line a person, one column a field of the submission; UTF-8 with a mark, for Excel."""
    with translation.override(languages.of_interface(content["language"]).code):
        cases = [dict(fields_of(case)) for case in content["cases"]]
        columns = list(dict.fromkeys(label for fields in cases for label in fields))
        yield "\ufeff".encode()
        yield _line([_("Number"), _("Name"), _("Name in its own script"), *columns])
        for number, (case, fields) in enumerate(zip(content["cases"], cases, strict=True), 1):
            texts = ["\n".join(fields.get(label, [])) for label in columns]
            yield _line([number, case["name_in_capitals"], case["native_name"], *texts])


def _line(cells) -> bytes:
    spool = io.StringIO()
    csv.writer(spool).writerow([as_text(str(cell)) for cell in cells])
    return spool.getvalue().encode()
