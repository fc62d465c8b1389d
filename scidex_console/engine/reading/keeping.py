"""Beside every reading process: its shares are read anew, and its counts folded, every few seconds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace

from scidex_console.domain.errors import ConsoleError, briefly
from scidex_console.engine.ports.reading import ReaderProcess, ReadLog, ShareSource
from scidex_console.engine.reading.metering import ReadMeter
from scidex_console.engine.reading.resolver import ArtifactResolver

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeepingTimes:
    """How often, in seconds."""

    refresh_s: float = 2.0
    """How soon a change of shares is noticed."""
    fold_s: float = 5.0
    """How much counting a lost process loses."""


class ReaderKeeper:
    """Keeps one process's resolver by the database's word, and the database by its counts.

    What cannot be asked now is asked again: the last shares stay, and at the start the safe ones.
    """

    def __init__(
        self,
        resolver: ArtifactResolver,
        meter: ReadMeter,
        source: ShareSource,
        log: ReadLog,
        process: ReaderProcess,
        times: KeepingTimes,
    ) -> None:
        self._resolver = resolver
        self._meter = meter
        self._source = source
        self._log = log
        self._process = process
        self._times = times
        self._trouble = ""
        self._unfolded = ""

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        """While this stands, shares are watched and counts folded; what is left is folded at its end."""
        self._resolver.shares = replace(self._resolver.shares, enabled=self._process.enabled)
        await self.refresh()
        stop = asyncio.Event()
        tasks = [
            asyncio.create_task(_again(self.refresh, self._times.refresh_s, stop)),
            asyncio.create_task(_again(self.fold, self._times.fold_s, stop)),
        ]
        try:
            yield
        finally:
            stop.set()  # a fold that is under way comes to its end: cut short, it might count twice
            await asyncio.gather(*tasks)
            await self.fold()
            with suppress(ConsoleError):
                await self._log.leave()

    async def refresh(self) -> None:
        """Read the shares now."""
        try:
            percent = await self._source.shares()
        except ConsoleError as error:
            self._tell(f"the shares of readers cannot be read, the last ones stay: {briefly(error)}")
            return
        self._resolver.shares = replace(self._resolver.shares, percent=percent)
        self._tell("")

    async def fold(self) -> None:
        """Add what was counted to the database; what could not be added is kept for the next time."""
        reads, requests = self._meter.take()
        try:
            await self._log.add(self._process, reads, requests)
        except ConsoleError as error:
            self._meter.put_back(reads, requests)
            if (trouble := briefly(error)) != self._unfolded:
                _LOG.warning("counts of reads are kept for later: %s", trouble)
            self._unfolded = trouble
        else:
            self._unfolded = ""

    def _tell(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            _LOG.warning("%s", trouble)
        self._trouble = trouble


async def _again(act: Callable[[], Awaitable[None]], every_s: float, stop: asyncio.Event) -> None:
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every_s)
        if stop.is_set():
            return
        await act()
