#!/usr/bin/env python
import json
import os
import sys
from pathlib import Path


def running_demonstration() -> dict[str, str]:
    """The environment that a demonstration which runs here leaves for commands beside it."""
    place = Path(os.environ.get("VIGIL_VAR") or Path(__file__).with_name("var"))
    try:
        return json.loads((place / "secrets" / "environment.json").read_text())
    except OSError:
        return {}


if __name__ == "__main__":
    # A server and its worker never start on what only happens to run here.
    if not os.environ.get("DATABASE_URL") and not {"demo", "worker"} & set(sys.argv[1:2]):
        os.environ.update(running_demonstration())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaign_site.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
