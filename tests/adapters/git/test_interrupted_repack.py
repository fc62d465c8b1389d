"""A repack that does not come to its end, however that happens, changes nothing and leaves nothing behind."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import pytest

from scidex_console.domain.errors import Interrupted, LockBusy, RepositoryError
from scidex_console.engine.ports import Repacked
from tests.adapters.git import world as worlds
from tests.adapters.git.world import World, git, trailers

T = TypeVar("T")
_ROOT = Path(__file__).resolve().parents[3]
_FROM_OUTSIDE = """
import sys
from pathlib import Path
from typing import TypeVar
from tests.adapters.git.world import World
World(Path(sys.argv[1])).repository().repack()
"""


@pytest.fixture(scope="module")
def large_world(template_world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """So much that does not compress that repacking takes many seconds."""
    world = worlds.copy(template_world, tmp_path_factory.mktemp("large") / "store")
    repository = world.repository()
    repository.raise_epoch(1)
    noise = random.Random(5)
    for part in range(2):
        changes = [world.write(f"figures/{part}-{n}.bin", noise.randbytes(60_000)) for n in range(150)]
        repository.commit(changes, subject="more", trailers=trailers(f"b/{part}"), epoch=1)
    return world


@pytest.fixture
def large(large_world: World, tmp_path: Path) -> World:
    return worlds.copy(large_world, tmp_path / "large")


def objects(world: World) -> set[str]:
    folder = world.git_dir / "objects"
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def trace(world: World) -> Path:
    return world.git_dir / "scidex-console/repack.json"


def until(look: Callable[[], T | None]) -> T:
    """What it finds at last."""
    for _ in range(3000):
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not come to that within half a minute")


def group_at_work(world: World) -> int:
    """The group of git's processes, once they search for deltas."""

    def look() -> int | None:
        with suppress(OSError, ValueError):
            group = int(json.loads(trace(world).read_text())["group"])
            return group if any("pack-objects" in words for words in members(group).values()) else None
        return None

    return until(look)


def members(group: int) -> dict[int, str]:
    """Living processes of a group, with their command lines."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, of = stat.read_text().rpartition(")")[2].split()[:3]
            if int(of) == group and state != "Z":
                found[int(stat.parent.name)] = (stat.parent / "cmdline").read_text()
    return found


@contextmanager
def repacking(world: World, stop: threading.Event | None = None) -> Iterator[Future[Repacked]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(world.repository().repack, stop)


def require_whole(world: World) -> None:
    assert world.repository().facts.fsck() == []
    assert not trace(world).exists()
    assert world.status() == ""


def test_told_to_stop_it_ends_git_and_leaves_everything_as_it_was(large: World) -> None:
    before, stop = objects(large), threading.Event()
    with repacking(large, stop) as work:
        group = group_at_work(large)
        stop.set()
        with pytest.raises(Interrupted, match=r"nothing is lost.*run again"):
            work.result(timeout=20)
    assert members(group) == {}
    assert objects(large) == before
    require_whole(large)


def test_it_works_at_low_priority_in_one_thread(large: World) -> None:
    stop = threading.Event()
    with repacking(large, stop) as work:
        processes = members(group_at_work(large))
        threads = {len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in processes}
        priorities = {os.getpriority(os.PRIO_PROCESS, pid) for pid in processes}
        stop.set()
        with pytest.raises(Interrupted):
            work.result(timeout=20)
    assert priorities == {15}
    assert threads == {1}


def test_git_killed_by_somebody_is_an_error_and_leaves_nothing(large: World) -> None:
    before = objects(large)
    with repacking(large) as work:
        os.killpg(group_at_work(large), signal.SIGKILL)
        with pytest.raises(RepositoryError):
            work.result(timeout=20)
    assert objects(large) == before
    require_whole(large)


def test_next_one_ends_what_a_killed_process_left_at_work(large: World) -> None:
    process = subprocess.Popen([sys.executable, "-c", _FROM_OUTSIDE, str(large.root)], cwd=_ROOT)
    group = group_at_work(large)
    process.kill()
    process.wait()
    assert members(group), "git goes on without its parent"
    stop = threading.Event()
    with repacking(large, stop) as work:
        until(lambda: group_at_work(large) != group)
        assert members(group) == {}
        stop.set()
        with pytest.raises(Interrupted):
            work.result(timeout=20)
    require_whole(large)


def test_only_one_is_at_work_at_a_time(large: World) -> None:
    stop = threading.Event()
    with repacking(large, stop) as work:
        group_at_work(large)
        with pytest.raises(LockBusy, match=f"being repacked by {os.getpid()}@"):
            large.repository().repack()
        stop.set()
        with pytest.raises(Interrupted):
            work.result(timeout=20)


@pytest.mark.parametrize("installed", [".pack", ".pack .rev"])
def test_new_pack_that_got_its_name_in_part_goes(world: World, installed: str) -> None:
    """Killed between two renames: the old packs are all there, the new one has no index yet."""
    folder, ours = _as_if_killed(world)
    name = f"pack-{'ab' * 20}"
    for suffix in (".pack", ".rev", ".idx"):
        own = name if suffix in installed.split() else f"{ours}{name}"
        (folder / f"{own}{suffix}").write_bytes(b"half")
    world.repository().repack()
    assert not list(folder.glob(f"*{name}*"))
    require_whole(world)


def test_old_pack_that_had_lost_its_index_goes(world: World) -> None:
    """Killed while it took the old packs away: the new one is whole."""
    world.repository().repack()
    folder, _ = _as_if_killed(world)
    (old,) = folder.glob("pack-*.pack")
    copy = world.root / "kept.pack"
    shutil.copy(old, copy)
    git(world.artifacts, "commit", "-q", "--allow-empty", "-m", "so that another pack is made")
    git(world.artifacts, "repack", "-q", "-a", "-d")
    shutil.copy(copy, old)
    world.repository().repack()
    assert not old.exists()
    require_whole(world)


def test_half_written_packs_of_others_stay(world: World) -> None:
    folder = world.git_dir / "objects/pack"
    theirs = folder / "tmp_pack_before"
    theirs.write_bytes(b"pushed just now")
    _as_if_killed(world)
    ours = folder / "tmp_pack_meanwhile"
    ours.write_bytes(b"half")
    graph = world.git_dir / "objects/info/commit-graph.lock"
    graph.write_bytes(b"")
    with (folder / "tmp_pack_open").open("wb"):
        world.repository().repack()
        assert {path.name for path in folder.glob("tmp_*")} == {"tmp_pack_before", "tmp_pack_open"}
    assert not graph.exists()


def test_somebodys_lock_on_the_commit_graph_does_not_undo_a_repack(world: World) -> None:
    lock = world.git_dir / "objects/info/commit-graph.lock"
    lock.write_bytes(b"")
    assert world.repository().repack().after > 0
    assert lock.exists()


def test_trace_that_cannot_be_read_is_no_obstacle(world: World) -> None:
    trace(world).parent.mkdir(exist_ok=True)
    for text in ("", "[]", '{"group": 1}'):
        trace(world).write_text(text)
        world.repository().repack()
        require_whole(world)


def _as_if_killed(world: World) -> tuple[Path, str]:
    """The trace that a repack would have left now, by a process that is no more; and its files' prefix."""
    done = subprocess.Popen(["true"])
    done.wait()
    folder = world.git_dir / "objects/pack"
    told = {"group": done.pid, "drafts": [f"pack/{path.name}" for path in folder.glob("tmp_*")]}
    trace(world).parent.mkdir(exist_ok=True)
    trace(world).write_text(json.dumps(told))
    return folder, f".tmp-{done.pid}-"
