"""A table over `CellView`: fixed columns, a cursor that stays with its row, scrolling by whole rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message

from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.presentation.cells import Cell, Line
from scidex_console.console.presentation.columns import Column, choose, header_line, row_line


def _no_cells(_index: int) -> Mapping[str, Cell]:
    return {}


class CellTable(CellView, can_focus=True):
    """Rows under a header that names the pane. Subclasses or owners hand in columns and rows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-1000000)", "First", show=False),
        Binding("end", "move(1000000)", "Last", show=False),
    ]

    class RowPointedAt(Message):
        """The cursor has moved to another row."""

        def __init__(self, table: CellTable, key: str | None) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> CellTable:
            """The table whose cursor moved."""
            return self.table

    def __init__(
        self,
        columns: Callable[[int], Sequence[Column]],
        title: str,
        *,
        empty: str,
        newest_first: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`columns` gives the columns to choose from in a given width.

        A table that grows at its top, newest first, says how much is hidden there, and goes back to the top
        when it is left.
        """
        super().__init__(id=id, classes=classes)
        self._columns = columns
        self._title = title
        self.empty = empty
        self._known = False
        """Whether rows, or that there are none, were ever told."""
        self._newest_first = newest_first
        self._keys: tuple[str, ...] = ()
        self._cells: Callable[[int], Mapping[str, Cell]] = _no_cells
        self._cursor = 0
        self._top = 0

    @property
    def cursor_key(self) -> str | None:
        """Key of the row under the cursor."""
        return self._keys[self._cursor] if self._keys else None

    @property
    def row_count(self) -> int:
        """Rows in the table, shown or not."""
        return len(self._keys)

    def show_rows(self, keys: Sequence[str], cells: Callable[[int], Mapping[str, Cell]]) -> None:
        """Take new rows: the key of each, and what row `i` shows, which is asked for visible rows only.

        The cursor stays with its row, or where it was if that row is gone. A cursor on the first row stays on
        the first row, so that the newest stays in sight.
        """
        key = self.cursor_key
        if len(keys) != len(self._keys) and self.styles.is_auto_height:
            self.refresh(layout=True)  # what is drawn now has the old height, and would not ask for another
        self._keys, self._cells, self._known = tuple(keys), cells, True
        if self._cursor > 0:
            found = self._keys.index(key) if key in self._keys else self._cursor
            self._cursor = min(found, max(len(self._keys) - 1, 0))
        self._draw()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Header and all rows, where the stylesheet lets the table be as high as it likes."""
        return 1 + max(len(self._keys), 1)

    def action_move(self, by: int) -> None:
        """Move the cursor by so many rows, as far as there are any."""
        if self._keys:
            self._cursor = min(max(self._cursor + by, 0), len(self._keys) - 1)
            self._draw()
            self.post_message(self.RowPointedAt(self, self.cursor_key))

    def action_page(self, by: int) -> None:
        """Move the cursor by a screenful."""
        self.action_move(by * max(self.size.height - 1, 1))

    def on_resize(self, event: events.Resize) -> None:
        """Choose the columns anew."""
        self._draw()

    def watch_has_focus(self, value: bool) -> None:
        """Show the cursor, or hide it."""
        super().watch_has_focus(value)
        if self._newest_first and not value:
            self._cursor = 0
        self._draw()

    def _draw(self) -> None:
        width, height = self.size
        if width <= 0 or height <= 0:
            return
        room = height - 1
        self._top = max(0, min(self._top, self._cursor, len(self._keys) - room))
        if self._cursor >= self._top + room:
            self._top = self._cursor - room + 1 if room > 0 else 0
        placed = choose(self._columns(width), width)
        title = self._header(placed[0].width)
        lines = [header_line(placed, title, "title-focus" if self.has_focus else "title", self._note())]
        for index in range(self._top, min(self._top + max(room, 0), len(self._keys))):
            tone = "cursor" if self.has_focus and index == self._cursor else ""
            lines.append(row_line(placed, self._cells(index), tone))
        if not self._keys and room > 0:
            lines.append(Line((Cell(f"  {self.empty if self._known else 'reading …'}", "dim"),)))
        self.show(lines)

    def _note(self) -> str:
        """What the header has to say beside the names of the columns."""
        return f"↑ {self._top} newer above" if self._newest_first and self._top else ""

    def _header(self, width: int) -> str:
        number = str(len(self._keys)) if self._keys else ""
        texts = [f"{self._title} {number}"]
        if self.has_focus and len(self._keys) > self.size.height - 1:
            texts.insert(0, f"{self._title} {self._cursor + 1}/{number}")
        elif self._newest_first and number:
            texts = [f"{self._title} newest {number}"]  # there may be older ones, which are not read
        return next((text for text in texts if len(text) <= width), self._title)
