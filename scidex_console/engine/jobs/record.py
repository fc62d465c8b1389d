"""What preparing an item came to, until it is written down or dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from scidex_console.domain.errors import Fenced, LockBusy
from scidex_console.engine.threads import to_its_end


def _nothing() -> None:
    """Nothing was left anywhere for the item."""


class Record:
    """Calling it writes down what preparing came to; that may be repeated after a lost connection."""

    def __init__(
        self, write: Callable[[], Awaitable[None]], *, take_away: Callable[[], None] = _nothing
    ) -> None:
        """`take_away` removes what was staged for the item."""
        self._write = write
        self._take_away = take_away
        self._may_be_written = False

    async def __call__(self) -> None:
        """Write it down. Cancelled meanwhile, it waits for the end: else nobody knew what is written."""
        before, self._may_be_written = self._may_be_written, True
        writing = asyncio.ensure_future(self._write())
        try:
            await to_its_end(writing)
        finally:
            if not writing.cancelled() and isinstance(writing.exception(), (LockBusy, Fenced)):
                self._may_be_written = before  # such an error takes back what was begun

    def drop(self) -> None:
        """It will not be written down any more: what is staged for it goes, unless it may be written already.

        Then the next engine clears up.
        """
        if not self._may_be_written:
            self._take_away()
