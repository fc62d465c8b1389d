"""A command line that is too long for the activity line, whole: what was copied can always be read."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from scidex_console.console.panes.paragraph import Paragraph


class CopiedScreen(ModalScreen[None]):
    """Shows the text, and whether it is on the clipboard."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,space,q,y", "leave", "Leave", show=False)]

    def __init__(self, text: str, *, copied: bool) -> None:
        super().__init__()
        self._text = text
        self._copied = copied

    def compose(self) -> ComposeResult:
        """The text as it stands, wrapped."""
        with Vertical(classes="dialog"):
            if self._copied:
                yield Paragraph("Copied, where the terminal allows it", "strong", id="dialog-title")
            else:
                yield Paragraph("Too long for a terminal's clipboard", "warn", id="dialog-title")
            yield Paragraph(self._text, id="copied")
            yield Paragraph("Esc back", "dim")

    def action_leave(self) -> None:
        """Back to the screen."""
        self.dismiss(None)
