"""`withdraw N`: withdraw an intent that is still open, whoever asked for it."""

from __future__ import annotations

import asyncio
from argparse import Namespace

from scidex_console.cli.arguments import Subparsers, add_command, count
from scidex_console.cli.context import Context
from scidex_console.cli.intents import add_waiting, await_outcome
from scidex_console.domain.errors import Refused
from scidex_console.domain.intents import SETTLED, IntentState

NAME = "withdraw"


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(
        subparsers,
        NAME,
        run,
        "withdraw an intent that is still open",
        details="The engine lets go of it between items; what is done stays done.",
    )
    parser.add_argument("number", metavar="N", type=count, help="number of the intent, as `status` has it")
    add_waiting(parser)


def run(args: Namespace, context: Context) -> int:
    """Ask for it, and wait until the intent is settled: 0 when it was withdrawn, or with `--no-wait`."""

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            await readers.desk.cancel(args.number)
            intent = await readers.read.intent(args.number)
            if intent is None:
                raise Refused("it is there no more", where=f"intent {args.number}")
            intent = await await_outcome(args, context.output, readers, intent)
            return 1 if intent.state in SETTLED - {IntentState.CANCELLED} else 0

    return asyncio.run(work())
