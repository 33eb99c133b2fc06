"""Promise 12: pages that weigh little, stand still, fit small windows, and need only keys."""

import gzip
import re

import pytest
from django.conf import settings as django_settings

from campaign_site.models import SiteSettings
from petitions.models import PendingSignature, Signature
from tests.factories import send_mails
from tests.visitors import path_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("looks"),
]
LANGUAGES = [code for code, _name in django_settings.LANGUAGES]


def fetched(page, path):
    """What the browser got for a page: by address, how many bytes before any compression."""
    sizes = {}
    page.on("response", lambda answer: sizes.update({answer.url: answer}))
    page.goto(path)
    page.wait_for_load_state("networkidle")
    # 304: it has them already.
    return {url: len(answer.body()) for url, answer in sizes.items() if answer.status == 200}


def sent(page, path):
    """The same as it comes over the line. The server of the tests sends static files as they are;
    in service they are kept compressed."""
    sizes = {}
    page.on("response", lambda answer: sizes.update({answer.url: answer}))
    page.goto(path)
    page.wait_for_load_state("networkidle")
    return {
        url: len(gzip.compress(answer.body()))
        if "/static/" in url
        else answer.request.sizes()["responseBodySize"]
        for url, answer in sizes.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_petition_page_is_light(visit, everything, language):
    """At most 50 kB and 4 requests without its photo, even where the organisation has a logo; and,
    but for letters that old systems lack, where nothing is compressed."""
    SiteSettings.objects.update_or_create(pk=1, defaults={"logo": everything.petition.photo})
    path = path_in(language, "petitions:petition", everything.petition.slug)
    sizes = fetched(visit(), path)
    assert len([url for url in sizes if "/media/" in url]) == 1
    rest = without_pictures(sizes)
    assert len(rest) <= 4, rest
    letters = sum(size for url, size in rest.items() if "?script=" in url)
    assert (letters > 0) == (language == "ug")
    assert letters <= 25_000
    assert sum(rest.values()) - letters <= 50_000, rest
    assert sum(without_pictures(sent(visit(), path)).values()) <= 50_000


def where_people_come_first(everything):
    """Of the pages with pictures and scripts, one of each kind."""
    rows = (everything.petition, everything.campaign, everything.person, everything.letter)
    personal = everything.personal_pages()[3]
    return ["/", "/profiles/", "/code/", personal, *(row.get_absolute_url() for row in rows)]


def without_pictures(sizes):
    """Browsers ask for the icon once for all pages, headless ones never."""
    return {url: size for url, size in sizes.items() if "/media/" not in url and "/img/" not in url}


def test_scripts_together_are_under_10_kb(visit, everything):
    page = visit()
    scripts = {}
    for path in where_people_come_first(everything):
        scripts |= {url: size for url, size in fetched(page, path).items() if url.endswith(".js")}
    assert len(scripts) >= 2
    assert sum(scripts.values()) < 10_000, scripts


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_moves_while_a_page_loads(visit, everything, width):
    page = visit(width=width)
    page.add_init_script(
        """window.shifts = [];
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) window.shifts.push(entry.value);
        }).observe({type: "layout-shift", buffered: true});"""
    )
    moved = {}
    for path in where_people_come_first(everything):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        # The observer is told after a frame was painted.
        page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        if shifts := page.evaluate("() => window.shifts"):
            moved[path] = shifts
    assert not moved


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_scrolls_sideways_at_320_px(visit, everything, language):
    """320 px is also a window of 1280 px at 400 %."""
    page = visit(width=320, height=256)
    wide = {}
    for path in [*everything.paths(language), *everything.errors()]:
        page.goto(path)
        width = page.evaluate("() => document.documentElement.scrollWidth")
        if width > 320:
            wide[path] = width
    assert not wide


@pytest.mark.parametrize("language", LANGUAGES)
def test_form_fits_one_screen(visit, everything, language):
    """First label to main button: 640 px at most, in a window of 360 px."""
    page = visit()
    page.goto(path_in(language, "petitions:petition", everything.petition.slug))
    top = page.locator("#sign label").first.bounding_box()["y"]
    button = page.locator("#sign button").first.bounding_box()
    assert button["y"] + button["height"] - top <= 640


def focused(page):
    return page.evaluate("() => document.activeElement.name || document.activeElement.textContent")


def tab_to(page, name):
    """Press Tab until this has the focus; what has it can be seen."""
    for _step in range(60):
        page.keyboard.press("Tab")
        visible = page.evaluate(
            """() => {
              const box = document.activeElement.getBoundingClientRect();
              return box.width > 0 && box.bottom > 0 && box.top < innerHeight;
            }"""
        )
        assert visible, focused(page)
        if name in focused(page):
            return
    raise AssertionError(f"Tab never came to {name}")


def test_signing_with_nothing_but_keys(visit, everything):
    before = Signature.objects.confirmed().count()
    page = visit()
    page.goto(everything.petition.get_absolute_url())
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    for name, typed in (("name", "Amina Yusuf"), ("city", "Lund"), ("email", "a@example.org")):
        tab_to(page, name)
        page.keyboard.type(typed)
    tab_to(page, "deliver")
    page.keyboard.press("Enter")
    page.wait_for_url("**/thanks/")
    (mail,) = (mail for mail in send_mails() if mail.to == ["a@example.org"])
    tab_to(page, "code")
    page.keyboard.type(re.search(r"\w{4} \w{4} \w{2}\b", mail.body).group())
    page.keyboard.press("Enter")
    page.wait_for_url("**/signatures/**")
    tab_to(page, "is_me")
    page.keyboard.press("Space")
    tab_to(page, "action")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="You are counted. Thank you.").wait_for()
    assert not PendingSignature.objects.exists()
    assert Signature.objects.confirmed().count() == before + 1


def test_signing_without_any_style(visit, everything):
    """The order of the source is the order of the page: who, what is asked, the form, its button."""
    page = visit()
    page.route("**/*.css", lambda route: route.abort())
    page.goto(everything.petition.get_absolute_url())
    text = page.locator("body").inner_text()
    order = [
        "Skip to the content",
        everything.petition.title,
        "To:",
        everything.petition.summary,
        "people have signed",
        "Add your name",
        "City or place",
        "E-mail",
        everything.petition.promise,
        "Sign with my name and city",
        "Count me without my name",
        "The letter",
        "Who is Marta Ilin?",
        "Find or remove my signature",
    ]
    places = [text.find(part) for part in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)
    page.get_by_label("Name", exact=True).fill("Amina Yusuf")
    page.get_by_label("City or place").fill("Lund")
    page.get_by_label("E-mail").fill("amina@example.org")
    page.get_by_role("button", name="Sign with my name and city").click()
    page.wait_for_url("**/thanks/")
    assert PendingSignature.objects.count() == 1
