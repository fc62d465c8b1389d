"""The terminal console over connected readers."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AsyncExitStack
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from scidex_console.adapters.system.notifying import run_program
from scidex_console.console.manners import Manners
from scidex_console.domain.errors import ConsoleError
from scidex_console.settings import Settings, forget_fixed_size, read_session
from scidex_console.wiring.reading import readers

if TYPE_CHECKING:
    from scidex_console.console.app import ConsoleApp


def run_console(settings: Settings, *, read_only: bool, program: str, engine_stays: bool = True) -> int:
    """Show the console until the operator leaves; the engine is not touched. The exit code.

    `program` is what command lines shown begin with; `engine_stays` says whether the engine outlives the
    console, which depends on who called us.
    """
    forget_fixed_size()
    return asyncio.run(_run(settings, read_only=read_only, program=program, engine_stays=engine_stays))


async def _run(settings: Settings, *, read_only: bool, program: str, engine_stays: bool) -> int:
    session, console = read_session(), settings.console
    notify = partial(run_program, console.notify.command) if console.notify.command else None
    manners = Manners(
        mouse=console.has_mouse(session),
        bell=console.notify.bell,
        notify=notify,
        keys=console.keys.changed(),
    )
    async with AsyncExitStack() as stack:
        opening = readers(settings, role="console", read_only=read_only)
        connecting = asyncio.create_task(stack.enter_async_context(opening))
        # Loading what draws takes longer than anything else of a start; the database answers meanwhile.
        drawing = await asyncio.to_thread(import_module, "scidex_console.console.app")
        connected = await connecting
        app: ConsoleApp = drawing.ConsoleApp(
            connected.read,
            connected.desk,
            connected.feed,
            lambda: connected.triage,
            lambda: connected.cleanup,
            read_only=read_only,
            production=settings.environment.production,
            max_refresh_per_second=console.refreshes_for(session),
            theme=console.look_for(session),
            program=program,
            engine_stays=engine_stays,
            manners=manners,
            attendance=connected.attendance,
        )
        try:
            await app.run_async()
        finally:
            # Else it would seem to be there for a while; a database that is away will find out by itself.
            with contextlib.suppress(ConsoleError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await connected.attendance.leave()
        return app.return_code or 0
