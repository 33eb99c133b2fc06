"""The back office speaks the words of campaigners, where Django would speak its own."""

import re

import pytest
from django.urls import reverse

from campaign_site.admin_site import SECTIONS
from campaigns.models import Campaign, Profile
from tests import factories
from tests.staff.forms import fill_in, text

pytestmark = pytest.mark.django_db
CHANGE = "admin:petitions_petition_change"


def heading(page) -> str:
    return re.search(r"<h1>(.*?)</h1>", page, re.S).group(1).strip()


def test_every_list_is_headed_as_the_first_page_calls_it(administrator):
    for name, _sentence, model, _new in SECTIONS:
        if model == "campaign_site.sitesettings":
            continue  # one form
        page = text(administrator.get(reverse(f"admin:{model.replace('.', '_')}_changelist")))
        assert heading(page) == name
        assert "to change" not in page
        assert "to view" not in page


def test_new_petition_is_the_quick_start_from_its_list_too(campaigner, officer):
    page = text(campaigner.get("/admin/petitions/petition/"))
    quick = reverse("admin:petitions_petition_quick-start")
    assert re.search(rf'<a href="{quick}" class="addlink">New petition</a>', page)
    assert "New petition" not in text(officer.get("/admin/petitions/petition/"))
    assert heading(text(campaigner.get("/admin/campaigns/profile/add/"))) == "New person"


def test_form_is_headed_by_what_it_is_about(campaigner, petition):
    page = text(campaigner.get(reverse(CHANGE, args=[petition.pk])))
    assert heading(page) == petition.title
    assert "Change petition" not in page


def test_page_of_an_app_leads_to_the_first_page(campaigner):
    """Django's own lists models and says of a site with petitions that there is none."""
    answer = campaigner.get("/admin/petitions/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_who_is_ticked_stands_first(campaigner, petition):
    for name in ("Aaa", "Bbb", "Zzz"):
        Profile.objects.create(name=name, slug=name.lower(), status="free", status_as_of="2026")
    petition.profiles.set([Profile.objects.get(name="Zzz")])
    page = text(campaigner.get(reverse(CHANGE, args=[petition.pk])))
    boxes = re.findall(r'<input type="checkbox" name="profiles"[^>]*>\s*(\w+)', page)
    assert boxes[:3] == ["Zzz", "Aaa", "Bbb"]


def test_what_is_hard_to_take_back_stands_last(campaigner, petition):
    page = text(campaigner.get(reverse(CHANGE, args=[petition.pk])))
    buttons = re.search(r'<ul class="object-tools verbs">(.*?)</ul>', page, re.S).group(1)
    graves = ['class="grave"' in button for button in buttons.split("<li>")[1:]]
    assert any(graves)
    assert graves == sorted(graves)


def test_officer_reads_what_to_do_with_a_joke(officer, administrator, petition):
    factories.sign_and_confirm(petition, name="=Anna")
    page = text(officer.get("/admin/petitions/heldname/"))
    assert "Leave a joke where it is" in page
    assert re.search(r'<input type="checkbox" disabled name="ticket"', page), (
        "it cannot be released"
    )
    page = text(administrator.get("/admin/petitions/heldname/"))
    assert " disabled " not in page, "but taken out of the count"


def test_deleting_says_that_nobody_brings_it_back(campaigner):
    """A draft with somebody ticked: no row that only ties the two together is named."""
    draft = factories.make_petition(state="draft")
    draft.profiles.add(Profile.objects.create(name="Zzz", slug="z", status_as_of="2026"))
    page = text(campaigner.get(reverse("admin:petitions_petition_delete", args=[draft.pk])))
    assert f"“<bdi>{draft.title}</bdi>” is deleted for good" in page
    assert "Nobody can bring it back." in page
    assert "object" not in re.sub("<[^>]+>", "", page)
    assert "relationship" not in page
    used = draft.targets.get().government
    page = text(campaigner.get(reverse("admin:campaigns_government_delete", args=[used.pk])))
    assert "cannot be deleted, because these need it" in page
    assert "Delete it for good" not in page


def test_nothing_of_a_password_is_shown(administrator):
    ana = factories.make_member("campaigner")
    ana.set_password("lamp in every window")
    ana.save()
    page = text(administrator.get(reverse("admin:campaign_site_member_change", args=[ana.pk])))
    assert heading(page) == ana.username
    assert "You can only set a new one." in page
    for word in ("algorithm", "salt", "hash:", "Designates"):
        assert word not in page, word


def test_saving_and_deleting_say_what_became_of_it(campaigner):
    """Not “The petition “…” was changed successfully.”"""
    new = {"title": "Let her go", "slug": "let-her-go", "summary": "Two sentences."}

    def told(answer):
        return text(campaigner.get(answer["Location"]))

    page = told(fill_in(campaigner, reverse("admin:campaigns_campaign_add"), **new))
    assert "Saved. It is a draft: not public until you publish it." in page
    draft = Campaign.objects.get()
    path = reverse("admin:campaigns_campaign_change", args=[draft.pk])
    for state, words in (
        ("published", "Saved. It is public, as it stands here."),
        ("removed", "Saved. The page stays taken down."),
        ("draft", "Saved. It is a draft: not public until you publish it."),
    ):
        Campaign.objects.update(state=state)
        page = told(fill_in(campaigner, path))
        assert words in page
        assert "successfully" not in page
    delete = reverse("admin:campaigns_campaign_delete", args=[draft.pk])
    page = told(campaigner.post(delete, {"post": "yes"}))
    assert "Deleted: <bdi>Let her go</bdi>." in page
    assert "successfully" not in page


def test_saving_and_adding_another_opens_an_empty_form(campaigner):
    add = reverse("admin:campaigns_organisation_add")
    typed = {"name": "<b>Free</b> Voices", "slug": "voices", "_save": [], "_addanother": "1"}
    answer = fill_in(campaigner, add, **typed)
    assert answer["Location"] == add
    page = text(campaigner.get(add))
    assert "Saved: <bdi>&lt;b&gt;Free&lt;/b&gt; Voices</bdi>." in page
    assert "successfully" not in page


def test_lists_count_entries(administrator):
    """Not “8 audit trail”."""
    factories.make_campaign(title="One")
    path = reverse("admin:campaigns_campaign_changelist")
    assert "1 entry" in text(administrator.get(path))
    factories.make_campaign(title="Two")
    assert "2 entries" in text(administrator.get(path))
