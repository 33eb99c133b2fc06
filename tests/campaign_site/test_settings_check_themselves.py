"""What a host forgot is said in words, and nothing serves without it."""

import os
import subprocess
import sys

import pytest

GOOD = {"SECRET_KEY": "x" * 50, "SIGNER_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}


def run(*words, **environment):
    kept = {name: os.environ[name] for name in ("PATH", "VIGIL_VAR") if name in os.environ}
    return subprocess.run(
        [sys.executable, *words], env=kept | environment, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("missing", "code"),
    [("SECRET_KEY", "vigil.E001"), ("SIGNER_KEY", "vigil.E002"), ("DATABASE_URL", "vigil.E003")],
)
def test_neither_server_nor_worker_starts_without_a_secret(missing, code):
    environment = GOOD | {"DATABASE_URL": "postgres://nobody@localhost:1/none"}
    del environment[missing]
    for words in (["manage.py", "worker", "--once"], ["-c", "import campaign_site.wsgi"]):
        ended = run(*words, **environment)
        assert ended.returncode != 0
        assert code in ended.stderr
        assert "Traceback" not in ended.stderr


def test_another_database_is_refused():
    ended = run("-c", "import campaign_site.wsgi", DATABASE_URL="sqlite:///x", **GOOD)
    assert "vigil.E004" in ended.stderr
