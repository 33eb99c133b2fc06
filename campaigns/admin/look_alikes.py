from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext

from campaign_site.admin_base import change_url
from campaign_site.admin_forms import IllustratedForm
from campaigns import look_alikes


class NamingForm(IllustratedForm):
    """A form in which a person is named who may be here already, in another spelling."""

    # Of whom we warned on the page that comes back; saved once more, it is somebody else.
    look_alikes = forms.CharField(required=False, widget=forms.HiddenInput)

    @property
    def changed_data(self):
        return [name for name in super().changed_data if name != "look_alikes"]

    def warn_of_look_alikes(self, field, names, *, besides=None):
        """By the field, once; `besides` is the person themselves."""
        found = look_alikes.find(names, besides=besides) if names else []
        told = set(self.data.get("look_alikes", "").split())
        if {str(person.pk) for person in found} <= told:
            return
        self.data = self.data.copy()
        self.data["look_alikes"] = " ".join(str(person.pk) for person in found)
        links = format_html_join(
            ", ",
            '<a href="{}"><bdi>{}</bdi></a>',
            ((change_url(person), person.name) for person in found),
        )
        self.add_error(
            field,
            format_html(
                gettext(
                    "This looks like {}, who is here already. Is it somebody else? Press again to "
                    "keep it as another person."
                ),
                links,
            ),
        )
