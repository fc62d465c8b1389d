"""Engine work in a child process that can be killed at any numbered place.

A fork of the warm test process: no start-up time, and a real SIGKILL.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from scidex_console.engine import killpoints
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.writer import Writer
from scidex_console.wiring.engine import HeldStore, held_store
from tests.labs import Lab

Work = Callable[[HeldStore, Writer], Coroutine[Any, Any, None]]


def run_in_child(lab: Lab, work: Work, *, kill_at: int | None = None, places: Path | None = None) -> int:
    """Do the work in a child under an epoch of its own; the exit code, or minus the signal that ended it."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.environ.pop("SCIDEX_CONSOLE_KILL_AT", None)
            if kill_at is not None:
                os.environ["SCIDEX_CONSOLE_KILL_AT"] = str(kill_at)
            if places is not None:
                os.environ["SCIDEX_CONSOLE_KILL_LOG"] = str(places)
            killpoints._reached = 0
            asyncio.run(_hold_and_work(lab, work))
            code = 0
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


async def _hold_and_work(lab: Lab, work: Work) -> None:
    async with held_store(lab.settings, lab.options()) as held:
        writer = Writer(held.stores(), held.figures(), Pulse())
        await work(held, writer)


def killed(code: int) -> bool:
    """Whether a child ended by our SIGKILL."""
    return code == -signal.SIGKILL
