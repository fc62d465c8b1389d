"""A run under its operators' hands: started, paused, stepped, resumed, cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scidex_console.domain.errors import Held
from scidex_console.domain.intents import IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.wiring.engine import run_engine
from tests.crash.checks import assert_sound
from tests.engine.bench import FIGURES, Bench, addresses, bench, until_true

HOSTS = (("a.example.org", 9), ("b.example.org", 9), ("c.example.org", 4))
UNDER_WAY = 4
"""Requests under way at once at the least: two at each of the larger hosts."""


@pytest.fixture
async def lost(tmp_path: Path, scidex_database: str) -> AsyncIterator[Bench]:
    """Some twenty lost figures at three hosts."""
    patient = {"read_timeout": '"60s"', "deadline": '"90s"'}
    async with bench(tmp_path, scidex_database, addresses(*HOSTS), settings=patient) as made:
        yield made


async def busy(bench: Bench, *, after: int) -> None:
    """Let so many requests through; return when the next ones stand at the door."""
    bench.hosts.let(after)
    await until_true(lambda: bench.hosts.at_the_door >= UNDER_WAY, "requests under way")


async def noted(bench: Bench, state: RunState) -> None:
    """Return when the run is in this state and its worker, woken by that, has had the time to see it."""
    await until_true(lambda: bench.run_state() is state, f"the run {state}")
    await asyncio.sleep(0.3)


def assert_all_stored_once(bench: Bench) -> None:
    assert bench.tally() == {"stored": len(bench.lab.store.lost)}
    assert set(bench.asked_urls()) == set(bench.lab.store.lost.values())
    assert set(bench.asked_urls().values()) == {1}
    assert_sound(bench.lab)


@pytest.mark.sweep
async def test_started_run_ends_by_itself_when_nothing_is_left(lost: Bench) -> None:
    async with lost.engine():
        started = await lost.ask("start", reason="the spec says so")
        assert (started.state, started.outcome) == (IntentState.DONE, "run 1 started")
        assert await lost.at_rest() is RunState.DONE
    assert_all_stored_once(lost)
    assert lost.run_row()["reason"] == "the spec says so"
    assert lost.run_row()["finished_at"] is not None


async def test_run_pauses_behind_what_is_under_way_and_goes_on_where_it_was(lost: Bench) -> None:
    async with lost.engine():
        lost.hosts.let(0)
        await lost.ask("start")
        assert "already running" in (await lost.ask("start")).outcome
        await busy(lost, after=20)
        pause = await lost.submit("pause", reason="looks odd")
        await noted(lost, RunState.PAUSING)
        waiting = await lost.intent(pause)
        assert waiting.state is IntentState.WAITING
        assert waiting.waits_on == "the requests under way and the batch in hand"
        lost.hosts.let(None)
        paused = await lost.settled(pause)
        assert (paused.state, paused.outcome, paused.waits_on) == (IntentState.DONE, "run 1 is paused", "")
        tally, asked = lost.tally(), lost.asked_urls()
        assert 0 < tally["stored"] < len(lost.lab.store.lost)
        assert set(tally) == {"stored", "due"}, "what was prepared is flushed"
        assert sum(asked.values()) == tally["stored"], "what was under way is not lost"
        refused = await lost.ask("start")
        assert refused.state is IntentState.REFUSED and "resume it" in refused.outcome
        assert "run 1 is paused" in (await lost.ask("pause")).outcome
        assert lost.asked_urls() == asked, "nobody is asked while it is paused"
        assert (await lost.ask("resume")).outcome == "run 1 goes on"
        assert await lost.at_rest(RunState.DONE)
    assert_all_stored_once(lost)
    audit = lost.lab.rows("SELECT * FROM scidex_console.audit WHERE intent_id = %s", pause.id)
    assert [(row["action"], row["reason"], row["outcome"]) for row in audit] == [
        ("intent:pause", "looks odd", "done: run 1 is paused")
    ]
    assert (audit[0]["before"], audit[0]["after"]["result"]) == (
        {"run": 1, "state": "running"},
        {"run": 1, "state": "paused"},
    )
    assert audit[0]["origin"] and audit[0]["operator"] and audit[0]["authorization_ref"] == "lab 1"


@pytest.mark.sweep
async def test_step_attempts_exactly_so_many_rows_over_all_groups_then_pauses(lost: Bench) -> None:
    async with lost.engine():
        for total, count in ((7, 7), (8, 1), (15, 7)):
            stepped = await lost.ask("step", count=count)
            assert (stepped.state, stepped.outcome) == (IntentState.DONE, "run 1 is paused")
            assert sum(lost.asked_urls().values()) == total
            assert lost.tally()["stored"] == total, "the batch is flushed"
        assert len({request.host for request in lost.asked()}) == 3
        beyond = await lost.ask("step", count=500)
        assert (beyond.state, beyond.outcome) == (IntentState.DONE, "run 1 is done")
    assert_all_stored_once(lost)


@pytest.mark.sweep
async def test_step_of_batches_writes_so_many_and_leaves_nothing_over(lost: Bench) -> None:
    async with lost.engine():
        one = await lost.ask("step", count=1, cycle=True)
        assert (one.state, one.outcome) == (IntentState.DONE, "run 1 is paused")
        assert lost.tally() == {"stored": 5, "due": len(lost.lab.store.lost) - 5}
        assert len(lost.batches()) == 1
        await lost.ask("step", count=2, cycle=True)
        assert lost.tally()["stored"] == sum(lost.asked_urls().values()) == 15
        assert len(lost.batches()) == 3
        await lost.ask("resume")
        await lost.at_rest(RunState.DONE)
    assert_all_stored_once(lost)


@pytest.mark.sweep
async def test_cancelled_run_flushes_and_ends_and_another_may_start(lost: Bench) -> None:
    async with lost.engine():
        lost.hosts.let(0)
        await lost.ask("start")
        await busy(lost, after=14)
        cancel = await lost.submit("cancel", reason="wrong store")
        await noted(lost, RunState.CANCELLING)
        too_late = await lost.ask("resume")
        assert too_late.outcome == "a run that is cancelling cannot become running"
        lost.hosts.let(None)
        cancelled = await lost.settled(cancel)
        assert (cancelled.state, cancelled.outcome) == (IntentState.DONE, "run 1 is cancelled")
        assert set(lost.tally()) == {"stored", "due"}
        assert "run 1 is cancelled" in (await lost.ask("resume")).outcome
        assert (await lost.ask("start")).outcome == "run 2 started"
        assert await lost.at_rest() is RunState.DONE
    assert_all_stored_once(lost)


@pytest.mark.sweep
async def test_illegal_moves_are_refused_with_the_reason(lost: Bench) -> None:
    async with lost.engine():
        for action in ("pause", "resume", "cancel"):
            refused = await lost.ask(action)
            assert refused.state is IntentState.REFUSED
            assert "no run under way (there was none yet)" in refused.outcome
            assert "`scidex-console start figures` first" in refused.outcome
        for count in (0, -1, 100_001, "3", True, 1.5):
            assert "counts from 1" in (await lost.ask("step", count=count)).outcome
        lost.hosts.let(0)
        await lost.ask("start")
        stepping = await lost.ask("step", count=3)
        assert stepping.state is IntentState.REFUSED and "pause it first" in stepping.outcome
        assert "is running" in (await lost.ask("resume")).outcome
        lost.hosts.let(None)
        await lost.ask("pause")
        cancelled = await lost.ask("cancel")
        assert (cancelled.state, cancelled.outcome) == (IntentState.DONE, "run 1 is cancelled")


async def test_orders_for_a_job_nobody_runs_are_refused_at_once(idle: Bench) -> None:
    for action in ("start", "step", "pause", "resume", "cancel", "retry", "rollback", "redo"):
        refused = await idle.ask(action, JobName.FOLDERS)
        assert refused.state is IntentState.REFUSED
        assert refused.outcome == "this engine does not run folders, only figures"


@pytest.mark.sweep
async def test_pause_pressed_while_stepping_ends_both_and_loses_nothing(lost: Bench) -> None:
    async with lost.engine():
        lost.hosts.let(0)
        step = await lost.submit("step", count=17)
        await busy(lost, after=10)
        another = await lost.ask("step", count=3)
        assert another.state is IntentState.REFUSED and "is stepping" in another.outcome
        pause = await lost.submit("pause")
        await noted(lost, RunState.PAUSING)
        lost.hosts.let(None)
        assert (await lost.settled(pause)).outcome == "run 1 is paused"
        assert (await lost.settled(step)).outcome == "run 1 is paused"
        assert sum(lost.asked_urls().values()) == lost.tally()["stored"] < 17
        await lost.ask("resume")
        await lost.at_rest(RunState.DONE)
    assert_all_stored_once(lost)


@pytest.mark.sweep
async def test_resume_overtakes_a_pause_that_has_not_come_about(lost: Bench) -> None:
    async with lost.engine():
        lost.hosts.let(0)
        await lost.ask("start")
        await busy(lost, after=4)
        pause = await lost.submit("pause")
        await noted(lost, RunState.PAUSING)
        assert (await lost.ask("resume")).outcome == "run 1 goes on"
        overtaken = await lost.settled(pause)
        assert overtaken.state is IntentState.REFUSED
        assert overtaken.outcome == "overtaken: run 1 is running again"
        lost.hosts.let(None)
        assert await lost.at_rest() is RunState.DONE
    assert_all_stored_once(lost)


@pytest.mark.sweep
async def test_cancelled_step_stops_and_cancelled_pause_says_it_came_too_late(lost: Bench) -> None:
    async with lost.engine():
        lost.hosts.let(0)
        step = await lost.submit("step", count=17)
        await busy(lost, after=10)
        await lost.readers.desk.cancel(step.id)
        called_off = await lost.settled(step)
        assert called_off.state is IntentState.CANCELLED
        assert called_off.outcome == "withdrawn: the run pauses after what is in hand"
        lost.hosts.let(None)
        assert await lost.at_rest() is RunState.PAUSED
        assert sum(lost.asked_urls().values()) == lost.tally()["stored"] < 17
        lost.hosts.let(0)
        await lost.ask("resume")
        await until_true(lambda: lost.hosts.at_the_door > 0, "a request under way")
        pause = await lost.submit("pause")
        await noted(lost, RunState.PAUSING)
        await lost.readers.desk.cancel(pause.id)
        outcome = (await lost.settled(pause)).outcome
        assert outcome == "withdrawn too late: the run pauses all the same; resume it"
        lost.hosts.let(None)
        assert await lost.at_rest() is RunState.PAUSED


async def test_the_same_asked_twice_has_one_effect_and_both_names(lost: Bench) -> None:
    dropped = await lost.submit("step")
    await lost.readers.desk.cancel(dropped.id)
    first = await lost.submit("start", reason="mine")
    lost.lab.rows(
        "SELECT * FROM scidex_console.submit_intent('start', 'figures', '{}', 'ssh 10.0.0.9', '', '1')"
    )
    again = await lost.intent(first)
    assert [name.split(" from ")[1] for name in again.also_by] == ["ssh 10.0.0.9"]
    async with lost.engine():
        assert (await lost.settled(first)).outcome == "run 1 started"
        await lost.at_rest()
    assert len(lost.lab.rows("SELECT 1 FROM scidex_console.run")) == 1
    (audit,) = lost.lab.rows("SELECT operator FROM scidex_console.audit WHERE action = 'intent:start'")
    assert audit["operator"].endswith("from ssh 10.0.0.9")
    # Cancelled before anybody took it up: it never was.
    assert (await lost.settled(dropped)).outcome == "nothing was done"


async def test_intents_left_open_are_settled_by_the_next_engine(lost: Bench) -> None:
    start = await lost.submit("start")
    async with lost.engine_until_it_ends() as (_, life):
        lost.hosts.let(0)
        await lost.settled(start)
        await busy(lost, after=8)
        pause = await lost.submit("pause")
        await noted(lost, RunState.PAUSING)
        life.cancel()
    lost.hosts.let(None)
    cancel = await lost.submit("cancel", reason="late")
    async with lost.engine():
        assert (await lost.settled(pause)).state is IntentState.DONE
        assert (await lost.settled(cancel)).outcome == "run 1 is cancelled"
    assert lost.run_state() is RunState.CANCELLED
    assert_sound(lost.lab)


@pytest.mark.sweep
async def test_step_goes_on_after_an_engine_was_cut_off_and_counts_on(lost: Bench) -> None:
    async with lost.engine_until_it_ends() as (_, life):
        lost.hosts.let(0)
        step = await lost.submit("step", count=12)
        await busy(lost, after=10)
        life.cancel()
    done = lost.lab.rows("SELECT count(*) AS n FROM scidex_console.fetch_attempt")[0]["n"]
    assert lost.run_row()["steps_left"] == 12 - done > 0
    lost.hosts.let(None)
    async with lost.engine():
        assert (await lost.settled(step)).outcome == "run 1 is paused"
    assert lost.tally()["stored"] == 12
    assert lost.lab.rows("SELECT count(*) AS n FROM scidex_console.fetch_attempt")[0]["n"] == 12
    assert_sound(lost.lab)


async def test_step_called_off_while_no_engine_runs_is_not_taken_up_again(lost: Bench) -> None:
    async with lost.engine_until_it_ends() as (_, life):
        lost.hosts.let(0)
        step = await lost.submit("step", count=12)
        await busy(lost, after=6)
        life.cancel()
    await lost.readers.desk.cancel(step.id)
    lost.hosts.let(None)
    async with lost.engine():
        assert (await lost.settled(step)).state is IntentState.CANCELLED
        await lost.at_rest(RunState.PAUSED)
    assert_sound(lost.lab)


@pytest.mark.sweep
async def test_leaving_engine_flushes_and_the_next_one_goes_on(lost: Bench) -> None:
    lost.hosts.let(0)
    async with lost.engine() as engine:
        await lost.ask("start")
        await busy(lost, after=16)
        engine.leave()
        await asyncio.sleep(0.3)
        lost.hosts.let(None)
    tally = lost.tally()
    assert lost.run_state() is RunState.RUNNING
    assert set(tally) == {"stored", "due"} and sum(lost.asked_urls().values()) == tally["stored"]
    # With nothing else to do the next engine leaves once the run is over.
    assert await run_engine(lost.lab.settings, FIGURES, until_idle=True) == 0
    assert lost.run_state() is RunState.DONE
    assert_all_stored_once(lost)


@pytest.fixture
async def idle(tmp_path: Path, scidex_database: str) -> AsyncIterator[Bench]:
    """An engine with hardly anything to do."""
    async with (
        bench(tmp_path, scidex_database, addresses(("a.example.org", 5))) as made,
        made.engine(jobs=FIGURES),
    ):
        yield made


async def test_intents_that_make_no_sense_are_refused_and_the_engine_lives_on(idle: Bench) -> None:
    submit = "SELECT * FROM scidex_console.submit_intent(%s, %s, %s::jsonb, 'tty', '', '1')"
    nonsense = [
        ("defrost", "figures", "{}"),
        ("start", "attic", "{}"),
        ("start", None, "{}"),
        ("retry", "figures", "{}"),
        ("retry", "figures", '{"artifact_ids": 7}'),
        ("retry", "figures", '{"artifact_ids": [{}]}'),
        ("retry", "figures", '{"artifact_ids": ["nobody"]}'),
        ("retry", "figures", '{"token": "x", "since": "yesterday-ish"}'),
        ("rollback", "figures", '{"batch": "one"}'),
        ("rollback", "figures", '{"batch": 99999999999999999999}'),
        ("rollback", "figures", '{"batch": true}'),
        ("redo", "figures", "{}"),
        ("throttle", None, "{}"),
        ("throttle", None, '{"group": "nobody.example.org", "rate": 1}'),
        ("throttle", None, '{"group": "a.example.org"}'),
        ("throttle", None, '{"group": "europepmc"}'),
        ("throttle", None, '{"group": "europepmc", "rate": "fast"}'),
        ("throttle", None, '{"group": "europepmc", "rate": 1, "for_seconds": "long"}'),
        ("throttle", None, '{"group": "europepmc", "in_flight": 0.5}'),
    ]
    for asked in nonsense:
        idle.lab.rows(submit, *asked)
    await idle.ask("start")
    assert await idle.at_rest() is RunState.DONE
    rows = idle.lab.rows(
        "SELECT * FROM scidex_console.intent WHERE action <> 'start' OR job IS DISTINCT FROM 'figures'"
    )
    assert len(rows) == len(nonsense)
    assert {row["state"] for row in rows} == {"refused"}
    assert all(row["outcome"] and "fault" not in row["outcome"] for row in rows)
    assert "does not know" in next(row["outcome"] for row in rows if row["action"] == "defrost")


async def test_second_engine_is_told_who_holds_the_store_and_changes_nothing(idle: Bench) -> None:
    before = idle.lab.rows("SELECT epoch, holder FROM scidex_console.engine")
    with pytest.raises(Held, match=r"held by \d+@\S+ since 20"):
        async with asyncio.timeout(10), idle.engine():
            pass
    assert idle.lab.rows("SELECT epoch, holder FROM scidex_console.engine") == before
    assert (await idle.ask("start")).state is IntentState.DONE
