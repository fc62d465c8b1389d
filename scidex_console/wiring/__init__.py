"""The only room that knows both the engine and the adapters: it makes one fit the other.

Each module wires one thing and is loaded only when that thing is wanted, so that `--help` stays quick and
the engine never loads a terminal library. The functions here are what commands call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from scidex_console.adapters.postgres.schema_runner import SchemaRunner
    from scidex_console.demo.options import DemoOptions
    from scidex_console.domain.checks import Finding, VerifyReport
    from scidex_console.domain.cleanup import CleanupPlan
    from scidex_console.domain.errors import SettingError
    from scidex_console.domain.folders.orphans import OrphanPage
    from scidex_console.domain.intents import Intent
    from scidex_console.domain.jobs import JobName
    from scidex_console.domain.rescue import RescueTrial
    from scidex_console.engine.ports import Repacked
    from scidex_console.settings import Settings
    from scidex_console.wiring.reading import Readers


@asynccontextmanager
async def readers(settings: Settings, role: str = "cli") -> AsyncIterator[Readers]:
    """Connected readers and the desk for intents. Raises `Unreachable`, `SchemaMismatch`."""
    from scidex_console.wiring import reading as wired

    async with wired.readers(settings, role=role) as connected:
        yield connected


@asynccontextmanager
async def schema(settings: Settings) -> AsyncIterator[SchemaRunner]:
    """The runner of `schema apply | revert | status`."""
    from scidex_console.wiring import reading as wired

    async with wired.schema(settings) as runner:
        yield runner


async def run_engine(settings: Settings, jobs: frozenset[JobName], until_idle: bool) -> int:
    """An engine in the foreground; the exit code."""
    from scidex_console.wiring import engine as wired

    return await wired.run_engine(settings, jobs, until_idle=until_idle)


def run_console(settings: Settings, read_only: bool, program: str) -> int:
    """The terminal console; the exit code. `program` is what command lines it hands out begin with."""
    from scidex_console.wiring import console as wired

    return wired.run_console(settings, read_only=read_only, program=program)


def run_in_browser(settings: Settings, port: int, write: bool, program: str) -> int:
    """The console in browsers of this machine until it is told to leave; the exit code."""
    try:
        from scidex_console.wiring import browser as wired
    except ModuleNotFoundError as error:
        raise lacking(error.name or "", extra="web", command="web") from None

    return wired.run_in_browser(settings, port, write=write, program=program)


def run_service(settings: Settings, host: str | None, port: int | None) -> int:
    """The read service until it is told to leave; the exit code. None: what the settings say."""
    try:
        from scidex_console.wiring import serving as wired
    except ModuleNotFoundError as error:
        raise lacking(error.name or "", extra="web", command="serve") from None

    return wired.run_service(settings, host, port)


async def notify(settings: Settings, text: str) -> str:
    """Run the operator's own program of `console.notify`, if there is one; why it failed, or nothing."""
    from scidex_console.adapters.system.notifying import run_program

    command = settings.console.notify.command
    return await run_program(command, text) if command else ""


async def verify(settings: Settings) -> VerifyReport:
    """The invariants, one by one."""
    from scidex_console.wiring import verification as wired

    return await wired.verify(settings)


async def maintain(settings: Settings) -> Repacked:
    """Repack the artifact repository."""
    from scidex_console.wiring import maintenance as wired

    return await wired.maintain(settings)


async def clean_up(
    settings: Settings, *, token: str, reason: str, tell: Callable[[str], None]
) -> CleanupPlan:
    """Remove empty folders, vacuum, and look at what is left."""
    from scidex_console.wiring import cleanup as wired

    return await wired.clean_up(settings, token=token, reason=reason, tell=tell)


async def list_orphans(settings: Settings, *, limit: int, after: str) -> OrphanPage:
    """Files that no row claims."""
    from scidex_console.wiring import orphans as wired

    return await wired.list_orphans(settings, limit=limit, after=after)


async def try_rescue(settings: Settings, *, sample: int, tell: Callable[[Intent], None]) -> RescueTrial:
    """A sample of the figures that are gone, asked for where they may have moved; see `wiring.rescue`."""
    from scidex_console.wiring import rescue as wired

    return await wired.try_rescue(settings, sample=sample, tell=tell)


async def doctor(settings: Settings, config_file: Path | None = None) -> Sequence[Finding]:
    """Every precondition, each with how to mend it; `config_file` is where the settings came from."""
    from scidex_console.wiring import preconditions as wired

    return await wired.doctor(settings, config_file=config_file)


def run_demo(options: DemoOptions, program: str) -> int:
    """The demo from beginning to end; the exit code. `program` is how this program is run."""
    from scidex_console.wiring import demo as wired

    return wired.run_demo(options, program)


def lacking(package: str, *, extra: str, command: str) -> SettingError:
    """The error for a command whose packages are an extra that is not installed."""
    from scidex_console.domain.errors import SettingError

    return SettingError(
        f"the package {package} is not installed",
        where=command,
        fix=f"install the program with its extra: `pip install 'scidex-console[{extra}]'`",
    )
