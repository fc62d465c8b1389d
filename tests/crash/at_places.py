"""Something happens at one numbered place of the engine's work, while the engine lives on.

The places are those at which the crash tests kill (`engine/killpoints.py`); here the world changes instead:
the database goes away, somebody edits a row, takes a lock, commits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from scidex_console.engine import killpoints


class AtPlace:
    """One place, and whether the work came by."""

    def __init__(self, number: int, act: Callable[[], object]) -> None:
        self.number = number
        self.hit = False
        self._act = act
        self._error: BaseException | None = None

    def come_by(self, *_: object) -> None:
        """Where the process would be killed. The engine is not to see what goes wrong in a test's own act."""
        self.hit = True
        try:
            self._act()
        except BaseException as error:
            self._error = error

    def raise_error(self) -> None:
        """What went wrong in the act goes wrong in the test."""
        if self._error is not None:
            raise self._error


@contextmanager
def at_place(number: int, act: Callable[[], object]) -> Iterator[AtPlace]:
    """Within the block, `act` is done when the engine in this process reaches so many places.

    It runs in whichever thread comes by, the event loop's among them, and the engine waits for it.
    """
    place = AtPlace(number, act)
    world = SimpleNamespace(
        environ={"SCIDEX_CONSOLE_KILL_AT": str(number)}, getpid=os.getpid, kill=place.come_by
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(killpoints, "os", world)
        patch.setattr(killpoints, "_reached", 0)
        yield place
    place.raise_error()
