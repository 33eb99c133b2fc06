"""Who runs a command, for the audit trail."""

from django.core.management.base import CommandError

from campaign_site.models import Member


def add_by(parser) -> None:
    parser.add_argument("--by", metavar="USERNAME", help="who does this, for the audit trail")


def member_called(username: str | None, permission: str, may_not: str) -> Member | None:
    """The member of staff who is named, if any is. Raises CommandError."""
    if not username:
        return None
    member = Member.objects.filter(username=username, is_active=True).first()
    if member is None:
        raise CommandError(f"There is no active member of staff called {username}.")
    if not member.has_perm(permission):
        raise CommandError(f"{username} may not {may_not}.")
    return member
