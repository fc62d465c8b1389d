"""No room in the git directory: writing halts, says what is missing, and goes on once there is room."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from scidex_console.adapters.git import maintenance
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import Halt
from scidex_console.engine.ports import PathChange
from tests.adapters.cramped_disk import CrampedDisk, SmallTmpfs, cramped_disk
from tests.adapters.git import world as worlds
from tests.adapters.git.world import World, git, trailers
from tests.samples import sample

_CONTENT = random.Random(1).randbytes(16 * 1024)
"""More than a file-size limit or a few pages allow, and not to be compressed."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[CrampedDisk]:
    with cramped_disk(tmp_path / "disk") as made:
        yield made


@pytest.fixture
def cramped(disk: CrampedDisk, template_world: World) -> World:
    world = worlds.copy(template_world, disk.root / "store")
    world.repository().raise_epoch(1)
    return world


def changes(world: World) -> list[PathChange]:
    return [world.write(f"figures/fig-{number}.png", _CONTENT + bytes([number])) for number in range(3)]


def settle(world: World, wanted: list[PathChange], base: str) -> None:
    """What recovery does, and what must hold after it."""
    repository = world.repository()
    paths = [change.path for change in wanted]
    repository.repair_index(paths)
    if repository.find("batch-1/1", CommitKind.APPLY, since=base, journal="") is None:
        repository.commit(wanted, subject="Add", trailers=trailers(), epoch=1)
    repository.bump_pointer(subject="Move", trailers=trailers(kind=CommitKind.POINTER))
    assert world.log() == ["Add", "Artifacts so far"]
    assert world.log(world.outer) == ["Move", "Outer so far"]
    assert world.status() == ""
    assert git(world.outer, "status", "--porcelain") == ""
    assert repository.facts.fsck() == []
    assert not repository.facts.leftovers()


def work(world: World, wanted: list[PathChange]) -> None:
    repository = world.repository()
    repository.commit(wanted, subject="Add", trailers=trailers(), epoch=1)
    repository.bump_pointer(subject="Move", trailers=trailers(kind=CommitKind.POINTER))


def test_full_disk_halts_with_the_cause_and_changes_nothing(disk: CrampedDisk, cramped: World) -> None:
    base = git(cramped.artifacts, "rev-parse", "main")
    wanted = changes(cramped)
    disk.leave(0)
    with pytest.raises(Halt, match=r"disk is full|over the limit on file sizes") as halted:
        work(cramped, wanted)
    disk.make_room()

    assert "resume" in halted.value.fix
    assert git(cramped.artifacts, "rev-parse", "main") == base
    settle(cramped, wanted, base)


@pytest.mark.parametrize("pages", sample(9, 3, 15, 21))
def test_disk_that_fills_up_half_way_loses_and_doubles_nothing(
    disk: CrampedDisk, cramped: World, pages: int
) -> None:
    base = git(cramped.artifacts, "rev-parse", "main")
    wanted = changes(cramped)
    disk.leave(pages)
    with pytest.raises(Halt):
        work(cramped, wanted)
    # What could not be written does not keep the room it took.
    assert list((cramped.git_dir / "objects/pack").glob("tmp_*")) == []
    disk.make_room()
    settle(cramped, wanted, base)


@pytest.mark.parametrize("taken_meanwhile", sample(False, True))
def test_repacking_without_room_halts_and_leaves_nothing_behind(
    disk: CrampedDisk, cramped: World, taken_meanwhile: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(cramped, changes(cramped))
    packs = sorted((cramped.git_dir / "objects/pack").iterdir())
    if taken_meanwhile:  # there was room when it was looked at, and then somebody else took it
        monkeypatch.setattr(maintenance, "_require_room", lambda *_: None)
    disk.leave(5)
    for _ in range(3):
        with pytest.raises(Halt, match=r"no room|disk is full|over the limit on file sizes"):
            cramped.repository().repack()
    assert sorted((cramped.git_dir / "objects/pack").iterdir()) == packs
    disk.make_room()
    cramped.repository().repack()
    assert cramped.repository().facts.fsck() == []


@pytest.mark.sweep
@pytest.mark.timeout(900)
def test_disk_that_fills_up_anywhere_loses_and_doubles_nothing(tmp_path: Path, template_world: World) -> None:
    """Page by page, until there is enough room."""
    for pages in range(200):
        with cramped_disk(tmp_path / f"disk-{pages}") as disk:
            world = worlds.copy(template_world, disk.root / "store")
            world.repository().raise_epoch(1)
            base = git(world.artifacts, "rev-parse", "main")
            wanted = changes(world)
            disk.leave(pages)
            try:
                work(world, wanted)
                enough = True
            except Halt:
                enough = False
            disk.make_room()
            settle(world, wanted, base)
        if enough or not disk.mounted:
            return
    raise AssertionError("200 pages were not enough")


def test_no_inodes_and_read_only_halt_too(disk: CrampedDisk, cramped: World) -> None:
    base = git(cramped.artifacts, "rev-parse", "main")
    wanted = changes(cramped)
    if isinstance(disk, SmallTmpfs):
        disk.use_up_inodes()
        with pytest.raises(Halt, match="disk is full"):
            work(cramped, wanted)
        disk.free_inodes()
        disk.read_only(True)
        with pytest.raises(Halt, match="read-only"):
            work(cramped, wanted)
        disk.read_only(False)
    settle(cramped, wanted, base)


@pytest.mark.parametrize("pages", [2, 12])
def test_bytes_that_are_missing_are_told(disk: CrampedDisk, cramped: World, pages: int) -> None:
    wanted = changes(cramped)
    disk.leave(pages)
    with pytest.raises(Halt) as halted:
        work(cramped, wanted)
    disk.make_room()
    if disk.mounted:
        files = 3 * (len(_CONTENT) + 1)
        assert files <= (halted.value.bytes_needed or 0) <= files + 4096
    else:
        # Room is not what is missing under a limit on file sizes.
        assert halted.value.bytes_needed is None
