"""A demo world's life: built, found again, started, shared, kept, killed, ended."""

from __future__ import annotations

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from scidex_console.demo.artifacts.scale import Scale
from scidex_console.demo.postgres_server import EmbeddedPostgres
from scidex_console.demo.processes import ProcessRecord
from scidex_console.demo.world import World, end_world
from scidex_console.demo.world_record import RECORD
from scidex_console.domain.errors import Held, Refused, RepositoryError, Unreachable
from scidex_console.settings import load_settings
from tests import warm
from tests.samples import sample

TINY = Scale("tiny", artifacts=40, paper_figures=20, figures_with_file=2)

# Another process that builds and shows a world: it prints its progress and leaves when its input ends. With
# `halt` it stands still at the first line that begins so.
_OTHER = """
import sys
from pathlib import Path
from scidex_console.demo.artifacts.scale import Scale
from scidex_console.demo.world import World

directory, how, until = sys.argv[1:]

def say(line):
    print(line, flush=True)
    if how == "halt" and line.startswith(until):
        sys.stdin.read()

with World.build(Path(directory), scale=Scale("tiny", 40, 20, 2), progress=say) as world:
    world.start(keep=how == "keep", progress=say)
    say("ready")
    sys.stdin.read()
"""


@contextmanager
def other_process(directory: Path, how: str, until: str) -> Iterator[subprocess.Popen[str]]:
    """Another process on a world, once it has printed a line that begins with `until`.

    `how`: `show`, `keep` (the world outlives it) or `halt` (it stands still there).
    """
    with warm.Popen(
        [sys.executable, "-c", _OTHER, str(directory), how, until],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            assert any(line.startswith(until) for line in process.stdout)
            yield process
        finally:
            process.stdin.close()
            process.stdout.close()


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what happens in another process; the test's own time limit is the limit."""
    while not holds():
        time.sleep(0.02)


@pytest.fixture(scope="module")
def shared_directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("shared") / "demo"
    with World.build(directory, scale=TINY) as world:
        pass
    yield directory
    world.remove()


@pytest.fixture
def directory(shared_directory: Path) -> Iterator[Path]:
    """A finished world in which nothing runs, before and after the test."""
    yield shared_directory
    end_world(shared_directory)


@pytest.fixture
def new_directory(tmp_path: Path) -> Iterator[Path]:
    """A folder for a world of one test; whatever is there is removed afterwards."""
    directory = tmp_path / "demo"
    yield directory
    EmbeddedPostgres(directory / "postgres").destroy()


def _built(directory: Path) -> World:
    return World.build(directory, scale=TINY)


def _hosts(world: World) -> ProcessRecord:
    running = world.running()
    assert running is not None
    return next(process for process in running.processes if process.name == "figure hosts")


def _query(world: World, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(world.database_url) as connection:
        return connection.execute(statement.encode()).fetchall()


def test_a_started_world_has_rows_files_hosts_and_a_configuration(directory: Path) -> None:
    with _built(directory) as world:
        world.start()
        assert _query(world, "SELECT count(*) FROM artifacts") == [(40,)]
        kept = _query(
            world, "SELECT file_path FROM artifacts WHERE metadata ? 'file_sha256' AND file_path IS NOT NULL"
        )
        assert kept and all((world.places.outer / path).is_file() for (path,) in kept)
        settings = load_settings(world.config_file, environ={})
        assert settings.database.need_url() == world.database_url
        assert settings.repository.path == world.places.artifacts
        hosts = world.hosts
        assert hosts is not None and settings.fetch.ca_file == hosts.ca_file
        context = ssl.create_default_context(cafile=str(settings.fetch.ca_file))
        with httpx.Client(verify=context, trust_env=False) as client:
            answer = client.get(
                f"https://{hosts.address}:{hosts.https_port}/x.png",
                headers={"Host": "europepmc.org"},
                extensions={"sni_hostname": "europepmc.org"},
            )
        assert answer.status_code in range(200, 600)
    assert b"europepmc.org" in hosts.log.read_bytes()


def test_everything_that_was_started_stops(directory: Path) -> None:
    world = _built(directory)
    world.start()
    hosts = _hosts(world)
    world.stop()
    assert not hosts.is_running()
    assert not EmbeddedPostgres(directory / "postgres").is_alive()
    assert world.running() is None
    world.stop()


@pytest.mark.sweep
def test_a_finished_world_is_used_again_as_it_was_left(directory: Path) -> None:
    with _built(directory) as world:
        world.start()
        with psycopg.connect(world.database_url) as connection:
            connection.execute("COMMENT ON TABLE artifacts IS 'used before'")
    lines: list[str] = []
    with World.build(directory, scale=TINY, progress=lines.append) as world:
        world.start()
        assert _query(world, "SELECT obj_description('artifacts'::regclass)") == [("used before",)]
    assert lines == [f"world: tiny, seed 1, found in {directory}"]


@pytest.mark.parametrize("until", sample("artifact store", "world: building", "database"))
@pytest.mark.sweep
def test_a_world_is_built_by_one_process_at_a_time_and_again_when_that_was_killed(
    new_directory: Path, until: str
) -> None:
    with other_process(new_directory, "halt", until) as process:
        with pytest.raises(Held, match="another process is building, starting or stopping"):
            _built(new_directory)
        process.kill()
        process.wait()
    assert json.loads((new_directory / RECORD).read_text())["state"] == "building"
    lines: list[str] = []
    with World.build(new_directory, scale=TINY, progress=lines.append) as world:
        assert "world: the last one was never finished; building it again" in lines
        world.start()
        assert _query(world, "SELECT count(*) FROM artifacts") == [(40,)]


def test_a_folder_that_is_no_world_is_refused_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(
        Refused, match="is not empty and holds no demo world; choose an empty or a new folder"
    ):
        _built(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"made_by": "somebody else"}', '{"made_by": "scidex-console demo", "layout": 0}']
)
def test_a_world_this_version_does_not_understand_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / RECORD).write_text(content)
    with pytest.raises(Refused, match="not one this version can use"):
        _built(tmp_path)
    assert (tmp_path / RECORD).read_text() == content


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for directory in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(Refused, match="cannot be written"):
            _built(directory)


def test_a_world_of_another_size_or_seed_is_refused(directory: Path) -> None:
    with pytest.raises(Refused, match="another world is there: tiny, seed 1, not small, seed 1; choose"):
        World.build(directory)
    with pytest.raises(Refused, match="tiny, seed 1, not tiny, seed 2"):
        World.build(directory, scale=TINY, seed=2)


@pytest.mark.sweep
def test_while_another_world_runs_it_is_to_be_ended_first(directory: Path) -> None:
    with _built(directory) as world:
        world.start()
        stop = re.escape(f"`scidex-console demo --stop --dir {directory}`")
        with pytest.raises(Refused, match=f"it is running now; end it by {stop} and choose another folder"):
            World.build(directory)


@pytest.mark.sweep
def test_an_ended_world_can_be_removed_with_its_database(new_directory: Path) -> None:
    world = _built(new_directory)
    world.start()
    place = EmbeddedPostgres(new_directory / "postgres").place
    assert end_world(new_directory, remove=True) == ["figure hosts", "database"]
    assert not new_directory.exists() and not place.exists()
    world.stop()


def test_there_must_be_a_world_to_attach_to_or_to_end(tmp_path: Path) -> None:
    for action in (World.attach, end_world):
        with pytest.raises(Refused, match="there is no demo world"):
            action(tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.sweep
def test_a_build_that_fails_leaves_nothing_running_and_can_be_repeated(
    new_directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bin" / "git"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'fatal: out of luck' >&2\nexit 128\n")
    broken.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{broken.parent}:{os.environ['PATH']}")
        with pytest.raises(RepositoryError, match="git init failed: fatal: out of luck"):
            _built(new_directory)
    assert not EmbeddedPostgres(new_directory / "postgres").is_alive()
    with _built(new_directory) as world:
        world.start()
        assert _query(world, "SELECT count(*) FROM artifacts") == [(40,)]


def test_a_world_shown_by_another_process_is_refused(directory: Path) -> None:
    with other_process(directory, "show", "ready") as process:
        world = _built(directory)
        with pytest.raises(Held, match=f"in use by process {process.pid}"):
            world.start()
        world.stop()
        assert _hosts(world).is_running()
    assert world.running() is None


@pytest.mark.sweep
def test_hosts_of_a_killed_process_end_and_the_world_can_be_started_again(directory: Path) -> None:
    with other_process(directory, "show", "ready") as process:
        world = World.attach(directory)
        orphan = _hosts(world)
        process.kill()
    eventually(lambda: not orphan.is_running())
    assert world.running() is None
    with world:
        world.start()
        assert _hosts(world).is_running()
    assert not EmbeddedPostgres(directory / "postgres").is_alive()


def test_a_kept_world_outlives_its_owner_is_taken_over_as_it_is_and_ends_when_told(directory: Path) -> None:
    with other_process(directory, "keep", "ready"):
        pass
    with World.attach(directory) as world:
        kept = _hosts(world)
        with pytest.raises(Refused, match="runs at speed 1, not 50; end it by"):
            world.start(speed=50)
        config = world.config_file.read_text()
        world.start()
        assert _hosts(world) == kept
        assert world.config_file.read_text() == config
        assert _query(world, "SELECT count(*) FROM artifacts") == [(40,)]
    assert kept.is_running()
    assert EmbeddedPostgres(directory / "postgres").is_alive()
    assert end_world(directory) == ["figure hosts", "database"]
    assert not kept.is_running()
    assert end_world(directory) == []


def test_a_world_kept_by_this_very_process_stays_until_it_is_ended(directory: Path) -> None:
    with _built(directory) as world:
        world.start(keep=True)
    hosts = _hosts(world)
    assert hosts.is_running()
    assert end_world(directory) == ["figure hosts", "database"]
    assert not hosts.is_running()


def test_a_recorded_process_ends_before_what_it_uses(directory: Path) -> None:
    world = _built(directory)
    world.start()
    with subprocess.Popen(["sleep", "600"]) as engine:
        world.record_process("engine", engine.pid)
        assert end_world(directory) == ["engine", "figure hosts", "database"]
        assert engine.wait() == -signal.SIGTERM
    world.stop()


def test_a_process_left_by_a_killed_owner_ends_before_the_world_starts_again(directory: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as engine:
        with other_process(directory, "show", "ready") as process:
            world = World.attach(directory)
            world.record_process("engine", engine.pid)
            orphan = _hosts(world)
            process.kill()
        eventually(lambda: not orphan.is_running())
        with world:
            world.start()
            assert engine.wait() == -signal.SIGTERM


def test_only_a_running_world_takes_processes(directory: Path) -> None:
    world = World.attach(directory)
    with pytest.raises(Refused, match="does not run"):
        world.record_process("engine", os.getpid())


def test_hosts_that_do_not_come_up_say_why_and_nothing_stays_behind(directory: Path) -> None:
    certificate = directory / "hosts" / "ca.pem"
    certificate.unlink(missing_ok=True)
    certificate.mkdir(parents=True)
    world = World.attach(directory)
    try:
        with pytest.raises(Unreachable, match=r"hosts ended with exit code 1: figure hosts: .*ca\.pem"):
            world.start()
    finally:
        certificate.rmdir()
    assert world.running() is None
    assert not EmbeddedPostgres(directory / "postgres").is_alive()


def test_speed_reaches_hosts_and_configuration(directory: Path) -> None:
    with World.attach(directory) as world:
        world.start(speed=20)
        hosts = Path(f"/proc/{_hosts(world).pid}/cmdline").read_bytes().split(b"\0")
        assert hosts[hosts.index(b"--speed") + 1] == b"20"
        assert load_settings(world.config_file, environ={}).fetch.default_rate == 20


@pytest.mark.sweep
def test_a_world_tells_its_progress_and_leaves_nothing_when_it_is_removed(new_directory: Path) -> None:
    lines: list[str] = []
    with World.build(new_directory, scale=TINY, seed=3, progress=lines.append) as world:
        world.start(progress=lines.append)
        hosts = _hosts(world)
    assert lines[0] == f"world: building tiny, seed 3 in {new_directory}"
    assert lines[1].startswith("artifact store: 40 artifacts, ")
    assert [line.partition(":")[0] for line in lines[2:]] == ["database", "database", "figure hosts"]
    world.remove()
    assert not new_directory.exists()
    assert not hosts.is_running()
