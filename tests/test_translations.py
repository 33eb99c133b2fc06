"""What visitors, signers and recipients read is translated: 0 missing, 0 doubtful.

What only staff read is asked for in French; elsewhere the back office speaks English for now.
"""

import ast
import gettext
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

LOCALES = sorted(path.name for path in (settings.BASE_DIR / "locale").iterdir())
STAFF = (
    "*/admin/*",
    "*/commands/*",
    "*/models/*",  # but the choices that pages show, below
    "campaign_site/*admin*.py",
    "*/apps.py",
    "campaign_site/audit_words.py",
    "campaign_site/checks.py",
    "campaign_site/edit_conflicts.py",
    "campaign_site/going_public.py",
    "campaign_site/heartbeats.py",
    "campaign_site/models.py",
    "campaign_site/pictures.py",
    "campaign_site/preview*.py",
    "campaign_site/publishing.py",
    "campaign_site/roles.py",
    "campaign_site/settings.py",
    "campaign_site/translating.py",
    "campaign_site/translations.py",
    "petitions/batches.py",
    "petitions/deliveries.py",
    "petitions/events.py",
    "petitions/evidence.py",
    "petitions/imports.py",
    "petitions/invalidation.py",
    "petitions/launch.py",
    "petitions/manifest.py",
    "petitions/publishing.py",
    "petitions/retention.py",
    "petitions/tables.py",
)
BACK_OFFICE = {"fr"}
# Choices that only staff read.
NOT_SHOWN = {"State", "Part", "Role"}
# The words of a model that the public reads, beside its choices and what it says in sentences.
SHOWN = {
    "The list for the %(governments)s shows your name and city, as you type them, and nothing "
    "else.",
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w+\}|</?\w+[^>]*>")


def unquoted(block, key):
    found = re.search(rf'^{re.escape(key)} ((?:"(?:[^"\\]|\\.)*"\n?)+)', block, re.M)
    lines = re.findall(r'"((?:[^"\\]|\\.)*)"', found[1]) if found else []
    text = "".join(lines)
    return text.replace("\\n", "\n").replace('\\"', '"').replace("\\\\", "\\")


def entries(path):
    """(files, flags, key in the compiled catalogue, msgid, plural or "", translations)"""
    for block in path.read_text(encoding="utf-8").split("\n\n")[1:]:
        if block.startswith("#~") or "msgid" not in block:
            continue
        files = " ".join(re.findall(r"^#: (.*)$", block, re.M)).split()
        flags = " ".join(re.findall(r"^#, (.*)$", block, re.M))
        plural = unquoted(block, "msgid_plural")
        msgid, context = unquoted(block, "msgid"), unquoted(block, "msgctxt")
        keys = re.findall(r"^(msgstr(?:\[\d\])?) ", block, re.M)
        texts = [unquoted(block, key) for key in keys]
        yield files, flags, f"{context}\x04{msgid}" if context else msgid, msgid, plural, texts


@cache
def said_by_models():
    """The choices of models, and the sentences that they make while a page is read: names and help
    texts of fields are lazy, and for staff."""
    found = set(SHOWN)
    for path in Path(settings.BASE_DIR).glob("*/models/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            calls = set()
            if isinstance(node, ast.ClassDef) and node.name not in NOT_SHOWN:
                if any("TextChoices" in ast.unparse(base) for base in node.bases):
                    calls = {"_", "pgettext_lazy"}
            elif isinstance(node, ast.FunctionDef) and node.name != "clean":
                calls = {"gettext", "ngettext", "pgettext"}
            for call in ast.walk(node) if calls else ():
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") in calls:
                    found |= {one.value for one in call.args if isinstance(one, ast.Constant)}
    return found


def is_public(files, msgid):
    return msgid in said_by_models() or any(
        not any(fnmatchcase(file, pattern) for pattern in STAFF) for file in files
    )


def catalogue(locale):
    return settings.BASE_DIR / "locale" / locale / "LC_MESSAGES/django.po"


@pytest.mark.parametrize("locale", LOCALES)
def test_everything_asked_for_is_translated(locale):
    every = entries(catalogue(locale))
    wanted = [e for e in every if locale in BACK_OFFICE or is_public(e[0], e[3])]
    assert len(wanted) > 400
    for _files, flags, _key, msgid, plural, translations in wanted:
        assert "fuzzy" not in flags, msgid
        assert all(translations), msgid
        for text in translations:
            # A plural form for one may say “one” where the English has the figure.
            there = sorted(PLACEHOLDER.findall(plural or msgid))
            if sorted(PLACEHOLDER.findall(text)) != there:
                assert plural, (msgid, text)
                assert set(PLACEHOLDER.findall(text)) <= set(there), (msgid, text)


def test_french_never_breaks_a_line_before_its_signs():
    for _files, _flags, _key, _msgid, _plural, translations in entries(catalogue("fr")):
        for text in translations:
            assert not re.search(r" [:;!?»](?!\S)|« ", text), text


@pytest.mark.parametrize("locale", LOCALES)
def test_compiled_catalogue_is_the_written_one(locale):
    """Served is what is compiled; a machine without gettext cannot compile it anew."""
    with catalogue(locale).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for _files, _flags, key, _msgid, plural, translations in entries(catalogue(locale)):
        if not all(translations):
            continue
        if plural:
            assert {compiled.ngettext(key, plural, n) for n in range(120)} <= set(translations)
        else:
            assert compiled.gettext(key) == translations[0]


def test_every_text_of_the_code_is_in_the_catalogues():
    """`make messages` was run: each text that the public templates mark is known."""
    known = {entry[3] for entry in entries(catalogue("fr"))}
    marked = re.compile(r"""{%-? translate (["'])(.*?)\1""")
    folder = Path(settings.BASE_DIR) / "templates"
    missing = {
        text
        for path in folder.rglob("*.*")
        for _quote, text in marked.findall(path.read_text(encoding="utf-8"))
        if text not in known
    }
    assert not missing
