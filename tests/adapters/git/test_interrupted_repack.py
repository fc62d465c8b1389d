"""A repack that does not come to its end, however that happens, changes nothing and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from scidex_console.domain.errors import Interrupted, LockBusy, RepositoryError
from scidex_console.engine.ports import Repacked
from tests.adapters.git import world as worlds
from tests.adapters.git.repacking import group_at_work, members, noise, objects, trace, until
from tests.adapters.git.world import World, git

_ROOT = Path(__file__).resolve().parents[3]
_FROM_OUTSIDE = """
import sys
from pathlib import Path
from tests.adapters.git.world import World
World(Path(sys.argv[1])).repository().repack()
"""


@pytest.fixture(scope="module")
def large_world(template_world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """So much that does not compress that repacking takes many seconds."""
    world = worlds.copy(template_world, tmp_path_factory.mktemp("large") / "store")
    for number, content in enumerate(noise(300)):
        world.write(f"figures/{number}.bin", content)
    git(world.artifacts, "add", "figures")
    git(world.artifacts, "commit", "-q", "-m", "more")
    return world


@pytest.fixture
def large(large_world: World, tmp_path: Path) -> World:
    return worlds.copy(large_world, tmp_path / "large")


@contextmanager
def repacking(world: World, stop: threading.Event | None = None) -> Iterator[Future[Repacked]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(world.repository().repack, stop)


def require_whole(world: World) -> None:
    assert world.repository().facts.fsck() == []
    assert not trace(world.git_dir).exists()
    assert world.status() == ""


def test_told_to_stop_it_ends_git_and_leaves_everything_as_it_was(large: World) -> None:
    before, stop = objects(large.git_dir), threading.Event()
    with repacking(large, stop) as work:
        group = group_at_work(large.git_dir)
        stop.set()
        with pytest.raises(Interrupted, match=r"nothing is lost.*run again"):
            work.result(timeout=20)
    assert members(group) == {}
    assert objects(large.git_dir) == before
    require_whole(large)


def test_it_works_at_low_priority_in_one_thread(large: World) -> None:
    stop = threading.Event()
    with repacking(large, stop) as work:
        processes = members(group_at_work(large.git_dir))
        threads = {len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in processes}
        priorities = {os.getpriority(os.PRIO_PROCESS, pid) for pid in processes}
        stop.set()
        with pytest.raises(Interrupted):
            work.result(timeout=20)
    assert priorities == {15}
    assert threads == {1}


def test_git_killed_by_somebody_is_an_error_and_leaves_nothing(large: World) -> None:
    before = objects(large.git_dir)
    with repacking(large) as work:
        os.killpg(group_at_work(large.git_dir), signal.SIGKILL)
        with pytest.raises(RepositoryError):
            work.result(timeout=20)
    assert objects(large.git_dir) == before
    require_whole(large)


@pytest.mark.sweep
def test_next_one_ends_what_a_killed_process_left_at_work(large: World) -> None:
    process = subprocess.Popen([sys.executable, "-c", _FROM_OUTSIDE, str(large.root)], cwd=_ROOT)
    group = group_at_work(large.git_dir)
    process.kill()
    process.wait()
    assert members(group), "git goes on without its parent"
    stop = threading.Event()
    with repacking(large, stop) as work:
        until(lambda: group_at_work(large.git_dir) != group)
        assert members(group) == {}
        stop.set()
        with pytest.raises(Interrupted):
            work.result(timeout=20)
    require_whole(large)


def test_only_one_is_at_work_at_a_time(large: World) -> None:
    stop = threading.Event()
    with repacking(large, stop) as work:
        group_at_work(large.git_dir)
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
    trace(world.git_dir).parent.mkdir(exist_ok=True)
    for text in ("", "[]", '{"group": 1}'):
        trace(world.git_dir).write_text(text)
        world.repository().repack()
        require_whole(world)


def _as_if_killed(world: World) -> tuple[Path, str]:
    """The trace that a repack would have left now, by a process that is no more; and its files' prefix."""
    done = subprocess.Popen(["true"])
    done.wait()
    folder = world.git_dir / "objects/pack"
    told = {"group": done.pid, "drafts": [f"pack/{path.name}" for path in folder.glob("tmp_*")]}
    trace(world.git_dir).parent.mkdir(exist_ok=True)
    trace(world.git_dir).write_text(json.dumps(told))
    return folder, f".tmp-{done.pid}-"
