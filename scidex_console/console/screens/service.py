"""The read service: its answers by kind of address, their times and errors, and the processes that serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from scidex_console.console.presentation.cells import Cell
from scidex_console.console.presentation.readers import ROUTE_COLUMNS, route_cells, route_words
from scidex_console.console.screens.reads import MINUTES, ReadsScreen
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.reading.views import RouteView, ServiceView


@dataclass(frozen=True)
class ServiceQuery:
    """Answers of the last hour."""

    minutes: int = MINUTES

    async def read(self, read: ReadModel) -> ServiceView:
        """Ask for them."""
        return await read.service(minutes=self.minutes)


class ServiceScreen(ReadsScreen[ServiceView, RouteView]):
    """One row a kind of address, all of them together first."""

    AUTO_FOCUS: ClassVar[str | None] = "#routes"
    COLUMNS = ROUTE_COLUMNS
    TABLE = "routes"
    EMPTY = "the read service has answered nothing in the last hour"

    def asked(self) -> ServiceQuery:
        """The last hour."""
        return ServiceQuery()

    def rows(self, view: ServiceView) -> Mapping[str, RouteView]:
        """All together, then each kind."""
        return {each.route: each for each in (view.whole, *view.routes)} if view.whole else {}

    def cells(self, row: RouteView, view: ServiceView, width: int) -> Mapping[str, Cell]:
        """One kind of address."""
        return route_cells(row, int(view.taken_at.timestamp() // 60), width)

    def words(self, row: RouteView) -> str:
        """One kind of address at length."""
        return route_words(row)

    def twin(self) -> str:
        """The same on the command line."""
        return "readers service"
