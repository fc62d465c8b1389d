"""The one resolver: everything that reads artifacts asks it, and by it is counted and measured."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.reading.found import FoundArtifact
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.domain.reading.shares import Shares
from scidex_console.engine.ports import Clock
from scidex_console.engine.ports.reading import ReadableRows
from scidex_console.engine.reading.finding import ArtifactFinder
from scidex_console.engine.reading.metering import ReadMeter


class ArtifactResolver:
    """Finds artifacts by legacy id or UUID, alike.

    `shares` is what this process goes by; whoever watches the database puts newer ones there.
    """

    def __init__(self, rows: ReadableRows, finder: ArtifactFinder, meter: ReadMeter, clock: Clock) -> None:
        self._rows = rows
        self._finder = finder
        self._meter = meter
        self._clock = clock
        self.shares = Shares()

    async def resolve(self, key: str, reader: ReaderKind = ReaderKind.RESOLVE) -> FoundArtifact | None:
        """The artifact with its files; None when there is no such row.

        Raises `Unreachable` and its kin when the database or the checkout cannot be asked.
        """
        began = self._clock.monotonic()
        row = await self._rows.find(key)
        if row is None:
            return None
        return await asyncio.to_thread(self._find, row, reader, began)

    async def resolve_all(self, rows: Sequence[ArtifactRow], reader: ReaderKind) -> Sequence[FoundArtifact]:
        """Several artifacts whose rows are known already, each counted as a read."""

        def find() -> list[FoundArtifact]:
            return [self._find(row, reader, self._clock.monotonic()) for row in rows]

        return await asyncio.to_thread(find)

    def _find(self, row: ArtifactRow, reader: ReaderKind, began: float) -> FoundArtifact:
        found = self._finder.find(row, folder_first=self.shares.folder_first(reader, row.id))
        took = self._clock.monotonic() - began
        self._meter.read(reader, found.source, fell_back=found.fell_back, seconds=took)
        return found
