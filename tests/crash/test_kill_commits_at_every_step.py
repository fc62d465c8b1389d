"""kill -9 at every numbered place of a writer's commit: the next writer or engine leaves a whole store."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scidex_console.engine.writer import Writer
from scidex_console.wiring.artifacts import artifact_commits
from scidex_console.wiring.held_store import HeldStore
from tests.crash.folder_checks import assert_git_is_clean, assert_verified
from tests.crash.forked import in_child, killed, run_in_child
from tests.engine.artifacts.writing import commit, new_row, row
from tests.engine.folders.tiny import tiny_lab
from tests.labs import Lab
from tests.samples import sample

PRIMARY, ACCESSORY = ("plot.png", b"a plot"), ("data.csv", b"1,2")
STRIDE = int(os.environ.get("SCIDEX_COMMIT_KILL_STRIDE", "3"))


def _commit_in_child(lab: Lab, artifact: str, what: str, kill_at: int | None = None) -> int:
    """A writer in a process of its own; its exit code, or minus the signal that ended it."""
    return in_child(lambda: _commit(lab, artifact, what), kill_at=kill_at)


async def _commit(lab: Lab, artifact: str, what: str) -> None:
    async with artifact_commits(lab.settings, name=what) as commits:
        if what == "new":
            await commit(commits, artifact, PRIMARY, ACCESSORY)
        else:
            await commit(commits, artifact, None, ("more.csv", b"3,4"))


async def _recover(_: HeldStore, writer: Writer) -> None:
    await writer.recover()
    await writer.publish()


def _killed_and_asked_again(lab: Lab, what: str, kill_at: int) -> bool:
    """One artifact whose writer is killed; True when it came to that place."""
    artifact = new_row(lab)
    if what == "accessory":
        assert _commit_in_child(lab, artifact, "new") == 0
    code = _commit_in_child(lab, artifact, what, kill_at)
    if kill_at % 3 == 0:
        assert run_in_child(lab, _recover) == 0
        _assert_whole(lab)
    assert _commit_in_child(lab, artifact, what) == 0
    assert_as_committed(lab, artifact, what)
    assert code == 0 or killed(code)
    return killed(code)


def assert_as_committed(lab: Lab, artifact: str, what: str) -> None:
    """The row, the folder and git have the files once."""
    now = row(lab, artifact)
    folder = lab.store.artifacts / str(now["artifact_id"])
    names = ["data.csv", "more.csv"] if what == "accessory" else ["data.csv"]
    assert (now["primary_filename"], now["accessory_filenames"]) == ("plot.png", names)
    assert (folder / "plot.png").read_bytes() == b"a plot"
    assert sorted(path.name for path in (folder / "accessories").iterdir()) == names
    _assert_whole(lab)


def _assert_whole(lab: Lab) -> None:
    assert_git_is_clean(lab)
    assert lab.rows("SELECT 1 FROM scidex_console.operation WHERE state = 'prepared'") == []
    own = lab.store.outer / ".git" / "modules"
    left = [path for path in own.rglob("incoming/*") if path.suffix != ".new"]
    assert [path for path in left if path.is_dir()] == []


@pytest.mark.parametrize(("what", "places"), sample(("accessory", (12, 21, 30)), ("new", (9, 18, 27, 36))))
def test_writer_killed_at_a_step_leaves_a_whole_store(
    tmp_path: Path, applied_database: str, what: str, places: tuple[int, ...]
) -> None:
    lab = tiny_lab(tmp_path, applied_database, {"README.md": b"a store"}, [])
    assert all(_killed_and_asked_again(lab, what, place) for place in places)
    assert_verified(lab)


@pytest.mark.sweep
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("what", ["new", "accessory"])
def test_writer_killed_step_by_step_leaves_a_whole_store(
    tmp_path: Path, applied_database: str, what: str
) -> None:
    lab = tiny_lab(tmp_path, applied_database, {"README.md": b"a store"}, [])
    place = 1
    while _killed_and_asked_again(lab, what, place):
        assert_verified(lab)
        place += STRIDE
    assert_verified(lab)
    assert place > 30
