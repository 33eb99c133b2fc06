"""A pytest plugin: only the tests that use the database."""


def pytest_collection_modifyitems(config, items):
    with_one = [item for item in items if _uses_one(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in with_one])
    items[:] = with_one


def _uses_one(item):
    fixtures = {"db", "transactional_db"} & set(item.fixturenames)
    return bool(fixtures) or item.get_closest_marker("django_db") is not None
