"""No room, or files that may not grow: the run halts, says what is needed, and goes on once there is room."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from psycopg import sql

from scidex_console.domain.intents import IntentState
from scidex_console.domain.runs import RunState
from tests.crash.checks import assert_sound, figures_with_file
from tests.crash.processes import engine_process
from tests.engine.bench import Bench, addresses, bench, until_true

HOSTS = (("a.example.org", 8), ("b.example.org", 8))
_DISK_BYTES = 24 << 20


def _may_mount(folder: Path) -> bool:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "tmpfs", str(folder)], capture_output=True
    )
    return done.returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk for the laboratory, where this user may mount one; otherwise a folder."""
    folder = tmp_path / "lab"
    mounted = _may_mount(folder)
    try:
        yield folder
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, *, leave: int) -> Path | None:
    """Use up the disk's room but for so many bytes; None when it is no disk of our own."""
    if not os.path.ismount(disk):
        return None
    ballast = disk / "ballast"
    room = os.statvfs(disk)
    with ballast.open("wb") as file:
        file.write(bytes(max(0, room.f_bavail * room.f_frsize - leave)))
    return ballast


def assert_nothing_lost(bench: Bench) -> None:
    """Whatever a row names is there, whole; nothing was marked dead."""
    for row in figures_with_file(bench.lab).values():
        assert (bench.lab.store.outer / str(row["file_path"])).stat().st_size
    assert not bench.tally()["dead"]


@pytest.mark.parametrize("leave", [0, 60_000])
async def test_full_disk_halts_with_the_bytes_needed_and_resumes_by_hand(
    tmp_path: Path, disk: Path, scidex_database: str, leave: int
) -> None:
    await _fill_and_make_room(tmp_path, disk, scidex_database, leave)


@pytest.mark.sweep
@pytest.mark.parametrize("leave", range(4_096, 200_000, 4_096))
async def test_disk_that_fills_up_at_any_point_of_a_batch_loses_nothing(
    tmp_path: Path, disk: Path, scidex_database: str, leave: int
) -> None:
    await _fill_and_make_room(tmp_path, disk, scidex_database, leave)


async def _fill_and_make_room(tmp_path: Path, disk: Path, scidex_database: str, leave: int) -> None:
    async with bench(tmp_path, scidex_database, addresses(*HOSTS)) as made, made.engine():
        await made.ask("step", count=6)
        stored = made.tally()["stored"]
        ballast = fill(disk, leave=leave)
        await made.ask("resume")
        if ballast is not None:
            assert await made.at_rest() is RunState.HALTED
            run = made.run_row()
            assert "space" in run["halt_reason"] or "full" in run["halt_reason"]
            assert "make room" in run["halt_reason"]
            assert run["halt_bytes_needed"] is None or run["halt_bytes_needed"] > 0
            assert made.tally()["stored"] >= stored
            assert_nothing_lost(made)
            asked = len(made.asked())
            again = await made.ask("start")
            assert again.state is IntentState.REFUSED and "is halted" in again.outcome
            assert len(made.asked()) == asked, "nobody is asked while it is halted"
            # Too early: it halts again, or what is open cannot be settled yet.
            await made.ask("resume")
            assert await made.at_rest() is RunState.HALTED
            ballast.unlink()
            assert (await made.ask("resume")).state is IntentState.DONE
        assert await made.at_rest() is RunState.DONE
        assert made.tally() == {"stored": len(made.lab.store.lost)}
        await made.ask("pause")
    assert_sound(made.lab)


async def test_limit_on_file_sizes_halts_and_the_next_engine_goes_on(
    tmp_path: Path, scidex_database: str
) -> None:
    async with bench(tmp_path, scidex_database, addresses(*HOSTS)) as made:
        start = await made.submit("start")
        async with engine_process(made.lab, most_bytes=1000) as engine:
            await made.settled(start)
            assert await made.at_rest() is RunState.HALTED
            run = made.run_row()
            assert "ulimit -f" in run["halt_reason"]
            assert run["halt_bytes_needed"] is None, "room is not what is missing"
            assert_nothing_lost(made)
            engine.signal(signal.SIGTERM)
            assert await engine.ended() == 4, "it waits for a person"
            assert any("halted" in line for line in engine.lines)
        async with made.engine():
            assert made.run_state() is RunState.HALTED
            await made.ask("resume")
            assert await made.at_rest() is RunState.DONE
        assert made.tally() == {"stored": len(made.lab.store.lost)}
        assert_sound(made.lab)


@pytest.fixture
def database_disk(scidex_database: str, database_server: str) -> Iterator[Path]:
    """A small disk on which the test's database lives, where this user may mount one; otherwise a folder.

    Not below pytest's own folders, which the server's account may not enter.
    """
    name = sql.Identifier(scidex_database.rpartition("/")[2].partition("?")[0])
    with (
        TemporaryDirectory(prefix="scidex-test-") as made,
        psycopg.connect(database_server, autocommit=True) as administration,
    ):
        disk = Path(made)
        disk.chmod(0o755)
        space = sql.Identifier(disk.name)
        row = administration.execute("SHOW data_directory").fetchone()
        assert row is not None
        mounted = Path(row[0]).is_dir() and _may_mount(disk)
        try:
            if mounted:
                folder, server = disk / "space", Path(row[0]).stat()
                folder.mkdir()
                os.chown(folder, server.st_uid, server.st_gid)
                place = sql.Literal(str(folder))
                administration.execute(sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(space, place))
                administration.execute(sql.SQL("ALTER DATABASE {} SET TABLESPACE {}").format(name, space))
            yield disk
        finally:
            if mounted:
                (disk / "ballast").unlink(missing_ok=True)
                administration.execute(sql.SQL("ALTER DATABASE {} SET TABLESPACE pg_default").format(name))
                administration.execute(sql.SQL("DROP TABLESPACE {}").format(space))
                subprocess.run(["umount", "-l", str(disk)], check=True)


async def test_full_database_disk_halts_as_soon_as_that_can_be_told_and_resumes_by_hand(
    tmp_path: Path, database_disk: Path, scidex_database: str
) -> None:
    urls = addresses(("a.example.org", 60), ("b.example.org", 60))
    async with bench(tmp_path, scidex_database, urls, settings={"files": "40"}) as made:
        async with made.engine() as engine:
            await made.ask("step", count=5)
            ballast = fill(database_disk, leave=0)
            await made.ask("resume")
            if ballast is not None:
                await until_true(lambda: "No space left" in engine._p.pulse.note, "the engine says so")
                ballast.unlink()
                assert await made.at_rest() is RunState.HALTED
                assert "make room on the database's disk" in made.run_row()["halt_reason"]
                assert (await made.ask("resume")).state is IntentState.DONE
            assert await made.at_rest() is RunState.DONE
        assert made.tally() == {"stored": len(made.lab.store.lost)}
        assert_sound(made.lab)
