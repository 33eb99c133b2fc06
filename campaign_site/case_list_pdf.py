"""A version of a case list on paper, in the layout of a government submission."""

import hashlib
import json
from pathlib import Path

from django.utils import translation
from django.utils.translation import gettext as _

from campaign_site import languages
from campaign_site.partial_dates import describe
from campaigns import case_lists
from campaigns.models import CaseListVersion
from petitions import kept_files
from petitions.paper import Workshop, directed

TEMPLATE = Path(__file__).parent / "case_list.typ"


class CaseListWorkshop(Workshop):
    template = TEMPLATE
    seconds = 120


def pdf(version: CaseListVersion) -> Path:
    """Raises kept_files.NotNow."""
    content = case_lists.public_content(version)
    with translation.override(languages.of_interface(content["language"]).code):
        document = _document(content)
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode() + TEMPLATE.read_bytes())
    return kept_files.kept(
        "case-lists", str(version.pk), digest.hexdigest(), lambda: _set(document)
    )


def _set(document) -> bytes:
    with CaseListWorkshop() as workshop:
        workshop.set("make", document)
        return b"".join(workshop.made())


def _document(content) -> dict:
    title = directed(content["title"])
    return {
        "language": content["language"],
        "lang": content["language"].partition("-")[0],
        "rtl": title["rtl"],
        "title": title,
        "facts": [
            {"label": directed(label), "text": directed(text)}
            for label, text in case_lists.heading_of(content)
        ],
        "introduction": [directed(text) for text in _paragraphs(content["introduction"])],
        "demands_label": directed(_("For everybody on this list we ask")),
        "demands": [directed(demand) for demand in content["demands"]],
        "disclaimer": [directed(text) for text in _paragraphs(content["disclaimer"])],
        "withdrawn": directed(case_lists.withdrawn_in_words(content)),
        "cases": [
            {
                "number": number,
                "name": directed(case["name_in_capitals"]),
                "native": directed(case["native_name"]),
                "fields": [
                    {"label": directed(label), "texts": [directed(text) for text in texts]}
                    for label, texts in case_lists.fields_of(case)
                ],
            }
            for number, case in enumerate(content["cases"], 1)
        ],
        "foot": directed(
            _("Version %(number)s of %(date)s")
            % {
                "number": content["version"],
                "date": describe(content["frozen_on"]),
            }
        ),
    }


def _paragraphs(text):
    return [line for line in text.split("\n") if line.strip()]
