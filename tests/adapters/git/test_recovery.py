"""Killed at any place, a batch's git work can be taken up again: nothing lost, nothing doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.domain.commits import CommitKind
from tests.adapters.git import world as worlds
from tests.adapters.git.world import World, git, trailers
from tests.samples import sample

_WORK = """
import hashlib, sys
from datetime import UTC, datetime
from pathlib import Path
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.domain.commits import CommitKind, Trailers
from scidex_console.engine.ports import PathChange

outer, base = Path(sys.argv[1]), sys.argv[2]
worktree = outer / "data/artifacts"
repository = GitArtifactRepository(worktree, outer=outer, branch="main", clock=SystemClock())
epoch = repository.epoch() + 1
repository.raise_epoch(epoch)
paths = [f"figures/fig-{number}.png" for number in range(3)]
changes = [PathChange(p, hashlib.sha256((worktree / p).read_bytes()).hexdigest()) for p in paths]

def of(kind):
    return Trailers("batch-1/1", "batch-1", kind, epoch)

with repository.engine_lock("test"), repository.writer_lock("test"):
    repository.repair_index(paths)
    found = repository.find("batch-1/1", CommitKind.APPLY, since=base, journal="")
    if found is None:
        found = repository.commit(changes, subject="Add", trailers=of(CommitKind.APPLY), epoch=epoch)
    repository.sync()
    repository.bump_pointer(subject="Move", trailers=of(CommitKind.POINTER))
    repository.push()
    if len(sys.argv) > 3:
        removals = [PathChange(path, None, blob) for path, blob in found.blobs.items()]
        if repository.find("batch-1/1", CommitKind.UNDO, since=base, journal="") is None:
            repository.commit(removals, subject="Undo", trailers=of(CommitKind.UNDO), epoch=epoch)
        repository.repair_index(paths)
"""
"""What an engine does, start to end, told so that it can be done again from wherever it stopped."""


def work(world: World, base: str, *more: str, kill_at: int | None = None, log: Path | None = None) -> int:
    """Run it in a process of its own; its exit status."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("SCIDEX_CONSOLE_")
    }
    if kill_at is not None:
        environment["SCIDEX_CONSOLE_KILL_AT"] = str(kill_at)
    if log is not None:
        environment["SCIDEX_CONSOLE_KILL_LOG"] = str(log)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _WORK, str(world.outer), base, *more],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode


@pytest.fixture(scope="session")
def prepared(template_world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A store with the files in place and somebody else's work beside them."""
    world = worlds.copy(template_world, tmp_path_factory.mktemp("prepared") / "store")
    world.write_many(3)
    (world.artifacts / "staged.txt").write_text("staged\n")
    git(world.artifacts, "add", "staged.txt")
    return world


def places(prepared: World, root: Path, *more: str) -> list[str]:
    """All places that an undisturbed run reaches, in order."""
    world = worlds.copy(prepared, root / "whole")
    base = git(world.artifacts, "rev-parse", "HEAD")
    assert work(world, base, *more, log=root / "places") == 0
    assert_settled(world, undone=bool(more))
    return [line.split(" ", 1)[1] for line in (root / "places").read_text().splitlines()]


@pytest.fixture(scope="session")
def reached(prepared: World, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The places of a run without a rollback."""
    return places(prepared, tmp_path_factory.mktemp("places"))


def assert_settled(world: World, *, undone: bool) -> None:
    repository = world.repository()
    staged = ["A  staged.txt"]
    files = [f"?? figures/fig-{number}.png" for number in range(3)] if undone else []
    assert world.status().splitlines() == staged + files
    assert git(world.outer, "status", "--porcelain", "--ignore-submodules=none").splitlines() in (
        [],
        [" M data/artifacts"],
    )
    subjects = ["Undo", "Add"] if undone else ["Add"]
    assert world.log() == [*subjects, "Artifacts so far"]
    assert world.log(world.outer) == ["Move", "Outer so far"]
    assert repository.facts.fsck() == []
    assert not repository.facts.leftovers()
    assert [info.trailers and info.trailers.kind for info in repository.ours()] == (
        [CommitKind.UNDO, CommitKind.APPLY] if undone else [CommitKind.APPLY]
    )
    pointer = repository.facts.pointer()
    assert pointer is not None and pointer.is_ancestor
    assert repository.inspect().artifacts.index_lock == ""
    own = sorted(path.name for path in (world.git_dir / "scidex-console").iterdir())
    assert own == ["engine.lock", "push.lock", "writer.lock"]
    pushed = git(world.remote("artifacts"), "log", "-1", "--format=%s", "main")
    assert pushed in subjects


def kill_and_take_up(prepared: World, root: Path, number: int, *more: str) -> None:
    world = worlds.copy(prepared, root / f"killed-{number}")
    base = git(world.artifacts, "rev-parse", "HEAD")
    assert work(world, base, *more, kill_at=number) == -signal.SIGKILL
    # Readers and their files are undisturbed whenever it happened.
    assert (world.artifacts / "figures/fig-1.png").read_bytes() == b"image 1"
    assert work(world, base, *more) == 0
    assert_settled(world, undone=bool(more))


def test_places_cover_every_effect(reached: list[str]) -> None:
    assert {
        "git.epoch.raised",
        "git.objects.built",
        "git.index.locked",
        "git.index.refreshed",
        "git.ref.moved",
        "git.index.published",
        "git.index.unlocked",
        "git.synced",
        "git.push.inner_done",
        "git.push.outer_done",
    } <= set(reached)


@pytest.mark.parametrize(
    ("place", "which"),
    sample(
        ("git.ref.moved", 0),
        ("git.index.published", -1),
        ("git.objects.built", 0),
        ("git.index.locked", 0),
        ("git.ref.moved", -1),
    ),
)
def test_killed_at_the_tightest_places_it_is_taken_up(
    prepared: World, reached: list[str], tmp_path: Path, place: str, which: int
) -> None:
    numbers = [number for number, name in enumerate(reached, start=1) if name == place]
    kill_and_take_up(prepared, tmp_path, numbers[which])


@pytest.mark.sweep
@pytest.mark.timeout(900)
def test_killed_at_every_place_it_is_taken_up(prepared: World, tmp_path: Path) -> None:
    for number in range(1, len(places(prepared, tmp_path, "undo")) + 1):
        kill_and_take_up(prepared, tmp_path, number, "undo")


@pytest.mark.sweep
@pytest.mark.timeout(900)
def test_killed_again_while_it_is_taken_up(prepared: World, reached: list[str], tmp_path: Path) -> None:
    """A commit that lacks its index, then every place of the recovery as the second kill."""
    moved = reached.index("git.ref.moved") + 1
    for second in range(1, 40):
        world = worlds.copy(prepared, tmp_path / f"twice-{second}")
        base = git(world.artifacts, "rev-parse", "HEAD")
        assert work(world, base, kill_at=moved) == -signal.SIGKILL
        last = work(world, base, kill_at=second) == 0
        assert work(world, base) == 0
        assert_settled(world, undone=False)
        if last:
            return
    raise AssertionError("the recovery never ends before its 40th place")


def test_repair_brings_only_our_paths_to_head(world: World, repository: GitArtifactRepository) -> None:
    done = repository.commit(world.write_many(2), subject="Add", trailers=trailers(), epoch=1)
    (world.artifacts / "staged.txt").write_text("staged\n")
    git(world.artifacts, "add", "staged.txt")
    git(world.artifacts, "rm", "-q", "--cached", "README", *done.blobs)

    repository.repair_index(list(done.blobs))
    assert world.status().splitlines() == ["D  README", "A  staged.txt", "?? README"]


def test_repair_takes_out_of_the_index_what_head_does_not_have(
    world: World, repository: GitArtifactRepository
) -> None:
    world.write_many(1)
    git(world.artifacts, "add", "figures")
    repository.repair_index(["figures/fig-0.png", "never/was.png"])
    assert world.status() == "?? figures/fig-0.png"


def test_repair_clears_what_is_ours_and_spares_what_is_not(
    world: World, repository: GitArtifactRepository
) -> None:
    own = world.git_dir / "scidex-console"
    own.mkdir(exist_ok=True)
    ours = [own / "index-0123", own / "index-0123.lock", own / "lock-4567", own / "aside-89ab"]
    ours.append(world.git_dir / "objects/pack/pack-1.keep")
    foreign = [world.git_dir / "objects/pack/pack-2.keep", world.git_dir / "index-backup", own / "note"]
    for path in ours + foreign:
        path.write_text("commit refs/heads/theirs\n")
    ours[-1].write_text("scidex-console\n")
    head = repository.head()
    git(world.artifacts, "update-ref", "refs/scidex-console/building/1", head)
    git(world.artifacts, "update-ref", "refs/theirs", head)
    (world.git_dir / "index.lock").write_text("scidex-console index lock\n1@gone apply x/1\n")

    left = repository.facts.leftovers()[str(world.artifacts)]
    assert left.index_lock
    assert left.temporary_refs == ("refs/scidex-console/building/1",)
    assert set(left.files) == set(ours)
    repository.repair_index([])

    assert not repository.facts.leftovers()
    assert [path.exists() for path in ours] == [False] * len(ours)
    assert [path.exists() for path in foreign] == [True] * len(foreign)
    assert git(world.artifacts, "rev-parse", "refs/theirs") == head
    assert not (world.git_dir / "index.lock").exists()
