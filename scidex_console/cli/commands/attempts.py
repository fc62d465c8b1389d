"""`attempts`: every attempt at a figure, newest first."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from scidex_console.cli.arguments import Subparsers, add_command, add_limit, moment_of, names_of, since
from scidex_console.cli.context import Context
from scidex_console.cli.groups import check_group
from scidex_console.domain.fetching import FetchClass
from scidex_console.engine.ports import AttemptFilter
from scidex_console.engine.views import AttemptView


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(subparsers, "attempts", run, "list attempts at figures, newest first")
    classes = [outcome.value for outcome in FetchClass]
    parser.add_argument("--group", metavar="G", default="", help="only this host group")
    parser.add_argument(
        "--outcome",
        metavar="CLASS",
        type=names_of(classes),
        help=f"only these, with commas between: {', '.join(classes)}",
    )
    parser.add_argument("--since", metavar="WHEN", type=since, help="only since a time, or a duration ago")
    parser.add_argument("--artifact", metavar="ID", default="", help="only this artifact")
    parser.add_argument("--host", metavar="NAME", default="", help="only this host of a group")
    parser.add_argument("--text", metavar="TEXT", default="", help="only with this text in them")
    add_limit(parser, 50)


def run(args: Namespace, context: Context) -> int:
    """Ask the read model."""
    criteria = AttemptFilter(
        group=args.group,
        outcome=args.outcome or "",
        since=moment_of(args.since),
        artifact_ids=(args.artifact,) if args.artifact else (),
        text=args.text,
        host=args.host,
    )

    async def work() -> Sequence[AttemptView]:
        async with context.services.readers(context.settings) as readers:
            if args.group:
                await check_group(args.group, "attempts", readers, context, new=False)
            return await readers.read.attempts(criteria, limit=args.limit, before_id=args.before)

    found = asyncio.run(work())
    rows = [
        (item.id, item.at, item.group, item.artifact_id, item.outcome, item.status, item.reason)
        for item in found
    ]
    heads = ("ID", "AT", "GROUP", "ARTIFACT", "OUTCOME", "HTTP", "REASON")
    lines = context.output.table(heads, rows, elastic="REASON") if rows else ["no such attempt"]
    context.output.show({"attempts": found}, lines)
    return 0
