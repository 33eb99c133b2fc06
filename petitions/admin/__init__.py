from petitions.admin import (
    delivery,
    event,
    handover,
    home,
    invalidation,
    ledger,
    open_letter,
    paper,
    petition,
    review,
)

__all__ = [
    "delivery",
    "event",
    "handover",
    "home",
    "invalidation",
    "ledger",
    "open_letter",
    "paper",
    "petition",
    "review",
]
