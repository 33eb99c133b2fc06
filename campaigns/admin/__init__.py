from campaigns.admin import (
    campaign,
    case_list,
    document,
    government,
    organisation,
    profile,
    update,
)

__all__ = [
    "campaign",
    "case_list",
    "document",
    "government",
    "organisation",
    "profile",
    "update",
]
