"""A preview is the plan: its token changes with what is shown, and with nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.housekeeping import PostgresHousekeeping
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.domain.batches import Batch
from scidex_console.domain.errors import Refused
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.jobs import JobName
from scidex_console.engine.ports import AttemptFilter
from scidex_console.engine.views import AttemptView
from tests.adapters.postgres.conftest import Sql
from tests.adapters.postgres.small_store import SmallStore


async def batch_of_three(
    database: Database, sql: Sql, *, path_is_column: bool = True
) -> tuple[SmallStore, Batch]:
    """Two files and a mark, in both stores."""
    store = SmallStore(database, sql, path_is_column=path_is_column)
    await store.survey([store.add(name) for name in "abc"], total=3)
    await store.attempt("a", FetchClass.STORED)
    await store.attempt("b", FetchClass.STORED)
    await store.attempt("c", FetchClass.DEAD)
    return store, await store.batch()


async def test_rollback_preview_shows_commit_files_and_rows(database: Database, sql: Sql) -> None:
    _, batch = await batch_of_three(database, sql)
    preview = await PostgresReadModel(database).rollback_preview(batch.id, redo=False)
    assert preview.commits == ("c" * 40,)
    assert preview.paths == ("figures/a.png", "figures/b.png")
    assert [operation.artifact_id for operation in preview.operations] == ["a", "b", "c"]
    assert preview.refused == ()
    again = await PostgresReadModel(database).rollback_preview(batch.id, redo=False)
    assert again == preview


EDITS = {
    "a": (
        "UPDATE artifacts SET metadata = metadata || '{\"file_sha256\": \"other\"}' WHERE id = 'a'",
        "changed since",
    ),
    "b": ("UPDATE artifacts SET metadata = metadata - 'file_size_bytes' WHERE id = 'b'", "changed since"),
    "c": ("DELETE FROM artifacts WHERE id = 'c'", "deleted"),
}


@pytest.mark.parametrize("path_is_column", [True, False])
async def test_rows_changed_since_are_refused_with_the_reason(
    database: Database, sql: Sql, path_is_column: bool
) -> None:
    if not path_is_column:
        sql.execute("ALTER TABLE artifacts DROP COLUMN file_path")
    _, batch = await batch_of_three(database, sql, path_is_column=path_is_column)
    model = PostgresReadModel(database)
    tokens = {(await model.rollback_preview(batch.id, redo=False)).token}
    refused: list[str] = []
    for artifact_id, (edit, reason) in EDITS.items():
        sql.execute(edit)
        preview = await model.rollback_preview(batch.id, redo=False)
        refused.append(artifact_id)
        assert [operation.artifact_id for operation in preview.refused] == refused
        assert reason in preview.refused[-1].reason
        assert not {operation.artifact_id for operation in preview.operations} & set(refused)
        assert preview.paths == tuple(f"figures/{name}.png" for name in "ab" if name not in refused)
        assert preview.token not in tokens
        tokens.add(preview.token)
    sql.execute("DELETE FROM artifacts WHERE id = 'a'")
    preview = await model.rollback_preview(batch.id, redo=False)
    assert "deleted" in preview.refused[0].reason and preview.token not in tokens


async def test_rows_without_files_alone_invert_no_commit(database: Database, sql: Sql) -> None:
    _, batch = await batch_of_three(database, sql)
    sql.execute(EDITS["a"][0])
    sql.execute(EDITS["b"][0])
    preview = await PostgresReadModel(database).rollback_preview(batch.id, redo=False)
    assert [operation.artifact_id for operation in preview.operations] == ["c"]
    assert preview.commits == ()


async def test_an_edit_of_other_fields_does_not_stand_in_the_way(database: Database, sql: Sql) -> None:
    _, batch = await batch_of_three(database, sql)
    model = PostgresReadModel(database)
    before = await model.rollback_preview(batch.id, redo=False)
    sql.execute("UPDATE artifacts SET title = 'new', metadata = metadata || '{\"summary\": \"x\"}'")
    assert await model.rollback_preview(batch.id, redo=False) == before


async def test_redo_preview_looks_at_what_was_taken_back(database: Database, sql: Sql) -> None:
    store, batch = await batch_of_three(database, sql)
    model = PostgresReadModel(database)
    with pytest.raises(Refused, match="is cleaned and cannot be redone"):
        await model.rollback_preview(batch.id, redo=True)
    undo = await model.rollback_preview(batch.id, redo=False)
    await store.take_back(batch)
    with pytest.raises(Refused, match="is rolled_back and cannot be rolled back"):
        await model.rollback_preview(batch.id, redo=False)
    redo = await model.rollback_preview(batch.id, redo=True)
    assert redo.commits == ("e" * 40,) and redo.paths == undo.paths
    assert [operation.artifact_id for operation in redo.operations] == ["a", "b", "c"]
    assert redo.token != undo.token
    sql.execute("UPDATE artifacts SET file_path = 'mended/by/hand.png' WHERE id = 'b'")
    again = await model.rollback_preview(batch.id, redo=True)
    assert [operation.artifact_id for operation in again.refused] == ["b"] and again.token != redo.token


async def test_a_token_is_for_one_pass_of_the_batch(database: Database, sql: Sql) -> None:
    store, batch = await batch_of_three(database, sql)
    model = PostgresReadModel(database)
    first = await model.rollback_preview(batch.id, redo=False)
    await store.bring_on_again(await store.take_back(batch))
    second = await model.rollback_preview(batch.id, redo=False)
    assert (second.paths, second.commits) == (first.paths, first.commits)
    assert second.token != first.token


async def test_preview_of_no_batch_is_refused(database: Database) -> None:
    with pytest.raises(Refused, match="there is no batch 5"):
        await PostgresReadModel(database).rollback_preview(5, redo=False)


async def failures(database: Database, sql: Sql) -> SmallStore:
    """Failures of every kind, one row held back, and rows that no retry concerns."""
    store = SmallStore(database, sql)
    rows = [store.add(name, group="ncbi" if name in "tu" else "europepmc") for name in "bdhrstuvw"]
    await store.survey(rows, total=9)
    await store.attempt("d", FetchClass.DEAD)
    await store.attempt("h", FetchClass.STORED)
    await store.take_back(await store.batch())
    await store.figures.make_due(["d"])
    await store.attempt("d", FetchClass.DEAD)
    await store.batch()
    await store.attempt("b", FetchClass.BLOCKED)
    await store.attempt("r", FetchClass.REFUSED)
    await store.attempt("s", FetchClass.SUSPECT)
    await store.attempt("t", FetchClass.TRANSIENT, ago=timedelta(hours=2))
    await store.attempt("u", FetchClass.TRANSIENT, reason="timeout")
    await store.attempt("v", FetchClass.TRANSIENT, later=True)
    return store


RETRIES = [
    (AttemptFilter(), "bhrstuv"),
    (AttemptFilter(outcome="transient"), "tuv"),
    (AttemptFilter(outcome="transient", group="ncbi"), "tu"),
    (AttemptFilter(outcome="transient,blocked"), "btuv"),
    (AttemptFilter(outcome="held_back"), "h"),
    (AttemptFilter(text="timeout"), "u"),
    (AttemptFilter(artifact_ids=("s",)), "s"),
    (AttemptFilter(outcome="transient", since=datetime.now(UTC) - timedelta(hours=1)), "uv"),
    (AttemptFilter(outcome="dead"), ""),
]


async def test_retry_preview_lists_exactly_the_rows_it_names(database: Database, sql: Sql) -> None:
    await failures(database, sql)
    model = PostgresReadModel(database)
    for criteria, expected in RETRIES:
        preview = await model.retry_preview(JobName.FIGURES, criteria)
        assert "".join(sorted(item.artifact_id for item in preview.items)) == expected, criteria


async def test_a_retry_makes_every_previewed_row_due(database: Database, sql: Sql) -> None:
    store = await failures(database, sql)
    preview = await PostgresReadModel(database).retry_preview(JobName.FIGURES, AttemptFilter())
    names = {item.artifact_id for item in preview.items}
    assert set(await store.figures.make_due(sorted(names))) == names
    assert names <= set("bhrstuv") and len(names) == 7


async def test_status_counts_the_very_rows_a_retry_offers(database: Database, sql: Sql) -> None:
    store = await failures(database, sql)
    model = PostgresReadModel(database)

    async def offered(outcome: str = "") -> int:
        return len((await model.retry_preview(JobName.FIGURES, AttemptFilter(outcome=outcome))).items)

    async def compare(transient: int) -> None:
        gap = (await model.overview()).gaps[0]
        assert (gap.transient, gap.blocked) == (transient, 1)
        assert gap.transient + gap.blocked == await offered("transient,blocked")
        for name in ("transient", "blocked", "suspect", "refused", "held_back"):
            assert getattr(gap, name) == await offered(name), name
        kinds = gap.transient + gap.blocked + gap.suspect + gap.refused + gap.held_back
        assert kinds == await offered()

    await compare(3)
    sql.execute("UPDATE scidex_console.figure SET due_at = now() - interval '1 s' WHERE state = 'due'")
    await compare(2)
    await store.figures.make_due(["t"])
    await compare(1)


async def test_retry_token_follows_the_rows_and_their_last_attempts(database: Database, sql: Sql) -> None:
    store = await failures(database, sql)
    model = PostgresReadModel(database)
    transient = AttemptFilter(outcome="transient")
    before = await model.retry_preview(JobName.FIGURES, transient)
    assert before.filters == {"outcome": "transient"}
    assert await model.retry_preview(JobName.FIGURES, transient) == before
    narrower = await model.retry_preview(JobName.FIGURES, AttemptFilter(outcome="transient", group="ncbi"))
    assert narrower.token != before.token
    await store.figures.make_due(["t"])
    await store.attempt("t", FetchClass.TRANSIENT)
    after = await model.retry_preview(JobName.FIGURES, transient)
    assert {item.artifact_id for item in after.items} == {item.artifact_id for item in before.items}
    assert after.token != before.token


async def test_a_row_never_attempted_can_still_be_seen_and_retried(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a")], total=1)
    sql.execute("UPDATE scidex_console.figure SET state = 'held_back', due_at = NULL")
    preview = await PostgresReadModel(database).retry_preview(JobName.FIGURES, AttemptFilter())
    (item,) = preview.items
    assert (item.artifact_id, item.reason, item.requests) == ("a", "never attempted", 0)


async def test_plan_takes_host_groups_in_turn_and_leaves_the_scheduled_out(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    big = [store.add(f"e{n}") for n in range(5)]
    small = [store.add(f"n{n}", group="ncbi") for n in range(3)]
    await store.survey([*big, *small], total=8)
    await store.attempt("n0", FetchClass.TRANSIENT, later=True)
    model = PostgresReadModel(database)
    plan = await model.plan(JobName.FIGURES, limit=6)
    assert [item.artifact_id for item in plan.items] == ["e0", "n1", "e1", "n2", "e2", "e3"]
    assert (plan.gap.due, plan.gap.scheduled, plan.note) == (7, 1, "")
    await PostgresHousekeeping(database).fold_counters()
    assert (await model.plan(JobName.FIGURES, limit=2)).items == plan.items[:2]


async def test_plan_without_a_survey_says_so(database: Database) -> None:
    plan = await PostgresReadModel(database).plan(JobName.FIGURES, limit=5)
    assert plan.items == () and "no survey yet" in plan.note


async def test_held_back_rows_say_what_they_wait_on(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(name) for name in "abcd"], total=4)
    await store.attempt("a", FetchClass.STORED)
    back = await store.batch()
    await store.take_back(back)
    await store.attempt("b", FetchClass.DEAD)
    sql.execute("UPDATE artifacts SET metadata = '{}' WHERE id = 'b'")
    left_out = await store.batch()
    sql.execute("UPDATE scidex_console.figure SET state = 'held_back', due_at = NULL WHERE artifact_id = 'c'")
    model = PostgresReadModel(database)
    plan = await model.plan(JobName.FIGURES, limit=9)
    changed = "changed, deleted or locked by somebody else; their edit stands"
    assert [(item.artifact_id, item.waits_on) for item in plan.held_back] == [
        ("a", f"a redo or a retry: taken back with batch {back.id}"),
        ("b", f"a look and a retry: batch {left_out.id} left it out, {changed}"),
        ("c", "a retry"),
    ]
    assert [item.artifact_id for item in plan.items] == ["d"]
    gap = (await model.overview()).gaps[0]
    assert gap == plan.gap and gap.held_back == sum(number for _, number in gap.held_back_for) == 3
    assert set(gap.held_back_for) == {
        ("a redo or a retry: taken back with its batch", 1),
        ("a look and a retry: its batch left it out, its row was changed by somebody else", 1),
        ("a retry", 1),
    }
    listed = await model.retry_preview(JobName.FIGURES, AttemptFilter(outcome="held_back"))
    assert {item.artifact_id: item.reason for item in listed.items} == {
        "a": f"taken back with batch {back.id}",
        "b": f"batch {left_out.id} left it out: {changed}",
        "c": "never attempted",
    }


async def test_suspected_figures_are_asked_at_once_by_name_and_stay_suspected(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(name) for name in "ab"], total=2)
    await store.attempt("a", FetchClass.DEAD)
    await store.attempt("b", FetchClass.TRANSIENT)
    sql.execute(
        "UPDATE scidex_console.figure SET state = 'suspected', due_at = now() + interval '1 day', "
        "suspected_at = now() - interval '1 hour' WHERE artifact_id = 'a'"
    )
    model = PostgresReadModel(database)

    async def offered(**criteria: Any) -> list[tuple[str, bool]]:
        preview = await model.retry_preview(JobName.FIGURES, AttemptFilter(**criteria))
        return [(item.artifact_id, item.unproven) for item in preview.items if isinstance(item, AttemptView)]

    assert await offered() == [("b", False)], "it has not failed"
    assert await offered(outcome="suspected") == await offered(artifact_ids=("a",)) == [("a", True)]
    assert await store.figures.make_due(["a"]) == ["a"]
    rows = sql.execute(
        "SELECT state, due_at <= now() AS due, suspected_at < now() - interval '59 minutes' AS since "
        "FROM scidex_console.figure WHERE artifact_id = 'a'"
    ).fetchone()
    assert rows == {"state": "due", "due": True, "since": True}
