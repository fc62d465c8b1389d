"""Putting an intent and following it until the engine has settled it."""

from __future__ import annotations

import argparse
import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

from scidex_console.cli.arguments import PROGRAM, Subparsers, add_command, add_job, duration
from scidex_console.cli.context import Context
from scidex_console.cli.output import Output
from scidex_console.cli.services import Readers
from scidex_console.domain.durations import format_duration
from scidex_console.domain.errors import GateShut, Unreachable, UsageError
from scidex_console.domain.intents import BEHIND_THE_GATE, SETTLED, ActionName, Intent, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.soak.ladder import why_not_run
from scidex_console.engine.actions import ACTIONS
from scidex_console.engine.ports import Feed, ReadModel
from scidex_console.engine.views import EngineView
from scidex_console.engine.vocabulary import INTENT_WORDS

POLL_S = 1.0
"""Seconds between two looks at an intent without news."""
PATIENCE = timedelta(seconds=30)


def add_action(
    subparsers: Subparsers, action: ActionName, run: Any = None, *, name: str = ""
) -> argparse.ArgumentParser:
    """The command of an action, with the options all actions take; its words are the registry's."""
    spec = ACTIONS[action]
    summary, _, more = spec.explain.rstrip(".").partition(";")
    parser = add_command(
        subparsers,
        name or str(action),
        run or run_job_action,
        summary[0].lower() + summary[1:],
        details=more.strip().capitalize() + "." if more else "",
    )
    parser.set_defaults(action=action)
    add_following(parser, required=spec.asks_reason)
    if spec.job_scoped:
        add_job(parser)
    return parser


def add_following(parser: argparse.ArgumentParser, *, required: bool) -> None:
    """The reason, and how long to wait for what becomes of the intent."""
    needed = " (required)" if required else ""
    parser.add_argument("--reason", metavar="TEXT", default="", help=f"why; kept with the action{needed}")
    add_waiting(parser)


def add_waiting(parser: argparse.ArgumentParser) -> None:
    """How long to wait for what becomes of the intent."""
    parser.add_argument("--no-wait", action="store_true", help="do not wait until the engine has settled it")
    parser.add_argument(
        "--wait",
        type=duration,
        default=PATIENCE,
        metavar="DURATION",
        help="how long to wait for an engine that gives no sign of life (default: 30s)",
    )


def run_job_action(args: Namespace, context: Context) -> int:
    """Start, pause, resume or cancel."""
    job = JobName(args.job)
    check_reason(args)

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            return await carry_out(args, context.output, readers, job, {})

    return asyncio.run(work())


async def _check_gate(read: ReadModel, job: JobName | None) -> None:
    if job is JobName.FOLDERS and (why := why_not_run(await read.soak(), job)):
        raise GateShut(why, where="soak", fix=f"see `{PROGRAM} soak status`")


def check_reason(args: Namespace) -> None:
    """Raise `UsageError` when the action is hard enough to reverse that it needs a reason, and has none."""
    if ACTIONS[args.action].asks_reason and not args.reason.strip():
        words = str(args.action).replace("_", " ")
        raise UsageError(
            f"{words} needs a reason, which is kept with it",
            where=words,
            fix="add --reason TEXT",
        )


async def carry_out(
    args: Namespace, output: Output, readers: Readers, job: JobName | None, params: Mapping[str, Any]
) -> int:
    """Submit the intent, follow it unless `--no-wait`, and print what became of it.

    0 when done (or merely submitted), 1 when refused or withdrawn. Raises `Unreachable` when no engine gives
    a sign of life for `--wait`; the intent stays. Raises `GateShut` where the soak does not let the job run.
    """
    if args.action in BEHIND_THE_GATE:
        await _check_gate(readers.read, job)
    intent = await readers.desk.submit(args.action, job, params, reason=args.reason.strip())
    return await follow_through(args, output, readers, intent)


async def follow_through(args: Namespace, output: Output, readers: Readers, intent: Intent) -> int:
    """The same of an intent that is on the desk."""
    intent = await await_outcome(args, output, readers, intent)
    return 1 if intent.state in (IntentState.REFUSED, IntentState.CANCELLED) else 0


class Told:
    """Says of an intent on standard error what it is, and then what it waits on whenever that changes."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._known = False
        self._waits_on = ""

    def __call__(self, intent: Intent) -> None:
        """Say what is new of it."""
        if not self._known:
            self._known = True
            command = ACTIONS[intent.action].command(intent.job, intent.params, intent.reason)
            self._output.note(f"intent {intent.id}: {self._output.program.command(command)}")
        if intent.state not in SETTLED and intent.waits_on and intent.waits_on != self._waits_on:
            self._waits_on = intent.waits_on
            self._output.note(f"waits on {intent.waits_on}")


async def await_outcome(args: Namespace, output: Output, readers: Readers, intent: Intent) -> Intent:
    """Follow an intent unless `--no-wait`, print what became of it, and give it as it then is."""
    tell = Told(output)
    tell(replace(intent, waits_on=""))
    if intent.also_by:
        output.note(f"asked for by {intent.operator} and {', '.join(intent.also_by)}: one effect")
    if args.no_wait:
        await _tell_if_no_engine(readers.read, intent, output)
    elif intent.state not in SETTLED:
        intent = await _follow(readers, intent, args.wait.total_seconds(), output, tell)
    output.show({"intent": intent}, [output.program.told(_words(intent))])
    return intent


def _words(intent: Intent) -> str:
    state = INTENT_WORDS[intent.state]
    return f"{state}: {intent.outcome}" if intent.outcome else state


async def _tell_if_no_engine(read: ReadModel, intent: Intent, output: Output) -> None:
    engine = await read.engine()
    if not _is_alive(engine):
        output.note(f"{_why_silent(engine)}: intent {intent.id} stays until one takes it up")


async def _follow(readers: Readers, intent: Intent, patience_s: float, output: Output, tell: Told) -> Intent:
    now = asyncio.get_running_loop().time
    silent_since: float | None = None
    try:
        async with _news(readers.feed) as look_again:
            while True:
                found = await readers.read.intent(intent.id)
                intent = found or intent
                if intent.state in SETTLED:
                    return intent
                tell(intent)
                engine = await readers.read.engine()
                if _is_alive(engine):
                    silent_since = None
                elif silent_since is None:
                    silent_since = now()
                    await _tell_if_no_engine(readers.read, intent, output)
                if silent_since is not None and now() - silent_since >= patience_s:
                    raise _nobody(engine, intent, patience_s)
                await look_again()
    except asyncio.CancelledError:
        output.note(f"no longer waiting: intent {intent.id} stays with the engine")
        raise


def _is_alive(engine: EngineView | None) -> bool:
    return engine is not None and engine.state == "running"


def _why_silent(engine: EngineView | None) -> str:
    if engine is None:
        return "no engine has run on this database yet"
    if engine.state == "stalled":
        age = format_duration(engine.heartbeat_age_s or 0.0)
        return f"the engine ({engine.holder}) has given no sign of life for {age}"
    return "no engine is running"


def _nobody(engine: EngineView | None, intent: Intent, patience_s: float) -> Unreachable:
    state = INTENT_WORDS[intent.state]
    return Unreachable(
        f"{_why_silent(engine)}; intent {intent.id} is {state} after {format_duration(patience_s)}",
        where="engine",
        fix=f"start one with `{PROGRAM} engine`; it will take the intent up",
    )


@asynccontextmanager
async def _news(feed: Feed) -> AsyncIterator[Any]:
    """A wait that ends with the next news, or after `POLL_S` seconds without any."""
    arrived = asyncio.Event()

    async def listen() -> None:
        async for _ in feed.topics():
            arrived.set()

    async def look_again() -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await arrived.wait()
        except TimeoutError:
            return
        arrived.clear()

    listener = asyncio.create_task(listen())
    try:
        yield look_again
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
