"""Every address of the site, taken from the URLconf, so that a new one cannot be forgotten."""

from typing import NamedTuple
from uuid import UUID

from django.urls import URLPattern, get_resolver, reverse
from django.urls.resolvers import RegexPattern, RoutePattern


class Address(NamedTuple):
    name: str  # with its namespaces
    parameters: tuple[str, ...]

    @property
    def is_staff(self):
        return self.path().startswith("/admin/")

    def path(self, **values):
        """With these values where it asks for them, else with ones that belong to nothing."""
        plain = {"pk": 987654321, "object_id": 987654321, "token": "x", "slug": "nothing"}
        plain |= {"name": "0" * 40 + ".webp", "uidb64": "x", "app_label": "petitions"}
        plain |= {
            "content_type_id": 1,
            "file": "0" * 40 + ".pdf",
            "url": "nothing/",
            "upload_id": UUID(int=0),
        } | values
        return reverse(self.name, kwargs={name: plain.get(name, 1) for name in self.parameters})


def addresses() -> list[Address]:
    return list(dict.fromkeys(_walk(get_resolver().url_patterns, "", ())))


def _walk(patterns, namespace, parameters):
    for pattern in patterns:
        more = (*parameters, *_parameters(pattern.pattern))
        if not isinstance(pattern, URLPattern):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from _walk(pattern.url_patterns, inner, more)
        elif pattern.name:
            yield Address(namespace + pattern.name, more)


def _parameters(pattern):
    if isinstance(pattern, RoutePattern):
        return tuple(pattern.converters)
    return tuple(pattern.regex.groupindex) if isinstance(pattern, RegexPattern) else ()
