from campaigns.models.campaign import Campaign
from campaigns.models.government import Addressee, Government, Office
from campaigns.models.organisation import Organisation
from campaigns.models.profile import Profile, ProfileName, TimelineEntry
from campaigns.models.subscription import Subscription

__all__ = [
    "Addressee",
    "Campaign",
    "Government",
    "Office",
    "Organisation",
    "Profile",
    "ProfileName",
    "Subscription",
    "TimelineEntry",
]
