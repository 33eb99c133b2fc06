"""Promise 12: the colours of the stylesheet, light and dark, can be read; so can any accent."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from campaign_site import colours
from campaign_site.colours import contrast
from campaign_site.models import SiteSettings
from tests import factories
from tests.staff.forms import fill_in, text

STYLE = (Path(settings.BASE_DIR) / "static/css/site.css").read_text()
TABLE = (Path(settings.BASE_DIR) / "docs/design-language.md").read_text()
ACCENT = SiteSettings._meta.get_field("accent").default
# Text, what it stands on, and how much contrast it needs: edges of fields need 3.
PAIRS = [
    *[(text, ground, 4.5) for text in ("ink", "soft", "link") for ground in ("paper", "surface")],
    ("wrong", "paper", 4.5),
    ("wrong", "surface", 4.5),
    ("wrong", "wrong-paper", 4.5),
    ("edge", "paper", 3),
    ("edge", "surface", 3),
]


def mixed(accent):
    """What `color-mix(in srgb, accent, white 62%)` gives."""
    channels = (int(accent[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round(value * 0.38 + 255 * 0.62):02x}" for value in channels)


def properties(accent=ACCENT):
    """The named colours, by scheme."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    light = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", blocks[0]))
    light = {name: _long(value) for name, value in light.items()} | {"link": accent}
    dark = {n: _long(v) for n, v in re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", blocks[1])}
    return {"light": light, "dark": light | dark | {"link": mixed(accent)}}


def _long(colour):
    return colour if len(colour) == 7 else "#" + "".join(digit * 2 for digit in colour[1:])


def test_contrast_is_what_wcag_says():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#7a1f2b", "#7a1f2b") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_text_can_be_read_in_both_schemes(scheme, front, ground, least):
    named = properties()[scheme]
    ratio = contrast(named[front], named[ground])
    assert ratio >= least
    # The page of the design language says the same.
    row = rf"\| `--{front}` \| `--{ground}` \| ([\d.]+) \| ([\d.]+) \|"
    said = re.search(row, TABLE).groups()[["light", "dark"].index(scheme)]
    assert said == f"{ratio:.1f}"


def test_stylesheet_and_check_of_the_accent_mean_the_same_paper():
    assert properties()["light"]["paper"] == colours.PAPER
    assert properties()["light"]["accent"] == ACCENT
    assert "var(--accent), white 62%" in STYLE


@pytest.mark.parametrize("accent", ["#000000", "#7a1f2b", "#00539c", "#1b6e3c", "#6b6b6b"])
def test_an_accent_that_is_taken_can_be_read_in_both_schemes(accent):
    assert colours.is_readable(accent)
    for scheme, named in properties(accent).items():
        for ground in ("paper", "surface"):
            assert contrast(named["link"], named[ground]) >= colours.ENOUGH, scheme


@pytest.mark.django_db
@pytest.mark.parametrize("accent", ["#ffd200", "#e57373", "#767676"])
def test_a_light_accent_is_refused_by_its_field(client, accent):
    client.force_login(factories.make_member("administrator"))
    page = reverse("admin:campaign_site_sitesettings_change", args=[1])
    SiteSettings.load()
    answer = fill_in(client, page, accent=accent)
    assert answer.status_code == 200
    assert "This colour is too light" in text(answer)
    assert SiteSettings.load().accent == ACCENT
    assert fill_in(client, page, accent="#00539c").status_code == 302
    assert SiteSettings.load().accent == "#00539c"
