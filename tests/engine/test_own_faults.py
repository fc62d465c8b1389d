"""Faults of the program itself: told aloud, confined, and not met again and again by every next engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from scidex_console.adapters.http.figure_source import HttpFigureSource
from scidex_console.adapters.postgres.housekeeping import PostgresHousekeeping
from scidex_console.domain.fetching import FetchOutcome
from scidex_console.domain.intents import Intent, IntentState
from scidex_console.domain.runs import RunState
from scidex_console.engine.store_orders import RowOrders
from tests.crash.checks import assert_sound
from tests.engine.bench import Bench, addresses, bench


@pytest.fixture
async def lost(tmp_path: Path, scidex_database: str) -> AsyncIterator[Bench]:
    async with bench(tmp_path, scidex_database, addresses(("a.example.org", 9))) as made:
        yield made


@pytest.mark.sweep
async def test_fault_in_a_handler_refuses_the_intent_and_ends_one_engine_only(
    lost: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def retry(_: RowOrders, intent: Intent) -> str:
        raise ZeroDivisionError("somebody divided")

    monkeypatch.setattr(RowOrders, "retry", retry)
    async with lost.engine_until_it_ends() as (_, life):
        refused = await lost.ask("retry", artifact_ids=["x"])
        assert refused.state is IntentState.REFUSED
        assert refused.outcome == "this program is at fault: ZeroDivisionError: somebody divided"
        with pytest.raises(ExceptionGroup) as ended:
            await asyncio.wait_for(life, 30)
        assert ended.group_contains(ZeroDivisionError)
    async with lost.engine():
        assert (await lost.ask("start")).state is IntentState.DONE
        assert await lost.at_rest() is RunState.DONE


@pytest.mark.sweep
async def test_figure_that_trips_the_program_halts_the_run_and_the_engine_lives(
    lost: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    odd = sorted(lost.lab.store.lost)[2]
    fetch = HttpFigureSource.fetch

    async def trips(source: HttpFigureSource, artifact_id: str, url: str, **how: bool) -> FetchOutcome:
        if artifact_id == odd:
            raise KeyError("what\x1b[31mever")
        return await fetch(source, artifact_id, url, **how)

    async with lost.engine():
        with monkeypatch.context() as patched:
            patched.setattr(HttpFigureSource, "fetch", trips)
            await lost.ask("start")
            assert await lost.at_rest() is RunState.HALTED
        reason = lost.run_row()["halt_reason"]
        assert reason.startswith("this program is at fault: KeyError") and odd in reason
        assert "\x1b" not in reason
        assert "Traceback" in caplog.text, "whoever mends it finds where"
        await lost.ask("resume")
        assert await lost.at_rest() is RunState.DONE
    assert lost.tally() == {"stored": len(lost.lab.store.lost)}
    assert_sound(lost.lab)


async def test_fault_in_a_duty_ends_the_engine_aloud_with_everything_it_began(
    lost: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing goes on half alive: drains, worker and listeners end with it."""

    async def fold_counters(_: Any) -> None:
        raise ZeroDivisionError("somebody divided")

    before = asyncio.all_tasks()
    async with lost.engine_until_it_ends() as (_, life):
        lost.hosts.let(3)
        await lost.ask("start")
        monkeypatch.setattr(PostgresHousekeeping, "fold_counters", fold_counters)
        with pytest.raises(ExceptionGroup) as ended:
            await asyncio.wait_for(life, 30)
        assert ended.group_contains(ZeroDivisionError)
    lost.hosts.let(None)
    left = {task for task in asyncio.all_tasks() - before if "drain" in task.get_name()}
    assert not left
    monkeypatch.undo()
    async with lost.engine():
        assert await lost.at_rest() is RunState.DONE
    assert_sound(lost.lab)
