"""Readers of artifacts: the share of each, what it reads by which way, how long that takes, and who reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType

from scidex_console.console.keys import READERS, bindings
from scidex_console.console.presentation.cells import Cell
from scidex_console.console.presentation.readers import READER_COLUMNS, reader_cells, reader_words
from scidex_console.console.screens.main_screen import Subject
from scidex_console.console.screens.reads import MINUTES, ReadsScreen
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.reading.views import ReadersView, ReaderView


@dataclass(frozen=True)
class ReadersQuery:
    """Every kind of reader, with the reads of the last hour."""

    minutes: int = MINUTES

    async def read(self, read: ReadModel) -> ReadersView:
        """Ask for them."""
        return await read.readers(minutes=self.minutes)


class ReadersScreen(ReadsScreen[ReadersView, ReaderView]):
    """One row a reader; the one under the cursor in words, and the processes that read."""

    AUTO_FOCUS: ClassVar[str | None] = "#readers"
    COLUMNS = READER_COLUMNS
    TABLE = "readers"
    KEYS = READERS
    BINDINGS: ClassVar[list[BindingType]] = bindings(READERS)

    def asked(self) -> ReadersQuery:
        """The last hour."""
        return ReadersQuery()

    def rows(self, view: ReadersView) -> Mapping[str, ReaderView]:
        """All kinds there are."""
        return {each.reader: each for each in view.readers}

    def cells(self, row: ReaderView, view: ReadersView, width: int) -> Mapping[str, Cell]:
        """One reader."""
        return reader_cells(row, view, width)

    def words(self, row: ReaderView) -> str:
        """One reader at length."""
        return reader_words(row)

    def subject(self) -> Subject:
        """The reader under the cursor."""
        return Subject(reader=self._table.cursor_key or "")

    def twin(self) -> str:
        """The readers on the command line."""
        return "readers"
