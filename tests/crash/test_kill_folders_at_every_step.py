"""kill -9 at every numbered place of a folder batch, its rollback and redo, and again during the recovery."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from scidex_console.domain.batches import BatchState
from scidex_console.domain.jobs import JobName
from scidex_console.engine.jobs.migrate_folders import GROUP
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.writer import Writer
from scidex_console.wiring.engine import HeldStore
from scidex_console.wiring.jobs import migrate_folders
from tests.crash.folder_checks import Before, assert_as_before, assert_folders_sound, assert_verified, look
from tests.crash.forked import Work, killed, run_in_child
from tests.engine.folders.tiny import Script, row_of, tiny_lab
from tests.labs import Lab

SHARED = b"shared by three\n"


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
        if batch is not None and batch.state is BatchState.CLEANED:
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


def _storm(lab: Lab, before: Before, work: Work, kill_at: int) -> bool:
    """Kill the work at one place, kill its recovery at another, let the third engine finish.

    Every row leads to its file after each of them. False when the work has no such place.
    """
    first = run_in_child(lab, work, kill_at=kill_at)
    if not killed(first):
        assert first == 0
        return False
    assert_folders_sound(lab, before, settled=False)
    second = run_in_child(lab, work, kill_at=1 + kill_at % 11)
    assert second == 0 or killed(second)
    assert_folders_sound(lab, before, settled=False)
    assert run_in_child(lab, work) == 0
    return True


def _lab(folder: Path, database_url: str, groups: int) -> Lab:
    """So many groups of three artifacts that share a file with the next group and link to one another."""
    files, rows, links = {}, [], []
    for group in range(groups):
        one, two, three = (f"{name}{group:03}" for name in ("a", "b", "c"))
        shared = f"datasets/shared{group // 2}.csv"
        files[shared] = SHARED + str(group // 2).encode()
        files[f"figures/{one}.png"] = one.encode()
        files[f"tools/{two}.sh"] = Script(two.encode())
        files[f"tools/{two}.html"] = f"<html>{two}".encode()
        rows += [
            row_of(one, f"figures/{one}.png", content=one.encode()),
            row_of(two, f"tools/{two}.sh", metadata={"rendered_path": f"tools/{two}.html"}),
            row_of(three, shared, content=files[shared], artifact_type="dataset"),
        ]
        links += [(one, two), (two, three)]
    return tiny_lab(folder, database_url, files, rows, links=links)


def _newest(lab: Lab) -> int:
    (row,) = lab.rows("SELECT max(id) AS id FROM scidex_console.batch WHERE job = %s", JobName.FOLDERS)
    return int(row["id"])


def _round(lab: Lab, before: Before, phase: str, kill_at: int, *, verified: bool = True) -> bool:
    """One cycle of three artifacts, with a storm at the chosen phase; True when it hit."""
    run = partial(_storm, lab, before)
    migrate = _migrate(lab, 3)
    if phase == "forward":
        hit = run(migrate, kill_at)
    else:
        assert run_in_child(lab, migrate) == 0
        number = _newest(lab)
        back = _take_back(lab, number)
        hit = run(back, kill_at) if phase == "back" else run_in_child(lab, back) != 0
        if phase == "again":
            hit = run(_bring_on(lab, number), kill_at)
    assert_folders_sound(lab, before)
    if verified:
        assert_verified(lab)
    return hit


PHASES = ("forward", "back", "again")
STRIDE = int(os.environ.get("SCIDEX_KILL_STRIDE", "4"))
"""Of the numbered places the sweep takes every fourth, to be done in minutes; with 1 it takes every one."""


@pytest.mark.parametrize(
    ("phase", "kill_at"),
    [
        *(("forward", place) for place in (16, 31, 40)),
        *(("back", place) for place in (13, 22)),
        *(("again", place) for place in (24,)),
    ],
)
def test_folders_killed_at_a_step_are_whole_after_restart(
    tmp_path: Path, scidex_database: str, phase: str, kill_at: int
) -> None:
    lab = _lab(tmp_path, scidex_database, 2)
    before = look(lab)
    assert _round(lab, before, phase, kill_at)
    if phase == "back":
        assert_as_before(lab, before)
    else:
        assert len(lab.rows("SELECT id FROM artifacts WHERE migrated_to_folder_at IS NOT NULL")) >= 3


@pytest.mark.sweep
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("phase", PHASES)
def test_folders_killed_step_by_step_are_whole_after_restart(
    tmp_path: Path, scidex_database: str, phase: str
) -> None:
    lab = _lab(tmp_path, scidex_database, 150)
    before = look(lab)
    kill_at = PHASES.index(phase) + 1 - STRIDE
    hit = True
    while hit:
        kill_at += STRIDE
        # Every row's file is looked at each time; all of `verify`, which costs as much again, now and then.
        hit = _round(lab, before, phase, kill_at, verified=kill_at // STRIDE % 8 == 0)
    assert_verified(lab)
    assert kill_at > 40
