"""Is SIGNER_KEY the one that this database belongs to? Without it nobody can sign."""

from django.conf import settings
from django.utils.translation import gettext

from campaign_site import sealing
from campaign_site.models import KeyFingerprint
from campaign_site.sealing import KeyProblem

_proved: set[str] = set()


def require_signer_key() -> None:
    """Raise KeyProblem unless the key is there and ours. Costs a query once per process.

    The first use on an empty database writes the fingerprint.
    """
    if settings.SIGNER_KEY in _proved:
        return
    mine = sealing.fingerprint()
    KeyFingerprint.objects.bulk_create(
        [KeyFingerprint(pk=1, fingerprint=mine)], ignore_conflicts=True
    )
    if not sealing.same(bytes(KeyFingerprint.objects.get(pk=1).fingerprint), mine):
        raise KeyProblem(gettext("SIGNER_KEY is not the key that this database was made with"))
    _proved.add(settings.SIGNER_KEY)


def problem() -> str:
    """What is wrong with the key, in words for staff; empty when all is well."""
    try:
        require_signer_key()
    except KeyProblem as error:
        return str(error)
    return ""
