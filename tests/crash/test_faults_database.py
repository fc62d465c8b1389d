"""The database goes away, comes back, hangs up, deadlocks: nothing is lost, doubled, or asked for again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest

from scidex_console.adapters.postgres.database import Connection
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.demo.postgres_server import EmbeddedPostgres
from scidex_console.domain.errors import Fenced, Unreachable
from scidex_console.domain.intents import IntentState
from scidex_console.domain.runs import RunState
from scidex_console.wiring.held_store import HeldStore
from tests.crash.checks import assert_sound
from tests.engine.bench import Bench, addresses, bench, until_true
from tests.samples import sample

T = TypeVar("T")
HOSTS = (("a.example.org", 9), ("b.example.org", 9), ("dead.example.org", 4))


@pytest.fixture
async def lost(tmp_path: Path, scidex_database: str) -> AsyncIterator[Bench]:
    """Some twenty lost figures, a few of them dead."""
    async with bench(tmp_path, scidex_database, addresses(*HOSTS)) as made:
        made.hosts.script.set_host("dead.example.org", Behaviour.NOT_FOUND)
        yield made


def assert_settled_once(bench: Bench) -> None:
    """Every figure is settled, nobody was asked twice, every attempt is on record."""
    dead = {i for i, url in bench.lab.store.lost.items() if "dead." in url}
    states = bench.figures()
    assert {i for i, state in states.items() if state == "dead"} == dead
    assert set(states.values()) == {"stored", "dead"}
    # A stored figure may be the control image of its hosts, which is asked for beside the figures.
    controls = {row["url"] for row in bench.lab.rows("SELECT url FROM scidex_console.control_check")}
    assert {url for url, times in bench.asked_urls().items() if times > 1} <= controls
    attempts = bench.lab.rows("SELECT artifact_id FROM scidex_console.fetch_attempt")
    assert len(attempts) == len(states)
    assert_sound(bench.lab)


class Unsteady(FencedDatabase):
    """Transactions that now and then fail before anything happened, or whose reply is lost."""

    def __init__(self, steady: FencedDatabase, seed: int) -> None:
        super().__init__(steady.database)
        self.epoch = steady.epoch
        self.lost_replies = 0
        self._chance = random.Random(seed)

    async def write(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        fate = self._chance.random()
        if fate < 0.05:
            raise Unreachable("the connection was lost before", where="test")
        result = await super().write(work)
        if fate < 0.15:
            self.lost_replies += 1
            raise Unreachable("the connection was lost before the reply", where="test")
        return result


@pytest.mark.parametrize("seed", sample(1, 2))
async def test_lost_connections_and_replies_are_resolved_from_the_journal(lost: Bench, seed: int) -> None:
    unsteady: list[Unsteady] = []

    def seal(held: HeldStore) -> HeldStore:
        unsteady.append(Unsteady(held.fenced, seed))
        return replace(held, fenced=unsteady[0])

    async with lost.engine(seal=seal, retry_s=0.02):
        stepped = await lost.ask("step", count=7)
        assert (stepped.state, stepped.outcome) == (IntentState.DONE, "run 1 is paused")
        figures = lost.by_url()  # control images are asked for beside them
        assert sum(count for url, count in lost.asked_urls().items() if url in figures) == 7
        assert (await lost.ask("step", count=1, cycle=True)).state is IntentState.DONE
        assert (await lost.ask("resume")).state is IntentState.DONE
        assert await lost.at_rest() is RunState.DONE
        batch = lost.batches()[0]["id"]
        token = (await lost.readers.read.rollback_preview(batch, redo=False)).token
        taken_back = await lost.ask("rollback", batch=batch, token=token, reason="r")
        assert taken_back.state is IntentState.DONE and "is taken back" in taken_back.outcome
        token = (await lost.readers.read.rollback_preview(batch, redo=True)).token
        assert (await lost.ask("redo", batch=batch, token=token, reason="r")).state is IntentState.DONE
        assert len(lost.lab.rows("SELECT 1 FROM scidex_console.run")) == 1
    assert unsteady[0].lost_replies > 3
    async with lost.engine():  # what the end of the first one left to be published
        assert (await lost.ask("pause")).state is IntentState.REFUSED
    assert_settled_once(lost)


def cut_connections(bench: Bench) -> int:
    """End every connection of the engine, as a failing network or an administrator does."""
    return len(
        bench.lab.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name = 'scidex-console engine'"
        )
    )


KEEP_NOTES = """
CREATE TABLE told (note text);
CREATE FUNCTION keep_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    'BEGIN INSERT INTO public.told VALUES (NEW.note); RETURN NULL; END';
CREATE TRIGGER keep_note AFTER UPDATE OF note ON scidex_console.engine
    FOR EACH ROW EXECUTE FUNCTION keep_note();
"""
"""Keeps every note of the heartbeat: most stand too briefly to be met by looking."""


@pytest.mark.sweep
async def test_cut_connections_are_made_again_and_the_engine_says_so(lost: Bench) -> None:
    lost.lab.rows(KEEP_NOTES)
    async with lost.engine(heartbeat_s=0.1):
        lost.hosts.let(8)
        await lost.ask("start")
        await until_true(lambda: lost.hosts.at_the_door >= 4, "requests under way")
        assert cut_connections(lost) > 2

        def said_so() -> bool:
            return bool(lost.lab.rows("SELECT 1 FROM told WHERE note LIKE '%reconnecting: %'"))

        await until_true(said_so, "the engine says that it reconnects")
        await until_true(lambda: "reconnecting" not in lost.note(), "and that it has")
        assert cut_connections(lost) > 2
        lost.hosts.let(None)
        assert await lost.at_rest() is RunState.DONE
    assert_settled_once(lost)


@pytest.mark.sweep
async def test_lock_that_hangs_on_a_lost_connection_is_freed_and_taken_again(lost: Bench) -> None:
    """The server has not noticed that our connection is gone: we are not our own usurper."""
    async with lost.engine_until_it_ends(heartbeat_s=0.1) as (engine, life):
        fence = engine._p.fence  # the network cuts here, not any part of the program
        forgotten = fence._connection  # type: ignore[attr-defined]
        fence._connection = None  # type: ignore[attr-defined]
        await lost.ask("start")
        assert await lost.at_rest() is RunState.DONE
        await until_true(lambda: fence._connection is not None, "the lock is ours again")  # type: ignore[attr-defined]
        engine.leave()
        await life
        await forgotten.close()
    assert_settled_once(lost)


async def test_store_taken_over_through_the_database_alone_ends_the_engine(lost: Bench) -> None:
    async with lost.engine_until_it_ends(heartbeat_s=0.1) as (_, life):
        lost.hosts.let(6)
        await lost.ask("start")
        await until_true(lambda: lost.hosts.at_the_door >= 4, "requests under way")
        before = lost.artifacts(), lost.lab.git("rev-parse", "HEAD")
        # Not in the engine's own thread: a heartbeat that is under way must be able to give the row free.
        take_over = "UPDATE scidex_console.engine SET epoch = epoch + 1, holder = 'another'"
        await asyncio.to_thread(lost.lab.rows, take_over)
        lost.hosts.let(None)
        with pytest.raises(ExceptionGroup) as ended:
            await asyncio.wait_for(life, 30)
        assert ended.group_contains(Fenced)
        asked = len(lost.asked())
        assert (lost.artifacts(), lost.lab.git("rev-parse", "HEAD")) == before
        await asyncio.sleep(0.3)
        assert len(lost.asked()) == asked, "nobody is asked any more"


@pytest.mark.sweep
async def test_deadlock_with_somebody_else_is_repeated_and_counted(lost: Bench) -> None:
    """Two rows locked in opposite orders by two transactions, of which ours is the victim."""
    counted: list[FencedDatabase] = []

    def seal(held: HeldStore) -> HeldStore:
        counted.append(held.fenced)
        return held

    async with lost.engine(seal=seal):
        await lost.ask("step", count=1)
        fenced = counted[0]
        one, other = sorted(lost.lab.store.lost)[:2]
        lock = "SELECT 1 FROM scidex_console.figure WHERE artifact_id = %s FOR UPDATE"
        ours, theirs = asyncio.Event(), asyncio.Event()
        tries = 0

        async def work(connection: Connection) -> str:
            nonlocal tries
            tries += 1
            # We notice first, so that we are the victim.
            await connection.execute("SET LOCAL deadlock_timeout = '10ms'")
            await connection.execute("SET LOCAL lock_timeout = '20s'")
            await connection.execute(lock, [one])
            ours.set()
            await theirs.wait()
            await connection.execute(lock, [other])
            return "done"

        async def somebody() -> None:
            url = lost.lab.store.database_url
            async with await psycopg.AsyncConnection.connect(url) as connection:
                await connection.execute("SET LOCAL deadlock_timeout = '30s'")
                await connection.execute(lock, [other])
                theirs.set()
                await ours.wait()
                await connection.execute(lock, [one])

        outcome, _ = await asyncio.gather(fenced.write(work), somebody())
        assert (outcome, tries, fenced.conflicts) == ("done", 2, 1)
        await lost.ask("resume")
        assert await lost.at_rest() is RunState.DONE
    assert_settled_once(lost)


@pytest.mark.sweep
async def test_locked_tables_are_waited_for_and_nothing_is_fetched_again(lost: Bench) -> None:
    async with lost.engine():
        lost.hosts.let(10)
        await lost.ask("start")
        await until_true(lambda: lost.hosts.at_the_door >= 4, "requests under way")
        async with await psycopg.AsyncConnection.connect(lost.lab.store.database_url) as somebody:
            # As an ALTER TABLE or a VACUUM FULL of somebody's does, for longer than we wait for locks.
            await somebody.execute("LOCK TABLE artifacts, scidex_console.figure IN ACCESS EXCLUSIVE MODE")
            lost.hosts.let(None)
            await until_true(lambda: "lock timeout" in lost.note(), "the engine says what it waits for")
        assert await lost.at_rest() is RunState.DONE
        assert "lock timeout" not in lost.note()
    assert_settled_once(lost)


@pytest.mark.sweep
async def test_server_restarted_in_the_middle_of_a_run_changes_nothing(tmp_path: Path) -> None:
    """A server of this test's own is stopped, and started again."""
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    try:
        url = await asyncio.to_thread(server.start)
        await asyncio.to_thread(_scidex_tables, url)
        async with bench(tmp_path, url, addresses(*HOSTS)) as made:
            made.hosts.script.set_host("dead.example.org", Behaviour.NOT_FOUND)
            async with made.engine(heartbeat_s=0.2) as engine:
                made.hosts.let(8)
                await made.ask("start")
                await until_true(lambda: made.hosts.at_the_door >= 4, "requests under way")
                await asyncio.to_thread(server.stop)
                made.hosts.let(None)
                await until_true(lambda: "reconnecting" in engine._p.pulse.note, "it notices")
                await asyncio.to_thread(server.start)
                assert await made.at_rest(RunState.DONE)
            assert_settled_once(made)
    finally:
        await asyncio.to_thread(server.destroy)


def _scidex_tables(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(files("scidex_console.demo").joinpath("scidex_tables.sql").read_bytes())
