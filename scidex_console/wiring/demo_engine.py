"""The demo's engine process: an ordinary engine that also leaves when the demo that started it is gone.

The figure hosts leave by themselves then; the database, which nobody owns, is stopped here.

python -m scidex_console.wiring.demo_engine CONFIG [PARENT_PID]
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from scidex_console.demo.postgres_server import EmbeddedPostgres
from scidex_console.demo.world import DATABASE_HOME
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.jobs import JobName
from scidex_console.settings import load_settings
from scidex_console.wiring.engine import run_engine


async def _leave_with(parent: int) -> None:
    while _lives(parent):  # noqa: ASYNC110 - nothing tells of a parent that died
        await asyncio.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


def _lives(parent: int) -> bool:
    return os.getppid() == parent


async def _main(config: Path, parent: int | None) -> int:
    settings = load_settings(config, environ={})
    watch = asyncio.create_task(_leave_with(parent)) if parent is not None else None
    try:
        return await run_engine(settings, frozenset(JobName), until_idle=False)
    finally:
        if watch is not None:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
        if parent is not None and not _lives(parent):
            await asyncio.to_thread(EmbeddedPostgres(config.parent / DATABASE_HOME).stop_if_last)


def main(arguments: list[str]) -> int:
    """Run until told to leave; errors are one line on standard error."""
    try:
        return asyncio.run(_main(Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else None))
    except ConsoleError as error:
        print(f"engine: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
