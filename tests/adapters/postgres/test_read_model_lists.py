"""Lists come newest first, by key, and filters mean what they say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.domain.batches import BatchState, OperationState
from scidex_console.domain.errors import UsageError
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.jobs import JobName
from scidex_console.engine.listing_views import LogFilter
from scidex_console.engine.ports import AttemptFilter
from tests.adapters.postgres.conftest import Sql
from tests.adapters.postgres.small_store import SmallStore


@pytest.fixture
async def store(database: Database, sql: Sql) -> SmallStore:
    """Six figures of two groups, each attempted once, in the order of their names."""
    store = SmallStore(database, sql)
    rows = [store.add(name, group="ncbi" if name in "bd" else "europepmc") for name in "abcdef"]
    await store.survey(rows, total=6)
    await store.attempt("a", FetchClass.STORED, ago=timedelta(hours=3))
    await store.attempt("b", FetchClass.DEAD, ago=timedelta(hours=2))
    await store.attempt("c", FetchClass.TRANSIENT, reason="100% timeout_of 5s")
    await store.attempt("d", FetchClass.BLOCKED)
    await store.attempt("e", FetchClass.SUSPECT)
    await store.attempt("f", FetchClass.TRANSIENT, reason="100 percent")
    return store


FILTERS = [
    (AttemptFilter(), "fedcba"),
    (AttemptFilter(group="ncbi"), "db"),
    (AttemptFilter(outcome="transient"), "fc"),
    (AttemptFilter(outcome="dead, stored"), "ba"),
    (AttemptFilter(artifact_ids=("e",)), "e"),
    (AttemptFilter(since=datetime.now(UTC) - timedelta(hours=1)), "fedc"),
    (AttemptFilter(text="100%"), "c"),
    (AttemptFilter(text="T_O"), "c"),
    (AttemptFilter(text="1_0"), ""),
    (AttemptFilter(text="\\"), ""),
    (AttemptFilter(text="NCBI.example/B"), "b"),
    (AttemptFilter(text="figure F"), "f"),
    (AttemptFilter(group="ncbi", outcome="blocked", text="because"), "d"),
]


async def test_attempts_are_filtered(store: SmallStore, database: Database) -> None:
    model = PostgresReadModel(database)
    for criteria, expected in FILTERS:
        attempts = await model.attempts(criteria, limit=10)
        assert "".join(attempt.artifact_id for attempt in attempts) == expected, criteria


async def test_attempts_are_paged_by_key(store: SmallStore, database: Database) -> None:
    model = PostgresReadModel(database)
    first = await model.attempts(AttemptFilter(), limit=4)
    await store.figures.make_due(["c"])
    await store.attempt("c", FetchClass.DEAD)
    rest = await model.attempts(AttemptFilter(), limit=4, before_id=first[-1].id)
    assert [a.artifact_id for a in first] == ["f", "e", "d", "c"]
    assert [a.artifact_id for a in rest] == ["b", "a"]


async def test_an_unknown_outcome_is_named_with_those_that_exist(database: Database) -> None:
    with pytest.raises(UsageError, match=r"'gone' is unknown; use one or more of blocked, dead"):
        await PostgresReadModel(database).attempts(AttemptFilter(outcome="gone"), limit=1)


async def test_migration_log_is_filtered_by_status_and_paged(database: Database, sql: Sql) -> None:
    sql.execute(
        """
        INSERT INTO artifact_migration_log (artifact_id, status, created_at)
        SELECT 'a' || n, CASE WHEN n %% 2 = 0 THEN 'error' ELSE 'success' END, CASE WHEN n <> 6 THEN now() END
        FROM generate_series(1, 6) AS n
    """.replace("%%", "%")
    )
    model = PostgresReadModel(database)
    assert [row.artifact_id for row in await model.migration_log(LogFilter(), limit=2)] == ["a6", "a5"]
    errors = await model.migration_log(LogFilter(statuses=("error",)), limit=2)
    assert [row.artifact_id for row in errors] == ["a6", "a4"]
    rest = await model.migration_log(LogFilter(statuses=("error",)), limit=2, before_id=errors[-1].id)
    assert [row.artifact_id for row in rest] == ["a2"]


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ('{"missing": ["figures/a.png", "b"]}', "missing: figures/a.png, b"),
        ('{"actual_size": 5, "reason": "not the bytes promised"}', "not the bytes promised; actual size: 5"),
        ('{"reason": {"a": [1]}}', 'reason: {"a": [1]}'),
        ('["what another program wrote"]', ""),
        (None, ""),
    ],
)
async def test_a_line_of_the_migration_log_is_told_in_words(
    database: Database, sql: Sql, errors: str | None, words: str
) -> None:
    sql.execute(
        "INSERT INTO artifact_migration_log (artifact_id, status, errors) VALUES ('a', 'success', %s)",
        [errors],
    )
    (row,) = await PostgresReadModel(database).migration_log(LogFilter(), limit=1)
    assert row.words == words
    assert bool(row.errors) == (errors is not None)


async def test_batches_and_operations_show_what_became_of_each(
    store: SmallStore, database: Database, sql: Sql
) -> None:
    model = PostgresReadModel(database)
    assert await model.batches(None, limit=5) == [] and await model.batch(1) is None
    sql.execute("UPDATE artifacts SET metadata = metadata || '{\"image_url\": \"elsewhere\"}' WHERE id = 'b'")
    first = await store.batch()
    (listed,) = await model.batches(JobName.FIGURES, limit=5)
    assert (listed.files, listed.marks, listed.conflicts, listed.skipped) == (1, 0, 1, 0)
    assert (listed.state, listed.commit, listed.authorization) == (BatchState.CLEANED, "c" * 40, "APPROVED-1")
    assert listed.push == "pending"
    stored, dead = await model.operations(first.id)
    assert (stored.artifact_id, stored.state, stored.path, stored.size) == (
        "a",
        OperationState.DONE,
        "figures/a.png",
        1000,
    )
    assert dead.state is OperationState.CONFLICT and "somebody else" in dead.reason
    assert await model.operations(first.id + 1) == []
    assert await model.batch(first.id) == listed
    assert (await model.overview()).last_batch == listed


async def test_batches_are_paged_and_filtered_by_job(store: SmallStore, database: Database) -> None:
    model = PostgresReadModel(database)
    first = await store.batch()
    await store.figures.make_due(["c", "f"])
    await store.attempt("c", FetchClass.STORED)
    second = await store.batch()
    assert [batch.id for batch in await model.batches(None, limit=1)] == [second.id]
    assert [b.id for b in await model.batches(None, limit=1, before_id=second.id)] == [first.id]
    assert await model.batches(JobName.FOLDERS, limit=5) == []


async def test_push_state_of_a_settled_batch(store: SmallStore, database: Database) -> None:
    batch = await store.batch()
    for recorded, shown in {
        "": "pending",
        "none": "",
        "refused: no": "refused: no",
        "pushed": "pushed",
    }.items():
        await store.journal.record_outer(batch, commit="f" * 40, push=recorded)
        view = await PostgresReadModel(database).batch(batch.id)
        assert view is not None and (view.push, view.outer_commit) == (shown, "f" * 40)
