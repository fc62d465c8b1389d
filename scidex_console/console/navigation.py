"""From screen to screen: the number keys, drilling down, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from scidex_console.console.screens.main_screen import MainScreen
from scidex_console.console.screens.table import SCREENS

if TYPE_CHECKING:
    from scidex_console.console.app import ConsoleApp


class Navigation:
    """Which screen is on show, and which ones lie behind it."""

    def __init__(self, app: ConsoleApp, moved: Callable[[], None]) -> None:
        """`moved` is called when another screen of the table is shown."""
        self._app = app
        self._moved = moved
        self._screens: dict[str, MainScreen] = {}
        """Those of the table that were visited."""
        self._came_from: list[MainScreen] = []
        """Screens to go back to, but for those that lie below the one on show."""

    def screen_of(self, name: str) -> MainScreen:
        """A screen of the table, made when it is first wanted."""
        if name not in self._screens:
            screen = next(entry for entry in SCREENS if entry.name == name).make(self._app)
            self._screens[name] = screen
            self._app.install_screen(screen, name)
        return self._screens[name]

    @property
    def first(self) -> MainScreen:
        """The screen that a console opens with."""
        return self.screen_of(SCREENS[0].name)

    @property
    def on_show(self) -> MainScreen:
        """The screen on show, below all dialogs."""
        stack = reversed(self._app.screen_stack)
        return next((screen for screen in stack if isinstance(screen, MainScreen)), self.first)

    @property
    def _base(self) -> MainScreen:
        """The screen of the table that is on show, below what it was drilled down to."""
        of_table = (s for s in reversed(self._app.screen_stack) if s in self._screens.values())
        return cast(MainScreen, next(of_table, self.first))

    @property
    def title(self) -> str:
        """What the screen of the table on show is called."""
        base = self._base
        return next((e.title.lower() for e in SCREENS if self._screens.get(e.name) is base), "")

    @property
    def can_go_back(self) -> bool:
        """Whether there is a screen to go back to."""
        return self.on_show is not self._base or bool(self._came_from)

    def go_to(self, name: str) -> None:
        """Show one of the screens of the table; where we were can be come back to."""
        base = self._base
        wanted = self.screen_of(name)
        if base is not wanted:
            self._came_from = [*(s for s in self._came_from if s is not base), base]
        self._show(wanted)

    def go_back(self) -> None:
        """To the screen below, or to the one that was on show before."""
        if self.on_show is not self._base:
            self._app.pop_screen()
        elif self._came_from:
            self._show(self._came_from.pop())

    def _show(self, screen: MainScreen) -> None:
        """The first screen is the lowest one for good, since Textual never lets go of it."""
        while len(self._app.screen_stack) > 1 and self._app.screen is not screen:
            self._app.pop_screen()
        if self._app.screen is not screen:
            self._app.push_screen(screen)
        self._moved()
