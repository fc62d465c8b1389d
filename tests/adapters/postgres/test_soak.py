"""The soak in the database: spans that add up, looks that stay bounded, facts, and who may say what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scidex_console.adapters.postgres import soak_store
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.adapters.postgres.soak_facts import PostgresSoakFacts
from scidex_console.adapters.postgres.soak_store import PostgresSoak
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.adapters.postgres.verifications import record_verification
from scidex_console.domain.checks import Invariant, VerifyReport
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.intents import ActionName, Intent, IntentState, Origin
from scidex_console.domain.soak.clock import ClockState, SpanKind
from scidex_console.domain.soak.judging import Reading, Standing
from scidex_console.domain.soak.ladder import CheckState
from scidex_console.domain.soak.records import Entry, SoakRules
from tests.adapters.postgres.conftest import Sql
from tests.domain.soak.samples import NOW

PASS = {"columns": (Reading(Standing.PASSING, "6 of 6", 6.0), "print")}


def asked(reason: str = "deployed") -> Intent:
    return Intent(
        1,
        ActionName.SOAK_BEGIN,
        None,
        {},
        IntentState.ACCEPTED,
        "ana",
        "ssh 10.0.0.5",
        reason,
        NOW,
        also_by=("ben",),
    )


@pytest.fixture
def soak(database: Database) -> PostgresSoak:
    return PostgresSoak(FencedDatabase(database))


async def begun(soak: PostgresSoak, phase: int = 0) -> Entry:
    await soak.begin(phase, needed_s=3600.0, overridden=False, intent=asked())
    return (await soak.record()).entries[-1]


async def look(soak: PostgresSoak, entry: Entry, kind: SpanKind, why: str = "") -> None:
    await soak.keep(entry, PASS, kind=kind, why=why, longest_s=210.0)


def earlier(sql: Sql, seconds: float) -> None:
    """Let the last look have been so long ago."""
    sql.execute(
        "UPDATE scidex_console.soak_span SET until_at = until_at - make_interval(secs => %s)"
        " WHERE id = (SELECT max(id) FROM scidex_console.soak_span)",
        [seconds],
    )


async def test_looks_add_up_to_a_span_and_a_gap_begins_another(soak: PostgresSoak, sql: Sql) -> None:
    entry = await begun(soak)
    await look(soak, entry, SpanKind.HELD)
    for seconds in (60, 60, 7200, 60):
        earlier(sql, seconds)
        await look(soak, entry, SpanKind.HELD)
    spans = (await soak.record()).spans
    assert [round(span.counted_s) for span in spans] == [120, 60]


async def test_a_clock_that_jumps_back_adds_nothing_and_takes_nothing(soak: PostgresSoak, sql: Sql) -> None:
    entry = await begun(soak)
    await look(soak, entry, SpanKind.HELD)
    earlier(sql, 60)
    await look(soak, entry, SpanKind.HELD)
    earlier(sql, -86_400)
    await look(soak, entry, SpanKind.HELD)
    earlier(sql, 30)
    await look(soak, entry, SpanKind.HELD)
    assert [round(span.counted_s) for span in (await soak.record()).spans] == [60, 30]


async def test_a_failure_ends_what_was_held_and_what_comes_after_starts_at_nothing(
    soak: PostgresSoak, sql: Sql, database: Database
) -> None:
    entry = await begun(soak)
    await look(soak, entry, SpanKind.HELD)
    earlier(sql, 100)
    await look(soak, entry, SpanKind.HELD)
    await look(soak, entry, SpanKind.FAILED, "columns: 5 of 6")
    read = PostgresReadModel(database)
    clock = (await read.soak()).clock
    assert clock is not None
    assert (clock.state, clock.elapsed_s, clock.why) == (ClockState.STOPPED, 0.0, "columns: 5 of 6")
    await look(soak, entry, SpanKind.HELD)
    clock = (await read.soak()).clock
    assert clock is not None and (clock.state, clock.elapsed_s) == (ClockState.RUNNING, 0.0)


async def test_looks_stay_bounded_with_their_trend(
    soak: PostgresSoak, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak_store, "KEPT", 3)
    entry = await begun(soak)
    for figure in range(6):
        readings = {"columns": (Reading(Standing.FAILING, f"{figure} of 6", float(figure)), "print")}
        await soak.keep(entry, readings, kind=SpanKind.FAILED, why="", longest_s=210.0)
    found = (await soak.record()).measurements["columns"]
    assert (found.figure, found.trend, found.words) == (5.0, (3.0, 4.0, 5.0), "5 of 6")


async def test_what_people_said_is_read_back_with_every_name(soak: PostgresSoak, database: Database) -> None:
    entry = await begun(soak)
    person = {"queries": (Reading(Standing.PERSON, "a person has to look"), "print")}
    await soak.keep(entry, person, kind=SpanKind.HELD, why="", longest_s=210.0)
    await soak.sign(entry, "queries", fingerprint="print", evidence="x", intent=asked("all pass"))
    await soak.confirm(entry, "0-apply", intent=asked("applied"))
    await soak.override(entry, 1, shut_by=["the clock"], intent=asked("board"))
    ladder = await PostgresReadModel(database).soak()
    [view] = [view for view in ladder.checks if view.check.id == "queries"]
    assert view.signed is not None and (view.state, view.signed.operator, view.signed.reason) == (
        CheckState.SIGNED,
        "ana, ben",
        "all pass",
    )
    assert ladder.steps[0].done is not None and ladder.steps[0].done.reason == "applied"
    assert ladder.override is not None and ladder.override.shut_by == ("the clock",)


async def test_a_phase_begun_anew_begins_with_nothing_said(soak: PostgresSoak) -> None:
    entry = await begun(soak)
    await look(soak, entry, SpanKind.HELD)
    await soak.sign(entry, "queries", fingerprint="print", evidence="x", intent=asked())
    await soak.override(entry, 1, shut_by=[], intent=asked())
    await begun(soak)
    record = await soak.record()
    assert (record.measurements, record.signoffs, record.spans, record.override) == ({}, (), (), None)
    assert len(record.entries) == 2


async def test_rules_of_the_engine_are_what_readers_see(soak: PostgresSoak) -> None:
    await soak.declare(SoakRules(True, 5.0))
    assert (await soak.record()).rules == SoakRules(True, 5.0)


def facts_of(database: Database, query: str = "") -> PostgresSoakFacts:
    return PostgresSoakFacts(database, events_query=query, baseline_s=3600.0, grace_s=60.0)


async def test_the_catalogue_tells_what_phase_0_has_brought(database: Database, sql: Sql) -> None:
    shape = await facts_of(database).shape()
    assert (shape.columns, shape.indexes, shape.has_log) == (6, 2, True)
    sql.execute("DROP INDEX idx_artifacts_migrated")
    assert (await facts_of(database).shape()).indexes == 1


async def test_artifacts_are_counted_by_when_they_came(database: Database, sql: Sql) -> None:
    for name, age, migrated in (
        ("old", 100, False),
        ("moved", 100, True),
        ("new", 5, False),
        ("just", 0, False),
    ):
        sql.execute(
            "INSERT INTO artifacts (id, artifact_type, title, metadata, created_at, migrated_to_folder_at)"
            " VALUES (%s, 'claim', '', '{}', now() - make_interval(mins => %s), CASE WHEN %s THEN now() END)",
            [name, age, migrated],
        )
    [now] = sql.execute("SELECT now() AS now").fetchall()
    since = now["now"] - timedelta(minutes=10)
    facts = facts_of(database)
    newcomers, existing = await facts.newcomers(since), await facts.existing(since, late=True)
    assert (newcomers.total, newcomers.without) == (1, 1)
    assert (existing.total, existing.without, existing.last_at) == (2, 1, None)


async def test_failed_commits_are_counted_before_and_during(
    soak: PostgresSoak, database: Database, sql: Sql
) -> None:
    sql.execute("UPDATE scidex_console.soak_rule SET events_since = now() - interval '30 minutes'")
    sql.execute(
        "INSERT INTO scidex_console.commit_failure (at, job, kind, reason, epoch)"
        " SELECT now() - make_interval(mins => m), 'folders', 'LockBusy', '', 1"
        " FROM unnest(ARRAY[5, 10, 90]) AS m"
    )
    entry = await begun(soak, 1)
    [own] = await facts_of(database).events(entry)
    assert (own.before.events, round(own.before.seconds), own.is_live) == (2, 1800, False)
    await soak.record_failure("folders", None, "LockBusy", "index.lock")
    [own] = await facts_of(database).events(entry)
    assert (own.during.events, own.is_live) == (1, True)


async def test_the_events_of_scidex_are_asked_for_by_the_configured_statement(
    soak: PostgresSoak, database: Database, sql: Sql
) -> None:
    sql.execute("CREATE TABLE events (at timestamptz, kind text)")
    sql.execute("INSERT INTO events SELECT now() - interval '10 min', 'artifact_commit_failed'")
    entry = await begun(soak, 1)
    query = "SELECT count(*) FROM events WHERE at >= %(since)s AND at < %(until)s"
    [_, theirs] = await facts_of(database, query).events(entry)
    assert (theirs.name, theirs.before.events, theirs.before.seconds) == ("SciDEX", 1, 3600.0)
    for wrong in (
        "SELECT 'x' AS %(since)s",
        "WITH d AS (DELETE FROM events RETURNING 1) SELECT count(*) FROM d",
    ):
        with pytest.raises(ConsoleError):
            await facts_of(database, wrong).events(entry)


async def test_a_verification_is_on_record_only_while_a_phase_is_soaked(
    soak: PostgresSoak, database: Database
) -> None:
    report = VerifyReport((Invariant("I1", "", True), Invariant("I2", "", False), Invariant("I3", "", None)))
    by = Origin("", "local", "0.1.0")
    facts = facts_of(database)
    await record_verification(database, report, by)
    assert await facts.last_verify() is None
    await begun(soak)
    await record_verification(database, report, by)
    last = await facts.last_verify()
    assert last is not None and (last.checked, last.broken) == (2, ("I2",))


@pytest.mark.parametrize("table", ["soak_phase", "soak_signoff", "soak_confirmation", "soak_override"])
async def test_what_was_said_is_never_changed(soak: PostgresSoak, sql: Sql, table: str) -> None:
    entry = await begun(soak)
    await soak.sign(entry, "queries", fingerprint="print", evidence="x", intent=asked())
    for statement in (
        f"UPDATE scidex_console.{table} SET reason = 'y'",
        f"DELETE FROM scidex_console.{table}",
    ):
        with pytest.raises(Exception, match="append-only"):
            sql.execute(statement.encode())


def begin_earlier(sql: Sql, phase: int, ago: str) -> None:
    sql.execute(
        "INSERT INTO scidex_console.soak_phase"
        " (phase, begun_at, needed_s, overridden, operator, origin, reason)"
        " VALUES (%s, now() - %s::interval, 3600, false, 'ana', 'x', 'x')",
        [phase, ago],
    )


def count_answers(sql: Sql, minutes_ago: int, up_to_us: int, n: int, route: str = "page") -> None:
    sql.execute(
        "INSERT INTO scidex_console.request_minute"
        " VALUES (date_trunc('minute', now()) - make_interval(mins => %s), %s, 200, %s, %s)",
        [minutes_ago, route, up_to_us, n],
    )


async def test_answers_are_compared_with_those_before_the_phase_was_begun_first(
    soak: PostgresSoak, database: Database, sql: Sql
) -> None:
    begin_earlier(sql, 2, "30 min")
    entry = (await soak.record()).entries[-1]
    count_answers(sql, 60, 10_000, 500)
    count_answers(sql, 10, 100_000, 400)
    count_answers(sql, 10, 9_000_000, 1000, "healthz")
    found = await PostgresSoakFacts(database, baseline_s=7200.0, grace_s=0.0).latency(entry)
    assert (found.before.answers, found.during.answers) == (500, 400)
    assert found.before.p99_ms is not None and found.before.p99_ms <= 10
    assert found.during.p99_ms is not None and 90 < found.during.p99_ms <= 100
    assert found.source == "answers of the read service"


async def test_reads_are_those_since_the_shares_last_changed(
    soak: PostgresSoak, database: Database, sql: Sql
) -> None:
    begin_earlier(sql, 3, "2 h")
    entry = (await soak.record()).entries[-1]
    for minutes, source, n in ((90, "legacy", 900), (20, "folder", 70), (20, "database", 30)):
        sql.execute(
            "INSERT INTO scidex_console.read_minute"
            " VALUES (date_trunc('minute', now()) - make_interval(mins => %s), 'figure', %s, false, 500, %s)",
            [minutes, source, n],
        )
    facts = PostgresSoakFacts(database, baseline_s=1.0, grace_s=0.0)
    assert (await facts.reads(entry, longest_s=86_400)).reads == 1000
    assert (await facts.reads(entry, longest_s=3600)).reads == 100
    sql.execute(
        "UPDATE scidex_console.reader_share SET percent = 100, changed_at = now() - interval '1 h'"
        " WHERE reader = 'figure'"
    )
    found = await facts.reads(entry, longest_s=86_400)
    assert (found.reads, found.folder, len(found.readers)) == (100, 70, 8)
    assert next(each.share for each in found.readers if each.reader == "figure") == 100


async def test_artifacts_to_be_asked_for_are_of_each_type_and_others_by_chance(
    database: Database, sql: Sql
) -> None:
    for number in range(30):
        kind = ("figure", "model", "hypothesis")[number % 3]
        sql.execute(
            "INSERT INTO artifacts (id, artifact_type, artifact_id) VALUES (%s, %s, gen_random_uuid())",
            [f"{kind}-{number:02}", kind],
        )
    facts = PostgresSoakFacts(database, baseline_s=1.0, grace_s=0.0)
    looks_at = [await facts.probe_artifacts() for _ in range(12)]
    assert all({"figure-27", "model-28"} <= {each.id for each in found} for found in looks_at)
    assert len({each.id for found in looks_at for each in found}) > 10
