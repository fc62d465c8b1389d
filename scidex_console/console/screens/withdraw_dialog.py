"""Calling off an intent that is still open."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.intents import outcome_words, who
from scidex_console.console.presentation.words import as_typed
from scidex_console.console.screens.dialog import Surroundings
from scidex_console.console.screens.dialog_parts import Choices
from scidex_console.domain.intents import Intent


class WithdrawDialog(ModalScreen[bool]):
    """Names the intent and everyone who asked for it."""

    AUTO_FOCUS: ClassVar[str | None] = "#choices"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "keep", "Keep", show=False),
        Binding("y,ctrl+y", "copy", "Copy", show=False),
    ]

    def __init__(self, around: Surroundings, intent: Intent) -> None:
        super().__init__()
        self._around = around
        self._intent = intent
        self._twin = f"{around.knowledge().program} withdraw {intent.id}"

    def compose(self) -> ComposeResult:
        """What would be withdrawn."""
        with Vertical(classes="dialog"):
            yield Paragraph("Withdraw an intent", "strong", id="dialog-title")
            yield Paragraph(f"{outcome_words(self._intent)}; asked for by {who(self._intent, 120)}")
            yield Paragraph("The engine lets go of it between items; what is done stays done.", "dim")
            yield Paragraph(id="problem")
            yield Paragraph(f"$ {self._twin}", id="twin")
            yield Choices(["Keep it", "Withdraw it"], id="choices")
            yield Paragraph("←→ choose   Enter take   Esc keep   ^Y copy", "dim")

    def on_choices_taken(self, message: Choices.Taken) -> None:
        """Keep, or withdraw when acting is allowed."""
        forbidden = self._around.situation().forbidden
        if message.index and forbidden:
            text = as_typed(forbidden, self._around.knowledge().program)
            self.query_one("#problem", Paragraph).say(text, "bad")
            return
        self.dismiss(bool(message.index))

    def action_copy(self) -> None:
        """Copy the command line, which stands in the dialog as text as well."""
        self.app.copy_to_clipboard(self._twin)
        self.query_one("#problem", Paragraph).say("copied", "ok")

    def action_keep(self) -> None:
        """Leave it."""
        self.dismiss(False)
