"""`demo`: a whole world, a real engine in a process of its own, and the console over both."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scidex_console.demo.options import DemoOptions, default_directories, demo_command
from scidex_console.demo.postgres_server import STATE_ROOT, orphans, remove_orphans
from scidex_console.demo.world import DATABASE_HOME, World, end_world
from scidex_console.demo.world_record import RECORD
from scidex_console.domain.errors import Held
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import OPEN
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.views import GapView
from scidex_console.settings import Settings, load_settings
from scidex_console.wiring.demo_progress import show_progress, silent, start_run
from scidex_console.wiring.reading import readers, schema

_ENGINE = "engine"
_PATIENCE_S = 30.0
"""How long an engine may take to start."""
_LOG = "engine.log"


def run_demo(options: DemoOptions, program: str) -> int:
    """Build or reuse the world, run it as asked, and stop what was started; the exit code.

    `program` is how this program is run, for the command lines that are handed out.
    """
    if options.stop:
        return _end(options)
    with _termination_as_interrupt():
        world = _fresh_world(options)
        entered = False
        try:
            world.start(speed=options.speed, keep=options.keep, progress=_say)
            entered = True
            settings = load_settings(world.config_file, environ={})
            asyncio.run(_prepare(world, settings, first_jobs(options)))
            code = _show(world, settings, options, program)
        except KeyboardInterrupt:
            code = 130
        finally:
            with _interrupts_held_back() as interrupts:
                if entered:
                    _leave(world, program)
                else:
                    world.stop()  # nothing is to be said of a world that somebody else shows
    return 130 if interrupts else code


def first_jobs(options: DemoOptions) -> Sequence[JobName]:
    """The jobs that begin at once: both to be watched; to the end, one after the other."""
    return (JobName.FIGURES,) if options.headless and options.until_idle else tuple(JobName)


def _end(options: DemoOptions) -> int:
    """End the world in the folder; without a folder named, those in all usual places."""
    folders = [options.directory]
    if options.everywhere:
        folders = [folder for folder in default_directories() if (folder / RECORD).exists()]
    named = options.remove and not options.everywhere
    if named and _remove_orphans(options.directory) and not (options.directory / RECORD).exists():
        return 0
    ended = [f"{what} of {folder}" for folder in folders for what in end_world(folder, remove=options.remove)]
    _say(f"ended: {', '.join(ended)}" if ended else "nothing was running")
    if options.remove:
        _say(f"removed: {', '.join(str(folder) for folder in folders) or 'nothing was there'}")
    _tell_orphans()
    return 0


def _remove_orphans(directory: Path) -> bool:
    """Remove the databases of a world that was named and whose folder is gone; whether there was one."""
    removed = remove_orphans(directory / DATABASE_HOME, STATE_ROOT)
    for place in removed:
        _say(f"removed: {place}, the database of {directory}")
    home = (directory / DATABASE_HOME).resolve()
    for place, lost in orphans(STATE_ROOT):
        if lost == home:
            raise Held(
                "somebody is connected to the database of a world whose folder is gone",
                where=str(place),
                fix="end what is connected, then say it again",
            )
    return bool(removed)


def _tell_orphans() -> None:
    """Say which databases are left of worlds whose folders are not there. Whether for good, who knows."""
    for place, home in orphans(STATE_ROOT):
        if home.name != DATABASE_HOME:
            continue  # no world's
        remove = demo_command(home.parent, "--stop", "--remove")
        _say(f"left: {place}, the database of a world whose folder is not there; if it is gone: `{remove}`")


def _leave(world: World, program: str) -> None:
    """Stop the world, or leave it running, and say which."""
    handed_out = _commands(world, program)
    if world.stays:
        running = world.running()
        world.stop()
        if running is None or all(process.name != _ENGINE for process in running.processes):
            _say("the demo was ended by somebody else")
            return
        _say(f"the demo goes on: `{handed_out} status`")
        _say(f"end it by `{_demo(world, program, '--stop')}`")
        return
    _say("stopping engine, figure hosts and database")
    world.stop()
    _say(f"stopped; the world stays in {world.directory}")
    _say(f"remove it by `{_demo(world, program, '--stop', '--remove')}`")


def _commands(world: World, program: str) -> str:
    """What the other commands begin with, for this world."""
    return f"{program} --config {shlex.quote(str(world.config_file))}"


def _demo(world: World, program: str, *words: str) -> str:
    return program + demo_command(world.directory, *words).removeprefix("scidex-console")


def _show(world: World, settings: Settings, options: DemoOptions, program: str) -> int:
    handed_out = _commands(world, program)
    if options.headless:
        progress = show_progress(
            settings,
            world.directory / _LOG,
            _say,
            program=handed_out,
            start_anew=_demo(world, program, "--stop", "--remove"),
            until_idle=options.until_idle,
        )
        return asyncio.run(_until_interrupted(progress))
    from scidex_console.wiring.console import run_console  # loads the terminal library only when shown

    return run_console(settings, read_only=False, program=handed_out, engine_stays=world.stays)


def _fresh_world(options: DemoOptions) -> World:
    """The world in the folder; one to be watched that was worked through is built again, to live."""
    world = _build(options)
    if options.headless or world.running() is not None or not world.config_file.exists():
        return world
    world.start(speed=options.speed)
    settings = load_settings(world.config_file, environ={})
    try:
        over = asyncio.run(_is_worked_through(settings))
    finally:
        world.stop()
    if not over:
        return World.attach(options.directory)
    _say("world: was worked through, nothing is left to do in it; building a new one")
    world.remove()
    return _build(options)


def _build(options: DemoOptions) -> World:
    return World.build(options.directory, scale=options.scale, seed=options.seed, progress=_say)


async def _is_worked_through(settings: Settings) -> bool:
    async with schema(settings) as runner:
        await runner.apply()
    async with readers(settings) as connected:
        gaps = (await connected.read.overview()).gaps
    return all(_is_over(gap) for gap in gaps)


def _is_over(gap: GapView) -> bool:
    is_open = gap.run is not None and gap.run.state in OPEN
    return gap.run is not None and not is_open and gap.total > 0 and gap.due + gap.scheduled == 0


async def _prepare(world: World, settings: Settings, jobs: Sequence[JobName]) -> None:
    async with schema(settings) as runner:
        await runner.apply()
    _say("schema: applied")
    async with readers(settings) as connected:
        if not await _engine_lives(connected.read):
            _start_engine(world)
            await _await_engine(connected.read, world)
        for job in jobs:
            await start_run(connected, job, world.directory / _LOG)


def _start_engine(world: World) -> None:
    command = [sys.executable, "-m", "scidex_console.wiring.demo_engine", str(world.config_file)]
    if not world.stays:
        command.append(str(os.getpid()))
    log = world.directory / _LOG
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    world.record_process(_ENGINE, process.pid)
    process.returncode = 0  # from here on the world's record ends it
    _say(f"engine: process {process.pid}, log in {log}")


async def _await_engine(read: ReadModel, world: World) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not await _engine_lives(read):
        if time.monotonic() > until:
            raise silent("the engine did not start", world.directory / _LOG)
        await asyncio.sleep(0.1)


async def _engine_lives(read: ReadModel) -> bool:
    engine = await read.engine()
    return engine is not None and engine.state == "running"


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


async def _until_interrupted(work: Coroutine[Any, Any, int]) -> int:
    """What comes of the work. Raises `KeyboardInterrupt` on Ctrl-C, once the work has ended."""
    loop, interrupted = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, interrupted.set)
    task, asked = asyncio.create_task(work), asyncio.create_task(interrupted.wait())
    try:
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
        while not task.done():
            # Again and again: an answer that comes at the same moment may swallow it (Python 3.11).
            task.cancel()
            await asyncio.wait({task}, timeout=0.2)
    finally:
        asked.cancel()
        loop.remove_signal_handler(signal.SIGINT)
    if interrupted.is_set():
        await asyncio.gather(task, return_exceptions=True)
        raise KeyboardInterrupt
    return task.result()


@contextmanager
def _interrupts_held_back() -> Iterator[list[int]]:
    """Ctrl-C while everything is being stopped does not cut that short; the signals that came."""
    came: list[int] = []
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(name, lambda number, _frame: came.append(number)) for name in names]
    try:
        yield came
    finally:
        for name, handler in zip(names, before, strict=True):
            signal.signal(name, handler)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
