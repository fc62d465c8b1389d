"""The schema comes, stays and goes, beside other people's locks and half-done work."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from scidex_console.adapters.postgres import schema_runner
from scidex_console.adapters.postgres.schema_files import SchemaFile, latest_version, schema_files, statements
from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from scidex_console.domain.errors import LockBusy, Refused, SchemaMismatch, Unreachable

SHAPE = """
    SELECT c.oid::regclass::text AS relation, c.relkind, a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_class AS c LEFT JOIN pg_attribute AS a
        ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r'
    WHERE c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    ORDER BY 1, 3
"""


@pytest.fixture
def sql(scidex_database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(scidex_database, autocommit=True) as connection:
        yield connection


def impatient(url: str) -> SchemaRunner:
    return SchemaRunner(url, lock_timeout_s=0.05, concurrent_lock_timeout_s=0.05, tries=2, pause_s=0.01)


def valid_indexes(sql: psycopg.Connection) -> dict[str, bool]:
    rows = sql.execute(
        "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 'artifacts'::regclass"
    )
    return dict(rows.fetchall())


async def test_apply_brings_every_version_and_a_second_apply_does_nothing(
    scidex_database: str, sql: psycopg.Connection
) -> None:
    runner = SchemaRunner(scidex_database)
    assert [version.version for version in (await runner.status()).pending] == [
        file.version for file in schema_files()
    ]
    applied = await runner.apply()
    assert [version.version for version in applied] == [file.version for file in schema_files()]
    before = sql.execute(SHAPE).fetchall()
    assert await runner.apply() == ()
    assert sql.execute(SHAPE).fetchall() == before
    status = await runner.status()
    assert status.current and not status.pending and not status.changed
    assert {version.applied_by for version in status.applied} == {sql.info.user}
    assert all(valid_indexes(sql).values())


async def test_revert_leaves_the_shape_that_was_there_before(
    scidex_database: str, sql: psycopg.Connection
) -> None:
    before = sql.execute(SHAPE).fetchall()
    runner = SchemaRunner(scidex_database)
    await runner.apply()
    taken_back = await runner.revert()
    assert [version.version for version in taken_back] == [file.version for file in reversed(schema_files())]
    assert sql.execute(SHAPE).fetchall() == before
    assert await runner.revert() == ()
    assert len(await runner.apply()) == len(schema_files())


async def test_a_journal_made_anew_is_another_one(scidex_database: str, sql: psycopg.Connection) -> None:
    runner, found = SchemaRunner(scidex_database), []
    for _ in range(2):
        await runner.apply()
        found += sql.execute("SELECT id FROM scidex_console.journal").fetchall()
        await runner.revert()
    assert len(set(found)) == 2


async def test_a_journals_identity_never_changes(scidex_database: str, sql: psycopg.Connection) -> None:
    await SchemaRunner(scidex_database).apply()
    for statement in (
        "UPDATE scidex_console.journal SET id = gen_random_uuid()",
        "DELETE FROM scidex_console.journal",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            sql.execute(statement.encode())


async def test_a_store_of_an_earlier_version_gets_an_identity_and_tells_of_its_halted_run(
    scidex_database: str, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = tuple(file for file in schema_files() if file.version < 7)
    with monkeypatch.context() as before:
        before.setattr(schema_runner, "schema_files", lambda: earlier)
        await SchemaRunner(scidex_database).apply()
    sql.execute(
        "INSERT INTO scidex_console.run (job, state, operator, origin, halt_reason)"
        " VALUES ('figures', 'halted', 'ada', 'tty', 'no room')"
    )
    assert 7 in [version.version for version in await SchemaRunner(scidex_database).apply()]
    assert len(sql.execute("SELECT id FROM scidex_console.journal").fetchall()) == 1
    told = sql.execute(
        "SELECT run_id, outcome FROM scidex_console.audit WHERE action = 'run:halt'"
    ).fetchall()
    assert told == [(1, "no room")]


async def test_phase_0_applies_where_parts_of_it_exist_already(
    scidex_database: str, sql: psycopg.Connection
) -> None:
    sql.execute("ALTER TABLE artifacts ADD COLUMN artifact_id uuid, ADD COLUMN artifact_dir text")
    sql.execute("CREATE INDEX idx_artifacts_migrated ON artifacts (id)")
    sql.execute("INSERT INTO artifacts (id, artifact_id) VALUES ('b', gen_random_uuid())")
    await SchemaRunner(scidex_database).apply()
    row = sql.execute("SELECT artifact_id IS NOT NULL, folder_layout_version FROM artifacts").fetchone()
    assert row == (True, 1)


async def test_a_log_table_whose_numbers_come_from_elsewhere_is_taken_as_it_is(
    scidex_database: str, sql: psycopg.Connection
) -> None:
    sql.execute("""
        CREATE TABLE artifact_migration_log (id bigint PRIMARY KEY, artifact_id text, status text,
            files_moved jsonb, errors jsonb, took_ms int, created_at timestamptz)
    """)
    runner = SchemaRunner(scidex_database)
    assert len(await runner.apply()) == latest_version()
    assert len(await runner.revert()) == latest_version()


async def test_apply_goes_on_after_a_kill_between_versions(
    scidex_database: str, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema_runner, "schema_files", lambda: schema_files()[:2])
        await SchemaRunner(scidex_database).apply()
    status = await SchemaRunner(scidex_database).status()
    assert [version.version for version in status.applied] == [1, 2]
    assert not status.current
    added = await SchemaRunner(scidex_database).apply()
    assert [version.version for version in added] == [file.version for file in schema_files()[2:]]


async def test_a_half_applied_schema_can_be_taken_back(
    scidex_database: str, sql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sql.execute(SHAPE).fetchall()
    with monkeypatch.context() as patch:
        patch.setattr(schema_runner, "schema_files", lambda: schema_files()[:1])
        await SchemaRunner(scidex_database).apply()
    await SchemaRunner(scidex_database).revert()
    assert sql.execute(SHAPE).fetchall() == before


async def test_an_invalid_index_left_by_a_failed_attempt_is_made_again(
    scidex_database: str, sql: psycopg.Connection
) -> None:
    sql.execute("ALTER TABLE artifacts ADD COLUMN artifact_id uuid")
    for name in "ab":
        sql.execute(
            "INSERT INTO artifacts (id, artifact_id) VALUES (%s, '00000000-0000-4000-8000-000000000000')",
            [name],
        )
    with pytest.raises(SchemaMismatch, match="duplicated"):
        await SchemaRunner(scidex_database).apply()
    assert valid_indexes(sql)["idx_artifacts_artifact_id_unique"] is False
    sql.execute("UPDATE artifacts SET artifact_id = NULL WHERE id = 'a'")
    await SchemaRunner(scidex_database).apply()
    assert valid_indexes(sql)["idx_artifacts_artifact_id_unique"] is True


async def test_a_locked_table_is_named_and_nothing_is_half_done(
    scidex_database: str, sql: psycopg.Connection
) -> None:
    with psycopg.connect(scidex_database) as other:
        other.execute("SELECT FROM artifacts")
        with pytest.raises(LockBusy, match=r"artifact_folders.*stayed locked"):
            await impatient(scidex_database).apply()
    assert not (await SchemaRunner(scidex_database).status()).applied
    await impatient(scidex_database).apply()


async def test_an_index_waits_for_a_long_transaction_no_longer_than_told(
    scidex_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(schema_runner, "schema_files", lambda: schema_files()[:1])
        await SchemaRunner(scidex_database).apply()
    with psycopg.connect(scidex_database) as other:
        other.execute("INSERT INTO artifacts (id) VALUES ('x')")
        with pytest.raises(LockBusy, match="artifact_indexes"):
            await impatient(scidex_database).apply()
    assert (await SchemaRunner(scidex_database).apply())[0].name == "artifact_indexes"


async def test_two_runners_do_not_work_at_once(scidex_database: str, sql: psycopg.Connection) -> None:
    sql.execute("SELECT pg_advisory_lock(740196003, 3)")
    with pytest.raises(LockBusy, match="somebody else"):
        await impatient(scidex_database).apply()


async def test_status_reports_a_version_applied_from_another_text(
    scidex_database: str, sql: psycopg.Connection
) -> None:
    await SchemaRunner(scidex_database).apply()
    sql.execute("UPDATE scidex_console.schema_version SET checksum = 'other' WHERE version = 3")
    status = await SchemaRunner(scidex_database).status()
    assert [version.version for version in status.changed] == [3]
    assert not status.current


async def test_a_schema_of_a_newer_program_is_left_alone(
    scidex_database: str, sql: psycopg.Connection
) -> None:
    runner = SchemaRunner(scidex_database)
    await runner.apply()
    sql.execute(
        "INSERT INTO scidex_console.schema_version (version, name, checksum) VALUES (9999, 'later', '')"
    )
    assert (await runner.status()).versions[-1].name == "later"
    for change in (runner.apply, runner.revert):
        with pytest.raises(SchemaMismatch, match=r"version 9999.*newer program"):
            await change()


async def test_a_database_that_is_not_scidex_is_named_as_such(database_url: str) -> None:
    with pytest.raises(SchemaMismatch, match=r"table artifact_links is missing; table artifacts is missing"):
        await SchemaRunner(database_url).apply()


async def test_columns_of_another_type_or_missing_are_named(
    scidex_database: str, sql: psycopg.Connection
) -> None:
    sql.execute("ALTER TABLE artifacts ALTER COLUMN metadata TYPE text, ADD COLUMN artifact_id text")
    sql.execute("ALTER TABLE artifact_links DROP COLUMN link_type")
    with pytest.raises(SchemaMismatch) as caught:
        await SchemaRunner(scidex_database).apply()
    assert "column artifacts.metadata is text, not jsonb" in caught.value.what
    assert "column artifacts.artifact_id is text, not uuid" in caught.value.what
    assert "column artifact_links.link_type is missing" in caught.value.what


async def test_an_unreachable_database_is_said_in_one_line() -> None:
    with pytest.raises(Unreachable) as caught:
        await SchemaRunner("postgresql://nobody:secret@127.0.0.1:1/none").status()
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


LOSSES = {
    "migrated artifacts": "INSERT INTO artifacts (id, migrated_to_folder_at) VALUES ('a', now())",
    "artifact UUIDs": "INSERT INTO artifacts (id, artifact_id) VALUES ('b', gen_random_uuid())",
    "rows of artifact_migration_log": (
        "INSERT INTO artifact_migration_log (artifact_id, status) VALUES ('a', 'hash_mismatch')"
    ),
    "journalled batches": (
        "INSERT INTO scidex_console.batch (uid, job, state, epoch, base_commit)"
        " VALUES (gen_random_uuid(), 'figures', 'rolled_back', 1, 'c')"
    ),
    "of them still between the two stores": (
        "INSERT INTO scidex_console.batch (uid, job, state, epoch, base_commit)"
        " VALUES (gen_random_uuid(), 'figures', 'prepared', 1, 'c')"
    ),
    "open runs": (
        "INSERT INTO scidex_console.run (job, state, operator, origin) VALUES ('figures', 'paused', 'o', 'h')"
    ),
    "logged attempts": (
        "INSERT INTO scidex_console.fetch_attempt (artifact_id, url, host, host_group, outcome, reason,"
        " requests, started_at, took_ms, epoch) VALUES ('a', 'u', 'h', 'g', 'dead', '404', 2, now(), 5, 1)"
    ),
}


async def test_revert_refuses_to_lose_what_cannot_be_made_again_unless_told_by_name(
    scidex_database: str, sql: psycopg.Connection
) -> None:
    runner = SchemaRunner(scidex_database)
    before = sql.execute(SHAPE).fetchall()
    await runner.apply()
    applied = sql.execute(SHAPE).fetchall()
    for loss, statement in LOSSES.items():
        sql.execute(statement)
        with pytest.raises(Refused) as caught:
            await runner.revert()
        assert f" {loss}" in caught.value.what and "--lose-migrated-state" in caught.value.fix
    assert "1 migrated artifacts, 1 artifact UUIDs" in caught.value.what
    assert sql.execute(SHAPE).fetchall() == applied
    await runner.revert(lose_migrated_state=True)
    assert sql.execute(SHAPE).fetchall() == before


async def test_revert_under_a_living_engine_is_always_refused(
    scidex_database: str, sql: psycopg.Connection
) -> None:
    runner = SchemaRunner(scidex_database)
    await runner.apply()
    sql.execute("UPDATE scidex_console.engine SET running = true, heartbeat_at = now(), holder = '7@here'")
    with pytest.raises(Refused, match="7@here is running"):
        await runner.revert(lose_migrated_state=True)
    sql.execute("UPDATE scidex_console.engine SET heartbeat_at = now() - interval '1 hour'")
    await runner.revert()


async def test_an_old_server_is_refused(scidex_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scidex_console.adapters.postgres.schema_checks.OLDEST_SERVER", 990000)
    with pytest.raises(SchemaMismatch, match="is too old"):
        await SchemaRunner(scidex_database).apply()


def test_every_version_has_a_way_back_and_numbers_have_no_gap() -> None:
    files = schema_files()
    assert [file.version for file in files] == list(range(1, latest_version() + 1))
    assert all(isinstance(file, SchemaFile) and file.down.strip() for file in files)


def test_statements_outside_a_transaction_are_told_apart_by_empty_lines() -> None:
    assert statements("-- concurrently\nA;\n\n-- why\nB\n  C;\n") == (
        "-- concurrently\nA;",
        "-- why\nB\n  C;",
    )
