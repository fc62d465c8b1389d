"""The terminal console: puts link, screens and orders together, and nothing more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from importlib import import_module
from typing import Any, ClassVar, TypeVar

from textual import events
from textual.binding import BindingType
from textual.command import Provider
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import WorkType

from scidex_console.console.attending import Attending
from scidex_console.console.deciding import Deciding
from scidex_console.console.deciding_orphans import DecidingOrphans
from scidex_console.console.key_table import KeyTable
from scidex_console.console.keys import EVERYWHERE, OVERVIEW, bindings
from scidex_console.console.link import Answer, DataLink, Pace, Query, Wanted
from scidex_console.console.manners import Manners
from scidex_console.console.navigation import Navigation
from scidex_console.console.orders import Orders
from scidex_console.console.palette import KeyProvider
from scidex_console.console.panes.activity import NoticeBoard
from scidex_console.console.presentation.keys import KeyView
from scidex_console.console.presentation.since import quiet_words
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.presentation.words import as_typed
from scidex_console.console.screens.main_screen import MainScreen
from scidex_console.console.screens.overview import ROWS_ASKED_FOR
from scidex_console.console.screens.table import SCREEN_KEYS, SCREENS
from scidex_console.console.terminal_app import TerminalApp
from scidex_console.domain.jobs import JobName
from scidex_console.engine.actions import PROGRAM, Situation
from scidex_console.engine.alarms import Alarms
from scidex_console.engine.handover import Handover
from scidex_console.engine.ports import Attendance, CleanupDesk, Feed, IntentDesk, ReadModel, TriageDesk

View = TypeVar("View")
_BLANK_AT_MOST_S = 0.3
"""Seconds that a first reading may take before the panes are shown without it."""


_FIRST = Wanted(dead=ROWS_ASKED_FOR, errors=ROWS_ASKED_FOR)
"""What is read before the first screen is there, and knows what it has room for."""

_LATER = (
    *(f"screens.{entry.module}" for entry in SCREENS),
    *("asking", "screens.decision_dialog", "screens.decisions"),
    *("screens.help", "screens.withdraw_dialog", "screens.copied", "screens.in_full"),
)
"""Modules of this room that the first screen needs not."""


async def _load_later() -> None:
    """Called only once it runs, so that nothing is left unawaited where the console ends before."""
    await asyncio.to_thread(_load, _LATER)


def _load(modules: Iterable[str]) -> None:
    for module in modules:
        import_module(f"scidex_console.console.{module}")


class ConsoleApp(TerminalApp):
    """Watches the engine through the database and puts operators' intents there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings((*EVERYWHERE, *SCREEN_KEYS)),
        *bindings(OVERVIEW, "tell_where"),  # where a screen has no key of its own there
    ]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {KeyProvider}
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        read: ReadModel,
        desk: IntentDesk,
        feed: Feed,
        triage: Callable[[], TriageDesk],
        cleanup: Callable[[], CleanupDesk],
        *,
        read_only: bool = False,
        production: bool = False,
        max_refresh_per_second: float = 2.0,
        theme: str = "dark",
        program: str = PROGRAM,
        engine_stays: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        pace: Pace | None = None,
        manners: Manners | None = None,
        attendance: Attendance | None = None,
    ) -> None:
        """`theme` is one of `themes.LOOKS`; `monotonic` is the clock that ages are measured by.

        `triage` and `cleanup` open their desks, when a screen first asks for them.
        `production` is what the configuration says, whatever the environment is called.
        `program` is what every command line shown begins with, quoted for a shell; `engine_stays` says
        whether the engine goes on when the console is left.
        """
        super().__init__(theme=theme, manners=manners or Manners())
        self.read_only = read_only
        self.program = program
        self.engine_stays = engine_stays
        self.monotonic = monotonic
        self.missed: Handover | None = None
        """What happened since this operator was here last, until they have read it."""
        self._alarms = Alarms(self.ring, monotonic)
        self._attending = attendance and Attending(
            attendance,
            read,
            screen=lambda: self.navigation.title,
            now=lambda: self.knowledge().now,
            missed=self._tell_missed,
            monotonic=monotonic,
        )
        self._link = DataLink(
            read,
            feed,
            wanted=self._wanted,
            changed=self._link_changed,
            pace=pace or Pace(at_most_every=1.0 / max_refresh_per_second),
            read_only=read_only,
            production=production,
            program=program,
            monotonic=monotonic,
        )
        self._open_triage = triage
        self._open_cleanup = cleanup
        self._is_shown = self._is_attending = False
        self.navigation = Navigation(self, self._moved)
        self.notices = NoticeBoard(monotonic)
        self.table = KeyTable(self)
        self.orders = Orders(self, read, desk)
        self.decisions = Deciding(self)
        self.orphans = DecidingOrphans(self)

    # --- what the screens ask -----------------------------------------------------------------------------

    def knowledge(self) -> Knowledge:
        """What is known, and how old it is."""
        return self._link.knowledge(self.main_screen.read_at)

    def situation(self, job: JobName | None = None) -> Situation:
        """What actions are judged by just now."""
        knowledge = self.knowledge()
        blocked = self.too_small or knowledge.blocked
        return Situation(knowledge.overview, job or self.main_screen.job, self.read_only, blocked)

    def key_views(self) -> Sequence[KeyView]:
        """The keys as they stand now, for footer, help and palette."""
        return self.table.views()

    def screens_view(self) -> KeyView:
        """The keys that go to other screens, as one, for the footer."""
        return self.table.screens_view()

    @cached_property
    def triage(self) -> TriageDesk:
        """Cases and the evidence about them, opened when a screen first asks."""
        return self._open_triage()

    @cached_property
    def cleanup(self) -> CleanupDesk:
        """Files that no row claims, opened when a screen first asks."""
        return self._open_cleanup()

    def answer(self, query: Query[View]) -> Answer[View] | None:
        """What a screen's query came to; None while that is not known."""
        return self._link.answer(query)

    def say(self, text: str, tone: str = "strong") -> None:
        """Tell the operator something, on the activity line."""
        self.notices.put(as_typed(text, self.program), tone)
        if self.main_screen.is_attached:
            self.main_screen.tick()

    def read_soon(self) -> None:
        """Read the database as soon as the pace allows."""
        self._link.poke()

    def hurry(self) -> None:
        """Ask the screen's own query at once."""
        self._link.hurry()

    def forget_missed(self) -> None:
        """The operator has read what they missed."""
        self.missed = None
        self.main_screen.draw()

    # --- from screen to screen ----------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[Any]:
        """The overview."""
        return self.navigation.first

    @property
    def main_screen(self) -> MainScreen:
        """The screen on show, below all dialogs."""
        return self.navigation.on_show

    @property
    def can_go_back(self) -> bool:
        """Whether there is a screen to go back to."""
        return self.navigation.can_go_back

    def drill(self, screen: MainScreen) -> None:
        """Show a screen above this one."""
        self.push_screen(screen)

    def _moved(self) -> None:
        if self._attending:
            self._attending.moved()

    # --- life ---------------------------------------------------------------------------------------------

    def on_load(self) -> None:
        """Read at once: the database answers while the first screen is made."""
        self.run_worker(self._link.run(), name="link")

    def on_mount(self) -> None:
        """Listen for signals, and age what was read once a second."""
        self.listen_for_signals()
        self.set_interval(1.0, self._tick)

    def on_main_screen_shown(self, message: MainScreen.Shown) -> None:
        """Show what was read meanwhile; without that, the panes as they are after a while."""
        if not self._is_shown:
            self._is_shown = True
            self.set_timer(_BLANK_AT_MOST_S, self.paint)
            if self._link.knowledge().overview is not None:
                self._link_changed()

    def painted(self) -> None:
        """Load what keys lead to: the first one need not wait for it then, and the start did not."""
        work: WorkType[None] = _load_later
        self.run_worker(work, group="loading", exit_on_error=False)

    def uncovered(self) -> None:
        """What is known may be old."""
        self._link.poke()

    def _wanted(self) -> Wanted | None:
        if not self._is_shown:
            return None if self.too_small else _FIRST
        screen = self.main_screen
        return None if self.too_small or not screen.is_attached else screen.wanted()

    def _link_changed(self) -> None:
        if not self._is_shown:
            return
        if self.main_screen.is_attached:
            self.main_screen.draw()
            self.orders.follow(self._link.knowledge())
        if not self.painting:
            # The panes have heights of their own now: once those are laid out, and not before.
            self.call_after_refresh(self.call_after_refresh, self.paint)
        overview = self._link.knowledge().overview
        if overview is not None:
            self._alarms.look(overview)
            self._attend()

    def _attend(self) -> None:
        """Say that somebody is there, and ask what they missed, once the database's clock is known."""
        if self._attending and not self._is_attending:
            self._is_attending = True
            self.run_worker(self._attending.run(), name="attending")

    def _tick(self) -> None:
        self.notice_hang_up()
        self._alarms.tick()
        if self.main_screen.is_attached and not self.too_small:
            self.main_screen.tick()

    async def on_event(self, event: events.Event) -> None:
        """A key, or a terminal that is attached again, means that somebody is there."""
        if isinstance(event, events.Key):
            self.notices.pressed()
        if self._attending and isinstance(event, events.Key | events.Paste | events.Resize):
            self._attending.pressed()
        await super().on_event(event)

    def _tell_missed(self, missed: Handover) -> None:
        if quiet := quiet_words(missed):
            self.say(quiet, "dim")
            return
        self.missed = missed
        if self.main_screen.is_attached:
            self.main_screen.draw()

    # --- keys ---------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Inside a field every key is a letter."""
        return not isinstance(self.focused, Input) if action in ("press", "tell_where") else True

    def action_press(self, name: str) -> None:
        """Carry out what a key stands for, unless a dialog is open."""
        if self.screen is self.main_screen:
            self.orders.press(next(key for key in self.table.keys if key.name == name))

    def action_tell_where(self, name: str) -> None:
        """A key of the overview, pressed elsewhere, says so."""
        if self.screen is self.main_screen:
            key = next(key for key in OVERVIEW if key.name == name)
            label = key.label_now(self.situation())
            self.say(f"{self.manners.shown(key)} {label}: a key of screen 1, the overview", "warn")

    def commands(self) -> Mapping[str, Callable[[], Any]]:
        """What the keys of all screens do that stand for no action."""
        return {
            "read_now": self.read_soon,
            "palette": self.action_command_palette,
            "leave": self.action_leave,
            "back": self.navigation.go_back,
            **{entry.name: partial(self.navigation.go_to, entry.name) for entry in SCREENS},
        }

    def action_command_palette(self) -> None:
        """Only over a screen: a dialog is answered first."""
        if self.screen is self.main_screen:
            super().action_command_palette()

    def action_leave(self) -> None:
        """Quit the console, saying what becomes of the engine."""
        self.exit(message=self.orders.farewell())

    async def action_quit(self) -> None:
        """Textual's own way out is the same."""
        self.action_leave()

    def action_help_quit(self) -> None:
        """Ctrl+C leaves too: nothing is lost by it."""
        self.action_leave()
