"""What a visitor does with a browser that has neither scripts nor cookies."""

import re
from html.parser import HTMLParser

from django.urls import reverse
from django.utils import translation

from petitions import signing
from petitions.forms import form_token
from tests.factories import fresh


def path_in(language, name, *args):
    with translation.override(language):
        return reverse(name, args=args)


def post_sign(client, petition, *, language_of_page="en", **typed):
    """Fill in the form of a petition and press a button: `deliver` says which."""
    data = {
        "name": "Amina Yusuf",
        "city": "Lund",
        "email": "amina@example.org",
        "deliver": "yes",
        "form_token": form_token(petition),
    } | typed
    return client.post(path_in(language_of_page, "petitions:sign", petition.slug), data)


def press(client, path, action, *, petition, **typed):
    """Press a button of the personal page, with what stands in its fields."""
    data = {"action": action, "seen": fresh(petition).frozen_digest()}
    return client.post(path, data | typed)


def personal(row):
    return signing.personal_path(row.pk)


def token_in(path):
    """The secret part of the path of a personal page."""
    return path.rstrip("/").rpartition("/")[2]


def spelt(number):
    """A number in letters: names with digits wait for review."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


_CSRF = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]*')


def all_of(response):
    """Everything that an answer tells: status, headers, cookies and body, but for the clock
    and for Django's random mask of the CSRF token on staff pages."""
    return (
        response.status_code,
        sorted((name, value) for name, value in response.items() if name != "Expires"),
        sorted((name, {**morsel}) for name, morsel in response.cookies.items()),
        _CSRF.sub(rb"\1", response.content),
    )


class _Page(HTMLParser):
    """The forms of a page as a machine sends them, and what it links to."""

    def __init__(self):
        super().__init__()
        self.forms, self.links = [], []

    def handle_starttag(self, tag, pairs):
        at = dict(pairs)
        if tag == "a" and at.get("href", "").startswith("/"):
            self.links.append(at["href"])
        elif tag == "form":
            self.forms.append({})
        elif tag in ("input", "button") and self.forms and at.get("name"):
            ticked = at.get("type") != "checkbox" or "checked" in at
            if ticked:
                self.forms[-1].setdefault(at["name"], at.get("value", ""))


def page_of(response):
    page = _Page()
    page.feed(response.content.decode())
    return page
