"""The status lines of every screen."""

from __future__ import annotations

from dataclasses import replace

from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.presentation.cells import Line
from scidex_console.console.presentation.status import Knowledge, banner_lines, place_line, pulse_line


class StatusPane(CellView):
    """Environment, write mode, engine, age of the data; a banner when something is wrong."""

    def __init__(self, *, jobs: bool, id: str | None = None) -> None:
        """`jobs` tells the state of each job's run: the overview has a pane for it, other screens do not."""
        super().__init__(id=id)
        self._jobs = jobs
        self._steady: list[Line] = []

    def draw(self, knowledge: Knowledge, *, ages: bool = True) -> None:
        """Show what is known. Without `ages`, what differs in nothing but ages waits for the next second.

        A reading that comes between two ticks would set the age back and the tick forth again: two changes a
        second on the link that tell nothing.
        """
        width = self.size.width
        if width <= 0:
            return
        steady = self._told(_without_ages(knowledge), width)
        if not ages and steady == self._steady:
            return
        self._steady = steady
        self.show(self._told(knowledge, width))

    def _told(self, knowledge: Knowledge, width: int) -> list[Line]:
        lines = [place_line(knowledge, width), pulse_line(knowledge, width, jobs=self._jobs)]
        return [*lines, *banner_lines(knowledge, width)]


def _without_ages(knowledge: Knowledge) -> Knowledge:
    """The same, as if it had just been read and the engine had just told that it lives.

    What is stale stays so: its age is in its banner, which is told at once.
    """
    overview = knowledge.overview
    if overview is None or knowledge.blocked:
        return knowledge
    engine = overview.engine and replace(overview.engine, heartbeat_age_s=0.0)
    return replace(knowledge, age_s=0.0, screen_age_s=0.0, overview=replace(overview, engine=engine))
