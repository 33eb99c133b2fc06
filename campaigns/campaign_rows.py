"""All that stands on the page of a campaign and belongs to campaigns, by one query."""

from campaign_site import one_query
from campaigns.models import Addressee, Campaign, Government

# On the page, which links to all.
MOST_PEOPLE = 24
MOST_DOCUMENTS = 12
LATEST = 3  # updates, and events of each kind


def of(campaign: Campaign) -> dict[str, list]:
    """What the page says of people, what is asked, what to do, pictures, documents, organisations.
    `demands` is [(government or None, its demands), …] in the order in which they first occur."""
    actions, demands = campaign.actions.all(), campaign.demands.all()
    addressees = Addressee.objects.filter(pk__in=actions.values("addressee"))
    named = [demands.values("recipient"), addressees.values("government")]
    found = one_query.fetch(
        people=campaign.profiles.published()[: MOST_PEOPLE + 1],
        others=campaign.related_profiles.published(),
        children=campaign.children.published(),
        gallery=campaign.gallery.all(),
        demands=demands,
        actions=actions,
        addressees=addressees,
        governments=Government.objects.filter(pk__in=named[0].union(named[1])),
        organisations=campaign.organisations.all(),
        updates=campaign.updates.published()[: LATEST + 1],
        upcoming=campaign.events.published().upcoming()[:LATEST],
        past=campaign.events.published().past()[:LATEST],
        documents=campaign.documents.published().newest_first()[:MOST_DOCUMENTS],
    )
    governments = {row.pk: row for row in found.pop("governments")}
    addressees = {row.pk: row for row in found.pop("addressees")}
    for addressee in addressees.values():
        addressee.government = governments[addressee.government_id]
    for action in found["actions"]:
        action.campaign = campaign  # it knows the language
        action.addressee = addressees.get(action.addressee_id)
    found["demands"] = _by_recipient(campaign, found["demands"], governments)
    found["more_people"] = len(found["people"]) > MOST_PEOPLE
    found["more_updates"] = len(found["updates"]) > LATEST
    del found["people"][MOST_PEOPLE:], found["updates"][LATEST:]
    return found


def _by_recipient(campaign, demands, governments):
    groups = {}
    for demand in demands:
        demand.campaign = campaign
        groups.setdefault(governments.get(demand.recipient_id), []).append(demand)
    return list(groups.items())
