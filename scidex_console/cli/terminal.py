"""Whether there is a terminal to show the console on."""

from __future__ import annotations

import sys

from scidex_console.domain.errors import UsageError


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
