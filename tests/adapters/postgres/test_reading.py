"""Rows for readers, shares, and counts: found by either id, added up, and written by nobody else."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres import reading
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.housekeeping import PostgresHousekeeping
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.adapters.postgres.reading import PostgresReadableRows, PostgresReadLog, PostgresShares
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.reading.kinds import ReaderKind, Source
from scidex_console.engine.ports.reading import ReadCount, ReaderProcess, RequestCount, Search
from tests.adapters.postgres.conftest import Sql
from tests.adapters.postgres.test_roles import As, as_member, members, refused

__all__ = ["as_member", "members"]

ONE, OTHER = str(uuid.UUID(int=1, version=4)), str(uuid.UUID(int=2, version=4))
SERVICE = ReaderProcess("service", enabled=True, legacy=True)


def add(sql: Sql, artifact_id: str, artifact_uuid: str | None = None, **metadata: Any) -> None:
    sql.execute(
        "INSERT INTO artifacts (id, artifact_type, metadata, artifact_id) VALUES (%s, 'figure', %s, %s)",
        [artifact_id, Jsonb(metadata), artifact_uuid],
    )


async def test_an_artifact_is_found_by_legacy_id_and_by_uuid_alike(database: Database, sql: Sql) -> None:
    add(sql, "figure-1", ONE, figure_path="figures/1.png")
    rows = PostgresReadableRows(database)
    by_id, by_uuid = await rows.find("figure-1"), await rows.find(ONE.upper())
    assert by_id is not None and by_id == by_uuid
    assert (by_id.id, by_id.uuid, by_id.metadata) == ("figure-1", ONE, {"figure_path": "figures/1.png"})


async def test_a_legacy_id_that_looks_like_another_artifacts_uuid_is_the_id(
    database: Database, sql: Sql
) -> None:
    add(sql, "figure-1", ONE)
    add(sql, ONE, OTHER)
    rows = PostgresReadableRows(database)
    found = await rows.find(ONE)
    assert found is not None and found.id == ONE
    assert {key: row.id for key, row in (await rows.find_all([ONE, OTHER, "figure-1", "none"])).items()} == {
        ONE: ONE,
        OTHER: ONE,
        "figure-1": "figure-1",
    }


@pytest.mark.parametrize("key", ["", "none", "\0", "x" * 3000, "\ud800", "' OR true --", ONE])
async def test_a_key_that_is_none_finds_nothing(database: Database, key: str) -> None:
    assert await PostgresReadableRows(database).find(key) is None
    assert await PostgresReadableRows(database).find_all([key]) == {}


async def test_no_reader_has_a_share_until_somebody_gives_one(database: Database, sql: Sql) -> None:
    assert await PostgresShares(database).shares() == dict.fromkeys(ReaderKind, 0.0)
    sql.execute("UPDATE scidex_console.reader_share SET percent = 12.5 WHERE reader = 'figure'")
    sql.execute("INSERT INTO scidex_console.reader_share (reader, percent) VALUES ('of_the_future', 50)")
    found = await PostgresShares(database).shares()
    assert found[ReaderKind.FIGURE] == 12.5 and len(found) == len(ReaderKind)


async def test_counts_of_several_processes_and_folds_are_added_up(database: Database, sql: Sql) -> None:
    logs = [PostgresReadLog(database, version="1") for _ in range(2)]
    by_folder = ReadCount(ReaderKind.FIGURE, Source.FOLDER, False, 500, 3)
    fell_back = ReadCount(ReaderKind.FIGURE, Source.LEGACY, True, 500, 1)
    for log in (*logs, logs[0]):
        await log.add(SERVICE, [by_folder, fell_back], [RequestCount("page", 200, 1000, 2)])
    reads = sql.execute(
        "SELECT source, fell_back, up_to_us, sum(n)::int AS n FROM scidex_console.read_minute"
        " GROUP BY 1, 2, 3 ORDER BY 1"
    ).fetchall()
    assert [tuple(read.values()) for read in reads] == [("folder", False, 500, 9), ("legacy", True, 500, 3)]
    requests = sql.execute("SELECT route, sum(n)::int AS n FROM scidex_console.request_minute GROUP BY 1")
    assert requests.fetchall() == [{"route": "page", "n": 6}]
    processes = sql.execute("SELECT name, flag FROM scidex_console.reader_process").fetchall()
    assert processes == [{"name": "service", "flag": True}] * 2
    await logs[0].leave()
    assert len(sql.execute("SELECT FROM scidex_console.reader_process").fetchall()) == 1


async def test_more_counts_than_one_call_takes_are_added_in_parts(database: Database, sql: Sql) -> None:
    many = [RequestCount(f"r{number}", 200, 1000, 1) for number in range(4500)]
    await PostgresReadLog(database, version="1").add(SERVICE, [], many)
    counted = sql.execute("SELECT count(*) AS n FROM scidex_console.request_minute").fetchone()
    assert counted == {"n": 4500}


async def test_a_reader_adds_to_counts_and_does_nothing_else(as_member: As, sql: Sql) -> None:
    async with as_member("reader") as database:
        log = PostgresReadLog(database, version="1")
        await log.add(SERVICE, [ReadCount(ReaderKind.API, Source.DATABASE, False, 100, 1)], [])
        await log.leave()
        assert await PostgresReadableRows(database).find("x") is None
        for statement in (
            "UPDATE scidex_console.read_minute SET n = 1",
            "DELETE FROM scidex_console.read_minute",
            "INSERT INTO scidex_console.request_minute VALUES (now(), 'page', 200, 100, 1)",
            "UPDATE scidex_console.reader_share SET percent = 100",
            "UPDATE artifacts SET title = 'x'",
            "SELECT scidex_console.submit_intent('pause', 'figures', '{}', 'x', '', 'x')",
        ):
            assert await refused(database, statement), statement
    assert sql.execute("SELECT n FROM scidex_console.read_minute").fetchall() == [{"n": 1}]


@pytest.mark.parametrize("role", ["viewer", "operator", "engine"])
async def test_who_only_looks_counts_nothing(as_member: As, role: str) -> None:
    async with as_member(role) as database:
        with pytest.raises(ConsoleError, match="permission denied"):
            await PostgresReadLog(database, version="1").add(SERVICE, [], [])


async def test_links_are_told_in_both_directions_with_both_ids(database: Database, sql: Sql) -> None:
    for artifact_id, artifact_uuid in (("n", None), ("d", ONE), ("r", None), ("other", None)):
        add(sql, artifact_id, artifact_uuid)
    for source, target, kind in (
        ("n", "d", "derives_from"),
        ("r", "n", "derives_from"),
        ("n", "other", "mentions"),
        ("n", "gone", "derives_from"),
        ("n", "d", "derives_from"),
    ):
        sql.execute("INSERT INTO artifact_links VALUES (%s, %s, %s)", [source, target, kind])
    near = await PostgresReadableRows(database).neighbours("n", ["derives_from"], 10)
    assert [(end.id, end.artifact_id, end.is_input) for end in near.ends] == [
        ("d", ONE, True),
        ("r", None, False),
    ]


async def test_links_that_are_not_read_in_time_are_said_to_be_unread_and_the_connection_goes_on(
    database: Database, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_LINKS_WITHIN_MS", 50)
    add(sql, "n")
    rows = PostgresReadableRows(database)
    with sql.transaction():
        sql.execute("LOCK TABLE artifact_links IN ACCESS EXCLUSIVE MODE")
        for _ in range(4):  # more than there are connections
            near = await rows.neighbours("n", ["derives_from"], 10)
            assert (near.ends, near.unread) == ((), "the links were not read within 50 ms")
    assert (await rows.neighbours("n", ["derives_from"], 10)).unread == ""
    async with database.session() as connection:
        shown = await (await connection.execute("SHOW statement_timeout")).fetchone()
    assert shown == {"statement_timeout": "30s"}


async def test_search_goes_by_title_type_and_folder_a_page_at_a_time(database: Database, sql: Sql) -> None:
    for number in range(6):
        add(sql, f"figure-{number}")
    sql.execute("UPDATE artifacts SET title = 'Tau 100% in AD' WHERE id = 'figure-3'")
    sql.execute(
        "UPDATE artifacts SET artifact_type = 'model', migrated_to_folder_at = now() WHERE id = 'figure-4'"
    )
    rows = PostgresReadableRows(database)

    async def ids(search: Search) -> list[str]:
        return [row.id for row in await rows.search(search, search.limit)]

    assert await ids(Search(limit=2)) == ["figure-0", "figure-1"]
    assert await ids(Search(limit=2, after="figure-1")) == ["figure-2", "figure-3"]
    assert await ids(Search(text="100%")) == ["figure-3"]
    assert await ids(Search(text="FIGURE-5")) == ["figure-5"]
    assert await ids(Search(artifact_type="model", has_folder=True)) == ["figure-4"]
    assert len(await ids(Search(has_folder=False))) == 5


async def test_what_is_counted_is_told_by_reader_and_route_with_its_times(
    database: Database, sql: Sql
) -> None:
    log = PostgresReadLog(database, version="1")
    reads = [
        ReadCount(ReaderKind.FIGURE, Source.FOLDER, False, 2000, 90),
        ReadCount(ReaderKind.FIGURE, Source.LEGACY, True, 500_000, 8),
        ReadCount(ReaderKind.FIGURE, Source.DATABASE, False, 2000, 2),
    ]
    answers = [RequestCount("page", 200, 1000, 97), RequestCount("page", 404, 1000, 2)]
    await log.add(SERVICE, reads, [*answers, RequestCount("page", 503, 1000, 1)])
    sql.execute(
        "UPDATE scidex_console.read_minute SET minute = minute - interval '3 min' WHERE source = 'folder'"
    )
    model = PostgresReadModel(database)
    view = await model.readers(minutes=10)
    figure = view.of("figure")
    assert figure is not None
    assert (figure.folder, figure.legacy, figure.database, figure.fell_back) == (90, 8, 2, 8)
    assert figure.by_folder_percent == 90 and sum(figure.per_minute) == 100 and figure.per_minute[-1] <= 10
    assert figure.p50_ms is not None and 1.8 < figure.p50_ms < 2
    assert figure.p99_ms is not None and 450 < figure.p99_ms <= 500
    assert [process.name for process in view.processes] == ["service"]
    service = await model.service(minutes=10)
    assert service.whole is not None and service.whole.answers == 100
    assert [(r.route, r.client_errors, r.server_errors) for r in service.routes] == [("page", 2, 1)]
    assert (await model.readers(minutes=2)).of("figure") is not None


async def test_counts_of_long_ago_are_gathered_by_the_hour_and_none_is_lost(
    database: Database, sql: Sql
) -> None:
    sql.execute(
        "INSERT INTO scidex_console.read_minute"
        " SELECT date_trunc('minute', now()) - make_interval(mins => m), 'figure', 'folder', false, 500, 2"
        " FROM generate_series(0, 5759) AS m"
    )
    sql.execute(
        "INSERT INTO scidex_console.request_minute VALUES (now() - interval '1 year', 'page', 200, 500, 1)"
    )
    housekeeping = PostgresHousekeeping(database)
    for _ in range(2):
        await housekeeping.thin_reads()
    kept = sql.execute("SELECT count(*) AS rows, sum(n)::int AS n FROM scidex_console.read_minute").fetchone()
    assert kept is not None and kept["n"] == 2 * 5760 and kept["rows"] < 2880 + 50
    assert not sql.execute("SELECT FROM scidex_console.request_minute").fetchall()
