"""What feed readers get."""

from xml.etree import ElementTree

import pytest

from petitions import deliveries
from petitions.models import Handover
from tests.factories import make_office, make_petition, sign_and_confirm

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def handed_over(petition, line):
    sign_and_confirm(petition, name="Amina Yusuf")
    delivery = deliveries.prepare(petition, petition.targets.get().government)
    office = make_office(delivery.government)
    deliveries.hand_over(
        delivery,
        Handover(office=office, on="2026-05-12", outcome="refused", public_line=line, notes="Ours"),
    )


def test_what_became_of_signatures_is_in_the_feed(client, petition, settings):
    handed_over(petition, "1 name taken to the embassy. Refused & < at the door.")
    handed_over(make_petition(), "")
    answer = client.get("/updates/feed/")
    assert answer["Content-Type"].startswith("application/atom+xml")
    (entry,) = ElementTree.fromstring(answer.content).iter(f"{ATOM}entry")  # noqa: S314 our own
    summary = entry.find(f"{ATOM}summary")
    assert summary.get("type") == "html"
    assert summary.text == "1 name taken to the embassy. Refused &amp; &lt; at the door."
    address = entry.find(f"{ATOM}link").get("href")
    path, anchor = address.removeprefix(settings.SITE_URL).split("#")
    assert f'id="{anchor}"' in client.get(path).content.decode()
    for word in (b"Amina", b"Ours"):
        assert word not in answer.content
    assert not answer.cookies
