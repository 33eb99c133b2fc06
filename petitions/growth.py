"""How a count grew, as a picture and a table. It says less than it could, on purpose.

By day only where every day that counted at all counted five or more; else by week, and beyond a
year by four weeks. A step of fewer than five joins the next one, so that nobody who knows when
somebody sat down to sign can find that one signature here. Fewer than three steps: no picture.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count
from django.utils.timezone import localdate

from campaign_site.page_cache import fact

FEWEST_DAYS = FEWEST_STEPS = 3
FEWEST_A_STEP = 5
DAILY, WEEKLY = 60, 366  # how many days may be shown by day, and by week
WIDE, HIGH = 600, 150
LOOKED_THROUGH_AFTER = 600  # seconds


@dataclass(frozen=True)
class Step:
    until: date
    total: int


@dataclass(frozen=True)
class Growth:
    began: date
    base: int  # counted before that day, elsewhere
    steps: list[Step]

    @property
    def last(self) -> Step:
        return self.steps[-1]

    @property
    def highest(self) -> int:
        return max(step.total for step in self.steps)

    @property
    def line(self) -> str:
        """The points of a line in a drawing that is WIDE and HIGH."""
        before = self.began - timedelta(days=1)
        days = max(1, (self.last.until - before).days)
        points = [(before, self.base), *((step.until, step.total) for step in self.steps)]
        return " ".join(
            f"{round((day - before).days / days * WIDE)},"
            f"{round(HIGH - total / self.highest * (HIGH - 4))}"
            for day, total in points
        )

    @property
    def area(self) -> str:
        return f"0,{HIGH} {self.line} {WIDE},{HIGH}"


def growth(petition) -> Growth | None:
    """None where there is too little to show."""
    if petition.numbers.total < petition.show_count_from:
        return None
    signed = _by_day(petition)
    if len(signed) < FEWEST_DAYS:
        return None
    began, today = min(signed), localdate()
    elsewhere, base = Counter(), 0
    for entry in petition.ledger_entries.counted():
        # Names erased after their time had signed long before that day.
        dated = len(entry.date) == len("2006-03-15") and entry.kind != entry.Kind.ERASED
        if dated and began <= entry.date.earliest <= today:
            elsewhere[entry.date.earliest] += entry.quantity
        else:
            base += entry.quantity
    steps = _steps(signed, elsewhere, base)
    return Growth(began, base, steps) if len(steps) >= FEWEST_STEPS else None


def _by_day(petition) -> dict[date, int]:
    """How many signed on which day. Of a million that takes a while to find out, so earlier days
    are looked through now and then only; the rest of what is counted at this moment is today's."""
    today = localdate()
    confirmed = petition.signatures.confirmed()

    def look():
        found = confirmed.filter(signed_on__lt=today).values_list("signed_on")
        return dict(found.annotate(number=Count("pk")).order_by("signed_on"))

    earlier = fact(("growth", petition.pk, today), look, seconds=LOOKED_THROUGH_AFTER)
    rest = petition.numbers.confirmed - sum(earlier.values())
    if rest < 0:  # somebody of an earlier day left since then
        earlier, rest = look(), confirmed.filter(signed_on=today).count()
    return earlier | ({today: rest} if rest else {})


def _steps(signed, elsewhere, base) -> list[Step]:
    began, last = min(signed), max(*signed, *elsewhere)
    span = (last - began).days + 1
    by_day = span <= DAILY and min(signed.values()) >= FEWEST_A_STEP
    stride = 1 if by_day else 7 if span <= WEEKLY else 28
    here, there = Counter(), Counter()
    for numbers, days in ((signed, here), (elsewhere, there)):
        for day, number in numbers.items():
            days[(day - began).days // stride] += number
    total, waiting, steps = base, 0, []
    for place in range((last - began).days // stride + 1):
        until = min(began + timedelta(days=(place + 1) * stride - 1), last)
        waiting += here[place]
        total += here[place] + there[place]
        if waiting >= FEWEST_A_STEP or (there[place] and not waiting):
            waiting = 0
            steps.append(Step(until, total))
    if steps:
        # What is left at the end belongs to the step before.
        steps[-1] = Step(last, total)
    return steps
