"""The audit trail is read in the language of whoever reads it, whatever the code writes into it."""

import ast
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import translation

from campaign_site.audit_words import ABOUT, DETAILS, DONE, details_in_words
from campaign_site.models import record
from tests.staff.forms import text

# The verb is a text of theirs: what it is about may stand before it.
WRITERS = ("record", "_record", "_move")
PUT_TOGETHER = {"typed names", "imported names"}


def calls_of_record():
    for app in ("campaign_site", "campaigns", "petitions"):
        for path in Path(settings.BASE_DIR, app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(WRITERS):
                    yield node


def test_whatever_is_written_down_has_words():
    words, keys = set(), set()
    for call in calls_of_record():
        texts = [one.value for arg in call.args for one in ast.walk(arg) if is_text(one)]
        words |= set(texts) - {" names"}
        keys |= {keyword.arg for keyword in call.keywords}
    assert words | PUT_TOGETHER == DONE.keys() | ABOUT.keys()
    assert len(keys) > 30
    assert keys - {"by", None} <= DETAILS.keys()


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.django_db
def test_a_french_administrator_reads_it_in_french(administrator, petition):
    record("took down", petition, kind="petition", names=3)
    type(administrator.member).objects.update(language="fr")
    page = reverse("admin:campaign_site_auditevent_changelist")
    shown = text(administrator.get(page))
    with translation.override("fr"):
        done = str(DONE["took down"])
        details = details_in_words({"kind": "petition", "names": 3})
    assert done != "took down"
    assert f'<td class="field-done">{done}</td>' in shown
    assert "noms" in details
    assert details in shown
    assert details in text(administrator.get(f"{page}?verb=took+down"))
    assert details not in text(administrator.get(f"{page}?verb=published"))
