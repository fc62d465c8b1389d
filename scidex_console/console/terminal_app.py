"""How the console sits on its terminal: colours, mouse, what is sent first, signals, bell, clipboard.

Nothing in here knows of the engine or of what the screens show.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual.app import App, AutopilotCallbackType
from textual.filter import NoColor
from textual.screen import Screen

from scidex_console.console.leaving import Leaving
from scidex_console.console.lettering import column_for_column
from scidex_console.console.manners import Manners, fits_clipboard
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.pasting import read_pastes_plainly
from scidex_console.console.screens.too_small import TooSmallScreen, is_too_small
from scidex_console.console.sending import exactly
from scidex_console.console.terminal import need_drawing
from scidex_console.console.themes import THEMES, look_named
from scidex_console.domain.sanitise import visible
from scidex_console.styling import style_path

_OWN_ERROR = "The console ended by an error of its own; open it again, and report the lines above."


class TerminalApp(App[object]):
    """Textual's application, with this console's manners on a terminal."""

    TITLE = "scidex-console"
    CSS_PATH = style_path("console.tcss")
    COMPONENT_CLASSES: ClassVar[set[str]] = set(CellView.STYLES_OF_TONES)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (160, "-wide")]  # noqa: RUF012  (declared so by Textual)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-normal"), (40, "-tall")]  # noqa: RUF012

    def __init__(self, *, theme: str, manners: Manners) -> None:
        """`theme` is one of `themes.LOOKS`."""
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
        self.manners = manners
        self.set_keymap(dict(manners.keys))
        self._leaving = Leaving(self)
        self._painting = False

    # --- what the console gives ---------------------------------------------------------------------------

    def uncovered(self) -> None:
        """The terminal has grown large enough again."""

    def painted(self) -> None:
        """The first screen is on its way to the terminal."""

    def say(self, text: str, tone: str = "strong") -> None:
        """Tell the operator something."""

    # --- what all of it shares ----------------------------------------------------------------------------

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
            read_pastes_plainly()
        with column_for_column(sys.__stderr__):  # which is what Textual draws on
            return await super().run_async(
                headless=headless,
                inline=inline,
                inline_no_clear=inline_no_clear,
                mouse=self.manners.mouse if mouse is None else mouse,
                size=size,
                auto_pilot=auto_pilot,
            )

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Colours of ours that a theme need not name."""
        badges = ("badge-ok-text", "badge-warn-text", "badge-bad", "badge-bad-text")
        return dict.fromkeys(("dim-text", *badges), "ansi_default")

    @property
    def painting(self) -> bool:
        """Whether anything is sent yet: see `_display`."""
        return self._painting

    def paint(self) -> None:
        """From now on send what is drawn, beginning with the whole screen; nothing once that was left."""
        if not self._painting and self.screen_stack:
            self._painting = True
            self.screen.refresh()
            self.call_after_refresh(self.painted)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """As Textual's, but nothing is sent until there is something to see.

        Otherwise a start sends the whole screen half a dozen times: blank, without its panes, with panes of
        other heights. What is held back is not lost: `paint` has the whole screen painted.
        """
        if self._painting:
            super()._display(screen, exactly(renderable))

    def _fatal_error(self) -> None:
        """As Textual's, but without the values of variables, a password among them, it may be; made safe."""
        lines = "".join(traceback.format_exception(self._exception)).splitlines()
        self.bell()
        self.panic(Text("\n".join(visible(line) for line in [*lines, _OWN_ERROR])))

    def listen_for_signals(self) -> None:
        """Leave in good order when told to by a signal."""
        self._leaving.listen()

    def notice_hang_up(self) -> None:
        """Leave when the terminal is gone without a signal."""
        self._leaving.notice_hang_up()

    def on_unmount(self) -> None:
        """Give the signals back."""
        self._leaving.ignore()

    @property
    def too_small(self) -> str:
        """Why nothing can be done on a terminal of this size; empty when it is large enough."""
        size = self.size
        return f"terminal too small ({size.width}x{size.height})" if is_too_small(size) else ""

    def on_resize(self, event: events.Resize) -> None:
        """Cover everything while the terminal is too small."""
        covered = isinstance(self.screen, TooSmallScreen)
        if is_too_small(event.size) and not covered:
            self.push_screen(TooSmallScreen())
        elif not is_too_small(event.size) and covered:
            self.pop_screen()
            self.uncovered()

    def ring(self, text: str) -> None:
        """Call a person, as they want to be called."""
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
            from scidex_console.console.screens.copied import CopiedScreen

            self.push_screen(CopiedScreen(text, copied=copied))
