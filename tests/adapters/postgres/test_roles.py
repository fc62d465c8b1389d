"""What a role may do is decided by the database, whatever a program tries."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql as compose
from psycopg.conninfo import make_conninfo

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.desk import PostgresIntentDesk
from scidex_console.adapters.postgres.fence import PostgresFence
from scidex_console.adapters.postgres.gates import PostgresGates
from scidex_console.adapters.postgres.housekeeping import PostgresHousekeeping
from scidex_console.adapters.postgres.intents import PostgresIntents
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from scidex_console.adapters.postgres.writer_queue import PostgresWriterQueue
from scidex_console.domain.errors import ConsoleError, Held, LockBusy, Unreachable
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.hosts import GateState
from scidex_console.domain.intents import Origin
from scidex_console.domain.jobs import JobName
from tests.adapters.postgres.conftest import Sql
from tests.adapters.postgres.small_store import SmallStore

ORIGIN = Origin("", "ssh 10.0.0.5", "0.1.0")
As = Callable[[str], AbstractAsyncContextManager[Database]]
PASSWORD = secrets.token_hex(8)


@pytest.fixture
def members(sql: Sql) -> Iterator[dict[str, str]]:
    """A login of its own for each role, and one with none; gone after the test."""
    names = {
        role: f"test_{role}_{secrets.token_hex(4)}"
        for role in ("viewer", "operator", "engine", "reader", "nobody")
    }
    for role, name in names.items():
        sql.execute(
            compose.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                compose.Identifier(name), compose.Literal(PASSWORD)
            )
        )
        if role != "nobody":
            sql.execute(
                compose.SQL("GRANT {} TO {}").format(
                    compose.Identifier(f"scidex_{role}"), compose.Identifier(name)
                )
            )
    yield names
    for name in names.values():
        sql.execute(compose.SQL("DROP ROLE {}").format(compose.Identifier(name)))


@pytest.fixture
def as_member(applied_database: str, members: dict[str, str]) -> As:
    """Open the database as a member of a role."""
    parts = urlsplit(applied_database)
    place = parts.netloc.rpartition("@")[2]

    @asynccontextmanager
    async def open_as(role: str) -> AsyncIterator[Database]:
        url = urlunsplit(parts._replace(netloc=f"{members[role]}:{PASSWORD}@{place}"))
        async with Database(url, name="test", size=1) as opened:
            yield opened

    return open_as


async def refused(database: Database, statement: LiteralString) -> bool:
    try:
        async with database.session() as connection:
            await connection.execute(statement)
    except ConsoleError as error:
        assert isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege), error
        return True
    return False


async def test_viewer_reads_everything_and_asks_for_nothing(as_member: As) -> None:
    async with as_member("viewer") as database:
        overview = await PostgresReadModel(database).overview()
        assert overview.identity.can_write_intents is False
        with pytest.raises(ConsoleError, match="permission denied"):
            await PostgresIntentDesk(database, ORIGIN).submit("pause", JobName.FIGURES, {}, reason="")
        with pytest.raises(ConsoleError, match="permission denied"):
            await PostgresIntentDesk(database, ORIGIN).cancel(1)
        assert await refused(
            database, "INSERT INTO scidex_console.intent (action, origin, version) VALUES ('pause', 'x', 'x')"
        )
        assert await refused(database, "SELECT scidex_console.record_verification(1, '{}', 'x', 'x')")


async def test_operator_asks_under_their_own_name_and_changes_nothing_else(
    as_member: As, members: dict[str, str]
) -> None:
    async with as_member("operator") as database:
        desk = PostgresIntentDesk(database, Origin("somebody else", "ssh 10.0.0.5", "0.1.0"))
        intent = await desk.submit("pause", JobName.FIGURES, {}, reason="")
        assert intent.operator == members["operator"]
        await desk.cancel(intent.id)
        assert (await PostgresReadModel(database).identity()).can_write_intents is True
        for statement in (
            "INSERT INTO scidex_console.intent (action, operator, origin, version) VALUES ('', '', '', '')",
            "UPDATE scidex_console.intent SET also_by = '{somebody}'",
            "UPDATE scidex_console.intent SET state = 'done'",
            "UPDATE scidex_console.intent SET cancel_requested = false",
            "DELETE FROM scidex_console.intent",
            "UPDATE scidex_console.run SET state = 'done'",
            "UPDATE scidex_console.figure SET state = 'dead'",
            "INSERT INTO scidex_console.audit (operator, origin, version, action) VALUES ('', '', '', '')",
            "INSERT INTO scidex_console.soak_override (phase, shut_by, operator, origin, reason)"
            " VALUES (2, '{}', 'x', 'x', 'x')",
            "INSERT INTO scidex_console.soak_phase (phase, needed_s, overridden, operator, origin, reason)"
            " VALUES (2, 1, false, 'x', 'x', 'x')",
            "UPDATE scidex_console.soak_span SET counted_s = 86400",
            "UPDATE scidex_console.soak_rule SET enforced = false",
            "UPDATE artifacts SET metadata = '{}'",
            "DELETE FROM artifacts",
            "DROP FUNCTION scidex_console.submit_intent",
        ):
            assert await refused(database, statement), statement


async def test_two_operators_asking_for_the_same_both_stand_on_the_intent(
    as_member: As, members: dict[str, str], sql: Sql
) -> None:
    owner = sql.info.user
    async with as_member("operator") as database:
        first = await PostgresIntentDesk(database, ORIGIN).submit("pause", JobName.FIGURES, {}, reason="")
    row = sql.execute(
        "SELECT * FROM scidex_console.submit_intent('pause', 'figures', '{}', 'tty', '', '0.1.0')"
    ).fetchone()
    assert row is not None
    assert (row["id"], row["operator"], row["also_by"]) == (
        first.id,
        members["operator"],
        [f"{owner} from tty"],
    )


async def test_a_login_without_a_role_sees_nothing(as_member: As) -> None:
    async with as_member("nobody") as database:
        with pytest.raises(ConsoleError, match="permission denied"):
            await PostgresReadModel(database).overview()
        assert await refused(
            database, "SELECT scidex_console.submit_intent('pause', 'figures', '{}', 'x', '', 'x')"
        )


async def test_engine_does_its_whole_work_with_its_role(as_member: As, sql: Sql) -> None:
    async with as_member("engine") as database:
        fence = PostgresFence(database)
        store = SmallStore(database, sql)
        store.fenced.epoch = await fence.acquire(
            "7@night", version="0.1.0", writes=True, authorization="A", environment="demo", at_least=0
        )
        await fence.beat("")
        await store.survey([store.add("a"), store.add("b"), store.add("c")], [store.add("d")], total=4)
        run = await store.start()
        await store.attempt("a", FetchClass.STORED, run_id=run.id)
        await store.attempt("b", FetchClass.DEAD, run_id=run.id)
        await store.attempt("c", FetchClass.TRANSIENT, run_id=run.id)
        batch = await store.take_back(await store.batch(run.id))
        await store.journal.begin_redo(batch, base_commit="b", epoch=store.fenced.epoch, authorization="A")
        assert set(await store.figures.make_due(["c"])) == {"c"}
        await PostgresGates(store.fenced).save([GateState("europepmc", rate=2.0, in_flight_limit=4)])
        sql.execute(
            "SELECT scidex_console.submit_intent('pause', 'figures', '{}', 'tty', 'why', '0.1.0'),"
            " scidex_console.submit_intent('start', 'figures', '{}', 'tty', 'why', '0.1.0')"
        )
        intents = PostgresIntents(store.fenced)
        pause, start = await intents.claim()
        await intents.wait(pause, "the batch")
        await intents.settle(start, done=True, outcome="started")
        sql.execute("UPDATE scidex_console.intent SET cancel_requested = true WHERE action = 'pause'")
        assert [intent.id for intent in await intents.cancelled({})] == [pause.id]
        housekeeping = PostgresHousekeeping(database)
        await housekeeping.fold_counters()
        await housekeeping.notify({"run"})
        assert (await PostgresReadModel(database).overview()).engine is not None
        await fence.release()


async def test_engine_changes_only_what_is_its_to_change(as_member: As) -> None:
    async with as_member("engine") as database:
        for statement in (
            "UPDATE artifacts SET title = 'x'",
            "UPDATE artifacts SET id = 'x'",
            "UPDATE artifacts SET content_hash = 'x'",
            "INSERT INTO artifacts (id) VALUES ('x')",
            "DELETE FROM artifacts",
            "UPDATE artifact_links SET link_type = 'x'",
            "UPDATE artifact_migration_log SET status = 'success'",
            "DELETE FROM artifact_migration_log",
            "UPDATE scidex_console.intent SET operator = 'x'",
            "UPDATE scidex_console.intent SET params = '{}'",
            "UPDATE scidex_console.operation SET before = '{}'",
            "UPDATE scidex_console.operation SET after = '{}'",
            "DELETE FROM scidex_console.operation",
            "DELETE FROM scidex_console.batch",
            "UPDATE scidex_console.commit_record SET commit_id = 'x'",
            "UPDATE scidex_console.audit SET operator = 'x'",
            "DELETE FROM scidex_console.audit",
            "UPDATE scidex_console.fetch_attempt SET outcome = 'dead'",
            "DELETE FROM scidex_console.fetch_attempt",
            "UPDATE scidex_console.journal SET id = gen_random_uuid()",
            "INSERT INTO scidex_console.engine DEFAULT VALUES",
            "SELECT scidex_console.submit_intent('pause', 'figures', '{}', 'x', '', 'x')",
        ):
            assert await refused(database, statement), statement
        for statement in (
            "UPDATE artifacts SET metadata = metadata, file_path = file_path, updated_at = now()",
            "UPDATE artifacts SET artifact_id = artifact_id, artifact_dir = artifact_dir,"
            " primary_filename = primary_filename, accessory_filenames = accessory_filenames,"
            " folder_layout_version = folder_layout_version, migrated_to_folder_at = migrated_to_folder_at",
            "INSERT INTO artifact_migration_log (artifact_id, status) VALUES ('a', 'success')",
        ):
            assert not await refused(database, statement), statement


COUNT = """SELECT scidex_console.count_reads(
    gen_random_uuid(), 'x', true, true, '1', '[["api", "folder", false, 100, {n}]]', '{answers}')"""


async def test_reader_looks_and_counts_and_locks_nothing_that_others_write(as_member: As, sql: Sql) -> None:
    async with as_member("reader") as database:
        assert (await PostgresReadModel(database).overview()).identity.can_write_intents is False
        for table in ("artifacts", "scidex_console.writer_turn", "scidex_console.batch"):
            for mode in ("ROW SHARE", "ROW EXCLUSIVE", "SHARE", "EXCLUSIVE"):
                assert await refused(database, f"BEGIN; LOCK TABLE {table} IN {mode} MODE")  # type: ignore[arg-type]
        for statement in (
            "SELECT FROM artifacts FOR KEY SHARE",
            "INSERT INTO scidex_console.read_minute VALUES (now(), 'api', 'folder', false, 100, 1)",
            "UPDATE scidex_console.read_minute SET n = 1",
            "DELETE FROM scidex_console.request_minute",
            "UPDATE scidex_console.reader_share SET percent = 100",
            "SELECT digest FROM scidex_console.token",
        ):
            assert await refused(database, statement), statement
        async with database.session() as connection:
            for n in (7, 10**9):
                await connection.execute(COUNT.format(n=n, answers="[]").encode())
    assert sql.execute("SELECT sum(n)::int AS n FROM scidex_console.read_minute").fetchone() == {"n": 7}


async def test_who_lacks_the_role_that_is_taken_is_told_how_to_get_it(
    applied_database: str, members: dict[str, str]
) -> None:
    told = r"without login.*schema apply.*\(GRANT scidex_reader TO"
    for login, password in ((members["nobody"], PASSWORD), ("scidex_reader", "")):
        url = make_conninfo(applied_database, user=login, password=password)
        with pytest.raises(Unreachable, match=told):
            await Database(url, name="test", role="scidex_reader").connect()


async def test_a_reader_that_floods_the_counts_is_refused_in_time_and_by_itself(
    as_member: As, members: dict[str, str], sql: Sql
) -> None:
    sql.execute("""
        INSERT INTO scidex_console.request_minute
        SELECT date_trunc('minute', now() + m * interval '1 minute'), 'r' || i, 200, 100, 1
        FROM generate_series(1, 50000) AS i, generate_series(0, 1) AS m
    """)
    left_behind = """
        INSERT INTO scidex_console.reader_process (session, operator, name, flag, legacy, version, seen_at)
        SELECT gen_random_uuid(), %s, 'x', true, true, '1', now() - %s::interval FROM generate_series(1, 600)
    """
    sql.execute(left_behind, ["somebody else", "0"])
    async with as_member("reader") as database, database.session() as connection:
        sql.execute(left_behind, [members["reader"], "1 hour"])
        with pytest.raises(psycopg.errors.RaiseException, match="than there can be"):
            await connection.execute(COUNT.format(n=1, answers="[]").encode())
        sql.execute("DELETE FROM scidex_console.request_minute")
        await connection.execute(COUNT.format(n=1, answers="[]").encode())
        sql.execute(left_behind, [members["reader"], "0"])
        with pytest.raises(psycopg.errors.RaiseException, match="than there can be"):
            await connection.execute(COUNT.format(n=1, answers="[]").encode())


async def test_a_reader_that_takes_every_lock_it_can_stops_neither_writers_nor_the_engine(
    as_member: As, applied_database: str, sql: Sql
) -> None:
    async with (
        as_member("reader") as reading,
        reading.session() as hostile,
        Database(applied_database, name="test") as database,
    ):
        fence = PostgresFence(database)
        await fence.acquire(
            "7@night", version="0.1.0", writes=True, authorization="A", environment="demo", at_least=0
        )
        sql.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE classid = 740196003 AND objid = 1")
        await hostile.execute("SELECT pg_advisory_lock(740196003, n) FROM generate_series(1, 9) AS n")
        await hostile.execute("BEGIN")
        await hostile.execute("LOCK TABLE artifacts IN ACCESS SHARE MODE")
        queue = PostgresWriterQueue(database, name="writer", wait_s=5)
        await queue.enter()
        await queue.leave()
        await queue.close()
        sql.execute(
            "INSERT INTO scidex_console.counter_delta (subject, host_group, state, n)"
            " VALUES ('figure', 'h', 'due', 3)"
        )
        await PostgresHousekeeping(database).fold_counters()
        assert sql.execute("SELECT count(*) AS n FROM scidex_console.counter_delta").fetchone() == {"n": 0}
        with pytest.raises(Unreachable):
            await fence.beat("")
        with pytest.raises(LockBusy, match=r"test_reader_\w+ holds the engine's lock .* and is no engine"):
            await fence.beat("still the engine")
        row = sql.execute("SELECT note, epoch FROM scidex_console.engine").fetchone()
        assert row == {"note": "reconnecting", "epoch": fence.epoch}, "it goes on beating"
        with pytest.raises(Held, match="and is no engine"):
            await PostgresFence(database).acquire(
                "8@day", version="0.1.0", writes=True, authorization="A", environment="demo", at_least=0
            )
        await hostile.execute("ROLLBACK")
        await hostile.execute("SELECT pg_advisory_unlock_all()")
        await fence.beat("")
        await fence.release()


async def test_what_the_documents_say_keeps_readers_from_advisory_locks(as_member: As, sql: Sql) -> None:
    text = (Path(__file__).parents[3] / "docs/operations.md").read_text()
    (statement,) = re.findall(r"```sql\n(.*?advisory.*?)```", text, re.DOTALL)
    sql.execute(statement)
    async with as_member("reader") as database:
        assert await refused(database, "SELECT pg_advisory_lock(740196003, 1)")
        assert await refused(database, "SELECT pg_try_advisory_xact_lock_shared(1)")
    async with as_member("engine") as database, database.session() as connection:
        await connection.execute("SELECT pg_try_advisory_lock(740196003, 1)")


@pytest.mark.parametrize("table", ["audit", "fetch_attempt", "control_check", "death_proof"])
async def test_history_cannot_be_changed_even_by_the_owner(sql: Sql, table: str) -> None:
    for verb in (f"TRUNCATE scidex_console.{table}", f"DELETE FROM scidex_console.{table}"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            sql.execute(verb)


async def test_revert_takes_every_right_back(applied_database: str, as_member: As, sql: Sql) -> None:
    await SchemaRunner(applied_database).revert()
    async with as_member("engine") as database:
        assert await refused(database, "SELECT FROM artifacts")
        assert await refused(database, "UPDATE artifacts SET metadata = '{}'")
    held = sql.execute("""
        SELECT count(*) AS n FROM pg_shdepend
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND refobjid IN (SELECT oid FROM pg_roles WHERE rolname IN
              ('scidex_viewer', 'scidex_operator', 'scidex_engine', 'scidex_reader'))
    """).fetchone()
    assert held == {"n": 0}


async def test_roles_that_exist_already_are_used_as_they_are(applied_database: str, sql: Sql) -> None:
    await SchemaRunner(applied_database).revert()
    for role in ("scidex_viewer", "scidex_operator", "scidex_engine", "scidex_reader"):
        assert sql.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None
    assert "roles" in [version.name for version in await SchemaRunner(applied_database).apply()]
