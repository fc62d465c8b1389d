"""What the screens of readers and of the read service share: a row a kind, one in words, processes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from textual.widget import Widget

from scidex_console.console.link import Query, Wanted
from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.cells import Cell
from scidex_console.console.presentation.columns import Column, choose
from scidex_console.console.presentation.readers import process_lines
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.screens.main_screen import Console, MainScreen
from scidex_console.engine.reading.views import ReadersView, ServiceView

View = TypeVar("View", ReadersView, ServiceView)
Row = TypeVar("Row")
MINUTES = 60
"""Of reads and answers."""


class ReadsScreen(MainScreen, Generic[View, Row]):
    """Base of both. A screen gives its columns, its rows, and words for the row under the cursor."""

    COLUMNS: ClassVar[Sequence[Column]]
    TABLE: ClassVar[str]
    """Id of the table, which begins in focus."""
    EMPTY: ClassVar[str] = ""
    """What is said where there is no row."""

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        self._view: View | None = None
        title = type(self).__name__.removesuffix("Screen")
        self._table = CellTable(lambda width: self.COLUMNS, title, empty="", id=self.TABLE)
        self._detail = Paragraph(tone="dim", id="detail")
        self._processes = CellView(id="processes")

    @abstractmethod
    def asked(self) -> Query[View]:
        """What is asked of the database."""

    @abstractmethod
    def rows(self, view: View) -> Mapping[str, Row]:
        """By their names, in order."""

    @abstractmethod
    def cells(self, row: Row, view: View, width: int) -> Mapping[str, Cell]:
        """One row; its pace in so many columns."""

    @abstractmethod
    def words(self, row: Row) -> str:
        """The row under the cursor at length."""

    def body(self) -> Iterable[Widget]:
        """The table, the row under the cursor, the processes."""
        yield self._table
        yield self._detail
        yield self._processes

    def wanted(self) -> Wanted:
        """The counts of the last hour."""
        return Wanted(query=self.asked())

    def in_full(self) -> str:
        """The row under the cursor."""
        return self._detail.text

    def draw_body(self, knowledge: Knowledge) -> None:
        """Draw what the last reading has of them."""
        answer = self.answered(self.asked())
        if answer is not None and answer.view is not None:
            self._view = answer.view
        view = self._view
        if view is None:
            if answer is not None and answer.problem:
                self._detail.say(answer.problem, "warn")
            return
        placed = choose(self.COLUMNS, self._table.size.width)
        width = next((p.width for p in placed if p.column.key == "pace"), 0)
        rows = list(self.rows(view).items())
        self._table.show_rows([name for name, _ in rows], lambda i: self.cells(rows[i][1], view, width))
        self._processes.show(process_lines(view.processes, self.size.width))
        self._draw_detail()

    def on_cell_table_row_pointed_at(self, message: CellTable.RowPointedAt) -> None:
        """Another one is looked at."""
        self._draw_detail()
        self.draw_keys()

    def _draw_detail(self) -> None:
        rows = self.rows(self._view) if self._view else {}
        found = rows.get(self._table.cursor_key or "")
        self._detail.say(self.words(found) if found is not None else self.EMPTY, "dim")
