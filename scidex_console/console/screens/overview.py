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
        self._knowledge = knowledge
        self._key_views = key_views
        self._drawn: Overview | None = None
        self._status = StatusPane(id="status")
        self._gap = GapPane(id="gap")
        self._hosts = HostsPane(id="hosts")
        self._dead = DeadPane(id="dead")
        self._errors = ErrorsPane(id="errors")
        self._activity = ActivityPane(monotonic, id="activity")
        self._keys = CellView(id="keys")

    def compose(self) -> ComposeResult:
        """Status above, the four panes, what was asked for, the keys below."""
        yield self._status
        yield self._gap
        with Container(id="tables"):
            yield self._hosts
            yield self._dead
            yield self._errors
        yield self._activity
        yield self._keys

    def on_mount(self) -> None:
        """Say that reading may begin."""
        self.post_message(self.Shown())

    @property
    def job(self) -> JobName:
        """The job the keys act upon."""
        return self._gap.job

    @property
    def host_pointed_at(self) -> str | None:
        """The host group under the cursor."""
        return self._hosts.cursor_key

    def select_other_job(self) -> None:
        """Make the keys act upon the next job."""
        self._gap.action_select(1)

    def say(self, text: str, tone: str) -> None:
        """Tell the operator something, on the activity line."""
        self._activity.notice(text, tone)
        self.tick()

    def wanted(self) -> Wanted:
        """What the panes on show need to be read."""
        dead = ROWS_ASKED_FOR if self._dead.size.height else 0
        errors = ROWS_ASKED_FOR if self._errors.size.height else 0
        return Wanted(dead=dead, errors=errors)

    def draw(self) -> None:
        """Draw everything that changed, after a reading."""
        knowledge = self._knowledge()
        if knowledge.overview is not self._drawn:
            self._drawn = knowledge.overview
            self._gap.draw(knowledge)
            self._dead.draw(knowledge)
            self._errors.draw(knowledge)
        self.tick()

    def tick(self) -> None:
        """Draw what changes with time alone."""
        knowledge = self._knowledge()
        self._status.draw(knowledge)
        self._hosts.draw(knowledge)
        self._activity.draw(knowledge)
        self.draw_keys()

    def draw_keys(self) -> None:
        """Draw the footer."""
        width = self._keys.size.width
        if width:
            self._keys.show([footer_line(self._key_views(), width)])

    def on_resize(self, event: events.Resize) -> None:
        """Draw anew once the panes have their new sizes."""
        self.call_after_refresh(self.draw)

    def on_gap_pane_job_selected(self, message: GapPane.JobSelected) -> None:
        """The keys may mean something else for the other job."""
        self.draw_keys()

    def action_press(self, index: int) -> None:
        """Pass a key on."""
        self.post_message(self.KeyPressed(KEYS[index]))
