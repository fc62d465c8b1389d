"""`status [--watch]`: jobs, host groups, engine and write mode, with an exit code an alert can use."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from scidex_console.cli.arguments import Subparsers, add_command
from scidex_console.cli.context import Context
from scidex_console.cli.counts import acceptance_lines, counts_lines, pace_line, run_line
from scidex_console.cli.gates import gate_state, is_throttled
from scidex_console.cli.output import Output, moment
from scidex_console.cli.watching import only, watch
from scidex_console.domain.durations import format_duration
from scidex_console.domain.errors import UsageError
from scidex_console.domain.intents import SETTLED
from scidex_console.domain.jobs import JobName
from scidex_console.domain.rates import format_rate
from scidex_console.domain.runs import OPEN, RunState
from scidex_console.domain.soak.ladder import CheckState
from scidex_console.domain.soak.words import soak_line
from scidex_console.engine.views import HostView, Overview
from scidex_console.engine.vocabulary import host_state

if TYPE_CHECKING:
    from scidex_console.settings import Settings


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(
        subparsers,
        "status",
        run,
        "show jobs, host groups, engine and write mode",
        details="JOB shows that job alone; of folders, also what the migration is accepted by.\n"
        "Exits 4 when a run is halted, 3 when the engine is stalled or a run has no engine.",
    )
    parser.add_argument(
        "job", metavar="JOB", nargs="?", choices=[job.value for job in JobName], help="only this job"
    )
    parser.add_argument(
        "--watch",
        action="store_true",
        help="print a line whenever something changes; ring as `console.notify` says",
    )


def run(args: Namespace, context: Context) -> int:
    """Print it once, or go on until interrupted."""
    if args.watch and args.as_json:
        raise UsageError("--watch prints lines, not one document", where="status", fix="leave --json out")
    job = JobName(args.job) if args.job else None
    return asyncio.run(watch(context, job) if args.watch else _once(context, job))


async def _once(context: Context, job: JobName | None) -> int:
    async with context.services.readers(context.settings) as readers:
        overview = only(await readers.read.overview(dead=0, errors=0), job)
    verdict, code = judge(overview)
    document = _document(overview, context.settings, verdict)
    context.output.show(document, _lines(overview, context.settings, verdict, context.output))
    return code


def judge(overview: Overview) -> tuple[str, int]:
    """What a person should know first, and the exit code that says so."""
    halted = [gap for gap in overview.gaps if gap.run and gap.run.state is RunState.HALTED]
    if halted:
        return f"{halted[0].job} is halted and waits for a person", 4
    engine = overview.engine
    if engine is not None and engine.state == "stalled":
        return "the engine is stalled", 3
    waiting = [gap.run for gap in overview.gaps if gap.run and gap.run.state in OPEN]
    if waiting and (engine is None or engine.state != "running"):
        return f"run {waiting[0].id} is {waiting[0].state} and no engine is running", 3
    return "ok", 0


def _document(overview: Overview, settings: Settings, verdict: str) -> dict[str, Any]:
    enabled, authorization = _writes(overview, settings)
    return {
        "taken_at": overview.taken_at,
        "verdict": verdict,
        "environment": {
            "name": settings.environment.name,
            "production": settings.environment.production,
        },
        "writes": {"enabled": enabled, "authorization": authorization},
        "database": overview.identity,
        "engine": overview.engine,
        "jobs": overview.gaps,
        "hosts": overview.hosts,
        "intents": overview.intents,
        "last_batch": overview.last_batch,
        "present": overview.present,
        "last_act": overview.last_act,
        "writers": overview.writers,
        "acceptance": overview.acceptance,
        "soak": _soak(overview),
    }


def _soak(overview: Overview) -> dict[str, Any] | None:
    """The soak in a few figures; `soak status` has the whole."""
    ladder = overview.soak
    if ladder is None or ladder.entry is None or ladder.clock is None:
        return None
    return {
        "phase": ladder.entry.phase,
        "clock": ladder.clock,
        "gate_open": ladder.gate.is_open,
        "needs_person": ladder.needs_person,
        "failing": [view.check.id for view in ladder.checks if view.state is CheckState.FAILING],
    }


def _writes(overview: Overview, settings: Settings) -> tuple[bool, str]:
    """What the engine that holds the store does; without one, what this configuration would have it do."""
    engine = overview.engine
    if engine is not None and engine.state != "stopped":
        return engine.writes, engine.authorization
    return settings.writes.enabled, settings.writes.authorization


def _lines(overview: Overview, settings: Settings, verdict: str, output: Output) -> Iterator[str]:
    enabled, authorization = _writes(overview, settings)
    environment = settings.environment
    name = f"PRODUCTION ({environment.name})" if environment.production else environment.name
    mode = f"writes on, by {authorization}" if enabled else "observe: nothing is written"
    yield f"{name}, database {overview.identity.database}, {moment(overview.taken_at)}"
    yield mode
    yield _engine_line(overview)
    if overview.soak is not None and overview.soak.entry is not None:
        yield soak_line(overview.soak)
    if verdict != "ok":
        yield f"ATTENTION: {verdict}"
    for gap in overview.gaps:
        yield ""
        yield f"{gap.job}: {run_line(gap)}"
        yield from counts_lines(gap, output.program)
        if gap.run is not None and gap.run.state in OPEN:
            yield f"  {pace_line(gap, overview.engine)}"
        if gap.job is JobName.FOLDERS and overview.acceptance is not None and len(overview.gaps) == 1:
            yield from acceptance_lines(overview.acceptance, output.program)
    if overview.hosts:
        yield ""
        yield from _hosts(overview, output)
    if overview.present:
        yield "watching: " + ", ".join(f"{who.operator} ({who.origin})" for who in overview.present)
    yield from _writers(overview)
    for intent in overview.intents:
        if intent.state not in SETTLED:
            on = f", waits on {intent.waits_on}" if intent.waits_on else ""
            job = f" {intent.job}" if intent.job else ""
            yield f"intent {intent.id}: {intent.action}{job} by {intent.operator}, {intent.state}{on}"


def _writers(overview: Overview) -> Iterator[str]:
    """Whose turn it is in the repository, where somebody waits for it."""
    if all(who.writing for who in overview.writers):
        return
    for who in overview.writers:
        waits = (
            f" for {format_duration((overview.taken_at - who.since).total_seconds())}" if who.since else ""
        )
        yield f"writing: {who.name}" if who.writing else f"waits to write: {who.name}{waits}"


def _engine_line(overview: Overview) -> str:
    engine = overview.engine
    if engine is None:
        return "engine: none has run here yet"
    text = f"engine: {engine.state}"
    if engine.state != "stopped" and engine.heartbeat_age_s is not None:
        text += f", {engine.holder}, heartbeat {format_duration(engine.heartbeat_age_s)} ago"
    return text + (f", {engine.note}" if engine.note else "")


def _hosts(overview: Overview, output: Output) -> list[str]:
    rows = []
    for host in _by_importance(overview):
        gate = host.gate
        budget = f"{gate.in_flight}/{gate.in_flight_limit} at {format_rate(gate.rate)}"
        state = gate_state(gate, overview.taken_at) or host_state(host, overview.taken_at)
        rows.append((gate.group, state, budget, host.due, host.stored, host.dead, host.transient))
    heads = ("GROUP", "STATE", "IN FLIGHT", "DUE", "STORED", "DEAD", "TRANS")
    return output.table(heads, rows, elastic="GROUP")


def _by_importance(overview: Overview) -> list[HostView]:
    """What is held first, then what is throttled, what is asked now, what has most to do."""

    def place(host: HostView) -> tuple[bool, bool, bool, int, str]:
        gate, now = host.gate, overview.taken_at
        stuck = gate_state(gate, now) and not is_throttled(gate, now)
        active = bool(gate.in_flight or gate.waiting)
        return not stuck, not is_throttled(gate, now), not active, -host.due, gate.group

    return sorted(overview.hosts, key=place)
