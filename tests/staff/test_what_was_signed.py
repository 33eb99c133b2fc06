"""After the first signature: what it said and to whom stays (promise 2)."""

from threading import Thread
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from campaigns.models import Government
from petitions import mending, paper
from petitions.admin.petition import PetitionAdmin
from petitions.models import Petition
from petitions.signing import PetitionChanged
from tests import factories
from tests.staff.forms import fill_in, text

pytestmark = pytest.mark.django_db
SENTENCE = "2 people signed for the Government of Estrava only; copy the petition to ask somebody"


@pytest.fixture
def signed(petition):
    factories.sign_and_confirm(petition, name="Amina Yusuf", city="Lund")
    factories.sign_and_confirm(petition, name="Bo Ek", city="Lund")
    return factories.fresh(petition)


def page(petition, verb="change"):
    return reverse(f"admin:petitions_petition_{verb}", args=[petition.pk])


def test_second_government_is_answered_with_the_sentence(campaigner, signed):
    other = factories.make_government("Government of Norrland")
    answer = fill_in(
        campaigner,
        page(signed),
        **{
            "targets-TOTAL_FORMS": 2,
            "targets-1-government": other.pk,
            "targets-1-addressee": other.addressees.get().pk,
        },
    )
    assert answer.status_code == 200
    formset = answer.context["inline_admin_formsets"][0].formset
    assert SENTENCE in formset.forms[1].errors["government"][0]
    assert signed.targets.count() == 1


@pytest.mark.parametrize(
    "part", ["title", "salutation", "letter", "demands", "promise", "language"]
)
def test_signed_part_is_read_only(campaigner, signed, part):
    before = getattr(signed, part)
    assert SENTENCE in text(campaigner.get(page(signed)))
    answer = fill_in(campaigner, page(signed), **{part: "fr" if part == "language" else "Other"})
    assert answer.status_code == 200
    assert SENTENCE in answer.context["adminform"].form.errors[part][0]
    assert getattr(factories.fresh(signed), part) == before


def test_government_cannot_be_swapped_or_taken_away(campaigner, signed):
    other = factories.make_government("Government of Norrland")
    fill_in(campaigner, page(signed), **{"targets-0-government": other.pk})
    fill_in(campaigner, page(signed), **{"targets-0-DELETE": "on"})
    assert [str(target) for target in signed.targets.all()] == ["Government of Estrava"]


@pytest.fixture
def recipient(signed):
    factories.offer("fr")
    government = signed.targets.get().government
    factories.translate(government, "fr")
    return government


def test_recipient_keeps_its_name(campaigner, recipient):
    change = reverse("admin:campaigns_government_change", args=[recipient.pk])
    answer = fill_in(campaigner, change, name="Ministry of Zubrowka")
    assert "under this name" in answer.context["adminform"].errors["name"][0]
    assert fill_in(campaigner, change, kind="other").status_code == 302
    french = reverse("admin:campaigns_government_translate", args=[recipient.pk, "fr"])
    typed = {f"government-{recipient.pk}-name": "Ministère de Zubrowka", "action": "save"}
    assert "its name stays" in text(fill_in(campaigner, french, **typed))


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Ministry of Zubrowka"},
        {"translations": {}},
        {"translations": {"fr": {"state": "published", "texts": {"name": "Zubrowka"}}}},
    ],
)
def test_database_keeps_the_name_of_a_recipient(recipient, change):
    """Promise 2: in each language in which it was published."""
    factories.translate(recipient, "ug")
    recipients = Government.objects.filter(pk=recipient.pk)
    recipients.update(slug="estrava", language="ar")
    with pytest.raises(IntegrityError), transaction.atomic():
        recipients.update(**change)
    other = factories.make_government()
    Government.objects.filter(pk=other.pk).update(name="Ministry of Zubrowka")


def test_the_rest_may_change(campaigner, signed):
    answer = fill_in(campaigner, page(signed), summary="Two new sentences.", goal="1000")
    assert answer.status_code == 302
    assert factories.fresh(signed).summary == "Two new sentences."


@pytest.mark.django_db(transaction=True)
def test_first_signature_while_the_form_is_saved(logged_in, monkeypatch):
    """It waits until the form is saved; then it is refused, because this is not what was read."""
    petition = factories.make_petition()
    pending = factories.sign(petition)
    save_model = PetitionAdmin.save_model
    answers = []

    def confirm():
        try:
            answers.append(factories.confirm(pending, seen=petition.frozen_digest()))
        except PetitionChanged as refusal:
            answers.append(refusal)
        finally:
            connection.close()

    first = Thread(target=confirm)

    def somebody_signs_first(*args):
        first.start()
        save_model(*args)

    monkeypatch.setattr(PetitionAdmin, "save_model", somebody_signs_first)
    answer = fill_in(logged_in("campaigner"), page(petition), title="Something else")
    first.join()
    assert answer.status_code == 302
    assert isinstance(answers[0], PetitionChanged)
    assert factories.fresh(petition).title == "Something else"
    assert not petition.signatures.exists()


def test_copy_takes_the_words_and_nothing_of_the_signers(campaigner, signed):
    unnamed = campaigner.post(page(signed, "copy"), {"title": " "})
    assert unnamed.status_code == 422
    answer = campaigner.post(page(signed, "copy"), {"title": "Let Marta Ilin go"})
    copy = Petition.objects.exclude(pk=signed.pk).get()
    assert answer["Location"] == page(copy)
    assert (copy.state, copy.frozen) == ("draft", None)
    assert (copy.title, copy.slug) == ("Let Marta Ilin go", "let-marta-ilin-go")
    assert (copy.letter, copy.demands, copy.promise) == (
        signed.letter,
        signed.demands,
        signed.promise,
    )
    assert [str(target) for target in copy.targets.all()] == ["Government of Estrava"]
    assert copy.numbers.total == 0
    assert not copy.signatures.exists()
    factories.translate(signed, "fr")
    campaigner.post(page(signed, "copy"), {"title": "放她走"})
    assert Petition.objects.filter(slug=f"{signed.slug}-2", title="放她走").exists()
    said = Petition.objects.get(title="放她走").translation("fr")
    assert (said["state"], bool(said["texts"]["title"])) == ("draft", True), "it has the old title"


def test_mend_shows_before_and_after_first(campaigner, signed):
    mend = page(signed, "mend")
    after = "Free Marta Ilyn and let her come home"
    typed = {"part": "title", "after": after, "reason": "Misspelt name."}
    shown = campaigner.post(mend, typed)
    assert shown.status_code == 200
    assert signed.title in text(shown)
    assert after in text(shown)
    assert factories.fresh(signed).title == signed.title
    assert campaigner.post(mend, typed | {"mend": "Mend it now"}).status_code == 302
    assert factories.fresh(signed).title == after
    assert signed.mends.get().reason == "Misspelt name."


def test_mend_of_demands_keeps_their_number(campaigner, signed):
    typed = {"part": "demands", "after": "One.\r\nTwo.", "reason": "x", "mend": "1"}
    refused = campaigner.post(page(signed, "mend"), typed)
    assert refused.status_code == 422
    assert "keeps the number of demands" in text(refused)
    assert factories.fresh(signed).demands == signed.demands


SPELLINGS = {
    "The trial in Ostreva is to day, Frau Müller.": "The tral in Osterva is today, Frau Mueller.",
    "释放玛尔塔伊林": "释放马尔塔·伊林",
}
OTHER_WORDS = {
    "Free her.": "Jail her.",
    "She is guilty.": "She is not guilty.",
    "She is not guiltyy.": "She is guilty.",
    "I do not thank you.": "I do thank you.",
    "释放玛尔塔": "请你们关押玛尔塔",
}


@pytest.mark.parametrize(("before", "after"), SPELLINGS.items())
def test_misspelt_words_are_put_right(petition, before, after):
    Petition.objects.filter(pk=petition.pk).update(letter=before)
    mending.mend(petition, part="letter", after=after, reason="Misspelt.")
    assert factories.fresh(petition).letter == after


@pytest.mark.parametrize(("before", "after"), OTHER_WORDS.items())
def test_mend_says_nothing_else(petition, before, after):
    Petition.objects.filter(pk=petition.pk).update(letter=before)
    with pytest.raises(mending.MoreThanASpelling):
        mending.mend(petition, part="letter", after=after, reason="Misspelt.")


def test_many_mends_say_nothing_else(petition):
    Petition.objects.filter(pk=petition.pk).update(demands=["Free her.", "Now."])
    mending.mend(petition, part="demands", after=["Fre her.", "Now."], reason="x")
    for after in (["Ful her.", "Now."], ["Fre", "her. Now."]):
        with pytest.raises(mending.MoreThanASpelling):
            mending.mend(petition, part="demands", after=after, reason="x")


def test_mend_of_the_letter_says_nothing_else(campaigner, signed):
    after = signed.letter.replace("Marta Ilin", "the criminal Marta Ilin")
    typed = {"part": "letter", "after": after, "reason": "x", "mend": "1"}
    assert "no word may come or go" in text(campaigner.post(page(signed, "mend"), typed))
    assert not signed.mends.exists()


def test_mend_of_the_letter_brings_no_markup(campaigner, signed):
    typed = {"part": "letter", "after": "I write <b>now</b>.", "reason": "x", "mend": "1"}
    assert "HTML cannot stand here" in text(campaigner.post(page(signed, "mend"), typed))
    assert not signed.mends.exists()


def test_unsigned_petition_needs_no_mending(campaigner, petition):
    assert campaigner.get(page(petition, "mend")).status_code == 302


@pytest.fixture
def signed_in_french(signed):
    factories.offer("fr", "ug")
    factories.translate(signed, "fr")
    return factories.fresh(signed)


def test_mend_of_a_translation_changes_it_alone_and_is_told_there(
    campaigner, client, signed_in_french
):
    petition = signed_in_french
    factories.translate(petition, "ug")
    chosen = text(campaigner.get(page(petition, "mend")))
    assert "?part=title&amp;language=fr" in chosen
    after = "fr: Free Marta Ilyn and let her come home"
    typed = {"part": "title", "language": "fr", "after": after, "reason": "Faute."}
    shown = text(campaigner.post(page(petition, "mend"), typed))
    assert "fr: Free Marta Ilin" in shown
    assert campaigner.post(page(petition, "mend"), typed | {"mend": "1"}).status_code == 302
    mended = factories.fresh(petition)
    assert mended.say("title", "fr").text == after
    assert (mended.title, mended.say("title", "ug")) == (
        petition.title,
        petition.say("title", "ug"),
    )
    mend = petition.mends.get()
    assert (mend.language, mend.before) == ("fr", "fr: Free Marta Ilin and let her come home")
    path = petition.get_absolute_url()
    assert '<span lang="fr" dir="auto">Faute.</span>' in text(client.get(f"/fr{path}"))
    for other in (path, f"/ug{path}"):
        assert "Faute." not in text(client.get(other))


def test_mend_of_translated_demands_keeps_their_number(campaigner, signed_in_french):
    typed = {"part": "demands", "language": "fr", "after": "Un.\r\nDeux.", "reason": "x"}
    refused = campaigner.post(page(signed_in_french, "mend"), typed | {"mend": "1"})
    assert refused.status_code == 422
    assert "keeps the number of demands" in text(refused)


@pytest.mark.parametrize("after", ["", "{}\0", "\u202e{}", "x" * 121])
def test_mend_of_a_translation_takes_no_nonsense(campaigner, signed_in_french, after):
    after = after.format(signed_in_french.say("title", "fr").text)
    typed = {"part": "title", "language": "fr", "after": after, "reason": "x", "mend": "1"}
    assert campaigner.post(page(signed_in_french, "mend"), typed).status_code == 422
    assert not signed_in_french.mends.exists()


def test_only_what_people_may_have_signed_is_mended(campaigner, signed_in_french):
    """Not the promise, and no language in which nothing was published: it is simply translated."""
    factories.translate(signed_in_french, "ug", state="in_review")
    before = factories.fresh(signed_in_french)
    for part, language in (("promise", "fr"), ("title", "ug"), ("title", "xx"), ("title", "a\0b")):
        typed = {"part": part, "language": language, "after": "New", "reason": "x", "mend": "1"}
        campaigner.post(page(signed_in_french, "mend"), typed)
        assert not signed_in_french.mends.exists(), (part, language)
    assert factories.fresh(signed_in_french).translations == before.translations


@pytest.mark.parametrize("part", ["title", "promise"])
def test_database_keeps_a_published_translation(signed_in_french, part):
    """And the promise even while a spelling is mended."""
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.translate(signed_in_french, "fr", **{part: "Something else"})
    if part == "promise":
        after = signed_in_french.say("promise", "fr").text + "."
        with pytest.raises(IntegrityError), transaction.atomic():
            mending.mend(signed_in_french, part="promise", after=after, reason="x", language="fr")


def test_paper_tells_mends_of_what_is_printed(signed_in_french):
    for language, reason in (("fr", "Faute."), ("", "Misspelt.")):
        after = mending.said(signed_in_french, "title", language or "en").replace("Ilin", "Ilyn")
        mending.mend(signed_in_french, part="title", after=after, reason=reason, language=language)
    delivery = SimpleNamespace(petition=factories.fresh(signed_in_french))
    notes = paper._letter(SimpleNamespace(delivery=delivery))["notes"]
    assert [note for note in notes if "Misspelt." in note]
    assert not [note for note in notes if "Faute." in note]
