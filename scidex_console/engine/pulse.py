"""What the engine says about itself: notes in the heartbeat, and news for consoles, a few a second."""

from __future__ import annotations

import asyncio

PASSING_S = 600.0
"""How long a note of something that is over is told, unless a batch comes sooner."""


class Pulse:
    """Collects what changed until the ticker sends it; wakes whoever waits for work."""

    def __init__(self) -> None:
        self._notes: dict[str, str] = {}
        self._passing: dict[str, float | None] = {}
        """Notes of what is over, with the time (monotonic) at which they were first seen to be told."""
        self._topics: set[str] = set()
        self._wake = asyncio.Event()

    @property
    def note(self) -> str:
        """What the heartbeat tells of now."""
        return "; ".join(self._notes.values())

    def say(self, about: str, text: str) -> None:
        """Tell something in the heartbeat until something else is said about the same; `` takes it back."""
        self._passing.pop(about, None)
        if text == self._notes.get(about, ""):
            return
        self._notes.pop(about, None)
        if text:
            self._notes[about] = text
        self.changed("engine")

    def mention(self, about: str, text: str) -> None:
        """Tell of something that is over: until the next batch, or for `PASSING_S`, or until taken back."""
        self.say(about, text)
        if text:
            self._passing[about] = None

    def begin_batch(self) -> None:
        """What was mentioned before this batch is no news any more."""
        for about in list(self._passing):
            self.say(about, "")

    def grow_older(self, now: float) -> None:
        """Drop what was mentioned long ago; `now` is monotonic seconds, given with every beat."""
        for about, since in list(self._passing.items()):
            if since is None:
                self._passing[about] = now
            elif now - since >= PASSING_S:
                self.say(about, "")

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
