"""`demo`: a whole world, a real engine in a process of its own, and the console over both."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from scidex_console.demo.options import DemoOptions
from scidex_console.demo.world import World, end_world
from scidex_console.domain.durations import format_duration
from scidex_console.domain.errors import Unreachable
from scidex_console.domain.intents import ActionName
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import WORKING, RunState
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.views import GapView
from scidex_console.settings import Settings, load_settings
from scidex_console.wiring.reading import Readers, readers, schema

_ENGINE = "engine"
_ENGINE_PATIENCE_S = 30.0
_PROGRESS_S = 2.0

Say = Callable[[str], None]


def run_demo(options: DemoOptions) -> int:
    """Build or reuse the world, run it as asked, and stop what was started; the exit code."""
    if options.stop:
        ended = end_world(options.directory)
        _say(f"ended: {', '.join(ended)}" if ended else "nothing was running")
        return 0
    with _termination_as_interrupt():
        world = _fresh_world(options)
        try:
            world.start(speed=options.speed, keep=options.keep, progress=_say)
            settings = load_settings(world.config_file, environ={})
            asyncio.run(_prepare(world, settings, options))
            code = _show(settings, options)
        except KeyboardInterrupt:
            code = 130
        finally:
            _say("stopping what was started" if not options.keep else f"left running: {world.config_file}")
            world.stop()
    if options.keep:
        _say("end it with `scidex-console demo --stop`")
    return code


def _show(settings: Settings, options: DemoOptions) -> int:
    if options.headless:
        return asyncio.run(_headless(settings, options))
    from scidex_console.wiring.console import run_console  # loads the terminal library only when shown

    return run_console(settings, read_only=False)


def _fresh_world(options: DemoOptions) -> World:
    """The world in the folder; one that was worked through is built again, so that there is a run to see."""
    world = _build(options)
    if options.headless or options.keep or world.running() is not None or not world.config_file.exists():
        return world
    world.start(speed=options.speed)
    settings = load_settings(world.config_file, environ={})
    try:
        over = asyncio.run(_is_worked_through(settings))
    finally:
        world.stop()
    if not over:
        return World.attach(options.directory)
    _say("world: was worked through; building a new one")
    world.remove()
    return _build(options)


def _build(options: DemoOptions) -> World:
    return World.build(options.directory, scale=options.scale, seed=options.seed, progress=_say)


async def _is_worked_through(settings: Settings) -> bool:
    async with schema(settings) as runner:
        await runner.apply()
    async with readers(settings) as connected:
        overview = await connected.read.overview()
    figures = _figures(overview.gaps)
    return figures.run is None and figures.total > 0 and figures.due + figures.scheduled == 0


async def _prepare(world: World, settings: Settings, options: DemoOptions) -> None:
    async with schema(settings) as runner:
        await runner.apply()
    _say("schema: applied")
    async with readers(settings) as connected:
        if not await _engine_lives(connected.read):
            _start_engine(world, options)
            await _await_engine(connected.read, world)
        await _start_figures(connected)


def _start_engine(world: World, options: DemoOptions) -> None:
    command = [sys.executable, "-m", "scidex_console.wiring.demo_engine", str(world.config_file)]
    if not options.keep:
        command.append(str(os.getpid()))
    log = world.directory / "engine.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    world.record_process(_ENGINE, process.pid)
    process.returncode = 0  # from here on the world's record ends it
    _say(f"engine: process {process.pid}, log in {log}")


async def _await_engine(read: ReadModel, world: World) -> None:
    until = time.monotonic() + _ENGINE_PATIENCE_S
    while not await _engine_lives(read):
        if time.monotonic() > until:
            raise Unreachable("the engine did not start", where=str(world.directory / "engine.log"))
        await asyncio.sleep(0.1)


async def _engine_lives(read: ReadModel) -> bool:
    engine = await read.engine()
    return engine is not None and engine.state == "running"


async def _start_figures(connected: Readers) -> None:
    run = await connected.read.run(JobName.FIGURES)
    if run is not None and run.state not in (RunState.DONE, RunState.CANCELLED):
        return
    await connected.desk.submit(ActionName.START, JobName.FIGURES, {}, reason="the demo starts with a run")


async def _headless(settings: Settings, options: DemoOptions) -> int:
    async with readers(settings) as connected:
        began = time.monotonic()
        state = RunState.RUNNING
        while not (options.until_idle and state not in (*WORKING, RunState.PAUSING, RunState.CANCELLING)):
            await asyncio.sleep(_PROGRESS_S)
            overview = await connected.read.overview(dead=1, errors=1)
            figures = _figures(overview.gaps)
            run = await connected.read.run(JobName.FIGURES)
            state = run.state if run is not None else RunState.PLANNED
            if overview.engine is None or overview.engine.state == "stopped":
                raise _engine_gone(options)
            _say(_progress(figures, state, time.monotonic() - began))
    if state is RunState.HALTED:
        return 4
    return await _verify(settings)


def _engine_gone(options: DemoOptions) -> Unreachable:
    log = options.directory / "engine.log"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
    said = f": {lines[-1].strip()}" if lines else ""
    return Unreachable(f"the engine has ended{said}", where=str(log))


async def _verify(settings: Settings) -> int:
    from scidex_console.wiring.verification import verify

    report = await verify(settings)
    for invariant in report.invariants:
        verdict = {True: "holds", False: "BROKEN", None: "does not apply"}[invariant.holds]
        _say(f"verify {invariant.name}: {verdict}: {invariant.statement}")
    _say("verify: every invariant holds" if report.holds else "verify: an invariant is broken")
    return 0 if report.holds else 1


def _figures(gaps: tuple[GapView, ...]) -> GapView:
    return next(gap for gap in gaps if gap.job is JobName.FIGURES)


def _progress(gap: GapView, state: RunState, seconds: float) -> str:
    eta = f", about {format_duration(gap.eta_s)} to go" if gap.eta_s else ""
    return (
        f"{format_duration(round(seconds))}: figures {state}: {gap.missing} of {gap.total} missing, "
        f"{gap.due} due, {gap.scheduled} in back-off, {gap.done} stored, {gap.dead} dead, "
        f"{gap.transient} transient, {gap.blocked} blocked, {gap.suspect} suspect, {gap.refused} refused{eta}"
    )


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """SIGTERM and a hang-up end the demo as Ctrl-C does, so that nothing is left running."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    names = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(name, interrupt) for name in names]
    try:
        yield
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
