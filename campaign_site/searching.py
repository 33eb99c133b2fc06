"""What can be found: one folded text per row, kept right by the verbs that write.

A new model joins with one line, and its migration:

    class Update(Publishable, Illustrated, Translatable, Searchable):
        searched = ("title", "summary", "text", "speakers__name")

`searched` names what the public reads: fields of the row, with every published translation, and
`related__field` for rows below it, whose model derives from `Below` and says to what it belongs.
What names the row comes first: a word found there stands above one found in the story. Never name
what is not public (consent, notes of staff, an outcome before its day). Then add the model to
`SEARCHED` in `campaign_site.pages`; a model that has rows already is filled by its migration with
`searching.fill`, as `campaigns/migrations` does.

Saving a row, a row below it or a translation writes the text in the same transaction. Whoever goes
around `save()`, with `update()` or `bulk_create()`, calls `index` after it; `manage.py reindex`,
which the worker does once a day, proves every text from the rows.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django import forms
from django.apps import apps
from django.db import models, transaction
from django.db.models import Value
from django.db.models.functions import StrIndex
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site import names

LONGEST = 100  # characters that somebody may search for
BATCH = 500


class Searchable(models.Model):
    """For models with a page: what people may find it by."""

    searched: tuple[str, ...] = ()
    says = "summary"  # the field that tells in a list of results what it is

    search_text = models.TextField(editable=False, default="", db_default="")

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        with transaction.atomic():
            super().save(*args, **kwargs)
            index(type(self), [self.pk])

    @property
    def headline(self) -> str:
        """The field that names it."""
        return self.searched[0]


class Below(models.Model):
    """For rows that are found as part of another one."""

    belongs_to = ""  # the foreign key

    class Meta:
        abstract = True

    def save(self, *args, **kwargs):
        with transaction.atomic():
            super().save(*args, **kwargs)
            changed(self)

    def delete(self, *args, **kwargs):
        with transaction.atomic():
            gone = super().delete(*args, **kwargs)
            changed(self)
        return gone


# --- Folding ---------------------------------------------------------------------------------

# Vowel signs that Arabic and Hebrew are written with or without.
_OPTIONAL = frozenset(
    (
        *(*range(0x0591, 0x05C8), *range(0x0610, 0x061B), *range(0x064B, 0x0653), 0x0670),
        *(*range(0x06D6, 0x06DD), *range(0x06DF, 0x06E5), 0x06E7, 0x06E8, *range(0x06EA, 0x06EE)),
    )
)
# Letters that keyboards of one alphabet have in place of another's, or that many have not at all.
_ONE_FOR_ALL = str.maketrans(
    dict.fromkeys("أإآٱ", "ا")
    | dict.fromkeys("ىی", "ي")
    | dict.fromkeys("ھہة", "ه")
    | {"ک": "ك", "ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h"}
    | {"æ": "ae", "œ": "oe", "ə": "e"}
)
# Between the parts of one name, which others write together: Al-Amin, D'Arc, 玉山江·吐尔逊.
_WITHIN = frozenset("-'·・•‧゠＝=")
_WITH_ACCENTS = ("LATIN", "GREEK", "CYRILLIC")


def fold(text: str) -> str:
    """One key for what people take for the same: case, width, accents, vowel signs, punctuation
    and what shows as nothing make no difference. Marks that make a letter (Hindi, Thai, Tibetan,
    Uyghur) stay. The same for what is written and what is searched for."""
    kept = []
    base = ""
    for char in unicodedata.normalize("NFD", names.comparison_key(text)):
        kind = unicodedata.category(char)
        if kind[0] == "M":
            accent = base and unicodedata.name(base, "").startswith(_WITH_ACCENTS)
            if not accent and ord(char) not in _OPTIONAL:
                kept.append(char)
        elif kind[0] in "LN":
            base = char
            kept.append(char)
        elif char not in _WITHIN:
            kept.append(" ")  # punctuation, spaces, controls, halves of characters
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).translate(_ONE_FOR_ALL).split())


# --- Keeping the text ------------------------------------------------------------------------


def _texts(row, field: str) -> Iterator[str]:
    original = getattr(row, field)
    if not original:
        return  # whatever a translation says still
    published = (
        translation["texts"].get(field)
        for translation in getattr(row, "translations", {}).values()
        if translation["state"] == "published"
    )
    for said in (original, *published):
        yield from said if isinstance(said, list) else [said or ""]


def text_of(row, searched: Iterable[str]) -> str:
    """What this row is found by. A line end between its texts: no word is found across them."""
    found = []
    for path in searched:
        related, _below, field = path.rpartition("__")
        for one in getattr(row, related).all() if related else [row]:
            found += (fold(text) for text in _texts(one, field))
    return "\n".join(dict.fromkeys(filter(None, found)))


_put_off = ContextVar("indexed_at_the_end", default=False)


@contextmanager
def indexed_at_the_end() -> Iterator[None]:
    """For a program that writes many rows, and each of them several times, in one transaction."""
    token = _put_off.set(True)
    try:
        yield
    finally:
        _put_off.reset(token)
    reindex()


def index(model: type[Searchable], pks: Iterable) -> int:
    """Write the text of these rows anew, as they stand in the database now. How many were off."""
    return 0 if _put_off.get() else fill(model, model.searched, pks)


@transaction.atomic
def fill(model, searched: Iterable[str], pks: Iterable) -> int:
    """The same, for the models of a migration, which have no attributes of ours."""
    below = {path.rpartition("__")[0] for path in searched} - {""}
    # Who writes the same row waits, and then reads what we leave; signing does not.
    rows = model._base_manager.select_for_update(no_key=True).filter(pk__in=list(pks))
    off = 0
    for row in rows.order_by("pk").prefetch_related(*sorted(below)):
        text = text_of(row, searched)
        if text != row.search_text:
            off += model._base_manager.filter(pk=row.pk).update(search_text=text)
    return off


def batches(model) -> Iterator[list]:
    """The keys of all rows, some hundred at a time."""
    last = None
    while True:
        after = {} if last is None else {"pk__gt": last}
        rows = model._base_manager.filter(**after).order_by("pk")
        pks = list(rows.values_list("pk", flat=True)[:BATCH])
        if not pks:
            return
        yield pks
        last = pks[-1]


def reindex() -> int:
    """All rows of all models. How many were off."""
    searchable = [model for model in apps.get_models() if issubclass(model, Searchable)]
    return sum(index(model, pks) for model in searchable for pks in batches(model))


def changed(row) -> None:
    """Something of this row was written: let what is found by it know."""
    if isinstance(row, Below):
        owner = row._meta.get_field(row.belongs_to)
        index(owner.related_model, [getattr(row, owner.attname)])
    elif isinstance(row, Searchable):
        index(type(row), [row.pk])


# --- Finding ---------------------------------------------------------------------------------


class SearchForm(forms.Form):
    q = forms.CharField(
        label=_("Name or words"),
        required=False,
        max_length=LONGEST,
        help_text=_("In any script and spelling. With several words, all of them must occur."),
        widget=forms.TextInput(
            attrs={"type": "search", "autocomplete": "off", "dir": "auto", "enterkeyhint": "search"}
        ),
    )

    def clean_q(self):
        typed = self.cleaned_data["q"]
        self.words = words_of(typed)
        if typed and not self.words:
            raise forms.ValidationError(gettext("Please type at least two letters."))
        return typed


def words_of(typed: str) -> list[str]:
    """What to look for, at most so many characters; nothing where too little was typed: a single
    letter, unless it is a word by itself, as in Chinese."""
    words = list(dict.fromkeys(fold(typed).split()))
    if any(len(word) > 1 or names.is_without_spaces(word) for word in words):
        return words
    return []


def find(querysets: Iterable[models.QuerySet], words: list[str]) -> dict[type, list]:
    """By model: the keys of all rows in which every word occurs, the first word earliest first.
    One question to the database, however many kinds there are."""
    found = {rows.model: [] for rows in querysets}
    asked = []
    for kind, rows in enumerate(querysets):
        for word in words:
            rows = rows.filter(search_text__contains=word)
        asked.append(
            rows.order_by()
            .annotate(found_in=Value(kind), found_at=StrIndex("search_text", Value(words[0])))
            .values_list("found_in", "found_at", "pk")
        )
    kinds = list(found)
    together = asked[0].union(*asked[1:], all=True).order_by("found_in", "found_at", "pk")
    for kind, _at, pk in together:
        found[kinds[kind]].append(pk)
    return found
