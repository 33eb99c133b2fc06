"""Staff look at held names, take waves of false signatures out, and let an event sign at once."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import localtime, now

from campaign_site.models import AuditEvent, HeldWord
from campaign_site.roles import Role
from petitions import counting, deliveries, review, signing
from petitions.models import EventLink, Invalidation, Signature
from tests import factories
from tests.staff.forms import fields, fill_in, text
from tests.together import together

QUEUE = "/admin/petitions/heldname/"
NEW = "/admin/petitions/invalidation/add/"


@pytest.fixture
def held(petition):
    """Two that may go on a list once somebody has looked, one that never can, one ordinary."""
    found = {
        name: factories.sign_and_confirm(petition, name=name, city=city)
        for name, city in (
            ("Anna 2", "Lund"),
            ("Santa 🎅", "Toronto"),
            ("=Anna", "London"),
            ("Ordinary Marked", "Markedville"),
        )
    }
    assert sum(signature.held for signature in found.values()) == 3
    return found


def press(client, button, *signatures, **more):
    tickets = [review.ticket(signature) for signature in signatures]
    return client.post(QUEUE, {"ticket": tickets, button: "yes", **more}, follow=True)


# --- Held names --------------------------------------------------------------------------------


@pytest.mark.django_db
def test_queue_shows_held_names_and_nothing_else(officer, held, petition):
    factories.sign(petition, name="Waiting Marked 2", city="Markedville")
    page = text(officer.get(QUEUE))
    for shown in ("<bdi>Anna 2</bdi>", "<bdi>Toronto</bdi>", "=Anna", "Contains digits"):
        assert shown in page
    assert petition.title in page
    assert "Cannot be released" in page
    assert "Marked" not in page
    assert "@" not in page
    assert "Take what is ticked" not in page, "that is for administrators"
    # No search, no filter, no order of signing, no page of one name.
    assert "Anna 2" in text(officer.get(QUEUE + "?q=Marked&name=Marked"))
    assert "Marked" not in text(officer.get(QUEUE + "?held=0&o=1&e=1"))
    assert officer.get(f"{QUEUE}{held['Anna 2'].pk}/change/").status_code == 404
    event = AuditEvent.objects.filter(verb="looked at names to review").first()
    assert event.by == officer.member
    assert "Anna" not in str(event.about) + str(event.details)


@pytest.mark.django_db
def test_delivery_screen_and_first_page_lead_to_the_queue(officer, held):
    page = text(officer.get("/admin/petitions/delivery/"))
    assert "Waiting for review: 3." in page
    assert f'href="{QUEUE}">Review 3 names' in page
    assert f'href="{QUEUE}"' in text(officer.get("/admin/"))


@pytest.mark.django_db
def test_released_names_go_on_the_next_list(officer, held, petition):
    page = text(press(officer, "release", held["Anna 2"], held["Santa 🎅"], held["=Anna"]))
    assert "2 names are released" in page
    assert "1 name cannot be released" in page
    assert set(petition.signatures.filter(held=False).values_list("name", flat=True)) == {
        "Anna 2",
        "Santa 🎅",
        "Ordinary Marked",
    }
    assert factories.fresh(petition).numbers.confirmed == 4
    event = AuditEvent.objects.get(verb="released held names")
    assert (event.by, event.details) == (officer.member, {"quantity": 2})
    # Pressed twice, or by two officers: nothing more happens, and nobody is told otherwise.
    assert "not what you saw" in text(press(officer, "release", held["Anna 2"]))
    assert AuditEvent.objects.filter(verb="released held names").count() == 1


@pytest.mark.django_db
def test_name_corrected_since_it_was_shown_is_not_released(officer, held):
    tickets = review.ticket(held["Anna 2"])
    signing.correct(held["Anna 2"].pk, name="Anna 3 Casino", city="Lund")
    answer = officer.post(QUEUE, {"ticket": [tickets], "release": "yes"}, follow=True)
    assert "not what you saw" in text(answer)
    assert Signature.objects.get(name="Anna 3 Casino").held


@pytest.mark.django_db
@pytest.mark.parametrize("ticket", ["", "x", "1.2", "\N{SNOWMAN}", "0" * 32 + "." + "0" * 32])
def test_made_up_tickets_release_nothing(officer, held, ticket):
    assert officer.post(QUEUE, {"ticket": [ticket], "release": "yes"}).status_code == 302
    assert Signature.objects.waiting_for_review().count() == 3


@pytest.mark.django_db
def test_formula_in_the_city_cannot_be_released_either(officer, petition):
    signature = factories.sign_and_confirm(petition, name="Anna 2", city="+Lund")
    assert "1 name cannot be released" in text(press(officer, "release", signature))
    signature.refresh_from_db()
    assert signature.held


@pytest.mark.django_db
@pytest.mark.parametrize("role", [Role.CAMPAIGNER, Role.TRANSLATOR])
def test_other_roles_see_no_held_name(logged_in, held, role):
    """Promise 17."""
    client = logged_in(role)
    assert client.get(QUEUE).status_code == 403
    for button in ("release", "take_out", "sure"):
        assert press(client, button, held["Anna 2"], reason="Joke").status_code == 403
    assert "heldname" not in text(client.get("/admin/"))
    assert client.get(NEW).status_code == 403
    assert Signature.objects.waiting_for_review().count() == 3


@pytest.mark.django_db
def test_officer_takes_nothing_out_of_the_count(officer, held, petition):
    """Promise 17."""
    assert press(officer, "take_out", held["Anna 2"]).status_code == 403
    assert press(officer, "sure", held["Anna 2"], reason="Joke").status_code == 403
    assert officer.get(NEW).status_code == 403
    assert factories.fresh(petition).numbers.confirmed == 4


@pytest.mark.django_db
def test_administrator_takes_held_names_out_after_being_asked(administrator, held, petition):
    """Promise 16."""
    ticked = held["Santa 🎅"], held["=Anna"]
    page = text(press(administrator, "take_out", *ticked))
    assert "2 signatures leave the count" in page
    assert factories.fresh(petition).numbers.confirmed == 4
    assert press(administrator, "sure", *ticked, reason="").status_code == 422
    assert "2 signatures were taken out" in text(
        press(administrator, "sure", *ticked, reason="Joke names.")
    )
    assert factories.fresh(petition).numbers.confirmed == 2
    assert not counting.recount(petition)
    batch = Invalidation.objects.get()
    assert (batch.quantity, batch.by, batch.rule) == (2, administrator.member, {"held": True})
    assert "Santa" not in str(list(AuditEvent.objects.values("about", "details")))


@pytest.mark.django_db(transaction=True)
def test_released_while_a_list_is_prepared():
    """Promise 14: on this list or ready for the next, and the figures of the list are true."""
    for _ in range(6):
        petition = factories.make_petition()
        government = petition.targets.get().government
        factories.sign_and_confirm(petition)
        tickets = [
            review.ticket(factories.sign_and_confirm(petition, name=f"Anna {number}"))
            for number in range(4)
        ]
        released, delivery = together(
            lambda given=tickets: review.release(given),
            lambda p=petition, g=government: deliveries.prepare(p, g),
        )
        assert released.released == 4
        assert delivery.names + delivery.held == 5
        assert deliveries.numbers(petition, government).ready == 5 - delivery.names


# --- Words -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_officer_adds_a_word_in_any_spelling(officer, campaigner, petition):
    page = "/admin/campaign_site/heldword/add/"
    assert campaigner.get(page).status_code == 403
    assert fill_in(officer, page, language="fr", word="Tête  de ＰＯＭＭＥ").status_code == 302
    assert HeldWord.objects.filter(language="fr", word="tête de pomme").exists()
    again = fill_in(officer, page, language="fr", word="tête de pomme")
    assert "on the list already" in text(again)
    assert fill_in(officer, page, language="fr", word="\u200d").status_code == 200
    assert factories.sign_and_confirm(petition, name="M. Tête de Pomme").held


# --- Taking out by a rule ----------------------------------------------------------------------


def test_preview_numbers_then_a_reason_then_30_days(administrator, client, petition):
    """Promise 16."""
    for number in range(5):
        factories.sign_and_confirm(
            petition, name="Joe Spam", city="Lund", email=f"s{number}@spam.example"
        )
    factories.sign_and_confirm(petition)
    typed = {"petition": petition.pk, "domain": "spam.example", "reason": "A script."}
    shown = administrator.post(NEW, typed)
    page = text(shown)
    assert "5 signatures fit and would leave the count" in page
    assert "still counted afterwards: 1." in page
    assert factories.fresh(petition).numbers.confirmed == 6
    # Without the number that the preview showed, nothing happens.
    assert administrator.post(NEW, {**typed, "invalidate": "yes"}).status_code == 422
    assert not Invalidation.objects.exists()
    answer = administrator.post(NEW, {**fields(shown), "invalidate": "yes"})
    batch = Invalidation.objects.get()
    assert answer.status_code == 302
    assert factories.fresh(petition).numbers.confirmed == 1
    detail = answer["Location"]
    assert "addresses at spam.example" in text(administrator.get(detail))
    assert "Joe" not in text(administrator.get("/admin/petitions/invalidation/"))
    restore = reverse("admin:petitions_invalidation_restore", args=[batch.pk])
    assert restore in text(administrator.get(detail))
    assert "5 signatures count again" in text(administrator.get(restore))
    assert factories.fresh(petition).numbers.confirmed == 1, "looking changes nothing"
    assert administrator.post(restore).status_code == 302
    assert factories.fresh(petition).numbers.confirmed == 6
    assert "restored on" in text(administrator.get("/admin/petitions/invalidation/"))
    assert restore not in text(administrator.get(detail))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"domain": "no domain"},
        {"domain": "x" * 300},
        {"first_day": "2026-03-02", "last_day": "2026-03-01"},
        {"first_day": "soon"},
        {"name": "a\x00b"},
        {"domain": "spam.example", "reason": ""},
        {"domain": "spam.example", "petition": ""},
        {"name": "Nobody"},
    ],
)
def test_rules_that_make_no_sense_are_sentences(administrator, petition, typed):
    factories.sign_and_confirm(petition)
    answer = administrator.post(NEW, {"petition": petition.pk, "reason": "Why.", **typed})
    assert answer.status_code == 422
    assert "error" in text(answer) or 'role="alert"' in text(answer)
    assert factories.fresh(petition).numbers.confirmed == 1


# --- Events and the slow lane ------------------------------------------------------------------


@pytest.mark.django_db
def test_campaigner_makes_an_event_link_and_ends_it(campaigner, officer, client, petition):
    page = reverse("admin:petitions_petition_event", args=[petition.pk])
    assert page in text(
        campaigner.get(reverse("admin:petitions_petition_change", args=[petition.pk]))
    )
    assert officer.get(page).status_code == 403
    answer = fill_in(campaigner, page, label="Concert at the harbour")
    link = EventLink.objects.get()
    assert (link.petition, link.mails, link.made_by) == (petition, 2_000, campaigner.member)
    address = link.get_absolute_url()
    assert address in text(campaigner.get(answer["Location"]))
    assert "is not valid now" not in text(client.get(address))
    end = reverse("admin:petitions_eventlink_end", args=[link.pk])
    assert campaigner.post(end).status_code == 302
    assert "is not valid now" in text(client.get(address))
    verbs = set(AuditEvent.objects.values_list("verb", flat=True))
    assert {"made an event link", "ended an event link"} <= verbs


@pytest.mark.django_db
@pytest.mark.parametrize("hours", [-1, 73])
def test_event_link_of_the_wrong_length_is_refused_with_a_sentence(campaigner, petition, hours):
    until = localtime(now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")
    page = reverse("admin:petitions_petition_event", args=[petition.pk])
    answer = fill_in(campaigner, page, label="Long", valid_until=until)
    assert answer.status_code == 422
    assert not EventLink.objects.exists()


@pytest.mark.django_db
def test_slow_lane_is_one_button_on_and_off(campaigner, officer, petition):
    factories.sign_and_confirm(petition)  # frozen: only the button works
    page = reverse("admin:petitions_petition_slow-lane", args=[petition.pk])
    assert officer.get(page).status_code == 403
    assert "wait 20 minutes" in text(campaigner.get(page))
    assert not factories.fresh(petition).slow_lane
    assert campaigner.post(page).status_code == 302
    assert factories.fresh(petition).slow_lane
    assert "leave at once from now on" in text(campaigner.get(page))
    assert campaigner.post(page).status_code == 302
    assert not factories.fresh(petition).slow_lane
    events = AuditEvent.objects.filter(verb__startswith="slow lane")
    assert [event.verb for event in events] == ["slow lane off", "slow lane on"]
