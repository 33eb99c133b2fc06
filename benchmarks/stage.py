"""A database of its own for a benchmark, in a folder that goes when it is done."""

import base64
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

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
            fresh_site.database = server.process.pid
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


@contextmanager
def child(command: list[str], **environment: str) -> Iterator[subprocess.Popen]:
    """A program that ends with us. What it says on stderr lies in a file of its own."""
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            command, cwd=BASE, env=os.environ | environment, stdout=said, stderr=said
        )
        try:
            yield process
        finally:
            ended_by_itself = process.poll() is not None
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if ended_by_itself:
                said.seek(0)
                print(" ".join(command), "ended by itself:\n", said.read()[-2000:])


@contextmanager
def behind_nginx(folder: Path, **environment: str) -> Iterator["Behind"]:
    """The site as it is shipped: nginx with `deploy/nginx.conf`, gunicorn, worker. Only names,
    places and the certificate are others, and who asks says from which address."""
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        raise SystemExit("This needs nginx (Debian: apt install nginx).")
    socket_file = folder / "web.sock"
    port = free_port()
    text = (BASE / "deploy" / "nginx.conf").read_text()
    for pattern, instead in (
        (r"unix:/run/vigil/web\.sock", f"unix:{socket_file}"),
        (r"/var/cache/nginx/vigil", str(folder / "nginx-cache")),
        (r"/var/log/nginx/", f"{folder}/nginx-"),
        (r"petitions\.example\.org", "localhost"),
        (r"(?m)^ *listen \[::\].*\n", ""),
        (r"listen 80;", f"listen 127.0.0.1:{free_port()};"),
        (r"listen 443 [^;]*;", f"listen 127.0.0.1:{port} backlog=1024;"),
        (r"(?m)^ *ssl_.*\n", ""),
    ):
        text, found = re.subn(pattern, instead, text)
        assert found, pattern
    (folder / "site.conf").write_text(text)
    folders = "".join(
        f"{kind}_temp_path {folder}/nginx-{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = folder / "nginx.conf"
    main.write_text(
        ("user root;\n" if os.geteuid() == 0 else "")
        + f"pid {folder}/nginx.pid; daemon off; worker_processes 2; error_log stderr crit;\n"
        "events { worker_connections 4096; }\n"
        # Debian's file has gzip on.
        f"http {{ gzip on; set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For; {folders}"
        f"include {folder}/site.conf; }}\n"
    )
    web = [sys.executable, "-m", "gunicorn", "--config", "campaign_site/gunicorn.conf.py"]
    web += ["--log-level", "warning", "campaign_site.wsgi"]
    with (
        child(web, BIND=f"unix:{socket_file}", TRUSTED_PROXIES="1", **environment) as ours,
        child([program, "-p", str(folder), "-c", str(main)]) as proxy,
        child([sys.executable, "manage.py", "worker"], **environment) as worker,
    ):
        wait_for_port(port, proxy)
        until = time.monotonic() + 60
        while not socket_file.exists() and time.monotonic() < until:
            time.sleep(0.05)
        yield Behind(port, {"web": ours.pid, "proxy": proxy.pid, "worker": worker.pid})


class Behind(NamedTuple):
    port: int
    processes: dict[str, int]


@contextmanager
def gunicorn(application: str, *arguments: str, **environment: str) -> Iterator[int]:
    """Serves it with the configuration that we ship. Gives the port."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--config", "campaign_site/gunicorn.conf.py"]
    command += ["--log-level", "warning", "--pythonpath", "benchmarks", *arguments, application]
    with child(command, BIND=f"127.0.0.1:{port}", **environment) as process:
        wait_for_port(port, process)
        yield Server(port, process.pid)


class Server(int):
    """A port, and the process that serves it."""

    def __new__(cls, port, pid):
        made = super().__new__(cls, port)
        made.pid = pid
        return made


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for_port(port: int, process: subprocess.Popen, patience: float = 60) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit("a server did not start")


def collect_static() -> None:
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"],
        cwd=BASE,
        check=True,
    )


def peak_memory() -> int:
    """The most that this process ever had, in MB. (getrusage tells the parent's, too.)"""
    return memory_of("self", "VmHWM")


def memory_of(pid: int | str, what: str = "VmRSS") -> int:
    """In MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{what}:\s+(\d+) kB", status).group(1)) // 1024


def family(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child_pid in told(children).split():
            found += family(int(child_pid))
    return found


def told(file: Path) -> str:
    """What the kernel says of a process; nothing of one that has just ended."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def cpu_of_family(pid: int) -> float:
    """Seconds of one core that a process, and all below it, have taken; also those that ended."""
    ticks = 0
    for member in family(pid):
        words = told(Path(f"/proc/{member}/stat")).rpartition(")")[2].split()
        ticks += sum(map(int, words[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_of_family(pid: int) -> int:
    """In MB, without counting twice what forked processes share."""
    total = 0
    for member in family(pid):
        found = re.search(r"Pss:\s+(\d+) kB", told(Path(f"/proc/{member}/smaps_rollup")))
        total += int(found.group(1)) if found else 0
    return total // 1024
