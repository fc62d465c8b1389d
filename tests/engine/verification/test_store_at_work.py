"""A store is judged fairly while an engine, or somebody else, changes it under the look."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.invariants import PostgresFacts
from scidex_console.domain.batches import Batch, NewFile, Operation
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.jobs import JobName
from scidex_console.engine.ports import PathChange
from scidex_console.engine.two_stores import forward, outer, recovery, rollback
from scidex_console.engine.verification import verify as verification
from scidex_console.engine.verification.facts import DatabaseFacts
from scidex_console.engine.verification.findings import StoreReport
from scidex_console.wiring.engine import engine_options
from scidex_console.wiring.held_store import HeldStore, held_store
from scidex_console.wiring.verification import file_facts, verify
from tests.engine.verification.worked_store import ORIGIN, WorkedStore, prepared_operations

Hook = Callable[[], Awaitable[None]]


def new_files(batch: Batch) -> list[NewFile]:
    return [operation.file for operation in batch.operations if operation.file is not None]


class Interrupted(PostgresFacts):
    """After the rows were read for the first time, something happens."""

    def __init__(self, database: Database, happens: Hook) -> None:
        super().__init__(database)
        self._happens: Hook | None = happens

    async def facts(self) -> DatabaseFacts:
        found = await super().facts()
        happens, self._happens = self._happens, None
        if happens is not None:
            await happens()
        return found


async def verify_while(worked: WorkedStore, happens: Hook) -> StoreReport:
    git, disk = file_facts(worked.settings)
    async with Database(worked.url, name="test") as database:
        paths = worked.settings.artifact_paths()
        return await verification.verify(Interrupted(database, happens), git, disk, paths)


def engine_of(worked: WorkedStore) -> AbstractAsyncContextManager[HeldStore]:
    return held_store(
        worked.settings, engine_options(worked.settings, frozenset({JobName.FIGURES}), until_idle=True)
    )


async def journalled(held: HeldStore, operations: Sequence[Operation]) -> Batch:
    batch = await held.journal().prepare(
        JobName.FIGURES,
        None,
        operations,
        base_commit=held.files.repository.head(),
        epoch=held.mandate.epoch,
        authorization=held.mandate.authorization,
    )
    assert batch is not None
    return batch


async def placed_and_committed(held: HeldStore, batch: Batch) -> None:
    """The steps of a batch up to git's commit point, and no further."""
    for file in new_files(batch):
        held.files.worktree.place(file.staged, file.path, file.sha256)
    held.files.repository.commit(
        [PathChange(file.path, file.sha256) for file in new_files(batch)],
        subject="half a batch",
        trailers=held.mandate.trailers(batch, batch.op, CommitKind.APPLY),
        epoch=held.mandate.epoch,
    )


async def test_a_batch_that_comes_and_goes_through_during_the_look_is_no_finding(worked: WorkedStore) -> None:
    async with engine_of(worked) as held:
        operations = await prepared_operations(held, worked.settings, worked.lost[15:17])

        async def whole_batch() -> None:
            await forward.apply(held.stores(), JobName.FIGURES, None, operations)
            await outer.publish(held.stores())

        report = await verify_while(worked, whole_batch)
    assert report.broken == ()
    assert report.looks == 1
    assert report.engine_at_work


async def test_a_pointer_published_during_the_look_is_no_finding(worked: WorkedStore) -> None:
    async with engine_of(worked) as held:
        operations = await prepared_operations(held, worked.settings, worked.lost[15:17])
        await forward.apply(held.stores(), JobName.FIGURES, None, operations)

        async def publish() -> None:
            assert await outer.publish(held.stores()) == ""

        report = await verify_while(worked, publish)
    assert report.broken == ()
    assert report.looks == 1


async def test_a_rollback_during_the_look_is_no_finding(worked: WorkedStore) -> None:
    async with engine_of(worked) as held:
        batch = await held.journal().load(3)
        assert batch is not None

        async def roll_back() -> None:
            await rollback.roll_back(held.stores(), batch, origin=ORIGIN)

        report = await verify_while(worked, roll_back)
    assert report.broken == ()
    assert report.looks == 1


async def test_somebody_elses_change_during_the_look_is_looked_at_once_more(worked: WorkedStore) -> None:
    row = worked.sql(
        "SELECT id, file_path FROM artifacts WHERE artifact_type <> 'paper_figure' AND file_path IS NOT NULL"
        " AND metadata ? 'file_sha256'"
    )[0]
    path = row["file_path"].removeprefix("data/scidex-artifacts/")

    async def rewrite() -> None:
        (worked.artifacts / path).write_bytes(b"rewritten")
        worked.git("commit", "--quiet", "-m", "Rewrite", "--", path)
        worked.sql(
            "UPDATE artifacts SET metadata = metadata || jsonb_build_object('file_sha256', %s::text)"
            " WHERE id = %s",
            hashlib.sha256(b"rewritten").hexdigest(),
            row["id"],
        )

    report = await verify_while(worked, rewrite)
    assert report.broken == ()
    assert report.looks == 2


async def test_what_stays_broken_is_broken_though_the_branch_moved(worked_files: WorkedStore) -> None:
    async def commit_and_break() -> None:
        worked_files.git("commit", "--quiet", "--allow-empty", "-m", "Something else")
        worked_files.git("rm", "--quiet", "--cached", worked_files.path_of(worked_files.lost[0]))

    report = await verify_while(worked_files, commit_and_break)
    assert report.broken == ("I5",)
    assert report.looks == 2


async def test_a_damage_is_found_while_an_engine_is_at_work(worked: WorkedStore) -> None:
    (worked.artifacts / worked.path_of(worked.lost[0])).unlink()
    async with engine_of(worked):
        report = await verify(worked.settings)
    assert report.engine_at_work
    assert report.broken == ("I1", "I5")


async def test_a_crash_after_gits_commit_leaves_nothing_broken_but_the_open_journal(
    worked: WorkedStore,
) -> None:
    async with engine_of(worked) as held:
        operations = await prepared_operations(held, worked.settings, worked.lost[15:17])
        await placed_and_committed(held, await journalled(held, operations))
        assert (await verify(worked.settings)).broken == ()
    assert (await verify(worked.settings)).broken == ("I8",)
    async with engine_of(worked) as held:
        assert await recovery.recover(held.stores()) == 2
        await outer.publish(held.stores())
    assert (await verify(worked.settings)).broken == ()


@pytest.mark.sweep
async def test_a_crash_after_the_inverse_commit_leaves_every_row_its_file(worked: WorkedStore) -> None:
    async with engine_of(worked) as held:
        batch = await held.journal().load(3)
        assert batch is not None
        batch = await held.journal().begin_rollback(batch, keep={})
        held.files.repository.commit(
            [PathChange(file.path, None) for file in new_files(batch)],
            subject="half a rollback",
            trailers=held.mandate.trailers(batch, batch.undo_op, CommitKind.UNDO),
            epoch=held.mandate.epoch,
        )
        assert (await verify(worked.settings)).broken == ()
    assert (await verify(worked.settings)).broken == ("I8",)
    async with engine_of(worked) as held:
        assert await recovery.recover(held.stores()) == 5
        await outer.publish(held.stores())
    assert (await verify(worked.settings)).broken == ()


@pytest.mark.sweep
async def test_a_row_changed_after_its_batch_is_kept_by_the_rollback(worked: WorkedStore) -> None:
    worked.sql("UPDATE artifacts SET file_path = 'site/figures/better.png' WHERE id = %s", worked.lost[8])
    assert (await verify(worked.settings)).broken == ("I1",)
    async with engine_of(worked) as held:
        batch = await held.journal().load(3)
        assert batch is not None
        batch = await rollback.roll_back(held.stores(), batch, origin=ORIGIN)
        await outer.publish(held.stores())
    assert [o.artifact_id for o in batch.operations if o.state == "kept"] == [worked.lost[8]]
    report = await verify(worked.settings)
    assert report.broken == ()
    assert "1 files kept by a rollback that no row names any more" in report.invariants[0].note


@pytest.mark.sweep
async def test_a_rolled_back_batch_that_is_redone_holds_every_invariant(worked: WorkedStore) -> None:
    async with engine_of(worked) as held:
        batch = await held.journal().load(2)
        assert batch is not None
        batch = await rollback.redo(held.stores(), batch)
        await outer.publish(held.stores())
        assert (batch.state, batch.pass_no) == ("cleaned", 2)
        report = await verify(worked.settings)
        assert report.broken == ()
        batch = await rollback.roll_back(held.stores(), batch, origin=ORIGIN)
        await outer.publish(held.stores())
    report = await verify(worked.settings)
    assert report.broken == ()


@pytest.mark.parametrize("pushed", [True, False])
@pytest.mark.sweep
async def test_a_pointer_not_recorded_yet_is_no_finding_while_it_is_being_published(
    worked: WorkedStore, pushed: bool
) -> None:
    async with engine_of(worked) as held:
        operations = await prepared_operations(held, worked.settings, worked.lost[15:17])
        batch = await forward.apply(held.stores(), JobName.FIGURES, None, operations)
        assert batch is not None
        held.files.repository.bump_pointer(
            subject="Move data", trailers=held.mandate.trailers(batch, batch.op, CommitKind.POINTER)
        )
        if pushed:
            worked.sql("UPDATE scidex_console.batch SET push_state = 'pushed' WHERE id = %s", batch.id)
        report = await verify(worked.settings)
    assert report.broken == (("I7",) if pushed else ())
