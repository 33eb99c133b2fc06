"""From the petition's page to the delivered file, in a real browser."""

import re

import pytest

from campaign_site.models import OutboxMessage
from petitions.models import Delivery, Signature
from tests.factories import (
    fresh,
    make_member,
    make_petition,
    make_profile,
    send_mails,
    sign_and_confirm,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("browser"),
]
PASSWORD = "a long enough password"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_signed_confirmed_delivered(visit, live_server, settings, scripts):
    """Promises 1, 5, 9 and 12: three fields, one mail, one tick; a list of name and city."""
    settings.SITE_URL = live_server.url
    petition = make_petition(show_count_from=1, goal=10)
    petition.profiles.add(make_profile())
    sign_and_confirm(petition, name="Zoë Øst", city="Bergen", email="zoe@example.org")
    send_mails()
    OutboxMessage.objects.all().delete()

    page = visit(scripts=scripts)
    page.goto("/")
    page.get_by_role("link", name=petition.title).first.click()
    assert page.get_by_text("1 person has signed").count()
    page.get_by_label("Name", exact=True).fill("阿米娜")
    page.get_by_label("City or place").fill("Lund")
    page.get_by_label("E-mail").fill("amina@example.org")
    page.get_by_role("button", name="Sign with my name and city").click()
    page.wait_for_url("**/thanks/")
    assert page.get_by_role("heading", name="One more step: open your mail").count()

    (mail,) = send_mails()
    if scripts:
        page.goto(re.search(r"http\S+/code/#\S+", mail.body).group())
        page.wait_for_function("document.querySelector('[name=code]').value !== ''")
        assert "#" not in page.url
    else:
        page.get_by_label("Code").fill(re.search(r"\w{4} \w{4} \w{2}\b", mail.body).group())
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/signatures/**")
    assert fresh(petition).numbers.total == 1, "opening the link counted nothing"

    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="Add my name").click()
    assert page.get_by_role("heading", name="You are counted. Thank you.").count()
    assert fresh(petition).numbers.total == 2
    page.reload()
    assert page.get_by_role("heading", name="You are counted. Thank you.").count()
    assert page.context.cookies() == []
    assert [url for url in page.asked_for if not url.startswith(live_server.url)] == []
    assert page.complaints == []

    assert deliver(visit(scripts=scripts, width=1280), petition) == (
        "\ufeffname,city\r\nZoë Øst,Bergen\r\n阿米娜,Lund\r\n".encode()
    )


def deliver(page, petition) -> bytes:
    """As the delivery officer: prepare the list, download it, look at the print view."""
    officer = make_member("delivery", is_active=True)
    officer.set_password(PASSWORD)
    officer.save()
    page.goto("/admin/")
    page.get_by_label("Username").fill(officer.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto("/admin/petitions/delivery/")
    page.get_by_role("link", name=re.compile("Prepare")).first.click()
    page.get_by_role("button", name="Prepare the list of 2 names").click()
    assert Delivery.objects.get().names == Signature.objects.count() == 2
    with page.expect_download() as download:
        page.get_by_role("button", name=re.compile("CSV")).click()
    return download.value.path().read_bytes()


def test_counter_keeps_itself_current(visit):
    """The number moves without a reload, and an older answer never takes it back."""
    petition = make_petition(show_count_from=1, goal=10)
    sign_and_confirm(petition)
    page = visit()
    page.clock.install()
    answers = iter(
        [
            {"count": 7, "goal": 10, "as_of": "2126-01-01T00:00:00+00:00"},
            {"count": 3, "goal": 10, "as_of": "2125-01-01T00:00:00+00:00"},
        ]
    )
    page.route("**/count.json", lambda route: route.fulfill(json=next(answers)))
    page.goto(petition.get_absolute_url())
    assert page.get_by_text("1 person has signed").count()
    with page.expect_response("**/count.json"):
        page.clock.run_for(10_500)
    page.get_by_text("7 people have signed").first.wait_for()
    with page.expect_response("**/count.json"):
        page.clock.run_for(10_500)
    assert page.get_by_text("7 people have signed").count()
    assert page.locator("progress").get_attribute("value") == "7"


def test_rendering_with_scripts_confirms_nothing(visit, live_server, settings):
    """Promise 5: opening the link of the mail in a full browser, and waiting, is not confirming."""
    settings.SITE_URL = live_server.url
    petition = make_petition(discreet=False)
    from tests.factories import sign

    sign(petition)
    (mail,) = send_mails()
    page = visit()
    for url in re.findall(r"http\S+", mail.body):
        page.goto(url)
        page.wait_for_load_state("networkidle")
    page.evaluate("() => document.forms[document.forms.length - 1].submit()")
    page.wait_for_load_state("networkidle")
    assert not Signature.objects.exists()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_link_with_a_code_shows_only_what_is_left_to_do(visit, scripts):
    page = visit(scripts=scripts)
    page.goto("/code/#K7QF2M9XTR")
    field = page.get_by_label("Code")
    if scripts:
        page.get_by_text("Your code is filled in.").wait_for()
    assert field.input_value() == ("K7QF2M9XTR" if scripts else "")
    assert page.get_by_text("Your code is filled in.").is_visible() == scripts
    assert page.get_by_text("Type the ten letters and numbers").is_visible() != scripts
