"""People, found by status, place, ethnicity, work, violation and campaign, one of each at a time.

Everything is in the address, so every choice is a link: it adds itself to what is chosen already,
or takes itself away. What no choice knows is ignored.
"""

from typing import NamedTuple
from urllib.parse import urlencode

from django.db.models import Case, Count, Max, Min, Q, QuerySet, When
from django.db.models.fields.json import KT
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from campaign_site import languages
from campaigns.models import Campaign, Profile, Violation

PAGE = "page"
LONGEST = 100  # letters of what somebody puts into an address
SHOWN = 8  # of the choices of one kind; the others are folded away


class Choice(NamedTuple):
    label: str
    language: str  # of the label where staff wrote it, else empty
    people: int
    url: str  # with it, or without it where it is chosen


class Facet(NamedTuple):
    heading: str
    chosen: Choice | None
    choices: list[Choice]

    @property
    def first(self):
        return self.choices[:SHOWN]

    @property
    def others(self):
        return self.choices[SHOWN:]


class OfAList:
    """Values that staff choose from a list: their labels are in the language of the page."""

    def __init__(self, key, heading, column, choices):
        self.key, self.heading, self.column, self.labels = key, heading, column, dict(choices)

    def read(self, value):
        """What to look for, or None where nobody can be found by it."""
        return value if value in self.labels else None

    def said(self, value, person):
        """Its label and the language of that, by what one of the people found has there."""
        return self.labels[value], ""

    def count(self, people):
        """[(value, label, language, number of people)]"""
        counted = people.filter(**{f"{self.column}__gt": ""}).values_list(self.column)
        counted = counted.annotate(Count("pk"))
        return [
            (value, self.labels[value], "", number)
            for value, number in counted
            if value in self.labels
        ]


class Typed:
    """Values as staff typed them, in the language of the page where a translation says so."""

    def __init__(self, key, heading, column):
        self.key, self.heading, self.column = key, heading, column

    def read(self, value):
        # PostgreSQL knows no NUL.
        if len(value) > LONGEST or "\0" in value:
            return None
        # The page repeats what was chosen: our words only, never those of a link's author.
        known = Profile.objects.published().filter(**{self.column: value}).exists()
        return value if known else None

    def said(self, value, person):
        return person.say(self.column) if person else (value, "")

    def count(self, people):
        here = languages.current().code
        counted = people.filter(**{f"{self.column}__gt": ""}).values(self.column)
        counted = counted.annotate(people=Count("pk"), language=Min("language"))
        if here != languages.DEFAULT.code:
            published = When(
                Q(**{f"translations__{here}__state": "published"}),
                then=KT(f"translations__{here}__texts__{self.column}"),
            )
            counted = counted.annotate(said=Max(Case(published)))
        return [
            (
                row[self.column],
                row.get("said") or row[self.column],
                here if row.get("said") else row["language"],
                row["people"],
            )
            for row in counted
        ]


class OfCampaign:
    def __init__(self, key, heading, column):
        self.key, self.heading, self.column = key, heading, column

    def read(self, value):
        public = Campaign.objects.published()
        return None if "\0" in value else public.filter(slug=value).first()

    def said(self, campaign, person):
        return campaign.say("title")

    def count(self, people):
        about = Count("profiles", filter=Q(profiles__in=people.values("pk")))
        rows = Campaign.objects.published().annotate(people=about).filter(people__gt=0)
        return [(row.slug, *row.say("title"), row.people) for row in rows]


KINDS = (
    OfAList("status", _("Status"), "status", Profile.Status.choices),
    Typed("place", _("Country or region"), "area"),
    Typed("ethnicity", _("Ethnicity"), "ethnicity"),
    OfAList("occupation", _("Kind of work"), "work", Profile.Work.choices),
    OfAList("violation", _("What was done to them"), "violations__kind", Violation.Kind.choices),
    OfCampaign("campaign", _("Campaign"), "campaigns"),
)
QUERY_KEYS = (*(kind.key for kind in KINDS), PAGE)


class Directory:
    """What an address asks for: `people`, and the `facets` by which they can be narrowed down."""

    def __init__(self, query):
        read = {kind: kind.read(query[kind.key]) for kind in KINDS if query.get(kind.key)}
        self.chosen = {kind: value for kind, value in read.items() if value is not None}
        self.asked = {kind.key: query[kind.key] for kind in self.chosen}

    @property
    def people(self) -> QuerySet:
        chosen = {kind.column: value for kind, value in self.chosen.items()}
        return Profile.objects.published().filter(**chosen)

    def facets(self, people) -> list[Facet]:
        """`people`: some of those found, each of whom has what was chosen."""
        return [self._chosen(kind, next(iter(people), None)) for kind in self.chosen] + [
            facet
            for facet in (self._facet(kind) for kind in KINDS if kind not in self.chosen)
            if len(facet.choices) > 1  # what all of them share parts nobody
        ]

    def _chosen(self, kind, person):
        label, language = kind.said(self.chosen[kind], person)
        without = self.url(**{kind.key: None})
        return Facet(kind.heading, Choice(capfirst(label), language, 0, without), [])

    def _facet(self, kind):
        choices = [
            Choice(capfirst(label), language, number, self.url(**{kind.key: value}))
            for value, label, language, number in kind.count(self.people.order_by())
        ]
        choices.sort(key=lambda choice: (-choice.people, choice.label))
        return Facet(kind.heading, None, choices)

    def url(self, page=1, **changes) -> str:
        """The address with these choices changed, from the first page on."""
        asked = {key: value for key, value in (self.asked | changes).items() if value}
        if page > 1:
            asked[PAGE] = page
        return f"?{urlencode(asked)}" if asked else "."
