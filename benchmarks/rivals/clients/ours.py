"""This project's fetcher as the engine wires it: settings, guard, gates, figure source, staging, decoder.

python ours.py PLAN
"""

from __future__ import annotations

import asyncio
import functools
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rivals.plan import (
    AGAIN,
    BLOCKED,
    DEAD,
    PERSON,
    STORED,
    Group,
    Plan,
    Row,
    Said,
    read_plan,
    write_results,
    write_sent,
)

import scidex_console.cli  # noqa: F401  # Python looks for garbage as seldom as in the program itself
from scidex_console.adapters.files.staging import StagingFolder
from scidex_console.adapters.http.decoding import Decoder
from scidex_console.adapters.http.figure_source import HttpFigureSource
from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.http.group_gate import GroupGate
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.adapters.system.process import keep_what_is_loaded
from scidex_console.domain.fetching import FetchClass
from scidex_console.settings import load_settings
from scidex_console.wiring.engine import fetch_settings

_OUTCOMES = {
    FetchClass.STORED: STORED,
    FetchClass.DEAD: DEAD,
    FetchClass.TRANSIENT: AGAIN,
    FetchClass.BLOCKED: BLOCKED,
    FetchClass.SUSPECT: PERSON,
    FetchClass.REFUSED: PERSON,
}


def main() -> None:
    """Fetch a plan's rows."""
    plan = read_plan(sys.argv[1])
    sent = _noted()
    write_results(plan, asyncio.run(_fetch(plan)))
    write_sent(plan, sent)


def _noted() -> dict[str, list[int]]:
    """When each request of a group left, by this machine's monotonic clock in nanoseconds."""
    sent: dict[str, list[int]] = {}
    plain = GroupGate.mark_sent

    @functools.wraps(plain)
    def mark_sent(gate: GroupGate, *args: Any) -> float:
        left = plain(gate, *args)
        sent.setdefault(gate.pace.group.name, []).append(round(left * 1e9))
        return left

    GroupGate.mark_sent = mark_sent  # type: ignore[method-assign]
    return sent


async def _fetch(plan: Plan) -> list[Said]:
    folder = Path(plan.folder)
    config = folder / "config.toml"
    config.write_text(_config(plan), encoding="utf-8")
    settings = load_settings(config, environ={})
    groups, clock, fetching = settings.fetch.host_groups(), SystemClock(), fetch_settings(settings)
    if plan.spacing is not None:
        fetching = replace(fetching, spacing=plan.spacing)
    gates = Gates(groups, clock, fetching)
    staging = StagingFolder(folder / "staging")
    decoder = Decoder(lambda name: staging.root / name)
    said: list[Said] = []
    async with HttpFigureSource(fetching, groups, gates, staging, clock, decoder=decoder) as source:

        async def work(rows: Iterator[Row]) -> None:
            for row in rows:
                outcome = await source.fetch(row.id, row.url)
                sha256 = outcome.file.sha256 if outcome.file else ""
                said.append(Said(row.id, _OUTCOMES[outcome.outcome], outcome.reason, sha256))

        keep_what_is_loaded()
        # As the engine's drains do: of each group as many rows at once as its budget allows.
        await asyncio.gather(*(_drain(group, rows, work) for group, rows in plan.by_group()))
    return said


async def _drain(group: Group, rows: list[Row], work) -> None:  # type: ignore[no-untyped-def]
    waiting = iter(rows)
    await asyncio.gather(*(work(waiting) for _ in range(group.in_flight)))


def _config(plan: Plan) -> str:
    """The groups as a configuration names them; the budget most hosts have is that of any host."""
    budgets = Counter((group.rate, group.in_flight) for group in plan.groups)
    any_host = budgets.most_common(1)[0][0]
    groups = "".join(
        f"[[fetch.groups]]\nname = {json.dumps(group.name)}\nhosts = {json.dumps(group.hosts)}\n"
        f"rate = {group.rate}\nin_flight = {group.in_flight}\n"
        for group in plan.groups
        if group.hosts != (group.name,) or (group.rate, group.in_flight) != any_host
    )
    return f"""
[figures]
probe = "{plan.probe}"
[fetch]
contact = "bench@example.org"
robots_overrides = [{{hosts = "*", reason = "the others do not ask for it"}}]
allow_networks = ["127.0.0.0/8"]
ca_file = {json.dumps(plan.ca_file)}
read_timeout = "{plan.read_timeout}s"
deadline = "{plan.deadline}s"
max_bytes = {plan.max_bytes}
default_rate = {any_host[0]}
default_in_flight = {any_host[1]}
{groups}
"""


if __name__ == "__main__":
    main()
