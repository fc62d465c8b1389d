"""A real run, at a quick pace, takes the requests and the time that were forecast."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.domain.jobs import JobName
from scidex_console.domain.pacing.answers import Kind, Mix
from scidex_console.domain.pacing.forecast import Forecast, forecast
from scidex_console.domain.pacing.work import Work
from scidex_console.domain.runs import RunState
from tests.engine.bench import Bench, address, addresses, bench

BUSY, QUIET, GONE = "busy.example.org", "quiet.example.org", "gone.example.org"
WHAT_COMES = {
    BUSY: Mix({Kind.STORED: 1.0}, answer_s=0.02),
    QUIET: Mix({Kind.STORED: 1.0}, answer_s=0.02),
    GONE: Mix({Kind.GONE: 1.0}, answer_s=0.02),
}
_LATE_S = 30.0
"""How much longer a run may take on a machine that has other things to do."""


async def test_a_run_takes_the_requests_and_the_time_that_were_forecast(
    tmp_path: Path, scidex_database: str
) -> None:
    gone = [address(GONE, number) for number in range(6)]
    behaviours: dict[str, Behaviour | tuple[Behaviour, int]] = dict.fromkeys(gone, Behaviour.NOT_FOUND)
    settings = {"default_rate": "10.0", "confirm_without_control": '"at-once"'}
    urls = [*addresses((BUSY, 14), (QUIET, 4)), *gone]
    async with bench(tmp_path, scidex_database, urls, behaviours=behaviours, settings=settings) as made:
        async with made.engine():
            await made.ask("start")
            assert await made.at_rest() is RunState.DONE
        plan = await made.readers.read.plan(JobName.FIGURES, limit=1)
        told = _forecast(made)
        asked = [request for request in made.asked() if "robots.txt" not in request.url]
    assert plan.forecast is not None and plan.forecast.seconds == plan.forecast.rows == 0
    for group in told.groups:
        times = [request.arrived_ns / 1e9 for request in asked if request.host == group.group]
        # Where nothing comes, a row that has its file already may be tried as a control.
        tried = 1 if group.group == GONE else 0
        assert 0 <= len(times) - group.requests <= tried, group
        span = max(times) - min(times) + WHAT_COMES[group.group].answer_s
        assert group.seconds * 0.95 <= span <= group.seconds + _LATE_S, group


def _forecast(made: Bench) -> Forecast:
    rules = replace(made.lab.settings.pacing_rules(), robots=False)
    groups = made.lab.settings.fetch.host_groups()
    lost = list(made.lab.store.lost.values())
    works = [
        Work(
            groups.named(host),
            due=sum(f"//{host}/" in url for url in lost),
            mix=mix,
            paths=tuple(f"/figures/{number:05}.png" for number in range(40)),
        )
        for host, mix in WHAT_COMES.items()
    ]
    return forecast(works, rules, datetime.now(UTC))
