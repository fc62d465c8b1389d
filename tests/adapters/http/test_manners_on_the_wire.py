"""Budgets as the server sees them: over HEAD, GET, redirects, retries and holds, by the hosts' own log.

The spacing is wider than the product's, so that a busy machine's jitter cannot decide; what is tested is that
every wire request takes its turn with the right group. The exact pace is tested in virtual time.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scidex_console.demo.hosts.answers import Timing
from scidex_console.demo.hosts.budget_check import check_budgets
from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.demo.hosts.server import FigureHosts
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.hosts import HostGroup, HostGroups, Override
from tests.adapters.http.fetching import fetching

GROUPS = [
    HostGroup("plos", ("www.plosone.org", "journals.plos.org"), 20.0, 3),
    HostGroup("ncbi", ("*.ncbi.nlm.nih.gov",), 20.0, 2),
]
MIX = [
    Behaviour.IMAGE,
    Behaviour.NOT_FOUND,
    Behaviour.HEAD_FORBIDDEN,
    Behaviour.REDIRECT_HOST,
    Behaviour.CONNECTION_RESET,
    Behaviour.SLOW_BODY,
]


async def test_no_window_and_no_hold_is_violated_by_any_kind_of_request(tmp_path: Path) -> None:
    timing = Timing(latency=0.06, hold=1, stall=0.4, slow_body=0.5)
    async with (
        FigureHosts(tmp_path / "hosts", timing=timing) as hosts,
        fetching(
            tmp_path,
            http_port=hosts.http_port,
            https_port=hosts.https_port,
            ca_file=hosts.ca_file,
            groups=GROUPS,
            spacing=1.5,
        ) as world,
    ):
        urls = []
        for number, behaviour in enumerate(MIX * 2):
            for host in ("www.plosone.org", "journals.plos.org", "www.ncbi.nlm.nih.gov"):
                scheme = "https" if number % 2 else "http"
                urls.append(f"{scheme}://{host}/{number}.png")
                hosts.script.set_url(urls[-1], behaviour)
        hosts.script.set_url("http://journals.plos.org/6.png", Behaviour.RATE_LIMITED_SECONDS)
        hosts.script.set_url("https://www.ncbi.nlm.nih.gov/5.png", Behaviour.RATE_LIMITED_DATE)
        outcomes = await asyncio.gather(*(world.fetch(url, f"f{number}") for number, url in enumerate(urls)))
        log = hosts.log.read()
    groups = HostGroups(GROUPS)
    findings = {finding.group: finding for finding in check_budgets(log, groups.of_host)}
    assert {"plos", "ncbi"} <= set(findings)
    for name in ("plos", "ncbi"):
        assert findings[name].clean, findings[name]
        assert findings[name].holds >= 1, "a busy machine may be asked for quiet once more; it is kept, too"
        assert findings[name].max_in_flight > 1
    assert sum(outcome.requests for outcome in outcomes) == len(log)
    assert sum(outcome.outcome is FetchClass.STORED for outcome in outcomes) >= 20


async def test_an_operators_override_reaches_the_wire(tmp_path: Path) -> None:
    timing = Timing(latency=0.0, hold=1, stall=0.4, slow_body=0.3)
    group = replace(GROUPS[1], in_flight=4)
    async with (
        FigureHosts(tmp_path / "hosts", timing=timing) as hosts,
        fetching(tmp_path, http_port=hosts.http_port, groups=[group], probe="get") as world,
    ):
        hosts.script.set_host("www.ncbi.nlm.nih.gov", Behaviour.SLOW_BODY)
        until = datetime.now(UTC) + timedelta(hours=1)
        world.gates.set_override("ncbi", Override(200.0, 1, until, "ada", "they are in trouble"))
        urls = [f"http://www.ncbi.nlm.nih.gov/{number}.png" for number in range(4)]
        await asyncio.gather(*(world.fetch(url, f"f{number}") for number, url in enumerate(urls)))
        assert [request.in_flight for request in hosts.log.read()] == [1, 1, 1, 1]
