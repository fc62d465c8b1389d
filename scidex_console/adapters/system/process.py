"""What this process is to others: its name, how many files it may open, the memory it gives back."""

from __future__ import annotations

import gc
import os
import resource
import socket

_M_ARENA_MAX = -8
"""From glibc's malloc.h."""


def holder() -> str:
    """`pid@host`, as locks and the engine's row show it."""
    return f"{os.getpid()}@{socket.gethostname()}"


def file_limit(wanted: int) -> int:
    """Have the system allow so many open files at once, as far as it lets us; how many it allows now.

    The limit most shells give is far below what the system would grant for the asking.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def share_one_heap() -> None:
    """Have threads that begin from now on allocate from one heap, where the C library can be told (glibc's).

    By itself it gives threads up to eight heaps a processor, and each keeps what lies below its last piece in
    use: what batch after batch reads in another thread of a pool stayed held several times over.
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)


def keep_what_is_loaded() -> None:
    """Look for garbage once, and not again in what is in use now: modules and what was put together stay.

    A look through all of it stands in everybody's way for a tenth of a second, again and again.
    """
    gc.collect()
    gc.freeze()


def give_back_memory() -> None:
    """Return what the C library keeps of freed memory to the system, where it has a way to (glibc's)."""
    import ctypes  # not needed before, nor by most commands

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
