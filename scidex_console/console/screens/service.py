"""The read service: its answers by kind of address, their times and errors, and the processes that serve."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual.widget import Widget

from scidex_console.console.link import Wanted
from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.columns import choose
from scidex_console.console.presentation.readers import ROUTE_COLUMNS, process_lines, route_cells, route_words
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.screens.main_screen import Console, MainScreen
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.reading.views import RouteView, ServiceView

MINUTES = 60
_EMPTY = "the read service has answered nothing in the last hour"


@dataclass(frozen=True)
class ServiceQuery:
    """Answers of the last hour."""

    minutes: int = MINUTES

    async def read(self, read: ReadModel) -> ServiceView:
        """Ask for them."""
        return await read.service(minutes=self.minutes)


class ServiceScreen(MainScreen):
    """One row a kind of address, all of them together first."""

    AUTO_FOCUS: ClassVar[str | None] = "#routes"

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        self._view: ServiceView | None = None
        self._table = CellTable(lambda width: ROUTE_COLUMNS, "Service", empty="", id="routes")
        self._detail = Paragraph(tone="dim", id="detail")
        self._processes = CellView(id="processes")

    def body(self) -> Iterable[Widget]:
        """The addresses, the one under the cursor, the processes."""
        yield self._table
        yield self._detail
        yield self._processes

    def wanted(self) -> Wanted:
        """The answers."""
        return Wanted(query=ServiceQuery())

    def twin(self) -> str:
        """The same on the command line."""
        return "readers service"

    def draw_body(self, knowledge: Knowledge) -> None:
        """Draw what the last reading has of them."""
        answer = self.around.answer(ServiceQuery())
        if answer is not None and answer.view is not None:
            self._view = answer.view
        if self._view is None:
            if answer is not None and answer.problem:
                self._detail.say(answer.problem, "warn")
            return
        routes, minute = self._routes(), int(self._view.taken_at.timestamp() // 60)
        placed = choose(ROUTE_COLUMNS, self._table.size.width)
        width = next((p.width for p in placed if p.column.key == "pace"), 0)
        self._table.show_rows(
            [each.route for each in routes], lambda i: route_cells(routes[i], minute, width)
        )
        self._processes.show(process_lines(self._view.processes, self.size.width))
        self._draw_detail()

    def on_cell_table_row_pointed_at(self, message: CellTable.RowPointedAt) -> None:
        """Another kind of address is looked at."""
        self._draw_detail()

    def _routes(self) -> tuple[RouteView, ...]:
        view = self._view
        return (view.whole, *view.routes) if view and view.whole else ()

    def _draw_detail(self) -> None:
        found = next((each for each in self._routes() if each.route == self._table.cursor_key), None)
        self._detail.say(route_words(found) if found else _EMPTY, "dim")
