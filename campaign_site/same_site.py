"""Posts from other sites are refused. Without cookies there is no authority to forge; this keeps
other people's pages from signing with their visitors' browsers."""

from functools import wraps
from urllib.parse import urlsplit

from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt


def from_our_pages(view):
    """For public POST views: no CSRF token, because nobody is logged in and no cookie is set."""

    @csrf_exempt
    @wraps(view)
    def checked(request, *args, **kwargs):
        if request.method == "POST" and _foreign(request):
            return render(request, "petitions/foreign.html", status=403)
        return view(request, *args, **kwargs)

    return checked


def _foreign(request) -> bool:
    if request.META.get("HTTP_SEC_FETCH_SITE") == "cross-site":
        return True
    origin = request.META.get("HTTP_ORIGIN", "")
    if origin in ("", "null"):
        return False
    try:
        return urlsplit(origin).netloc != request.get_host()
    except ValueError:
        return True  # “http://[::1” is no address
