"""Figures that have moved come back from where they are: those found dead, and those marked before."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.intents import Intent, IntentState
from scidex_console.domain.runs import RunState
from scidex_console.settings import load_settings
from scidex_console.wiring.rescue import try_rescue
from tests.crash.checks import assert_sound
from tests.engine.bench import addresses, bench, until_true

OLD, NEW = "old.example.org", "new.example.org"
RULES = rf"""[{{name = "moved", pattern = 'http://{OLD}/(.*)', template = 'http://{NEW}/\1'}}]"""


async def test_marked_and_dead_figures_are_brought_back_and_say_from_where(
    tmp_path: Path, scidex_database: str
) -> None:
    urls = addresses((OLD, 8))
    async with bench(
        tmp_path, scidex_database, urls, settings={"rescue_rules": RULES, "files": "50"}
    ) as made:
        script = made.hosts.script
        script.set_host(OLD, Behaviour.NOT_FOUND)
        script.set_host(NEW, Behaviour.IMAGE)
        script.set_url(urls[-1].replace(OLD, NEW), Behaviour.NOT_FOUND)
        async with made.engine():
            await made.ask("step", count=3)
        assert made.tally()["dead"] == 3, "the rules are off: three are marked"
        await _a_sample_tells_how_many_live(made.lab.config, len(urls))
        made.lab.config.write_text(made.lab.config.read_text().replace("rescue = false", "rescue = true"))
        made = replace(made, lab=replace(made.lab, settings=load_settings(made.lab.config, environ={})))
        async with made.engine():
            await made.ask("resume")
            assert await made.at_rest() is RunState.DONE
        asked = len(made.asked())
        async with made.engine():
            await made.ask("start")
            assert await made.at_rest() is RunState.DONE
        assert len(made.asked()) == asked, "what was tried in vain is not tried again by the same rules"
        for artifact_id, url in made.lab.store.lost.items():
            metadata = made.artifact(artifact_id)["metadata"]
            assert metadata["image_url"] == url, "the recorded address stays"
            if url == urls[-1]:
                assert metadata["image_unavailable"] is True and "file_sha256" not in metadata
            else:
                assert metadata["image_url_resolved"] == url.replace(OLD, NEW)
                assert metadata["image_url_resolved_by"] == "moved"
                assert metadata["file_sha256"] and not metadata.keys() & {"image_unavailable", "image_404_at"}
        assert_sound(made.lab)


async def _a_sample_tells_how_many_live(config: Path, most: int) -> None:
    trial = await try_rescue(load_settings(config, environ={}), sample=2, tell=list[Intent]().append)
    assert (trial.tried, len(trial.tries)) == (2, 2) and 2 <= trial.matching <= most
    assert {one.rule for one in trial.tries} == {"moved"}
    assert trial.live == sum(one.outcome is FetchClass.STORED for one in trial.tries)


async def test_a_trial_without_an_engine_gives_signs_of_life(tmp_path: Path, scidex_database: str) -> None:
    """Nobody takes over from it, to spend the same budgets once more."""
    settings = {"rescue_rules": RULES, "heartbeat": '"100ms"\nstalled_after = "1s"'}
    async with bench(tmp_path, scidex_database, addresses((OLD, 8)), settings=settings) as made:
        made.hosts.script.set_host(OLD, Behaviour.NOT_FOUND)
        made.hosts.script.set_host(NEW, Behaviour.IMAGE)
        async with made.engine():
            await made.ask("start")
            assert await made.at_rest() is RunState.DONE
        made.hosts.let(0)
        configured = load_settings(made.lab.config, environ={})
        trial = asyncio.create_task(try_rescue(configured, sample=1, tell=list[Intent]().append))
        await until_true(lambda: made.hosts.at_the_door > 0, "something is asked")
        beats = "SELECT heartbeat_at FROM scidex_console.engine"
        first = made.lab.rows(beats)
        await until_true(lambda: made.lab.rows(beats) != first, "it gives a sign of life")
        made.hosts.let(None)
        assert (await trial).live == 1


@pytest.mark.sweep
async def test_an_engine_at_work_tries_the_sample_itself_within_its_budgets(
    tmp_path: Path, scidex_database: str
) -> None:
    urls = addresses((OLD, 8))
    settings = {"rescue_rules": RULES, "default_rate": "5.0", "max_attempts": "1"}
    async with bench(tmp_path, scidex_database, urls, settings=settings) as made:
        made.hosts.script.set_host(OLD, Behaviour.NOT_FOUND)
        made.hosts.script.set_host(NEW, Behaviour.IMAGE)
        async with made.engine():
            await made.ask("step", count=4)
            configured, told = load_settings(made.lab.config, environ={}), list[Intent]()
            # Two people at once, while the run goes on: whoever asks, it is one budget.
            trials = await asyncio.gather(
                try_rescue(configured, sample=3, tell=told.append),
                try_rescue(configured, sample=4, tell=told.append),
                made.ask("resume"),
            )
            refused = await made.ask("rescue", sample=0)
            assert refused.state is IntentState.REFUSED and "1 to 200" in refused.outcome
        sent = sorted(one.arrived_ns / 1e9 for one in made.asked() if one.host == NEW)
        audit = made.lab.rows("SELECT * FROM scidex_console.audit WHERE action = 'intent:rescue'")
    assert [(one.tried, one.live) for one in trials[:2]] == [(3, 3), (4, 4)]
    assert {one.id for one in told} == {row["intent_id"] for row in audit[:2]}
    assert any(one.waits_on.endswith("tried so far") for one in told), "whoever asks is told how far it is"
    assert all(row["after"]["result"]["tries"] for row in audit[:2]), "what was found is on record"
    assert sum(one.method == "GET" and one.host == NEW for one in made.asked()) >= 7
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert min(gaps) > 0.15, "5 requests a second, of all of them together"
