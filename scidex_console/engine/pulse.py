"""What the engine says about itself: notes in the heartbeat, and news for consoles, a few a second."""

from __future__ import annotations

import asyncio


class Pulse:
    """Collects what changed until the ticker sends it; wakes whoever waits for work."""

    def __init__(self) -> None:
        self._notes: dict[str, str] = {}
        self._topics: set[str] = set()
        self._wake = asyncio.Event()

    @property
    def note(self) -> str:
        """What the heartbeat tells of now."""
        return "; ".join(self._notes.values())

    def say(self, about: str, text: str) -> None:
        """Tell something in the heartbeat until something else is said about the same; `` takes it back."""
        if text == self._notes.get(about, ""):
            return
        self._notes.pop(about, None)
        if text:
            self._notes[about] = text
        self.changed("engine")

    def changed(self, *topics: str) -> None:
        """Something readers show has changed."""
        self._topics.update(topics)

    def take(self) -> frozenset[str]:
        """The topics since the last call."""
        topics, self._topics = frozenset(self._topics), set()
        return topics

    def wake(self) -> None:
        """Something workers wait for may have happened."""
        self._wake.set()

    async def wait(self, timeout: float) -> None:
        """Return at the next `wake`, or after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()
