"""What a page says on paper."""

import pypdfium2
import pytest

from tests.every_page import Everything

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("looks"),
]


@pytest.fixture
def everything(live_server, settings, tmp_path):
    settings.SITE_URL = live_server.url
    settings.MEDIA_ROOT = tmp_path
    return Everything()


def printed(page) -> list[str]:
    document = pypdfium2.PdfDocument(page.pdf(format="A4"))
    return [sheet.get_textpage().get_text_bounded() for sheet in document]


def test_nothing_is_printed_that_only_a_screen_can_do(visit, everything):
    page = visit(width=1280)
    page.goto(everything.petition.get_absolute_url())
    words = " ".join(printed(page))
    assert "Set Marta Ilin free without delay." in words
    for only_on_screen in ("Language:", "Add your name", "WhatsApp", "Skip to"):
        assert only_on_screen not in words
    page.goto(everything.personal_pages()[2])
    words = " ".join(printed(page))
    assert "You are counted" in words
    assert "Remove me completely" not in words


def test_paper_says_that_a_petition_is_closed_or_not_open_yet(visit, everything):
    page = visit()
    page.goto(everything.closed.get_absolute_url())
    assert "She is free." in " ".join(printed(page))
    page.goto(everything.later.get_absolute_url())
    assert "Not open yet" in " ".join(printed(page))


def test_foot_is_never_alone_on_a_page(visit, everything):
    """However long the page is: a line more each time, over the end of the first sheet."""
    page = visit()
    page.goto("/about/")
    add = "() => document.querySelector('main').append(document.createElement('p'))"
    write = "number => { document.querySelector('main').lastChild.textContent = 'Line ' + number }"
    sheets = set()
    for number in range(45):
        page.evaluate(add)
        page.evaluate(write, number)
        found = printed(page)
        sheets.add(len(found))
        assert f"Line {number}" in found[-1], f"{number} lines: the last sheet has the foot alone"
    assert len(sheets) > 1
