"""Facts for the verification come from the rows themselves, and disagree with bookkeeping that is wrong."""

from __future__ import annotations

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.fence import PostgresFence
from scidex_console.adapters.postgres.invariants import PostgresFacts
from scidex_console.adapters.postgres.runs import PostgresRuns
from scidex_console.domain.batches import BatchState
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.runs import RunState
from tests.adapters.postgres.conftest import Sql
from tests.adapters.postgres.small_store import SmallStore


@pytest.mark.parametrize("path_is_column", [True, False])
async def test_facts_tell_rows_marks_journal_and_audit(
    database: Database, sql: Sql, path_is_column: bool
) -> None:
    if not path_is_column:
        sql.execute("ALTER TABLE artifacts DROP COLUMN file_path")
    store = SmallStore(database, sql, path_is_column=path_is_column)
    await store.survey([store.add(name) for name in "abcd"], [store.add("m")], total=5)
    sql.execute("UPDATE artifacts SET metadata = metadata || '{\"image_unavailable\": true}' WHERE id = 'm'")
    run = await store.start()
    await store.attempt("a", FetchClass.STORED, run_id=run.id)
    await store.attempt("b", FetchClass.DEAD, run_id=run.id, status=451)
    batch = await store.batch(run.id)
    await store.attempt("c", FetchClass.STORED, run_id=run.id)
    sql.execute("DELETE FROM artifacts WHERE id = 'd'")
    facts = await PostgresFacts(database).facts()

    (row,) = facts.rows
    assert (row.artifact_id, row.is_figure, row.file_path) == ("a", True, "data/store/figures/a.png")
    assert row.sha256 == batch.operations[0].row.after["metadata.file_sha256"]
    marks = {mark.artifact_id: mark for mark in facts.marks}
    assert (marks["b"].logged, marks["b"].attempts, marks["b"].figure_state) == (True, 1, "dead")
    assert marks["b"].marked_at is not None
    assert (marks["m"].logged, marks["m"].attempts, marks["m"].marked_at) == (False, 0, None)
    assert (facts.figures, facts.migrated, facts.missing_rows) == (4, 0, {"d"})
    assert facts.batches == [batch]
    assert set(facts.runs) == {run.id}
    (record,) = facts.records
    assert (record.op, record.kind, record.batch, record.commit) == (batch.op, "apply", batch.uid, "c" * 40)
    assert [(audit.action, audit.op, audit.commit) for audit in facts.audits] == [
        ("commit:apply", batch.op, "c" * 40),
        ("batch:apply", batch.op, ""),
    ]
    assert facts.staged == {"c.staged"}
    assert facts.counters_off == [] and facts.counters > 0
    assert facts.installed_at is not None and facts.installed_at < facts.taken_at


async def test_a_deleted_row_is_missed_by_the_journal_as_well(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a"), store.add("b")], total=2)
    await store.attempt("a", FetchClass.STORED)
    await store.batch()
    sql.execute("DELETE FROM artifacts WHERE id = 'a'")
    sql.execute("DELETE FROM scidex_console.figure WHERE artifact_id = 'a'")
    assert (await PostgresFacts(database).facts()).missing_rows == {"a"}


async def test_counters_that_lost_count_are_named(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a")], total=1)
    sql.execute("UPDATE scidex_console.counter_delta SET n = n + 2")
    facts = await PostgresFacts(database).facts()
    assert facts.counters_off == ["figure europepmc due: counted 3, there are 1"]


async def test_a_transient_404_is_no_proof_of_death(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a")], total=1)
    await store.attempt("a", FetchClass.TRANSIENT, status=404)
    sql.execute("UPDATE artifacts SET metadata = metadata || '{\"image_unavailable\": true}'")
    (mark,) = (await PostgresFacts(database).facts()).marks
    assert (mark.logged, mark.attempts) == (False, 1)


async def test_facts_tell_when_a_run_was_halted(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    runs, run = PostgresRuns(store.fenced), await store.start()
    run = await runs.move(run, RunState.HALTED, halt_reason="no room")
    assert [run.halted for run in (await PostgresFacts(database).facts()).runs.values()] == [True]
    run = await runs.move(run, RunState.RUNNING)
    run = await runs.move(run, RunState.PAUSING)
    run = await runs.move(await runs.move(run, RunState.PAUSED), RunState.RUNNING)
    await runs.move(await runs.move(run, RunState.HALTED, halt_reason="again"), RunState.CANCELLED)
    facts = await PostgresFacts(database).facts()
    assert [(told.run_id, told.halted) for told in facts.halts] == [
        (run.id, True),
        (run.id, False),
        (run.id, True),
        (run.id, False),
    ]
    assert [told.at for told in facts.halts] == sorted(told.at for told in facts.halts)
    rows = sql.execute(
        "SELECT action, outcome FROM scidex_console.audit WHERE run_id = 1 ORDER BY id"
    ).fetchall()
    assert [(row["action"], row["outcome"]) for row in rows] == [
        ("run:halt", "no room"),
        ("run:resume", "no room"),
        ("run:halt", "again"),
        ("run:cancel", "again"),
    ]


async def test_facts_tell_the_epochs_of_engines_that_only_observed(database: Database) -> None:
    for writes in (False, True):
        fence = PostgresFence(database)
        await fence.acquire(
            "7@night", version="0.1.0", writes=writes, authorization="", environment="demo", at_least=0
        )
        await fence.release()
    facts = await PostgresFacts(database).facts()
    assert facts.observing == {fence.epoch - 1}
    assert facts.journal == fence.journal != ""


async def test_movement_tells_a_living_engine_and_where_batches_stand(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a")], total=1)
    await store.attempt("a", FetchClass.STORED)
    batch = await store.batch()
    source = PostgresFacts(database)
    before = await source.movement()
    assert not before.alive
    assert before.standings[batch.uid].state is BatchState.CLEANED
    assert not before.standings[batch.uid].published
    await store.journal.record_outer(batch, commit="", push="none")
    fence = PostgresFence(database)
    await fence.acquire(
        "7@night", version="0.1.0", writes=True, authorization="A", environment="demo", at_least=0
    )
    after = await source.movement()
    assert after.alive and after.standings[batch.uid].published
    await fence.release()
