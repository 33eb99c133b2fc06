"""Staff write Markdown: readers get plain, harmless HTML."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from campaign_site.rich_text import MOST_BRACKETS, TAGS, check, render


def test_paragraphs_lists_and_emphasis():
    assert render("Free **her**.\n\n- one\n- *two*") == (
        "<p>Free <strong>her</strong>.</p>\n<ul>\n<li>one</li>\n<li><em>two</em></li>\n</ul>\n"
    )


@pytest.mark.parametrize(
    ("typed", "levels"),
    [
        ("# A", ["h3"]),
        ("## A", ["h3"]),
        ("# A\n\n## B", ["h3", "h4"]),
        ("# A\n\n#### B\n\n# C", ["h3", "h4", "h3"]),
        ("A\n===\n\n# B\n## C\n### D\n#### E\n##### F", ["h3", "h3", "h4", "h5", "h6", "h6"]),
    ],
)
def test_headings_fit_under_those_of_the_page(typed, levels):
    assert re.findall(r"<(h\d)>", render(typed)) == levels


def test_the_page_chooses_the_highest_heading():
    page = Template(
        "{% load vigil %}{{ text|rich_text }}|{{ text|rich_text:2 }}|{{ none|rich_text }}"
    )
    assert page.render(Context({"text": "# A", "none": None})) == "<h3>A</h3>\n|<h2>A</h2>\n|"


def test_links_lead_to_the_web_and_to_mailboxes():
    html = render("[a](https://example.org/x?y=1&z) [b](mailto:amina@example.org) [c](/petitions/)")
    assert html.count('rel="noopener noreferrer"') == 3
    assert 'href="https://example.org/x?y=1&amp;z"' in html
    assert 'href="mailto:amina@example.org"' in html
    assert 'href="/petitions/"' in html


@pytest.mark.parametrize(
    "target",
    [
        *(
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///x",
        ),
        *("ftp://example.org", "&#106;avascript:alert(1)", "blob:x", "tel:123", "intent:x"),
    ],
)
def test_other_links_are_no_links(target):
    html = render(f"[a]({target}) <{target}>")
    assert "href" not in html
    for typed in (f"[a]({target})", f"[a][b]\n\n[b]: {target}"):
        with pytest.raises(ValidationError, match="A link can lead to"):
            check(typed)


def test_only_a_link_that_is_none_is_refused():
    check("[a](https://example.org/x:y) <amina@example.org> [b](/a:b) [c](#d:e) mind: `<tel:1>`")
    with pytest.raises(ValidationError, match="A link can lead to"):
        check("<javascript:alert(1)>")


@pytest.mark.parametrize(
    "typed",
    [
        "![a](https://example.org/spy.png)",
        "![a][b]\n\n[b]: https://example.org/spy.png",
        '<img src="https://example.org/spy.png">',
        "<script>alert(1)</script>",
        '<p onclick="x" style="background:url(//example.org)">a</p>',
        "<svg/onload=x>",
        "<!-- <img src=x> -->",
        "```<img>\n<img src=x>\n```",
        "| a |\n|---|\n| ![a](x) |",
    ],
)
def test_nothing_is_fetched_and_nothing_runs(typed):
    html = render(typed)
    assert set(re.findall(r"<(\w+)", html)) <= TAGS
    assert not re.search(r"<[^>]*\b(?:src|style|on\w+)\s*=", html)


@given(
    st.text(st.characters(codec=None), max_size=200)
    | st.text("<>[]()!*_`#\\&;:\"'=/ax\n", max_size=200)
)
def test_any_text_gives_only_the_tags_we_chose(typed):
    html = render(typed)
    assert set(re.findall(r"</?([a-z]\w*)", html)) <= TAGS
    assert not re.search(r"<[^>]*\b(?:src|style|class|id|on\w+)=", re.sub(r'"[^"]*"', "", html))
    assert html.isascii() or html.encode()


def test_a_megabyte_is_rendered():
    """With ten times as many brackets as staff may save: the time grows with their square."""
    assert render("*a* [" * (10 * MOST_BRACKETS) + "word " * 180_000)
