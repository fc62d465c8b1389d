"""`activity`: who did what, from where and why, newest first; intents that are open stand among it."""

from __future__ import annotations

import asyncio
import shlex
from argparse import ArgumentTypeError, Namespace
from datetime import datetime

from scidex_console.cli.arguments import PROGRAM, Subparsers, add_command, count, moment_of, since
from scidex_console.cli.context import Context
from scidex_console.cli.output import moment
from scidex_console.domain.paging import Around, Key, Span, Window
from scidex_console.engine.handover import act_words, outcome_words
from scidex_console.engine.people import ActivityFilter, AuditView


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(subparsers, "activity", run, "list who did what, newest first")
    parser.add_argument("--by", metavar="NAME", default="", help="only of people with this in their name")
    parser.add_argument("--action", metavar="NAME", default="", help="only this action, such as rollback")
    parser.add_argument("--text", metavar="TEXT", default="", help="only with this text in them")
    parser.add_argument("--since", metavar="WHEN", type=since, help="only since a time, or a duration ago")
    parser.add_argument(
        "--everything", action="store_true", help="also what the engine did by itself, batch after batch"
    )
    parser.add_argument(
        "--limit", type=count, default=50, metavar="N", help="rows at most (default: %(default)s)"
    )
    parser.add_argument("--after", metavar="KEY", type=_key, help="only those after this key, to page on")


def run(args: Namespace, context: Context) -> int:
    """Ask the read model."""
    criteria = ActivityFilter(
        operator=args.by,
        action=args.action,
        text=args.text,
        since=moment_of(args.since),
        everything=args.everything,
    )

    async def work() -> Window[AuditView]:
        async with context.services.readers(context.settings) as readers:
            # The key's own row comes with what follows it.
            span = Span(0, args.limit + 1 if args.after else args.limit)
            return await readers.read.activity_window(criteria, Around(args.after), span)

    window = asyncio.run(work())
    pairs = [pair for pair in zip(window.keys, window.rows, strict=True) if pair[0] != args.after]
    acts, after = [act for _, act in pairs], None if window.to_last or not pairs else _words(pairs[-1][0])
    rows = [
        (moment(act.at), act.operator, act_words(act), outcome_words(act), act.reason, act.origin)
        for act in acts
    ]
    heads = ("AT", "WHO", "WHAT", "OUTCOME", "WHY", "FROM")
    lines = context.output.table(heads, rows, elastic="OUTCOME") if rows else ["no such act"]
    if after:
        lines.append(f"more: `{context.output.program.command(_more(criteria, args.limit, after))}`")
    context.output.show({"acts": acts, "after": after}, lines)
    return 0


def _more(criteria: ActivityFilter, limit: int, after: str) -> str:
    """The command line of the next page; a duration ago would mean another time by then."""
    since = criteria.since.isoformat() if criteria.since else ""
    values = {
        "--by": criteria.operator,
        "--action": criteria.action,
        "--text": criteria.text,
        "--since": since,
    }
    words = [PROGRAM, "activity", *(f"{option}={value}" for option, value in values.items() if value)]
    words += ["--everything"] if criteria.everything else []
    return shlex.join([*words, "--limit", str(limit), "--after", after])


def _words(key: Key) -> str:
    at, number = key
    return f"{at.isoformat()}/{number}"


def _key(text: str) -> Key:
    at, _, number = text.partition("/")
    try:
        key = datetime.fromisoformat(at), int(number)
        if abs(key[1]) >= 2**63:
            raise ValueError
        return key
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no key that this command has printed") from None
