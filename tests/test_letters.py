"""Letters of Uyghur that old systems lack come with its pages, and with no others."""

import base64
import hashlib
import io
import re

import pytest
from django.conf import settings as django_settings
from fontTools.ttLib import TTFont

from campaign_site import letters
from tests import factories
from tests.visitors import path_in, personal, token_in

pytestmark = pytest.mark.django_db
# The 32 letters, what stands below a vowel at the start of a word, and marks between words.
ALPHABET = "ئا ئە ب پ ت ج چ خ د ر ز ژ س ش غ ف ق ك گ ڭ ل م ن ھ ئو ئۇ ئۆ ئۈ ۋ ئې ئى ي"
MARKS = "،؛؟ـ\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}ء"
WITH = "/theme.css?script=arab"


def test_pages_in_uyghur_ask_for_them_and_others_do_not(client, petition):
    factories.offer()
    factories.translate(petition)
    for language, _name in django_settings.LANGUAGES:
        waiting = path_in(
            language, "petitions:personal", token_in(personal(factories.sign(petition)))
        )
        for path in (path_in(language, "petitions:petition", petition.slug), waiting):
            page = client.get(path).content.decode()
            assert (f'"{WITH}"' in page) == (language == "ug"), path
            assert ('"/theme.css"' in page) == (language != "ug"), path


def test_the_stylesheet_has_them_only_where_they_are_asked_for(client):
    """Whoever asked first."""
    for _time in range(2):
        assert b"@font-face" in client.get(WITH).content
        assert b"@font-face" not in client.get("/theme.css").content
    assert client.get("/theme.css?script=x").status_code == 404


def test_they_are_all_there_and_join(client):
    css = client.get(WITH).content.decode()
    found = re.findall(r"font-weight: (\d+);\s+src: url\(data:font/woff2;base64,([\w+/=]+)\)", css)
    assert [weight for weight, _font in found] == ["400", "700"]
    assert len(css) <= 25_000
    (shown, _same) = re.findall(r"unicode-range: (.*);", css)
    for _weight, font in found:
        font = TTFont(io.BytesIO(base64.b64decode(font)))
        has = font.getBestCmap()
        assert {ord(letter) for letter in ALPHABET + MARKS if letter != " "} <= set(has)
        # What the font has is what it is used for, so that no word is of two fonts.
        assert set(has) == set(_numbers(shown))
        features = {row.FeatureTag for row in font["GSUB"].table.FeatureList.FeatureRecord}
        assert {"init", "medi", "fina", "rlig", "ccmp"} <= features


def _numbers(unicode_range):
    for part in re.sub(r"U\+", "", unicode_range).split(","):
        first, _dash, last = part.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


def test_our_interface_has_no_other_letter_of_this_script():
    """A letter of another font would not join."""
    catalogue = (django_settings.BASE_DIR / "locale/ug/LC_MESSAGES/django.po").read_text()
    used = {letter for letter in catalogue if "\u0600" <= letter <= "\u06ff"}
    assert used <= set(map(chr, _numbers((letters.OURS / "unicodes.txt").read_text().strip())))


def test_our_fonts_are_those_whose_licence_lies_beside_them():
    for line in (letters.OURS / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((letters.OURS / name).read_bytes()).hexdigest() == digest
    assert "SIL OPEN FONT LICENSE" in (letters.OURS / "OFL.txt").read_text()
