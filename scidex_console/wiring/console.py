"""The terminal console over connected readers."""

from __future__ import annotations

import asyncio

from scidex_console.console.app import ConsoleApp
from scidex_console.settings import Settings, forget_fixed_size
from scidex_console.wiring.reading import readers


def run_console(settings: Settings, *, read_only: bool, program: str, engine_stays: bool = True) -> int:
    """Show the console until the operator leaves; the engine is not touched. The exit code.

    `program` is what command lines shown begin with; `engine_stays` says whether the engine outlives the
    console, which depends on who called us.
    """
    forget_fixed_size()
    return asyncio.run(_run(settings, read_only=read_only, program=program, engine_stays=engine_stays))


async def _run(settings: Settings, *, read_only: bool, program: str, engine_stays: bool) -> int:
    async with readers(settings, role="console") as connected:
        app = ConsoleApp(
            connected.read,
            connected.desk,
            connected.feed,
            read_only=read_only,
            max_refresh_per_second=settings.console.max_refresh_per_second,
            theme=settings.console.theme,
            program=program,
            engine_stays=engine_stays,
        )
        await app.run_async()
        return app.return_code or 0
