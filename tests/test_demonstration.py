"""The demonstration site, as a newcomer finds it."""

import html
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client, override_settings
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import override

from campaign_site import languages, pictures, searching
from campaign_site.demonstration import documents, estrava, making, translated
from campaign_site.demonstration.load import STAFF, load, write_samples
from campaign_site.management.commands import demo
from campaign_site.models import Member, OutboxMessage, SiteSettings
from campaign_site.names import held_reason
from campaign_site.partial_dates import describe
from campaign_site.translating import pieces_of
from campaigns import case_rows
from campaigns.models import Addressee, Campaign, Document, Government, Organisation, Profile
from petitions import counting, deliveries, delivery_lists
from petitions.models import (
    Delivery,
    LedgerEntry,
    OpenLetter,
    PendingSignature,
    Petition,
    Signature,
)
from tests.factories import offer
from tests.test_searching import found

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demonstration")]

PASSWORD = "lamp in every window"


@pytest.fixture(scope="module", autouse=True)
def demonstration(django_db_setup, django_db_blocker, tmp_path_factory):
    """Loaded once for all tests here, and taken out again."""
    media = tmp_path_factory.mktemp("media")
    with override_settings(MEDIA_ROOT=media):
        with django_db_blocker.unblock():
            assert load(password=PASSWORD)
        yield
        with django_db_blocker.unblock(), connection.cursor() as cursor:
            ours = ("campaign_site", "campaigns", "petitions")
            tables = [
                connection.ops.quote_name(model._meta.db_table)
                for app in ours
                for model in apps.get_app_config(app).get_models(include_auto_created=True)
            ]
            cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
            SiteSettings.load()


@pytest.fixture
def estravan():
    return Petition.objects.get(slug="free-marta-ilin")


# --- Real people ------------------------------------------------------------------------------


def test_every_record_of_the_files_is_there():
    for name, model in (
        ("profiles", Profile),
        ("campaigns", Campaign),
        ("petitions", Petition),
        ("governments", Government),
        ("organisations", Organisation),
    ):
        slugs = {record["slug"] for record in making.read(f"data/{name}.json")}
        assert slugs <= set(model.objects.values_list("slug", flat=True))


def test_every_document_of_the_records_is_there_with_its_facts():
    records = [
        paper for campaign in making.read("data/campaigns.json") for paper in campaign["documents"]
    ]
    assert len(records) == 14
    for record in records:
        document = Document.objects.get(slug=record["slug"])
        assert document.is_published
        assert (document.date, document.summary) == (record["date"], record["summary"])
        assert (document.sender, document.recipient) == (record["from"], record["to"])
        published_by = set(document.published_by.values_list("slug", flat=True))
        assert published_by == set(record.get("published_by", ()))
        original = document.translation_of and document.translation_of.slug
        assert original == record.get("translation_of")
        assert len(document.source_lines) == len(record["sources"])
        assert document.text == ""
    statement = Document.objects.get(slug="coalition-statement-2009")
    assert statement.senders.count() == 12


def test_invented_documents_show_what_documents_can(client, settings):
    settings.PRIVATE_ROOT = settings.PRIVATE_ROOT.parent  # where the demonstration was loaded
    letter = Document.objects.get(slug="letter-from-grey-quay")
    page = client.get(letter.get_absolute_url()).content.decode()
    assert '<ins class="editor">' in page
    assert 'role="doc-endnotes"' in page
    assert "letter-from-grey-quay-french" in page
    asked = Document.objects.get(slug="question-to-the-minister")
    assert len(asked.thread()) == 3
    assert asked.enclosures.count() == 2
    report = Document.objects.get(slug="what-the-sea-wall-cost")
    answer = client.get(reverse("files:document_file", args=[report.file["name"]]))
    assert b"".join(answer.streaming_content).startswith(b"%PDF-")
    assert Document.objects.filter(name_changed=True).count() == 1


def test_letter_of_2015_has_its_ten_organisations_and_ten_people(client):
    offer("zh-hans")
    letter = OpenLetter.objects.get(slug="open-letter-to-mps-2015")
    page = client.get(letter.get_absolute_url()).content.decode()
    assert "Signed by 10 organisations and 10 people." in page
    assert "musician and activist" in page
    assert letter.document.get_absolute_url() in page
    chinese = client.get(f"/zh-hans/letters/{letter.slug}/").content.decode()
    assert '<bdi lang="zh-hans">卓玛</bdi>' in chinese
    assert '<bdi lang="en">Ma Jian</bdi>' in chinese  # missing from the Chinese copy
    real = OpenLetter.objects.exclude(slug="open-letter-for-marta-ilin")
    assert real.count() == 3
    assert not any(letter.takes_requests for letter in real)


def test_invented_letter_is_open_and_one_request_waits(client):
    letter = OpenLetter.objects.get(slug="open-letter-for-marta-ilin")
    assert letter.takes_requests
    assert letter.requests.get().state == "waiting"
    page = client.get(letter.get_absolute_url()).content.decode()
    assert "Signed by 3 organisations and 4 people." in page
    assert "Petra Solano" not in page
    assert "romancière" in client.get(f"/fr/letters/{letter.slug}/").content.decode()


def test_facts_about_people_are_those_of_the_files():
    for record in making.read("data/profiles.json"):
        profile = Profile.objects.get(slug=record["slug"])
        assert profile.status == record["status"]
        assert profile.status_as_of == record["status_as_of"]
        assert profile.summary == record["summary"]
        assert profile.charges == record.get("charges", [])
        assert len(profile.source_lines) == len(record["sources"])
        assert profile.timeline.count() == len(record["timeline"])


def test_rows_of_a_record_are_those_of_the_file_each_with_its_source():
    for record in making.read("data/profiles.json"):
        profile = Profile.objects.get(slug=record["slug"])
        for key in documents.ROWS.values():
            rows = getattr(profile, key).all()
            assert len(rows) == len(record.get(key, [])), (profile, key)
            assert all(row.source.count("line") and "00" not in row.source[:3] for row in rows)
        for entry in profile.timeline.all():
            assert entry.source, entry


def test_record_of_huseyin_celil_fills_every_part_of_a_submission():
    profile = Profile.objects.get(slug="huseyin-celil")
    assert profile.name_in_capitals == "Huseyin CELIL"
    assert (profile.born, profile.gender, profile.ethnicity) == ("1969-03-01", "male", "Uyghur")
    for part in ("place", "area", "occupation", "work", "category", "background", "charges"):
        assert getattr(profile, part), part
    for part in ("questions", "requests", "represents", "well_known", "governments_active"):
        assert getattr(profile, part), part
    assert [row.in_short for row in profile.penalties.all()] == [
        "Life in prison (April 2007)",
        "Reduced to: 20 years in prison (February 2016)",
    ]
    assert profile.health_notes.get().date == "2016-08"
    kinds = set(profile.violations.values_list("kind", flat=True))
    assert kinds >= {"no_lawyer", "no_consul", "forced_confession", "torture", "unfair_trial"}
    assert "no_family_visits" not in kinds  # his mother and sister saw him
    dates = {entry.kind: entry for entry in profile.timeline.all()}
    for kind in ("arrest", "transfer", "trial", "sentence", "visit", "government", "last_contact"):
        assert kind in dates, kind
    assert dates["last_contact"].date == "2016"
    assert set(profile.related.values_list("slug", flat=True)) == {"wang-bingzhang", "qian-sun"}


def test_marta_ilin_shows_every_kind_of_row():
    profile = Profile.objects.get(slug="marta-ilin")
    for rows in case_rows.of(profile).values():
        assert rows
    assert [bool(photo.video) for photo in profile.gallery.all()] == [False, True]
    assert profile.sponsors.exists()
    assert profile.related.get().slug == "ivo-sand"


def test_what_no_document_says_stays_empty():
    profile = Profile.objects.get(slug="qian-sun")
    assert (profile.gender, profile.born, profile.work, profile.native_name) == ("",) * 4
    assert profile.verified_on is None


def test_real_people_have_no_photo_and_invented_ones_a_drawing():
    assert set(Profile.objects.exclude(photo=None).values_list("slug", flat=True)) == {"marta-ilin"}
    assert set(Petition.objects.exclude(photo=None).values_list("campaign__slug", flat=True)) == {
        "free-marta-ilin"
    }


def test_a_date_that_was_worked_out_is_shown_in_words():
    timeline = Profile.objects.get(slug="huseyin-celil").timeline
    early = timeline.get(date="1990~")
    assert early.date_words == "early 1990s"
    assert timeline.get(date="2007-04").date_words == ""
    assert timeline.filter(on_petition=True).count() == 5


def test_office_holders_are_facts_of_their_day():
    harper = Addressee.objects.get(name="Stephen Harper")
    assert harper.since == ""
    assert "November 2006; December 2009; 2012" in harper.source


def test_785_are_counted_elsewhere_and_not_here():
    petition = Petition.objects.get(slug="free-huseyin-celil")
    entry = petition.ledger_entries.get()
    assert (entry.kind, entry.quantity) == (LedgerEntry.Kind.OFFSET, 785)
    assert (petition.numbers.confirmed, petition.numbers.total) == (0, 785)
    assert [str(addressee) for addressee in petition.addressees] == [
        "Li Qiang, Premier of the People’s Republic of China"
    ]


def test_two_real_petitions_are_open_and_one_is_closed():
    real = Petition.objects.exclude(slug="free-marta-ilin")
    assert sorted(petition.slug for petition in real if petition.is_open) == [
        "free-huseyin-celil",
        "recognise-huseyin-celil",
    ]
    closed = real.get(slug="raise-human-rights-with-china-2015")
    assert closed.closed_on.isoformat() == "2015-10-31"
    assert "do not say" in closed.outcome


# --- Invented people --------------------------------------------------------------------------


def test_236_are_counted_and_100_on_paper(estravan):
    assert (estravan.numbers.confirmed, estravan.numbers.ledger) == (236, 100)


def test_every_count_can_be_proved():
    assert not any(counting.recount(petition) for petition in Petition.objects.all())


def test_18_asked_not_to_be_named_and_3_wait_for_review(estravan):
    standing = deliveries.numbers(estravan, estravan.governments.get())
    assert (standing.unnamed, standing.held) == (18, 3)
    held = Signature.objects.filter(held=True)
    assert {signature.held_reason for signature in held} == {"symbols", "formula", "digits"}


def test_no_other_name_or_place_is_held():
    signers = making.read("signers.json")
    names = [name for name, _city, deliver in estrava.signing_people(signers) if deliver]
    assert sum(bool(held_reason(name)) for name in names) == 3
    typed = [spelling for place in signers["places"].values() for spelling in place]
    assert not any(held_reason(spelling) for spelling in typed)


def test_240_people_in_six_scripts_and_30_places():
    signers = making.read("signers.json")
    people = estrava.signing_people(signers)
    assert people == estrava.signing_people(signers)
    assert len(people) == 240
    assert len(signers["scripts"]) == 6
    place_of = {
        typed: place for place, all_typed in signers["places"].items() for typed in all_typed
    }
    listed = Signature.objects.filter(deliver=True).values_list("city", flat=True)
    assert len({place_of[city] for city in listed}) == len(signers["places"]) == 30


def test_next_list_has_six_scripts_and_small_places(estravan):
    government = estravan.governments.get()
    standing = deliveries.numbers(estravan, government)
    assert standing.ready == 80
    assert standing.small_places
    rows = list(delivery_lists.rows(deliveries.prepare(estravan, government)))
    text = "".join(name for name, _city in rows)
    for letters in ("[a-z]", "[а-я]", "[ء-ی]", "[一-鿿]", "[ཀ-ྼ]", "[α-ω]"):
        assert re.search(letters, text), letters
    assert max(Counter(city for _name, city in rows).values()) >= deliveries.SMALL_PLACE


def test_first_list_was_refused_then_posted_and_nobody_replied():
    delivery = Delivery.objects.get()
    assert delivery.state == Delivery.State.HANDED_OVER
    lines = delivery.handovers.order_by("on").values_list("outcome", "public_line")
    assert [outcome for outcome, _line in lines] == ["refused", "posted"]
    assert all(str(delivery.names) in line for _outcome, line in lines)
    assert delivery.reply_is_overdue


def test_four_left_again_two_of_them_from_the_list(estravan):
    assert Signature.objects.filter(state=Signature.State.REMOVED).count() == 2
    assert Signature.objects.count() == 238
    assert (
        len(list(delivery_lists.rows(Delivery.objects.get()))) == Delivery.objects.get().names - 2
    )


def test_people_signed_over_six_weeks():
    days = set(Signature.objects.values_list("signed_on", flat=True))
    assert max(days) == localdate()
    assert min(days) >= localdate() - timedelta(days=estrava.OPENED)
    assert len(days) > 30


def test_no_mail_goes_to_people_who_do_not_exist():
    (mail,) = OutboxMessage.objects.all()
    assert mail.kind == OutboxMessage.Kind.FIND, (
        "to one, so that everybody can take them off a list"
    )
    assert not PendingSignature.objects.exists()


def test_facts_about_marta_ilin_are_fresh():
    profile = Profile.objects.get(slug="marta-ilin")
    assert profile.facts_are_fresh
    assert profile.status_as_of.latest <= localdate()
    assert profile.native_name == "Марта Илин"


# --- Other languages --------------------------------------------------------------------------

IN_FOUR = ("free-huseyin-celil", "recognise-huseyin-celil", "free-marta-ilin")


def every_translation():
    """(row, code, texts of the file), one by one."""
    for kind, rows in making.read("data/translations.json").items():
        for key, entries in rows.items():
            row = translated.row_of(kind, key)
            for code, texts in entries.items():
                yield row, code, texts


@pytest.mark.parametrize("slug", IN_FOUR)
def test_petitions_for_both_can_be_signed_in_four_languages(slug):
    petition = Petition.objects.get(slug=slug)
    assert petition.languages_to_sign_in == {"en", *translated.LANGUAGES}
    for code in translated.LANGUAGES:
        assert not petition.missing_in(code)
        with override(code):
            recipient = petition.governments.get().say("name", code).text
            promise = petition.say("promise", code).text
            assert promise == petition.default_promise
            assert recipient in promise
        # What people sign is said in full: no word of it is left in English.
        assert promise != petition.promise
        assert len(petition.say("demands", code).text) == len(petition.demands)


@pytest.mark.parametrize("code", translated.LANGUAGES)
@pytest.mark.parametrize("slug", IN_FOUR)
def test_page_says_it_in_the_language_of_its_address(client, slug, code):
    # As if somebody had read them; the demonstration itself shows a notice instead.
    offer(*translated.LANGUAGES)
    petition = Petition.objects.get(slug=slug)
    response = client.get(f"/{code}/petitions/{slug}/")
    assert response.status_code == 200
    page = html.unescape(response.content.decode())
    title = petition.say("title", code).text
    assert title != petition.title
    for words in (title, petition.say("promise", code).text, *petition.say("demands", code).text):
        assert words in page
    for addressee in petition.addressees:
        assert addressee.say("office", code).text in page
    # The key dates beside it, too.
    for entry in petition.profiles.get().timeline.filter(on_petition=True):
        assert entry.say("what", code).text in page
        assert not entry.missing_in(code)


def test_only_french_was_read_by_somebody_who_speaks_it(settings):
    settings.DEMO = True
    assert [language.code for language in languages.offered()] == ["en", *translated.LANGUAGES]
    unread = []
    for code in translated.LANGUAGES:
        with override(code):
            unread += [code] * languages.unread()
    assert unread == ["zh-hans", "ug"]


def test_one_summary_is_behind_and_nothing_else():
    behind = [
        (row, code, piece.field)
        for row, code, _texts in every_translation()
        for piece in pieces_of([row], code)
        if piece.behind
    ]
    campaign = Campaign.objects.get(slug="free-marta-ilin")
    assert behind == [(campaign, "fr", "summary")]
    assert campaign.is_published_in("fr")


def test_translations_name_only_what_is_there_and_fits():
    for row, code, texts in every_translation():
        said = {field: text for field, text in texts.items() if field != "of"}
        assert code in translated.LANGUAGES
        assert set(said) <= set(row.to_translate()), row
        assert set(texts.get("of", {})) <= set(said)
        assert row.is_published_in(code)
        for field, text in said.items():
            original, column = getattr(row, field), row._meta.get_field(field)
            assert isinstance(text, type(original))
            assert all(text)
            if isinstance(text, list):
                assert len(text) == len(original), (row, field)
            else:
                assert len(text) <= (getattr(column, "max_length", None) or len(text)), (row, field)


def test_translations_have_the_figures_of_the_original():
    """Years and sums: those that the English has, and no others."""
    for row, code, texts in every_translation():
        for field in set(texts) - {"of", *texts.get("of", {})}:
            both = (getattr(row, field), texts[field])
            original, said = ("\n".join(text) if isinstance(text, list) else text for text in both)
            figures = set(re.findall(r"\d\d+", said.replace("\u202f", ",")))
            assert figures == set(re.findall(r"\d\d+", original)), (row, code, field)


def test_translation_of_something_that_is_gone_is_told():
    with pytest.raises(Petition.DoesNotExist):
        translated.row_of("petition", "free-nobody")


# --- Staff, samples, starting again -----------------------------------------------------------


def test_four_members_log_in_with_the_password():
    for username, role in STAFF.items():
        member = Member.objects.get(username=username)
        assert member.role == role
        assert member.check_password(PASSWORD)


def test_loading_again_adds_nothing_and_takes_the_new_password():
    before = Signature.objects.count(), Profile.objects.count()
    assert not load(password="another lamp")
    assert (Signature.objects.count(), Profile.objects.count()) == before
    assert Member.objects.get(username="delivery").check_password("another lamp")


def test_samples_can_be_uploaded(tmp_path):
    write_samples(tmp_path)
    assert pictures.store(ContentFile((tmp_path / "closed-door.png").read_bytes()))["files"]
    lines = (tmp_path / "names.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "name,city"
    assert len(lines) == 11


# --- Its pages --------------------------------------------------------------------------------


@cache
def _pages():
    """Every public page that a visitor can reach from the home page, read once for all tests."""
    client, found, waiting = Client(), {}, ["/"]
    while waiting:
        path = waiting.pop()
        # Petitions that nobody can sign in a language lead to the original.
        response = client.get(path, follow=True)
        assert response.status_code == 200, path
        found[path] = ""  # a file
        if response["Content-Type"].startswith("text/html"):
            found[path] = response.content.decode()
        for link in re.findall(r'<a\b[^>]*\bhref="(/[^"#?]*(?:\?page=\d+)?)', found[path]):
            elsewhere = link.startswith(("/admin/", "/documents/files/"))
            if link not in found and link not in waiting and not elsewhere:
                waiting.append(link)
    return found


def test_every_page_answers_and_shows_no_address_of_a_signer():
    pages = _pages()
    for row in (*Campaign.objects.all(), *Petition.objects.all()):
        assert row.get_absolute_url() in pages
    for text in pages.values():
        addresses = set(re.findall(r"[\w.+-]+@[\w-]+\.[\w.]+", text))
        assert addresses <= {"hello@example.org", "press@example.org", "ministry@estrava.example"}
        assert "signer-" not in text


def records(name):
    return making.read(f"data/{name}.json")


def test_every_record_of_the_documents_can_be_read():
    """People, organisations, news, events, documents and signatories, from the home page on."""
    # Tags do not part words here: a name may have marks of its own around it.
    read = re.sub(r"<[^>]+>", "", html.unescape("\n".join(_pages().values())))
    wanted = [record["name"] for record in (*records("profiles"), *records("organisations"))]
    for campaign in records("campaigns"):
        wanted += [campaign["title"], *(demand["text"] for demand in campaign["demands"])]
        for kind in ("updates", "events", "documents"):
            wanted += [one["title"] for one in campaign.get(kind, ())]
        wanted += [action["title"] for action in campaign["further_actions"]]
        wanted += [
            person["name"]
            for letter in campaign.get("open_letter_signatories", ())
            for person in letter["individuals"]
        ]
    wanted += [petition["title"] for petition in records("petitions")]
    missing = [words for words in wanted if words not in read]
    assert not missing


def test_every_profile_shows_its_status_with_its_date(client):
    for profile in Profile.objects.all():
        text = client.get(profile.get_absolute_url()).content.decode()
        assert describe(profile.status_as_of) in text, profile.slug


def test_both_handovers_are_on_the_petition_page(client, estravan):
    text = client.get(estravan.get_absolute_url()).content.decode()
    assert "Refused at the door." in text
    assert "posted to the embassy by registered mail" in text


def test_counter_of_the_real_petition_says_785(client):
    path = reverse("counter:count", args=["free-huseyin-celil"])
    assert client.get(path).json()["count"] == 785


def test_it_is_found_by_what_it_wrote_in_bulk(client):
    assert found(client, "Husein Dzhelil")[0] == "Huseyin Celil"
    assert searching.reindex() == 0
    for code, rows in making.read("data/translations.json")["petition"]["free-marta-ilin"].items():
        assert "Free Marta Ilin" in found(client, rows["title"])[0], code


# --- The command ------------------------------------------------------------------------------


def test_taken_port_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CommandError, match=r"is in use: choose another one"):
            demo._free_addresses(taken.getsockname()[1])


def test_port_that_is_none_is_told():
    with pytest.raises(CommandError, match="is no port"):
        demo._free_addresses(65536)


def test_place_where_nothing_can_be_written_is_told(tmp_path, settings):
    (tmp_path / "file").write_text("in the way")
    settings.VAR = tmp_path / "file" / "var"
    with pytest.raises(CommandError, match=r"^Cannot write in .* choose another place with VAR="):
        demo.Demonstration(_free_port(), say=print).__enter__()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_serves_this_machine_only():
    port = _free_port()
    assert set(demo._free_addresses(port)) <= {f"127.0.0.1:{port}", f"[::1]:{port}"}


class Running:
    """`manage.py demo` as somebody starts it in a terminal, in a place of its own."""

    def __init__(self, place):
        self.port = _free_port()
        self.var = str(place / "var")
        manage = Path(demo.settings.BASE_DIR) / "manage.py"
        self.process = subprocess.Popen(
            [sys.executable, manage, "demo", "--port", str(self.port)],
            env=os.environ | {"VIGIL_VAR": self.var, "DEMO_PASSWORD": PASSWORD},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if "Ctrl-C stops" in line:
                return
        pytest.fail(self.said)

    def command(self, *words):
        """Beside it, given nothing but the place."""
        given = {"PATH": os.environ["PATH"], "VIGIL_VAR": self.var}
        words = [sys.executable, Path(demo.settings.BASE_DIR) / "manage.py", *words]
        return subprocess.run(words, env=given, capture_output=True, text=True)

    def page(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.read().decode()

    def handles(self):
        """One for each process that belongs to it; readable when that process has ended."""
        group, parents = {self.process.pid}, {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
        while new := {pid for pid, parent in parents.items() if parent in group} - group:
            group |= new
        return {pid: os.pidfd_open(pid) for pid in group}

    def end(self, number, pid=None):
        """Send a signal, and see that every process ends. What was said, and how it ended."""
        handles = self.handles()
        assert len(handles) > 5
        os.kill(pid or self.process.pid, number)
        said, _nothing = self.process.communicate(timeout=60)
        for handle in handles.values():
            assert select.select([handle], [], [], 30)[0], "still running"
            os.close(handle)
        return self.process.returncode, said

    def socket_folder(self):
        command = Path(f"/proc/{self.child('postgres')}/cmdline").read_text()
        return Path(re.search(r"unix_socket_directories=([^\0]+)", command)[1])

    def child(self, word):
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
                command = (stat.parent / "cmdline").read_text()
            except OSError:
                continue
            if parent == self.process.pid and word in command:
                return int(stat.parent.name)
        raise AssertionError(word)


@pytest.fixture
def place():
    """A directory that the account of PostgreSQL gets through, unlike pytest's own."""
    directory = Path(tempfile.mkdtemp(prefix="vigil-demo-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.mark.embedded
@pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")
def test_demo_starts_stops_goes_on_and_recovers(place):
    first = Running(place)
    for printed in (f"http://localhost:{first.port}/", "/admin/", "/demo/mail/", *STAFF, PASSWORD):
        assert printed in first.said
    assert "Marta Ilin" in first.page("/petitions/free-marta-ilin/")
    for file in ("signer_key", "environment.json"):
        assert stat_of(place / "var" / "secrets" / file) == "600"
    assert "4 petitions recounted, 0 had drifted" in first.command("recount").stdout
    refused = first.command("worker")
    assert (refused.returncode, "vigil.E003" in refused.stderr) == (1, True), "it has one"
    code, said = first.end(signal.SIGINT)
    assert (code, "Everything is stopped" in said) == (0, True)
    assert "vigil.E003" in first.command("recount").stderr, "nothing runs here any more"

    # Nothing is loaded twice, no log names a visitor, and a web server that dies takes all with it.
    second = Running(place)
    with socket.create_connection(("127.0.0.1", second.port)) as visitor:
        visitor.sendall(b"GET /signatures/a-token/ nonsense\r\n\r\n")
        assert b"400 Bad Request" in visitor.recv(1000)
    log = (place / "var" / "web-server.log").read_text()
    assert "a request could not be handled" in log
    assert not re.search(r"127\.0\.0\.1|::1|a-token", log)
    assert '"count": 336' in second.page("/petitions/free-marta-ilin/count.json")
    code, said = second.end(signal.SIGKILL, second.child("gunicorn"))
    assert (code, "The web server ended by itself" in said) == (1, True)

    # Killed without a word, it leaves nothing running and starts again.
    killed = Running(place)
    left = killed.socket_folder()
    assert killed.end(signal.SIGKILL)[0] == -signal.SIGKILL
    shutil.rmtree(left.parent)
    third = Running(place)
    assert third.page("/readyz") == "ready\n"
    assert third.end(signal.SIGTERM)[0] == 0


def stat_of(path):
    return f"{path.stat().st_mode & 0o777:o}"
