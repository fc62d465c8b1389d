"""Folders are judged fairly while cycles come and go under the look, and after a crash."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.journal import PostgresJournal
from scidex_console.domain.jobs import JobName
from scidex_console.engine.two_stores import forward, recovery, rollback
from scidex_console.engine.verification import verify as verification
from scidex_console.engine.verification.findings import StoreReport
from scidex_console.wiring.held_store import HeldStore
from scidex_console.wiring.verification import file_facts, verify
from tests.engine.verification.foldered_store import engine_of, migrated, take_back
from tests.engine.verification.test_healthy_store import counted
from tests.engine.verification.test_store_at_work import Interrupted
from tests.engine.verification.worked_store import ORIGIN, WorkedStore


async def verify_while(store: WorkedStore, happens: Callable[[], Awaitable[None]]) -> StoreReport:
    """Something happens after the rows were read, before git and the disk are."""
    git, disk = file_facts(store.settings)
    async with Database(store.url, name="test") as database:
        source = Interrupted(database, happens)
        return await verification.verify(source, git, disk, store.settings.artifact_paths())


async def bring_on_again(held: HeldStore, batch_id: int) -> None:
    """Redo a batch, to the end."""
    batch = await held.journal().load(batch_id)
    assert batch is not None
    batch = await rollback.redo(held.stores(), batch)
    await forward.tidy(held.stores(), batch)


async def test_a_cycle_that_is_migrated_during_the_look_is_no_finding(foldered: WorkedStore) -> None:
    batch = await take_back(foldered)
    async with engine_of(foldered) as held:

        async def migrate() -> None:
            await bring_on_again(held, batch.id)

        report = await verify_while(foldered, migrate)
    assert report.broken == ()
    assert report.looks == 1
    assert (await verify(foldered.settings)).broken == ()


async def test_a_cycle_that_is_taken_back_during_the_look_is_no_finding(foldered: WorkedStore) -> None:
    async with engine_of(foldered) as held:
        batch = await held.journal().last(JobName.FOLDERS)
        assert batch is not None

        async def roll_back() -> None:
            await rollback.roll_back(held.stores(), batch, origin=ORIGIN)

        report = await verify_while(foldered, roll_back)
    assert report.broken == ()
    assert report.looks == 1


@pytest.mark.sweep
async def test_old_paths_may_stand_while_readers_have_their_grace(foldered: WorkedStore) -> None:
    batch = await take_back(foldered)
    async with engine_of(foldered) as held:
        again = await held.journal().load(batch.id)
        assert again is not None
        done = await rollback.redo(held.stores(), again)
        assert done.state == "done"
        old = next(e.source for o in done.operations for e in o.entries if e.leaves_source)
        assert (foldered.artifacts / old).exists()
        assert (await verify(foldered.settings)).broken == ()
    assert (await verify(foldered.settings)).broken == ("I8",)


async def test_a_crash_between_gits_commit_and_the_rows_leaves_the_journal_open(
    foldered: WorkedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = await take_back(foldered)

    class Crash(Exception):
        pass

    async def crash(*_: Any, **__: Any) -> None:
        raise Crash

    async with engine_of(foldered) as held:
        with monkeypatch.context() as patched, pytest.raises(Crash):
            patched.setattr(PostgresJournal, "switch", crash)
            await bring_on_again(held, batch.id)
        assert (await verify(foldered.settings)).broken == ()
    assert (await verify(foldered.settings)).broken == ("I8",)
    async with engine_of(foldered) as held:
        await recovery.recover(held.stores())
    assert (await verify(foldered.settings)).broken == ()


@pytest.mark.sweep
async def test_a_damage_elsewhere_is_found_though_a_cycle_is_open(foldered: WorkedStore) -> None:
    batch = await take_back(foldered)
    row = migrated(foldered)[0]
    (foldered.artifacts / row["folder"] / "manifest.json").unlink()
    async with engine_of(foldered) as held:

        async def migrate() -> None:
            await bring_on_again(held, batch.id)

        report = await verify_while(foldered, migrate)
    assert report.broken == ("I2", "I5")


async def test_a_row_edited_before_the_rollback_keeps_its_folder(foldered: WorkedStore) -> None:
    async with engine_of(foldered) as held:
        batch = await held.journal().last(JobName.FOLDERS)
        assert batch is not None
    kept = batch.operations[0].artifact_id
    foldered.sql("UPDATE artifacts SET migrated_to_folder_at = now(), title = 'New' WHERE id = %s", kept)
    batch = await take_back(foldered)
    assert [o.artifact_id for o in batch.operations if o.state == "kept"] == [kept]
    report = await verify(foldered.settings)
    assert report.broken == ()
    assert counted(report, "I2")["rows edited after their migration, whose manifests are older"] == 1
