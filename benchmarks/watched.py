"""Where an engine's time goes, watched from inside: git, files, waiting for the database, and the rest."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import Any
from unittest.mock import patch

import psycopg

from scidex_console.adapters.files.folders import CheckoutFolders
from scidex_console.adapters.git import repository
from scidex_console.adapters.git.commands import Commands

_FILES = ("examine", "share", "copy", "lay", "lay_link", "take_away", "part", "holds")


class Watched:
    """Seconds in which something of a kind went on; of several at once, the first named counts."""

    KINDS = ("git", "files", "database")

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(self.KINDS, 0.0)
        self._going_on = dict.fromkeys(self.KINDS, 0)
        self._since = time.monotonic()
        self._lock = Lock()

    @contextmanager
    def during(self, kind: str) -> Iterator[None]:
        """Something of this kind goes on in the block."""
        self._note(kind, 1)
        try:
            yield
        finally:
            self._note(kind, -1)

    def told(self, seconds: float) -> str:
        """Each kind's share of so many seconds."""
        shares = {kind: spent / seconds for kind, spent in self.seconds.items()}
        rest = 1 - sum(shares.values())
        return ", ".join(f"{kind} {share:.1%}" for kind, share in {**shares, "the rest": rest}.items())

    def _note(self, kind: str, by: int) -> None:
        with self._lock:
            now = time.monotonic()
            first = next((kind for kind in self.KINDS if self._going_on[kind]), None)
            if first is not None:
                self.seconds[first] += now - self._since
            self._since = now
            self._going_on[kind] += by


@contextmanager
def watched() -> Iterator[Watched]:
    """Watch what this process does in the block."""
    seen = Watched()
    with ExitStack() as stack:
        for name in _FILES:
            stack.enter_context(_watching(seen, "files", CheckoutFolders, name))
        stack.enter_context(_watching(seen, "files", repository, "sync_file_systems"))
        stack.enter_context(_watching(seen, "git", Commands, "run"))
        processes = Commands.process

        @contextmanager
        def process(self: Commands, *args: str) -> Iterator[Any]:
            with seen.during("git"), processes(self, *args) as running:
                yield running

        stack.enter_context(patch.object(Commands, "process", process))
        wait = psycopg.AsyncConnection.wait

        async def waited(self: Any, generator: Any, *args: Any, **kwargs: Any) -> Any:
            if generator.__name__ == "notifies":  # waits for news, not for the database
                return await wait(self, generator, *args, **kwargs)
            with seen.during("database"):
                return await wait(self, generator, *args, **kwargs)

        stack.enter_context(patch.object(psycopg.AsyncConnection, "wait", waited))
        yield seen


def _watching(seen: Watched, kind: str, owner: Any, name: str) -> Any:
    plain: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(plain)
    def method(*args: Any, **kwargs: Any) -> Any:
        with seen.during(kind):
            return plain(*args, **kwargs)

    return patch.object(owner, name, method)
