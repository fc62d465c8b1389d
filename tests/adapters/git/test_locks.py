"""Our own locks: one engine, one writer at a time, and no lock outlives its process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from scidex_console.adapters.git.locks import FileLock
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.domain.errors import Held, LockBusy
from tests.adapters.git.world import World, trailers

_HOLD = """
import sys, time
from pathlib import Path
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.adapters.system.clock import SystemClock

repository = GitArtifactRepository(Path(sys.argv[1]), clock=SystemClock())
with repository.engine_lock("7@elsewhere"), repository.writer_lock("7@elsewhere"):
    print("held", flush=True)
    sys.stdin.read()
"""

_LOOK = """
import sys, threading
from pathlib import Path
from scidex_console.adapters.git.locks import FileLock

lock, over = FileLock(Path(sys.argv[1])), threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
print("looking", flush=True)
while not over.is_set():
    lock.holder()
"""


def test_whoever_looks_after_the_holder_never_keeps_the_lock_from_anybody(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    path.write_text("7@killed since yesterday\n")
    lock = FileLock(path)
    with subprocess.Popen(
        [sys.executable, "-c", _LOOK, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as looking:
        assert looking.stdin is not None and looking.stdout is not None
        looking.stdout.readline()
        for _ in range(100):
            assert lock.take("8@here")
            assert lock.holder() == "8@here"
            lock.release()
            path.write_text("7@killed since yesterday\n")  # a killed holder's text is looked at most closely
        looking.stdin.close()
    assert looking.returncode == 0


def test_text_of_a_killed_holder_means_nothing(tmp_path: Path) -> None:
    path = tmp_path / "engine.lock"
    path.write_text("7@killed since yesterday\n")
    assert FileLock(path).holder() is None


def test_second_engine_is_told_who_holds_the_store(world: World) -> None:
    first, second = world.repository(), world.repository()
    with first.engine_lock("1@here"):
        with (
            pytest.raises(Held, match="held by 1@here since 2026-05-19T12:00:00"),
            second.engine_lock("2@here"),
        ):
            pass
        assert second.inspect().engine_holder == "1@here since 2026-05-19T12:00:00+00:00"
    with second.engine_lock("2@here"):
        pass
    assert second.inspect().engine_holder is None


def test_writer_waits_for_another_only_so_long(world: World, repository: GitArtifactRepository) -> None:
    changes = world.write_many(1)
    with world.repository().writer_lock("1@here"):
        with pytest.raises(LockBusy, match="written by 1@here"):
            repository.commit(changes, subject="Add", trailers=trailers(), epoch=1)
        with pytest.raises(LockBusy):
            repository.repair_index([])
    repository.commit(changes, subject="Add", trailers=trailers(), epoch=1)


def test_writer_that_holds_the_lock_already_commits_under_it(
    world: World, repository: GitArtifactRepository
) -> None:
    other = world.repository(writer_wait=0.0)
    with repository.writer_lock("1@here"):
        repository.commit(world.write_many(1), subject="Add", trailers=trailers(), epoch=1)
        with pytest.raises(LockBusy), other.writer_lock("2@here"):
            pass
    with other.writer_lock("2@here"):
        pass


def test_locks_of_a_killed_engine_are_free_at_once(world: World) -> None:
    repository = world.repository(writer_wait=0.0)
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(world.artifacts)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as engine:
        assert engine.stdout is not None and engine.stdout.readline() == "held\n"
        with pytest.raises(Held, match="7@elsewhere"), repository.engine_lock("1@here"):
            pass
        os.kill(engine.pid, signal.SIGKILL)
        engine.wait()
    with repository.engine_lock("1@here"), repository.writer_lock("1@here"):
        assert repository.inspect().engine_holder == "1@here since 2026-05-19T12:00:00+00:00"
