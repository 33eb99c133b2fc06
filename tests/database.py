"""A pytest plugin: gives the test run its environment, and a database if it brings none.

It is loaded by `-p` in pyproject.toml, before anything imports the settings. Workers of xdist
inherit the environment from the process that started them.
"""

import atexit
import base64
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from campaign_site.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError

# Nothing here outlives the run, so nothing has to reach the disk.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}

_server = None
_directory = None
_owner = os.getpid()


def _begin():
    global _server, _directory
    _directory = Path(tempfile.mkdtemp(prefix="vigil-test-"))
    # As root the server runs as another account, which must get through.
    _directory.chmod(0o711)
    var = _directory / "var"
    (var / "static").mkdir(parents=True)

    os.environ.pop("DEBUG", None)
    os.environ.pop("VIGIL_DEMO", None)
    os.environ["VIGIL_VAR"] = str(var)
    os.environ.setdefault("SECRET_KEY", "a secret for tests, and for nothing else in the world")
    os.environ.setdefault("SIGNER_KEY", base64.urlsafe_b64encode(bytes(range(32))).decode())
    os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")

    if not os.environ.get("DATABASE_URL"):
        _server = EmbeddedPostgres(_directory / "database", settings=SETTINGS)
        _server.start()
        os.environ["DATABASE_URL"] = _server.url("vigil")


def _end():
    global _server, _directory
    # A process that a test forked is not the one to clean up.
    if os.getpid() != _owner:
        return
    server, _server = _server, None
    directory, _directory = _directory, None
    if server is not None:
        server.stop()
    if directory is not None:
        shutil.rmtree(directory, ignore_errors=True)


def pytest_unconfigure():
    _end()


if "PYTEST_XDIST_WORKER" not in os.environ:
    atexit.register(_end)
    # What ends a run that takes too long ends it as Ctrl-C does, so that it is cleaned up.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _begin()
    except EmbeddedPostgresError as error:
        raise pytest.UsageError(str(error)) from error
