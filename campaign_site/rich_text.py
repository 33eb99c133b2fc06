"""What staff write in Markdown, as HTML that can do no harm.

No HTML of their own, no pictures (they would be fetched from other hosts, which then see every
visitor), links to the web and to mailboxes only.
"""

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote"),
    *("strong", "em", "a", "code", "pre"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}

_markdown = MarkdownIt("commonmark", {"html": False}).disable("image")


def render(markdown: str, *, top: int = 3) -> SafeString:
    """HTML of `markdown`, its highest heading as `<h{top}>` (2 to 6), whatever level was typed."""
    # Half of a surrogate pair is no character, and the cleaner refuses it.
    markdown = markdown.encode("utf-8", "replace").decode()
    tokens = _markdown.parse(markdown)
    _shift_headings(tokens, top)
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    return mark_safe(  # noqa: S308  # nh3 is what makes it safe
        nh3.clean(
            html,
            tags=TAGS,
            attributes=ATTRIBUTES,
            url_schemes=SCHEMES,
            link_rel="noopener noreferrer",
        )
    )


def _shift_headings(tokens: list[Token], top: int) -> None:
    """Fit headings under the page's own and skip no level, as screen readers need it."""
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    levels = sorted({token.tag for token in headings})
    for token in headings:
        token.tag = f"h{min(6, top + levels.index(token.tag))}"


def plain_blocks(markdown: str) -> list[tuple[str, list[tuple[str, bool]]]]:
    """For paper: (heading, paragraph or item; its pieces of text and whether each is strong)."""
    blocks, kind = [], "paragraph"
    for token in _markdown.parse(markdown.encode("utf-8", "replace").decode()):
        if token.type == "heading_open":
            kind = "heading"
        elif token.type == "list_item_open":
            kind = "item"
        elif token.type in ("heading_close", "list_item_close"):
            kind = "paragraph"
        elif token.type == "inline":
            blocks.append((kind, list(_pieces(token.children))))
        elif token.type in ("fence", "code_block"):
            blocks.append(("paragraph", [(token.content, False)]))
    return blocks


def _pieces(tokens):
    strong = 0
    for token in tokens:
        strong += (token.type == "strong_open") - (token.type == "strong_close")
        if token.type in ("text", "code_inline"):
            yield token.content, strong > 0
        elif token.type == "softbreak":
            yield " ", False
        elif token.type == "hardbreak":
            yield "\n", False
