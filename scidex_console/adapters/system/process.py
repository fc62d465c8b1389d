"""The name this process goes by when it holds something others may want."""

from __future__ import annotations

import os
import socket


def holder() -> str:
    """`pid@host`, as locks and the engine's row show it."""
    return f"{os.getpid()}@{socket.gethostname()}"
