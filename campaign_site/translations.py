"""What staff write, in other languages: one JSON column beside the original, which stays in its
own columns.

    {"fr": {"version": 3, "state": "published", "texts": {"title": "…", "demands": ["…", "…"]},
            "of": {"title": "<digest of the original when this was saved>", "demands": ["…", "…"]},
            "translated_by": "translator", "read_by": "Aygül Tursun"}}
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from campaign_site import languages, searching


class State(models.TextChoices):
    DRAFT = "draft", _("draft")
    IN_REVIEW = "in_review", _("in review")
    PUBLISHED = "published", _("published")


_drafts_too = ContextVar("drafts_too", default=False)


@contextmanager
def drafts_shown() -> Iterator[None]:
    """For previews: within it, pages say what is not published yet, too."""
    before = _drafts_too.set(True)
    try:
        yield
    finally:
        _drafts_too.reset(before)


class SavedMeanwhile(Exception):
    """Somebody else saved this translation since its page was opened. Nothing was changed."""


class Said(NamedTuple):
    """A piece of text and the language in which it stands."""

    text: str | list
    language: str


class Translatable(models.Model):
    """For models with a `language`, whose `translatable` fields may be said in others."""

    translatable: tuple[str, ...] = ()

    translations = models.JSONField(
        default=dict, editable=False, db_default=models.Value({}, output_field=models.JSONField())
    )

    class Meta:
        abstract = True

    def translation(self, code: str) -> dict:
        found = self.translations.get(code)
        return found if found else {"version": 0, "state": State.DRAFT.value, "texts": {}, "of": {}}

    def is_published_in(self, code: str) -> bool:
        return self.translation(code)["state"] == State.PUBLISHED

    def has_page_in(self, code: str) -> bool:
        """Of what is published in that language: whether visitors are shown it."""
        return True

    def say(self, field: str, code: str | None = None) -> Said:
        """In this language, or in that of the page, where its translation is published; else as
        it was written."""
        code = code or languages.current().code
        if code != self.language and (self.is_published_in(code) or _drafts_too.get()):
            text = self.whole_in(code, field)
            if text:
                return Said(text, code)
        return Said(getattr(self, field), self.language)

    def whole_in(self, code: str, field: str) -> str | list | None:
        """Of a list each text: in part it would say less than the original, and nobody could tell.
        What was taken out of the original is said in no language."""
        text, original = self.translation(code)["texts"].get(field), getattr(self, field)
        if not original:
            return None
        if isinstance(original, list) and text and (len(text) != len(original) or not all(text)):
            return None
        return text

    def to_translate(self) -> list[str]:
        """The fields in which there is something. What a photo showed that was taken away says
        nothing any more."""
        return [
            field
            for field in self.translatable
            if getattr(self, field) and (field != "photo_alt" or self.photo)
        ]

    def missing_in(self, code: str) -> list[str]:
        return [field for field in self.to_translate() if not self.whole_in(code, field)]

    def digest(self, field: str) -> str | list[str]:
        """Of the original; of a list, one for each of its texts."""
        said = getattr(self, field)
        return [digest(text) for text in said] if isinstance(said, list) else digest(said)


def digest(text: str) -> str:
    """The same whatever a browser does to line ends and outer spaces."""
    text = json.dumps([text.replace("\r\n", "\n").strip()])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@transaction.atomic
def save(row: Translatable, code: str, translation: dict, *, seen: int) -> None:
    """Put one translation into its place, if it is still the version that was seen. Raises
    SavedMeanwhile. One statement: other languages, and whoever is faster, keep what they wrote."""
    table = connection.ops.quote_name(row._meta.db_table)
    new = json.dumps(translation | {"version": seen + 1}, ensure_ascii=False)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET translations = "  # noqa: S608 the name of a model's table
            "jsonb_set(translations, ARRAY[%s::text], %s::jsonb) WHERE id = %s::bigint "
            "AND COALESCE((translations -> %s::text ->> 'version')::integer, 0) = %s::integer",
            [code, new, row.pk, code, seen],
        )
        if not cursor.rowcount:
            raise SavedMeanwhile
    row.refresh_from_db(fields=["translations"])
    searching.changed(row)
