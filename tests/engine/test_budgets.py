"""Host groups in a whole engine: fair drains, holds that hinder nobody else, overrides that end."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise
from pathlib import Path

import pytest

from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.domain.intents import IntentState
from scidex_console.domain.runs import RunState
from tests.crash.checks import assert_sound
from tests.engine.bench import addresses, bench, until_true

HELD = "held.example.org"


@pytest.mark.sweep
async def test_held_host_does_not_stop_the_others_and_the_run_says_what_it_waits_for(
    tmp_path: Path, scidex_database: str
) -> None:
    others = [(f"h{n}.example.org", 3) for n in range(8)]
    async with bench(
        tmp_path, scidex_database, addresses((HELD, 3), *others), settings={"files": "50"}
    ) as made:
        made.hosts.script.set_host(HELD, Behaviour.RATE_LIMITED_SECONDS, 1)
        held = {i for i, url in made.lab.store.lost.items() if HELD in url}
        async with made.engine():
            await made.ask("start")

            def others_are_through() -> bool:
                states = made.figures()
                return bool(states) and all(
                    s in ("staged", "stored") for i, s in states.items() if i not in held
                )

            await until_true(others_are_through, "every other host is through")
            await until_true(lambda: made.run_row()["waits_on"] != "", "it says what it waits for")
            waits_on = made.run_row()["waits_on"]
            assert "behind a hold" in waits_on or "in back-off" in waits_on
            assert "due" in {made.figures()[i] for i in held}
            assert await made.at_rest() is RunState.DONE
        assert made.tally() == {"stored": len(made.lab.store.lost)}
        assert_sound(made.lab)


async def test_what_is_due_on_another_day_says_which(tmp_path: Path, scidex_database: str) -> None:
    days = {"back_off": '"48h"', "back_off_longest": '"48h"'}
    async with bench(tmp_path, scidex_database, addresses((HELD, 6)), settings=days) as made:
        made.hosts.script.set_host(HELD, Behaviour.UNAVAILABLE)
        async with made.engine():
            await made.ask("start")
            await until_true(lambda: "in back-off" in made.run_row()["waits_on"], "it says what it waits for")
            said = r"rows in back-off, the next is due \d\d-\d\d \d\d:\d\d UTC"
            assert re.fullmatch(said, made.run_row()["waits_on"])


async def test_a_hold_is_kept_before_the_next_heartbeat(tmp_path: Path, scidex_database: str) -> None:
    async with bench(tmp_path, scidex_database, addresses((HELD, 12))) as made:
        made.hosts.script.set_host(HELD, Behaviour.RATE_LIMITED_BARE)
        async with made.engine_until_it_ends(heartbeat_s=600.0):
            await made.ask("start")
            row = f"SELECT hold_until FROM scidex_console.host_state WHERE host_group = '{HELD}'"
            await until_true(lambda: any(found["hold_until"] for found in made.lab.rows(row)), "it is kept")


async def test_hosts_take_turns_instead_of_one_after_the_other(tmp_path: Path, scidex_database: str) -> None:
    hosts = [(f"h{n}.example.org", 4) for n in range(12)]
    async with bench(tmp_path, scidex_database, addresses(*hosts), settings={"files": "50"}) as made:
        made.hosts.let(0)
        async with made.engine():
            await made.ask("start")
            # Nobody has answered yet, and everybody is asked: no group waits for another.
            await until_true(lambda: made.hosts.at_the_door >= 12, "every host is asked")
            made.hosts.let(None)
            assert await made.at_rest() is RunState.DONE
        assert len({request.host for request in made.asked()}) == 12


@pytest.mark.sweep
async def test_override_holds_until_its_end_survives_a_restart_and_can_be_cleared(
    tmp_path: Path, scidex_database: str
) -> None:
    async with bench(tmp_path, scidex_database, addresses(("a.example.org", 6))) as made:
        row = "SELECT * FROM scidex_console.host_state WHERE host_group = 'a.example.org'"
        async with made.engine():
            await made.ask("step", count=1)
            lowered = await made.ask(
                "throttle", None, group="a.example.org", rate=2, in_flight=1, for_seconds=3600
            )
            assert lowered.state is IntentState.DONE
            assert lowered.outcome.startswith("a.example.org: 2 requests/s, 1 in flight until 20")
            state = made.lab.rows(row)[0]
            assert (state["rate"], state["in_flight_limit"], state["override_rate"]) == (2.0, 1, 2.0)
        until = made.lab.rows(row)[0]["override_until"]
        async with made.engine():
            await made.ask("step", count=2)
            state = made.lab.rows(row)[0]
            assert (state["rate"], state["in_flight_limit"]) == (2.0, 1)
            assert abs((state["override_until"] - until).total_seconds()) < 1
            arrived = sorted(r.arrived for r in made.asked())[-4:]
            assert all(later - earlier > 0.45 for earlier, later in pairwise(arrived))
            cleared = await made.ask("throttle", None, group="a.example.org", clear=True)
            assert cleared.outcome == "a.example.org has its configured budget again"
            # A heartbeat that was under way may write once more what it read before.
            await until_true(lambda: made.lab.rows(row)[0]["override_until"] is None, "it is on record")
            await made.ask("throttle", None, group="a.example.org", rate=1, for_seconds=1)
            assert made.lab.rows(row)[0]["rate"] == 1.0
            await asyncio.sleep(1.1)
            await until_true(lambda: made.lab.rows(row)[0]["rate"] == 100.0, "it ends by itself")
            await made.ask("resume")
            assert await made.at_rest() is RunState.DONE
        audit = made.lab.rows(
            "SELECT * FROM scidex_console.audit WHERE action = 'intent:throttle' ORDER BY id"
        )
        assert audit[0]["before"]["rate"] == 100.0 and audit[0]["after"]["result"]["rate"] == 2.0
