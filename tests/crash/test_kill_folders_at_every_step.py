"""kill -9 at every numbered place of a folder batch, its rollback and redo, and again during the recovery."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from scidex_console.domain.batches import BatchState
from scidex_console.domain.jobs import JobName
from scidex_console.engine.jobs.migrate_folders import GROUP
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.writer import Writer
from scidex_console.wiring.held_store import HeldStore
from scidex_console.wiring.jobs import migrate_folders
from tests.crash.folder_checks import Before, assert_as_before, assert_folders_sound, assert_verified, look
from tests.crash.folder_stores import PHASES, groups_lab
from tests.crash.forked import Work, killed, run_in_child, storm
from tests.labs import Lab
from tests.samples import sample


def _migrate(lab: Lab, size: int) -> Work:
    """The newest artifacts, as one cycle."""

    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        job = migrate_folders(lab.settings, held, Pulse())
        await job.begin(stepping=True)
        await writer.undisturbed(lambda: job.survey(held.mandate.epoch))
        for item in list(await job.next_items(GROUP, size, excluding=[]))[:size]:
            record = await job.prepare(item, run_id=0, epoch=held.mandate.epoch)
            await record()
        await writer.flush(job, None, files=size, marks=size)
        await writer.publish()

    return work


def _take_back(lab: Lab, number: int) -> Work:
    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        batch = await held.journal().load(number)
        if batch is not None and batch.state in (BatchState.CLEANED, BatchState.PARTLY_ROLLED_BACK):
            await writer.roll_back(batch, origin=held.mandate.origin())
        await writer.publish()

    return work


def _bring_on(lab: Lab, number: int) -> Work:
    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        batch = await held.journal().load(number)
        if batch is not None and batch.state is BatchState.ROLLED_BACK:
            await writer.redo(batch)
        await writer.publish()

    return work


async def _recover(_: HeldStore, writer: Writer) -> None:
    await writer.recover()
    await writer.publish()


def _newest(lab: Lab) -> int:
    (row,) = lab.rows("SELECT max(id) AS id FROM scidex_console.batch WHERE job = %s", JobName.FOLDERS)
    return int(row["id"])


def _round(lab: Lab, before: Before, phase: str, kill_at: int, *, verified: bool = True) -> bool:
    """One cycle of three artifacts, with a storm at the chosen phase; True when it hit."""
    every_row = partial(assert_folders_sound, lab, before, settled=False)
    run = partial(storm, lab, again_within=11, look=every_row)
    migrate = _migrate(lab, 3)
    if phase == "forward":
        hit = run(migrate, kill_at)
    else:
        assert run_in_child(lab, migrate) == 0
        number = _newest(lab)
        back = _take_back(lab, number)
        if phase == "rest":
            with _one_row_changed(lab, number):
                assert run_in_child(lab, back) == 0
            hit = run(back, kill_at)
            assert _state(lab, number) == BatchState.ROLLED_BACK
            return _sound(lab, before, hit, verified=verified)
        hit = run(back, kill_at) if phase == "back" else run_in_child(lab, back) != 0
        if phase == "again":
            hit = run(_bring_on(lab, number), kill_at)
    return _sound(lab, before, hit, verified=verified)


def _sound(lab: Lab, before: Before, hit: bool, *, verified: bool) -> bool:
    assert_folders_sound(lab, before)
    if verified:
        assert_verified(lab)
    return hit


@contextmanager
def _one_row_changed(lab: Lab, number: int) -> Iterator[None]:
    """Of this batch, one row is as somebody left it, so that a rollback has to keep it."""
    (row,) = lab.rows(
        "SELECT min(artifact_id) AS id FROM scidex_console.operation WHERE batch_id = %s", number
    )
    (was,) = lab.rows("SELECT primary_filename AS name FROM artifacts WHERE id = %s", row["id"])
    naming = "UPDATE artifacts SET primary_filename = %s WHERE id = %s"
    lab.rows(naming, "theirs.png", row["id"])
    yield
    assert _state(lab, number) == BatchState.PARTLY_ROLLED_BACK
    lab.rows(naming, was["name"], row["id"])


def _state(lab: Lab, number: int) -> str:
    (row,) = lab.rows("SELECT state FROM scidex_console.batch WHERE id = %s", number)
    return str(row["state"])


EVERY_PHASE = (*PHASES, "rest")
"""Also the rest of a rollback that had to keep something."""
STRIDE = int(os.environ.get("SCIDEX_KILL_STRIDE", "8"))
"""Of the numbered places the sweep takes one in so many, to be done in minutes; with 1 it takes every one."""


@pytest.mark.parametrize(
    ("phase", "kill_at"),
    sample(("forward", 31), ("back", 13), ("again", 24), ("rest", 13)),
)
def test_folders_killed_at_a_step_are_whole_after_restart(
    tmp_path: Path, scidex_database: str, phase: str, kill_at: int
) -> None:
    lab = groups_lab(tmp_path, scidex_database, 2)
    before = look(lab)
    assert _round(lab, before, phase, kill_at)
    if phase in ("back", "rest"):
        assert_as_before(lab, before)
    else:
        assert len(lab.rows("SELECT id FROM artifacts WHERE migrated_to_folder_at IS NOT NULL")) >= 3


@pytest.mark.sweep
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("phase", EVERY_PHASE)
def test_folders_killed_step_by_step_are_whole_after_restart(
    tmp_path: Path, scidex_database: str, phase: str
) -> None:
    lab = groups_lab(tmp_path, scidex_database, 150)
    before = look(lab)
    kill_at = EVERY_PHASE.index(phase) + 1 - STRIDE
    hit = True
    while hit:
        kill_at += STRIDE
        # Every row's file is looked at each time; all of `verify`, which costs as much again, now and then.
        hit = _round(lab, before, phase, kill_at, verified=kill_at // STRIDE % 8 == 0)
    assert_verified(lab)
    assert kill_at > (20 if phase == "rest" else 40)


LEFT = {
    "a journalled batch": ("forward", "batch: journalled"),
    "a committed batch": ("forward", "batch: committed"),
    "a rollback begun": ("back", "rollback: journalled"),
    "a rollback restored": ("back", "rollback: restored"),
}
"""What recovery may find, and at which place of what that is left behind."""


def _leave(lab: Lab, phase: str, *, places: Path | None = None, kill_at: int | None = None) -> int:
    """Begin a cycle of three, or a rollback of one; its exit code."""
    if phase == "forward":
        return run_in_child(lab, _migrate(lab, 3), places=places, kill_at=kill_at)
    assert run_in_child(lab, _migrate(lab, 3)) == 0
    return run_in_child(lab, _take_back(lab, _newest(lab)), places=places, kill_at=kill_at)


def _number_of(lab: Lab, phase: str, name: str, log: Path) -> int:
    """How many places come until the one of that name; done to a cycle which nothing happens to."""
    assert _leave(lab, phase, places=log) == 0
    numbered = [line.split(" ", 1) for line in log.read_text().splitlines()]
    log.unlink()
    return next(int(number) for number, place in numbered if place == name)


def _recovery_killed_twice(lab: Lab, before: Before, phase: str, left_at: int, kill_at: int) -> bool:
    """What was left is recovered by the third engine; the first two are killed. False: no such place."""
    assert killed(_leave(lab, phase, kill_at=left_at))
    codes = [run_in_child(lab, _recover, kill_at=kill_at) for _ in range(2)]
    assert all(code == 0 or killed(code) for code in codes)
    assert_folders_sound(lab, before, settled=False)
    assert run_in_child(lab, _recover) == 0
    assert_folders_sound(lab, before)
    return killed(codes[0])


def _recovery_sweep(lab: Lab, left: str, log: Path, places: Iterator[int]) -> int:
    """Recovery killed at these places, as far as there are any; the last of them."""
    phase, name = LEFT[left]
    before = look(lab)
    # Two groups share a file, which leaves with the second one: their cycles take turns.
    left_at = [_number_of(lab, phase, name, log) for _ in range(2)]
    place = 0
    for turn, place in enumerate(places):
        if not _recovery_killed_twice(lab, before, phase, left_at[turn % 2], place):
            break
    assert_verified(lab)
    return place


@pytest.mark.parametrize(("left", "place"), sample(("a journalled batch", 20), ("a rollback restored", 5)))
def test_recovery_of_folders_killed_at_a_step_twice_is_done_by_the_third(
    tmp_path: Path, scidex_database: str, left: str, place: int
) -> None:
    lab = groups_lab(tmp_path, scidex_database, 3)
    assert _recovery_sweep(lab, left, tmp_path / "places", iter([place])) == place


@pytest.mark.sweep
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("left", LEFT)
def test_recovery_of_folders_killed_step_by_step_twice_is_done_by_the_third(
    tmp_path: Path, scidex_database: str, left: str
) -> None:
    lab = groups_lab(tmp_path, scidex_database, 150)
    last = _recovery_sweep(lab, left, tmp_path / "places", count(1 + list(LEFT).index(left), 2 * STRIDE - 1))
    assert last > 8
