"""A virtual table: rows of a query of any length, of which a window around the cursor is loaded.

It keeps a place (what to read), takes windows as they are read, and asks for another place before the cursor
reaches the edge. Cursor and marks are by key, so they survive every refresh and rows that are not loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Generic, TypeVar

from textual.message import Message

from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.presentation.cells import Cell
from scidex_console.console.presentation.columns import Column
from scidex_console.domain.paging import FIRST, LAST, Around, Key, Span, Window, next_around, place

T = TypeVar("T")
_FAR = 1_000_000
"""What Home and End of a table move by."""
PAGE = 50


class QueryTable(CellTable, Generic[T]):
    """A `CellTable` over windows. At most three pages are loaded."""

    SPAN: ClassVar[Span] = Span(PAGE, 2 * PAGE)

    class PlaceWanted(Message):
        """Another part of the listing is to be read (`QueryTable.around`)."""

    def __init__(
        self,
        columns: Callable[[int], Sequence[Column]],
        title: str,
        cells: Callable[[T], Mapping[str, Cell]],
        *,
        empty: str,
        marking: bool = False,
        id: str | None = None,
    ) -> None:
        """`cells` gives what a row shows; with `marking` the first column has room for a mark before it."""
        super().__init__(columns, title, empty=empty, id=id)
        self._cells_of = cells
        self._marking = marking
        self.window: Window[T] = Window()
        self.around = FIRST
        self._pointed_at: Key | None = None
        """The row the cursor stays with; without one it stays at the end of the listing it was sent to."""
        self._kept = False
        """Whether the cursor stays with its row by `stay` alone, and was never moved there."""
        self.marked: dict[Key, T] = {}

    @property
    def current(self) -> T | None:
        """The row under the cursor."""
        return self.window.rows[self._cursor] if self.window.rows else None

    @property
    def chosen(self) -> tuple[T, ...]:
        """The marked rows; without any, the one under the cursor."""
        return tuple(self.marked.values()) or (() if self.current is None else (self.current,))

    def restart(self) -> None:
        """Another listing from now on: its first rows, without marks."""
        self.window, self.around, self._pointed_at = Window(), FIRST, None
        self._kept, self.marked = False, {}
        self._known = False
        self._take(self.window, 0, 0)

    def take(self, window: Window[T]) -> None:
        """Show what was read. The cursor stays with its row, on the same line of the screen."""
        wanted = self._pointed_at
        if wanted is not None and wanted not in window.keys and self.around.key != wanted:
            self._go(Around(wanted))  # too much has come in between: look for it where it is
            return
        self._known = True
        at = place(window, wanted, self.window.keys)
        if wanted is None and self.around.last:
            at = max(len(window.keys) - 1, 0)
        if window.keys and (wanted is not None or self.around.last):
            self._pointed_at = window.keys[at]
        self.marked.update(
            (key, row) for key, row in zip(window.keys, window.rows, strict=True) if key in self.marked
        )
        # What comes above a row that nobody went to is seen, as far as there is room.
        from_top = self._kept and not self._top and window.from_first
        self._take(window, at, 0 if from_top else at - (self._cursor - self._top))
        self._look_ahead()

    def _take(self, window: Window[T], at: int, top: int) -> None:
        self.window = window
        self._keys = tuple(str(key[-1]) for key in window.keys)
        self._cells = self._row_cells
        self._cursor, self._top = at, max(top, 0)
        self._draw()

    def stay(self) -> None:
        """Keep the cursor with the row under it, though it was never moved there."""
        if self.window.keys:
            self._kept = self._kept or self._pointed_at is None
            self._pointed_at = self.window.keys[self._cursor]

    def let_go(self) -> None:
        """Begin with the first row again, unless the cursor was moved to its row."""
        if self._kept:
            self._kept, self._pointed_at = False, None

    def redraw(self) -> None:
        """Draw the same rows again: what they show changes with time."""
        self._draw()

    def _row_cells(self, index: int) -> Mapping[str, Cell]:
        cells = self._cells_of(self.window.rows[index])
        if not self._marking:
            return cells
        first = self._columns(self.size.width)[0].key
        mark = "*" if self.window.keys[index] in self.marked else " "
        return {
            **cells,
            first: Cell(mark + cells[first].text, "strong" if mark == "*" else cells[first].tone),
        }

    def action_move(self, by: int) -> None:
        """Move the cursor; Home and End go to the ends of the whole listing."""
        if not self.window.rows:
            return
        if abs(by) >= _FAR:
            self._go_to_end(LAST if by > 0 else FIRST)
            return
        if self._cursor + by < 0 and self.window.from_first:
            self._go_to_end(FIRST)  # beyond the first row: stay with whatever is first
            return
        self._cursor = min(max(self._cursor + by, 0), len(self._keys) - 1)
        self._kept = False
        self._pointed_at = self.window.keys[self._cursor]
        self._draw()
        self.post_message(self.RowPointedAt(self, self.cursor_key))
        self._look_ahead()

    def _go_to_end(self, end: Around) -> None:
        self._kept, self._pointed_at = False, None
        if self.window.to_last if end.last else self.window.from_first:
            self._cursor = len(self._keys) - 1 if end.last else 0
            self._draw()
            self.post_message(self.RowPointedAt(self, self.cursor_key))
        self._go(end)

    def _look_ahead(self) -> None:
        further = next_around(self.window, self._cursor, PAGE)
        if further is not None:
            self._go(further)

    def _go(self, around: Around) -> None:
        if around != self.around:
            self.around = around
            self.post_message(self.PlaceWanted())

    def mark(self) -> None:
        """Mark the row under the cursor, or unmark it, and go on to the next."""
        if not self._marking or not self.window.rows:
            return
        key = self.window.keys[self._cursor]
        if key in self.marked:
            del self.marked[key]
        else:
            self.marked[key] = self.window.rows[self._cursor]
        self.action_move(1)

    def unmark(self) -> None:
        """Take all marks away."""
        self.marked = {}
        self.action_move(0)

    def _note(self) -> str:
        marked = f"{len(self.marked)} marked" if self.marked else ""
        above = "" if self.window.from_first and not self._top else "↑ more above"
        return "  ".join(word for word in (above, marked) if word)

    def _header(self, width: int) -> str:
        number = len(self._keys)
        if not self._known:
            texts = [f"{self._title} …"]
        elif not self.window.from_first:
            texts = []
        else:
            rows = f"{number}{'' if self.window.to_last else '+'}"
            texts = [f"{self._title} {rows}"]
            if self.has_focus and number > self.size.height - 1:
                texts.insert(0, f"{self._title} {self._cursor + 1}/{rows}")
        return next((text for text in texts if len(text) <= width), self._title)
