"""Every host is down, the clock jumps, rows change or go while they are asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scidex_console.adapters.system.clock import SystemClock
from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.domain.intents import IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.ports import AttemptFilter
from scidex_console.wiring.held_store import HeldStore
from tests.crash.checks import assert_sound
from tests.engine.bench import Bench, addresses, bench, until_true
from tests.samples import sample

HOSTS = (("a.example.org", 6), ("b.example.org", 6), ("dead.example.org", 4))


@pytest.fixture
async def lost(tmp_path: Path, scidex_database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """A dozen lost figures, a few of them dead; and a worker that looks often whether a hold is over."""
    monkeypatch.setattr("scidex_console.engine.shift.LOOK_S", 0.1)
    brisk = {
        "back_off": '"100ms"',
        "back_off_longest": '"200ms"',
        "breaker_first": '"50ms"',
        "breaker_longest": '"100ms"',
        "files": "6",
    }
    async with bench(tmp_path, scidex_database, addresses(*HOSTS), settings=brisk) as made:
        made.hosts.script.set_host("dead.example.org", Behaviour.NOT_FOUND)
        yield made


def dead_ids(bench: Bench) -> set[str]:
    return {i for i, url in bench.lab.store.lost.items() if "dead." in url}


@pytest.mark.parametrize("trouble", sample("503", "silent", "down"))
async def test_nothing_is_marked_dead_while_no_host_answers_as_it_should(lost: Bench, trouble: str) -> None:
    before = lost.artifacts()
    if trouble != "down":
        behaviour = Behaviour.CONNECTION_RESET if trouble == "silent" else Behaviour.UNAVAILABLE
        for host, _ in HOSTS:
            lost.hosts.script.set_host(host, behaviour)
    else:
        await lost.hosts.stop_listening()
    async with lost.engine():
        await lost.ask("start")
        assert await lost.at_rest() is RunState.DONE
        assert lost.tally() == {"transient": len(lost.lab.store.lost)}
        assert lost.artifacts() == before, "no row is touched"
        opened = lost.lab.rows("SELECT max(breaker_openings) AS n FROM scidex_console.host_state")[0]["n"]
        assert opened > 0, "hosts that fail are left alone for a while"
        for host, _ in HOSTS:
            lost.hosts.script.set_host(host, Behaviour.IMAGE)
        lost.hosts.script.set_host("dead.example.org", Behaviour.NOT_FOUND)
        if trouble == "down":
            await lost.hosts.listen()
        everything = await lost.readers.read.retry_preview(JobName.FIGURES, AttemptFilter())
        retried = await lost.ask("retry", token=everything.token, reason="they are back")
        assert retried.outcome.startswith(f"{len(lost.lab.store.lost)} rows are due again; start a run")
        await lost.ask("start")
        assert await lost.at_rest() is RunState.DONE
    assert {i for i, state in lost.figures().items() if state == "dead"} == dead_ids(lost)
    assert lost.tally()["stored"] == len(lost.lab.store.lost) - len(dead_ids(lost))
    assert_sound(lost.lab)


class Jumping(SystemClock):
    """A wall clock that somebody sets while we look at it."""

    def __init__(self) -> None:
        self.off = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off


@pytest.mark.sweep
async def test_jumps_of_the_wall_clock_hold_nothing_up(lost: Bench) -> None:
    clock = Jumping()

    def seal(held: HeldStore) -> HeldStore:
        return replace(held, clock=clock)

    for host in ("a.example.org", "b.example.org"):
        lost.hosts.script.set_host(host, Behaviour.SERVER_ERROR, 2)
    lost.hosts.script.set_url(next(iter(dead_urls(lost))), Behaviour.RATE_LIMITED_SECONDS, 1)
    async with lost.engine(seal=seal):
        clock.off = timedelta(days=400)
        lost.hosts.let(10)
        await lost.ask("start")
        await until_true(lambda: lost.hosts.at_the_door >= 4, "requests under way")
        clock.off = timedelta(days=-400)
        lost.hosts.let(None)
        await until_true(lambda: len(lost.asked()) > 20, "more requests")
        clock.off = timedelta(days=4000)
        latest = lost.lab.rows("SELECT max(due_at) - now() AS wait FROM scidex_console.figure")[0]["wait"]
        assert latest is None or latest < timedelta(minutes=5), "no row is put off for years"
        assert await lost.at_rest() is RunState.DONE
    assert set(lost.figures().values()) == {"stored", "dead"}
    took = lost.lab.rows(
        "SELECT min(took_ms) AS least, max(took_ms) AS most FROM scidex_console.fetch_attempt"
    )[0]
    assert 0 <= took["least"] <= took["most"] < 60_000
    assert_sound(lost.lab)


def dead_urls(bench: Bench) -> set[str]:
    return {bench.lab.store.lost[i] for i in dead_ids(bench)}


@pytest.mark.sweep
async def test_row_that_got_a_file_while_it_waited_for_its_batch_is_left_alone(lost: Bench) -> None:
    """Somebody mends a row by hand after we fetched its figure, and another one whose address is dead."""
    theirs = lost.lab.store.artifacts / "figures" / "mended.png"
    async with lost.engine_until_it_ends(batch_files=50, batch_marks=50) as (_, life):
        lost.hosts.let(8)
        await lost.ask("start")

        def some_are_prepared() -> bool:
            tally = lost.tally()
            if tally["staged"] > 2 and tally["condemned"] > 0:
                lost.hosts.let(0)
                return True
            if (
                lost.hosts.at_the_door > 0
            ):  # a control image may be among them, without which none is condemned
                lost.hosts.let(1)
            return False

        await until_true(some_are_prepared, "some are prepared")
        await until_true(lambda: lost.hosts.at_the_door > 0, "requests under way")
        life.cancel()
    lost.hosts.let(None)
    by_state = {state: i for i, state in lost.figures().items()}
    mended = [by_state["staged"], by_state["condemned"]]
    theirs.write_bytes(b"theirs")
    recorded = f"{lost.lab.store.submodule}/figures/mended.png"
    gone = next(i for i, state in lost.figures().items() if state == "staged" and i not in mended)
    lost.lab.rows("UPDATE artifacts SET file_path = %s WHERE id = ANY(%s)", recorded, mended)
    lost.lab.rows("DELETE FROM artifacts WHERE id = %s", gone)
    rows = [lost.artifact(i) for i in mended]
    async with lost.engine():
        assert await lost.at_rest() is RunState.DONE
        assert [lost.artifact(i) for i in mended] == rows, "their edit wins"
        assert not {*mended, gone} & lost.figures().keys()
        assert set(lost.tally()) == {"stored", "dead"}
        tracked = lost.lab.git("ls-files")
        assert not any(i in tracked for i in (*mended, gone)), "and no file of ours is left beside it"
    async with lost.engine():  # clears away what nobody needs
        assert (await lost.ask("pause")).state is IntentState.REFUSED
    theirs.unlink()
    lost.lab.rows("UPDATE artifacts SET file_path = NULL WHERE id = ANY(%s)", mended)
    assert_sound(lost.lab)


@pytest.mark.sweep
async def test_rows_deleted_while_they_were_prepared_hold_nothing_up(lost: Bench) -> None:
    """As many as two batches could hold: they must not take the others' places."""
    async with lost.engine_until_it_ends(batch_files=50, batch_marks=50) as (_, life):
        lost.hosts.let(20)
        await lost.ask("start")
        await until_true(lambda: lost.hosts.at_the_door >= 2, "requests under way")
        life.cancel()
    lost.hosts.let(None)
    gone = [i for i, state in lost.figures().items() if state in ("staged", "condemned")]
    assert len(gone) > 4
    lost.lab.rows("DELETE FROM artifacts WHERE id = ANY(%s)", gone)
    async with lost.engine(batch_files=2, batch_marks=2):
        assert await lost.at_rest() is RunState.DONE
        left = lost.figures()
        assert not set(gone) & left.keys()
        assert set(left.values()) <= {"stored", "dead"} and left
    assert_sound(lost.lab)
