"""Publish and take down: one conditional UPDATE each, written down, and caches forget."""

from django.db import transaction

from campaign_site.models import record
from campaign_site.page_cache import forget_pages


@transaction.atomic
def publish(found, *, by=None) -> bool:
    """Show a draft, or what was taken down, to everybody. False where that is not so (any more)."""
    state = type(found).State
    return _move(found, [state.DRAFT, state.REMOVED], found.public_state, "published", by)


@transaction.atomic
def take_down(found, *, by=None) -> bool:
    """Answer 410 on its page from now on. It can be published again."""
    state = type(found).State
    before = [value for value in state.values if value not in (state.DRAFT, state.REMOVED)]
    return _move(found, before, state.REMOVED, "took down", by)


def _move(found, before, after, verb, by):
    rows = type(found).objects.filter(pk=found.pk, state__in=before)
    if not rows.update(state=after):
        return False
    record(verb, found, by=by, kind=found._meta.model_name)
    forget_pages()
    return True
