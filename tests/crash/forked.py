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
from scidex_console.wiring.held_store import HeldStore, held_store
from tests.labs import Lab

Work = Callable[[HeldStore, Writer], Coroutine[Any, Any, None]]


def in_child(
    main: Callable[[], Coroutine[Any, Any, None]], *, kill_at: int | None = None, places: Path | None = None
) -> int:
    """Run it in a child; the exit code, or minus the signal that ended it."""
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
            asyncio.run(main())
            code = 0
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def run_in_child(lab: Lab, work: Work, *, kill_at: int | None = None, places: Path | None = None) -> int:
    """Do the work in a child under an epoch of its own; the exit code, or minus the signal that ended it."""
    return in_child(lambda: _hold_and_work(lab, work), kill_at=kill_at, places=places)


async def _hold_and_work(lab: Lab, work: Work) -> None:
    async with held_store(lab.settings, lab.options()) as held:
        writer = Writer(held.stores(), held.figures(), Pulse())
        await work(held, writer)


def storm(
    lab: Lab,
    work: Work,
    kill_at: int,
    *,
    again_within: int = 7,
    look: Callable[[], object] = lambda: None,
) -> bool:
    """Kill the work at one place, kill its recovery at another, let the third engine finish.

    The recovery dies at one of its first `again_within` places; `look` is done after each death. False when
    the work has no such place.
    """
    first = run_in_child(lab, work, kill_at=kill_at)
    if not killed(first):
        assert first == 0
        return False
    look()
    second = run_in_child(lab, work, kill_at=1 + kill_at % again_within)
    assert second == 0 or killed(second)
    look()
    assert run_in_child(lab, work) == 0
    return True


def killed(code: int) -> bool:
    """Whether a child ended by our SIGKILL."""
    return code == -signal.SIGKILL
