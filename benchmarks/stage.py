"""A database of its own for a benchmark, in a folder that goes when it is done."""

import base64
import os
import re
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BASE))

from campaign_site.embedded_postgres import EmbeddedPostgres  # noqa: E402 found by the line above


@contextmanager
def fresh_site(**environment: str) -> Iterator[Path]:
    """Starts PostgreSQL, points the settings at it, makes the tables. Gives the folder."""
    with tempfile.TemporaryDirectory(prefix="vigil-benchmark-") as name:
        folder = Path(name)
        # As root the server runs as another account, which must get through.
        folder.chmod(0o711)
        with EmbeddedPostgres(folder / "database", settings={"max_connections": "50"}) as server:
            server.create_database("vigil")
            os.environ |= {
                "DATABASE_URL": server.url("vigil"),
                "VIGIL_VAR": str(folder / "var"),
                "SECRET_KEY": secrets.token_urlsafe(50),
                "SIGNER_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "ALLOWED_HOSTS": "localhost",
                "DJANGO_SETTINGS_MODULE": "campaign_site.settings",
                **environment,
            }
            os.environ.pop("VIGIL_DEMO", None)
            import django

            django.setup()
            from django.core.management import call_command
            from django.db import connections

            call_command("migrate", verbosity=0)
            try:
                yield folder
            finally:
                connections.close_all()


def peak_memory() -> int:
    """The most that this process ever had, in MB. (getrusage tells the parent's, too.)"""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) // 1024
