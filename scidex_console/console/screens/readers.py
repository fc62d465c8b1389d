"""Readers of artifacts: the share of each, what it reads by which way, how long that takes, and who reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from scidex_console.console.keys import READERS, bindings
from scidex_console.console.link import Wanted
from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.columns import choose
from scidex_console.console.presentation.readers import (
    READER_COLUMNS,
    process_lines,
    reader_cells,
    reader_words,
)
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.screens.main_screen import Console, MainScreen, Subject
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.reading.views import ReadersView

MINUTES = 60


@dataclass(frozen=True)
class ReadersQuery:
    """Every kind of reader, with the reads of the last hour."""

    minutes: int = MINUTES

    async def read(self, read: ReadModel) -> ReadersView:
        """Ask for them."""
        return await read.readers(minutes=self.minutes)


class ReadersScreen(MainScreen):
    """One row a reader; the one under the cursor in words, and the processes that read."""

    AUTO_FOCUS: ClassVar[str | None] = "#readers"
    KEYS = READERS
    BINDINGS: ClassVar[list[BindingType]] = bindings(READERS)

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        self._view: ReadersView | None = None
        self._table = CellTable(lambda width: READER_COLUMNS, "Readers", empty="", id="readers")
        self._detail = Paragraph(tone="dim", id="detail")
        self._processes = CellView(id="processes")

    def body(self) -> Iterable[Widget]:
        """The readers, the one under the cursor, the processes."""
        yield self._table
        yield self._detail
        yield self._processes

    def wanted(self) -> Wanted:
        """The readers."""
        return Wanted(query=ReadersQuery())

    def subject(self) -> Subject:
        """The reader under the cursor."""
        return Subject(reader=self._table.cursor_key or "")

    def twin(self) -> str:
        """The readers on the command line."""
        return "readers"

    def draw_body(self, knowledge: Knowledge) -> None:
        """Draw what the last reading has of them."""
        answer = self.around.answer(ReadersQuery())
        if answer is not None and answer.view is not None:
            self._view = answer.view
        view = self._view
        if view is None:
            if answer is not None and answer.problem:
                self._detail.say(answer.problem, "warn")
            return
        placed = choose(READER_COLUMNS, self._table.size.width)
        width = next((p.width for p in placed if p.column.key == "pace"), 0)
        self._table.show_rows(
            [each.reader for each in view.readers], lambda i: reader_cells(view.readers[i], view, width)
        )
        self._processes.show(process_lines(view.processes, self.size.width))
        self._draw_detail()

    def on_cell_table_row_pointed_at(self, message: CellTable.RowPointedAt) -> None:
        """Another reader is looked at."""
        self._draw_detail()
        self.draw_keys()

    def _draw_detail(self) -> None:
        found = self._view.of(self._table.cursor_key or "") if self._view else None
        self._detail.say(reader_words(found) if found else "", "dim")
