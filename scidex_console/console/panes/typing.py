"""A field that takes keys in the order they were typed in."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.message import Message
from textual.widgets import Input


class TypedInput(Input):
    """As Textual's, for slow links, where many keys come at once.

    Textual lets a key that edits climb to the application first, and letters behind it overtake it: of
    `ab`, backspace, `c` the `c` would be taken away. What `restrict` keeps out is told: `takes` says what
    goes in.
    """

    class KeptOut(Message):
        """Something was typed or pasted that does not go here."""

        def __init__(self, takes: str) -> None:
            super().__init__()
            self.takes = takes

    def __init__(self, *, takes: str = "", **settings: Any) -> None:
        super().__init__(**settings)
        self._takes = takes

    def restricted(self) -> None:
        """Say so, beside the bell."""
        super().restricted()
        self.post_message(self.KeptOut(self._takes))

    async def _on_key(self, event: events.Key) -> None:
        bindings = self._bindings.key_to_bindings.get(event.key, ())
        if event.is_printable or not any(b.action.startswith(("delete_", "cursor_")) for b in bindings):
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        for binding in bindings:
            await self.run_action(binding.action)
