"""The terminal console: puts link, screens and orders together, and nothing more."""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar, TypeVar, cast

from rich.cells import cell_len
from rich.console import RenderableType
from textual import events
from textual.app import App, AutopilotCallbackType
from textual.binding import BindingType
from textual.command import Provider
from textual.filter import NoColor
from textual.screen import Screen
from textual.widgets import Input

from scidex_console.console.alarms import Alarms
from scidex_console.console.attending import Attending
from scidex_console.console.deciding import Deciding
from scidex_console.console.keys import EVERYWHERE, Key, bindings
from scidex_console.console.leaving import Leaving
from scidex_console.console.link import Answer, DataLink, Pace, Query, Wanted
from scidex_console.console.manners import Manners, fits_clipboard
from scidex_console.console.orders import Orders
from scidex_console.console.palette import KeyProvider
from scidex_console.console.panes.activity import NoticeBoard
from scidex_console.console.presentation.keys import KeyView
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.presentation.words import as_typed
from scidex_console.console.screens.copied import CopiedScreen
from scidex_console.console.screens.main_screen import MainScreen
from scidex_console.console.screens.overview import OverviewScreen
from scidex_console.console.screens.table import SCREEN_KEYS, SCREENS
from scidex_console.console.screens.too_small import TooSmallScreen, is_too_small
from scidex_console.console.terminal import need_drawing
from scidex_console.console.themes import THEMES, look_named
from scidex_console.domain.jobs import JobName
from scidex_console.engine.actions import PROGRAM, Situation
from scidex_console.engine.handover import Handover
from scidex_console.engine.ports import Attendance, Feed, IntentDesk, ReadModel, TriageDesk
from scidex_console.styling import style_path

View = TypeVar("View")
_BLANK_AT_MOST_S = 0.3
"""Seconds that a first reading may take before the panes are shown without it."""


class ConsoleApp(App[object]):
    """Watches the engine through the database and puts operators' intents there."""

    TITLE = "scidex-console"
    BINDINGS: ClassVar[list[BindingType]] = bindings((*EVERYWHERE, *SCREEN_KEYS))
    CSS_PATH = style_path("console.tcss")
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (160, "-wide")]  # noqa: RUF012  (declared so by Textual)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-normal"), (40, "-tall")]  # noqa: RUF012
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {KeyProvider}
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        read: ReadModel,
        desk: IntentDesk,
        feed: Feed,
        triage: Callable[[], TriageDesk],
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

        `triage` opens the desk of triage, when a screen first asks for it.
        `production` is what the configuration says, whatever the environment is called.
        `program` is what every command line shown begins with, quoted for a shell; `engine_stays` says
        whether the engine goes on when the console is left.
        """
        look = look_named(theme, no_color=bool(os.environ.get("NO_COLOR")))
        super().__init__(ansi_color=None if look.colour else True)
        for theme_of_ours in THEMES:
            self.register_theme(theme_of_ours)
        self.theme = look.theme
        if not look.colour and not self.no_color:
            self.no_color = True
            self._filters.append(NoColor())
        self.error_console.soft_wrap = True  # a command line in the last words must stay whole
        self.animation_level = "none"
        self.read_only = read_only
        self.program = program
        self.engine_stays = engine_stays
        self.monotonic = monotonic
        self.manners = manners or Manners()
        self.set_keymap(dict(self.manners.keys))
        self.missed: Handover | None = None
        """What happened since this operator was here last, until they have read it."""
        self._alarms = Alarms(self._ring, monotonic)
        self._attending = attendance and Attending(
            attendance,
            read,
            screen=self._screen_title,
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
        self.decisions = Deciding(self)
        self.notices = NoticeBoard(monotonic)
        self._screens: dict[str, MainScreen] = {}
        """Those of the table that were visited."""
        self._came_from: list[MainScreen] = []
        """Screens to go back to, but for those that lie below the one on show."""
        self.orders = Orders(self, read, desk)
        self._leaving = Leaving(self)
        self._reading = False
        self._painting = False
        """Whether anything is sent yet: see `_display`."""

    # --- what the screens ask -----------------------------------------------------------------------------

    def knowledge(self) -> Knowledge:
        """What is known, and how old it is."""
        return self._link.knowledge()

    def situation(self, job: JobName | None = None) -> Situation:
        """What actions are judged by just now."""
        knowledge = self._link.knowledge()
        too_small = f"terminal too small ({self.size.width}x{self.size.height})"
        blocked = too_small if is_too_small(self.size) else knowledge.blocked
        return Situation(knowledge.overview, job or self.main_screen.job, self.read_only, blocked)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys of the screen on show: its own, then those that are the same on all."""
        return (*self.main_screen.KEYS, *SCREEN_KEYS, *EVERYWHERE)

    def why_not(self, key: Key) -> str | None:
        """Why a key does nothing just now; None when it does."""
        return key.disabled_reason(self.situation()) or self.main_screen.why_not(key)

    def key_views(self) -> Sequence[KeyView]:
        """The keys as they stand now, for footer, help and palette."""
        situation = self.situation()
        views = []
        for key in self.keys:
            spec = key.spec(situation)
            views.append(
                KeyView(
                    self.manners.shown(key),
                    key.label_now(situation),
                    spec.title if spec else key.label.capitalize(),
                    spec.explain if spec else key.explain_now(self.engine_stays),
                    as_typed(self.why_not(key) or "", self.program),
                    self.orders.twin(spec, situation.job) if spec else "",
                    key.always,
                    key.footer,
                    key.name,
                    key.palette,
                )
            )
        return views

    def screens_view(self) -> KeyView:
        """The keys that go to other screens, as one, for the footer."""
        shown = f"{SCREENS[0].key}-{SCREENS[-1].key}"
        return KeyView(shown, "screens", "Screens", "", "", always=True)

    @cached_property
    def triage(self) -> TriageDesk:
        """Cases and the evidence about them, opened when a screen first asks."""
        return self._open_triage()

    def answer(self, query: Query[View]) -> Answer[View] | None:
        """What a screen's query came to; None while that is not known."""
        return self._link.answer(query)

    def screen_of(self, name: str) -> MainScreen:
        """A screen of the table, made when it is first wanted."""
        if name not in self._screens:
            screen = next(entry for entry in SCREENS if entry.name == name).make(self)
            self._screens[name] = screen
            self.install_screen(screen, name)
        return self._screens[name]

    @property
    def overview(self) -> OverviewScreen:
        """The first screen."""
        screen = self.screen_of(SCREENS[0].name)
        assert isinstance(screen, OverviewScreen)
        return screen

    @property
    def main_screen(self) -> MainScreen:
        """The screen on show, below all dialogs."""
        stack = reversed(self.screen_stack)
        return next((screen for screen in stack if isinstance(screen, MainScreen)), self.overview)

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

    # --- from screen to screen ----------------------------------------------------------------------------

    @property
    def can_go_back(self) -> bool:
        """Whether there is a screen to go back to."""
        return self.main_screen is not self._base or bool(self._came_from)

    @property
    def _base(self) -> MainScreen:
        """The screen of the table that is on show, below what it was drilled down to."""
        of_table = (s for s in reversed(self.screen_stack) if s in self._screens.values())
        return cast(MainScreen, next(of_table, self.overview))

    def go_to(self, name: str) -> None:
        """Show one of the screens of the table; where we were can be come back to."""
        base = self._base
        wanted = self.screen_of(name)
        if base is not wanted:
            self._came_from = [*(s for s in self._came_from if s is not base), base]
        self._show_base(wanted)

    def drill(self, screen: MainScreen) -> None:
        """Show a screen above this one."""
        self.push_screen(screen)

    def go_back(self) -> None:
        """To the screen below, or to the one that was on show before."""
        if self.main_screen is not self._base:
            self.pop_screen()
        elif self._came_from:
            self._show_base(self._came_from.pop())

    def _show_base(self, screen: MainScreen) -> None:
        """The overview is the lowest screen for good, since Textual never lets go of its first one."""
        while len(self.screen_stack) > 1 and self.screen is not screen:
            self.pop_screen()
        if self.screen is not screen:
            self.push_screen(screen)
        if self._attending:
            self._attending.moved()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of ours that a theme need not name."""
        return {"dim-text": "ansi_default"}

    # --- life ---------------------------------------------------------------------------------------------

    async def run_async(
        self,
        *,
        headless: bool = False,
        inline: bool = False,
        inline_no_clear: bool = False,
        mouse: bool | None = None,
        size: tuple[int, int] | None = None,
        auto_pilot: AutopilotCallbackType | None = None,
    ) -> object | None:
        """As Textual's, but whether there is a mouse is a matter of manners: a slow link need not carry it.

        Raises `UsageError`, before anything is written, where the terminal cannot be drawn on.
        """
        if not headless:
            need_drawing(os.environ)
        return await super().run_async(
            headless=headless,
            inline=inline,
            inline_no_clear=inline_no_clear,
            mouse=self.manners.mouse if mouse is None else mouse,
            size=size,
            auto_pilot=auto_pilot,
        )

    def get_default_screen(self) -> Screen[Any]:
        """The overview."""
        return self.overview

    def on_mount(self) -> None:
        """Listen for signals, and age what was read once a second."""
        self._leaving.listen()
        self.set_interval(1.0, self._tick)

    def on_main_screen_shown(self, message: MainScreen.Shown) -> None:
        """Start reading, once the first screen is there."""
        if not self._reading:
            self._reading = True
            self.run_worker(self._link.run(), name="link")
            self.set_timer(_BLANK_AT_MOST_S, self._paint)
            if self._attending:
                self.run_worker(self._attending.run(), name="attending")

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """As Textual's, but nothing is sent until there is something to see.

        Otherwise a start sends the whole screen half a dozen times: blank, without its panes, with panes of
        other heights. What is held back is not lost: `_paint` has the whole screen painted.
        """
        if self._painting:
            super()._display(screen, renderable)

    def _paint(self) -> None:
        if not self._painting:
            self._painting = True
            self.screen.refresh()

    def on_unmount(self) -> None:
        """Give the signals back."""
        self._leaving.ignore()

    def on_resize(self, event: events.Resize) -> None:
        """Cover everything while the terminal is too small."""
        covered = isinstance(self.screen, TooSmallScreen)
        if is_too_small(event.size) and not covered:
            self.push_screen(TooSmallScreen())
        elif not is_too_small(event.size) and covered:
            self.pop_screen()
            self._link.poke()

    def _wanted(self) -> Wanted | None:
        screen = self.main_screen
        return None if is_too_small(self.size) or not screen.is_attached else screen.wanted()

    def _link_changed(self) -> None:
        if self.main_screen.is_attached:
            self.main_screen.draw()
            self.orders.follow(self._link.knowledge())
        if not self._painting:
            # The panes have heights of their own now: once those are laid out, and not before.
            self.call_after_refresh(self.call_after_refresh, self._paint)
        overview = self._link.knowledge().overview
        if overview is not None:
            self._alarms.look(overview)

    def _tick(self) -> None:
        self._leaving.notice_hang_up()
        self._alarms.tick()
        if self.main_screen.is_attached and not is_too_small(self.size):
            self.main_screen.tick()

    # --- who is there, and what they are told -------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """A key, or a terminal that is attached again, means that somebody is there."""
        if self._attending and isinstance(event, events.Key | events.Paste | events.Resize):
            self._attending.pressed()
        await super().on_event(event)

    def _screen_title(self) -> str:
        base = self._base
        return next((e.title.lower() for e in SCREENS if self._screens.get(e.name) is base), "overview")

    def _tell_missed(self, missed: Handover) -> None:
        self.missed = missed
        if self.main_screen.is_attached:
            self.main_screen.draw()

    def forget_missed(self) -> None:
        """The operator has read what they missed."""
        self.missed = None
        self.main_screen.draw()

    def _ring(self, text: str) -> None:
        if self.manners.bell:
            self.bell()
        if self.manners.notify:
            self.run_worker(self._notify(self.manners.notify, text), group="notify", exit_on_error=False)

    async def _notify(self, tell: Callable[[str], Awaitable[str]], text: str) -> None:
        trouble = await tell(text)
        if trouble:
            self.say(f"console.notify: {trouble}", "warn")

    def copy(self, text: str) -> None:
        """Put a text on the terminal's clipboard, if it will take it, and show it whole in any case."""
        copied = fits_clipboard(text)
        if copied:
            self.copy_to_clipboard(text)
        said = f"copied: {text}"
        if copied and cell_len(said) + 2 <= self.size.width:
            self.say(said)
        else:
            self.push_screen(CopiedScreen(text, copied=copied))

    # --- keys ---------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Inside a field every key is a letter."""
        return not isinstance(self.focused, Input) if action == "press" else True

    def action_press(self, name: str) -> None:
        """Carry out what a key stands for, unless a dialog is open."""
        if self.screen is self.main_screen:
            self.orders.press(next(key for key in self.keys if key.name == name))

    def commands(self) -> Mapping[str, Callable[[], Any]]:
        """What the keys of all screens do that stand for no action."""
        return {
            "read_now": self.read_soon,
            "palette": self.action_command_palette,
            "leave": self.action_leave,
            "back": self.go_back,
            **{entry.name: partial(self.go_to, entry.name) for entry in SCREENS},
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
