"""Work whose end is always seen, whoever is cancelled meanwhile; blocking work goes off the event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `call` in a thread. A caller that is cancelled meanwhile still waits until the call has ended.

    A thread cannot be stopped: if the caller went away, git would go on writing without the lock that the
    caller gives back.
    """
    return await _ended(asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs)), None)


async def to_its_end(work: Awaitable[T]) -> T:
    """Await `work`; a caller that is cancelled meanwhile still waits until it has ended."""
    return await _ended(asyncio.ensure_future(work), None)


async def in_thread_until_stopped(call: Callable[[threading.Event], T]) -> T:
    """As `in_thread`, for work that ends soon once the event it is given is set: by a caller's cancelling."""
    stop = threading.Event()
    return await _ended(asyncio.ensure_future(asyncio.to_thread(call, stop)), stop)


async def _ended(work: asyncio.Future[T], stop: threading.Event | None) -> T:
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        if stop is not None:
            stop.set()
        while not work.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([work])
        if not work.cancelled():
            work.exception()  # seen; being cancelled goes first
        raise
