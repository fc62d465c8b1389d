"""What takes microseconds is done where it is asked for; what might wait for a disk, in a thread.

A thread costs a reader two more turns of the processors, for which it waits behind everything else that the
machine does: beside a migration that is most of a slow answer. But a disk or a network that hangs must not
keep all others waiting, so that nothing is done on the spot unless the kernel says that it need not wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from scidex_console.engine.ports.reading import ReadableFiles, WouldWait

P = ParamSpec("P")
T = TypeVar("T")


async def promptly(files: ReadableFiles, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What `call` gives. It may be begun twice: what it does must be worth doing again."""
    try:
        with files.without_waiting():
            return call(*args, **kwargs)
    except WouldWait:
        return await asyncio.to_thread(call, *args, **kwargs)
