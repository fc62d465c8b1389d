"""Real engine processes, over a laboratory's configuration."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests import warm
from tests.engine.bench import until_true
from tests.labs import Lab


@dataclass
class EngineProcess:
    """One engine, started by its command."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)
    """What it wrote to standard error."""

    @property
    def pid(self) -> int:
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Its exit code, once it has ended; minus the signal that ended it."""
        async with asyncio.timeout(60):
            return await self.process.wait()

    async def holds_the_store(self) -> None:
        """Return when it says so."""
        await until_true(lambda: any("epoch" in line for line in self.lines), "the engine holds the store")


@asynccontextmanager
async def engine_process(
    lab: Lab, *options: str, most_bytes: int | None = None
) -> AsyncIterator[EngineProcess]:
    """Start `scidex-console engine`; killed at the end if it is still there.

    `most_bytes` limits the size of every file it and its children write.
    """

    def limit() -> None:
        assert most_bytes is not None
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    process = await warm.create_subprocess_exec(
        *warm.PROGRAM,
        "--config",
        str(lab.config),
        "engine",
        *options,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=None if most_bytes is None else limit,
        start_new_session=True,
    )
    engine = EngineProcess(process)
    reading = asyncio.create_task(_read(process, engine.lines))
    try:
        yield engine
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        await reading


async def _read(process: asyncio.subprocess.Process, lines: list[str]) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        lines.append(line.decode("utf-8", "replace").rstrip())
