"""`engine`: the engine, in the foreground."""

from __future__ import annotations

import asyncio
from argparse import Namespace

from scidex_console.cli.arguments import Subparsers, add_command, names_of
from scidex_console.cli.context import Context
from scidex_console.domain.jobs import JobName


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(
        subparsers,
        "engine",
        run,
        "run the engine in the foreground",
        details="SIGTERM (or Ctrl-C) lets it finish the item in hand, flush and leave.\n"
        "It only observes unless writes.enabled and writes.authorization are set.",
        as_json=False,
    )
    parser.add_argument(
        "--jobs",
        type=names_of([job.value for job in JobName]),
        default=",".join(job.value for job in JobName),
        metavar="JOBS",
        help="jobs it runs, with commas between (default: all of them)",
    )
    parser.add_argument("--until-idle", action="store_true", help="leave when no run is under way")


def run(args: Namespace, context: Context) -> int:
    """Run it until it is told to leave."""
    jobs = frozenset(JobName(name) for name in args.jobs.split(","))
    return asyncio.run(context.services.run_engine(context.settings, jobs, args.until_idle))
