"""`console`: the terminal console, which is also what opens without a command."""

from __future__ import annotations

import os
from argparse import Namespace

from scidex_console.cli.arguments import Subparsers, add_command
from scidex_console.cli.context import Context
from scidex_console.cli.terminal import end_with_parent, need_terminal
from scidex_console.console.terminal import need_drawing

NAME = "console"
_DRIVER = "TEXTUAL_DRIVER"
"""Set by who takes the terminal's place, as `scidex-console web` does."""


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(subparsers, NAME, run, "open the terminal console", as_json=False)
    parser.add_argument("--read-only", action="store_true", help="watch only")


def run(args: Namespace, context: Context) -> int:
    """Open it; the engine goes on when it closes."""
    if _DRIVER in os.environ:
        end_with_parent()  # the window's server; without it nobody would see what is drawn
    else:
        need_terminal(
            NAME, fix="run it on a terminal; `scidex-console status` and the other commands need none"
        )
        need_drawing(os.environ)
    return context.services.run_console(context.settings, args.read_only, context.output.program.prefix)
