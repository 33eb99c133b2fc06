from campaigns.admin import (
    campaign,
    case_list,
    document,
    event,
    government,
    organisation,
    profile,
    update,
)

__all__ = [
    "campaign",
    "case_list",
    "document",
    "event",
    "government",
    "organisation",
    "profile",
    "update",
]
