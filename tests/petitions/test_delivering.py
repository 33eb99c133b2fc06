"""Lists for a government: who is on them, in what order, and what the file holds."""

import tracemalloc

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from campaign_site.models import AuditEvent
from petitions import deliveries, delivery_lists, signing
from petitions.models import Delivered, Delivery, Handover, Signature, Target
from tests.factories import (
    fresh,
    make_government,
    make_member,
    make_office,
    make_petition,
    sign,
    sign_and_confirm,
)
from tests.petitions.lists import readable

pytestmark = pytest.mark.django_db


def people(petition, *names_and_cities):
    return [sign_and_confirm(petition, name=name, city=city) for name, city in names_and_cities]


def prepare(petition, **values):
    return deliveries.prepare(petition, petition.targets.get().government, **values)


def file_of(delivery):
    return b"".join(delivery_lists.as_csv(delivery))


def test_file_holds_name_and_city_and_nothing_else(petition):
    """Promise 1: exactly these bytes."""
    people(petition, ("Zoë Øst", "Lund"), ("Amina, Yusuf", "Bergen"), ("阿米娜", "Lund"))
    assert (
        file_of(prepare(petition))
        == ('\ufeffname,city\r\n"Amina, Yusuf",Bergen\r\nZoë Øst,Lund\r\n阿米娜,Lund\r\n').encode()
    )


def test_a_thousand_marked_addresses_are_in_no_file(petition):
    """Promise 1: 0 of 1,000 addresses, whatever a writer selects."""
    people(petition, ("Amina", "Bergen"))
    Signature.objects.bulk_create(
        Signature(
            petition=petition,
            deliver=True,
            name=f"Name {number}",
            city="Lund",
            name_key=f"name {number}",
            city_key="lund",
            digest=f"MARKED{number}@example.org".encode(),
            domain_digest=b"MARKED",
            language="en",
            signed_on="2026-01-01",
        )
        for number in range(1_000)
    )
    delivery = prepare(petition)
    for name, writer in delivery_lists.WRITERS.items():
        content = readable(b"".join(writer(delivery)))
        assert content.count("MARKED") == 0, name
        assert "@example" not in content, name
        assert content.count("Name ") >= 1_000, name


def test_rows_select_two_columns(petition):
    """Promise 1: the column whitelist. What is never selected cannot leak."""
    people(petition, ("Amina", "Lund"))
    delivery = prepare(petition)
    assert list(delivery_lists.rows(delivery)) == [("Amina", "Lund")]
    assert delivery_lists.COLUMNS == ("name", "city")


def test_same_delivery_gives_the_same_bytes(petition):
    """Promise 1."""
    people(petition, *[("Same Name", "Lund")] * 30)
    delivery = prepare(petition)
    assert file_of(delivery) == file_of(delivery)


def test_order_tells_nothing_of_when_people_signed(petition):
    """Promise 1: rank correlation of at most 0.05 over 20,000 rows that the keys cannot order."""
    from datetime import date, timedelta

    count = 20_000
    signatures = Signature.objects.bulk_create(
        [
            Signature(
                petition=petition,
                deliver=True,
                name="Same",
                city="Lund",
                name_key="same",
                city_key="lund",
                digest=number.to_bytes(4, "big"),
                language="en",
                signed_on=date(2026, 1, 1) + timedelta(days=number // 200),
            )
            for number in range(count)
        ],
        batch_size=2_000,
    )
    prepare(petition)
    position = dict(Delivered.objects.values_list("signature_id", "position"))
    ranks = [position[signature.pk] for signature in signatures]
    mean = (count + 1) / 2
    covariance = sum((rank - mean) * (order - mean) for order, rank in enumerate(ranks, 1))
    variance = sum((order - mean) ** 2 for order in range(1, count + 1))
    assert abs(covariance / variance) <= 0.05


def test_list_has_who_is_ready_and_nobody_else(petition):
    """Promises 3 and 10."""
    people(petition, ("Amina", "Lund"))
    sign_and_confirm(petition, deliver=False)
    sign_and_confirm(petition, name="=SUM(A1)")
    sign(petition, name="Unconfirmed")
    (gone,) = people(petition, ("Gone", "Lund"))
    signing.remove(gone.pk)
    (stepped_back,) = people(petition, ("Stepped Back", "Lund"))
    signing.count_only(stepped_back.pk)
    delivery = prepare(petition)
    assert list(delivery_lists.rows(delivery)) == [("Amina", "Lund")]
    assert (delivery.names, delivery.unnamed, delivery.held) == (1, 2, 1)


def test_cover_counts_who_confirms_at_the_last_moment(petition, monkeypatch):
    """Promise 14: the figures are of the same moment as the names."""
    create = Delivery.objects.create

    def meanwhile(**values):
        people(petition, ("Amina", "Lund"), ("=SUM(A1)", "Lund"))
        sign_and_confirm(petition, deliver=False)
        return create(**values)

    monkeypatch.setattr(Delivery.objects, "create", meanwhile)
    delivery = prepare(petition)
    delivery.refresh_from_db()
    assert (delivery.names, delivery.unnamed, delivery.held) == (1, 1, 1)


def test_every_name_once(petition):
    """Promise 14."""
    people(petition, ("Amina", "Lund"), ("Omar", "Lund"))
    first = prepare(petition)
    with pytest.raises(deliveries.NothingToDeliver):
        prepare(petition)
    people(petition, ("Zoë", "Lund"))
    second = prepare(petition)
    assert (first.names, second.names) == (2, 1)
    assert Delivery.objects.count() == 2


def test_each_government_gets_its_own_list(db):
    """Promise 2: the same people, for each government that they signed for."""
    governments = [make_government("Government A"), make_government("Government B")]
    petition = make_petition(governments=governments)
    people(petition, ("Amina", "Lund"))
    for government in governments:
        assert deliveries.prepare(petition, government).names == 1
    with pytest.raises(Target.DoesNotExist):
        deliveries.prepare(petition, make_government("Government C"))


def test_no_list_without_an_addressee(db):
    petition = make_petition(governments=[make_government(addressee="")])
    people(petition, ("Amina", "Lund"))
    with pytest.raises(deliveries.NoAddressee):
        prepare(petition)
    assert not Delivered.objects.exists()


def test_removed_after_a_list_leaves_every_new_file(petition):
    """Promise 10: the file made again does not have the name; numbers and places stay."""
    amina, _omar = people(petition, ("Amina", "Lund"), ("Omar", "Lund"))
    delivery = prepare(petition)
    signing.remove(amina.pk)
    assert list(delivery_lists.rows(delivery)) == [("Omar", "Lund")]
    assert Delivered.objects.get(position=1).signature_id == amina.pk
    amina.refresh_from_db()
    assert (amina.name, amina.city, amina.digest, amina.state) == ("", "", None, "removed")
    assert fresh(petition).numbers.confirmed == 1


def test_who_stepped_back_after_a_list_is_in_no_new_file(petition):
    (amina,) = people(petition, ("Amina", "Lund"))
    delivery = prepare(petition)
    signing.count_only(amina.pk)
    assert list(delivery_lists.rows(delivery)) == []
    assert fresh(petition).numbers.confirmed == 1


def test_listed_name_is_not_corrected(petition):
    (amina,) = people(petition, ("Amina", "Lund"))
    signing.correct(amina.pk, name="Amina Y.", city="Malmö")
    delivery = prepare(petition)
    assert list(delivery_lists.rows(delivery)) == [("Amina Y.", "Malmö")]
    with pytest.raises(signing.AlreadyListed):
        signing.correct(amina.pk, name="Other", city="Lund")


def test_small_places_without_their_city(petition):
    """Less than promised is allowed, more never: below five names, the city stays away."""
    people(petition, *[(f"Name {letter}", "Lund") for letter in "abcde"], ("Zoë", "Ystad"))
    numbers = deliveries.numbers(petition, petition.targets.get().government)
    assert (numbers.ready, numbers.small_places, numbers.in_small_places) == (6, 1, 1)
    delivery = prepare(petition, hide_small_places=True)
    assert list(delivery_lists.rows(delivery))[-2:] == [("Name e", "Lund"), ("Zoë", "")]
    assert "Ystad" not in file_of(delivery).decode()


def test_cancelled_list_makes_its_people_ready_again(petition):
    people(petition, ("Amina", "Lund"))
    delivery = prepare(petition)
    deliveries.cancel(delivery)
    deliveries.cancel(delivery)
    assert list(delivery_lists.rows(delivery)) == []
    assert Delivery.objects.get(pk=delivery.pk).names == 1
    assert prepare(petition).names == 1


def test_refused_at_the_door_and_then_posted(petition):
    people(petition, ("Amina", "Lund"))
    delivery = prepare(petition)
    office = make_office(delivery.government)
    states = []
    for outcome in ("refused", "returned", "posted"):
        deliveries.hand_over(delivery, Handover(office=office, on="2026-05-12", outcome=outcome))
        states.append(Delivery.objects.get(pk=delivery.pk).state)
    assert states == ["prepared", "prepared", "handed_over"]
    with pytest.raises(deliveries.AlreadyHandedOver):
        deliveries.cancel(delivery)
    assert Delivered.objects.count() == 1


def test_cancelled_list_is_handed_to_nobody(petition):
    people(petition, ("Amina", "Lund"))
    delivery = prepare(petition)
    deliveries.cancel(delivery)
    with pytest.raises(deliveries.ListCancelled):
        deliveries.hand_over(
            delivery,
            Handover(office=make_office(delivery.government), on="2026-05-12", outcome="posted"),
        )
    assert not Handover.objects.exists()


def test_database_keeps_who_stands_on_a_list(petition):
    """A listed row is blanked, never deleted: the foreign key refuses."""
    from django.db import IntegrityError

    (amina,) = people(petition, ("Amina", "Lund"))
    prepare(petition)
    amina.delete()
    with pytest.raises(IntegrityError):
        connection.check_constraints()


def test_every_step_is_in_the_audit_trail(petition):
    """Promise 16."""
    officer = make_member("delivery")
    people(petition, ("Amina", "Lund"))
    delivery = prepare(petition, by=officer)
    deliveries.cancel(delivery, by=officer)
    assert list(AuditEvent.objects.order_by("pk").values_list("verb", "by__username")) == [
        ("prepared a list", officer.username),
        ("cancelled a list", officer.username),
    ]


def test_a_hundred_thousand_rows_with_flat_memory(petition):
    """The file streams: its memory does not grow with the list."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO petitions_signature (id, petition_id, state, deliver, held, held_reason,"
            " name, city, name_key, city_key, person, language, signed_on)"
            " SELECT gen_random_uuid(), %s::bigint, 'confirmed', true, false, '', 'Name ' || n,"
            " 'City ' || n %% 50, 'name ' || n, 'city ' || n %% 50, 1, 'en', '2026-01-01'"
            " FROM generate_series(1, 100000) n",
            [petition.pk],
        )
    delivery = prepare(petition)

    def peak(parts):
        tracemalloc.start()
        rows = sum(
            piece.count(b"\r\n")
            for part in parts
            for piece in delivery_lists.as_csv(delivery, part)
        )
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return rows, most

    _rows, small = peak([1])
    rows, large = peak([None])
    assert rows == 100_001
    assert large < 2 * small


def test_list_by_command(petition, tmp_path, capsys):
    people(petition, ("Amina", "Lund"))
    government = petition.targets.get().government
    officer = make_member("delivery")
    call_command("prepare_delivery", petition.slug, government.slug, by=officer.username)
    delivery = Delivery.objects.get()
    assert f"delivery {delivery.pk}: 1 names" in capsys.readouterr().out
    output = tmp_path / "list.csv"
    call_command("export_delivery", delivery.pk, format="csv", output=output, by=officer.username)
    assert set(AuditEvent.objects.values_list("by", flat=True)) == {officer.pk}
    assert delivery.files.get().made_by == officer
    assert output.read_bytes() == file_of(delivery)
    assert output.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("petition_slug", "government_slug", "by", "sentence"),
    [
        ("unknown", None, None, "no petition unknown"),
        (None, "unknown", None, "not addressed to unknown"),
        (None, None, "nobody", "no active member"),
        (None, None, "campaigner", "may not prepare"),
        (None, None, None, "Nobody new is ready"),
    ],
)
def test_command_says_what_is_wrong(petition, petition_slug, government_slug, by, sentence):
    if by == "campaigner":
        by = make_member("campaigner").username
    with pytest.raises(CommandError, match=sentence):
        call_command(
            "prepare_delivery",
            petition_slug or petition.slug,
            government_slug or petition.targets.get().government.slug,
            by=by,
        )


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_formula_stops_a_file_instead_of_reaching_a_spreadsheet(petition, format):
    """Promise 1: 0 formulas. Such a name is held before; should one slip through, no file is made."""
    people(petition, ("Amina", "Lund"))
    Signature.objects.update(name="=1+1")
    delivery = prepare(petition)
    with pytest.raises(delivery_lists.UnsafeRow):
        list(delivery_lists.WRITERS[format](delivery))


def test_large_list_is_made_by_the_worker(petition):
    """A million names: the page is closed, the list is made, once, with who asked for it."""
    officer = make_member("delivery")
    people(petition, ("Amina", "Lund"), ("Omar", "Ystad"))
    target = petition.targets.get()
    assert deliveries.ask(target, by=officer, hide_small_places=True)
    assert not deliveries.ask(target, by=officer), "asked twice is asked once"
    assert not Delivery.objects.exists()
    assert deliveries.prepare_asked() == 1
    assert deliveries.prepare_asked() == 0
    delivery = Delivery.objects.get()
    assert (delivery.names, delivery.prepared_by, delivery.other_places_from) == (2, officer, 1)
    target.refresh_from_db()
    assert target.preparing_since is None


def test_large_list_with_nobody_left_says_so_in_the_trail(petition):
    assert deliveries.ask(petition.targets.get(), by=None)
    assert deliveries.prepare_asked() == 0
    assert AuditEvent.objects.get().verb == "could not prepare a list"
    assert deliveries.ask(petition.targets.get(), by=None), "it can be asked for again"
