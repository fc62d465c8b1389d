"""`maintain`: store everything git keeps as small as it gets."""

from __future__ import annotations

import asyncio
from argparse import Namespace

from scidex_console.cli.arguments import Subparsers, add_command
from scidex_console.cli.context import Context
from scidex_console.cli.words import size


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    add_command(
        subparsers,
        "maintain",
        run,
        "repack the artifact repository",
        details="Takes a minute or more on one processor at low priority; an engine, readers and other\n"
        "writers go on beside it. Ctrl-C or SIGTERM ends it, with nothing lost: run it again.\n"
        "The folder job does it by itself when it has come to its end.",
    )


def run(args: Namespace, context: Context) -> int:
    """Repack and say what it brought."""
    done = asyncio.run(context.services.maintain(context.settings))
    saved = done.before - done.after
    context.output.show(
        {"before_bytes": done.before, "after_bytes": done.after},
        [f"repacked: {size(done.before)} before, {size(done.after)} after ({size(saved)} less)"],
    )
    return 0
