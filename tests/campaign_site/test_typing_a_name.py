"""Somebody types a name or a city: promise 13, "your name is your name"."""

from itertools import product
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from hypothesis import example, given
from hypothesis import strategies as st

from campaign_site import names

DATA = Path(__file__).parent.parent / "data"


def lines(file_name: str) -> list[str]:
    # Not splitlines(): it would part names at characters that are not the end of a line here.
    text = (DATA / file_name).read_text(encoding="utf-8")
    return [line for line in text.split("\n") if line and not line.startswith("#")]


def real_names() -> dict[str, str]:
    """Name and language, those of one file as they are and those of the other put together."""
    found = dict.fromkeys(lines("names.txt"), "various")
    for line in lines("name_parts.txt"):
        language, pattern, given_names, family_names = line.split(" | ")
        for one, other in product(given_names.split(","), family_names.split(",")):
            found[pattern.format(given=one, family=other)] = language
    return found


def refusal(text: str, clean=names.clean_name) -> str:
    with pytest.raises(ValidationError) as refused:
        clean(text)
    assert refused.value.messages[0]
    return refused.value.code


def test_real_names_are_kept_as_typed_and_hardly_ever_held():
    everybody = real_names()
    assert len(everybody) >= 5000
    assert len(set(everybody.values())) >= 20
    assert len(lines("names.txt")) >= 600
    rejected, altered, held = [], [], []
    for name in everybody:
        try:
            kept = names.clean_name(name)
        except ValidationError:
            rejected.append(name)
            continue
        if kept != name:
            altered.append(name)
        if names.held_reason(kept):
            held.append(name)
    assert rejected == []
    assert altered == []
    assert len(held) <= 0.005 * len(everybody), held


def test_one_letter_and_a_hundred_are_names():
    for name in ["O", "李", "མ", "ङ", "Ý", "永", "\U00020bb7", "\U00031350", "á" * 50]:
        assert names.clean_name(name) == name
    long = "Wolfeschlegelsteinhausenbergerdorff " * 2 + "von der Hohenstauffenbergersdorf"[:28]
    assert len(long) == names.NAME_LENGTH
    assert names.clean_name(long) == long
    assert refusal(long + "e") == "too_long"
    assert refusal("á" * 61, names.clean_place) == "too_long"


def test_only_outer_spaces_are_trimmed():
    assert names.clean_name(" \u3000Amina  K.\u00a0\n") == "Amina  K."
    # Decomposed stays decomposed: composing alters real Japanese names.
    assert names.clean_name("e\u0301") == "e\u0301"
    assert names.clean_name("神\ufa19") == "神\ufa19"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *((text, "required") for text in ["", "  ", "...", "123", "'", "ʼʼ", "ー", "😀", "="]),
        *((text, "required") for text in ["\u3164", "\u115f", "\u1160", "\uffa0", "\u2800\u3164"]),
        *((f"A{char}B", "control") for char in "\0\r\n\t\x07\x1b\x7f\x85\u2028\u2029"),
        *((f"A{char}B", "unknown") for char in "\ud800\udfff\ue000\uffff\ufdd0\u0378\U0010ffff"),
        *((f"A{char}B", "invisible") for char in "\u202a\u202b\u202c\u202d\u202e"),
        *((f"A{char}B", "invisible") for char in "\u2066\u2067\u2068\u2069"),
        *((f"A{char}B", "invisible") for char in "\u200b\u200c\u200d\u2060\ufeff\u00ad"),
        *((f"A{char}B", "invisible") for char in "\u180e\U000e0041\u206a"),
        *((text, "invisible") for text in ["\u200cعلی", "\ufeff", "\ufe00A", "A\ufe00\ufe01"]),
        *(
            (text, "marks")
            for text in ["Z\u0334\u031b\u0348\u0318", "é\u0301\u0301\u0301", "\u0301A"]
        ),
        *((text, "marks") for text in ["ก" + "\u0e47" * 4, "က" + "\u102d" * 4]),
        *((text, "link") for text in ["http://a.b", "HTTPS:a", "www.a.b", "a.com", "Anna a@b"]),
        *(
            (text, "link")
            for text in ["see ftp://a", "example.org", "ｅｘａｍｐｌｅ．ｃｏｍ", "a＠b"]
        ),
        *((text, "too_long") for text in ["a" * 101, "a" * 1_000_000, "\u0301" * 1_000_000]),
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_what_is_no_name_is_refused_by_rule(text, code):
    assert refusal(text) == code


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((text, "formula") for text in ["=1+1 A", "+A", "-A", "@A", "＝A", "＋A", "－A", "＠A"]),
        *((text, "formula") for text in ["−A", "—A", "\u200e=A", "﹣A", "=HYPERLINK(A)"]),
        *((text, "digits") for text in ["4nna", "Anna 2", "Anna ٢", "Anna ²", "Anna ２"]),
        *((text, "symbols") for text in ["Anna 😀", "A*", "A_B", "A|B", "Anna ❤️", "👩‍🚀 Anna"]),
        *((text, "symbols") for text in ["<b>A</b>", "A & B", "$A", "T\u20ddom", "{{A}}", "A�"]),
        *((text, "punctuation") for text in ["A...", "A---B", "((((A))))", "A....B"]),
        *((text, "repeated") for text in ["aaaa", "Annnna", "AaaA", "яяяя", "李李李李"]),
        *((text, "mixed") for text in ["Аnna", "Οlga K", "Ann-Мaria"]),
        *((text, "invisible") for text in ["A\u3164", "\u200fأحمد", "A\u034fB", "A      B"]),
        *(
            (text, "word")
            for text in ["Silly Goose", "the SILLY one", "silly.", "我是傻瓜", "Sɪlly ｓｉｌｌｙ"]
        ),
    ],
    ids=lambda text: ascii(text[:16]),
)
def test_an_odd_name_is_held_not_refused(text, reason):
    assert names.held_reason(names.clean_name(text), ["silly", "傻瓜", ""]) == reason
    assert names.HELD_REASONS[reason]


def test_a_word_is_held_only_as_a_whole_word():
    assert names.held_reason("Sillyman O'Silly", ["silly"]) == ""
    assert names.held_reason("O'Hell-Fire", ["hell fire", "o'hell"]) == "word"


def test_a_city_may_have_a_number():
    for city in [
        "Paris 13e",
        "Washington, D.C.",
        "'s-Hertogenbosch",
        "Saint-Denis (93)",
        "600017 சென்னை",
    ]:
        assert names.held_reason(names.clean_place(city), place=True) == ""
    assert names.held_reason(names.clean_place("Rome 069 123 456"), place=True) == "digits"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Montréal ", "montréal"),
        ("Montre\u0301al", "MONTRÉAL"),
        ("O’Brien", "o'brien"),
        ("Keʻala", "Ke‘ala"),
        ("葛\U000e0100城", "葛城"),
        ("علی\u200cرضا", "علیرضا"),
        ("محـمد", "محمد"),
        ("Ａｎｎａ　Ｂ", "Anna  B"),
        ("Mary\u2010Jane", "mary-jane"),
        ("ﻣﺤﻤﺪ", "محمد"),
    ],
)
def test_spellings_of_one_name_have_one_key(one, other):
    assert names.comparison_key(one) == names.comparison_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Montréal", "Montreal"),
        ("Anna", "Anne"),
        ("Ana Maria", "Anamaria"),
        ("Ö", "O"),
        ("李", "季"),
    ],
)
def test_accents_and_spaces_make_a_difference(one, other):
    assert names.comparison_key(one) != names.comparison_key(other)


@given(st.text(st.characters(codec=None), max_size=120))
@example("\ud800")
@example("ﷺ" * 30)
def test_any_text_is_kept_or_refused_with_a_sentence(text):
    for clean, most in ((names.clean_name, 100), (names.clean_place, 60)):
        try:
            kept = clean(text)
        except ValidationError as refused:
            assert refused.code in names.MESSAGES  # noqa: PT017  # either is right
            continue
        assert kept == text.strip()
        assert 1 <= len(kept) <= most
        assert kept.encode()
        assert len(kept.splitlines()) == 1
        assert clean(kept) == kept
        assert names.comparison_key(kept)
        assert names.held_reason(kept) in {"", *names.HELD_REASONS}
