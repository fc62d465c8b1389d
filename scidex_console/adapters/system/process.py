"""What this process is to others: the name it goes by, and how many files the system lets it open."""

from __future__ import annotations

import os
import resource
import socket


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
