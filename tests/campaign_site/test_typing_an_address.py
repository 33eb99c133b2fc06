"""Somebody types an e-mail address: it is understood, refused kindly, or asked about once."""

from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from campaign_site import addresses

DATA = Path(__file__).parent.parent / "data"


def pairs(file_name: str) -> list[list[str]]:
    lines = (DATA / file_name).read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize(("one", "other"), pairs("address_aliases.txt"))
def test_spellings_of_one_mailbox_are_one(one, other):
    assert addresses.canonical(one) == addresses.canonical(other)


@pytest.mark.parametrize(("one", "other"), pairs("address_look_alikes.txt"))
def test_two_mailboxes_that_look_alike_stay_two(one, other):
    assert addresses.canonical(one) != addresses.canonical(other)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("amina@example.org", "amina@example.org"),
        ("  Amina.K+x@Example.ORG\n", "Amina.K+x@example.org"),
        ("amina@bücher.example", "amina@xn--bcher-kva.example"),
        ("ａｍｉｎａ＠ｅｘａｍｐｌｅ．ｏｒｇ", "amina@example.org"),
        ("o'brien_1@mail.example.co.uk", "o'brien_1@mail.example.co.uk"),
    ],
)
def test_an_address_is_kept_as_we_write_to_it(typed, kept):
    assert addresses.clean_address(typed) == kept
    assert addresses.clean_address(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        *("", " ", "amina", "amina@", "@example.org", "amina@example", "a@@example.org"),
        *("a b@example.org", "a@localhost", "a@[127.0.0.1]", '"a b"@example.org', "a..b@x.org"),
        *("Amina <a@example.org>", "a@example.org\nBcc: b@example.org", "a@example.org,b@x.org"),
        *(
            "é@example.org",
            "\ud800@example.org",
            "a@\udfff.org",
            "a\0@example.org",
            "a@ex\u202eample.org",
        ),
        *("x" * 65 + "@example.org", "a@" + "b" * 64 + ".org", "a@" + "b." * 200 + "org"),
        *("x" * 1_000_000, "@" * 1_000_000, "a@" + "é" * 250 + ".org"),
    ],
    ids=lambda typed: ascii(typed[:20]),
)
def test_no_address_is_refused_in_our_own_words(typed):
    with pytest.raises(ValidationError) as refused:
        addresses.clean_address(typed)
    assert refused.value.messages[0] in {
        "Please type an e-mail address, such as amina@example.org.",
        "This e-mail address is too long.",
    }


@given(st.text(max_size=80) | st.emails())
@example("ı@gmail.com")
@example("a@İ.com")
def test_any_text_is_refused_or_has_one_canonical_form(typed):
    try:
        kept = addresses.clean_address(typed)
    except ValidationError:
        assert addresses.suggestion(typed) is None
        return
    assert kept.isascii()
    assert len(kept) <= addresses.LONGEST
    stands_for = addresses.canonical(kept)
    assert addresses.canonical(typed) == addresses.canonical(stands_for) == stands_for
    assert addresses.domain(typed) == stands_for.rpartition("@")[2]


def test_a_slip_is_asked_about():
    assert addresses.suggestion("Amina.K@Gmial.com") == "Amina.K@gmail.com"
    assert addresses.suggestion("amina@hotmial.com") == "amina@hotmail.com"


@pytest.mark.parametrize(
    "real",
    [
        *("gmail.com", "googlemail.com", "mail.com", "email.com", "ymail.com", "rocketmail.com"),
        *("gmx.com", "gmx.de", "gmx.net", "web.de", "hotmail.co.uk", "live.co.uk", "live.com"),
        *("yahoo.co.uk", "yahoo.co.jp", "yahoo.com.br", "outlook.fr", "aol.com", "me.com"),
        *("proton.me", "pm.me", "protonmail.com", "icloud.com", "tuta.com", "qq.com", "163.com"),
        *("naver.com", "daum.net", "libero.it", "orange.fr", "laposte.net", "bluewin.ch"),
        *("gmail.example", "fastmail.fm", "hey.com", "mail.ru", "yandex.ru", "inbox.lv"),
    ],
)
def test_a_real_provider_is_never_asked_about(real):
    assert addresses.suggestion(f"amina@{real}") is None


def test_slips_are_slips():
    slips = [slip for many in addresses.MISSPELT.values() for slip in many]
    known = {host for provider in addresses.PROVIDERS for host in provider.domains}
    assert len(slips) == len(set(slips))
    assert not known.union(addresses.MISSPELT).intersection(slips)
    assert all(addresses.suggestion(f"amina@{slip}") for slip in slips)


def test_each_domain_has_one_rule():
    hosts = [host for provider in addresses.PROVIDERS for host in provider.domains]
    assert len(hosts) == len(set(hosts))
