"""The one resolver: everything that reads artifacts asks it, and by it is counted and measured."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.reading.found import FoundArtifact
from scidex_console.domain.reading.kinds import ReaderKind, Source
from scidex_console.domain.reading.shares import Shares
from scidex_console.engine.ports import Clock
from scidex_console.engine.ports.reading import ReadableRows
from scidex_console.engine.reading.finding import ArtifactFinder
from scidex_console.engine.reading.metering import ReadMeter
from scidex_console.engine.reading.promptly import promptly

_FEW = 4
"""Artifacts that are looked for where they are asked for; more would keep others waiting."""


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
        found = await promptly(self._finder.files, self._find, row, reader)
        if found.source is Source.DATABASE and (moved := await self._moved([found])):
            found = await promptly(self._finder.files, self._find, moved[row.id], reader)
        self._count(found, reader, self._clock.monotonic() - began)
        return found

    async def resolve_all(self, rows: Sequence[ArtifactRow], reader: ReaderKind) -> Sequence[FoundArtifact]:
        """Several artifacts whose rows are known already, each counted as a read."""
        began = self._clock.monotonic()
        all_found = await self._find_all(rows, reader)
        if moved := await self._moved([found for found in all_found if found.source is Source.DATABASE]):
            again = {found.id: found for found in await self._find_all([*moved.values()], reader)}
            all_found = [again.get(found.id, found) for found in all_found]
        each_s = (self._clock.monotonic() - began) / max(len(all_found), 1)
        for found in all_found:
            self._count(found, reader, each_s)
        return all_found

    async def _moved(self, found: Sequence[FoundArtifact]) -> Mapping[str, ArtifactRow]:
        """Of artifacts without a file, the rows that are others by now.

        An artifact may move between the look at its row and the look at the disk: then it is looked for anew.
        """
        if not found:
            return {}
        now = await self._rows.find_all([each.id for each in found])
        return {each.id: now[each.id] for each in found if now.get(each.id, each.row) != each.row}

    async def _find_all(self, rows: Sequence[ArtifactRow], reader: ReaderKind) -> list[FoundArtifact]:
        def find() -> list[FoundArtifact]:
            return [self._find(row, reader) for row in rows]

        if len(rows) <= _FEW:
            return await promptly(self._finder.files, find)
        return await asyncio.to_thread(find)

    def _find(self, row: ArtifactRow, reader: ReaderKind) -> FoundArtifact:
        return self._finder.find(row, folder_first=self.shares.folder_first(reader, row.id))

    def _count(self, found: FoundArtifact, reader: ReaderKind, seconds: float) -> None:
        self._meter.read(reader, found.source, fell_back=found.fell_back, seconds=seconds)
