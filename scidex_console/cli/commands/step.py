"""`step JOB [N] [--cycle]`: do so many rows, or so many whole batches, and pause."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from typing import Any

from scidex_console.cli.arguments import Subparsers, count
from scidex_console.cli.context import Context
from scidex_console.cli.intents import add_action, carry_out
from scidex_console.domain.intents import ActionName
from scidex_console.domain.jobs import JobName


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_action(subparsers, ActionName.STEP, run)
    parser.add_argument("count", metavar="N", type=count, nargs="?", default=1, help="how many (default: 1)")
    parser.add_argument("--cycle", action="store_true", help="count whole batches instead of rows")


def run(args: Namespace, context: Context) -> int:
    """Submit the step and wait until the run has paused again."""
    job = JobName(args.job)
    params: dict[str, Any] = {"count": args.count}
    if args.cycle:
        params["cycle"] = True

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            return await carry_out(args, context.output, readers, job, params)

    return asyncio.run(work())
