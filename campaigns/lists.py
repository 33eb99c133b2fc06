"""Lists that an address narrows down. What nothing leads to is 404, so that the page cache is not
filled by guessing."""

import re

from django.core.paginator import InvalidPage, Paginator
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import urlencode

_SLUG = re.compile(r"[-\w]{1,80}", re.ASCII)


def named(request, key, model):
    slug = request.GET.get(key, "")
    if not slug:
        return None
    if not _SLUG.fullmatch(slug):
        raise Http404
    return get_object_or_404(model.objects.published(), slug=slug)


def page_of(request, found, most: int):
    try:
        return Paginator(found, most).page(request.GET.get("page") or 1)
    except InvalidPage:
        raise Http404 from None


def address(name: str, filters: dict, page=1) -> str:
    """Of a list: nothing that a stranger adds to an address gets into the links of a page."""
    said = {key: value for key, value in filters.items() if value}
    if page > 1:
        said["page"] = page
    return reverse(name) + (f"?{urlencode(said)}" if said else "")
