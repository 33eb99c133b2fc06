from petitions.admin import delivery, event, handover, invalidation, ledger, paper, petition, review

__all__ = ["delivery", "event", "handover", "invalidation", "ledger", "paper", "petition", "review"]
