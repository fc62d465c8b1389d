"""The console in a browser."""

from __future__ import annotations

import sys

from scidex_console.domain.errors import Refused
from scidex_console.settings import Settings
from scidex_console.web.browser import HOST, ConsoleServer


def run_in_browser(settings: Settings, port: int, *, write: bool, program: str) -> int:
    """Show the console to browsers of this machine until told to leave; the exit code.

    `program` is what a command line begins with. Raises `Refused` where the port is taken.
    """
    settings.database.need_url()  # said here once, and not in every window
    command = f"exec {program} console" + ("" if write else " --read-only")
    server = ConsoleServer(command, port, title=f"scidex-console {settings.environment.name}", say=_say)
    try:
        server.run()
    except OSError as error:
        raise Refused(
            f"the address cannot be listened on: {error.strerror or error}",
            where=f"{HOST}:{port}",
            fix="choose another one with --port",
        ) from error
    return 0


def _say(address: str) -> None:
    print(f"open {address}", file=sys.stderr, flush=True)
