"""The overview: status, four live panes, what was asked for lately, the keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.message import Message
from textual.screen import Screen

from scidex_console.console.keys import KEYS, Key
from scidex_console.console.link import Wanted
from scidex_console.console.panes.activity import ActivityPane
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.overview_panes import DeadPane, ErrorsPane, GapPane, HostsPane, StatusPane
from scidex_console.console.presentation.keys import KeyView, footer_line
from scidex_console.console.presentation.status import Knowledge
from scidex_console.domain.jobs import JobName
from scidex_console.engine.views import Overview

ROWS_ASKED_FOR = 50


class OverviewScreen(Screen[None]):
    """Draws what the app knows; every key of the table becomes a `KeyPressed`."""

    AUTO_FOCUS: ClassVar[str | None] = "#gap"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key.key, f"press({index})", key.label, show=False)
        for index, key in enumerate(KEYS)
        if key.command != "next_pane"
    ]

    class KeyPressed(Message):
        """An operator pressed a key of the table."""

        def __init__(self, key: Key) -> None:
            super().__init__()
            self.key = key

    class Shown(Message):
        """The panes are there and can be drawn."""

    def __init__(
        self,
        knowledge: Callable[[], Knowledge],
        key_views: Callable[[], Sequence[KeyView]],
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._knowledge = knowledge
        self._key_views = key_views
        self._drawn: Overview | None = None

    def compose(self) -> ComposeResult:
        """Status above, the four panes, what was asked for, the keys below."""
        yield StatusPane(id="status")
        yield GapPane(id="gap")
        with Container(id="tables"):
            yield HostsPane(id="hosts")
            yield DeadPane(id="dead")
            yield ErrorsPane(id="errors")
        yield ActivityPane(self._monotonic, id="activity")
        yield CellView(id="keys")

    def on_mount(self) -> None:
        """Say that reading may begin."""
        self.post_message(self.Shown())

    @property
    def job(self) -> JobName:
        """The job the keys act upon."""
        return self.query_one(GapPane).job

    @property
    def host_pointed_at(self) -> str | None:
        """The host group under the cursor."""
        return self.query_one(HostsPane).cursor_key

    def select_other_job(self) -> None:
        """Make the keys act upon the next job."""
        self.query_one(GapPane).action_select(1)

    def wanted(self) -> Wanted:
        """What the panes on show need to be read."""
        dead = ROWS_ASKED_FOR if self.query_one(DeadPane).size.height else 0
        errors = ROWS_ASKED_FOR if self.query_one(ErrorsPane).size.height else 0
        return Wanted(dead=dead, errors=errors)

    def draw(self) -> None:
        """Draw everything that changed, after a reading."""
        knowledge = self._knowledge()
        if knowledge.overview is not self._drawn:
            self._drawn = knowledge.overview
            self.query_one(GapPane).draw(knowledge)
            self.query_one(DeadPane).draw(knowledge)
            self.query_one(ErrorsPane).draw(knowledge)
        self.tick()

    def tick(self) -> None:
        """Draw what changes with time alone."""
        knowledge = self._knowledge()
        self.query_one(StatusPane).draw(knowledge)
        self.query_one(HostsPane).draw(knowledge)
        self.query_one(ActivityPane).draw(knowledge)
        self.draw_keys()

    def draw_keys(self) -> None:
        """Draw the footer."""
        footer = self.query_one("#keys", CellView)
        if footer.size.width:
            footer.show([footer_line(self._key_views(), footer.size.width)])

    def on_resize(self, event: events.Resize) -> None:
        """Draw anew once the panes have their new sizes."""
        self.call_after_refresh(self.draw)

    def on_gap_pane_job_selected(self, message: GapPane.JobSelected) -> None:
        """The keys may mean something else for the other job."""
        self.draw_keys()

    def action_press(self, index: int) -> None:
        """Pass a key on."""
        self.post_message(self.KeyPressed(KEYS[index]))
