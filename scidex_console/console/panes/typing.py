"""A field that takes keys in the order they were typed in."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class TypedInput(Input):
    """As Textual's, for slow links, where many keys come at once.

    Textual lets a key that edits climb to the application first, and letters behind it overtake it: of
    `ab`, backspace, `c` the `c` would be taken away.
    """

    async def _on_key(self, event: events.Key) -> None:
        bindings = self._bindings.key_to_bindings.get(event.key, ())
        if event.is_printable or not any(b.action.startswith(("delete_", "cursor_")) for b in bindings):
            await super()._on_key(event)
            return
        event.stop()
        event.prevent_default()
        for binding in bindings:
            await self.run_action(binding.action)
