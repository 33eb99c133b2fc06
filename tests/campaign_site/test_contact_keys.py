"""Making contact keys, and opening what was sealed to them on a computer that is not connected."""

import base64
import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.timezone import now

from campaign_site import contact_keys, sealing
from campaign_site.models import AuditEvent, ContactKey
from tests import factories
from tests.staff.forms import text

ROOT = Path(__file__).resolve().parent.parent.parent
ALONE = [sys.executable, str(ROOT / "campaign_site" / "sealing.py")]
DJANGO = [sys.executable, str(ROOT / "manage.py"), "open_contacts"]


@pytest.fixture
def pair(tmp_path):
    """A key file as its owner keeps it, and the public half."""
    private, public = sealing.make_pair()
    file = tmp_path / "key.txt"
    sealing.write_private(file, private, "Spring")
    return file, public


def sealed_row(public, address="amina@example.org", *, label="Spring", box=None, **more):
    box = box or sealing.seal_for(public, {"address": address, "campaign": "bring-her-home"} | more)
    key = f"{label} {sealing.key_id(public)}"
    return ["bring-her-home", "en", "Tell me", key, base64.b64encode(box).decode()]


def write_boxes(path, *rows):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([sealing.BOX_COLUMNS, *rows])
    return path


def offline(command, *words):
    """Run without any setting, as on a computer that knows nothing of this site."""
    words = list(map(str, words))
    return subprocess.run([*command, *words], env={}, capture_output=True, text=True, check=False)


# --- Making ----------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_key_is_proved_from_its_file_before_it_is_used(tmp_path):
    file = tmp_path / "key.txt"
    call_command("create_contact_key", output=file, label="Spring", stdout=io.StringIO())
    key = ContactKey.current()
    assert sealing.public_half(sealing.read_private(file)) == bytes(key.public)
    assert key.proved_at
    assert file.stat().st_mode & 0o777 == 0o600
    event = AuditEvent.objects.get(verb="created a contact key")
    assert event.about == f"Spring {key.identifier}"
    private = sealing.read_private(file)
    assert private.hex() not in str(event.details)


@pytest.mark.django_db
def test_a_file_that_opens_nothing_makes_no_key(tmp_path, monkeypatch):
    """A disk that stored something else: the earlier key stays in use, nothing is left behind."""
    before = factories.make_contact_key(tmp_path / "before.txt")
    monkeypatch.setattr(sealing, "read_private", lambda path: bytes(range(32)))
    with pytest.raises(CommandError, match="does not open a test box"):
        call_command("create_contact_key", output=tmp_path / "key.txt")
    assert ContactKey.current() == before
    assert not (tmp_path / "key.txt").exists()


@pytest.mark.django_db
def test_no_file_is_overwritten(tmp_path):
    file = tmp_path / "key.txt"
    factories.make_contact_key(file)
    before = file.read_text()
    with pytest.raises(CommandError, match="is there already"):
        call_command("create_contact_key", output=file)
    assert file.read_text() == before
    with pytest.raises(CommandError, match="Cannot write"):
        call_command("create_contact_key", output=tmp_path / "missing" / "key.txt")
    assert ContactKey.objects.count() == 1


@pytest.mark.django_db
def test_a_new_key_takes_the_place_of_the_old_one(tmp_path):
    old = factories.make_contact_key(tmp_path / "old.txt")
    new = factories.make_contact_key(tmp_path / "new.txt")
    assert ContactKey.current() == new
    old.refresh_from_db()
    assert old.retired_at
    values = {"label": "x", "public": b"x" * 32, "proved_at": now()}
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactKey.objects.create(**values)


@pytest.mark.django_db
def test_only_administrators_make_keys(tmp_path):
    factories.make_member("campaigner", first_name="C")
    name = ContactKey._meta.get_field("made_by").related_model.objects.get().username
    with pytest.raises(CommandError, match="may not make contact keys"):
        call_command("create_contact_key", output=tmp_path / "key.txt", by=name)
    assert not ContactKey.objects.exists()


# --- Opening, without a database and without settings ----------------------------------------


@pytest.mark.parametrize("command", [[*ALONE, "open"], DJANGO], ids=["alone", "manage.py"])
def test_boxes_are_opened_without_database_or_settings(pair, tmp_path, command):
    file, public = pair
    boxes = write_boxes(
        tmp_path / "boxes.csv",
        sealed_row(public, language="en", date="2026-03-01", consent="Tell me"),
        sealed_row(public, "гуля@example.org", language="ug"),
    )
    done = offline(command, "--key", file, boxes, "--output", tmp_path / "addresses.csv")
    assert (done.returncode, done.stderr.strip()) == (0, "2 addresses opened")
    written = tmp_path / "addresses.csv"
    assert written.stat().st_mode & 0o777 == 0o600
    with open(written, encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.reader(opened))
    assert rows == [
        ["address", "campaign", "language", "date", "consent"],
        ["amina@example.org", "bring-her-home", "en", "2026-03-01", "Tell me"],
        ["гуля@example.org", "bring-her-home", "ug", "", ""],
    ]
    done = offline(command, "--key", file, boxes)
    assert "amina@example.org,bring-her-home" in done.stdout


def test_the_tool_needs_no_django(pair):
    """One file and one package on the offline computer."""
    names = "import sys; sys.path.insert(0, sys.argv[1]); import sealing; print('django' in sys.modules)"
    done = offline([sys.executable, "-c", names], ROOT / "campaign_site")
    assert done.stdout.strip() == "False", done.stderr
    file, public = pair
    done = offline(ALONE, "check", "--key", file)
    assert (done.returncode, done.stderr.strip()) == (
        0,
        f"This is the contact key {sealing.key_id(public)}. It works.",
    )


def _other_key(tmp_path, public):
    private, _public = sealing.make_pair()
    sealing.write_private(tmp_path / "other.txt", private, "Other")
    return {"key": tmp_path / "other.txt"}, "sealed to another key: Spring"


def _damaged_key(tmp_path, public):
    (tmp_path / "damaged.txt").write_text("VIGIL-CONTACT-KEY-1:AAAA\n")
    return {"key": tmp_path / "damaged.txt"}, "is damaged: use your other copy"


def _no_key(tmp_path, public):
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    return {"key": tmp_path / "photo.jpg"}, "is not a contact key"


def _missing_key(tmp_path, public):
    return {"key": tmp_path / "nowhere.txt"}, "Cannot read the key file"


def _missing_boxes(tmp_path, public):
    return {"boxes": tmp_path / "nowhere.csv"}, "Cannot read"


def _other_file(tmp_path, public):
    (tmp_path / "names.csv").write_text("name,city\nAmina,Lund\n")
    return {"boxes": tmp_path / "names.csv"}, "is not a file of export_contacts"


def _no_text(tmp_path, public):
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\0")
    return {"boxes": tmp_path / "photo.jpg"}, "is not a file of export_contacts"


def _cut_box(tmp_path, public):
    row = sealed_row(public)
    return {"boxes": write_boxes(tmp_path / "cut.csv", [*row[:4], row[4][:80]])}, "is damaged"


def _no_base64(tmp_path, public):
    row = sealed_row(public)
    return {"boxes": write_boxes(tmp_path / "cut.csv", [*row[:4], "§"])}, "is damaged"


def _output_there(tmp_path, public):
    (tmp_path / "there.csv").write_text("mine")
    return {"output": tmp_path / "there.csv"}, "is there already"


def _output_nowhere(tmp_path, public):
    return {"output": tmp_path / "no" / "such.csv"}, "Cannot write"


@pytest.mark.parametrize("command", [[*ALONE, "open"], DJANGO], ids=["alone", "manage.py"])
@pytest.mark.parametrize(
    "wrong",
    [
        _other_key,
        _damaged_key,
        _no_key,
        _missing_key,
        _missing_boxes,
        _other_file,
        _no_text,
        _cut_box,
        _no_base64,
        _output_there,
        _output_nowhere,
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(pair, tmp_path, wrong, command):
    file, public = pair
    given = {"key": file, "boxes": write_boxes(tmp_path / "boxes.csv", sealed_row(public))}
    change, sentence = wrong(tmp_path, public)
    given |= {"output": tmp_path / "addresses.csv"} | change
    done = offline(command, "--key", given["key"], given["boxes"], "--output", given["output"])
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "addresses.csv").exists()


def test_one_damaged_box_stops_nobody_elses(pair, tmp_path):
    file, public = pair
    row = sealed_row(public)
    boxes = write_boxes(tmp_path / "boxes.csv", [*row[:4], row[4][:80]], row)
    done = offline([*ALONE, "open"], "--key", file, boxes)
    assert done.returncode == 1
    assert "Row 2 is damaged" in done.stderr
    assert "1 addresses opened" in done.stderr
    assert "amina@example.org" in done.stdout


def test_boxes_of_several_keys_are_opened_at_once(pair, tmp_path):
    file, public = pair
    private, later = sealing.make_pair()
    sealing.write_private(tmp_path / "later.txt", private, "Later")
    boxes = write_boxes(
        tmp_path / "boxes.csv", sealed_row(public), sealed_row(later, "b@example.org")
    )
    done = offline([*ALONE, "open"], "--key", file, "--key", tmp_path / "later.txt", boxes)
    assert done.returncode == 0
    assert "amina@example.org" in done.stdout
    assert "b@example.org" in done.stdout


def test_an_address_is_no_formula(pair, tmp_path):
    """Letters such as = and | may stand before the @: a spreadsheet must not obey them."""
    file, public = pair
    evil = "=cmd|'/c!a'@example.org"
    boxes = write_boxes(tmp_path / "boxes.csv", sealed_row(public, evil, consent="@SUM(1)"))
    done = offline([*ALONE, "open"], "--key", file, boxes)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows[0]["address"] == f"<{evil}>"
    assert not [cell for row in rows for cell in row.values() if cell[:1] in tuple("=+-@")]


def test_a_box_tells_nothing_by_its_size():
    _private, public = sealing.make_pair()
    sizes = {
        len(sealing.seal_for(public, {"address": "a" * length + "@example.org"}))
        for length in (1, 40, 240)
    }
    assert len(sizes) == 1


# --- What staff see --------------------------------------------------------------------------


def test_staff_see_that_the_key_works_and_who_exported(administrator, petition, tmp_path):
    key = factories.make_contact_key(tmp_path / "key.txt", by=administrator.member)
    for _ in range(3):
        factories.sign_and_confirm(petition, updates=True)
    page = reverse("admin:campaign_site_contactkey_change", args=[key.pk])
    before = text(administrator.get(page))
    assert "works: every petition offers updates" in before
    assert "nobody yet" in before
    who = administrator.member.username
    call_command("export_contacts", output=tmp_path / "boxes.csv", by=who, stdout=io.StringIO())
    factories.sign_and_confirm(petition, updates=True)
    after = text(administrator.get(page))
    assert f"{who} · 3" in after
    row = administrator.get(reverse("admin:campaign_site_contactkey_changelist")).context["cl"]
    assert [(one.waiting, one.exported) for one in row.result_list] == [(1, 3)]
    assert administrator.post(page, {"label": "Mine"}).status_code == 403


def test_an_administrator_stops_asking_for_updates(administrator, campaigner, tmp_path):
    key = factories.make_contact_key(tmp_path / "key.txt")
    page = reverse("admin:campaign_site_contactkey_retire", args=[key.pk])
    assert campaigner.get(page).status_code == 403
    assert campaigner.get(reverse("admin:campaign_site_contactkey_changelist")).status_code == 403
    assert "still be exported" in text(administrator.get(page))
    assert ContactKey.current() == key
    assert administrator.post(page).status_code == 302
    assert ContactKey.current() is None
    assert not contact_keys.retire(key.pk), "once"
    event = AuditEvent.objects.get(verb="retired a contact key")
    assert event.by == administrator.member
