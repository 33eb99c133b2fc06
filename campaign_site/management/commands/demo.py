"""A demonstration on this machine: PostgreSQL, web server and worker, as children of this command.

Settings are read from the environment, so everything that needs them runs in a child that is
given one of its own. All state lives under VAR.
"""

import base64
import ctypes
import errno
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from campaign_site.demonstration.load import load, write_samples
from campaign_site.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError

# What these name is the demonstration's own, whatever the environment says of another site.
NOT_OURS = (
    "DATABASE_URL",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_URL",
    "GUNICORN_CMD_ARGS",
    "MEDIA_ROOT",
    "PRIVATE_ROOT",
    "STATIC_ROOT",
    "TRUSTED_PROXIES",
    "WEB_CONCURRENCY",
)
SECONDS_TO_ANSWER = 60
SECONDS_TO_STOP = 15


class Command(BaseCommand):
    help = "Start a demonstration on this machine. Ctrl-C stops everything it started."
    # The secrets that the checks ask for are made below.
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000, help="where to serve (8000)")
        # How this command calls itself in the environment that it made.
        parser.add_argument("--fill", action="store_true", help="migrate and fill, then end")

    def handle(self, *, port, fill, **options):
        if fill:
            return self.fill()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _interrupt)
        try:
            with Demonstration(port, say=self.stdout.write) as demonstration:
                demonstration.run()
        except EmbeddedPostgresError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            self.stdout.write("Everything is stopped. The next start goes on from here.")

    def fill(self):
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        write_samples(settings.VAR / "samples")
        load(password=os.environ["DEMO_PASSWORD"])


def _interrupt(number, frame):
    """Stop once and in order: pressing Ctrl-C again must not leave something running."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


class Demonstration:
    """What runs, and how it is stopped: web server and worker first, then their database."""

    def __init__(self, port, *, say):
        self.port = port
        self.say = say
        self.var = settings.VAR
        self.address = f"http://localhost:{port}"
        self.postgres = EmbeddedPostgres(self.var / "postgres")
        self.for_commands = self.var / "secrets" / "environment.json"
        self.children = {}

    def __enter__(self):
        self.listen = _free_addresses(self.port)
        try:
            self._make_folders()
        except OSError as error:
            raise CommandError(
                f"Cannot write in {self.var} ({error.strerror}): choose another place with "
                "VAR=/some/where."
            ) from error
        self.say("Starting PostgreSQL …")
        self.postgres.start()
        return self

    def __exit__(self, *exception):
        # From here on nothing may interrupt us; the two signals did their work.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        for process in self.children.values():
            process.terminate()
        for process in self.children.values():
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.for_commands.unlink(missing_ok=True)
        self.postgres.stop()

    def run(self):
        self.postgres.create_database("vigil")
        environment = self._environment()
        self.say("Filling the demonstration …")
        self._fill(environment)
        binds = [word for address in self.listen for word in ("--bind", address)]
        config = settings.BASE_DIR / "campaign_site" / "gunicorn.conf.py"
        gunicorn = [sys.executable, "-m", "gunicorn", "--config", str(config)]
        gunicorn += ["--log-level", "warning", *binds, "campaign_site.wsgi"]
        self._start("web server", gunicorn, environment, log=True)
        self._start("worker", _manage("worker"), environment, log=True)
        self._wait_for_answer()
        # So that `manage.py recount` and the others work on this demonstration while it runs.
        self._keep(self.for_commands, json.dumps(self._ours()))
        self.say(self._welcome(environment["DEMO_PASSWORD"]))
        while True:
            self._look_after_children()
            time.sleep(0.5)

    def _start(self, name, command, environment, *, log=False):
        with open(self._log(name) if log else os.devnull, "w", opener=_private) as said:
            self.children[name] = subprocess.Popen(
                command,
                env=environment,
                cwd=settings.BASE_DIR,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said if log else None,
                # In a session of its own: Ctrl-C reaches only us, and we stop it in order.
                start_new_session=True,
                preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            )

    def _log(self, name):
        return self.var / f"{name.replace(' ', '-')}.log"

    def _fill(self, environment):
        self._start("filling", _manage("demo", "--fill"), environment)
        if self.children["filling"].wait():
            raise CommandError("The demonstration could not be filled; what went wrong is above.")
        del self.children["filling"]

    def _look_after_children(self):
        for name, process in self.children.items():
            if process.poll() is not None:
                self._give_up(name, process, self._log(name))
        if self.postgres.process.poll() is not None:
            self._give_up("PostgreSQL", self.postgres.process, self.postgres.log)

    def _give_up(self, name, process, log):
        raise CommandError(
            f"The {name} ended by itself ({process.returncode}), so everything is stopped. "
            f"Its last words are in {log}. Start again: nothing that was confirmed is lost."
        )

    def _wait_for_answer(self):
        patience = time.monotonic() + SECONDS_TO_ANSWER
        while time.monotonic() < patience:
            self._look_after_children()
            try:
                urllib.request.urlopen(f"http://{self.listen[0]}/healthz", timeout=5).close()
            except (OSError, urllib.error.URLError):
                time.sleep(0.1)
            else:
                return
        raise CommandError(f"The web server did not answer within {SECONDS_TO_ANSWER} seconds.")

    def _make_folders(self):
        if not self.var.exists():
            self.var.mkdir(parents=True)
            # As root, PostgreSQL runs as another account, which has to get through.
            self.var.chmod(0o711)
        for name in ("secrets", "mail", "private"):
            (self.var / name).mkdir(mode=0o700, exist_ok=True)
        for name in ("media", "static", "samples"):
            (self.var / name).mkdir(exist_ok=True)

    def _environment(self):
        kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        return kept | self._ours()

    def _ours(self):
        return {
            "VIGIL_DEMO": "1",
            "VIGIL_VAR": str(self.var),
            "DATABASE_URL": self.postgres.url("vigil"),
            "SECRET_KEY": self._secret("secret_key"),
            "SIGNER_KEY": self._secret("signer_key"),
            "DEMO_PASSWORD": os.environ.get("DEMO_PASSWORD") or self._secret("demo_password", 9),
            "SITE_URL": self.address,
            "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
            "DJANGO_SETTINGS_MODULE": "campaign_site.settings",
            "PYTHONUNBUFFERED": "1",
        }

    def _secret(self, name, size=None):
        """Made once."""
        file = self.var / "secrets" / name
        if not file.exists():
            new = secrets.token_bytes(size or 32)
            self._keep(file, base64.urlsafe_b64encode(new).decode())
        return file.read_text()

    def _keep(self, file, text):
        """It gets its name when it is complete, so it is never found half-written."""
        new = file.with_name(file.name + ".new")
        new.unlink(missing_ok=True)
        with open(new, "x", opener=_private) as opened:
            opened.write(text)
        new.rename(file)

    def _welcome(self, password):
        return f"""
  Vigil is ready: a demonstration on this machine. No mail leaves it.

    Site            {self.address}/
    Staff           {self.address}/admin/
    Demo mailbox    {self.address}/demo/mail/

    Log in as       campaigner, translator, delivery or admin
    Password        {password}

  Try this first: sign “Free Huseyin Celil and let him return to his family”, open the
  demo mailbox, confirm, and see the number move. Then log in as delivery and prepare
  the list for the Government of Estrava. Files to upload are in {self.var / "samples"}

  Ctrl-C stops everything. The next start goes on from here; to start afresh, delete
  {self.var}
"""


def _manage(*words):
    return [sys.executable, str(settings.BASE_DIR / "manage.py"), *words]


def _free_addresses(port):
    """The addresses of this machine itself to serve on. Nobody else can reach them."""
    if not 0 < port < 65536:
        raise CommandError(f"{port} is no port: choose one from 1024 to 65535.")
    found = []
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((address, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                why = "is in use" if error.errno == errno.EADDRINUSE else "is not allowed to you"
                raise CommandError(
                    f"Port {port} {why}: choose another one, for example make demo PORT={port + 81}."
                ) from None
            continue  # a machine without IPv6
        found.append(f"[{address}]:{port}" if ":" in address else f"{address}:{port}")
    if not found:
        raise CommandError("This machine has no loopback address to serve on.")
    return found


def _private(path, flags):
    return os.open(path, flags, 0o600)


def _end_with_parent():
    """In the child: if we are killed, it stops, too."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
