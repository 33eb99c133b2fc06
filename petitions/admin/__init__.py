from petitions.admin import delivery, ledger, petition

__all__ = ["delivery", "ledger", "petition"]
