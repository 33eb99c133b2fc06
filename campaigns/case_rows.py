"""All that stands on the page of a person and belongs to campaigns, by one query."""

from campaign_site import one_query
from campaigns.models import Profile

KINDS = (
    *("timeline", "penalties", "violations", "health_notes", "places", "legal_statuses"),
    *("names", "gallery"),
)
# The page links to all.
MOST_DOCUMENTS = 12
LATEST = 3  # updates, and events of each kind


def of(profile: Profile) -> dict[str, list]:
    """{"timeline": [TimelineEntry, …], …}, each in the order of its model; and of what the person
    is tied to, what is public."""
    below = {kind: getattr(profile, kind).all() for kind in KINDS}
    beside = {
        "sponsors": profile.sponsors.all(),
        "related": profile.related.published(),
        "campaigns": profile.campaigns.published(),
        "updates": profile.updates.published()[: LATEST + 1],
        "upcoming": profile.events.published().upcoming()[:LATEST],
        "past": profile.events.published().past()[:LATEST],
        "documents": profile.documents.published().newest_first()[:MOST_DOCUMENTS],
    }
    found = one_query.fetch(**below, **beside)
    for kind in below:
        for row in found[kind]:
            row.profile = profile  # it knows the language
    found["more_updates"] = len(found["updates"]) > LATEST
    del found["updates"][LATEST:]
    return found
