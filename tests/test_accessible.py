"""Every public page, as axe sees it in a real browser: narrow and wide, light and dark."""

import gzip
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client

from tests import factories
from tests.every_page import faults
from tests.site_urls import addresses

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("axe"),
]
LANGUAGES = [code for code, _name in django_settings.LANGUAGES]
AXE = gzip.decompress((Path(__file__).parent / "vendor/axe.min.js.gz").read_bytes()).decode()
# All rules, those that axe leaves out unless asked too: targets of 24 px is one of them.
LOOK = """async (tags) => {
  const leftOut = [
    "color-contrast-enhanced",  // AAA: our bar is AA.
    "p-as-heading",  // Experimental: it takes a name in its own script, under the heading, for one.
  ];
  const rules = axe.getRules(tags).map(({ruleId}) => ruleId).filter((id) => !leftOut.includes(id));
  const {violations} = await axe.run(document, {runOnly: rules, resultTypes: ["violations"]});
  return violations.flatMap(({id, nodes}) => nodes.map(({target, failureSummary}) =>
    `${id}: ${target.join(" ")}: ${failureSummary}`));
}"""


EVERY_LOOK = [(width, scheme) for width in (360, 1280) for scheme in ("light", "dark")]


def look(page, looks=EVERY_LOOK):
    """What axe finds on the page that is open, at both widths and in both schemes."""
    page.evaluate(AXE)
    found = {}
    for width, scheme in looks:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        # What differs in the dark is colour.
        tags = ["cat.color"] if scheme == "dark" else []
        for violation in page.evaluate(LOOK, tags):
            found.setdefault(violation, []).append(f"{width} {scheme}")
    return found


def refused(page):
    """What the browser did not do because the policy forbids it."""
    return [text for text in page.complaints if "Security Policy" in text or "Trusted" in text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_axe_finds_nothing_on_any_page(visit, everything, language):
    """Promise 12: 0 violations on every public page, and none of the policy."""
    page = visit()
    found = {}
    # What differs by language is text: colours were looked at in the first.
    looks = EVERY_LOOK if language == LANGUAGES[0] else [(360, "light")]
    for path in everything.paths(language):
        page.goto(path)
        if violations := look(page, looks):
            found[path] = violations
    assert not found
    assert page.complaints == []


def answer_with(body):
    return lambda route: route.fulfill(body=body, content_type="text/html; charset=utf-8")


def test_axe_finds_nothing_where_something_is_wrong(visit, everything):
    """Promise 12: mistakes in forms, pages that are not there, a server that fails."""
    page = visit()
    found = {}
    typed_wrongly = {
        everything.petition.get_absolute_url(): "Sign with my name and city",
        "/code/": "Continue",
        "/signatures/find/": None,
        everything.personal_pages()[0]: "Add my name",
    }
    for path, button in typed_wrongly.items():
        page.goto(path)
        page.evaluate("() => { for (const form of document.forms) form.noValidate = true; }")
        buttons = page.locator("main form button")
        with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
            (page.get_by_role("button", name=button) if button else buttons).first.click()
        assert answer.value.status == 422, path
        page.wait_for_load_state()
        if violations := look(page):
            found[f"POST {path}"] = violations
    for path, body in faults().items():
        page.route(f"**{path}", answer_with(body))
    for path in [*everything.errors(), *faults()]:
        page.goto(path)
        if violations := look(page):
            found[path] = violations
    assert not found
    assert refused(page) == []


def test_axe_finds_nothing_on_an_empty_site(visit):
    page = visit()
    found = {}
    for path in ("/", "/petitions/", "/profiles/", "/campaigns/", "/about/"):
        page.goto(path)
        if violations := look(page):
            found[path] = violations
    assert not found


def test_policy_is_kept_on_staff_pages(visit, live_server, everything):
    """0 violations of the policy: no inline script or style that the browser refuses."""
    browser = Client()
    browser.force_login(factories.make_member("administrator"))
    page = visit(width=1280)
    page.context.add_cookies(
        [
            {
                "name": "sessionid",
                "value": browser.cookies["sessionid"].value,
                "url": live_server.url + "/admin/",
            }
        ]
    )
    shown = 0
    for address in addresses():
        if not address.is_staff or address.name == "admin:logout":
            continue
        row = everything.rows.get(address.name.rpartition("_")[0].removeprefix("admin:"))
        if address.parameters and row is None:
            continue
        path = address.path(**dict.fromkeys(address.parameters, getattr(row, "pk", 0)))
        answer = browser.get(path)
        if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
            page.goto(path)
            shown += 1
    assert shown > 30
    assert refused(page) == []
