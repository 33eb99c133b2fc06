"""What a campaign asks, of whom, and what its readers can do beside signing."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.timezone import localdate

from campaign_site import page_cache
from campaigns.models import Action, Campaign, Demand
from campaigns.models.asking import LONGEST_MAIL_LINK
from petitions import deliveries
from petitions.models import Delivery, Handover
from tests import factories
from tests.staff.forms import fill_in, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign():
    return factories.make_campaign()


@pytest.fixture
def addressee():
    addressee = factories.make_government().addressees.get()
    addressee.postal_address = "1 Court Square\nOru"
    addressee.save()
    return addressee


def page(client, row):
    page_cache.cache.forget()
    return text(client.get(row.get_absolute_url()))


def mail(campaign, **values):
    values = {"kind": "mail", "title": "Write", "mail_address": "justice@estrava.example"} | values
    return Action(campaign=campaign, **values)


def test_demands_stand_under_those_they_are_made_of(client, campaign):
    estrava, lund = (factories.make_government(name) for name in ("Estrava", "City of Lund"))
    for place, (recipient, asked) in enumerate(
        [
            (estrava, "Free her."),
            (lund, "Invite her."),
            (estrava, "Let her write."),
            (None, "Hope."),
        ]
    ):
        Demand.objects.create(campaign=campaign, recipient=recipient, text=asked, position=place)
    shown = page(client, campaign)
    order = ["Estrava</bdi></h3>", "Free her.", "Let her write."]
    order += ["City of Lund</bdi></h3>", "Invite her.", "Hope."]
    places = [shown.index(words) for words in order]
    assert places == sorted(places)


def test_letter_shows_where_to_send_it_and_what_to_write(client, campaign, addressee):
    Action.objects.create(
        campaign=campaign, kind="letter", title="Write", addressee=addressee, sample="Please <b>."
    )
    shown = page(client, campaign)
    assert "1 Court Square<br>Oru</address>" in shown
    assert "Please &lt;b&gt;." in shown


def test_mail_opens_with_subject_and_text_as_they_were_written(client, campaign):
    action = mail(campaign, subject="Marta & Co + 1", sample="Sir,\n\nfree her?\n100 % sure: a+b")
    action.full_clean()
    action.save()
    link = unescape(re.search(r'href="(mailto:[^"]+)"', page(client, campaign))[1])
    assert urlsplit(link).path == "justice@estrava.example"
    # A plus sign is itself in such a link, so it must not be read as a form would.
    said = parse_qs(urlsplit(link).query.replace("+", "%2B"))
    assert said["subject"] == ["Marta & Co + 1"]
    assert said["body"] == ["Sir,\r\n\r\nfree her?\r\n100 % sure: a+b"]


def test_text_too_long_for_a_mail_link_is_refused_by_the_field(campaign):
    mail(campaign, sample="x" * 1900).full_clean()
    with pytest.raises(ValidationError) as refused:
        mail(campaign, sample="ئ" * 400).full_clean()
    assert list(refused.value.message_dict) == ["sample"]


def test_translation_too_long_for_a_mail_link_leaves_the_text_out(client, campaign):
    action = mail(campaign, subject="Marta", sample="Free her.")
    action.save()
    factories.offer("ug")
    factories.translate(campaign, "ug")
    factories.translate(action, "ug", subject="مارتا", sample="ئۇنى قويۇپ بېرىڭ. " * 40)
    shown = text(client.get("/ug" + campaign.get_absolute_url()))
    link = unescape(re.search(r'href="(mailto:[^"]+)"', shown)[1])
    assert len(link) <= LONGEST_MAIL_LINK
    assert parse_qs(urlsplit(link).query) == {"subject": ["مارتا"]}
    assert "ئۇنى قويۇپ بېرىڭ." in shown


def test_donation_says_to_whom_the_link_leads(client, campaign):
    Action.objects.create(
        campaign=campaign, kind="donate", title="Give", link="https://give.example.org/now"
    )
    shown = page(client, campaign)
    assert 'href="https://give.example.org/now" rel="noopener noreferrer"' in shown
    assert "Donate at give.example.org" in shown


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"kind": "letter"}, "addressee"),
        ({"kind": "mail"}, "mail_address"),
        ({"kind": "donate"}, "link"),
        ({"kind": "donate", "link": "javascript:alert(1)"}, "link"),
    ],
)
def test_thing_to_do_without_what_it_is_about_is_refused_by_the_field(
    campaigner, campaign, typed, field
):
    url = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    rows = {"actions-TOTAL_FORMS": 1, "actions-0-position": 1}
    rows["actions-0-title"] = "Write to the minister"
    rows |= {f"actions-0-{name}": value for name, value in typed.items()}
    answer = fill_in(campaigner, url, **rows)
    assert answer.status_code == 200
    inline = next(
        one for one in answer.context["inline_admin_formsets"] if one.opts.model is Action
    )
    assert list(inline.formset.errors[0]) == [field]
    assert "Write to the minister" in text(answer)
    assert not Action.objects.exists()


def test_letter_to_an_addressee_without_postal_address_is_refused(campaign):
    nobody_knows = factories.make_government().addressees.get()
    with pytest.raises(ValidationError, match="No postal address is known"):
        Action(campaign=campaign, kind="letter", title="Write", addressee=nobody_knows).full_clean()


def test_campaign_is_no_part_of_itself_over_others_either(campaigner, campaign):
    child = factories.make_campaign(parent=campaign)
    grandchild = factories.make_campaign(parent=child)
    for parent in (campaign, child, grandchild):
        url = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
        answer = fill_in(campaigner, url, parent=parent.pk)
        assert "A campaign is not a part of itself." in text(answer)
    assert Campaign.objects.get(pk=campaign.pk).parent is None


def test_parts_and_mentioned_people_are_shown_once_they_are_public(client, campaign):
    for state in ("draft", "published"):
        factories.make_campaign(parent=campaign, state=state, title=f"A {state} part")
        campaign.related_profiles.add(factories.make_profile(state=state, name=f"{state} person"))
    shown = page(client, campaign)
    assert "A published part" in shown
    assert "published person" in shown
    assert "draft" not in shown
    part = campaign.children.get(state="published")
    assert campaign.get_absolute_url() in page(client, part)


def test_long_campaign_asks_the_database_as_little_as_a_short_one(
    client, addressee, django_assert_max_num_queries
):
    """At most 12 questions, and the page does not grow with people: it links to all of them."""
    campaign = factories.make_campaign(parent=factories.make_campaign(title="The whole"))
    petition = factories.make_petition(campaign=campaign)
    for place in range(30):
        campaign.profiles.add(factories.make_profile(name=f"Person {place:02}"))
        campaign.related_profiles.add(factories.make_profile(name=f"Other {place:02}"))
        factories.make_campaign(parent=campaign)
        campaign.organisations.add(factories.make_organisation(f"Organisation {place}"))
        recipient = factories.make_government(f"Government {place}")
        Demand.objects.create(campaign=campaign, recipient=recipient, text="Free her.")
        Action.objects.create(campaign=campaign, kind="letter", title="Write", addressee=addressee)
        factories.make_petition(campaign=campaign, governments=[recipient])
        factories.make_document().campaigns.add(campaign)
    delivery_of(petition)
    page_cache.cache.forget()
    with django_assert_max_num_queries(12):
        shown = text(client.get(campaign.get_absolute_url()))
    assert "Person 23" in shown
    assert "Person 24" not in shown
    assert f"?campaign={campaign.slug}" in shown


def delivery_of(petition):
    factories.sign_and_confirm(petition)
    target = petition.targets.get()
    delivery = deliveries.prepare(petition, target.government)
    office = factories.make_office(target.government)
    for day, outcome in ((2, "refused"), (1, "posted")):
        deliveries.hand_over(
            delivery,
            Handover(
                office=office,
                on=localdate() - timedelta(days=day),
                outcome=outcome,
                public_line=f"It was {outcome}.",
            ),
        )
    return delivery


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"reply_due": 5}, "We asked for a reply by"),
        ({"reply_due": -1}, "None has come."),
        ({"reply_due": -1, "reply_received": 0}, "They replied on"),
    ],
)
def test_reply_stands_once_under_the_last_attempt(client, campaign, fields, said):
    delivery = delivery_of(factories.make_petition(campaign=campaign))
    days = {name: localdate() + timedelta(days=number) for name, number in fields.items()}
    Delivery.objects.filter(pk=delivery.pk).update(**days)
    shown = page(client, campaign)
    assert shown.count(said) == 1
    assert shown.index("It was posted.") < shown.index(said) < shown.index("It was refused.")
