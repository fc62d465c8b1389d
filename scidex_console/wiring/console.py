"""The terminal console over connected readers."""

from __future__ import annotations

import asyncio
import os

from scidex_console.console.app import ConsoleApp
from scidex_console.settings import Settings
from scidex_console.wiring.reading import readers


def run_console(settings: Settings, *, read_only: bool) -> int:
    """Show the console until the operator leaves; the engine is not touched. The exit code."""
    for fixed_size in ("COLUMNS", "LINES"):
        # Handed down by some shells; it would hide from us that the terminal was resized.
        os.environ.pop(fixed_size, None)
    return asyncio.run(_run(settings, read_only=read_only))


async def _run(settings: Settings, *, read_only: bool) -> int:
    async with readers(settings, role="console") as connected:
        app = ConsoleApp(
            connected.read,
            connected.desk,
            connected.feed,
            read_only=read_only,
            max_refresh_per_second=settings.console.max_refresh_per_second,
            theme=settings.console.theme,
        )
        await app.run_async()
        return app.return_code or 0
