from petitions.models.delivery import Delivered, Delivery, Handover
from petitions.models.mend import Mend
from petitions.models.petition import LedgerEntry, Petition, PetitionCount, Target
from petitions.models.signature import PendingSignature, Signature

__all__ = [
    "Delivered",
    "Delivery",
    "Handover",
    "LedgerEntry",
    "Mend",
    "PendingSignature",
    "Petition",
    "PetitionCount",
    "Signature",
    "Target",
]
