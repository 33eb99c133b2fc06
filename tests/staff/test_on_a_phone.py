"""Promise 12 for staff: every page of the back office fits a phone of 360 px."""

import pytest
from django.test import Client

from petitions import deliveries
from tests import factories
from tests.site_urls import addresses

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("looks"),
]

# What can be pressed and is smaller than 24 px both ways counts, unless it stands in a sentence.
TOO_SMALL = """() => {
  const pressed = "a[href], button, summary, select, input:not([type=hidden])";
  const found = [];
  for (const one of document.querySelectorAll(`#content :is(${pressed})`)) {
    const box = one.getBoundingClientRect();
    if (!box.width || one.closest(".empty-form, .hidden")) continue;
    const inSentence = one.matches("a") && getComputedStyle(one).display === "inline";
    // A tick is pressed by its label, too.
    const label = one.labels && one.labels[0] && one.labels[0].getBoundingClientRect();
    const height = Math.max(box.height, label ? label.height : 0);
    if (!inSentence && height < 24) found.push(`${one.tagName}.${one.className} ${one.name || one.textContent.trim()} ${height}`);
  }
  return [...new Set(found)];
}"""
BUTTONS = """() => [...document.querySelectorAll(".submit-row input, .object-tools a")]
  .filter((one) => one.getBoundingClientRect().right > innerWidth
    || one.getBoundingClientRect().left < 0)
  .map((one) => one.value || one.textContent)"""

# A field of one line that is stretched over several looks like a big empty box.
STRETCHED = """() => [...document.querySelectorAll("#content input:not([type=hidden])")]
  .filter((one) => one.getBoundingClientRect().height > 72)
  .map((one) => one.name || one.value)"""


def staff_pages(everything, browser):
    """Every address of the back office that answers with a page, for the rows that there are."""
    target = everything.petition.targets.get()
    factories.sign_and_confirm(everything.petition)
    office = factories.make_office(target.government)
    delivery = deliveries.prepare(everything.petition, target.government)
    draft = factories.make_petition(state="draft", title="Free " + "Marta Ilin " * 8)
    rows = everything.rows | {"petitions_delivery": delivery, "petitions_office": office}
    for address in addresses():
        if not address.is_staff or address.name in ("admin:logout", "admin:jsi18n"):
            continue
        about = address.name.rpartition("_")[0].removeprefix("admin:")
        values = [rows.get(about)] if address.parameters else [None]
        if about == "petitions_petition" and address.parameters:
            values.append(draft)
        for row in values:
            if address.parameters and row is None:
                continue
            given = dict.fromkeys(address.parameters, getattr(row, "pk", 0))
            given |= {"petition_id": everything.petition.pk, "target_id": target.pk}
            path = address.path(**{name: given[name] for name in address.parameters})
            answer = browser.get(path)
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                yield path


def test_no_page_scrolls_sideways_and_everything_can_be_pressed(visit, live_server, everything):
    browser = Client()
    browser.force_login(factories.make_member("administrator"))
    page = visit(width=360, height=640)
    page.context.add_cookies(
        [
            {
                "name": "sessionid",
                "value": browser.cookies["sessionid"].value,
                "url": live_server.url + "/admin/",
            }
        ]
    )
    wide, small, outside, stretched = {}, {}, {}, {}
    paths = list(dict.fromkeys(staff_pages(everything, browser)))
    assert len(paths) > 40
    for path in paths:
        page.goto(path)
        width = page.evaluate("() => document.documentElement.scrollWidth")
        if width > 360:
            wide[path] = width
        if found := page.evaluate(TOO_SMALL):
            small[path] = found
        if found := page.evaluate(BUTTONS):
            outside[path] = found
        if found := page.evaluate(STRETCHED):
            stretched[path] = found
    assert not wide
    assert not stretched
    assert not outside
    assert not small, "\n".join(f"{path}: {found}" for path, found in small.items())
