"""Adding a person who is here already, under another spelling; pictures below a person."""

import io

import pytest
from django.urls import reverse
from PIL import Image

from campaign_site.models import AuditEvent
from campaigns import look_alikes
from campaigns.models import GalleryPhoto, Profile, ProfileName
from tests import factories
from tests.staff.forms import fields, fill_in, text

pytestmark = pytest.mark.django_db

NEW = reverse("admin:campaigns_profile_add")
WARNING = "who is here already"


def change(person):
    return reverse("admin:campaigns_profile_change", args=[person.pk])


def add(client, name, **typed):
    values = {
        "slug": f"new-{Profile.objects.count()}",
        "status": "detained",
        "status_as_of": "March 2020",
        "summary": "Arrested.",
    }
    return fill_in(client, NEW, name=name, **values | typed)


def press_again(client, answer, url=NEW):
    return client.post(url, {**fields(answer), "_save": "Save"})


def look_alike(new, here):
    person = factories.make_profile(name=here)
    found = look_alikes.find([new])
    person.delete()
    return bool(found)


@pytest.mark.parametrize(
    ("new", "here"),
    [
        ("Husein Dzhelil", "Huseyin Celil"),
        ("Celil Hüseyin", "Huseyin Celil"),
        ("Amina Yusup", "Amina Yusuf"),
        ("Yusup", "Yusuf"),
        ("Ilham Tokhti", "Ilham Tohti"),
        ("Ekber Asat", "Ekpar Asat"),
        ("Wang Bing Zhang", "Wang Bingzhang"),
        ("Marta Illine", "Marta Ilin"),
        ("Marta Anna Ilin", "Marta Ilin"),
        ("古丽先·阿巴斯", "古丽先.阿巴斯"),
        ("Марта Ильин", "Марта Илин"),
        ("Марта Ильин", "Marta Illine"),
        ("Һүсәйин Җелил", "Husein Dzhelil"),
        ("Хусейн Джелил", "Huseyin Celil"),
        ("ھۈسەيىن جېلىل", "Huseyin Celil"),
        ("گۈلشەن ئابباس", "Gulshan Abbas"),
        ("ئىلھام توختى", "Ильхам Тохти"),
        ("أمينة يوسف", "Amina Yusuf"),
    ],
)
def test_look_alikes_are_noticed(new, here):
    assert look_alike(new, here)
    assert look_alike(here, new)


@pytest.mark.parametrize(
    ("new", "here"),
    [
        ("Huseyin Celik", "Huseyin Celil"),
        ("Huseyin Tohti", "Huseyin Celil"),
        ("Huseyin", "Huseyin Celil"),
        ("Wang Peng", "Wang Bing"),
        ("Li Na", "Li Ning"),
        ("Michael Spavor", "Michael Kovrig"),
        ("Wang Quanzhang", "Wang Bingzhang"),
        ("Sophie", "Yusuf"),
        ("王炳章", "王全璋"),
        ("Марта", "Amina"),
        ("Хусейн Тохти", "Huseyin Celil"),
        ("ئىلھام توختى", "Huseyin Tohti"),
        ("王炳章", "Wang Bingzhang"),
        ("!!!", "???"),
    ],
)
def test_unlike_names_are_let_be(new, here):
    assert not look_alike(new, here)
    assert not look_alike(here, new)


def test_adding_a_look_alike_asks_once_and_then_keeps_it(campaigner):
    here = factories.make_profile(name="Huseyin Celil", state="draft")
    asked = add(campaigner, "Husein Dzhelil")
    assert asked.status_code == 200
    assert WARNING in text(asked)
    assert f'<a href="{change(here)}"><bdi>Huseyin Celil</bdi></a>' in text(asked)
    assert fields(asked)["name"] == ["Husein Dzhelil"]
    assert Profile.objects.count() == 1
    assert press_again(campaigner, asked).status_code == 302
    made = Profile.objects.get(name="Husein Dzhelil")
    # Later changes of the same record ask nothing.
    assert fill_in(campaigner, change(made), summary="Sentenced.").status_code == 302
    newest = AuditEvent.objects.latest("pk")
    assert newest.details["changed"] == ["In short"]


def test_who_presses_again_with_another_look_alike_is_asked_again(campaigner):
    factories.make_profile(name="Huseyin Celil")
    factories.make_profile(name="Ekpar Asat")
    asked = add(campaigner, "Husein Dzhelil")
    typed = {**fields(asked), "name": "Ekber Asat", "_save": "Save"}
    again = campaigner.post(NEW, typed)
    assert "Ekpar Asat" in text(again)
    assert Profile.objects.count() == 2
    assert press_again(campaigner, again).status_code == 302


def test_aliases_and_native_names_count_too(campaigner):
    here = factories.make_profile(name="H. C.", native_name="Һүсәйин Җелил", native_language="ug")
    ProfileName.objects.create(profile=here, name="Huseyin Celil")
    assert WARNING in text(add(campaigner, "Husein Dzhelil"))
    assert WARNING in text(add(campaigner, "Somebody", native_name="Һүсәйин Җелил"))
    alias = {"names-TOTAL_FORMS": 1, "names-0-name": "Husseyin Celil"}
    assert WARNING in text(add(campaigner, "Somebody", **alias))
    assert Profile.objects.count() == 1
    assert add(campaigner, "Somebody").status_code == 302


def test_renaming_somebody_asks_too(campaigner):
    factories.make_profile(name="Huseyin Celil")
    other = factories.make_profile(name="Marta Ilin")
    asked = fill_in(campaigner, change(other), name="Husein Dzhelil")
    assert WARNING in text(asked)
    other.refresh_from_db()
    assert other.name == "Marta Ilin"
    assert press_again(campaigner, asked, change(other)).status_code == 302
    # Nobody looks like themselves.
    assert fill_in(campaigner, change(other), name="Marta Ilin").status_code == 302
    assert fill_in(campaigner, change(other), name="Marta Illine").status_code == 302


def test_a_markup_in_a_name_stays_text(campaigner):
    factories.make_profile(name="<b>Huseyin</b> Celil")
    page = text(add(campaigner, "B Huseyin B Celil"))
    assert "<b>Huseyin" not in page


def test_another_script_is_asked_about_too(campaigner):
    factories.make_profile(name="Huseyin Celil")
    assert WARNING in text(add(campaigner, "Хусейн Джелил"))
    assert WARNING in text(add(campaigner, "Somebody", native_name="ھۈسەيىن جېلىل"))
    assert Profile.objects.count() == 1


def test_one_of_many_is_found_with_few_questions(django_assert_max_num_queries):
    Profile.objects.bulk_create(
        Profile(
            slug=f"p-{number}",
            name=f"Person{chr(97 + number % 26)} Nr{number}",
            status="detained",
            status_as_of="2020",
            summary="x",
        )
        for number in range(2_000)
    )
    factories.make_profile(name="Huseyin Celil")
    with django_assert_max_num_queries(3):
        assert [one.name for one in look_alikes.find(["Husein Dzhelil"])] == ["Huseyin Celil"]


# --- Pictures below a person --------------------------------------------------------------------


def picture(content=None):
    upload = io.BytesIO(content or b"")
    if content is None:
        exif = Image.Exif()
        exif[0x010E] = "Taken at 3 Secret Street"
        Image.new("RGB", (1700, 900), "teal").save(upload, "JPEG", exif=exif)
    upload.seek(0)
    upload.name = "bay.jpg"
    return upload


def gallery(**typed):
    row = {"photo_alt": "A bay", "photo_credit": "Photo: Family", "position": 1, **typed}
    return {"gallery-TOTAL_FORMS": 1, **{f"gallery-0-{name}": value for name, value in row.items()}}


def test_a_picture_is_kept_in_three_widths_and_nothing_else_of_it(campaigner, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    person = factories.make_profile()
    answer = fill_in(campaigner, change(person), **gallery(photo_upload=picture()))
    assert answer.status_code == 302
    row = person.gallery.get()
    assert sorted(map(int, row.photo["files"])) == [480, 960, 1600]
    for name in row.photo["files"].values():
        assert b"Secret Street" not in (tmp_path / name).read_bytes()
        with Image.open(tmp_path / name) as image:
            assert not image.getexif()
    before = row.photo
    other = Image.new("RGB", (500, 500), "red")
    upload = io.BytesIO()
    other.save(upload, "PNG")
    changed = {"gallery-0-photo_upload": picture(upload.getvalue())}
    assert fill_in(campaigner, change(person), **changed).status_code == 302
    row.refresh_from_db()
    assert row.photo != before
    assert fill_in(campaigner, change(person), **{"gallery-0-caption": "Bay"}).status_code == 302
    assert person.gallery.get().caption == "Bay"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"photo_upload": ""}, "Please choose a picture."),
        ({"photo_alt": ""}, "Please say what the photo shows."),
        ({"photo_credit": ""}, "Please say who made the photo."),
        ({"video": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"video": "ftp://example.org/x"}, "Enter a valid URL."),
        ({"photo_upload": b"<svg onload=alert(1)>"}, "not a picture that we can read"),
    ],
)
def test_what_is_wrong_with_a_picture_is_said_by_its_field(campaigner, typed, sentence):
    person = factories.make_profile()
    content = typed.get("photo_upload", None)
    upload = {"photo_upload": picture(content)} if content != "" else {}
    row = gallery(**typed | upload) if content != "" else gallery(caption="Bay")
    answer = fill_in(campaigner, change(person), **row)
    assert answer.status_code == 200
    assert sentence in text(answer)
    assert not GalleryPhoto.objects.exists()


@pytest.mark.parametrize(
    ("prefix", "row", "typed", "sentence"),
    [
        ("timeline", {"what": "Taken.", "kind": "arrest"}, "2006-13", "There is no month 13."),
        ("places", {"name": "Oru"}, "31 February 2006", "That month has no day 31."),
        ("health_notes", {"text": "Ill."}, "03/04/2006", "two different days"),
        ("penalties", {"kind": "life", "step": "passed"}, "soon", "was not understood"),
        ("legal_statuses", {"what": "Citizen"}, "2010 to 2005", "The end is before the start."),
    ],
)
def test_a_wrong_date_is_said_by_its_field_and_kept(campaigner, prefix, row, typed, sentence):
    person = factories.make_profile()
    date = "dates" if prefix in ("places", "legal_statuses") else "date"
    answer = fill_in(
        campaigner,
        change(person),
        **{
            f"{prefix}-TOTAL_FORMS": 1,
            f"{prefix}-0-{date}": typed,
            **{f"{prefix}-0-{name}": value for name, value in row.items()},
        },
    )
    assert answer.status_code == 200
    assert sentence in text(answer)
    assert fields(answer)[f"{prefix}-0-{date}"] == [typed]
    assert not getattr(person, prefix).exists()


def test_the_whole_record_is_offered_to_translators(logged_in):
    factories.offer("fr")
    person = factories.make_profile()
    for relation, values in (
        ("penalties", {"kind": "other", "words": "Sent away"}),
        ("violations", {"kind": "torture", "note": "Beaten"}),
        ("health_notes", {"text": "Coughs"}),
        ("places", {"name": "Oru police"}),
        ("legal_statuses", {"what": "Refugee"}),
        ("timeline", {"date": "2015", "what": "Arrested", "authority": "Army"}),
    ):
        getattr(person, relation).create(**values)
    page = text(
        logged_in("translator").get(
            reverse("admin:campaigns_profile_translate", args=[person.pk, "fr"])
        )
    )
    for words in ("Sent away", "Beaten", "Coughs", "Oru police", "Refugee", "Arrested", "Army"):
        assert words in page, words


def test_who_only_reads_sees_all_rows_and_no_upload(logged_in, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    person = factories.make_profile(questions=["Where is she?", "Who may see her?"])
    fill_in(logged_in("campaigner"), change(person), **gallery(photo_upload=picture()))
    page = text(logged_in("delivery").get(change(person)))
    assert "A bay" in page
    assert "Where is she?<br>Who may see her?" in page
    assert 'type="file"' not in page


def test_related_people_are_on_both_pages_and_nobody_is_their_own(campaigner, client):
    person, friend = factories.make_profile(), factories.make_profile(name="Ivo Sand")
    assert fill_in(campaigner, change(person), related=[friend.pk]).status_code == 302
    assert "Ivo Sand" in text(client.get(person.get_absolute_url()))
    assert "Marta Ilin" in text(client.get(friend.get_absolute_url()))
    own = fill_in(campaigner, change(person), related=[friend.pk, person.pk])
    assert "Nobody is related to themselves." in text(own)
    assert list(person.related.all()) == [friend]
