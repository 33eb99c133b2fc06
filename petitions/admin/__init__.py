from petitions.admin import delivery, event, invalidation, ledger, petition, review

__all__ = ["delivery", "event", "invalidation", "ledger", "petition", "review"]
