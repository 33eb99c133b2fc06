"""“How we protect you” says nothing that a test does not prove.

Each sentence of the page stands here, either with the tests that prove it, or among those that
promise nothing of us. Whoever changes a sentence has to look for its proof again.
"""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.test import RequestFactory

from campaign_site import throttle
from campaign_site.models import SiteSettings
from petitions.models import Petition
from tests import factories
from tests.site_urls import addresses

pytestmark = pytest.mark.django_db
HERE = Path(__file__).parent

P = "petitions/"
LISTS = (
    P + "test_delivering.py::test_file_holds_name_and_city_and_nothing_else",
    P + "test_delivering.py::test_a_thousand_marked_addresses_are_in_no_file",
    P + "test_a_thousand_signers.py::test_every_format_holds_name_and_city_and_nothing_else",
)
FROZEN = (
    P + "test_signing.py::test_frozen_petition_keeps_its_recipients",
    P + "test_signing.py::test_first_confirmation_freezes_what_was_signed",
    "staff/test_what_was_signed.py::test_second_government_is_answered_with_the_sentence",
)
UNNAMED = (
    P + "test_signing.py::test_counted_without_a_name",
    P + "test_signing.py::test_database_keeps_no_name_of_who_is_not_to_be_named",
    P + "test_signing_on_the_pages.py::test_count_me_without_my_name_needs_no_name",
)
NO_ADDRESS = (
    "test_no_trace.py::test_no_address_stays_after_a_thousand_signatures",
    P + "test_signing.py::test_address_is_never_in_clear",
)
ERASED_ADDRESS = (
    P + "test_reminder.py::test_the_address_is_erased_in_the_same_step",
    P + "test_reminder.py::test_who_is_counted_already_is_not_reminded",
    P + "test_reminder.py::test_who_confirms_gets_no_reminder_that_still_waits",
    P + "test_reminder.py::test_the_rest_still_expires",
    P + "test_reminder.py::test_mail_that_cannot_leave_in_48_hours_is_given_up",
    P + "test_reminder.py::test_reminder_has_an_hour_to_leave",
)
FINGERPRINT = ("test_privacy_page.py::test_fingerprints_of_two_petitions_cannot_be_compared",)
BOX = (
    P + "test_asking_for_updates.py::test_nothing_the_server_holds_opens_a_box",
    P + "test_asking_for_updates.py::test_the_tick_is_there_and_not_set",
)
NOTHING_TO_FIND_OUT = (
    "test_nothing_to_find_out.py::test_signing_answers_alike",
    "test_nothing_to_find_out.py::test_finding_answers_alike",
    "test_nothing_to_find_out.py::test_every_form_that_asks_for_an_address_is_tested_here",
)
PURGED = (
    P + "test_retention.py::test_names_stay_until_90_days_after_the_end",
    P + "test_retention.py::test_names_never_stay_longer_than_two_years",
    P + "test_retention.py::test_0_rows_are_older_than_the_policy",
)

CLAIMS = {
    # Who reads my name?
    "Only the governments that the petition names.": (
        P + "test_delivering.py::test_each_government_gets_its_own_list",
        "staff/test_deliver.py::test_only_offices_of_the_promised_government",
    ),
    "Their list shows your name and your city, as you typed them, and nothing else: no address, "
    "no date, no number.": (*LISTS, P + "test_signing.py::test_name_and_city_are_kept_as_typed"),
    "Of us, only the people who prepare and carry that list see it.": (
        "staff/test_deliver.py::test_nobody_else_gets_near_a_list",
        "staff/test_who_sees_what.py::test_no_list_shows_who_signed",
    ),
    "If a name looks odd, one of them looks at it first.": (
        P + "test_signing.py::test_odd_name_is_counted_and_held",
        "staff/test_review.py::test_queue_shows_held_names_and_nothing_else",
        "staff/test_review.py::test_other_roles_see_no_held_name",
    ),
    "We publish no names of people who sign a petition.": (
        "test_privacy_page.py::test_no_public_page_shows_a_signer",
    ),
    "As soon as one person has signed, a petition cannot get another government or another "
    "letter.": FROZEN,
    "To ask somebody else, we must start a new petition.": FROZEN,
    "You need not be on the list: press “Count me without my name”.": UNNAMED,
    "Then you are only one more in the number, and we keep neither name nor city, whatever you "
    "typed.": UNNAMED,
    # Who reads my e-mail address?
    "Nobody here.": ("staff/test_who_sees_what.py::test_no_list_shows_who_signed", *NO_ADDRESS),
    "A program sends you one mail, to check that it is you, and one reminder if you do not confirm "
    "within two days.": (
        P + "test_reminder.py::test_one_reminder_with_the_same_code",
        P + "test_reminder.py::test_two_workers_send_one_reminder_each",
        P + "test_many_at_once.py::test_two_workers_send_each_mail_once",
    ),
    "Until you confirm, your address is kept scrambled (encrypted).": NO_ADDRESS,
    "It is erased as soon as you confirm, and after 48 hours in any case.": ERASED_ADDRESS,
    "It is on no list.": LISTS,
    "Only if you tick that you want to hear from us, your address is kept: locked in a box that "
    "opens with a key which is not on this server.": BOX,
    "Nothing leads from that box to your signature.": (
        P + "test_asking_for_updates.py::test_no_column_leads_from_a_subscription_to_a_signature",
        P + "test_asking_for_updates.py::test_what_postgresql_adds_to_a_row_leads_nowhere_either",
    ),
    "If you do not confirm, it is erased after seven days.": (
        P + "test_asking_for_updates.py::test_whoever_does_not_confirm_is_not_kept",
    ),
    "So that nobody is counted twice, we keep a fingerprint of the address.": (
        P + "test_signing.py::test_same_person_signs_twice_and_counts_once",
        P + "test_signing.py::test_database_refuses_the_same_mailbox_twice",
    ),
    "The address cannot be read back from it.": FINGERPRINT,
    "Each petition has its own kind of fingerprint, so they cannot be compared.": FINGERPRINT,
    "For about a day we also keep one to make sure that nobody floods your mailbox with our "
    "mails.": (
        P + "test_abuse.py::test_a_thousand_attempts_on_one_address",
        P + "test_retention.py::test_what_is_kept_too_long_is_seen",
        P + "test_retention.py::test_after_purge_nobody_of_a_thousand_can_be_verified",
    ),
    # Can anyone find out here that I signed?
    "Not with your address: our pages give the same answer to everybody, whether that address has "
    "signed or not.": NOTHING_TO_FIND_OUT,
    "What is kept of you opens only through your own mailbox.": (
        P + "test_signing_on_the_pages.py::test_unknown_links_and_codes_get_one_neutral_answer",
        P + "test_signing.py::test_link_of_another_purpose_opens_nothing",
    ),
    "As a rule our mails do not say which petition they are about.": (
        P + "test_signing.py::test_mail_says_nothing_that_was_typed",
        P + "test_reminder.py::test_discreet_reminder_does_not_name_the_petition",
        "test_privacy_page.py::test_discreet_is_the_rule",
    ),
    "We use no account, no cookies and no tracking, and nothing on our pages comes from another "
    "website.": ("test_public_pages.py::test_every_page_is_there_and_leaves_nothing_behind",),
    "We do not store your network address (IP address).": NO_ADDRESS[:1],
    "We hold it in memory for about an hour, scrambled, to stop machines that send thousands of "
    "forms.": ("test_privacy_page.py::test_networks_are_forgotten_after_an_hour",),
    # What if this computer is seized?
    "Whoever takes our database finds the names and cities of people who signed with their "
    "name.": UNNAMED,
    "They do not find e-mail addresses: those are erased, or encrypted with a key that is not in "
    "the database.": NO_ADDRESS,
    "Whoever takes the key as well could read the addresses of people who are just confirming, and "
    "could check whether an address they already know has signed, until its petition’s names are "
    "erased.": (P + "test_retention.py::test_after_purge_nobody_of_a_thousand_can_be_verified",),
    "If you must not be named, let us count you without your name: then there is no name to "
    "find.": UNNAMED,
    # How do I take my name off?
    "Open the link in our mail.": (
        P + "test_signing.py::test_code_leads_to_the_page_before_and_after_confirming",
    ),
    "There you can take your name off the list and stay counted, or remove everything.": (
        P + "test_delivering.py::test_who_stepped_back_after_a_list_is_in_no_new_file",
        P + "test_signing.py::test_removed_before_a_list",
    ),
    "It works at once.": (
        P + "test_a_thousand_signers.py::test_a_thousand_who_leave_before_a_list_are_not_on_it",
    ),
    "No mail any more?": (),
    "Get the link again.": (
        P + "test_a_thousand_signers.py::test_find_brings_the_link_back_to_leave",
    ),
    "No access to that mailbox any more?": (),
    "Write to hello@example.org: we can erase every signature of an address.": (
        P + "test_retention.py::test_forgotten_by_command",
        P + "test_retention.py::test_an_administrator_forgets_a_supporter",
    ),
    "Your name will be on no list after that.": (
        P + "test_a_thousand_signers.py::test_who_leaves_later_is_in_no_new_file_of_any_format",
    ),
    # What if I sign an open letter?
    "An open letter is for people who want to be named in public: everybody reads the name, role "
    "and organisation that you give, once we have agreed.": (
        P + "test_open_letters.py::test_from_the_form_to_the_letter_and_away_again",
        P + "test_open_letters.py::test_declined_is_told_by_the_link_and_shown_nowhere",
    ),
    "The link in our mail takes your name back.": (
        P + "test_open_letters.py::test_from_the_form_to_the_letter_and_away_again",
    ),
    # Until when do we keep it?
    "A request to sign an open letter: seven days if you do not confirm it, 90 days if we do not "
    "answer, 30 days if we decline.": (
        P + "test_open_letters.py::test_requests_are_kept_no_longer_than_said",
    ),
    "If we agree, it is kept with your name, and with a fingerprint of your address.": (
        P + "test_open_letters.py::test_no_address_is_stored_in_plain_text",
    ),
    "What you typed and did not confirm: seven days.": (
        P + "test_reminder.py::test_the_rest_still_expires",
    ),
    "Your address: until you confirm, at most 48 hours.": ERASED_ADDRESS,
    "Where a petition is very risky, only until the mail has left.": (
        P + "test_signing.py::test_high_risk_petition_keeps_no_address",
        P + "test_reminder.py::test_high_risk_petition_has_nobody_to_write_to",
    ),
    "Your name and city, the day you signed, your language and the fingerprint of your address: "
    "until you remove them.": (
        P + "test_signing.py::test_removed_before_a_list",
        "test_no_trace.py::test_no_address_stays_after_a_thousand_signatures",
    ),
    "Otherwise until 90 days after the petition closed, and never longer than two years.": PURGED,
    "Each petition’s page tells the day.": (
        P + "test_retention.py::test_the_day_is_on_the_petitions_page",
        P + "test_retention.py::test_the_day_is_on_the_personal_page",
    ),
    "After that only the number of people is left.": (
        P + "test_retention.py::test_total_is_the_same_and_provable",
    ),
    "Nobody can find out from our database any more who had signed.": (
        P + "test_retention.py::test_after_purge_nobody_of_a_thousand_can_be_verified",
    ),
    "What we had to take out of the count: its name and city for 30 days, then only the "
    "fingerprint, so that it does not come back.": (
        P + "test_taking_out.py::test_after_30_days_names_go_and_mailboxes_still_do_not_come_back",
    ),
    "The random number of what was erased: about three months, so that it does not come back with "
    "an old copy of our data.": (
        "campaign_site/test_erasures.py::test_who_left_does_not_come_back",
        "campaign_site/test_erasures.py::test_old_months_are_forgotten",
    ),
    "The locked box, if you ticked that you want to hear from us: until 30 days after we have "
    "taken it to the computer that opens it, and never longer than two years.": (
        P + "test_asking_for_updates.py::test_boxes_are_not_kept_for_ever",
    ),
}

# Advice, and what we cannot do: nothing that could turn out not to be kept.
NO_PROMISE = {
    "Signing is a brave act for some people.",
    "Here is what happens with what you type: who reads it, what we keep, and what we cannot "
    "protect you from.",
    "Think of them first.",
    "“Count me without my name” is made for this.",
    "You may also name a larger place near you instead of your own town.",
    "Do not sign with somebody else’s name.",
    "The government reads the list.",
    "That is what it is for.",
    "We do not know what it does with it.",
    "Your mail provider sees that we wrote to you.",
    "Somebody who holds your phone or reads your mail can open your page.",
    "Your network can see that you visited this website.",
    "A list that is printed or handed over already, we cannot take back.",
    "Another question?",
    "hello@example.org",
}


class Sentences(HTMLParser):
    """What stands in paragraphs and lists of the page itself, without its headings and footer."""

    def __init__(self):
        super().__init__()
        self.inside, self.heading, self.text = False, False, ""

    def handle_starttag(self, tag, attrs):
        self.inside = self.inside or tag == "main"
        self.heading = tag in ("h1", "h2")
        self.text += "\n" if tag in ("p", "li") else ""

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "main"
        self.text += "\n" if tag in ("p", "li") else ""
        self.heading = False

    def handle_data(self, data):
        if self.inside and not self.heading:
            self.text += " ".join(data.split()).join((" ", " "))

    def found(self):
        for paragraph in self.text.split("\n"):
            words = re.sub(r"\s+([.:,;?])", r"\1", " ".join(paragraph.split()))
            yield from filter(None, re.split(r"(?<=[.?!]) (?=[A-Z“a-z])", words))


@pytest.fixture
def said(client, tmp_path):
    """Every sentence that the page can show."""
    SiteSettings.load()
    SiteSettings.objects.update(contact="hello@example.org")
    factories.make_contact_key(tmp_path / "key")
    parser = Sentences()
    parser.feed(client.get("/privacy/").content.decode())
    return set(parser.found())


def test_every_sentence_has_its_proof(said):
    unproved = said - CLAIMS.keys() - NO_PROMISE
    assert not unproved, "find the test that proves it, or do not say it"


def test_no_proof_is_left_of_what_the_page_no_longer_says(said):
    assert CLAIMS.keys() | NO_PROMISE == said


def test_every_proof_exists():
    for tests in CLAIMS.values():
        for test in tests:
            path, name = test.split("::")
            tree = ast.parse((HERE / path).read_text())
            names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert name in names, test


def test_without_a_key_for_updates_the_page_does_not_speak_of_it(client):
    page = client.get("/privacy/").content.decode()
    assert "locked" not in page


# --- Proofs that stand nowhere else ---------------------------------------------------------------


def test_no_public_page_shows_a_signer(client, petition):
    """Promise 1: names are for the list alone."""
    Petition.objects.update(show_count_from=1)
    factories.sign_and_confirm(petition, name="Markednamed", city="Markedplace")
    factories.sign(petition, name="Markedwaiting", city="Markedplace")
    seen = 0
    for address in addresses():
        if address.name.startswith(("admin:", "preview")) or "token" in address.parameters:
            continue
        values = {"slug": petition.slug} if "slug" in address.parameters else {}
        answer = client.get(address.path(**values))
        seen += answer.status_code == 200
        assert b"Marked" not in b"".join(answer), address
    assert seen > 10


def test_fingerprints_of_two_petitions_cannot_be_compared(petition):
    """Promise 8: keyed by a key outside the database, and by the petition."""
    other = factories.make_petition()
    one = factories.sign_and_confirm(petition, email="amina@example.org")
    two = factories.sign_and_confirm(other, email="amina@example.org")
    clues = {bytes(row.digest) for row in (one, two)} | {
        bytes(row.domain_digest) for row in (one, two)
    }
    assert len(clues) == 4
    assert all(len(clue) == 32 for clue in clues)


def test_discreet_is_the_rule():
    assert Petition._meta.get_field("discreet").default is True


def test_networks_are_forgotten_after_an_hour(monkeypatch):
    """Promise 9: and until then only a digest under a key of this process is in memory."""
    limit = throttle.Limit(slow_from=2, refused_from=5)
    clock = [1_000.0]
    monkeypatch.setattr(throttle.time, "monotonic", lambda: clock[0])
    requests = RequestFactory()
    for number in range(50):
        limit.hit(requests.get("/", REMOTE_ADDR=f"203.0.113.{number}"))
    assert len(limit._seen) == 50
    assert "203.0.113" not in repr(limit._seen)
    clock[0] += 3_601
    limit.hit(requests.get("/", REMOTE_ADDR="198.51.100.1"))
    assert len(limit._seen) == 1


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:49152", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:49152", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2:3::4]", "2001:db8:1:2::/64"),
        ("unknown", ""),
    ],
)
def test_one_network_however_a_proxy_writes_it(settings, address, network):
    settings.TRUSTED_PROXIES = 1
    request = RequestFactory().get("/", HTTP_X_FORWARDED_FOR=f"198.51.100.1, {address}")
    assert throttle.network(request) == network
