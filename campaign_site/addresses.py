"""E-mail addresses: what is accepted, which ones are one mailbox, and which are typing slips."""

import unicodedata
from typing import NamedTuple

import email_validator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# RFC 5321: a path has at most 256 characters, with its angle brackets.
LONGEST = 254


class Provider(NamedTuple):
    """What a provider itself says about addresses that arrive in one mailbox."""

    domains: tuple[str, ...]
    # All of `domains` are the same mailboxes; the first one stands for them.
    one_mailbox: bool = False
    # Dots before the @ mean nothing.
    dots: bool = False
    # What follows this sign before the @ means nothing.
    tag: str = "+"


# Only what providers document. Two people taken for one lose a signature, one person taken for
# two is merely counted twice; so Outlook and Hotmail stay apart, and Yahoo and GMX have no rule.
PROVIDERS = (
    Provider(("gmail.com", "googlemail.com"), one_mailbox=True, dots=True),
    Provider(
        (
            *("outlook.com", "outlook.fr", "outlook.de", "outlook.es", "outlook.it", "outlook.jp"),
            *("outlook.com.br", "outlook.com.tr", "outlook.com.au"),
            *("hotmail.com", "hotmail.co.uk", "hotmail.fr", "hotmail.de", "hotmail.it"),
            *("hotmail.es", "hotmail.ca", "hotmail.nl", "hotmail.se", "hotmail.be"),
            *("live.com", "live.ca", "live.co.uk", "live.fr", "live.nl", "live.de", "live.se"),
            *("live.com.au", "live.be", "live.it", "msn.com"),
        )
    ),
    Provider(("fastmail.com", "fastmail.fm")),
    Provider(("proton.me", "protonmail.com", "protonmail.ch", "pm.me")),
    Provider(("icloud.com", "me.com", "mac.com")),
    Provider(("ya.ru", "yandex.ru", "yandex.com", "yandex.by", "yandex.kz"), one_mailbox=True),
    Provider(("posteo.de", "posteo.net")),
    Provider(("mailbox.org",)),
    Provider(("riseup.net",)),
    Provider(("zoho.com", "zohomail.com", "zoho.eu", "zohomail.eu")),
)
_PROVIDER_OF = {domain: provider for provider in PROVIDERS for domain in provider.domains}

# Slips that were seen, by the domain that was meant; never one where people have mailboxes
# (mail.com, ymail.com, gmx.com, hotmail.co.uk and live.co.uk are real).
MISSPELT = {
    "gmail.com": (
        *("gmial.com", "gmai.com", "gmaill.com", "gamil.com", "gnail.com", "gmali.com"),
        *("gmaul.com", "gmail.con", "gmail.cmo", "gmail.ocm", "gmail.comm", "gmail.vom"),
        *("gmail.cim", "gmail.xom", "gmail.cpm", "gmail.coom", "gmil.com", "gmal.com"),
        *("gimail.com", "ggmail.com", "gmmail.com", "gmaiil.com", "gmail.om", "gmail.clm"),
        *("gmaio.com", "gmakl.com", "gmsil.com", "gmqil.com", "gmeil.com", "gmailcom.com"),
        *("gmail.comn", "gmail.dom"),
    ),
    "googlemail.com": ("googlemail.con", "goglemail.com", "googelmail.com", "gogglemail.com"),
    "hotmail.com": (
        *("hotmial.com", "hotmai.com", "hotmal.com", "hotmil.com", "hotmaill.com", "hotamil.com"),
        *("hotmali.com", "hormail.com", "hotnail.com", "homtail.com", "htomail.com"),
        *("hotmail.con", "hotmail.cmo", "hotmail.comm", "hotmail.vom", "hotmail.coom"),
        *("hoymail.com", "hotmeil.com", "hitmail.com", "hotmaul.com", "hotmsil.com"),
    ),
    "hotmail.fr": ("hotmial.fr", "hotmai.fr", "hotamil.fr"),
    "outlook.com": (
        *("outlok.com", "outllook.com", "outloook.com", "outlool.com", "outlokk.com"),
        *("outook.com", "oulook.com", "otlook.com", "outlook.con", "outlook.cmo", "outlook.comm"),
        *("outloo.com", "putlook.com", "outlouk.com"),
    ),
    "yahoo.com": (
        *("yahooo.com", "yaho.com", "yhaoo.com", "yaoo.com", "yhoo.com", "yahho.com"),
        *("yahoo.con", "yahoo.cmo", "yahoo.comm", "yahoo.vom", "yahoo.coom", "tahoo.com"),
        *("uahoo.com", "yagoo.com", "yajoo.com", "yaboo.com"),
    ),
    "icloud.com": (
        *("iclod.com", "icloud.con", "icoud.com", "iclould.com", "icluod.com", "icloud.cmo"),
        *("iclud.com", "iclould.con", "icould.com", "icolud.com"),
    ),
    "protonmail.com": (
        *("protonmial.com", "protonmai.com", "protonmail.con", "portonmail.com"),
        *("protomail.con", "protonmil.com"),
    ),
    "proton.me": ("porton.me", "proton.mee", "protn.me"),
    "live.com": ("live.con", "live.cmo", "live.comm"),
    "aol.com": ("aol.con", "aol.cmo", "aol.comm"),
}
_MEANT = {slip: meant for meant, slips in MISSPELT.items() for slip in slips}

# Keyboards for Chinese and Japanese type these wide forms of ASCII; a mailbox never has them.
_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3002: ".", 0xFF61: "."}

_INVALID = _("Please type an e-mail address, such as amina@example.org.")


class Clean(str):
    """An address that `clean_address` accepted: to ask once more costs nothing."""

    __slots__ = ()


class Mailbox(Clean):
    """A canonical one, see below."""

    __slots__ = ()


def clean_address(text: str) -> Clean:
    """The address as we write to it: its domain in ASCII. Raise ValidationError, look nothing up.

    The part before the @ stays as typed. It has to be ASCII: most mail servers, ours perhaps
    among them, cannot carry anything else.
    """
    if isinstance(text, Clean):
        return text
    # Before anything walks over it: somebody may send a megabyte.
    if len(text) > 2 * LONGEST:
        raise ValidationError(_("This e-mail address is too long."), code="too_long")
    text = text.strip().translate(_NARROW)
    if not text:
        raise ValidationError(_INVALID, code="required")
    try:
        text.encode()
        found = email_validator.validate_email(
            unicodedata.normalize("NFC", text),
            check_deliverability=False,
            allow_smtputf8=False,
            strict=True,
        )
    except (email_validator.EmailNotValidError, UnicodeError):
        # Not the validator's own words: they are English, and repeat what was typed.
        raise ValidationError(_INVALID, code="invalid") from None
    address = found.ascii_email
    if len(address) > LONGEST:
        raise ValidationError(_("This e-mail address is too long."), code="too_long")
    return Clean(address)


def canonical(address: str) -> Mailbox:
    """The one spelling that stands for a mailbox: for digests and comparisons, never to write to.

    Raise ValidationError for what `clean_address` refuses.
    """
    if isinstance(address, Mailbox):
        return address
    local, _at, host = clean_address(address).lower().rpartition("@")
    provider = _PROVIDER_OF.get(host)
    if provider is None:
        return Mailbox(f"{local}@{host}")
    # An address that begins with the sign has no name before it: leave it alone.
    local = local.partition(provider.tag)[0] or local
    if provider.dots:
        local = local.replace(".", "") or local
    return Mailbox(f"{local}@{provider.domains[0] if provider.one_mailbox else host}")


def domain(address: str) -> str:
    """The domain of the canonical address, in lower-case ASCII."""
    return canonical(address).rpartition("@")[2]


def suggestion(address: str) -> str | None:
    """The address that was probably meant, where its domain is a known slip; otherwise None."""
    try:
        local, _at, host = clean_address(address).rpartition("@")
    except ValidationError:
        return None
    meant = _MEANT.get(host.lower())
    return f"{local}@{meant}" if meant else None
