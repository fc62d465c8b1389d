"""From synchronous code into an event loop on a thread of its own, which lives as long as what it holds."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from contextlib import AbstractAsyncContextManager
from typing import Any, Generic, TypeVar

from scidex_console.domain.errors import Refused

T = TypeVar("T")
R = TypeVar("R")


class Portal(Generic[T]):
    """Holds something asynchronous open; any thread may call into it."""

    def __init__(self, opening: Callable[[], AbstractAsyncContextManager[T]]) -> None:
        """Opens it; raises what opening raises."""
        self._opening = opening
        self._opened = threading.Event()
        self._failures: list[BaseException] = []
        self._inside: T | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave: asyncio.Event | None = None
        self._closed = False
        self._calls: set[Future[Any]] = set()
        self._thread = threading.Thread(target=self._live, name="scidex-console artifacts", daemon=True)
        self._thread.start()
        self._opened.wait()
        if self._failures:
            self._thread.join()
            self._closed = True
            raise self._failures[0]

    @property
    def inside(self) -> T:
        """What is open. Raises `Refused` once it is closed."""
        if self._closed or self._inside is None:
            raise Refused("this artifact store is closed", fix="open another one")
        return self._inside

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, or its thread has gone (with a fork, for one)."""
        return self._closed or not self._thread.is_alive()

    def call(self, work: Coroutine[Any, Any, R]) -> R:
        """Run a coroutine to its end; what it returns or raises. A caller that is interrupted cancels it."""
        if self.is_closed or self._loop is None:
            work.close()
            raise Refused("this artifact store is closed", fix="open another one")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        self._calls.add(future)
        future.add_done_callback(self._calls.discard)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Close what is open, once the calls under way have ended."""
        if self.is_closed:
            self._closed = True
            return
        self._closed = True
        wait(list(self._calls))
        assert self._loop is not None and self._leave is not None, "it was opened"
        self._loop.call_soon_threadsafe(self._leave.set)
        self._thread.join()

    def _live(self) -> None:
        try:
            asyncio.run(self._hold())
        except BaseException as error:
            if self._opened.is_set():
                raise
            self._failures.append(error)
        finally:
            self._opened.set()

    async def _hold(self) -> None:
        self._loop, self._leave = asyncio.get_running_loop(), asyncio.Event()
        async with self._opening() as inside:
            self._inside = inside
            self._opened.set()
            await self._leave.wait()
