"""Whether there is a terminal to show the console on."""

from __future__ import annotations

import sys

from scidex_console.domain.errors import UsageError

_PR_SET_PDEATHSIG = 1


def need_terminal(where: str, *, fix: str) -> None:
    """Raise `UsageError` unless a person sits at standard input, output and error."""
    streams = {"input": sys.stdin, "output": sys.stdout, "error": sys.stderr}
    missing = [name for name, stream in streams.items() if stream is None or not stream.isatty()]
    if missing:
        raise UsageError(
            f"the console needs a terminal; there is none on standard {' and '.join(missing)}",
            where=where,
            fix=fix,
        )


def end_with_parent() -> None:
    """Be told to leave when the program ends that started this one, however it ends. Where Linux can."""
    if sys.platform == "linux":
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
