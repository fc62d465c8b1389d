"""A host that answers 404 for everything marks nothing; one whose control comes is believed."""

from __future__ import annotations

from pathlib import Path

from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.domain.runs import RunState
from tests.crash.checks import assert_sound
from tests.engine.bench import addresses, bench, until_true

SURE = "sure.example.org"
LONE = "lone.example.org"
PROOFS = """
    SELECT p.proof, f.host_group, count(*) AS n FROM scidex_console.death_proof AS p
    JOIN scidex_console.figure AS f USING (artifact_id) WHERE f.state = 'dead' GROUP BY 1, 2
"""


async def test_marks_follow_a_passing_control_or_a_second_answer(
    tmp_path: Path, scidex_database: str
) -> None:
    urls = addresses((SURE, 8), (LONE, 4))
    dead = dict.fromkeys([url for url in urls if LONE in url or int(url[-9:-4]) >= 2], Behaviour.NOT_FOUND)
    async with bench(
        tmp_path,
        scidex_database,
        urls,
        behaviours=dead,  # type: ignore[arg-type]
        settings={"confirm_without_control": '"second-pass"'},
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
        checks = made.lab.rows("SELECT result, host_group FROM scidex_console.control_check")
        assert {"passed"} == {row["result"] for row in checks if row["host_group"] == SURE}
        assert_sound(made.lab)


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
