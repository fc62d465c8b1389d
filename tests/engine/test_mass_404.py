"""A host that answers 404 for everything marks nothing; one whose control comes is believed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.domain.runs import RunState
from tests.crash.checks import assert_sound
from tests.engine.bench import addresses, bench, until_true
from tests.samples import sample

SURE = "sure.example.org"
LONE = "lone.example.org"
PROOFS = """
    SELECT p.proof, f.host_group, count(*) AS n FROM scidex_console.death_proof AS p
    JOIN scidex_console.figure AS f USING (artifact_id) WHERE f.state = 'dead' GROUP BY 1, 2
"""


EVIDENCE = """
    SELECT a.*, p.proof, c.hops AS control_hops FROM scidex_console.fetch_attempt AS a
    LEFT JOIN scidex_console.death_proof AS p ON p.attempt_id = a.id
    LEFT JOIN scidex_console.control_check AS c ON c.id = p.control_id WHERE a.requests > 0
"""


def _evidence_is_kept(attempts: list[dict[str, Any]]) -> None:
    for attempt in attempts:
        hops = attempt["hops"]
        assert len(hops) == attempt["requests"]
        assert hops[-1]["status"] == attempt["status"] and "date: " in hops[-1]["said"]
        assert any(hop["url"] == attempt["url"] for hop in hops)
    controlled = [attempt["control_hops"] for attempt in attempts if attempt["proof"] == "control"]
    assert controlled and all(hops[-1]["status"] == 200 for hops in controlled)


async def test_marks_follow_a_passing_control_or_a_second_answer(
    tmp_path: Path, scidex_database: str
) -> None:
    urls = addresses((SURE, 12), (LONE, 4))
    dead = dict.fromkeys([url for url in urls if LONE in url or int(url[-9:-4]) % 2], Behaviour.NOT_FOUND)
    async with bench(
        tmp_path,
        scidex_database,
        urls,
        behaviours=dead,  # type: ignore[arg-type]
        settings={"confirm_without_control": '"second-pass"', "second_pass_after": '"4s"'},
    ) as made:
        async with made.engine():
            await made.ask("start")
            assert await made.at_rest() is RunState.DONE
        proofs = {row["host_group"]: row["proof"] for row in made.lab.rows(PROOFS)}
        assert proofs == {SURE: "control", LONE: "second-pass"}
        asked = made.asked_urls()
        for artifact_id, state in made.figures().items():
            url = made.lab.store.lost[artifact_id]
            assert state == ("dead" if url in dead else "stored")
            assert asked[url] == 2 or LONE not in url
        _evidence_is_kept(made.lab.rows(EVIDENCE))
        checks = made.lab.rows("SELECT result, host_group FROM scidex_console.control_check")
        assert {"passed"} == {row["result"] for row in checks if row["host_group"] == SURE}
        assert_sound(made.lab)


@pytest.mark.sweep
async def test_a_host_that_turns_to_404_for_all_marks_nothing_and_is_left_alone(
    tmp_path: Path, scidex_database: str
) -> None:
    urls = addresses((SURE, 12))
    async with bench(tmp_path, scidex_database, urls, settings={"max_attempts": "2"}) as made:
        async with made.engine():
            await made.ask("step", count=3)
            made.hosts.script.set_host(SURE, Behaviour.NOT_FOUND)
            await made.ask("resume")
            row = f"SELECT * FROM scidex_console.host_state WHERE host_group = '{SURE}'"
            await until_true(
                lambda: "control image" in made.lab.rows(row)[0]["hold_cause"],
                "the breaker says why it is open",
            )
            assert made.tally()["dead"] == made.tally()["condemned"] == 0
            discarded = "SELECT * FROM scidex_console.fetch_attempt WHERE reason LIKE '%did not come%'"
            assert {row["outcome"] for row in made.lab.rows(discarded)} == {"transient"}
            made.hosts.script.set_host(SURE, Behaviour.IMAGE)
            assert await made.at_rest() is RunState.DONE
        assert made.tally() == {"stored": len(made.lab.store.lost)}
        marked = made.lab.rows("SELECT count(*) AS n FROM artifacts WHERE metadata ? 'image_unavailable'")
        assert marked[0]["n"] == 0
        assert_sound(made.lab)


@pytest.mark.parametrize(
    ("answers", "killed"),
    sample((4, True), (2, False), (4, False), (9, False)),
)
async def test_an_outage_between_two_controls_marks_no_living_figure_and_the_dead_ones_in_the_end(
    tmp_path: Path, scidex_database: str, answers: int, killed: bool
) -> None:
    urls = addresses((SURE, 40))
    dead = dict.fromkeys(urls[30:], Behaviour.NOT_FOUND)
    settings = {"second_pass_after": '"1h"', "files": "100"}
    async with bench(
        tmp_path,
        scidex_database,
        urls,
        behaviours=dead,  # type: ignore[arg-type]
        settings=settings,
    ) as made:
        async with made.engine_until_it_ends() as (engine, life):
            await made.ask("step", count=10)
            made.hosts.script.set_host(SURE, Behaviour.NOT_FOUND)
            made.hosts.let(2 * answers)  # HEAD and GET
            before = len(made.asked())
            await made.ask("resume")
            await until_true(
                lambda: made.hosts.at_the_door > 0 and len(made.asked()) >= before + 2 * answers,
                "the outage is over",
            )
            made.hosts.script.set_host(SURE, Behaviour.IMAGE)
            if not killed:
                made.hosts.let(None)
                assert await made.at_rest() is RunState.DONE
                engine.leave()
                await life
        if killed:
            made.hosts.let(None)
            async with made.engine():
                assert await made.at_rest() is RunState.DONE
        lost = made.lab.store.lost
        said_gone = made.lab.rows(
            "SELECT DISTINCT url FROM scidex_console.fetch_attempt WHERE outcome = 'dead'"
        )
        assert {row["url"] for row in said_gone} - set(dead), "there was an outage"
        assert made.figures() == {name: "dead" if url in dead else "stored" for name, url in lost.items()}
        proofs = made.lab.rows("SELECT DISTINCT proof FROM scidex_console.death_proof")
        assert [row["proof"] for row in proofs] == ["control"]
        assert_sound(made.lab)
