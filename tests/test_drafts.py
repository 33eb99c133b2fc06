"""Drafts: whatever is written in one, and however a public page is tied to it, nobody reads it."""

from contextlib import suppress

import pypdfium2
import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from campaign_site import page_cache, searching
from campaign_site.models import Language
from campaign_site.partial_dates import PartialDateField
from campaign_site.publishing import Described
from campaign_site.translations import Translatable
from petitions.models import Petition
from tests.every_page import Everything

MARK = "Zzdraft"
# What signers, not staff, have written; and what says who counted it.
NOT_CONTENT = (
    "signature",
    "pendingsignature",
    "ledgerentry",
    "delivery",
    "target",
    "eventlink",
    "joinrequest",
)


@pytest.fixture
def everything(transactional_db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.PRIVATE_ROOT = tmp_path / "private"
    return Everything()


def pages_of_their_own():
    """The models that are drafted and published."""
    return [model for model in apps.get_models() if issubclass(model, Described)]


def is_text(field):
    texts = models.CharField | models.TextField
    free = (
        isinstance(field, texts) and not isinstance(field, PartialDateField) and not field.choices
    )
    codes = ("language", "text_language", "native_language", "zone", "country")
    return free and field.name not in codes


def marked(row):
    """Its fields, every text in it replaced."""
    values = {}
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if field.unique and field.null:
            continue
        if isinstance(field, models.URLField):
            values[field.attname] = f"https://{MARK}.example/"
        elif isinstance(field, models.EmailField):
            values[field.attname] = f"{MARK}@example.org"
        elif is_text(field):
            values[field.attname] = f"{MARK}{row.pk}"
        elif isinstance(value, list):
            values[field.attname] = [MARK, MARK]
        elif not field.primary_key:
            values[field.attname] = value
    if isinstance(row, Translatable):
        texts = {
            name: [MARK] if isinstance(getattr(row, name), list) else MARK
            for name in row.translatable
        }
        values["translations"] = {
            code: {"version": 1, "state": "published", "texts": texts, "of": {}}
            for code in Language.objects.values_list("code", flat=True)
        }
    return values


def draft_of(row):
    """Like it in all but its words, with the rows below it, and tied to all that it is tied to."""
    model = type(row)
    values = marked(row) | {"slug": f"{MARK.lower()}-{model._meta.model_name}", "state": "draft"}
    if model is Petition:
        values["frozen"] = None
    draft = model.objects.create(**values)
    for field in model._meta.many_to_many:
        getattr(draft, field.name).set(getattr(row, field.name).all())
    for relation in model._meta.related_objects:
        below = relation.related_model
        if (
            relation.one_to_many
            and not issubclass(below, Described)
            and relation.field.unique is False
        ):
            if below._meta.model_name in NOT_CONTENT or relation.field.null:
                continue
            for one in below.objects.filter(**{relation.field.name: row}):
                below.objects.create(**marked(one) | {relation.field.attname: draft.pk})
    return draft


def tie(drafts):
    """Every public row to every draft that one of its fields can hold."""
    by_model = {type(draft): draft for draft in drafts}
    for model in apps.get_models():
        for field in model._meta.many_to_many:
            if field.related_model in by_model and model in by_model:
                for row in model.objects.exclude(state="draft"):
                    getattr(row, field.name).add(by_model[field.related_model])
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.related_model in by_model:
                draft = by_model[field.related_model]
                if field.null and model._meta.model_name not in NOT_CONTENT:
                    rows = model.objects.exclude(pk__in=[d.pk for d in drafts if type(d) is model])
                    for pk in rows.values_list("pk", flat=True):
                        # Where a constraint forbids the tie, there is nothing to hide.
                        with suppress(IntegrityError), transaction.atomic():
                            rows.filter(pk=pk).update(**{field.name: draft})


def translate_without_publishing():
    """All rows into each language in which they are not public: a draft, or waiting for review."""
    for model in apps.get_models():
        if not issubclass(model, Translatable):
            continue
        for row in model.objects.all():
            for code in Language.objects.values_list("code", flat=True):
                if not row.is_published_in(code):
                    texts = marked(row)["translations"][code]["texts"]
                    state = "draft" if row.pk % 2 else "in_review"
                    entry = {"version": 1, "state": state, "texts": texts, "of": {}}
                    row.translations[code] = entry
            model.objects.filter(pk=row.pk).update(translations=row.translations)


def text_of(answer):
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if answer["Content-Type"] == "application/pdf":
        pages = pypdfium2.PdfDocument(body)
        return "".join(page.get_textpage().get_text_bounded() for page in pages)
    return body.decode(errors="replace")


def test_nothing_of_a_draft_is_anywhere(client, everything):
    """Drafts of pages, and of translations: all pages in all languages, feeds, calendars, JSON, CSV,
    PDF, sitemap, search."""
    rows = [model.objects.exclude(state="draft").earliest("pk") for model in pages_of_their_own()]
    languages = ["en", *Language.objects.values_list("code", flat=True)]
    before = {path for language in languages for path in everything.addresses(language)}
    drafts = [draft_of(row) for row in rows]
    tie(drafts)
    translate_without_publishing()
    searching.reindex()
    page_cache.cache.forget()
    looked_at = 0
    for path in sorted(before | {f"/search/?q={MARK}"}):
        answer = client.get(path)
        found = text_of(answer)
        # A search says what was searched for.
        shown = found.replace(f'value="{MARK}"', "").replace(f"?q={MARK}", "")
        assert MARK.casefold() not in shown.casefold(), path
        looked_at += answer.status_code == 200
    assert looked_at > 100
    for draft in drafts:
        answer = client.get(draft.get_absolute_url())
        assert answer.status_code == 404, draft.get_absolute_url()
        assert MARK not in text_of(answer)


def test_marks_would_be_seen(client, everything):
    """The same rows, published: else the test above looks for nothing."""
    rows = [model.objects.exclude(state="draft").earliest("pk") for model in pages_of_their_own()]
    drafts = [draft_of(row) for row in rows]
    for draft in drafts:
        type(draft).objects.filter(pk=draft.pk).update(state="published")
    page_cache.cache.forget()
    for draft in drafts:
        answer = client.get(draft.get_absolute_url())
        if answer.status_code == 200 and not hasattr(draft, "versions"):
            assert text_of(answer).count(MARK) > 2, draft
