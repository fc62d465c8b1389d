"""Any order of cycles, kills, rollbacks, redos and edits of others: every row leads to its file all along."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from scidex_console.domain.batches import BatchState
from scidex_console.domain.jobs import JobName
from scidex_console.engine.jobs.migrate_folders import GROUP
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.writer import Writer
from scidex_console.wiring.held_store import HeldStore
from scidex_console.wiring.jobs import migrate_folders
from tests.conftest import Databases
from tests.crash.folder_checks import Before, assert_folders_sound, assert_verified, look
from tests.crash.forked import Work, killed, run_in_child
from tests.engine.folders.tiny import Script, git, row_of, tiny_lab
from tests.labs import Lab

SHARED = b"shared by three\n"
NAMES = ("a", "b", "c", "d", "e")
FILES = {
    "datasets/shared.csv": SHARED,
    "figures/b.png": b"the file of b",
    "tools/d.sh": Script(b"#!/bin/sh\n"),
    "tools/d.html": b"<html>",
}
ROWS = (
    row_of("a", "datasets/shared.csv", content=SHARED, artifact_type="dataset"),
    row_of("b", "figures/b.png", content=b"the file of b"),
    row_of("c", "datasets/shared.csv", artifact_type="dataset"),
    row_of("d", "tools/d.sh", metadata={"rendered_path": "tools/d.html"}),
    row_of("e", "datasets/shared.csv", content=SHARED, artifact_type="dataset"),
)
LINKS = (("a", "b"), ("b", "d"), ("e", "a"))

kill_places = st.one_of(st.none(), st.integers(1, 60))


def _migrate(lab: Lab, size: int) -> Work:
    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        job = migrate_folders(lab.settings, held, Pulse())
        await job.begin(stepping=True)
        await writer.undisturbed(lambda: job.survey(held.mandate.epoch))
        for item in list(await job.next_items(GROUP, size, excluding=[]))[:size]:
            record = await job.prepare(item, run_id=0, epoch=held.mandate.epoch)
            await record()
        await writer.flush(job, None, files=100, marks=100)
        await writer.publish()

    return work


def _turn(number: int, *, back: bool) -> Work:
    """Take a batch back, or bring it on again, if that can be done."""

    async def work(held: HeldStore, writer: Writer) -> None:
        await writer.recover()
        batch = await held.journal().load(number)
        if batch is not None and back and batch.state is BatchState.CLEANED:
            await writer.roll_back(batch, origin=held.mandate.origin())
        if batch is not None and not back and batch.state is BatchState.ROLLED_BACK:
            await writer.redo(batch)
        await writer.publish()

    return work


async def _settle(_: HeldStore, writer: Writer) -> None:
    await writer.recover()
    await writer.publish()


class FolderStates(RuleBasedStateMachine):
    """One store, and whatever may happen to it."""

    def __init__(self, databases: Callable[[], str], stack: ExitStack) -> None:
        super().__init__()
        self._stack = stack
        self._folder = Path(tempfile.mkdtemp(prefix="folder-states-"))
        self.lab: Lab = tiny_lab(self._folder, databases(), FILES, ROWS, links=LINKS)
        self.before: Before = look(self.lab)
        self.settled = True
        self.commits = 0
        self.edited = False

    def teardown(self) -> None:
        if self.settled is False:
            assert run_in_child(self.lab, _settle) == 0
            assert_folders_sound(self.lab, self.before)
        if not self.edited:
            assert_verified(self.lab)
        shutil.rmtree(self._folder)
        self._stack.close()

    @initialize(size=st.integers(0, 2))
    def first(self, size: int) -> None:
        """Some stores have artifacts with a folder already."""
        if size:
            self._do(_migrate(self.lab, size), None)

    @rule(size=st.sampled_from((1, 2, 5)), kill_at=kill_places)
    def migrate(self, size: int, kill_at: int | None) -> None:
        """A step or a cycle."""
        self._do(_migrate(self.lab, size), kill_at)

    @rule(which=st.integers(0, 5), kill_at=kill_places)
    def roll_back(self, which: int, kill_at: int | None) -> None:
        """Any batch is taken back, not only the last one."""
        if number := self._batch(which, "cleaned"):
            self._do(_turn(number, back=True), kill_at)

    @rule(which=st.integers(0, 5), kill_at=kill_places)
    def redo(self, which: int, kill_at: int | None) -> None:
        """Any batch that was taken back is brought on again."""
        if number := self._batch(which, "rolled_back"):
            self._do(_turn(number, back=False), kill_at)

    @rule()
    def retry(self) -> None:
        """What was taken back may be taken up anew."""
        self.lab.rows("UPDATE scidex_console.folder SET state = 'due', due_at = now()")

    @rule(artifact_id=st.sampled_from(NAMES), title=st.sampled_from(("x", "y")))
    def edit_row(self, artifact_id: str, title: str) -> None:
        """Somebody gives a row another title."""
        self.edited = True  # a manifest no longer mirrors its row, which `verify` tells
        self.lab.rows("UPDATE artifacts SET title = %s WHERE id = %s", title, artifact_id)

    @rule()
    def commit(self) -> None:
        """Somebody commits a file of theirs."""
        if not self.settled:
            return  # git would say, rightly, that a crash has left its index behind the branch
        self.commits += 1
        name = f"notes/{self.commits}.md"
        place = self.lab.store.artifacts / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(name)
        git(self.lab.store.artifacts, "add", name)
        git(self.lab.store.artifacts, "commit", "-q", "-m", "notes")

    @invariant()
    def every_row_leads_to_its_file(self) -> None:
        """After each step, also where the step was killed; and all is tidy where it was not."""
        if self.settled and self.commits:
            assert run_in_child(self.lab, _settle) == 0  # the pointer follows other people's commits, too
        settled = self.settled and not self._pointer_is_behind()
        assert_folders_sound(self.lab, self.before, settled=settled)

    def _pointer_is_behind(self) -> bool:
        return bool(self.lab.git("status", "--porcelain", "--ignore-submodules=dirty", outer=True))

    def _do(self, work: Work, kill_at: int | None) -> None:
        code = run_in_child(self.lab, work, kill_at=kill_at)
        assert code == 0 or killed(code)
        self.settled = code == 0

    def _batch(self, which: int, state: str) -> int | None:
        rows = self.lab.rows(
            "SELECT id FROM scidex_console.batch WHERE job = %s AND state = %s ORDER BY id DESC",
            JobName.FOLDERS,
            state,
        )
        return rows[which % len(rows)]["id"] if rows else None


def _run(databases: Databases, template: str, *, examples: int, steps: int) -> None:
    def machine() -> FolderStates:
        stack = ExitStack()
        return FolderStates(lambda: stack.enter_context(databases(template)), stack)

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_order_of_events_leaves_every_file_where_its_row_says(
    _databases: Databases, _scidex_template: str
) -> None:
    _run(_databases, _scidex_template, examples=3, steps=8)


ORDERS = int(os.environ.get("SCIDEX_ORDERS", "20"))
"""Orders of events that the sweep tries; 60 take four minutes."""


@pytest.mark.sweep
@pytest.mark.timeout(3000)
def test_many_orders_of_events_leave_every_file_where_its_row_says(
    _databases: Databases, _scidex_template: str
) -> None:
    _run(_databases, _scidex_template, examples=ORDERS, steps=15)
