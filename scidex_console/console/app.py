"""The terminal console: puts link, screens and orders together, and nothing more."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual import events
from textual.app import App, AutopilotCallbackType
from textual.command import Provider
from textual.filter import NoColor
from textual.screen import Screen

from scidex_console.console.keys import KEYS
from scidex_console.console.leaving import Leaving
from scidex_console.console.link import DataLink, Pace, Wanted
from scidex_console.console.orders import Orders
from scidex_console.console.palette import KeyProvider
from scidex_console.console.presentation.keys import KeyView
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.presentation.words import as_typed
from scidex_console.console.screens.overview import OverviewScreen
from scidex_console.console.screens.too_small import TooSmallScreen, is_too_small
from scidex_console.console.terminal import need_drawing
from scidex_console.console.themes import DARK, LIGHT, look_named
from scidex_console.domain.jobs import JobName
from scidex_console.engine.actions import PROGRAM, Situation
from scidex_console.engine.ports import Feed, IntentDesk, ReadModel
from scidex_console.styling import style_path


class ConsoleApp(App[object]):
    """Watches the engine through the database and puts operators' intents there."""

    TITLE = "scidex-console"
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
        *,
        read_only: bool = False,
        max_refresh_per_second: float = 2.0,
        theme: str = "dark",
        program: str = PROGRAM,
        engine_stays: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        pace: Pace | None = None,
    ) -> None:
        """`theme` is dark, light, ansi or none; `monotonic` is the clock that ages are measured by.

        `program` is what every command line shown begins with, quoted for a shell; `engine_stays` says
        whether the engine goes on when the console is left.
        """
        look = look_named(theme, no_color=bool(os.environ.get("NO_COLOR")))
        super().__init__(ansi_color=None if look.colour else True)
        self.register_theme(DARK)
        self.register_theme(LIGHT)
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
        self._link = DataLink(
            read,
            feed,
            wanted=self._wanted,
            changed=self._link_changed,
            pace=pace or Pace(at_most_every=1.0 / max_refresh_per_second),
            read_only=read_only,
            program=program,
            monotonic=monotonic,
        )
        self._overview = OverviewScreen(self._link.knowledge, self.key_views, monotonic)
        self._orders = Orders(self, read, desk)
        self._leaving = Leaving(self)

    # --- what the screens ask -----------------------------------------------------------------------------

    def knowledge(self) -> Knowledge:
        """What is known, and how old it is."""
        return self._link.knowledge()

    def situation(self, job: JobName | None = None) -> Situation:
        """What actions are judged by just now."""
        knowledge = self._link.knowledge()
        too_small = f"terminal too small ({self.size.width}x{self.size.height})"
        blocked = too_small if is_too_small(self.size) else knowledge.blocked
        return Situation(knowledge.overview, job or self._overview.job, self.read_only, blocked)

    def key_views(self) -> Sequence[KeyView]:
        """The keys as they stand now, for footer, help and palette."""
        situation = self.situation()
        views = []
        for key in KEYS:
            spec = key.spec(situation)
            views.append(
                KeyView(
                    key.shown,
                    key.label_now(situation),
                    spec.title if spec else key.label.capitalize(),
                    spec.explain if spec else key.explain_now(self.engine_stays),
                    as_typed(key.disabled_reason(situation) or "", self.program),
                    self._orders.twin(spec, situation.job) if spec else "",
                    key.always,
                )
            )
        return views

    @property
    def overview(self) -> OverviewScreen:
        """The screen below all dialogs."""
        return self._overview

    def say(self, text: str, tone: str = "strong") -> None:
        """Tell the operator something, on the activity line."""
        if self._overview.is_attached:
            self._overview.say(as_typed(text, self.program), tone)

    def read_soon(self) -> None:
        """Read the database as soon as the pace allows."""
        self._link.poke()

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
        mouse: bool = False,
        size: tuple[int, int] | None = None,
        auto_pilot: AutopilotCallbackType | None = None,
    ) -> object | None:
        """As Textual's, but the mouse is off: keys do all, and a slow link need not carry every movement.

        Raises `UsageError`, before anything is written, where the terminal cannot be drawn on.
        """
        if not headless:
            need_drawing(os.environ)
        return await super().run_async(
            headless=headless,
            inline=inline,
            inline_no_clear=inline_no_clear,
            mouse=mouse,
            size=size,
            auto_pilot=auto_pilot,
        )

    def get_default_screen(self) -> Screen[Any]:
        """The overview."""
        return self._overview

    def on_mount(self) -> None:
        """Listen for signals, and age what was read once a second."""
        self._leaving.listen()
        self.set_interval(1.0, self._tick)

    def on_overview_screen_shown(self, message: OverviewScreen.Shown) -> None:
        """Start reading."""
        self.run_worker(self._link.run(), name="link")

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
        return None if is_too_small(self.size) or not self._overview.is_attached else self._overview.wanted()

    def _link_changed(self) -> None:
        if self._overview.is_attached:
            self._overview.draw()
            self._orders.follow(self._link.knowledge())

    def _tick(self) -> None:
        self._leaving.notice_hang_up()
        if self._overview.is_attached and not is_too_small(self.size):
            self._overview.tick()

    # --- keys ---------------------------------------------------------------------------------------------

    def on_overview_screen_key_pressed(self, message: OverviewScreen.KeyPressed) -> None:
        """Carry out what a key stands for."""
        self._orders.press(message.key)

    def action_command_palette(self) -> None:
        """Only over the overview: a dialog is answered first."""
        if self.screen is self._overview:
            super().action_command_palette()

    def action_leave(self) -> None:
        """Quit the console, saying what becomes of the engine."""
        self.exit(message=self._orders.farewell())

    async def action_quit(self) -> None:
        """Textual's own way out is the same."""
        self.action_leave()

    def action_help_quit(self) -> None:
        """Ctrl+C leaves too: nothing is lost by it."""
        self.action_leave()
