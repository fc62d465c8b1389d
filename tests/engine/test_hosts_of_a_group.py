"""A control vouches for the hosts it came by, and for no other of its group."""

from __future__ import annotations

from pathlib import Path

from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.ports import AttemptFilter
from tests.crash.checks import assert_sound
from tests.engine.bench import addresses, bench, until_true

SURE, LYING = "sure.example.org", "lying.example.org"
GROUP = '[[fetch.groups]]\nname = "operator"\nhosts = ["*.example.org"]\nrate = 400.0\nin_flight = 4\n'
SETTINGS = {"confirm_without_control": '"second-pass"', "second_pass_after": '"1h"'}


async def test_a_host_that_says_gone_of_all_is_not_believed_for_the_sake_of_another_of_its_group(
    tmp_path: Path, scidex_database: str
) -> None:
    urls = addresses((SURE, 16), (LYING, 6))
    dead = {url: Behaviour.NOT_FOUND for url in urls if LYING in url or int(url[-9:-4]) % 4 == 3}
    async with bench(
        tmp_path, scidex_database, urls, behaviours=dict(dead), extra=GROUP, settings=SETTINGS
    ) as made:
        lost = made.lab.store.lost
        async with made.engine():
            await made.ask("start")
            await until_true(
                lambda: "a second answer" in made.run_row()["waits_on"] or made.run_state() is RunState.DONE,
                "nothing more can be decided",
            )
            states = made.figures()
            assert {states[name] for name, url in lost.items() if LYING in url} == {"suspected"}
            assert {states[name] for name, url in lost.items() if SURE in url} <= {
                "stored",
                "staged",
                "dead",
                "condemned",
            }
            asked = len(made.asked())
            for url in urls:
                if LYING in url:
                    made.hosts.script.set_url(url, Behaviour.IMAGE)
            preview = await made.readers.read.retry_preview(
                JobName.FIGURES, AttemptFilter(outcome="suspected")
            )
            await made.ask("retry", outcome="suspected", token=preview.token, reason="it is back")
            assert await made.at_rest() is RunState.DONE
            assert len(made.asked()) - asked < 40
        assert made.figures() == {
            name: "dead" if url in dead and SURE in url else "stored" for name, url in lost.items()
        }
        assert_sound(made.lab)
