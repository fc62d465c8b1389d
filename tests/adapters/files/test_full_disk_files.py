"""No room for a file: writing halts, says how many bytes are missing, and the room it took is free again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scidex_console.adapters.files.staging import StagingFolder
from scidex_console.adapters.files.worktree import CheckoutFiles
from scidex_console.domain.errors import Halt
from tests.adapters.cramped_disk import PAGE, CrampedDisk, SmallTmpfs, cramped_disk
from tests.adapters.files.conftest import Room, open_room


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[CrampedDisk]:
    with cramped_disk(tmp_path / "disk", megabytes=2) as made:
        yield made


async def test_full_disk_halts_with_the_bytes_that_are_missing(disk: CrampedDisk) -> None:
    room = open_room(disk.root)
    disk.leave(2)
    writer = room.staging.create("fig-1")
    with pytest.raises(Halt, match=r"[Nn]o space left|too large") as halted:
        for _ in range(10):
            writer.write(b"x" * PAGE)
    writer.abandon()
    disk.make_room()

    assert list(room.staging.root.iterdir()) == []
    assert "resume" in halted.value.fix
    if disk.mounted:
        assert halted.value.bytes_needed in (2 * PAGE, 3 * PAGE)
    staged = await room.stage(b"x" * 10 * PAGE)
    assert room.staging.holds(staged.name, staged.sha256)


async def test_staged_file_survives_a_full_worktree(disk: CrampedDisk, tmp_path: Path) -> None:
    """Staging lies on another file system here, so that placing needs a copy."""
    staging = StagingFolder(tmp_path / "staging")
    root = disk.root / "checkout"
    root.mkdir()
    room = Room(staging, CheckoutFiles(root, staging=staging.root))
    staged = await room.stage(b"x" * 100 * PAGE)
    disk.leave(5)
    with pytest.raises(Halt, match="cannot be placed") as halted:
        room.checkout.place(staged.name, "a/b.png", staged.sha256)
    disk.make_room()

    assert room.files() == {}
    assert room.staging.holds(staged.name, staged.sha256)
    if disk.mounted:
        assert halted.value.bytes_needed == staged.size
    room.checkout.place(staged.name, "a/b.png", staged.sha256)
    found = room.checkout.digest("a/b.png")
    assert found is not None and found.sha256 == staged.sha256
    assert (root / "a/b.png").stat().st_nlink == 1 + int(not disk.mounted)


async def test_no_inodes_and_read_only_halt_too(disk: CrampedDisk) -> None:
    room = open_room(disk.root)
    staged = await room.stage(b"image")
    if isinstance(disk, SmallTmpfs):
        disk.use_up_inodes()
        with pytest.raises(Halt, match=r"[Nn]o space left"):
            room.staging.create("fig-2")
        with pytest.raises(Halt, match=r"[Nn]o space left"):
            room.checkout.place(staged.name, "new/a.png", staged.sha256)
        disk.free_inodes()
        disk.read_only(True)
        with pytest.raises(Halt, match="read-only"):
            room.staging.create("fig-2")
        with pytest.raises(Halt, match="read-only"):
            room.checkout.place(staged.name, "new/a.png", staged.sha256)
        with pytest.raises(Halt, match="read-only"):
            room.staging.discard([staged.name])
        disk.read_only(False)
    room.checkout.place(staged.name, "new/a.png", staged.sha256)
    assert room.files() == {"new/a.png": b"image"}
