"""The forms and answers of signing, as a browser without scripts and cookies gets them."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.urls import reverse
from django.utils.timezone import now

from campaign_site import links, throttle
from campaign_site.models import KeyFingerprint, OutboxMessage
from petitions import deliveries, signing
from petitions.forms import form_token
from petitions.models import PendingSignature, Petition, Signature
from tests.factories import (
    code_in,
    confirm,
    fresh,
    send_mails,
    sign,
    sign_and_confirm,
)

pytestmark = pytest.mark.django_db


def post_sign(client, petition, **values):
    data = {
        "name": "Amina Yusuf",
        "city": "Lund",
        "email": "amina@example.org",
        "deliver": "yes",
        "form_token": form_token(petition),
    } | values
    return client.post(reverse("petitions:sign", args=[petition.slug]), data)


def personal(public_id):
    return signing.personal_path(public_id)


def press(client, public_id, action, **values):
    """Press a button of the personal page, with what the page holds in its hidden fields."""
    found = signing.find(public_id)
    data = {"action": action}
    if found:
        data |= {
            "seen": fresh(found.petition).frozen_digest(),
            "name": found.name,
            "city": found.city,
        }
    return client.post(personal(public_id), data | values)


def test_whole_path(client, petition):
    answer = post_sign(client, petition)
    assert (answer.status_code, answer["Location"]) == (
        303,
        reverse("petitions:thanks", args=[petition.slug]),
    )
    assert "Your code from" in client.get(answer["Location"]).content.decode()
    (mail,) = send_mails()
    answer = client.post("/code/", {"code": code_in(mail)})
    assert answer.status_code == 303
    page = client.get(answer["Location"]).content.decode()
    assert "Amina Yusuf" in page
    assert "Lund" in page
    assert fresh(petition).numbers.total == 0, "opening the link changed nothing"
    public_id = PendingSignature.objects.get().pk
    assert press(client, public_id, "confirm", is_me="yes").status_code == 303
    assert "You are counted" in client.get(personal(public_id)).content.decode()
    assert client.get(f"/petitions/{petition.slug}/count.json").json()["count"] == 1


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", "", "Please type your name."),
        ("name", "   ", "Please type your name."),
        ("name", "x" * 101, "100"),
        ("name", "12345", None),
        ("name", "a\x00b", None),
        ("name", "\u202eanima", None),
        ("name", "amina@example.org", None),
        ("city", "", "Please type your city or place."),
        ("city", "y" * 61, "60"),
        ("email", "", "Please type your e-mail address."),
        ("email", "amina", "such as amina@example.org"),
        ("email", "a@b@c", "such as amina@example.org"),
        ("email", "amina@gmial.com", "Did you mean"),
        ("website", "https://spam.example", None),
        ("form_token", "", None),
        ("form_token", "00", None),
    ],
)
def test_bad_input_is_named_by_the_field_and_kept(client, petition, field, typed, sentence):
    answer = post_sign(client, petition, **{field: typed})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert answer["Cache-Control"] == "no-store" or "no-store" in answer["Cache-Control"]
    if sentence:
        assert sentence in page
    kept = {"name": "Amina Yusuf", "city": "Lund", "email": "amina@example.org"} | {field: typed}
    for name in ("name", "city", "email"):
        if kept[name].strip() and kept[name].isprintable():
            assert f'value="{kept[name]}"' in page
    assert not PendingSignature.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_misspelt_domain_is_asked_about_once(client, petition):
    answer = post_sign(client, petition, email="amina@gmial.com")
    assert answer.status_code == 422
    assert 'value="amina@gmial.com"' in answer.content.decode()
    answer = post_sign(client, petition, email="amina@gmial.com", kept_address="amina@gmial.com")
    assert answer.status_code == 303


def test_count_me_without_my_name_needs_no_name(client, petition):
    """Promise 3: what stands in the fields is thrown away."""
    assert post_sign(client, petition, deliver="no", name="", city="").status_code == 303
    assert post_sign(client, petition, deliver="no", name="Amina", city="L").status_code == 303
    assert set(PendingSignature.objects.values_list("name", "city", "deliver")) == {("", "", False)}


def test_signing_from_another_site_is_refused(client, petition):
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = client.post(
            reverse("petitions:sign", args=[petition.slug]),
            {"form_token": form_token(petition)},
            headers=headers,
        )
        assert answer.status_code == 403
    for headers in ({"Origin": "null"}, {"Origin": "http://testserver"}):
        answer = client.post(
            reverse("petitions:sign", args=[petition.slug]),
            {
                "name": "A",
                "city": "Lund",
                "email": "a@example.org",
                "form_token": form_token(petition),
            },
            headers=headers,
        )
        assert answer.status_code == 303


def test_reading_never_confirms(client, petition):
    """Promise 5: HEAD and 50 GETs of everything, links followed: nothing counted."""
    pending = sign(petition)
    path = personal(pending.pk)
    for _ in range(50):
        assert client.get(path).status_code == 200
    client.head(path)
    everything = {
        "action": "confirm",
        "is_me": "yes",
        "seen": fresh(petition).frozen_digest(),
        "name": pending.name,
        "city": pending.city,
    }
    client.get(path, everything)
    client.head(path, everything)
    client.get("/code/", {"code": links.make_code(pending.pk)})
    assert client.get(reverse("petitions:sign", args=[petition.slug])).status_code == 302
    assert not Signature.objects.exists()
    assert fresh(petition).numbers.total == 0


@pytest.mark.parametrize("action", ["confirm", "count_only"])
def test_confirming_needs_the_tick(client, petition, action):
    """Promise 5: a scanner that submits the first form it finds has not ticked."""
    pending = sign(petition)
    answer = press(client, pending.pk, action)
    assert answer.status_code == 422
    assert not Signature.objects.exists()
    assert press(client, pending.pk, action, is_me="yes").status_code == 303
    assert Signature.objects.get().deliver is (action == "confirm")


@pytest.mark.parametrize("action", ["", "nonsense", "remove", "add_person"])
def test_other_buttons_do_not_confirm(client, petition, action):
    pending = sign(petition)
    assert press(client, pending.pk, action, is_me="yes").status_code in (303, 422)
    assert not Signature.objects.exists()


def test_every_post_of_the_personal_page_is_idempotent(client, petition):
    pending = sign(petition)
    for action in ("confirm", "count_only", "remove"):
        for _ in range(3):
            assert press(client, pending.pk, action, is_me="yes").status_code in (200, 303)
        assert client.get(personal(pending.pk)).status_code == 200
        assert fresh(petition).numbers.confirmed == (action != "remove")
    assert "Nothing is kept under this link" in client.get(personal(pending.pk)).content.decode()


def test_whoever_is_counted_already_is_told_so_when_pressing_once_more(client, petition):
    """Promise 6: one person is counted once, also where the page asks for another one."""
    sign_and_confirm(petition, name="Amina", email="a@example.org")
    pending = sign(petition, name="Amina", email="a@example.org")
    answer = press(client, pending.pk, "confirm", is_me="yes", person="2")
    assert answer.status_code == 422
    assert "Nobody was added." in answer.content.decode()
    assert fresh(petition).numbers.confirmed == 1


def test_whoever_leaves_is_told_so(client, petition):
    signature = sign_and_confirm(petition)
    answer = press(client, signature.pk, "remove").content.decode()
    assert "This signature was removed" in answer
    assert petition.get_absolute_url() in answer


def test_correcting_before_confirming(client, petition):
    pending = sign(petition, name="Anima")
    press(client, pending.pk, "correct", name="Amina", city="Malmö")
    press(client, pending.pk, "confirm", is_me="yes")
    assert Signature.objects.values_list("name", "city").get() == ("Amina", "Malmö")


def test_correcting_keeps_what_was_typed_with_its_error(client, petition):
    pending = sign(petition)
    answer = press(client, pending.pk, "correct", name="x" * 101)
    assert answer.status_code == 422
    assert "x" * 101 in answer.content.decode()


def test_adding_somebody_at_home(client, petition):
    first = sign_and_confirm(petition)
    omar = {"is_me": "yes", "deliver": "yes", "other-name": "Omar", "other-city": "Lund"}
    for _ in range(2):
        assert press(client, first.pk, "add_person", person="2", **omar).status_code == 303
    for typed in ({"person": "3"}, {"person": "2", "other-name": "Bo"}):
        answer = press(client, first.pk, "add_person", **omar | typed)
        assert answer.status_code == 422
        assert "Nobody was added." in answer.content.decode()
    assert set(Signature.objects.values_list("name", flat=True)) == {"Amina Yusuf", "Omar"}
    assert fresh(petition).numbers.confirmed == 2


def test_somebody_else_with_my_address_changes_nothing_of_mine(client, petition):
    """Promise 6, before and after."""
    mine = sign_and_confirm(petition, email="amina@example.org", name="Amina")
    stranger = sign(petition, email="amina@example.org", name="Mallory")
    page = client.get(personal(stranger.pk)).content.decode()
    assert "Mallory" in page
    press(client, stranger.pk, "confirm", is_me="yes")
    mine.refresh_from_db()
    assert mine.name == "Amina"
    assert Signature.objects.count() == 1


def test_page_after_a_list_says_what_cannot_be_undone(client, petition):
    signature = sign_and_confirm(petition)
    deliveries.prepare(petition, petition.targets.get().government)
    page = client.get(personal(signature.pk)).content.decode()
    assert "was made with your name" in page
    assert "What is printed or handed over already, we cannot change." in page
    press(client, signature.pk, "remove")
    page = client.get(personal(signature.pk)).content.decode()
    assert "This signature was removed" in page
    assert "it will be on no further list" in page
    assert fresh(petition).numbers.confirmed == 0


def test_unknown_links_and_codes_get_one_neutral_answer(client, petition):
    pending = sign(petition)
    token = personal(pending.pk).split("/")[2]
    for bad in ("x", token[:-2] + "AA", "é", "a" * 5000):
        answer = client.get(f"/signatures/{bad}/")
        assert answer.status_code == 404
        assert "Sign again to get a new one" in answer.content.decode()
    assert client.post("/code/", {"code": "\x00"}).status_code == 422
    for typed in ("AAAA AAAA AA", "'; drop", "ا" * 90):
        answer = client.post("/code/", {"code": typed})
        assert answer.status_code == 422
        assert "does not work" in answer.content.decode()


def test_find_answers_everybody_alike_and_mails_the_links(client, petition):
    """Promises 4 and 10."""
    signature = sign_and_confirm(petition, email="amina@example.org")
    known = client.post("/signatures/find/", {"email": "Amina@Example.org"})
    unknown = client.post("/signatures/find/", {"email": "nobody@example.org"})
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    OutboxMessage.objects.filter(kind=OutboxMessage.Kind.CONFIRMATION).delete()
    to_amina, to_nobody = send_mails()
    assert links.make_code(signature.pk) in to_amina.body
    assert "/code/#" not in to_nobody.body
    assert to_amina.subject == to_nobody.subject
    assert len(to_amina.body.encode()) == len(to_nobody.body.encode())


@pytest.mark.parametrize(
    ("changes", "page", "sign_status"),
    [
        ({"state": "draft"}, 404, 404),
        ({"state": "removed"}, 410, 410),
        ({"closes_at": now() - timedelta(hours=1)}, 200, 409),
        ({"opens_at": now() + timedelta(hours=1)}, 200, 409),
    ],
)
def test_petition_that_takes_no_signatures(client, petition, changes, page, sign_status):
    Petition.objects.filter(pk=petition.pk).update(**changes)
    assert client.get(petition.get_absolute_url()).status_code == page
    assert post_sign(client, petition).status_code == sign_status
    assert not PendingSignature.objects.exists()
    if page == 200:
        assert "form_token" not in client.get(petition.get_absolute_url()).content.decode()


def test_unknown_petition(client, db):
    for path in ("/petitions/none/", "/petitions/none/sign/", "/petitions/none/count.json"):
        assert client.get(path).status_code == 404


def test_closed_meanwhile_confirmations_work_for_a_week(client, petition):
    early, late = sign(petition), sign(petition)
    Petition.objects.update(closes_at=now() - timedelta(days=6))
    assert press(client, early.pk, "confirm", is_me="yes").status_code == 303
    Petition.objects.update(closes_at=now() - timedelta(days=8))
    assert press(client, late.pk, "confirm", is_me="yes").status_code == 409
    assert fresh(petition).numbers.confirmed == 1


def test_changed_meanwhile_the_page_comes_again(client, petition):
    pending = sign(petition)
    answer = press(client, pending.pk, "confirm", is_me="yes", seen="another letter")
    assert answer.status_code == 422
    assert not Signature.objects.exists()


def test_same_answer_whatever_the_history_of_the_address(client, petition):
    """Promise 4: new, pending, confirmed, removed, over the limit: the same bytes."""
    sign(petition, email="pending@example.org")
    sign_and_confirm(petition, email="confirmed@example.org")
    signing.remove(sign_and_confirm(petition, email="removed@example.org").pk)
    for _ in range(5):
        sign(petition, email="limit@example.org")
    send_mails()
    answers = set()
    for who in ("new", "pending", "confirmed", "removed", "limit"):
        answer = post_sign(client, petition, email=f"{who}@example.org")
        page = client.get(answer["Location"])
        answers.add(
            (
                answer.status_code,
                answer.content,
                str(answer.headers),
                str(answer.cookies),
                page.content,
                str(page.headers),
            )
        )
    assert len(answers) == 1


def test_gathering_behind_one_network_is_slowed_not_refused(client, petition):
    """Promise 7: over the limit the mail waits; nothing is dropped."""
    for number in range(throttle.SIGNING.slow_from + 5):
        answer = post_sign(client, petition, email=f"s{number}@example.org")
        assert answer.status_code == 303
    assert OutboxMessage.objects.filter(slow=True).count() == 5
    assert PendingSignature.objects.count() == throttle.SIGNING.slow_from + 5


def test_far_over_the_limit_is_told_so(client, petition, monkeypatch):
    monkeypatch.setattr(throttle, "SIGNING", throttle.Limit(slow_from=1, refused_from=2))
    codes = [post_sign(client, petition).status_code for _ in range(3)]
    assert codes == [303, 303, 429]


def test_missing_or_foreign_key_stops_signing(client, petition, settings):
    """Never a plaintext fallback: 503, and nothing stored."""
    from campaign_site import keys

    good = settings.SIGNER_KEY
    KeyFingerprint.objects.create(pk=1, fingerprint=b"another key")
    keys._proved.clear()
    for key in (good, "", "short", "é" * 43):
        settings.SIGNER_KEY = key
        answer = client.post(reverse("petitions:sign", args=[petition.slug]), {"name": "A"})
        assert answer.status_code == 503
        assert answer["Retry-After"]
        assert "ot recorded" in answer.content.decode()
    assert not PendingSignature.objects.exists()
    assert client.get("/readyz").status_code == 503


def test_database_away_is_said_honestly(client, campaigner, petition, monkeypatch):
    """Promise 19: 503 with Retry-After, never a stack trace."""

    def away(*args, **kwargs):
        raise OperationalError("server closed the connection; address amina@example.org")

    monkeypatch.setattr(signing, "sign", away)
    answer = post_sign(client, petition)
    assert (answer.status_code, "ot recorded" in answer.content.decode()) == (503, True)
    assert "amina@example.org" not in answer.content.decode()
    monkeypatch.setattr(SessionStore, "load", away)
    assert campaigner.get("/admin/").status_code == 503


def test_invisible_in_staff_places(petition):
    """`__str__` holds no name: the admin log keeps it for ever."""
    signature = sign_and_confirm(petition)
    assert "Amina" not in f"{signature!r} {signature} {confirm(sign(petition))!r}"


def test_who_is_counted_is_offered_one_thing_more(client, petition):
    signature = sign_and_confirm(petition)
    assert "Do one more thing" not in client.get(personal(signature.pk)).content.decode()
    petition.campaign.actions.create(title="Write to the Minister of Justice")
    page = client.get(personal(signature.pk)).content.decode()
    assert f'href="{petition.campaign.get_absolute_url()}#more"' in page
    assert "Write to the Minister of Justice" in page


def test_address_to_type_keeps_its_last_slash_from_right_to_left(petition, settings):
    sign(petition, language="ug")
    (mail,) = send_mails()
    assert f"\u2066 {settings.SITE_URL}/ug/code/ \u2069" in mail.body
