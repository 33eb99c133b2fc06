"""What staff write in Markdown, as HTML that can do no harm.

No HTML of their own, no pictures (they would be fetched from other hosts, which then see every
visitor), links to the web and to mailboxes only.

In documents, beside it: `[[what the editor put in]]`, and footnotes as `[^1]` and `[^1]: text`.
"""

import re

import nh3
from django.core.exceptions import ValidationError
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote"),
    *("strong", "em", "a", "code", "pre"),
}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
SCHEMES = {"http", "https", "mailto"}
LONGEST_INSERTION = 2_000  # characters: nobody searches all of a long text for an end

# Staff write no HTML, so these attributes are those that we give, below.
DOCUMENT_TAGS = TAGS | {"div", "ins", "span", "sup"}
DOCUMENT_ATTRIBUTES = {
    **{tag: {"class"} for tag in ("ins", "sup", "hr")},
    "span": {"class", "lang"},
    "a": {"href", "title", "id", "class", "role", "aria-label"},
    "div": {"role", "aria-label"},
    "ol": {"start", "class"},
    "li": {"id"},
}

_markdown = MarkdownIt("commonmark", {"html": False}).disable("image")


def render(markdown: str, *, top: int = 3) -> SafeString:
    """HTML of `markdown`, its highest heading as `<h{top}>` (2 to 6), whatever level was typed."""
    return _render(_markdown, markdown, top, TAGS, ATTRIBUTES)


def render_document(markdown: str, *, top: int = 2) -> SafeString:
    """As `render`, with the editor's insertions marked, and footnotes at the end."""
    return _render(_document, markdown, top, DOCUMENT_TAGS, DOCUMENT_ATTRIBUTES)


def _render(parser, markdown, top, tags, attributes):
    # Half of a surrogate pair is no character, and the cleaner refuses it.
    markdown = markdown.encode("utf-8", "replace").decode()
    env = {}
    tokens = parser.parse(markdown, env)
    _shift_headings(tokens, top)
    html = parser.renderer.render(tokens, parser.options, env)
    return mark_safe(  # noqa: S308  # nh3 is what makes it safe
        nh3.clean(
            html,
            tags=tags,
            attributes=attributes,
            url_schemes=SCHEMES,
            link_rel="noopener noreferrer",
        )
    )


# Read as if HTML, pictures and all links were let through: what stands there then is what `render`
# drops.
_all_markdown = MarkdownIt("commonmark")
_all_markdown.validateLink = lambda url: True
_ODD_LINK = re.compile(r"(?!(?:https?|mailto):)[a-z][a-z0-9+.-]*:", re.IGNORECASE)


# The fields that are written in it, whatever row they are of.
WRITTEN_IN_MARKDOWN = (
    *("about", "background", "body", "description", "letter", "report", "story", "text"),
)

MOST_BRACKETS = 2_000  # the parser's time grows with the square of their number


def check(markdown: str) -> None:
    """Validator: say by the field what would not be shown, before it is published."""
    if markdown.count("[") > MOST_BRACKETS:
        raise ValidationError(_("There are too many square brackets in it."))
    tokens = _all_markdown.parse(markdown.encode("utf-8", "replace").decode())
    tokens += [child for token in tokens for child in token.children or ()]
    kinds = {token.type for token in tokens}
    if {"html_block", "html_inline"} & kinds:
        raise ValidationError(
            _("HTML cannot stand here, such as <b>. Please write **bold** and [words](address).")
        )
    if "image" in kinds:
        raise ValidationError(
            _(
                "Pictures cannot stand in a text: they would be fetched from elsewhere. Please use "
                "the field for a photo."
            )
        )
    if any(_ODD_LINK.match(str(token.attrs.get("href", ""))) for token in tokens):
        raise ValidationError(_("A link can lead to https://… or mailto:… only."))


def beginning(markdown: str, most: int = 240) -> str:
    """Its first words as plain text, in one line of at most so many letters."""
    pieces = (
        "".join(text for text, _strong in pieces)
        for kind, pieces in plain_blocks(markdown)
        if kind != "heading"
    )
    text = " ".join(" ".join(pieces).split())
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    # Where words are parted by spaces, none is cut.
    return (cut.rpartition(" ")[0] if " " in cut[most // 2 :] else cut).rstrip(" ,;:–—") + "…"


def _shift_headings(tokens: list[Token], top: int) -> None:
    """Fit headings under the page's own and skip no level, as screen readers need it."""
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    levels = sorted({token.tag for token in headings})
    for token in headings:
        token.tag = f"h{min(6, top + levels.index(token.tag))}"


# --- Documents ---------------------------------------------------------------------------------


def left_open(markdown: str) -> str:
    """How the first insertion begins that has no end: it would be read as the author's words."""
    env = {}
    _document.parse(markdown.encode("utf-8", "replace").decode(), env)
    return env.get("left_open", "")


def _insertion(state, silent: bool) -> bool:
    """`[[so]]`, with markup inside."""
    start = state.pos + 2
    if not state.src.startswith("[[", state.pos):
        return False
    end = state.src.find("]]", start, min(start + LONGEST_INSERTION, state.posMax))
    # The end of another one is not the end of this.
    if end <= start or "[[" in state.src[start:end]:
        state.env.setdefault("left_open", state.src[state.pos : start + 40])
    if end <= start:
        return False
    if not silent:
        whole = state.posMax
        state.push("insertion_open", "ins", 1)
        state.pos, state.posMax = start, end
        state.md.inline.tokenize(state)
        state.posMax = whole
        state.push("insertion_close", "ins", -1)
    state.pos = end + 2
    return True


def _open_insertion(*_):
    """Brackets for who sees them; who hears the text is told whose words follow."""
    said, language = escape(gettext("editor’s note:")), get_language()
    return f'<ins class="editor">[<span class="unseen" lang="{language}">{said} </span>'


def _close_insertion(*_):
    return "]</ins>"


def _number(token):
    return token.meta["id"] + 1


def _note_mark(_self, tokens, index, *_):
    # Read twice, a note has one way back: to where it is named first.
    number, first = _number(tokens[index]), not tokens[index].meta.get("subId")
    name = f' id="fnref{number}"' if first else ""
    return f'<sup class="note"><a href="#fn{number}"{name} role="doc-noteref">{number}</a></sup>'


def _open_notes(*_):
    heading = escape(gettext("Footnotes"))
    return f'<hr class="notes"><div role="doc-endnotes" aria-label="{heading}"><ol class="notes">'


def _note_back(_self, tokens, index, *_):
    if tokens[index].meta.get("subId"):
        return ""
    number, words = _number(tokens[index]), escape(gettext("Back to the text"))
    return f' <a href="#fnref{number}" role="doc-backlink" aria-label="{words}">↑</a>'


def _document_parser():
    # Lines of letters end where they were ended.
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable("image")
    parser.use(footnote_plugin, inline=False)
    parser.inline.ruler.before("link", "insertion", _insertion)
    for name, rule in {
        "insertion_open": _open_insertion,
        "insertion_close": _close_insertion,
        "footnote_ref": _note_mark,
        "footnote_block_open": _open_notes,
        "footnote_block_close": lambda *_: "</ol></div>",
        "footnote_open": lambda _self, tokens, index, *_: f'<li id="fn{_number(tokens[index])}">',
        "footnote_anchor": _note_back,
    }.items():
        parser.add_render_rule(name, rule)
    return parser


_document = _document_parser()


# --- Paper -------------------------------------------------------------------------------------


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
