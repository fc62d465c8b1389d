"""The palette: every key by its name, with the reason where it is disabled."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from scidex_console.console.keys import KEYS
from scidex_console.console.presentation.cells import clean

if TYPE_CHECKING:
    from scidex_console.console.app import ConsoleApp


class KeyProvider(Provider):
    """Finds keys by title, label and explanation."""

    def _entries(self) -> list[tuple[int, str, str]]:
        app = cast("ConsoleApp", self.app)
        entries = []
        for index, (key, view) in enumerate(zip(KEYS, app.key_views(), strict=True)):
            if key.command in ("palette", "next_pane"):
                continue
            help_text = f"disabled: {view.reason}" if view.reason else view.explain
            entries.append((index, f"{view.title} ({view.shown})", clean(help_text).replace("[", r"\[")))
        return entries

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for index, title, help_text in self._entries():
            yield DiscoveryHit(title, partial(self._press, index), help=help_text)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for index, title, help_text in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), partial(self._press, index), help=help_text)

    def _press(self, index: int) -> None:
        cast("ConsoleApp", self.app).overview.action_press(index)
