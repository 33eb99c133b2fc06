"""Template filters that every page may use: `{% load vigil %}`."""

import json
import re
from datetime import timedelta

from django import template
from django.conf import settings
from django.urls import reverse, translate_url
from django.utils import dates, formats, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import ngettext

from campaign_site import languages, partial_dates
from campaign_site import rich_text as rich_texts

register = template.Library()


@register.filter
def partial_date(value: str | None) -> str:
    """`{{ profile.born|partial_date }}`: "March 2006" in the language of the page."""
    return partial_dates.describe(value) if value else ""


@register.filter
def month_name(month: str) -> str:
    """`{{ "2015-03"|month_name }}`: "March" as the language of the page writes it alone."""
    return dates.MONTHS[int(month[-2:])]


_LONG = timedelta(days=2 * 365)


@register.filter
def timeline(entries) -> list[tuple]:
    """`{% for entry, look in person.timeline|timeline %}`: each with the classes of its mark. A
    day that is known is a dot, a span a bar, all else a ring; where years pass, there is a gap."""
    found = []
    entries = list(entries)
    for entry, then in zip(entries, [*entries[1:], None], strict=True):
        exact = len(entry.date) == len("2006-03-15")
        looks = ["span" if entry.date.end else "day" if exact else "about"]
        over = entry.date.latest if not entry.date.is_open else entry.date.earliest
        if then and then.date.earliest - over > _LONG:
            looks.append("gap")
        found.append((entry, " ".join(looks)))
    return found


@register.filter
def rich_text(markdown: str | None, top: int = 3) -> SafeString:
    """`{{ campaign.story|rich_text }}`; `|rich_text:2` where the highest heading is an h2."""
    return rich_texts.render(markdown or "", top=top)


@register.filter
def document_text(markdown: str) -> SafeString:
    """`{{ document.text|document_text }}`: with footnotes and what the editor put in."""
    return rich_texts.render_document(markdown)


@register.filter
def beginning(markdown: str | None) -> str:
    """`{{ update|say:"body"|beginning }}`: its first words, as plain text."""
    return rich_texts.beginning(markdown or "")


@register.filter
def number(value: int) -> str:
    """`{{ numbers.total|number }}`: 1,204 as the language of the page writes it."""
    return formats.number_format(value, use_l10n=True, force_grouping=True)


@register.filter
def in_zone(moment) -> str:
    """`{{ petition.opens_at|in_zone }}`: "3 May 2027, 09:00 (America/Toronto)"."""
    when = formats.date_format(localtime(moment), "DATETIME_FORMAT")
    return f"{when} ({settings.TIME_ZONE})"


@register.filter
def say(row, field: str):
    """`{{ petition|say:"title" }}`: in the language of the page, where that translation is
    published, else as it was written."""
    return row.say(field).text


@register.filter
def said_in(row, field: str) -> str:
    """`lang="{{ petition|said_in:'title' }}"`: the language of what `say` says."""
    return row.say(field).language


@register.filter
def bdi(row, field: str) -> SafeString:
    """`{% blocktranslate with title=petition|bdi:"title" %}`: as `say`, marked with its language."""
    said = row.say(field)
    return format_html('<bdi lang="{}">{}</bdi>', said.language, said.text)


@register.filter
def canonical(row) -> str:
    """The address that search engines are to keep: where a page is not translated, that of the
    original."""
    here = languages.current()
    if row.language == here.code or row.is_published_in(here.code):
        return row.get_absolute_url()
    with translation.override(languages.DEFAULT.code):
        return row.get_absolute_url()


@register.simple_tag
def signed(count: int) -> SafeString:
    """`{% signed numbers.total %}`: "<strong>786</strong> people have signed", in the right
    plural."""
    before, after = signed_around(count)
    return format_html("{}<strong>{}</strong>{}", before, number(count), after)


# One of each plural form that any language has for whole numbers.
_SAMPLES = (0, 1, 2, 3, 5, 11, 100)


@register.simple_tag
def signed_forms() -> str:
    """For the script of the counter, as JSON: [[0, "", " people have signed"], …], what stands
    before and behind each sample number."""
    forms = [[count, *signed_around(count)] for count in _SAMPLES]
    return json.dumps(forms, ensure_ascii=False, separators=(",", ":"))


def signed_around(count: int) -> tuple[str, str]:
    """What stands before and behind the number of people who have signed."""
    text = ngettext("%(number)s person has signed", "%(number)s people have signed", count)
    before, _found, after = text.partition("%(number)s")
    return before, after


@register.simple_tag(takes_context=True)
def language_links(context) -> list[dict]:
    """This page in every language that is offered: {"known", "url", "current", "alternate"}. A page
    that exists in some only says which as `in_languages`: others lead to the start page. One that
    answers a question says which as `query`."""
    request, here = context["request"], languages.current()
    found = languages.offered()
    if here not in found:  # a preview of what is not offered yet
        found.append(here)
    exists = [
        known
        for known in found
        if known == here or known.code in context.get("in_languages", languages.KNOWN)
    ]
    preview = context.get("preview")
    query = f"?{asked}" if (asked := context.get("query")) else ""

    def address(known):
        if known not in exists:
            return translate_url(reverse("home"), known.code)
        if preview:
            return f"?language={known.code}"
        return translate_url(request.path, known.code) + query

    return [
        {
            "known": known,
            "url": address(known),
            "current": known == here,
            "alternate": known in exists and len(exists) > 1 and not preview,
        }
        for known in found
    ]


@register.simple_tag
def language_is_unread() -> bool:
    return languages.unread()


# Nothing in the data can end the script element, or be a line break to an old parser.
_IN_A_SCRIPT = {ord(letter): f"\\u{ord(letter):04X}" for letter in "<>&\u2028\u2029"}


@register.simple_tag(takes_context=True)
def article(context, of, description, people=(), kind="Article", day="") -> SafeString:
    """What a page is, as JSON-LD for search engines; a browser runs nothing of it. Only what we
    know: when a page was published or changed is not kept; the day of news may be known."""
    base, site = context["site_url"], context["site"]
    address = base + canonical(of)
    headline, language = of.say(of.headline)
    publisher = {"@type": "Organization", "name": site.name, "url": base + reverse("home")}
    if site.logo_picture:
        publisher["logo"] = base + site.logo_picture["url"]
    facts = {
        "@context": "https://schema.org",
        "@type": kind,
        "headline": headline,
        "description": description,
        "inLanguage": language,
        "url": address,
        "mainEntityOfPage": address,
        "publisher": publisher,
        "about": [_person(person, base) for person in people],
    }
    if day:
        facts["datePublished"] = day
    if of.picture_to_share:
        facts["image"] = base + of.picture_to_share["url"]
    return _json_ld(facts)


@register.simple_tag(takes_context=True)
def creative_work(context, of, people=()) -> SafeString:
    """As `article`, for a letter or a document: written by others, perhaps long ago."""
    base = context["site_url"]
    address = base + canonical(of)
    facts = {
        "@context": "https://schema.org",
        "@type": "CreativeWork",
        "headline": of.say("title").text,
        "description": of.say("summary").text,
        "inLanguage": of.language_of_text,
        "url": address,
        "mainEntityOfPage": address,
        "about": [_person(person, base) for person in people],
    }
    if re.fullmatch(r"[0-9-]+", of.date):  # neither about nor a span
        facts["dateCreated"] = of.date
    return _json_ld(facts)


_SCHEDULED = "https://schema.org/EventScheduled"
_CANCELLED = "https://schema.org/EventCancelled"


@register.simple_tag(takes_context=True)
def event_facts(context, of, hosts=()) -> SafeString:
    """As `article`, for an event: search engines show when and where, and that it is cancelled."""
    base = context["site_url"]
    name, language = of.say("title")
    venue, city = of.say("venue").text, of.say("city").text
    start, end = of.begins(), of.ends()
    facts = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": name,
        "description": of.summary,
        "inLanguage": language,
        "url": base + canonical(of),
        "eventStatus": _CANCELLED if of.is_cancelled else _SCHEDULED,
        "organizer": [{"@type": "Organization", "name": host.say("name").text} for host in hosts],
    }
    if of.starts_on:
        facts["startDate"] = start.isoformat() if start else str(of.starts_on)
    if end:
        facts["endDate"] = end.isoformat()
    places = []
    if venue or city or of.address:
        address = {"streetAddress": of.address, "addressLocality": city}
        address |= {"addressCountry": of.country}
        address = {key: value for key, value in address.items() if value}
        places.append(
            {
                "@type": "Place",
                "name": venue or city or of.address,
                "address": {"@type": "PostalAddress", **address},
            }
        )
    if of.link:
        places.append({"@type": "VirtualLocation", "url": of.link})
    if places:
        facts["location"] = places
    if of.picture_to_share:
        facts["image"] = base + of.picture_to_share["url"]
    return _json_ld(facts)


def _json_ld(facts):
    data = json.dumps(facts, ensure_ascii=False).translate(_IN_A_SCRIPT)
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(data))  # noqa: S308


def _person(person, base):
    name = person.say("name").text
    found = {"@type": "Person", "name": name, "url": base + person.get_absolute_url()}
    return found | ({"alternateName": person.native_name} if person.native_name else {})
