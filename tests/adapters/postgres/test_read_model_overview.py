"""The overview tells the truth about the store, and stays cheap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.fence import PostgresFence
from scidex_console.adapters.postgres.gates import PostgresGates
from scidex_console.adapters.postgres.housekeeping import PostgresHousekeeping
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.adapters.postgres.snapshot import snapshot
from scidex_console.domain.errors import SchemaMismatch, Unreachable
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.hosts import GateState, HostGroup, HostGroups
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.domain.windows import parse_window
from scidex_console.engine.ports import AttemptFilter
from scidex_console.engine.views import GapView, RunView
from tests.adapters.postgres.conftest import Sql
from tests.adapters.postgres.small_store import SmallStore


async def gap_of(model: PostgresReadModel, job: JobName = JobName.FIGURES) -> GapView:
    return next(gap for gap in (await model.overview()).gaps if gap.job is job)


async def test_a_store_nobody_worked_on_is_shown_empty(database: Database, sql: Sql) -> None:
    overview = await PostgresReadModel(database).overview()
    assert overview.engine is None and overview.last_batch is None
    assert [gap.job for gap in overview.gaps] == [JobName.FIGURES, JobName.FOLDERS]
    assert (overview.hosts, overview.dead, overview.errors, overview.intents) == ((), (), (), ())
    figures = overview.gaps[0]
    assert (figures.total, figures.missing, figures.eta_s, figures.run) == (0, 0, None, None)
    assert overview.identity.operator == sql.info.user and overview.identity.can_write_intents
    assert overview.identity.file_path_field == "file_path"


async def test_every_figure_is_counted_in_one_place(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    rows = [store.add(name) for name in "abcdefghijkl"]
    no_url = store.add("m")
    marked = store.add("n")
    gap_rows = [*rows, type(no_url)("m", "", "malformed")]
    await store.survey(gap_rows, [marked], total=20)
    run = await store.start()
    await store.attempt("a", FetchClass.STORED, run_id=run.id)
    await store.attempt("b", FetchClass.DEAD, run_id=run.id)
    await store.batch(run.id)
    await store.attempt("c", FetchClass.STORED, run_id=run.id)
    await store.attempt("d", FetchClass.DEAD, run_id=run.id)
    await store.attempt("e", FetchClass.TRANSIENT, run_id=run.id, later=True)
    await store.attempt("f", FetchClass.TRANSIENT, run_id=run.id)
    await store.attempt("g", FetchClass.BLOCKED, run_id=run.id)
    await store.attempt("h", FetchClass.SUSPECT, run_id=run.id)
    await store.attempt("i", FetchClass.REFUSED, run_id=run.id)
    gap = await gap_of(PostgresReadModel(database))
    assert gap.run == run
    assert (gap.total, gap.with_file, gap.missing) == (20, 7, 11)
    assert (gap.due, gap.scheduled) == (3, 1)
    assert (gap.done, gap.dead, gap.in_batch) == (1, 2, 2)
    assert (gap.transient, gap.blocked, gap.suspect, gap.refused) == (2, 1, 1, 1)
    assert (gap.no_url, gap.held_back, gap.mismatch) == (1, 0, 0)
    assert gap.total == gap.with_file + gap.missing + gap.dead


async def test_what_came_due_again_makes_the_counts_meet_those_of_the_report(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(name) for name in "abcdef"], total=6)
    await store.attempt("a", FetchClass.TRANSIENT, later=True)
    await store.attempt("b", FetchClass.TRANSIENT, later=True)
    await store.attempt("c", FetchClass.TRANSIENT)
    await store.attempt("d", FetchClass.BLOCKED, later=True)
    await store.attempt("e", FetchClass.STORED)
    sql.execute("UPDATE scidex_console.figure SET due_at = now() WHERE artifact_id IN ('a', 'd')")
    model = PostgresReadModel(database)
    gap = await gap_of(model)
    assert (gap.due, gap.scheduled, gap.transient, gap.blocked) == (3, 1, 2, 0)
    assert gap.due_again == (("blocked", 1), ("transient", 1))
    totals = (await model.report(JobName.FIGURES, None))["totals"]
    again = dict(gap.due_again)
    assert totals["transient"] == gap.transient + again["transient"] == 3
    assert totals["blocked"] == gap.blocked + again["blocked"] == 1


async def test_a_batch_taken_back_is_missing_again(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a"), store.add("b")], total=2)
    await store.attempt("a", FetchClass.STORED)
    await store.attempt("b", FetchClass.DEAD)
    batch = await store.batch()
    model = PostgresReadModel(database)
    assert ((await gap_of(model)).with_file, (await gap_of(model)).missing) == (1, 0)
    await store.take_back(batch)
    gap = await gap_of(model)
    assert (gap.with_file, gap.missing, gap.held_back, gap.dead) == (0, 2, 2, 0)


async def test_counts_are_the_same_before_and_after_the_counters_are_folded(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(name) for name in "abc"], total=3)
    await store.attempt("a", FetchClass.STORED)
    before = await gap_of(PostgresReadModel(database))
    await PostgresHousekeeping(database).fold_counters()
    assert sql.execute("SELECT count(*) AS n FROM scidex_console.counter_delta").fetchone() == {"n": 0}
    assert await gap_of(PostgresReadModel(database)) == before


async def test_sparkline_counts_rows_that_are_settled_by_the_minute(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(name) for name in "abce"], total=4)
    await store.attempt("a", FetchClass.STORED, ago=timedelta(seconds=150))
    await store.attempt("b", FetchClass.DEAD, ago=timedelta(seconds=150))
    await store.attempt("c", FetchClass.TRANSIENT, later=True, ago=timedelta(seconds=150))
    await store.figures.make_due(["c"])
    await store.attempt("c", FetchClass.TRANSIENT, ago=timedelta(seconds=10))
    await store.attempt("e", FetchClass.STORED, ago=timedelta(hours=2))
    gap = (await PostgresReadModel(database).overview(sparkline_minutes=5)).gaps[0]
    # By minutes of the clock: 150 s ago is two of them ago, or three.
    assert len(gap.per_minute) == 5
    assert (sum(gap.per_minute[1:3]), sum(gap.per_minute[3:]), sum(gap.per_minute)) == (2, 1, 3)
    assert gap.rate_per_min == pytest.approx(3 / 5)


async def begun(store: SmallStore, sql: Sql, minutes: float) -> RunView:
    """A run that has been at work for so long."""
    run = await store.start()
    sql.execute(
        "UPDATE scidex_console.run SET started_at = now() - make_interval(secs => %s)", [minutes * 60]
    )
    return run


async def test_remaining_time_follows_the_slowest_group(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    quick = [store.add(f"q{n}", group="quick.org") for n in range(12)]
    slow = [store.add(f"s{n}", group="slow.org") for n in range(220)]
    await store.survey([*quick, *slow], total=232)
    await begun(store, sql, 0)
    gap = await gap_of(PostgresReadModel(database))
    # Two requests a row, 1.05 s apart; at once known, whatever was measured so far. As long as a host is not
    # known to answer "gone" mostly, such answers are doubted, and asked for again ten minutes later.
    once, again = 220 * 2 * 1.05, 600
    assert gap.eta_s is not None and once * 0.8 < gap.eta_s < once * 1.5 + again


async def test_remaining_time_of_a_held_group_counts_its_hold(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a", group="quick"), store.add("b", group="held")], total=2)
    await begun(store, sql, 2)
    await store.attempt("a", FetchClass.STORED)
    await PostgresGates(store.fenced).save([GateState("held", rate=1.0, in_flight_limit=1)])
    for closing, seconds in (
        ("hold_until = now() + interval '1 hour'", 3600),
        ("hold_until = NULL, breaker = 'open', breaker_until = now() + interval '10 minutes'", 600),
    ):
        sql.execute(f"UPDATE scidex_console.host_state SET {closing}")
        gap = await gap_of(PostgresReadModel(database))
        assert gap.eta_s == pytest.approx(seconds, abs=100)


async def test_remaining_time_of_rows_put_off_counts_until_they_are_due(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a"), store.add("b")], total=2)
    await begun(store, sql, 2)
    await store.attempt("a", FetchClass.STORED)
    await store.attempt("b", FetchClass.TRANSIENT, later=True)
    gap = await gap_of(PostgresReadModel(database))
    # It may be said to be gone then, which is doubted for ten minutes.
    assert gap.due == 0 and gap.eta_s is not None and 3590 < gap.eta_s < 3800 + 600


async def test_remaining_time_counts_down_between_two_forecasts(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(f"a{n}", group="a.org") for n in range(40)], total=40)
    await begun(store, sql, 1)
    model = PostgresReadModel(database)
    first, second = await gap_of(model), await gap_of(model)
    assert first.eta_s is not None and second.eta_s is not None
    assert 0 < first.eta_s - second.eta_s < 10, "the clock has gone on, and nothing else"


async def test_remaining_time_waits_for_a_second_answer_where_no_control_can_confirm(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a", group="lone.org")], total=1)
    await begun(store, sql, 1)
    sql.execute(
        "UPDATE scidex_console.figure SET state = 'suspected', suspected_at = now(), "
        "due_at = now() + interval '1 day'"
    )
    gap = await gap_of(PostgresReadModel(database))
    assert gap.eta_s == pytest.approx(86400, abs=300)


async def test_remaining_time_reckons_with_the_hours_of_a_group(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a", group="night.org")], total=1)
    await begun(store, sql, 1)
    opens = datetime.now(UTC) + timedelta(hours=3)
    closes = opens + timedelta(hours=1)
    hours = parse_window(f"{opens:%H:%M}-{closes:%H:%M}", "UTC")
    groups = HostGroups([HostGroup("night.org", ("night.org",), 1.0, 1, hours)])
    gap = await gap_of(PostgresReadModel(database, groups=groups))
    assert gap.eta_s is not None and gap.eta_s > 2.9 * 3600


async def test_plan_says_how_long_a_run_would_take_before_there_is_one(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    rows = [store.add(f"a{n}") for n in range(40)] + [store.add("b", group="other.org")]
    await store.survey(rows, total=41)
    plan = await PostgresReadModel(database).plan(JobName.FIGURES, limit=1)
    told = plan.forecast
    assert plan.gap.eta_s is None and told is not None
    assert {group.group for group in told.groups} == {"europepmc", "other.org"}
    assert told.rows == 41 and 41 < told.requests <= 160
    assert [one.processes for one in told.processes] == [1, 2, 4]
    assert {one.seconds for one in told.processes} == {told.seconds}, "hosts, not processes, set the pace"


@pytest.mark.parametrize("state", [RunState.PAUSING, RunState.HALTED, RunState.CANCELLING, RunState.DONE])
async def test_a_run_that_does_not_work_names_no_remaining_time(
    database: Database, sql: Sql, state: RunState
) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(name) for name in "ab"], total=2)
    run = await begun(store, sql, 10)
    await store.attempt("a", FetchClass.STORED, run_id=run.id)
    model = PostgresReadModel(database)
    assert (await gap_of(model)).eta_s is not None
    await store.runs.move(run, state)
    assert (await gap_of(model)).eta_s is None


async def test_hosts_show_gate_and_outcomes_of_their_group_only(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a"), store.add("b"), store.add("c", group="ncbi")], total=3)
    await store.attempt("a", FetchClass.TRANSIENT, later=True)
    await store.attempt("c", FetchClass.DEAD)
    hosts = ("europepmc.org", "*.ebi.ac.uk")
    state = GateState("europepmc", rate=2.0, in_flight_limit=4, in_flight=1, hold_cause="429", hosts=hosts)
    await PostgresGates(store.fenced).save([state])
    model = PostgresReadModel(database)
    (host,) = await model.hosts()
    assert host.gate == state
    assert (host.due, host.transient, host.dead, host.requests) == (2, 1, 0, 2)
    assert host.last_request_at is not None
    assert (await model.overview()).hosts == (host,)


async def test_gone_answers_are_listed_whether_believed_or_not(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(name) for name in "abcd"], total=4)
    await store.attempt("a", FetchClass.DEAD, status=410)
    await store.attempt("b", FetchClass.TRANSIENT, status=404)
    await store.attempt("c", FetchClass.TRANSIENT, status=503)
    await store.attempt("d", FetchClass.DEAD)
    overview = await PostgresReadModel(database).overview(dead=2)
    assert [(row.artifact_id, row.status) for row in overview.dead] == [("d", 404), ("b", 404)]


async def test_attempts_are_in_the_order_of_the_time_they_show(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(name) for name in "abcd"], total=4)
    for name, ago in (("a", 9), ("b", 1), ("c", 4), ("d", 2)):  # some were slow: asked long before the others
        await store.attempt(name, FetchClass.DEAD, ago=timedelta(minutes=ago))
    read = PostgresReadModel(database)
    gone, listed = (await read.overview()).dead, await read.attempts(AttemptFilter(), limit=9)
    for rows in (gone, listed):
        assert [row.artifact_id for row in rows] == ["d", "c", "b", "a"]
        assert [row.recorded_at for row in rows] == sorted((row.recorded_at for row in rows), reverse=True)


async def test_an_attempt_of_before_shows_when_its_answer_came(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a")], total=1)
    await store.attempt("a", FetchClass.DEAD, ago=timedelta(minutes=9))
    sql.execute("ALTER TABLE scidex_console.fetch_attempt DISABLE TRIGGER attempt_append_only")
    sql.execute("UPDATE scidex_console.fetch_attempt SET recorded_at = NULL, took_ms = 4000")
    (row,) = await PostgresReadModel(database).attempts(AttemptFilter(), limit=9)
    assert row.recorded_at - row.at == timedelta(seconds=4)


async def test_migration_errors_are_those_that_are_no_success(database: Database, sql: Sql) -> None:
    sql.execute("""
        INSERT INTO artifact_migration_log (artifact_id, status, errors, took_ms) VALUES
        ('a', 'success', NULL, 5), ('b', 'hash_mismatch', '{"expected": "x"}', 7),
        ('c', 'error', '"plain words\\u001b[31m"', NULL), ('d', 'hash_mismatch', NULL, 1),
        ('d', 'success', NULL, 2), ('e', 'rolled_back', NULL, 3),
        ('f', 'error', '{"actual": "y", "reason": "not the hash of the file"}', 4),
        ('g', 'quarantined', '{"reason": "two rows name it"}', 4)
    """)
    overview = await PostgresReadModel(database).overview()
    assert [row.words for row in overview.errors[:2]] == [
        "two rows name it",
        "not the hash of the file; actual: y",
    ], "the reason first, and nothing of what a person took back"
    assert [(row.artifact_id, row.errors) for row in overview.errors] == [
        ("g", '{"reason": "two rows name it"}'),
        ("f", '{"actual": "y", "reason": "not the hash of the file"}'),
        ("d", ""),
        ("c", "plain words\\x1b[31m"),
        ("b", '{"expected": "x"}'),
    ]


async def test_folders_are_counted_from_the_rows_themselves(database: Database, sql: Sql) -> None:
    sql.execute(
        "INSERT INTO artifacts (id, migrated_to_folder_at) VALUES ('a', now()), ('b', NULL), ('c', NULL)"
    )
    model = PostgresReadModel(database)
    gap = await gap_of(model, JobName.FOLDERS)
    assert (gap.total, gap.done, gap.with_file, gap.missing, gap.due) == (3, 1, 1, 2, 2)
    sql.execute("DELETE FROM artifacts")
    assert (await gap_of(model, JobName.FOLDERS)).total == 3, "counted again on every refresh"


async def test_folders_are_counted_again_at_once_when_their_run_comes_to_its_end(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    sql.execute("INSERT INTO artifacts (id) VALUES ('a')")
    run = await store.start(JobName.FOLDERS)
    model = PostgresReadModel(database)
    assert (await gap_of(model, JobName.FOLDERS)).due == 1
    sql.execute("UPDATE artifacts SET migrated_to_folder_at = now()")
    await store.runs.move(run, RunState.DONE)
    assert (await gap_of(model, JobName.FOLDERS)).due == 0, "a run that is done has nothing due"


async def test_engine_states_follow_lock_and_heartbeat(database: Database, sql: Sql) -> None:
    model = PostgresReadModel(database, stalled_after_s=15)
    fence = PostgresFence(database)
    await fence.acquire(
        "7@night", version="0.1.0", writes=True, authorization="APPROVED-1", environment="demo", at_least=0
    )
    await fence.beat("recovered 3 operations")
    engine = await model.engine()
    assert engine is not None
    assert (engine.state, engine.holder, engine.epoch) == ("running", "7@night", 1)
    assert (engine.writes, engine.authorization, engine.environment) == (True, "APPROVED-1", "demo")
    assert engine.note == "recovered 3 operations"
    sql.execute("UPDATE scidex_console.engine SET heartbeat_at = now() - interval '1 minute'")
    engine = await model.engine()
    assert engine is not None and engine.state == "stalled"
    assert engine.heartbeat_age_s is not None and engine.heartbeat_age_s >= 60
    await fence.release()
    engine = await model.engine()
    assert engine is not None and engine.state == "stopped"


async def test_an_engine_that_was_killed_is_stopped_not_stalled(database: Database, sql: Sql) -> None:
    sql.execute(
        "UPDATE scidex_console.engine SET running = true, started_at = now(), heartbeat_at = now(), epoch = 1"
    )
    engine = await PostgresReadModel(database).engine()
    assert engine is not None and (engine.state, engine.note) == ("stopped", "ended without saying so")


async def test_open_intents_are_all_shown_and_only_the_last_settled_ones(
    database: Database, sql: Sql
) -> None:
    sql.execute("""
        INSERT INTO scidex_console.intent (action, job, params, state, origin, version)
        SELECT 'step', 'figures', jsonb_build_object('n', n),
            CASE WHEN n <= 2 THEN 'waiting' ELSE 'done' END, 'o', 'v'
        FROM generate_series(1, 20) AS n
    """)
    intents = (await PostgresReadModel(database).overview()).intents
    assert [intent.params["n"] for intent in intents] == [*range(20, 10, -1), 2, 1]


async def test_the_run_shown_is_the_open_one_or_else_the_last(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    model = PostgresReadModel(database)
    assert await model.run(JobName.FIGURES) is None
    first = await store.start()
    assert await model.run(JobName.FIGURES) == first
    over = await store.runs.move(first, RunState.DONE)
    assert await model.run(JobName.FIGURES) == over
    second = await store.start()
    assert (await gap_of(model)).run == second
    assert await model.run(JobName.FOLDERS) is None


async def test_a_reader_cannot_write_even_as_owner(database: Database) -> None:
    with pytest.raises(Unreachable, match="read-only transaction"):
        async with snapshot(database) as connection:
            await connection.execute("UPDATE scidex_console.engine SET note = 'x'")


async def test_a_database_without_our_schema_says_how_to_make_it(scidex_database: str) -> None:
    async with Database(scidex_database, name="test", size=1) as bare:
        with pytest.raises(SchemaMismatch, match="schema apply"):
            await PostgresReadModel(bare).overview()


async def test_a_path_kept_in_the_metadata_is_found_out(database: Database, sql: Sql) -> None:
    sql.execute("ALTER TABLE artifacts DROP COLUMN file_path")
    assert (await PostgresReadModel(database).identity()).file_path_field == "metadata.file_path"
