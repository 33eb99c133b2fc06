"""Every field that staff can fill in says what to type there, with an example."""

import pytest
from django import forms
from django.contrib import admin
from django.forms.models import InlineForeignKeyField
from django.test import RequestFactory

from petitions.admin.event import EventForm
from petitions.models import Petition
from tests import factories

pytestmark = pytest.mark.django_db

# Fields whose label says all.
OBVIOUS = {
    "password1": "Django says what a good one is below it",
    "password2": "the same once more",
    "remove_photo": "a tick whose label is the sentence",
    "remove_share_image": "a tick whose label is the sentence",
    "remove_file": "a tick whose label is the sentence",
    "remove_logo": "a tick whose label is the sentence",
    "DELETE": "Django's tick for a row",
    "id": "hidden",
    "document": "of rows below a document: that document",
    "look_alikes": "hidden",
    "letter": "of rows below an open letter: that letter",
    "profile": "of rows below a person: that person",
    "update": "of rows below an update: that update",
}


# Their pages are made of forms of their own, for one step each.
OWN_PAGES = {"Delivery", "Handover", "HeldName", "PaperBatch", "Invalidation"}


def forms_of(model_admin, request):
    """The forms of a new row and of one that is there, of the rows below, and behind buttons."""
    row = model_admin.model(pk=1)
    if model_admin.has_add_permission(request):
        yield model_admin.get_form(request, None, change=False)
    if model_admin.has_change_permission(request, row):
        yield model_admin.get_form(request, row, change=True)
    for inline in model_admin.get_inline_instances(request, None):
        yield inline.get_formset(request, None).form
    yield from (verb.form_class for verb in model_admin.verbs if verb.form_class)
    if model_admin.model is Petition:
        yield EventForm


def fields():
    request = RequestFactory().get("/admin/")
    request.user = factories.make_member("administrator")
    for model, model_admin in admin.site._registry.items():
        if model.__name__ in OWN_PAGES:
            continue
        for form in forms_of(model_admin, request):
            hidden = set(model_admin.get_readonly_fields(request))
            for name, field in form.base_fields.items():
                if name in OBVIOUS or name in hidden or field.disabled:
                    continue
                if not isinstance(field, InlineForeignKeyField):
                    yield f"{model.__name__}: {form.__name__}.{name}", field


def needs_an_example(field):
    """What is chosen or ticked shows its values itself."""
    chosen = forms.ChoiceField | forms.ModelChoiceField | forms.BooleanField | forms.FileField
    return not isinstance(field, chosen)


def test_every_field_of_staff_has_a_help_text_with_an_example():
    without = sorted({name for name, field in fields() if not str(field.help_text).strip()})
    assert not without, "\n".join(without)
    examples = ("example", "such as", "“", "Markdown", "Two letters")
    bare = sorted(
        {
            f"{name}: {field.help_text}"
            for name, field in fields()
            if needs_an_example(field)
            and not any(word in str(field.help_text) for word in examples)
        }
    )
    assert not bare, "\n".join(bare)
