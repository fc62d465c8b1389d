"""`status --watch`: the state of things as single lines, and a call where the console would ring."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from scidex_console.cli.context import Context
from scidex_console.cli.counts import pace_line, run_line
from scidex_console.cli.gates import gate_state, is_throttled
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import OPEN
from scidex_console.domain.soak.ladder import CheckState, Ladder
from scidex_console.engine.alarms import Alarms
from scidex_console.engine.views import Overview

EVERY_S = 2.0
"""Seconds between two looks of `--watch`."""
AT_LEAST_EVERY_S = 10.0
"""Seconds after which `--watch` prints a line though nothing has changed."""


async def watch(context: Context, job: JobName | None) -> int:
    """Print a line whenever something changes; call a person on a halt, a breaker or a failing gate."""
    clock = asyncio.get_running_loop().time
    last, printed_at = "", clock()
    rung: list[str] = []
    alarms = Alarms(rung.append, clock)
    async with context.services.readers(context.settings) as readers:
        while True:
            overview = only(await readers.read.overview(dead=0, errors=0), job)
            line = _compact(overview)
            if line != last or clock() - printed_at >= AT_LEAST_EVERY_S:
                context.output.show({}, [f"{overview.taken_at:%H:%M:%S}Z {line}{_pace(overview)}"])
                last, printed_at = line, clock()
            alarms.look(overview)
            while rung:
                await _call(context, rung.pop(0))
            await asyncio.sleep(EVERY_S)


async def _call(context: Context, text: str) -> None:
    """Call a person, as `console.notify` says."""
    notify = context.settings.console.notify
    context.output.note(text)
    if notify.bell:
        context.output.ring()
    trouble = await context.services.notify(context.settings, text)
    if trouble:
        context.output.note(f"console.notify: {trouble}")


def only(overview: Overview, job: JobName | None) -> Overview:
    """What concerns one job, where one was named."""
    if job is None:
        return overview
    return replace(
        overview,
        gaps=tuple(gap for gap in overview.gaps if gap.job is job),
        hosts=overview.hosts if job is JobName.FIGURES else (),
        acceptance=overview.acceptance if job is JobName.FOLDERS else None,
        intents=tuple(intent for intent in overview.intents if intent.job in (job, None)),
        last_batch=overview.last_batch if overview.last_batch and overview.last_batch.job is job else None,
    )


def _soak_part(ladder: Ladder) -> str:
    """Phase, clock and gate, without the seconds that pass."""
    failing = [view.check.id for view in ladder.checks if view.state is CheckState.FAILING]
    assert ladder.entry is not None and ladder.clock is not None
    gate = "open" if ladder.gate.is_open else "shut"
    trouble = f" FAILS {', '.join(failing)}" if failing else ""
    return f"soak {ladder.entry.phase}: clock {ladder.clock.state} gate {gate}{trouble}"


def _pace(overview: Overview) -> str:
    """Rate and time left of what is under way. They change with every look, so they are no news."""
    open_ones = [gap for gap in overview.gaps if gap.run is not None and gap.run.state in OPEN]
    return "".join(f" | {gap.job} {pace_line(gap, overview.engine)}" for gap in open_ones)


def _compact(overview: Overview) -> str:
    parts = [f"engine {overview.engine.state}" if overview.engine else "no engine"]
    for gap in overview.gaps:
        if gap.job is JobName.FOLDERS:
            stuck = f"mismatch {gap.mismatch} quarantined {gap.quarantined} error {gap.error}"
            stuck += f" to lay again {gap.to_lay_again}" if gap.to_lay_again else ""
        else:
            stuck = f"marked {gap.dead} transient {gap.transient}"
        parts.append(f"{gap.job} {run_line(gap)}: missing {gap.missing} done {gap.done} {stuck}")
    stuck_hosts = [host.gate for host in overview.hosts if gate_state(host.gate, overview.taken_at)]
    throttled = [gate.group for gate in stuck_hosts if is_throttled(gate, overview.taken_at)]
    held = [gate.group for gate in stuck_hosts if gate.group not in throttled]
    if overview.soak is not None and overview.soak.entry is not None:
        parts.append(_soak_part(overview.soak))
    if held:
        parts.append(f"held: {', '.join(held)}")
    if throttled:
        parts.append(f"throttled: {', '.join(throttled)}")
    return " | ".join(parts)
