import pytest
from django.test import Client

from tests import factories


@pytest.fixture
def logged_in(db):
    """logged_in("campaigner"): a browser of somebody with that role."""

    def open_browser(role):
        client = Client()
        client.member = factories.make_member(role)
        client.force_login(client.member)
        return client

    return open_browser


@pytest.fixture
def campaigner(logged_in):
    return logged_in("campaigner")


@pytest.fixture
def officer(logged_in):
    return logged_in("delivery")


@pytest.fixture
def administrator(logged_in):
    return logged_in("administrator")
