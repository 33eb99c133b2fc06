"""Form fields and forms that staff pages of both apps share."""

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaign_site import files, languages, pictures


class PlainTextarea(AdminTextareaWidget):
    """Browsers send CR LF: what is stored has plain line ends, so that it compares equal."""

    def value_from_datadict(self, data, files, name):
        value = super().value_from_datadict(data, files, name)
        return value.replace("\r\n", "\n").replace("\r", "\n") if value else value


class LanguageSelect(forms.Select):
    """Languages by their own names. What stands there already stays a choice; where it cannot be
    changed, it is the only one."""

    def optgroups(self, name, value, attrs=None):
        codes = value if self.attrs.get("readonly") else dict.fromkeys([*languages.KNOWN, *value])
        self.choices = [(code, languages.own_name(code)) for code in codes]
        return super().optgroups(name, value, attrs)


class LinesField(forms.CharField):
    """A list of texts, typed one per line."""

    widget = PlainTextarea(attrs={"rows": 5})

    def prepare_value(self, value):
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value):
        text = super().to_python(value)
        # Here, because in the text of a list a NUL looks like the four letters of its escape.
        ProhibitNullCharactersValidator()(text)
        lines = (line.strip() for line in text.splitlines())
        return [line for line in lines if line]

    def has_changed(self, initial, data):
        try:
            return not self.disabled and self.to_python(data) != (initial or [])
        except forms.ValidationError:
            return True


class PictureField(forms.FileField):
    """A picture to upload; cleaned, it is stored already, as `pictures.store` says."""

    def __init__(self, **kwargs):
        super().__init__(
            required=False,
            widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
            **kwargs,
        )

    def clean(self, data, initial=None):
        upload = super().clean(data, initial)
        if not upload:
            return None
        upload.seek(0)
        return pictures.store(upload)


def keep_upload(form, name):
    """What `<name>_upload` and `remove_<name>` of a form leave its instance with: new, kept or
    none. The admin saves what `replaced` names; it holds what stood there before."""
    before = getattr(form.instance, name)
    upload = form.cleaned_data.get(f"{name}_upload")
    if not upload and not form.cleaned_data.get(f"remove_{name}"):
        upload = before
    setattr(form.instance, name, upload or None)
    if upload != before:
        form.replaced = getattr(form, "replaced", {}) | {name: before}
    return upload or None


def ask_once_more(form):
    """A browser sends no file twice: when its page comes back, whatever is wrong there, it shows
    what is stored, and the field asks for the file again."""
    for name, before in getattr(form, "replaced", {}).items():
        if getattr(form.instance, name):
            form.add_error(f"{name}_upload", gettext("Please choose the file once more."))
        setattr(form.instance, name, before)


class FileUpload(forms.FileField):
    """A file for everybody to download; cleaned, it is stored already, as `files.store` says."""

    def __init__(self, *, folder, **kwargs):
        self.folder = folder
        super().__init__(
            required=False,
            help_text=_(
                "A PDF or a picture (JPEG, PNG, WebP), at most 20 MB. Of a picture only the picture "
                "itself is kept. A PDF is kept as it is: it may name who made it and when, so look "
                "at its properties first."
            ),
            widget=forms.FileInput(
                attrs={"accept": "application/pdf,image/jpeg,image/png,image/webp"}
            ),
            **kwargs,
        )

    def clean(self, data, initial=None):
        upload = super().clean(data, initial)
        return files.store(self.folder, upload) if upload else None


class IllustratedForm(forms.ModelForm):
    """A form of something with a photo: new, kept or taken away, never without its words."""

    photo_upload = PictureField(
        label=_("New photo"),
        help_text=_("JPEG, PNG or WebP, at most 15 MB. Only the picture itself is kept."),
    )
    remove_photo = forms.BooleanField(label=_("Take the photo away"), required=False)
    only_words = _("Please choose the photo once more, or leave its words empty.")

    class Media:
        js = [forms.Script("js/photo_words.js", defer=True)]

    def clean(self):
        super().clean()
        photo = keep_upload(self, "photo")
        words = {
            "photo_alt": gettext("Please say what the photo shows."),
            "photo_credit": gettext("Please say who made the photo."),
        }
        for field, sentence in words.items():
            if photo and field in self.cleaned_data and not self.cleaned_data[field]:
                self.add_error(field, sentence)
        typed = any(self.cleaned_data.get(field) for field in words if field in self.changed_data)
        taken_away = self.cleaned_data.get("remove_photo")
        # Who was asked for it once more, and did not see that, would lose it now.
        if typed and not photo and not taken_away and "photo_upload" not in self.errors:
            self.add_error("photo_upload", self.only_words)
        return self.cleaned_data


PHOTO_FIELDS = ("photo_now", "photo_upload", "photo_alt", "photo_credit", "remove_photo")
