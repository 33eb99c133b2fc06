"""Promise 17: who may do what, for every role and every address of the URLconf.

The addresses come from the URLconf, the expected answers from the one table below. An address
that the table does not know fails the test, so that a new one cannot be forgotten.
"""

from datetime import timedelta
from fnmatch import fnmatchcase

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils.timezone import now

from campaign_site import contact_keys
from campaign_site.models import AuditEvent, HeldWord, Language, SiteSettings
from campaigns.models import Campaign, CaseList, Event, Organisation, Profile, Update
from petitions import batches, counting, deliveries, events, invalidation
from petitions.models import Handover, LedgerEntry, PaperBatch, Petition
from tests import factories
from tests.site_urls import addresses

pytestmark = pytest.mark.django_db

ROLES = ("campaigner", "translator", "delivery", "administrator")
STAFF = set(ROLES)
WRITE = {"campaigner", "administrator"}
DELIVER = {"delivery", "administrator"}
ADMINISTER = {"administrator"}
NOBODY = set()
EVERYBODY = {None} | STAFF

# Name of the address → who is let in. The first pattern that fits counts. None is a visitor.
TABLE = (
    # The public site
    ("home", EVERYBODY),
    ("about", EVERYBODY),
    ("privacy", EVERYBODY),
    ("search", EVERYBODY),
    ("campaign", EVERYBODY),
    ("campaigns:*", EVERYBODY),
    ("profile", EVERYBODY),
    ("document", EVERYBODY),
    ("files:document_file", EVERYBODY),
    ("case_list*", EVERYBODY),
    ("petitions:*", EVERYBODY),
    ("counter:count", EVERYBODY),
    ("feed", EVERYBODY),
    ("calendar", EVERYBODY),
    ("event_calendar", EVERYBODY),
    ("campaign_feed", EVERYBODY),
    ("profile_feed", EVERYBODY),
    ("theme", EVERYBODY),
    ("media", EVERYBODY),
    ("robots", EVERYBODY),
    ("sitemap", EVERYBODY),
    ("favicon", EVERYBODY),
    ("healthz", EVERYBODY),
    ("readyz", EVERYBODY),
    ("demo_mail", EVERYBODY),
    # One's own account
    ("admin:login", EVERYBODY),
    ("admin:logout", EVERYBODY),
    ("admin:index", STAFF),
    ("admin:app_list", STAFF),
    ("admin:password_change", STAFF),
    ("admin:password_change_done", STAFF),
    ("admin:jsi18n", STAFF),
    # Django's, used by no page of ours
    ("admin:autocomplete", NOBODY),
    ("admin:view_on_site", NOBODY),
    # The audit trail is the history: a redirect to the first page
    ("admin:*_history", STAFF),
    # What is written down for good
    ("admin:*_auditevent_add", NOBODY),
    ("admin:*_auditevent_delete", NOBODY),
    ("admin:*_member_delete", NOBODY),
    ("admin:*_contactkey_add", NOBODY),  # by a command: the private half sees no browser
    ("admin:*_contactkey_delete", NOBODY),
    ("admin:*_sitesettings_add", NOBODY),
    ("admin:*_sitesettings_delete", NOBODY),
    ("admin:*_ledgerentry_delete", NOBODY),
    ("admin:*_invalidation_delete", NOBODY),
    ("admin:*_eventlink_add", NOBODY),  # at a petition
    ("admin:*_eventlink_delete", NOBODY),
    ("admin:*_joinrequest_add", NOBODY),  # by the form on the letter
    ("admin:*_joinrequest_delete", NOBODY),
    # Drafts
    ("preview_sitesettings", WRITE | {"translator"}),
    ("preview_*", STAFF),
    ("preview", EVERYBODY),  # by a signed link that ends
    # What the organisation says of itself is read by those who translate it
    ("admin:campaign_site_sitesettings_change*", WRITE | {"translator"}),
    ("admin:campaign_site_sitesettings_translate", WRITE | {"translator"}),
    # Who works here, how the site is set, what went on
    ("admin:campaign_site_heldword_*", DELIVER),
    ("admin:campaign_site_*", ADMINISTER),
    ("admin:auth_user_password_change", ADMINISTER),
    ("admin:petitions_petition_forget", ADMINISTER),
    ("admin:petitions_invalidation_*", ADMINISTER),
    # Names, and only where somebody must see them
    ("admin:petitions_delivery_*", DELIVER),
    ("admin:petitions_handover_*", DELIVER),
    ("admin:petitions_heldname_*", DELIVER),
    ("admin:petitions_ledgerentry_evidence", WRITE),  # a photograph of sheets may show names
    ("admin:petitions_paperbatch_sheets", WRITE),
    ("admin:petitions_eventlink_*", WRITE),
    ("admin:petitions_joinrequest_*", WRITE),
    # Content: all read, three roles translate, two write
    ("admin:*_translate", WRITE | {"translator"}),
    ("admin:campaigns_*_changelist", STAFF),
    ("admin:campaigns_*_change", STAFF),
    ("admin:campaigns_document_file", STAFF),  # who reads drafts, reads their files
    ("admin:campaigns_*", WRITE),
    ("admin:petitions_*_changelist", STAFF),
    ("admin:petitions_*_change", STAFF),
    ("admin:petitions_petition_share-kit", STAFF),  # what it shows is public
    ("admin:petitions_petition_*", WRITE),
    ("admin:petitions_openletter_*", WRITE),
    ("admin:petitions_ledgerentry_*", WRITE),
    ("admin:petitions_paperbatch_*", WRITE),
)

# These rows have no file to open, and this link was never made: whoever is let in reads 404, who is
# not is refused first.
WITHOUT_A_FILE = {
    "admin:petitions_ledgerentry_evidence",
    "admin:petitions_delivery_reply_view",
    "admin:campaigns_document_file",
    "preview",
}


def expected(name):
    for pattern, roles in TABLE:
        if fnmatchcase(name, pattern):
            return roles
    raise AssertionError(f"{name}: who is let in? Say so in the table of {__name__}")


@pytest.fixture
def rows(tmp_path, settings):
    """By a part of the names of addresses: a row that they are about, as drafts where those exist,
    because what is published is deleted by nobody."""
    settings.PRIVATE_ROOT = tmp_path
    settings.MEDIA_ROOT = tmp_path
    petition = factories.make_petition(slow_lane=False)
    government = petition.targets.get().government
    draft_campaign = factories.make_campaign(slug="draft", state=Campaign.State.DRAFT)
    factories.sign_and_confirm(petition)
    delivery = deliveries.prepare(petition, government)
    office = factories.make_office(government)
    handover = Handover(office=office, on="2026-05-12", outcome="refused")
    deliveries.hand_over(delivery, handover)
    factories.make_contact_key(tmp_path / "key")
    factories.offer("fr")
    letter = factories.make_open_letter(slug="draft", state="draft")
    entry = LedgerEntry(
        petition=petition, kind="offset", quantity=7, source="Table", date="2020", evidence="x"
    )
    counting.enter(entry)
    row, content = batches.make_row("Ada Rask", "Lund", []), batches.Content()
    content.add(row)
    about = {"source": "Market", "date": "2021", "evidence": "y", "quantity": 1}
    batch = PaperBatch(petition=petition, content=content.digest(), **about)
    batches.count(batch, [row], how="typed")
    signed = factories.sign_and_confirm(petition, name="Ola Falsk")
    return {
        "member": factories.make_member("translator"),
        "user": factories.make_member("translator"),
        "auditevent": AuditEvent.objects.create(verb="tested", about="a test"),
        "contactkey": contact_keys.ContactKey.current(),
        "language": Language.objects.get(),
        "heldword": HeldWord.objects.create(language="en", word="a word of nobody"),
        "sitesettings": SiteSettings.load(),
        "campaign": draft_campaign,
        "caselist": CaseList.objects.create(
            slug="draft", title="Draft", recipient=factories.make_government()
        ),
        "government": factories.make_government(),
        "document": factories.make_document(slug="draft", state="draft"),
        "openletter": letter,
        "joinrequest": factories.confirm_request(factories.ask_to_join(letter)),
        "organisation": Organisation.objects.create(slug="voices", name="Free Voices"),
        "profile": factories.make_profile(slug="draft", state=Profile.State.DRAFT),
        "event": factories.make_event(slug="draft", state=Event.State.DRAFT),
        "update": factories.make_update(slug="draft", state=Update.State.DRAFT),
        "petition": factories.make_petition(slug="draft", state=Petition.State.DRAFT),
        "delivery": delivery,
        "handover": handover,
        "eventlink": events.make(
            petition,
            label="Concert",
            valid_from=now(),
            valid_until=now() + timedelta(hours=1),
            mails=5,
        ),
        "invalidation": invalidation.invalidate(
            petition, invalidation.Rule(last_day=signed.signed_on), reason="A script"
        ),
        "ledgerentry": entry,
        "paperbatch": batch,
        "target": petition.targets.get(),
        "public": petition,
    }


def path_of(address, rows):
    """About a row that is there: what is missing would answer 404 before anybody is refused."""
    name = address.name.removeprefix("admin:").removeprefix("preview_")
    for app in ("campaign_site_", "campaigns_", "petitions_", "auth_"):
        name = name.removeprefix(app)
    row = rows.get(name.partition("_")[0])
    values = dict.fromkeys(("pk", "object_id", "id"), row.pk) if row else {}
    public = rows["public"]
    return address.path(
        **values, code="fr", slug=public.slug, petition_id=public.pk, target_id=rows["target"].pk
    )


def everything():
    """All rows of the site: what a refused request must leave as it is."""
    return {
        model._meta.label: list(model.objects.order_by("pk").values_list())
        for model in apps.get_models()
        if model is not Session
    }


def answer_of(response):
    if response.status_code == 302 and response["Location"].startswith("/admin/login/"):
        return "login"
    return "refused" if response.status_code == 403 else response.status_code


def browser_of(role):
    browser = Client(raise_request_exception=False)
    if role:
        browser.force_login(factories.make_member(role))
    return browser


def test_the_table_knows_every_address_and_no_other():
    names = {address.name for address in addresses()}
    for name in names:
        expected(name)
    # Patterns of addresses that come and go with a setting, or come later.
    optional = {"demo_mail", "sitemap", "favicon", "feed"}
    for pattern, _roles in TABLE:
        assert pattern in optional or any(fnmatchcase(name, pattern) for name in names), pattern


@pytest.mark.parametrize("role", [None, *ROLES])
def test_everybody_is_let_in_where_they_should(rows, role):
    surprises = {}
    browser = browser_of(role)
    for address in addresses():
        answer = answer_of(browser.get(path_of(address, rows)))
        if address.name == "admin:logout":
            browser = browser_of(role)
        let_in = role in expected(address.name)
        if not address.is_staff:
            good = let_in and answer in (200, 302, 404)
        elif role is None and not let_in:
            good = answer == "login"
        elif let_in:
            good = answer in (200, 302, 405) or (answer == 404 and address.name in WITHOUT_A_FILE)
        else:
            good = answer == "refused" or (answer == 404 and expected(address.name) == NOBODY)
        if not good:
            surprises[address.name] = answer
    assert not surprises


@pytest.mark.parametrize("role", [None, *ROLES])
def test_whoever_is_refused_changes_nothing(rows, role):
    """Every form of the back office, sent by somebody who may not: refused, and all as it was."""
    browser = browser_of(role)
    before = everything()
    sent = 0
    for address in addresses():
        if not address.is_staff or role in expected(address.name):
            continue
        for typed in ({}, {"post": "yes", "_save": "Save", "action": "count", "petition": "1"}):
            response = browser.post(path_of(address, rows), typed)
            assert answer_of(response) in (("login",) if role is None else ("refused", 404, 405)), (
                address.name,
                response.status_code,
            )
            sent += 1
    assert sent > 20
    assert everything() == before
