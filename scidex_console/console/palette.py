"""The palette: every key by its name, with the reason where it is disabled."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from scidex_console.console.presentation.cells import clean

if TYPE_CHECKING:
    from scidex_console.console.app import ConsoleApp


class KeyProvider(Provider):
    """Finds keys by title, label and explanation."""

    def _entries(self) -> list[tuple[str, str, str]]:
        app = cast("ConsoleApp", self.app)
        entries = []
        for view in app.key_views():
            if not view.palette:
                continue
            help_text = f"disabled: {view.reason}" if view.reason else view.explain
            entries.append((view.name, f"{view.title} ({view.shown})", clean(help_text).replace("[", r"\[")))
        return entries

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for name, title, help_text in self._entries():
            yield DiscoveryHit(title, partial(self._press, name), help=help_text)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for name, title, help_text in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), partial(self._press, name), help=help_text)

    def _press(self, name: str) -> None:
        cast("ConsoleApp", self.app).action_press(name)
