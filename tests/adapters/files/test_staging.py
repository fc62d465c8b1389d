"""Staged files are whole and flushed, or not there."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scidex_console.adapters.files.staging import StagingFolder
from scidex_console.domain.errors import Halt, UnsafePath
from tests.adapters.files.conftest import Room

_KILLED = """
import asyncio, sys
from pathlib import Path
from scidex_console.adapters.files.staging import StagingFolder
staging = StagingFolder(Path(sys.argv[1]))
writer = staging.create("fig-1")
writer.write(b"image")
asyncio.run(writer.finish())
"""


async def test_staged_file_is_known_by_name_hash_and_size(room: Room) -> None:
    writer = room.staging.create("fig-1")
    writer.write(b"first ")
    writer.write(b"")
    writer.write(b"second")
    assert room.staging.names() == frozenset()
    staged = await writer.finish()

    assert staged.sha256 == hashlib.sha256(b"first second").hexdigest()
    assert staged.size == 12
    assert room.staging.names() == {staged.name}
    assert (room.staging.root / staged.name).read_bytes() == b"first second"


async def test_same_artifact_is_staged_twice_under_two_names(room: Room) -> None:
    first, second = await room.stage(b"a", "fig/../1"), await room.stage(b"b", "fig/../1")
    assert room.staging.names() == {first.name, second.name}
    assert first.name.split("-")[0] == second.name.split("-")[0]


async def test_holds_only_the_very_bytes(room: Room) -> None:
    staged = await room.stage(b"image")
    assert room.staging.holds(staged.name, staged.sha256)
    assert not room.staging.holds(staged.name, hashlib.sha256(b"other").hexdigest())
    assert not room.staging.holds("never", staged.sha256)
    for name in ("", ".", "..", "../checkout", f"{staged.name}.part", f"./{staged.name}"):
        assert not room.staging.holds(name, staged.sha256)
    (room.staging.root / staged.name).write_bytes(b"damag")
    assert not room.staging.holds(staged.name, staged.sha256)


async def test_link_in_the_staging_folder_is_nothing(room: Room) -> None:
    staged = await room.stage(b"image")
    (room.staging.root / "link").symlink_to(staged.name)
    assert not room.staging.holds("link", staged.sha256)


def test_abandoned_file_leaves_nothing(room: Room) -> None:
    writer = room.staging.create("fig-1")
    writer.write(b"half")
    writer.abandon()
    writer.abandon()
    assert list(room.staging.root.iterdir()) == []
    with pytest.raises(RuntimeError):
        writer.write(b"more")


async def test_finished_file_cannot_be_written_or_finished_again(room: Room) -> None:
    writer = room.staging.create("fig-1")
    await writer.finish()
    writer.abandon()
    assert len(room.staging.names()) == 1
    with pytest.raises(RuntimeError):
        await writer.finish()


async def test_discard_removes_what_is_there(room: Room) -> None:
    first, second = await room.stage(b"a"), await room.stage(b"b")
    room.staging.discard([first.name, "never-was"])
    assert room.staging.names() == {second.name}
    with pytest.raises(UnsafePath):
        room.staging.discard(["../checkout"])


async def test_sweep_spares_what_is_finished_and_what_is_under_way(room: Room) -> None:
    staged = await room.stage(b"a")
    under_way = room.staging.create("fig-2")
    under_way.write(b"b")
    (room.staging.root / "dead-1.part").write_bytes(b"half")
    (room.staging.root / "dead-2.part").write_bytes(b"")

    assert room.staging.sweep() == 2
    assert room.staging.sweep() == 0
    finished = await under_way.finish()
    assert room.staging.names() == {staged.name, finished.name}


@pytest.mark.parametrize(("kill_at", "whole"), [(1, False), (2, True)])
def test_killed_while_finishing_the_file_is_whole_or_swept(tmp_path: Path, kill_at: int, whole: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(tmp_path / "staging")],
        env={**os.environ, "SCIDEX_CONSOLE_KILL_AT": str(kill_at)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    staging = StagingFolder(tmp_path / "staging")
    assert len(staging.names()) == int(whole)
    assert staging.sweep() == int(not whole)
    for name in staging.names():
        assert staging.holds(name, hashlib.sha256(b"image").hexdigest())


def test_staging_folder_that_cannot_be_made_halts(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Halt, match="staging folder cannot be made"):
        StagingFolder(tmp_path / "file/staging")


def test_new_staged_files_follow_the_umask(room: Room) -> None:
    before = os.umask(0o027)
    try:
        writer = room.staging.create("fig-1")
        mode = next(room.staging.root.iterdir()).stat().st_mode & 0o777
        writer.abandon()
    finally:
        os.umask(before)
    assert mode == 0o640
