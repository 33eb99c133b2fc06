"""Nobody can find out here whether an address has signed. Times have a benchmark instead:
`benchmarks/signing_times.py`."""

import re
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.contrib.auth import hashers
from django.test import Client

from campaign_site import links, outbox, throttle
from campaign_site.models import Member, OutboxMessage
from petitions import deliveries, signing
from petitions.models import PendingSignature, Signature
from tests import factories
from tests.factories import confirm, sign, sign_and_confirm
from tests.site_urls import addresses
from tests.visitors import all_of, path_in, personal, post_sign, press

pytestmark = pytest.mark.django_db

LANGUAGES = [code for code, _name in settings.LANGUAGES]
UNKNOWN = "nobody@example.org"


def _mailbox(number):
    """As long as `UNKNOWN`, because a mail's size follows from the address it is sent to."""
    return f"kn{number:04}@example.org"


def _in_state(petition, state, email):
    signature = sign_and_confirm(petition, email=email)
    if state == Signature.State.REMOVED:
        deliveries.prepare(petition, petition.targets.get().government)
        signing.remove(signature.pk)
        # The mailbox of a blanked row is not known any more: sign once more, and leave.
        signing.remove(sign_and_confirm(petition, email=email).pk)
    else:
        Signature.objects.filter(pk=signature.pk).update(state=state)


def _listed(petition, email):
    sign_and_confirm(petition, email=email)
    deliveries.prepare(petition, petition.targets.get().government)


def _household(petition, email):
    for name in ("Amina", "Omar", "Li Na"):
        sign_and_confirm(petition, email=email, name=name)


def _enough_mails(petition, email):
    for _ in range(outbox.MAILS_PER_DAY + 2):
        sign(petition, email=email)
    factories.send_mails()


# What an address may have behind it. States come from the model, so a later one is here, too.
HISTORIES = {
    "waiting": lambda petition, email: sign(petition, email=email),
    "refused": lambda petition, email: signing.refuse(sign(petition, email=email).pk),
    **{
        str(state): lambda petition, email, state=state: _in_state(petition, state, email)
        for state in Signature.State
    },
    "counted only": lambda petition, email: sign_and_confirm(petition, email=email, deliver=False),
    "held": lambda petition, email: sign_and_confirm(petition, email=email, name="=Amina"),
    "listed": _listed,
    "household": _household,
    "enough mails today": _enough_mails,
}


@pytest.fixture
def known(petition):
    """One address for each history, under the petition."""
    factories.offer()
    factories.translate(petition)
    found = {}
    for number, (history, make) in enumerate(HISTORIES.items()):
        found[history] = _mailbox(number)
        make(petition, found[history])
    PendingSignature.objects.update(language="en")
    return found


def _answers(client, known, ask):
    """What `ask(address)` is answered, for an unknown address and every known one."""
    answers = {}
    for who, address in {"unknown": UNKNOWN, **known}.items():
        for limit in (throttle.SIGNING, throttle.FINDING, throttle.CODES):
            limit.forget()
        response = ask(address)
        # What was typed comes back to whoever typed it.
        answers[who] = tuple(
            part.replace(address.encode(), b"TYPED") if isinstance(part, bytes) else part
            for part in all_of(response)
        )
    return answers


def _alike(answers):
    assert len(answers) == len(HISTORIES) + 1
    return [who for who, answer in answers.items() if answer != answers["unknown"]] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("button", ["yes", "no"])
def test_signing_answers_alike(client, petition, known, language, button):
    """Promise 4: the same bytes whatever the history of the address, for both buttons."""

    def ask(address):
        return post_sign(client, petition, language_of_page=language, email=address, deliver=button)

    answers = _answers(client, known, ask)
    assert answers["unknown"][0] == 303
    assert _alike(answers)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "mistake", [{"name": ""}, {"city": "x" * 61}, {"form_token": "0"}, {"website": "spam"}]
)
def test_mistakes_are_answered_alike(client, petition, known, language, mistake):
    """Promise 4: no error tells more than another, and what follows it neither."""

    def ask(address):
        return post_sign(client, petition, language_of_page=language, email=address, **mistake)

    answers = _answers(client, known, ask)
    assert answers["unknown"][0] == 422
    assert _alike(answers)


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_after_signing_is_one_page(petition, known, language):
    """Promise 4: rendered afresh and from the page cache, for a new visitor each time."""
    path = path_in(language, "petitions:thanks", petition.slug)
    pages = set()
    for address in (UNKNOWN, *known.values()):
        client = Client()
        answer = post_sign(client, petition, language_of_page=language, email=address)
        assert answer["Location"] == path
        pages.add(str(all_of(client.get(path))))
    assert len(pages) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_finding_answers_alike(client, petition, known, language):
    """Promise 4."""
    path = path_in(language, "petitions:find")
    answers = _answers(client, known, lambda address: client.post(path, {"email": address}))
    assert answers["unknown"][0] == 200
    assert _alike(answers)
    assert UNKNOWN not in answers["unknown"][3].decode()


class _Forms(HTMLParser):
    """Where the forms of a page that ask for an address lead to."""

    def __init__(self, path):
        super().__init__()
        self.path, self.action, self.found = path, None, set()

    def handle_starttag(self, tag, pairs):
        at = dict(pairs)
        if tag == "form":
            self.action = at.get("action") or self.path
        elif tag == "input" and at.get("type") == "email":
            self.found.add(self.action)


def test_every_form_that_asks_for_an_address_is_tested_here(client, petition):
    """Promise 4: forms are looked for in all pages, so that a later one is not forgotten."""
    found = set()
    for address in addresses():
        path = address.path(slug=petition.slug)
        if address.is_staff:
            continue
        response = client.get(path)
        if response["Content-Type"].startswith("text/html"):
            forms = _Forms(path)
            forms.feed(response.content.decode())
            found |= forms.found
    assert found == {
        path_in("en", "petitions:sign", petition.slug),
        path_in("en", "petitions:find"),
    }


def test_counter_and_page_tell_nothing_of_attempts(client, petition, known):
    """Promise 4: only a confirmation is counted, so signing for somebody shows nothing."""
    count = path_in("en", "counter:count", petition.slug)
    page = petition.get_absolute_url()

    def seen():
        from campaign_site import page_cache

        page_cache.cache.forget()
        return (client.get(count).json()["count"], client.get(page).content)

    before = seen()
    for address in (UNKNOWN, *known.values()):
        for button in ("yes", "no"):
            assert post_sign(client, petition, email=address, deliver=button).status_code == 303
            assert client.post("/signatures/find/", {"email": address}).status_code == 200
            assert seen() == before


def _shape(message):
    """A mail as somebody sees it who can't read it: sizes, and headers beside the random ones."""
    headers = {
        name: len(value) if name == "To" else value
        for name, value in message.message().items()
        if name not in ("Message-ID", "Date")
    }
    return headers, len(message.body.encode())


@pytest.mark.parametrize("discreet", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_mails_look_alike(client, petition, known, language, discreet):
    """Promise 4: the subjects and sizes of the mails, whatever their reader has behind them."""
    type(petition).objects.filter(pk=petition.pk).update(discreet=discreet)
    factories.send_mails()
    OutboxMessage.objects.all().delete()
    for address in (UNKNOWN, *known.values()):
        post_sign(client, petition, language_of_page=language, email=address)
    signed = factories.send_mails()
    for address in (UNKNOWN, *known.values()):
        throttle.FINDING.forget()
        client.post(path_in(language, "petitions:find"), {"email": address})
    found = factories.send_mails()
    for mails in (signed, found):
        assert len(mails) == len(HISTORIES) + 1
        assert len({str(_shape(mail)) for mail in mails}) == 1


def test_code_that_was_never_made_and_code_that_is_gone_are_answered_alike(client, petition):
    """Promise 4: who guesses codes does not learn that one was used."""
    gone = sign(petition)
    signing.refuse(gone.pk)
    left = sign_and_confirm(petition)
    signing.remove(left.pk)
    answers = set()
    for code in ("AAAAAAAAAA", links.make_code(gone.pk), links.make_code(left.pk)):
        response = client.post("/code/", {"code": code})
        answers.add(str(all_of(response)).replace(code, "TYPED"))
    assert len(answers) == 1


def test_confirming_answers_a_stranger_alike(client, petition):
    """Promise 4: whoever holds one link learns of no other mailbox."""
    path = personal(sign(petition, email="mine@example.org"))
    before = all_of(client.get(path))
    sign_and_confirm(petition, email="somebody.else@example.org")
    shown = re.sub(rb"\d+ (person|people)", b"", client.get(path).content)
    assert shown == re.sub(rb"\d+ (person|people)", b"", before[3])
    press(client, path, "count_only", petition=petition, is_me="yes")
    assert Signature.objects.count() == 2


@pytest.fixture
def hashed(monkeypatch):
    """How often a password is hashed: what takes the time of a login."""
    calls = []
    preferred = type(hashers.get_hasher())
    encode = preferred.encode

    def counted(self, *args, **kwargs):
        calls.append("encode")
        return encode(self, *args, **kwargs)

    verify = preferred.verify

    def verified(self, *args, **kwargs):
        calls.append("verify")
        return verify(self, *args, **kwargs)

    monkeypatch.setattr(preferred, "encode", counted)
    monkeypatch.setattr(preferred, "verify", verified)
    return calls


def test_staff_login_does_not_tell_who_is_a_member(hashed):
    """Promise 4: unknown name, wrong password, locked out, no password: the same bytes, and one
    password hashed each time."""
    Member.objects.create_user("staff.member", password="a long pass phrase", role="campaigner")
    Member.objects.create_user(
        "staff.locked", password="a long pass phrase", role="campaigner", is_active=False
    )
    Member.objects.create_user("staff.nopass", role="campaigner")
    answers, work = set(), set()
    for username, password in (
        ("staff.nobody", "a wrong pass phrase"),
        ("staff.member", "a wrong pass phrase"),
        ("staff.locked", "a wrong pass phrase"),
        ("staff.locked", "a long pass phrase"),
        ("staff.nopass", "a wrong pass phrase"),
    ):
        client = Client()
        hashed.clear()
        response = client.post("/admin/login/", {"username": username, "password": password})
        work.add(len(hashed))
        told = all_of(response)
        cookies = [name for name, _morsel in told[2]]
        answers.add(str((told[:2], cookies, told[3].replace(username.encode(), b"TYPED"))))
    assert work == {1}
    assert len(answers) == 1


def test_waiting_attempt_is_confirmed_whatever_was_before(client, petition, known):
    """Whoever holds the mailbox is still served, so nothing above is silence."""
    pending = sign(petition, email=UNKNOWN)
    assert confirm(pending) is not None
