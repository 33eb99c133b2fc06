from petitions.models.delivery import Delivered, Delivery, Handover
from petitions.models.event import EventLink
from petitions.models.invalidation import Invalidation
from petitions.models.list_file import ListFile
from petitions.models.mend import Mend
from petitions.models.open_letter import (
    JoinRequest,
    OpenLetter,
    SigningOrganisation,
    SigningPerson,
)
from petitions.models.paper import PaperBatch
from petitions.models.petition import LedgerEntry, Petition, PetitionCount, Target
from petitions.models.signature import HeldName, PendingSignature, Signature

__all__ = [
    "Delivered",
    "Delivery",
    "EventLink",
    "Handover",
    "HeldName",
    "Invalidation",
    "JoinRequest",
    "LedgerEntry",
    "ListFile",
    "Mend",
    "OpenLetter",
    "PaperBatch",
    "PendingSignature",
    "Petition",
    "PetitionCount",
    "Signature",
    "SigningOrganisation",
    "SigningPerson",
    "Target",
]
