"""`log`: the migration log, newest first."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from scidex_console.cli.arguments import Subparsers, add_command, add_limit
from scidex_console.cli.context import Context
from scidex_console.engine.listing_views import LogFilter
from scidex_console.engine.views import MigrationLogView
from scidex_console.engine.vocabulary import case_kind


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(subparsers, "log", run, "list the migration log, newest first")
    parser.add_argument(
        "--status", type=case_kind, metavar="S", default="", help="only this status, such as hash_mismatch"
    )
    parser.add_argument(
        "--problems", action="store_true", help="only what went wrong, and was not taken back since"
    )
    add_limit(parser, 50)


def run(args: Namespace, context: Context) -> int:
    """Ask the read model."""
    criteria = LogFilter(statuses=(args.status,) if args.status else (), problems=args.problems)

    async def work() -> Sequence[MigrationLogView]:
        async with context.services.readers(context.settings) as readers:
            return await readers.read.migration_log(criteria, limit=args.limit, before_id=args.before)

    found = asyncio.run(work())
    rows = [
        (item.id, item.at, item.artifact_id, item.status, item.took_ms, item.words or item.errors)
        for item in found
    ]
    heads = ("ID", "AT", "ARTIFACT", "STATUS", "MS", "ERROR OR NOTE")
    lines = context.output.table(heads, rows, elastic=heads[-1]) if rows else [_nothing(args)]
    context.output.show({"log": found}, lines)
    return 0


def _nothing(args: Namespace) -> str:
    if args.status:
        return f"no entry has the status {args.status}"
    if args.problems:
        return "no entry is a problem"
    return "no older entry" if args.before else "the migration log is empty: nothing has been changed yet"
