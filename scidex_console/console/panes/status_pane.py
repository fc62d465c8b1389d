"""The status lines of every screen."""

from __future__ import annotations

from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.presentation.status import Knowledge, banner_lines, place_line, pulse_line


class StatusPane(CellView):
    """Environment, write mode, engine, age of the data; a banner when something is wrong."""

    def __init__(self, *, jobs: bool, id: str | None = None) -> None:
        """`jobs` tells the state of each job's run: the overview has a pane for it, other screens do not."""
        super().__init__(id=id)
        self._jobs = jobs

    def draw(self, knowledge: Knowledge) -> None:
        """Show what is known."""
        width = self.size.width
        if width <= 0:
            return
        lines = [place_line(knowledge, width), pulse_line(knowledge, width, jobs=self._jobs)]
        self.show([*lines, *banner_lines(knowledge, width)])
