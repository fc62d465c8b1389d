"""The panes of the overview: each binds a view to its presentation."""

from __future__ import annotations

from collections import deque
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.presentation import attempts, gap, hosts, migration_log
from scidex_console.console.presentation.status import Knowledge
from scidex_console.domain.jobs import JobName
from scidex_console.engine.views import Overview


class GapPane(CellView, can_focus=True):
    """Counts per job; the job under its cursor is the one the keys act upon."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "select(-1)", "Job above", show=False),
        Binding("down,j", "select(1)", "Job below", show=False),
    ]

    class JobSelected(Message):
        """Another job is now the one the keys act upon."""

        def __init__(self, job: JobName) -> None:
            super().__init__()
            self.job = job

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.job = JobName.FIGURES
        self._knowledge = Knowledge(None)

    def draw(self, knowledge: Knowledge) -> None:
        """Show the counts."""
        self._knowledge = knowledge
        overview = knowledge.overview
        if overview is None or self.size.width <= 0:
            return
        lines = gap.gap_lines(
            overview.gaps,
            width=self.size.width,
            selected=self.job,
            focused=self.has_focus,
            now=overview.taken_at,
            engine_runs=overview.engine is not None and overview.engine.state == "running",
            acceptance=overview.acceptance,
        )
        self.show(lines)

    def action_select(self, by: int) -> None:
        """Select the job so many rows further, round and round."""
        jobs = [g.job for g in self._knowledge.overview.gaps] if self._knowledge.overview else []
        if not jobs:
            return
        at = jobs.index(self.job) if self.job in jobs else 0
        self.job = jobs[(at + by) % len(jobs)]
        self.draw(self._knowledge)
        self.post_message(self.JobSelected(self.job))

    def on_resize(self, event: events.Resize) -> None:
        """Choose the columns anew."""
        self.draw(self._knowledge)

    def watch_has_focus(self, value: bool) -> None:
        """Show the cursor, or hide it."""
        super().watch_has_focus(value)
        self.draw(self._knowledge)


class HostsPane(CellTable):
    """Host groups: stuck ones first."""

    WINDOW_S: ClassVar[float] = 30.0
    """Requests a second are measured over readings that lie at most this far apart."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(hosts.columns_for, "Hosts", empty="no host has been asked yet", id=id)
        self._readings: dict[str, deque[tuple[float, int]]] = {}
        self._drawn: Overview | None = None

    def draw(self, knowledge: Knowledge) -> None:
        """Show the groups as they stand now."""
        overview, now = knowledge.overview, knowledge.now
        if overview is None or now is None:
            return
        if overview is self._drawn and not any(
            hosts.runs_down(host, overview.taken_at) for host in overview.hosts
        ):
            return
        self._drawn = overview if self.size.height else None
        pace = self._measure(overview)
        ordered = hosts.in_order(overview.hosts, now)
        self.show_rows(
            [host.gate.group for host in ordered],
            lambda i: hosts.host_cells(ordered[i], now, pace.get(ordered[i].gate.group)),
        )

    def _measure(self, overview: Overview) -> dict[str, float]:
        at = overview.taken_at.timestamp()
        pace: dict[str, float] = {}
        for host in overview.hosts:
            readings = self._readings.setdefault(host.gate.group, deque())
            if not readings or readings[-1][0] < at:
                readings.append((at, host.requests))
            while len(readings) > 2 and at - readings[0][0] > self.WINDOW_S:
                readings.popleft()
            first_at, first = readings[0]
            if at > first_at:
                pace[host.gate.group] = max(0.0, (host.requests - first) / (at - first_at))
        return pace


class DeadPane(CellTable):
    """Recent 404, 410 and 451 answers, newest first."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            lambda width: attempts.DEAD_COLUMNS,
            "404s",
            empty="no address has been found dead",
            newest_first=True,
            id=id,
        )

    def draw(self, knowledge: Knowledge) -> None:
        """Show the newest."""
        if knowledge.overview:
            dead, now = knowledge.overview.dead, knowledge.now
            self.show_rows(
                [str(attempt.id) for attempt in dead], lambda i: attempts.attempt_cells(dead[i], now)
            )


class ErrorsPane(CellTable):
    """Recent rows of the migration log that are not a success, newest first."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            lambda width: migration_log.COLUMNS,
            "Errors",
            empty="no errors in the migration log",
            newest_first=True,
            id=id,
        )

    def draw(self, knowledge: Knowledge) -> None:
        """Show the newest."""
        if knowledge.overview:
            errors, now = knowledge.overview.errors, knowledge.now
            self.show_rows([str(row.id) for row in errors], lambda i: migration_log.log_cells(errors[i], now))
