"""The overview: status, four live panes, what was asked for lately, the keys."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.containers import Container
from textual.widget import Widget

from scidex_console.console.keys import BACK, OVERVIEW, Key, bindings
from scidex_console.console.link import Wanted
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.overview_panes import DeadPane, ErrorsPane, GapPane, HostsPane
from scidex_console.console.presentation.attempts import attempt_words
from scidex_console.console.presentation.hosts import host_words
from scidex_console.console.presentation.migration_log import log_words
from scidex_console.console.presentation.since import since_line
from scidex_console.console.presentation.status import LISTS, Knowledge
from scidex_console.console.screens.main_screen import Console, MainScreen, Subject
from scidex_console.domain.jobs import JobName
from scidex_console.engine.views import Overview

ROWS_ASKED_FOR = 50


class OverviewScreen(MainScreen):
    """What an operator sees first: is it healthy, how far, what is stuck and why."""

    AUTO_FOCUS: ClassVar[str | None] = "#gap"
    KEYS = OVERVIEW
    TELLS_JOBS = False
    BINDINGS: ClassVar[list[BindingType]] = bindings(OVERVIEW)

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        self._drawn: Overview | None = None
        self._since = CellView(id="since")
        self._gap = GapPane(id="gap")
        self._hosts = HostsPane(id="hosts")
        self._dead = DeadPane(id="dead")
        self._errors = ErrorsPane(id="errors")

    def body(self) -> Iterable[Widget]:
        """What was missed, if anything was; the four panes."""
        yield self._since
        yield self._gap
        with Container(id="tables"):
            yield self._hosts
            yield self._dead
            yield self._errors

    @property
    def job(self) -> JobName:
        """The job that is selected."""
        return self._gap.job

    def subject(self) -> Subject:
        """The host group under the cursor."""
        return Subject(group=self._hosts.cursor_key or "")

    def in_full(self) -> str:
        """The row under the cursor of the pane in focus."""
        knowledge = self.around.knowledge()
        overview, now = knowledge.overview, knowledge.now
        if overview is None or now is None:
            return ""
        if self._hosts.has_focus:
            told = (host_words(h, now) for h in overview.hosts if h.gate.group == self._hosts.cursor_key)
        elif self._dead.has_focus:
            told = (attempt_words(a) for a in overview.dead if str(a.id) == self._dead.cursor_key)
        else:
            told = (log_words(r) for r in overview.errors if str(r.id) == self._errors.cursor_key)
        return "" if self._gap.has_focus else next(told, "")

    def twin(self) -> str:
        """What the cursor of the pane in focus is on; of the counts, nothing of its own."""
        if self._hosts.has_focus and self._hosts.cursor_key:
            return shlex.join(["attempts", "--group", self._hosts.cursor_key])
        if self._dead.has_focus and self._dead.cursor_key:
            return f"attempts --before {int(self._dead.cursor_key) + 1} --limit 1"
        if self._errors.has_focus and self._errors.cursor_key:
            return f"log --before {int(self._errors.cursor_key) + 1} --limit 1"
        return ""

    def commands(self) -> Mapping[str, Callable[[], Any]]:
        """The other job; and Esc, which takes away what was missed."""
        hide = {BACK.command: self.around.forget_missed} if self.around.missed else {}
        return {"other_job": lambda: self._gap.action_select(1), **hide}

    def why_not(self, key: Key) -> str | None:
        """Esc does something while there is something to take away."""
        return None if key is BACK and self.around.missed else super().why_not(key)

    def wanted(self) -> Wanted:
        """What the panes on show need to be read."""
        dead = ROWS_ASKED_FOR if self._dead.size.height else 0
        errors = ROWS_ASKED_FOR if self._errors.size.height else 0
        return Wanted(dead=dead, errors=errors)

    def draw_body(self, knowledge: Knowledge) -> None:
        """Draw the panes, once for each reading."""
        missed, width = self.around.missed, self.size.width
        self._since.show([since_line(missed, width)] if missed and width else [])
        if knowledge.overview is not self._drawn:
            self._drawn = knowledge.overview
            self._gap.draw(knowledge)
            if "dead" in knowledge.lists:
                self._dead.draw(knowledge)
            if "errors" in knowledge.lists:
                self._errors.draw(knowledge)
            wanted = self.wanted()
            if all(name in knowledge.lists for name in LISTS if getattr(wanted, name)):
                self.read_at = knowledge.read_at

    def tick_body(self, knowledge: Knowledge) -> None:
        """Holds run down."""
        self._hosts.draw(knowledge)

    def on_gap_pane_job_selected(self, message: GapPane.JobSelected) -> None:
        """The keys may mean something else for the other job."""
        self.draw_keys()
