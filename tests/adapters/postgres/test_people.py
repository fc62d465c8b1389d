"""Who watches, who did what, and the note of a shift, from a real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.desk import PostgresIntentDesk
from scidex_console.adapters.postgres.intents import PostgresIntents
from scidex_console.adapters.postgres.people import PostgresAttendance, present_views, watch_name
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.adapters.postgres.snapshot import ask, snapshot
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.adapters.system.last_visit import LastVisit
from scidex_console.domain.errors import ConsoleError, Unreachable
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.intents import Origin
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import FIRST, LAST, Around, Span
from scidex_console.domain.runs import RunState
from scidex_console.engine.handover import open_things, render_handover
from scidex_console.engine.people import ActivityFilter
from tests.adapters.postgres.conftest import Sql
from tests.adapters.postgres.small_store import SmallStore
from tests.adapters.postgres.test_roles import As, as_member, members

__all__ = ["as_member", "members"]  # the fixtures of roles

NINE = Span(1, 9)
ASKER = Origin("anna", "ssh 10.0.0.5 42@gate", "0.1.0")


def attendance(
    database: Database, account: str = "anna", pid: int = 42, **changes: object
) -> PostgresAttendance:
    options: dict[str, object] = {"origin": "ssh 10.0.0.5", "version": "0.1.0", "writes": True, **changes}
    return PostgresAttendance(database, account=account, pid=pid, **options)  # type: ignore[arg-type]


async def test_a_console_is_seen_while_it_beats_and_gone_when_it_leaves(database: Database, sql: Sql) -> None:
    anna, bob = attendance(database), attendance(database, "bob", 43)
    await anna.attend("overview", idle_s=0)
    await bob.attend("hosts", idle_s=700)
    await anna.attend("attempts", idle_s=3)
    model = PostgresReadModel(database)
    present = (await model.overview()).present
    assert [(who.account, who.screen, who.pid, who.read_only) for who in present] == [
        ("anna", "attempts", 42, False),
        ("bob", "hosts", 43, False),
    ]
    assert (present[1].seen_at - present[1].active_at).total_seconds() == pytest.approx(700, abs=5)
    await anna.leave()
    assert [who.account for who in (await model.overview()).present] == ["bob"]


async def test_a_killed_console_lapses_and_is_cleared_away_by_another(database: Database, sql: Sql) -> None:
    await attendance(database, "gone").attend("overview", idle_s=0)
    sql.execute("UPDATE scidex_console.presence SET seen_at = now() - interval '1 minute'")
    assert (await PostgresReadModel(database).overview()).present == ()
    sql.execute("UPDATE scidex_console.presence SET seen_at = now() - interval '6 minutes'")
    await attendance(database).attend("overview", idle_s=0)
    rows = sql.execute("SELECT account FROM scidex_console.presence").fetchall()
    assert [row["account"] for row in rows] == ["anna"]


async def test_the_first_beat_tells_until_when_the_same_person_was_here(database: Database, sql: Sql) -> None:
    first = attendance(database)
    assert await first.attend("overview", idle_s=0) is None
    sql.execute("UPDATE scidex_console.visit SET active_at = now() - interval '3 hours'")
    again, other = attendance(database), attendance(database, "bob")
    left_at = await again.attend("overview", idle_s=0)
    assert left_at is not None
    assert (datetime.now(UTC) - left_at).total_seconds() == pytest.approx(3 * 3600, abs=60)
    assert await again.attend("overview", idle_s=0) == left_at, "later beats do not move it"
    assert await other.attend("overview", idle_s=0) is None


async def test_who_only_watches_is_seen_by_the_name_of_a_connection_and_writes_nothing(
    as_member: As, members: dict[str, str], sql: Sql, tmp_path: object
) -> None:
    async with as_member("viewer") as database, as_member("operator") as other:
        with pytest.raises(ConsoleError, match="permission denied"):
            await attendance(database).attend("overview", idle_s=0)
        watching = attendance(database, pid=77, writes=False)
        assert await watching.attend("overview", idle_s=0) is None
        await watching.attend("migration log", idle_s=0)
        assert sql.execute("SELECT count(*) AS n FROM scidex_console.presence").fetchall() == [{"n": 0}]
        [who] = (await PostgresReadModel(other).overview()).present
        assert (who.operator, who.origin, who.pid, who.screen, who.read_only) == (
            members["viewer"],
            "ssh 10.0.0.5",
            77,
            "migration ",
            True,
        )
        await watching.leave()


async def test_an_operator_cannot_speak_for_another_console(as_member: As, sql: Sql) -> None:
    sql.execute("SELECT scidex_console.be_present(gen_random_uuid(), 'boss', 'x', 1, 'overview', '0', 0)")
    async with as_member("operator") as database, database.session() as connection:
        for statement in (
            "DELETE FROM scidex_console.presence",
            "UPDATE scidex_console.presence SET account = 'me'",
            "INSERT INTO scidex_console.visit VALUES ('a', 'b', now())",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement.encode())
        await connection.execute("SELECT scidex_console.be_gone(session) FROM scidex_console.presence")
    assert sql.execute("SELECT count(*) AS n FROM scidex_console.presence").fetchall() == [{"n": 1}]


def test_a_name_that_somebody_made_up_is_read_with_care() -> None:
    row = {"operator": "eve", "account": "", "origin": "", "pid": 0, "screen": "", "since": None}
    names = [
        "scidex-watch/nonsense",
        "scidex-watch/1/zzzzzzzz/zzzzzzzz/x\x1b[2J/y\u202e",
        "scidex-watch/1/a/b/c",
    ]
    views = present_views([{**row, "active_at": None, "seen_at": None, "name": name} for name in names])
    assert len(views) == 1 and "\x1b" not in views[0].screen + views[0].origin
    long = watch_name(
        pid=4194304,
        since=views[0].since,
        seen_at=views[0].since,
        screen="migration/log",
        origin="ssh " + "f" * 50,
    )
    assert len(long) == 63 and present_views([{**row, "name": long}])[0].screen == "migration "


async def test_a_console_that_only_watches_keeps_its_last_visit_in_a_file(
    database: Database, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    remember = LastVisit(tmp_path / "state", "database scidex at db1")
    first = attendance(database, writes=False, remember=remember)
    assert await first.attend("overview", idle_s=7200) is None
    again = attendance(
        database, writes=False, remember=LastVisit(tmp_path / "state", "database scidex at db1")
    )
    left_at = await again.attend("overview", idle_s=0)
    assert left_at is not None
    assert (datetime.now(UTC) - left_at).total_seconds() == pytest.approx(7200, abs=60)
    elsewhere = LastVisit(tmp_path / "state", "database scidex at db2")
    assert elsewhere(datetime.now(UTC)) is None
    (tmp_path / "file").touch()
    nowhere = LastVisit(tmp_path / "file" / "below", "db")
    assert nowhere(datetime.now(UTC)) is None


async def test_acts_and_open_intents_are_one_list_newest_first_filtered_in_the_database(
    database: Database, sql: Sql
) -> None:
    desk = PostgresIntentDesk(database, ASKER)
    intents = PostgresIntents(FencedDatabase(database))
    for action, reason in (("pause", "lunch"), ("resume", "back"), ("pause", "429s")):
        await desk.submit(action, JobName.FIGURES, {}, reason=reason)
        [intent] = await intents.claim()
        before, after = {"state": "running"}, {"state": "paused"}
        await intents.settle(intent, done=True, outcome="paused", before=before, after=after)
    sql.execute(
        "INSERT INTO scidex_console.audit (operator, origin, version, action) "
        "VALUES ('engine', '', '', 'apply')"
    )
    await desk.submit("cancel", JobName.FIGURES, {}, reason="enough")
    sql.execute("UPDATE scidex_console.intent SET also_by = '{bob}', waits_on = 'x' WHERE reason = 'enough'")
    model = PostgresReadModel(database)

    async def found(around: Around = FIRST, span: Span = NINE, **criteria: Any) -> list[str]:
        window = await model.activity_window(ActivityFilter(**criteria), around, span)
        return [act.reason for act in window.rows]

    whole = await model.activity_window(ActivityFilter(), FIRST, Span(0, 9))
    assert [act.reason for act in whole.rows] == ["enough", "429s", "back", "lunch"]
    opened, act = whole.rows[:2]
    assert (opened.action, opened.outcome, opened.id < 0) == ("intent:cancel", "requested: waits on x", True)
    assert opened.operator.endswith(", bob")
    assert (act.before, act.after["result"], act.origin) == (
        {"state": "running"},
        {"state": "paused"},
        "ssh 10.0.0.5 42@gate",
    )
    assert await found(Around(whole.keys[2]), Span(1, 1)) == ["429s", "back"]
    assert await found(LAST, Span(1, 1)) == ["back", "lunch"]
    assert await found(text="LUNCH") == ["lunch"]
    assert await found(action="resume") == ["back"]
    assert await found(operator="bob") == ["enough"]
    assert await found(since=datetime.now(UTC) + timedelta(hours=1)) == []
    assert len(await found(everything=True)) == 5
    last = (await model.overview()).last_act
    assert last is not None and last.reason == "429s"


async def test_a_shift_is_told_whole(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(name) for name in "abcd"], total=4)
    run = await store.start()
    await store.attempt("a", FetchClass.STORED, run_id=run.id)
    await store.attempt("b", FetchClass.DEAD, run_id=run.id)
    await store.attempt("c", FetchClass.TRANSIENT, run_id=run.id, status=429)
    await store.attempt("d", FetchClass.TRANSIENT, run_id=run.id, ago=timedelta(hours=9))
    await store.take_back(await store.batch(run.id))
    await store.runs.move(run, RunState.HALTED, halt_reason="disk full")
    await PostgresIntentDesk(database, ASKER).submit("resume", JobName.FIGURES, {}, reason="mended | really")
    sql.execute("UPDATE scidex_console.intent SET also_by = '{bob}'")
    await attendance(database).attend("overview", idle_s=0)
    now = datetime.now(UTC)
    note = await PostgresReadModel(database).handover(now - timedelta(hours=8), now + timedelta(minutes=1))
    assert note.outcomes() == {FetchClass.STORED: 1, FetchClass.DEAD: 1, FetchClass.TRANSIENT: 1}
    assert dict(note.throttled()) == {"europepmc": 1}
    assert [(batch.changed, batch.left_out) for batch in note.taken_back()] == [(2, 0)]
    assert [(act.action, act.outcome) for act in note.halts()] == [("run:halt", "disk full")]
    assert [run.id for run in note.runs] == [run.id]
    things = open_things(note.now)
    assert things[0] == f"**figures run {run.id} is halted**: disk full"
    assert "figures: 2 failed transiently (back-off, or a retry)" in things
    assert any("(resume figures, by " in thing and "bob) is requested" in thing for thing in things)
    text = render_handover(note)
    assert "| figures 1 | halted |" in text and "ssh 10.0.0.5" in text and "taken back: cccc" in text
    earlier = await PostgresReadModel(database).handover(now - timedelta(days=2), now - timedelta(days=1))
    assert (earlier.runs, earlier.batches, earlier.acts, earlier.attempts) == ((), (), (), ())


async def test_a_read_only_session_is_refused_by_the_database_whatever_its_role(
    applied_database: str,
) -> None:
    async with Database(applied_database, name="test", size=1, read_only=True) as opened:
        with pytest.raises(ConsoleError, match="read-only transaction") as refused:
            await PostgresIntentDesk(opened, ASKER).submit("pause", JobName.FIGURES, {}, reason="")
        assert "--read-only" in refused.value.fix
        assert (await PostgresReadModel(opened).overview()).intents == ()


async def test_a_reader_that_stands_still_holds_no_transaction(applied_database: str, sql: Sql) -> None:
    async with Database(applied_database, name="standing", size=1, idle_transaction_s=0.2) as opened:
        with pytest.raises(ConsoleError):
            async with opened.transaction() as connection:
                await connection.execute("SELECT * FROM scidex_console.engine")
                held = "SELECT state FROM pg_stat_activity WHERE application_name = 'standing'"
                until = datetime.now(UTC) + timedelta(seconds=20)
                while any(row["state"] == "idle in transaction" for row in sql.execute(held).fetchall()):
                    assert datetime.now(UTC) < until
                await connection.execute("SELECT 1")


class _Interrupted(dict[str, None]):
    """Questions of which we cease to send when some are on their way, and somebody wants a lock meanwhile."""

    def __init__(self, url: str, *names: str) -> None:
        super().__init__(dict.fromkeys(names))
        self._url = url

    def items(self) -> Any:
        first, *others = super().items()
        yield first
        yield others.pop()
        with psycopg.connect(self._url) as somebody:
            somebody.execute("SET lock_timeout = '20s'")
            somebody.execute("LOCK TABLE scidex_console.engine")
        yield from others


async def test_a_reader_that_stands_still_between_statements_sent_together_holds_no_lock(
    applied_database: str,
) -> None:
    questions = _Interrupted(applied_database, "read_engine_state", "list_batch_standings", "read_clock")
    limits = {"idle_transaction_s": 0.2, "statement_timeout_s": 0.3}
    async with Database(applied_database, name="standing", size=1, **limits) as opened:
        with pytest.raises(Unreachable):
            async with snapshot(opened) as connection:
                await ask(connection, questions)
