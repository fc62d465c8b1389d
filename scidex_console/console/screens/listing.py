"""What screens that list rows share: a filter, a virtual table, marks, and Enter for all about a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual.widget import Widget

from scidex_console.console.filtering import FilterError
from scidex_console.console.keys import BACK, FILTER, MARK, OPEN, UNMARK, Key
from scidex_console.console.link import Query, Wanted
from scidex_console.console.panes.filter_line import FilterLine
from scidex_console.console.panes.query_table import QueryTable
from scidex_console.console.presentation.cells import Cell
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.screens.main_screen import Console, MainScreen
from scidex_console.domain.paging import Around, Span, Window

T = TypeVar("T")


class ListingScreen(MainScreen, Generic[T]):
    """Base of such screens. `KEYS` has `FILTER` and `OPEN`; `MARK` and `UNMARK` where rows are marked."""

    AUTO_FOCUS: ClassVar[str | None] = "#rows"
    TITLE_WORDS: ClassVar[str]
    EMPTY: ClassVar[str]
    """What is said where nothing is filtered away, and there is no row."""
    HINT: ClassVar[str] = ""
    """What the filter understands."""

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        self.table: QueryTable[T] = QueryTable(
            self.columns,
            self.TITLE_WORDS,
            self.cells,
            empty=self.EMPTY,
            marking=MARK in self.KEYS,
            id="rows",
        )
        self.filter = FilterLine(self.HINT, id="filter-line")
        self.at_first = ""
        """The filter it was opened with, to which Esc goes back."""

    # --- what a listing gives -----------------------------------------------------------------------------

    def columns(self, width: int) -> Sequence[Column]:
        """The columns to choose from."""
        raise NotImplementedError

    def cells(self, row: T) -> Mapping[str, Cell]:
        """What a row shows."""
        raise NotImplementedError

    def ask(self, around: Around, span: Span) -> Query[Window[T]]:
        """The question for a part of the listing, as it is filtered now."""
        raise NotImplementedError

    def apply(self, typed: str) -> None:
        """Take over a filter. Raises `FilterError`, with nothing changed, for one that is not understood."""
        raise FilterError("this listing has no filter", 0)

    def open(self, row: T) -> None:
        """Show all about a row."""
        raise NotImplementedError

    # --- what all listings share --------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """The filter, and the table."""
        yield self.filter
        yield self.table

    def wanted(self) -> Wanted:
        """The window the table wants."""
        return Wanted(query=self._asked())

    def _asked(self) -> Query[Window[T]]:
        return self.ask(self.table.around, self.table.SPAN)

    def draw_body(self, knowledge: Knowledge) -> None:
        """Show the window, if it is the one that is wanted."""
        answer = self.answered(self._asked())
        if answer is None:
            return
        self.filter.tell(answer.problem)
        if answer.view is not None and answer.view is not self.table.window:
            self.table.take(answer.view)

    def commands(self) -> Mapping[str, Callable[[], Any]]:
        """Filter, open, marks, and Esc, which takes the filter away first."""
        return {
            FILTER.command: self.filter.edit,
            OPEN.command: self._open_current,
            MARK.command: self.table.mark,
            UNMARK.command: self.table.unmark,
            **({BACK.command: lambda: self.filter_by(self.at_first)} if self._is_filtered else {}),
        }

    def why_not(self, key: Key) -> str | None:
        """Keys that need a row, or marks."""
        if key in (OPEN, MARK) and self.table.current is None:
            return "there is no row here"
        if key is UNMARK and not self.table.marked:
            return "nothing is marked"
        if key is BACK and self._is_filtered:
            return None
        return super().why_not(key)

    def decided(self) -> None:
        """What was decided on may be gone with the next reading; its marks are not to stand for it."""
        self.table.unmark()

    @property
    def _is_filtered(self) -> bool:
        return self.filter.in_force != self.at_first

    def _open_current(self) -> None:
        if self.table.current is not None:
            self.open(self.table.current)

    def filter_by(self, typed: str) -> None:
        """Show what a filter finds, or say what is wrong with it."""
        try:
            self.apply(typed)
        except FilterError as error:
            self.filter.refused(error)
            return
        self.filter.applied(typed)
        self.table.empty = "nothing is like that: Esc shows all" if self._is_filtered else self.EMPTY
        self.table.restart()
        self.set_focus(self.table)
        self.around.hurry()
        self.draw_keys()

    def on_filter_line_entered(self, message: FilterLine.Entered) -> None:
        """Apply it, or say what is wrong."""
        self.filter_by(message.text)

    def on_filter_line_left(self, message: FilterLine.Left) -> None:
        """Back to the rows."""
        self.set_focus(self.table)

    def on_query_table_place_wanted(self, message: QueryTable.PlaceWanted) -> None:
        """Another part is to be read, at once."""
        self.around.hurry()

    def on_cell_table_row_pointed_at(self, message: QueryTable.RowPointedAt) -> None:
        """Keys may mean something else for another row."""
        self.draw_keys()
