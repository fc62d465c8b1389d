"""Engines as processes: told to leave, stopped and overtaken, killed at any moment."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.domain.errors import Held
from scidex_console.domain.intents import IntentState
from scidex_console.domain.runs import RunState
from tests.crash.checks import assert_sound
from tests.crash.processes import engine_process
from tests.engine.bench import Bench, addresses, bench, until_true

HOSTS = (("a.example.org", 9), ("b.example.org", 9), ("dead.example.org", 3))


@pytest.fixture
async def lost(tmp_path: Path, scidex_database: str) -> AsyncIterator[Bench]:
    """Some twenty lost figures, a few of them dead."""
    settings = {"read_timeout": '"60s"', "deadline": '"90s"', "heartbeat": '"200ms"\nstalled_after = "1s"'}
    async with bench(tmp_path, scidex_database, addresses(*HOSTS), settings=settings) as made:
        made.hosts.script.set_host("dead.example.org", Behaviour.NOT_FOUND)
        yield made


def assert_all_settled(bench: Bench) -> None:
    dead = {i for i, url in bench.lab.store.lost.items() if "dead." in url}
    states = bench.figures()
    assert {i for i, state in states.items() if state == "dead"} == dead
    assert set(states.values()) == {"stored", "dead"}
    assert_sound(bench.lab)


@pytest.mark.sweep
async def test_sigterm_finishes_what_is_in_hand_and_the_next_engine_goes_on(lost: Bench) -> None:
    start = await lost.submit("start")
    async with engine_process(lost.lab) as engine:
        lost.hosts.let(14)
        await lost.settled(start)
        await until_true(lambda: lost.hosts.at_the_door >= 4, "requests under way")
        engine.signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        lost.hosts.let(None)
        assert await engine.ended() == 0
    tally = lost.tally()
    assert lost.run_state() is RunState.RUNNING
    assert set(tally) <= {"stored", "dead", "due"} and tally["due"], "it flushed and left the rest"
    assert sum(lost.asked_urls().values()) == tally["stored"] + tally["dead"], "nothing in hand was dropped"
    stopped = lost.lab.rows("SELECT running, note FROM scidex_console.engine")[0]
    assert stopped == {"running": False, "note": "stopped"}
    async with engine_process(lost.lab, "--until-idle") as engine:
        assert await engine.ended() == 0
    assert lost.run_state() is RunState.DONE
    assert set(lost.asked_urls().values()) == {1}
    assert_all_settled(lost)


@pytest.mark.sweep
async def test_stopped_engine_is_taken_over_from_and_wakes_fenced_having_written_nothing(lost: Bench) -> None:
    start = await lost.submit("start")
    async with engine_process(lost.lab) as stopped:
        lost.hosts.let(14)
        await lost.settled(start)
        await until_true(lambda: lost.hosts.at_the_door >= 4, "requests under way")
        with pytest.raises(Held, match="sign of life"):
            async with lost.engine_until_it_ends(take_over=True):
                pass
        stopped.signal(signal.SIGSTOP)
        with pytest.raises(Held, match=f"held by {stopped.pid}@"):
            async with lost.engine_until_it_ends():
                pass
        lost.hosts.let(None)
        await until_true(lambda: _heartbeat_age(lost) > 1.2, "it has stalled")
        async with lost.engine_until_it_ends(take_over=True) as (engine, life):
            assert await lost.at_rest() is RunState.DONE
            before = lost.artifacts(), lost.lab.git("rev-parse", "HEAD"), lost.batches(), lost.figures()
            asked = len(lost.asked())
            stopped.signal(signal.SIGCONT)
            assert await stopped.ended() == 1
            assert any("another engine took over" in line for line in stopped.lines), stopped.lines
            assert len(stopped.lines) == 2, "one line says why"
            now = lost.artifacts(), lost.lab.git("rev-parse", "HEAD"), lost.batches(), lost.figures()
            assert now == before, "it wrote nothing"
            assert len(lost.asked()) == asked, "and asked nobody: the budgets are the other one's now"
            assert (await lost.ask("pause")).state is IntentState.REFUSED, "the new one is alive"
            engine.leave()
            await life
    epochs = {row["epoch"] for row in lost.lab.rows("SELECT epoch FROM scidex_console.fetch_attempt")}
    assert epochs == {1, 2}
    assert_all_settled(lost)


@pytest.mark.sweep
async def test_engine_stopped_within_a_transaction_is_taken_over_from(lost: Bench) -> None:
    """Its open transaction keeps the epoch from moving until its connection is ended."""
    start = await lost.submit("start")
    lost.hosts.let(None)
    async with engine_process(lost.lab) as stopped:
        await lost.settled(start)
        stopped.signal(signal.SIGSTOP)
        with psycopg.connect(lost.lab.store.database_url, application_name="scidex-console engine") as stuck:
            stuck.execute("SELECT epoch FROM scidex_console.engine FOR SHARE")
            await until_true(lambda: _heartbeat_age(lost) > 1.2, "it has stalled")
            async with lost.engine_until_it_ends(take_over=True) as (engine, life):
                assert await lost.at_rest() is RunState.DONE
                engine.leave()
                await life
            with pytest.raises(psycopg.OperationalError):
                stuck.execute("SELECT 1")
        stopped.signal(signal.SIGCONT)
        assert await stopped.ended() == 1
    assert_all_settled(lost)


def _heartbeat_age(bench: Bench) -> float:
    rows = bench.lab.rows(
        "SELECT extract(epoch FROM now() - heartbeat_at)::float8 AS age FROM scidex_console.engine"
    )
    return float(rows[0]["age"])


async def _killed_again_and_again(bench: Bench, seed: int, kills: int) -> None:
    """Kill -9 the whole process group at random moments, each time another engine goes on."""
    chance = random.Random(seed)
    start = await bench.submit("start")
    settled: dict[str, str] = {}
    for _ in range(kills):
        async with engine_process(bench.lab) as engine:
            await engine.holds_the_store()
            await asyncio.sleep(chance.uniform(0.0, 1.2))
        for artifact_id, state in settled.items():
            assert bench.figures()[artifact_id] == state, "what is settled stays settled"
        settled = {i: state for i, state in bench.figures().items() if state in ("stored", "dead")}
    async with engine_process(bench.lab, "--until-idle") as engine:
        assert await engine.ended() == 0, engine.lines
    assert (await bench.intent(start)).state is IntentState.DONE
    assert bench.run_state() is RunState.DONE
    assert_all_settled(bench)
    _assert_nobody_was_asked_after_being_settled(bench)


def _assert_nobody_was_asked_after_being_settled(bench: Bench) -> None:
    """By the hosts' own log: of a settled figure, the attempt that settled it was the last."""
    attempts = bench.lab.rows(
        "SELECT artifact_id, url, started_at FROM scidex_console.fetch_attempt"
        " WHERE outcome IN ('stored', 'dead')"
    )
    assert len({row["artifact_id"] for row in attempts}) == len(attempts), "settled once"
    began = {row["url"]: row["started_at"].timestamp() - 0.01 for row in attempts}
    # Every attempt begins with a HEAD.
    late = [r.url for r in bench.asked() if r.method == "HEAD" and r.arrived >= began[r.url]]
    assert sorted(late) == sorted(began)


@pytest.mark.parametrize("seed", [1])
async def test_engine_killed_at_random_moments_loses_and_doubles_nothing(lost: Bench, seed: int) -> None:
    await _killed_again_and_again(lost, seed, kills=2)


@pytest.mark.sweep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(10))
async def test_engine_killed_ten_times_at_random_moments_loses_and_doubles_nothing(
    tmp_path: Path, scidex_database: str, seed: int
) -> None:
    urls = addresses(("a.example.org", 60), ("b.example.org", 60), ("dead.example.org", 20))
    async with bench(tmp_path, scidex_database, urls) as made:
        made.hosts.script.set_host("dead.example.org", Behaviour.NOT_FOUND)
        await _killed_again_and_again(made, seed, kills=10)
