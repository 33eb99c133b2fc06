"""Pictures that staff upload for everybody to see."""

import io
import tracemalloc

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from PIL import Image, PngImagePlugin

from campaign_site import pictures
from campaigns.models import GalleryPhoto
from tests import factories
from tests.test_feed import handed_over

SECRET = "3 Secret Street"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def upload(content, name="photo.jpg"):
    return SimpleUploadedFile(name, content)


def saved(image, kind="JPEG", **options):
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def located():
    """The EXIF of a telephone: where it was, whose it is."""
    exif = Image.Exif()
    exif[0x010E] = SECRET
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (55.0, 42.0, 12.0), "E", (13.0, 11.0, 24.0)
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_nothing_but_pixels_is_kept(folder, kind):
    """Promise to whoever stands in a picture: not where, when, or with what it was taken."""
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", SECRET)
    options = {"exif": located()} | ({"pnginfo": words} if kind == "PNG" else {})
    if kind == "JPEG":
        options |= {"comment": SECRET.encode(), "icc_profile": SECRET.encode()}
    content = saved(Image.new("RGB", (2000, 1500), "teal"), kind, **options)
    assert SECRET.encode() in content
    with Image.open(io.BytesIO(content)) as before:
        assert before.getexif().get_ifd(0x8825)
    stored = pictures.store(upload(content))
    assert sorted(map(int, stored["files"])) == [480, 960, 1600]
    for name in stored["files"].values():
        kept = (folder / name).read_bytes()
        assert SECRET.encode() not in kept
        with Image.open(io.BytesIO(kept)) as after:
            assert not after.getexif()
            assert set(after.info) <= {"loop", "background"}


def test_a_picture_on_its_side_is_turned_upright(folder):
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = pictures.store(upload(saved(Image.new("RGB", (400, 200), "teal"), exif=exif)))
    assert (stored["width"], stored["height"]) == (200, 400)


def test_twenty_thousand_pixels_square_are_refused_before_they_are_read():
    content = saved(Image.new("1", (20_000, 20_000)), "PNG")
    assert len(content) < 200_000
    tracemalloc.start()
    with pytest.raises(ValidationError, match="too many pixels"):
        pictures.store(upload(content, "bomb.png"))
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script>",
        b"GIF89a" + b"\0" * 20,
        b"%PDF-1.7\n",
        b"\xff\xd8\xff\xe0" + b"\0" * 100,
        saved(Image.new("RGB", (40, 40)))[:200],
    ],
    ids=["nothing", "svg", "html", "gif", "pdf", "only a header", "cut off"],
)
def test_what_is_no_picture_is_refused_and_nothing_kept(folder, content):
    with pytest.raises(ValidationError):
        pictures.store(upload(content))
    assert not list(folder.iterdir())


def test_script_behind_a_picture_is_not_kept(folder):
    content = saved(Image.new("RGB", (40, 40), "teal")) + b"<script>alert(1)</script>"
    (name,) = pictures.store(upload(content))["files"].values()
    assert b"script" not in (folder / name).read_bytes()


def test_more_than_fifteen_megabytes_are_refused():
    too_large = upload(b"\xff\xd8" + b"\0" * pictures.MAX_BYTES)
    with pytest.raises(ValidationError, match="15 MB"):
        pictures.store(too_large)


@pytest.mark.django_db
def test_no_photo_without_saying_what_it_shows_and_whose_it_is(petition):
    """Kept by the database, for everything that has a photo."""
    handed_over(petition, "1 name taken to the embassy.")
    person, words = factories.make_profile(), {"photo_alt": "A bay", "photo_credit": "Photo: me"}
    GalleryPhoto.objects.create(profile=person, photo={}, **words)
    factories.make_update()
    factories.make_event()
    for model in apps.get_models():
        if issubclass(model, pictures.Illustrated):
            assert model.objects.update(photo={}, **words) == 1
            for word in words:
                with pytest.raises(IntegrityError, match="photo_described"), transaction.atomic():
                    model.objects.update(**{word: ""})
