"""Fills an empty database with the demonstration: real campaigns from documents, an invented one,
and four members of staff. Deterministic, but for the dates, which count back from today.
"""

from pathlib import Path

from django.conf import settings
from django.db import transaction

from campaign_site import contact_keys, demo_mail, keys, searching
from campaign_site.demonstration import documents, drawings, estrava, making, papers, translated
from campaign_site.models import Member, OutboxMessage, SiteSettings
from campaign_site.roles import Role
from campaigns.models import Campaign, Organisation
from petitions import signing

STAFF = {
    "campaigner": Role.CAMPAIGNER,
    "translator": Role.TRANSLATOR,
    "delivery": Role.DELIVERY,
    "admin": Role.ADMINISTRATOR,
}


@transaction.atomic
def load(*, password: str) -> bool:
    """Fill the database unless it holds a campaign already. True if it did."""
    staff = make_staff(password)
    if Campaign.objects.exists():
        return False
    keys.require_signer_key()
    words = making.read("estrava.json")
    SiteSettings.objects.update_or_create(pk=1, defaults=words["site"])
    host = Organisation.objects.create(**words["organisation"])
    make_contact_key(settings.VAR / "offline", by=staff["admin"])
    with searching.indexed_at_the_end():
        documents.load(host=host, approver=staff["admin"])
        estrava.load(words, making.read("signers.json"), host=host, staff=staff)
        papers.load()
        translated.load()
    # Nobody opens the mailboxes of people who do not exist: no mail of theirs is to be sent,
    # but one.
    OutboxMessage.objects.all().delete()
    signing.ask_for_pages(demo_mail.SIGNER, "en")
    return True


def make_staff(password: str) -> dict[str, Member]:
    """The members of the demonstration, each with this password."""
    staff = {}
    for username, role in STAFF.items():
        member = Member.objects.filter(username=username).first()
        if member is None:
            member = Member.objects.create_user(username, password=password, role=role)
        elif not member.check_password(password):
            member.set_password(password)
            member.save(update_fields=["password"])
        staff[username] = member
    return staff


def make_contact_key(folder: Path, *, by) -> None:
    """So that petitions offer updates. A real private half would not stay on this computer."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / "contact-key.txt"
    file.unlink(missing_ok=True)  # of an earlier start that did not get through
    contact_keys.create(file, label="Demonstration", by=by)


def write_samples(folder: Path) -> None:
    """Files to try uploads with: a picture, and names that were collected elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "closed-door.png").write_bytes(drawings.door())
    (folder / "names.csv").write_bytes((making.HERE / "names.csv").read_bytes())
