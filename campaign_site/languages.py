"""Which languages there are, which of them this site offers, and in which one a page speaks.

Texts of the interface come from a catalogue; languages without one carry content only, and what
stands around it is in the default language. Staff add a language as a row of `Language`; visitors
are offered it once somebody who speaks it has read what stands there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.utils.translation import get_language

# What Django does not know.
_MORE = {
    "bo": {"name": "Tibetan", "name_local": "བོད་ཡིག", "bidi": False},
    "ug-latn": {"name": "Uyghur (Latin script)", "name_local": "Uyghurche", "bidi": False},
}


class Known(NamedTuple):
    code: str
    name: str  # in English
    own_name: str
    rtl: bool

    @property
    def direction(self) -> str:
        return "rtl" if self.rtl else "ltr"

    @property
    def has_catalogue(self) -> bool:
        return self.code in dict(settings.LANGUAGES)


def _known(code) -> Known:
    info = _MORE.get(code) or LANG_INFO[code]
    own_name = info["name_local"]
    return Known(code, info["name"], own_name[0].upper() + own_name[1:], info["bidi"])


def own_name(code: str) -> str:
    """Of any language, as its speakers call it; the code where nobody told us."""
    return (_MORE.get(code) or LANG_INFO.get(code, {})).get("name_local", code)


KNOWN = {code: _known(code) for code in settings.CONTENT_LANGUAGES}
DEFAULT = KNOWN[settings.LANGUAGE_CODE]


def current() -> Known:
    """The language that the address of a page names."""
    return KNOWN.get(get_language() or "", DEFAULT)


def of_interface(code: str | None = None) -> Known:
    """In which of our languages stands what is said around content in this language, or around
    that of the page."""
    known = KNOWN.get(code, DEFAULT) if code else current()
    return known if known.has_catalogue else DEFAULT


def was_read(code: str, read_by: str) -> bool:
    return bool(read_by) or code in settings.READ_BY_A_SPEAKER


def can_be_handed_out(code: str) -> bool:
    """Whether papers may be in it: there is a catalogue, and a speaker has read it."""
    return of_interface(code).code == code and not _unread(code)


_remembered = ContextVar("languages_read", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Within it, the database is asked once which languages were read by whom: for a page that
    only shows something."""
    before = _remembered.set({})
    try:
        yield
    finally:
        _remembered.reset(before)


def _readers() -> dict[str, str]:
    """By code of language: who read what stands there; empty where nobody did."""
    from campaign_site.models import Language

    kept = _remembered.get()
    if kept and "rows" in kept:
        return kept["rows"]
    rows = dict(Language.objects.values_list("code", "read_by"))
    if kept is not None:
        kept["rows"] = rows
    return rows


def offered() -> list[Known]:
    """To visitors: the default language first. A demonstration offers what nobody has read yet,
    and says so."""
    rows = _readers()
    return [
        DEFAULT,
        *(
            known
            for code, known in KNOWN.items()
            if code in rows and (settings.DEMO or was_read(code, rows[code]))
        ),
    ]


def unread() -> bool:
    """Whether nobody who speaks the current language has read it."""
    return current() != DEFAULT and _unread(current().code)


def _unread(code: str) -> bool:
    return not was_read(code, _readers().get(code, ""))


def of_path(path: str) -> Known:
    """What an address says: /fr/… is French, where that is offered; everything else the default."""
    known = KNOWN.get(path.removeprefix("/").partition("/")[0], DEFAULT)
    return known if known == DEFAULT or known in offered() else DEFAULT
