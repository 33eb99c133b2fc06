"""The verbs of contact keys: create, retire. Only the file that `create` writes opens a box."""

from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from campaign_site import sealing
from campaign_site.models import ContactKey, record
from campaign_site.page_cache import forget_pages


class KeyFailed(Exception):
    """The file does not open a test box, so its key is not used."""


def create(path: Path, *, label: str, by=None) -> ContactKey:
    """Make a pair, write the private half to a new file, and seal to the public half from now on.

    What was written is read again and has to open a test box first. Raises OSError, BadFile,
    KeyFailed; nothing is left of a key that is not used.
    """
    private, public = sealing.make_pair()
    sealing.write_private(path, private, label)
    del private
    try:
        if not sealing.prove(sealing.read_private(path), public):
            raise KeyFailed
        return _use_from_now_on(public, label, by)
    except BaseException:
        path.unlink()
        raise


@transaction.atomic
def _use_from_now_on(public, label, by):
    moment = now()
    ContactKey.objects.filter(retired_at=None).update(retired_at=moment)
    try:
        with transaction.atomic():
            key = ContactKey.objects.create(
                label=label, public=public, made_by=by, proved_at=moment
            )
    except IntegrityError:
        raise KeyFailed from None  # somebody else is making one just now
    record("created a contact key", key, by=by)
    forget_pages()
    return key


@transaction.atomic
def retire(key_id: int, *, by=None) -> bool:
    """Offer updates to nobody any more. What is sealed already can still be opened."""
    retired = ContactKey.objects.filter(pk=key_id, retired_at=None).update(retired_at=now())
    if retired:
        record("retired a contact key", ContactKey.objects.get(pk=key_id), by=by)
        forget_pages()
    return bool(retired)
