"""Windows of listings: whichever way and in whichever order they are read, they are parts of one listing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import FIRST, LAST, Around, Key, Span, Window
from scidex_console.engine.listing_views import BatchFilter, LogFilter
from scidex_console.engine.ports import AttemptFilter, AttemptOrder
from scidex_console.engine.views import AttemptView
from tests.adapters.postgres.conftest import Sql
from tests.adapters.postgres.small_store import SmallStore

SPAN = Span(3, 6)
ALL = 1000
WHOLE = Span(0, ALL)


@pytest.fixture
def model(database: Database, sql: Sql) -> PostgresReadModel:
    """Forty attempts, many of which took as long as others; twenty of them are dead."""
    sql.execute(
        """
        INSERT INTO scidex_console.fetch_attempt
            (artifact_id, url, host, host_group, outcome, reason, requests, started_at, took_ms, epoch)
        SELECT 'a' || n %% 7, 'https://h/' || n, 'h' || n %% 3, 'g' || n %% 2,
            CASE n %% 2 WHEN 0 THEN 'dead' ELSE 'stored' END, 'r', 1, now(), n %% 5, 1
        FROM generate_series(1, 40) AS n
        """.replace("%%", "%")
    )
    return PostgresReadModel(database)


async def whole(
    model: PostgresReadModel, criteria: AttemptFilter, order: AttemptOrder
) -> Window[AttemptView]:
    return await model.attempt_window(criteria, order, FIRST, Span(0, ALL))


@pytest.mark.parametrize("order", AttemptOrder)
@pytest.mark.parametrize("criteria", [AttemptFilter(), AttemptFilter(host="h1", outcome="dead")])
async def test_windows_around_every_key_are_parts_of_the_listing(
    model: PostgresReadModel, criteria: AttemptFilter, order: AttemptOrder
) -> None:
    listing = await whole(model, criteria, order)
    assert listing.from_first and listing.to_last
    for at, key in enumerate(listing.keys):
        window = await model.attempt_window(criteria, order, Around(key), SPAN)
        begin = max(at - SPAN.before, 0)
        assert window.keys == listing.keys[begin : at + SPAN.after]
        assert window.rows == listing.rows[begin : at + SPAN.after]
        assert window.from_first == (at < SPAN.before)
        assert window.to_last == (len(listing.keys) - at < SPAN.after)
    last = await model.attempt_window(criteria, order, LAST, SPAN)
    assert last.keys == listing.keys[-(SPAN.before + SPAN.after) :]


@pytest.mark.parametrize(
    ("order", "key", "reverse"),
    [
        (AttemptOrder.NEWEST, lambda row: row.id, True),
        (AttemptOrder.OLDEST, lambda row: row.id, False),
        (AttemptOrder.SLOWEST, lambda row: (row.took_ms, row.id), True),
    ],
)
async def test_orders_are_what_they_are_called(
    model: PostgresReadModel, order: AttemptOrder, key: object, reverse: bool
) -> None:
    rows = list((await whole(model, AttemptFilter(), order)).rows)
    assert len(rows) == 40
    assert rows == sorted(rows, key=key, reverse=reverse)  # type: ignore[call-overload]


async def test_a_key_whose_row_is_gone_still_parts_the_listing(model: PostgresReadModel) -> None:
    key: Key = (20,)
    criteria = AttemptFilter(outcome="stored")  # rows with odd ids
    window = await model.attempt_window(criteria, AttemptOrder.NEWEST, Around(key), SPAN)
    assert [row.id for row in window.rows] == [25, 23, 21, 19, 17, 15, 13, 11, 9]


async def test_one_attempt_is_told_with_its_figure_and_its_other_attempts(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a", title="A title")], total=1)
    await store.attempt("a", FetchClass.TRANSIENT, reason="503")
    await store.figures.make_due(["a"])
    await store.attempt("a", FetchClass.DEAD)
    model = PostgresReadModel(database)
    newest, first = await model.attempts(AttemptFilter(), limit=2)
    detail = await model.attempt(newest.id)
    assert detail is not None
    assert detail.attempt == newest
    assert detail.others == (first,)
    assert (detail.row_type, detail.row_title, detail.row_path) == ("paper_figure", "A title", "")
    assert detail.figure_state == "condemned"
    sql.execute("DELETE FROM artifacts")
    gone = await model.attempt(newest.id)
    assert gone is not None and gone.row_type == ""
    assert await model.attempt(10**9) is None
    assert datetime.now(UTC) >= detail.attempt.at


async def test_a_retry_is_of_the_host_and_of_the_artifacts_that_were_chosen(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    rows = [store.add(name) for name in "abc"]
    await store.survey(rows, total=3)
    for name in "abc":
        await store.attempt(name, FetchClass.TRANSIENT)
    model = PostgresReadModel(database)
    (attempt, *_) = await model.attempts(AttemptFilter(artifact_ids=("a",)), limit=1)

    async def listed(criteria: AttemptFilter) -> set[str]:
        return {item.artifact_id for item in (await model.retry_preview(JobName.FIGURES, criteria)).items}

    assert await listed(AttemptFilter(artifact_ids=("a", "c"))) == {"a", "c"}
    assert await listed(AttemptFilter(host=attempt.host)) == {"a", "b", "c"}
    assert await listed(AttemptFilter(host="elsewhere.example")) == set()


async def test_the_log_is_read_in_windows_by_status_text_and_artifact(database: Database, sql: Sql) -> None:
    sql.execute(
        """
        INSERT INTO artifact_migration_log (artifact_id, status, errors)
        SELECT 'a' || n % 5, CASE WHEN n % 3 = 0 THEN 'error' ELSE 'success' END,
            CASE WHEN n % 3 = 0 THEN jsonb_build_object('reason', 'git said ' || n) END
        FROM generate_series(1, 30) AS n;
        INSERT INTO artifact_migration_log (artifact_id, status) VALUES ('taken-back', 'rolled_back')
        """
    )
    model = PostgresReadModel(database)

    async def ids(criteria: LogFilter, around: Around = FIRST, span: Span = WHOLE) -> list[int]:
        return [row.id for row in (await model.migration_log_window(criteria, around, span)).rows]

    everything = list(range(31, 0, -1))
    problems = [n for n in everything if n % 3 == 0]  # and not the one that was taken back
    assert await ids(LogFilter()) == everything
    assert await ids(LogFilter(), Around((20,)), SPAN) == list(range(23, 14, -1))
    assert await ids(LogFilter(problems=True)) == await ids(LogFilter(statuses=("error",))) == problems
    assert await ids(LogFilter(problems=True), LAST, Span(1, 2)) == [9, 6, 3]
    assert await ids(LogFilter(text="git SAID 15")) == [15]
    assert await ids(LogFilter(artifact_id="a2")) == [27, 22, 17, 12, 7, 2]


async def test_a_batch_is_told_whole_with_what_stands_on_it(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(name) for name in "ab"], total=2)
    for name in "ab":
        await store.attempt(name, FetchClass.STORED)
    batch = await store.batch()
    model = PostgresReadModel(database)
    detail = await model.batch_detail(batch.id)
    assert detail is not None and detail.batch == await model.batch(batch.id)
    first = detail.operations[0]
    assert (first.operation.artifact_id, first.operation.path) == ("a", "figures/a.png")
    assert first.before["file_path"] is None and first.after["file_path"].endswith("figures/a.png")
    assert [(c.kind, c.commit) for c in detail.commits] == [("apply", "c" * 40)]
    assert detail.later == ()
    sql.execute(
        """
        WITH later AS (
            INSERT INTO scidex_console.batch (uid, job, state, epoch, base_commit)
            VALUES (gen_random_uuid(), 'folders', 'cleaned', 0, '') RETURNING id)
        INSERT INTO scidex_console.operation (batch_id, artifact_id, state, fields, before, after)
        SELECT id, 'b', 'done', '{}', '{}', '{}' FROM later
        """
    )
    sql.execute("UPDATE scidex_console.operation SET state = 'prepared' WHERE batch_id > %s", [batch.id])
    assert (await model.rollback_preview(batch.id, redo=False)).later == ()  # it has changed no row yet
    sql.execute("UPDATE scidex_console.operation SET state = 'done' WHERE batch_id > %s", [batch.id])
    standing = await model.batch_detail(batch.id)
    assert standing is not None
    assert [(later.id - batch.id, later.shared) for later in standing.later] == [(1, 1)]
    assert (await model.rollback_preview(batch.id, redo=False)).later == standing.later
    assert await model.batch_detail(10**6) is None


async def test_batches_are_read_in_windows_by_job_state_artifact_and_commit(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(name) for name in "ab"], total=2)
    made = []
    for name in "ab":
        await store.attempt(name, FetchClass.STORED)
        made.append(await store.batch(commit=name * 40))
    await store.take_back(made[0])
    model = PostgresReadModel(database)

    async def ids(criteria: BatchFilter) -> list[int]:
        return [row.id for row in (await model.batch_window(criteria, FIRST, SPAN)).rows]

    first, second = (batch.id for batch in made)
    assert await ids(BatchFilter()) == [second, first]
    assert await ids(BatchFilter(job=JobName.FOLDERS)) == []
    assert await ids(BatchFilter(states=("rolled_back",))) == [first]
    assert await ids(BatchFilter(artifact_id="b")) == [second]
    assert await ids(BatchFilter(text="bbbb")) == [second]
    around = await model.batch_window(BatchFilter(), Around((first,)), Span(1, 1))
    assert [row.id for row in around.rows] == [second, first]


async def test_an_artifact_is_told_whole_also_when_its_row_is_gone(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a", title="A title")], total=1)
    await store.attempt("a", FetchClass.STORED)
    batch = await store.batch()
    sql.execute("INSERT INTO artifact_links VALUES ('a', 'b', 'derived_from'), ('c', 'd', 'x')")
    sql.execute(
        "INSERT INTO artifact_migration_log (artifact_id, status) VALUES ('a', 'error'), ('b', 'error')"
    )
    model = PostgresReadModel(database)
    detail = await model.artifact("a")
    assert detail.row is not None and detail.row["title"] == "A title"
    assert [(link.source, link.target) for link in detail.links] == [("a", "b")]
    assert [(change.batch_id, change.state) for change in detail.changes] == [(batch.id, "done")]
    assert [entry.status for entry in detail.log] == ["error"]
    assert [attempt.outcome for attempt in detail.attempts] == [FetchClass.STORED]
    assert (detail.files, detail.decisions) == ((), ())
    assert {(act.action, act.batch_id) for act in detail.audit} == {
        ("batch:apply", batch.id),
        ("commit:apply", batch.id),
    }
    assert (await model.artifact("b")).audit == (), "the audit of other artifacts is not told"
    sql.execute("DELETE FROM artifacts")
    gone = await model.artifact("a")
    assert gone.row is None and gone.changes == detail.changes


async def test_the_audit_of_an_artifact_names_who_decided_about_it(database: Database, sql: Sql) -> None:
    sql.execute(
        """
        WITH decided AS (
            INSERT INTO scidex_console.triage_decision
                (job, decision, artifact_ids, operator, origin, reason, version, token)
            VALUES ('folders', 'leave', '{a}', 'anna', 'here', 'later', '1', 't') RETURNING id
        ), asked AS (
            INSERT INTO scidex_console.intent (action, job, params, origin, version)
            SELECT 'triage', 'folders', jsonb_build_object('decision', id), 'here', '1' FROM decided
            RETURNING id
        )
        INSERT INTO scidex_console.audit (operator, origin, reason, version, action, intent_id)
        SELECT 'anna', 'here', 'later', '1', 'intent:triage', id FROM asked
        """
    )
    model = PostgresReadModel(database)
    (act,) = (await model.artifact("a")).audit
    assert (act.action, act.operator, act.reason) == ("intent:triage", "anna", "later")
    assert (await model.artifact("b")).audit == ()


async def test_the_audit_of_an_artifact_names_who_had_it_tried_again(database: Database, sql: Sql) -> None:
    sql.execute(
        """
        WITH asked AS (
            INSERT INTO scidex_console.intent (action, job, params, origin, version)
            VALUES ('retry', 'figures', '{"artifact_ids": ["a", "c"]}', 'here', '1') RETURNING id
        )
        INSERT INTO scidex_console.audit (operator, origin, reason, version, action, intent_id)
        SELECT 'anna', 'here', 'it answers again', '1', 'intent:retry', id FROM asked
        """
    )
    model = PostgresReadModel(database)
    (act,) = (await model.artifact("c")).audit
    assert (act.action, act.operator, act.reason) == ("intent:retry", "anna", "it answers again")
    assert (await model.artifact("b")).audit == ()


async def test_links_that_are_not_read_in_time_do_not_hold_up_the_rest(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a")], total=1)
    with sql.transaction():
        sql.execute("LOCK TABLE artifact_links IN ACCESS EXCLUSIVE MODE")
        detail = await PostgresReadModel(database).artifact("a")
    assert detail.row is not None and detail.links == ()
    assert "not read in time" in detail.links_unread and "indexes of artifact_links" in detail.links_unread


async def test_the_pace_of_hosts_is_counted_by_the_minute(database: Database, sql: Sql) -> None:
    sql.execute(
        """
        INSERT INTO scidex_console.fetch_attempt
            (artifact_id, url, host, host_group, outcome, reason, requests, started_at, took_ms, epoch)
        SELECT 'a', 'u', 'h', g, 'dead', 'r', r, date_trunc('minute', now()) - ago, 1, 1
        FROM (VALUES ('g1', 3, interval '0 s'), ('g1', 4, interval '0 s'), ('g1', 2, interval '2 min'),
                     ('g1', 9, interval '3 min'), ('g2', 1, interval '1 min')) AS t (g, r, ago)
        """
    )
    pace = await PostgresReadModel(database).host_pace(minutes=3)
    shifted = {(("g1", (2, 0, 7)), ("g2", (0, 1, 0))), (("g1", (0, 7, 0)), ("g2", (1, 0, 0)))}
    assert pace.per_minute in shifted  # the second, should a minute have ended in between


async def test_a_group_without_attempts_takes_no_others_last_request(database: Database, sql: Sql) -> None:
    sql.execute(
        """
        INSERT INTO scidex_console.host_state (host_group, rate, in_flight_limit)
        VALUES ('a', 1, 1), ('b', 1, 1), ('c', 1, 1)
        """
    )
    sql.execute(
        """
        INSERT INTO scidex_console.fetch_attempt
            (artifact_id, url, host, host_group, outcome, reason, requests, started_at, took_ms, epoch)
        SELECT 'x', 'u', 'h', g, 'dead', 'r', 1, at, 1, 1
        FROM (VALUES ('b', timestamptz '2026-01-01Z'), ('b', '2026-01-02Z'), ('d', '2026-01-03Z'))
            AS t (g, at)
        """
    )
    asked = {h.gate.group: h.last_request_at for h in await PostgresReadModel(database).hosts()}
    assert asked == {"a": None, "b": datetime(2026, 1, 2, tzinfo=UTC), "c": None}
