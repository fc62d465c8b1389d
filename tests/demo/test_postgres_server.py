"""The embedded PostgreSQL: created, shared, crashed, recovered, stopped, destroyed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from scidex_console.demo.postgres.account import Account, server_account
from scidex_console.demo.postgres.installation import (
    find_installation,
    reachable_installation,
    wheel_folder,
)
from scidex_console.demo.postgres_server import EmbeddedPostgres, EmbeddedPostgresError

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def new_home(tmp_path: Path) -> Iterator[Path]:
    """A home nobody has used; whatever was started there is destroyed."""
    home = tmp_path / "home"
    yield home
    EmbeddedPostgres(home).destroy()


@pytest.fixture(scope="module")
def used_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with a cluster in it, shared by the tests that leave it as sound as they found it."""
    home = tmp_path_factory.mktemp("postgres") / "home"
    with EmbeddedPostgres(home):
        pass
    yield home
    EmbeddedPostgres(home).destroy()


@pytest.fixture
def server(used_home: Path) -> Iterator[EmbeddedPostgres]:
    """A server that does not run yet; it is stopped after the test, and its tables are dropped."""
    server = EmbeddedPostgres(used_home)
    assert not server.is_alive()
    yield server
    tell(server.start(), "DROP TABLE IF EXISTS kept")
    server.stop()


@pytest.fixture
def public_folder() -> Iterator[Path]:
    """A folder every account can walk to, as /var/cache is."""
    folder = Path(tempfile.mkdtemp(prefix="scidex-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def ask(url: str, question: str) -> Any:
    """The one value that answers a question, over a connection of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(question.encode()).fetchone()
    assert row is not None
    return row[0]


def tell(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def started_at(url: str) -> Any:
    """Tells one server process from the next."""
    return ask(url, "SELECT pg_postmaster_start_time()")


def data_folder(url: str) -> Path:
    return Path(ask(url, "SHOW data_directory"))


def socket_folder(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def server_pid(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def python(script: str, *arguments: str) -> subprocess.Popen[str]:
    """Another process that knows the package; it gets its arguments as sys.argv[1:]."""
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


# Created, shared, left


def test_first_start_gives_a_private_utf8_database(server: EmbeddedPostgres) -> None:
    url = server.start()
    assert urlsplit(url).path == "/scidex"
    assert ask(url, "SHOW server_encoding") == "UTF8"
    assert ask(url, "SELECT datlocale FROM pg_database WHERE datname = 'scidex'") == "C.UTF-8"
    assert ask(url, "SELECT lower('ÄÉ')") == "äé"
    assert ask(url, "SHOW listen_addresses") == ""
    assert ask(url, "SHOW timezone") == "UTC"
    assert ask(url, "SHOW fsync") == "on"


def test_only_the_owner_can_enter_the_folders(server: EmbeddedPostgres, used_home: Path) -> None:
    url = server.start()
    data = data_folder(url)
    assert [mode(each) for each in (used_home, data.parent, data, socket_folder(url))] == [0o700] * 4
    assert data.stat().st_uid != 0


def test_data_is_still_there_after_a_stop_and_a_start(server: EmbeddedPostgres) -> None:
    tell(server.start(), "CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    assert not server.is_alive()
    assert ask(server.start(), "SELECT answer FROM kept") == 42


def test_second_user_attaches_to_the_running_server(server: EmbeddedPostgres, used_home: Path) -> None:
    first = started_at(server.start())
    with EmbeddedPostgres(used_home) as second:
        assert second.is_alive()
        assert started_at(second.attach()) == first
    assert server.is_alive()


def test_attaching_where_nothing_runs_is_refused(server: EmbeddedPostgres, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match="not running"):
        server.attach()
    with pytest.raises(EmbeddedPostgresError, match="ever started"):
        EmbeddedPostgres(tmp_path / "home").attach()
    assert not (tmp_path / "home").exists()


def test_last_one_out_stops_the_server(server: EmbeddedPostgres, used_home: Path) -> None:
    url = server.start()
    second = EmbeddedPostgres(used_home)
    second.attach()
    assert server.stop_if_last() is False
    with psycopg.connect(url):
        assert second.stop_if_last() is False
        assert second.is_alive()
    assert second.stop_if_last() is True
    assert not second.is_alive()


def test_full_server_is_not_taken_for_an_abandoned_one(server: EmbeddedPostgres, used_home: Path) -> None:
    url = server.start()
    clients = [psycopg.connect(url)]
    with pytest.raises(psycopg.OperationalError, match="too many clients"):
        while True:
            clients.append(psycopg.connect(url))
    assert EmbeddedPostgres(used_home).stop_if_last() is False
    assert clients[0].execute("SELECT 1").fetchone() == (1,)
    for client in clients:
        client.close()


@pytest.mark.sweep
def test_four_racing_starters_share_one_server(new_home: Path) -> None:
    script = """
import sys, pathlib, psycopg
from scidex_console.demo.postgres_server import EmbeddedPostgres
server = EmbeddedPostgres(pathlib.Path(sys.argv[1]))
sys.stdin.readline()
with psycopg.connect(server.start()) as connection:
    print(connection.execute("SELECT pg_postmaster_start_time()").fetchone()[0], flush=True)
sys.stdin.read()
server.stop_if_last()
"""
    starters = [python(script, str(new_home)) for _ in range(4)]
    for starter in starters:
        assert starter.stdin is not None
        starter.stdin.write("go\n")
        starter.stdin.flush()
    answers = {starter.stdout.readline() for starter in starters if starter.stdout is not None}
    assert len(answers) == 1
    assert "" not in answers
    for starter in starters:
        starter.communicate(timeout=60)
    assert [starter.returncode for starter in starters] == [0] * 4
    assert not EmbeddedPostgres(new_home).is_alive()


# Crashed, recovered


def test_server_outlives_its_killed_owner_and_is_found_again(
    server: EmbeddedPostgres, used_home: Path
) -> None:
    script = """
import sys, pathlib
from scidex_console.demo.postgres_server import EmbeddedPostgres
server = EmbeddedPostgres(pathlib.Path(sys.argv[1]))
print(server.start(), flush=True)
sys.stdin.read()
"""
    with python(script, str(used_home)) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        first = started_at(url)
        owner.kill()
    assert started_at(server.attach()) == first
    assert server.stop_if_last() is True
    assert not server.is_alive()


def test_killed_server_recovers_what_was_committed(server: EmbeddedPostgres) -> None:
    url = server.start()
    tell(url, "CREATE TABLE kept AS SELECT generate_series(1, 10000) AS n")
    data = data_folder(url)
    os.kill(server_pid(data), signal.SIGKILL)
    wait_until(lambda: not server.is_alive())
    assert ask(server.start(), "SELECT count(*) FROM kept") == 10000


def test_start_waits_until_a_crashed_server_has_recovered(server: EmbeddedPostgres, used_home: Path) -> None:
    url = server.start()
    tell(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    data = data_folder(url)
    server.stop()
    # Recovery that lasts until the gate opens: it asks for archived log before it gives connections.
    gate = data.parent / "gate"
    (data / "recovery.signal").touch()
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write(f"restore_command = 'while ! test -e {gate}; do sleep 0.02; done; false'\n")
        settings.write("hot_standby = off\n")
    if IS_ROOT:
        shutil.chown(data / "recovery.signal", data.stat().st_uid, data.stat().st_gid)
    starter = threading.Thread(target=server.start)
    starter.start()
    refusals = ("starting up", "not yet accepting connections")
    wait_until(lambda: any(refusal in server.log.read_text() for refusal in refusals))
    assert not EmbeddedPostgres(used_home).is_alive()
    assert starter.is_alive()
    gate.touch()
    starter.join()
    gate.unlink()
    assert ask(server.start(), "SELECT answer FROM kept") == 42


@pytest.mark.parametrize("content", ["", "{pid}\n{data}\n1\n5432\n{sockets}\n\n  1 2\nready   \n"])
def test_misleading_pid_file_neither_blocks_a_start_nor_kills_a_stranger(
    server: EmbeddedPostgres, content: str
) -> None:
    url = server.start()
    data, sockets = data_folder(url), socket_folder(url)
    server.stop()
    account = server_account()
    switch: dict[str, Any] = {} if account is None else {"user": account.uid, "group": account.gid}
    with subprocess.Popen(["sleep", "600"], **switch) as stranger:
        text = content.format(pid=stranger.pid, data=data, sockets=sockets)
        for lock_file in (data / "postmaster.pid", sockets / ".s.PGSQL.5432.lock"):
            lock_file.write_text(text)
            lock_file.chmod(0o600)
            if account is not None:
                os.chown(lock_file, account.uid, account.gid)
        assert not server.is_alive()
        server.stop()
        assert ask(server.start(), "SELECT 1") == 1
        server.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_server_whose_socket_was_cleaned_away_is_replaced(server: EmbeddedPostgres) -> None:
    url = server.start()
    tell(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    server.release()
    (socket_folder(url) / ".s.PGSQL.5432").unlink()
    assert ask(server.start(), "SELECT answer FROM kept") == 42


def test_start_that_is_interrupted_leaves_no_server_running(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        assert server.is_alive()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(server, "_enter", interrupt)
        with pytest.raises(KeyboardInterrupt):
            server.start()
    assert not server.is_alive()


@pytest.mark.sweep
def test_half_made_cluster_is_not_taken_for_a_whole_one(new_home: Path) -> None:
    with EmbeddedPostgres(new_home) as server:
        data = data_folder(server.url())
    half = data.with_name("data.0badcafe")
    data.rename(half)
    (half / "PG_VERSION").unlink()
    with server:
        assert data_folder(server.url()) == data
    assert not half.exists()


# Where it may live


@pytest.mark.sweep
def test_long_home_gets_a_socket_elsewhere_and_again_after_a_reboot(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("x" * 120))
    try:
        first = socket_folder(server.start())
        assert len(str(first)) < 90
        server.stop()
        shutil.rmtree(first)
        url = server.start()
        assert ask(url, "SELECT 1") == 1
        assert mode(socket_folder(url)) == 0o700
    finally:
        server.destroy()
    assert not socket_folder(url).exists()


@pytest.mark.sweep
def test_closed_folders_above_home_and_binaries_stay_closed(tmp_path: Path, public_folder: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    original = find_installation(wheel_folder(), None).root
    wheel = closed / original.parent.name
    for name in ("bin/postgres", "bin/initdb", "lib", "share"):
        target = wheel / original.name / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = original / name
        shutil.copytree(source, target) if source.is_dir() else shutil.copy2(source, target)
    libraries = original.parent.with_name(f"{original.parent.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, closed / libraries.name)
    server = EmbeddedPostgres(closed / "home", wheel=wheel, cache_root=public_folder / "cache")
    try:
        assert ask(server.start(), "SELECT 1") == 1
        server.stop()
        assert ask(server.start(), "SELECT 1") == 1
    finally:
        server.destroy()
    assert mode(closed) == 0o700
    copies = [each.name for each in public_folder.glob("cache/*")]
    assert len(copies) == (1 if IS_ROOT else 0)


@pytest.mark.sweep
def test_ordinary_user_runs_the_server_as_themselves(public_folder: Path) -> None:
    entry = pwd.getpwnam("nobody") if IS_ROOT else pwd.getpwuid(os.geteuid())
    user = Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    installation = find_installation(wheel_folder(), None)
    if IS_ROOT:
        installation = reachable_installation(installation, user, public_folder / "cache")
    home = public_folder / "home"
    home.mkdir()
    os.chown(home, user.uid, user.gid)
    script = """
import os, sys, pathlib, psycopg
from scidex_console.demo.postgres_server import EmbeddedPostgres
home, wheel = (pathlib.Path(each) for each in sys.argv[1:3])
uid, gid = (int(each) for each in sys.argv[3:5])
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(gid); os.setuid(uid)
server = EmbeddedPostgres(home, wheel=wheel)
with psycopg.connect(server.start()) as connection:
    data = pathlib.Path(connection.execute("SHOW data_directory").fetchone()[0])
print(data.relative_to(home), data.stat().st_uid == uid, server.stop_if_last(), flush=True)
server.destroy()
print(list(home.parent.glob("home/*")))
"""
    child = python(script, str(home), str(installation.root.parent), str(user.uid), str(user.gid))
    said, _ = child.communicate(timeout=60)
    assert said.splitlines() == ["data True True", "[]"]
    assert child.returncode == 0


# Refused, destroyed


def test_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "thesis.tex").touch()
    server = EmbeddedPostgres(tmp_path)
    with pytest.raises(EmbeddedPostgresError, match="not empty"):
        server.start()
    server.destroy()
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.tex"]
    assert mode(tmp_path) == 0o755


def test_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedPostgresError, match="cannot make"):
        EmbeddedPostgres(tmp_path / "file" / "home").start()


@pytest.mark.sweep
def test_destroy_stops_the_server_and_leaves_nothing(new_home: Path) -> None:
    server = EmbeddedPostgres(new_home)
    url = server.start()
    place, sockets = data_folder(url).parent, socket_folder(url)
    server.destroy()
    assert not server.is_alive()
    assert [each.exists() for each in (new_home, place, sockets)] == [False] * 3
    server.destroy()


def test_server_that_cannot_start_is_reported_with_its_own_words(server: EmbeddedPostgres) -> None:
    settings = data_folder(server.start()) / "postgresql.conf"
    server.stop()
    sound = settings.read_text()
    settings.write_text(f"{sound}\nno_such_setting = on\n")
    with pytest.raises(EmbeddedPostgresError, match="no_such_setting"):
        server.start()
    settings.write_text(sound)


def test_data_of_a_version_without_binaries_is_named(
    server: EmbeddedPostgres, used_home: Path, tmp_path: Path
) -> None:
    catalogue = tmp_path / "pginstall17" / "share" / "postgresql" / "postgres.bki"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text("# PostgreSQL 17\n")
    version = (data_folder(server.start()) / "PG_VERSION").read_text().strip()
    server.stop()
    with pytest.raises(EmbeddedPostgresError, match=rf"no PostgreSQL {version} .*\(17\)"):
        EmbeddedPostgres(used_home, wheel=tmp_path).start()


# The databases of the tests


def test_test_database_is_fresh_and_empty(database_url: str) -> None:
    assert ask(database_url, "SHOW server_encoding") == "UTF8"
    assert ask(database_url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_scidex_database_has_the_two_tables_empty(scidex_database: str) -> None:
    tables = ask(
        scidex_database, "SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'"
    )
    assert sorted(tables.split()) == ["artifact_links", "artifacts"]
    assert ask(scidex_database, "SELECT count(*) FROM artifacts") == 0
