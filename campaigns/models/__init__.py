from campaigns.models.asking import Action, Demand
from campaigns.models.campaign import Campaign
from campaigns.models.case_list import CaseList, CaseListVersion
from campaigns.models.document import Document, Enclosure
from campaigns.models.event import Event
from campaigns.models.gallery import GalleryPhoto
from campaigns.models.government import Addressee, Government, Office
from campaigns.models.organisation import Organisation
from campaigns.models.profile import (
    EarlierPlace,
    HealthNote,
    LegalStatus,
    Penalty,
    Profile,
    ProfileName,
    TimelineEntry,
    Violation,
)
from campaigns.models.subscription import Subscription
from campaigns.models.update import FollowUp, Update

__all__ = [
    "Action",
    "Addressee",
    "Campaign",
    "CaseList",
    "CaseListVersion",
    "Demand",
    "Document",
    "EarlierPlace",
    "Enclosure",
    "Event",
    "FollowUp",
    "GalleryPhoto",
    "Government",
    "HealthNote",
    "LegalStatus",
    "Office",
    "Organisation",
    "Penalty",
    "Profile",
    "ProfileName",
    "Subscription",
    "TimelineEntry",
    "Update",
    "Violation",
]
