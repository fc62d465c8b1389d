"""`attempts`: every attempt at a figure, newest first; or one of them whole, request by request."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator, Sequence

from scidex_console.cli.arguments import Subparsers, add_command, add_limit, count, moment_of, names_of, since
from scidex_console.cli.context import Context
from scidex_console.cli.groups import check_group
from scidex_console.cli.output import Output, moment
from scidex_console.cli.words import size
from scidex_console.domain.errors import Refused
from scidex_console.domain.fetching import FetchClass, Hop
from scidex_console.engine.ports import AttemptFilter
from scidex_console.engine.views import AttemptDetail, AttemptView


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(subparsers, "attempts", run, "list attempts at figures, newest first")
    parser.add_argument("number", metavar="N", type=count, nargs="?", help="all about this attempt alone")
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
    if args.number is not None:
        return _run_one(args.number, context)
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
        (item.id, item.recorded_at, item.group, item.artifact_id, item.outcome, item.status, item.reason)
        for item in found
    ]
    heads = ("ID", "RECORDED", "GROUP", "ARTIFACT", "OUTCOME", "HTTP", "REASON")
    lines = context.output.table(heads, rows, elastic="REASON") if rows else ["no such attempt"]
    context.output.show({"attempts": found}, lines)
    return 0


def _run_one(number: int, context: Context) -> int:
    """All about one attempt."""

    async def work() -> AttemptDetail | None:
        async with context.services.readers(context.settings) as readers:
            return await readers.read.attempt(number)

    found = asyncio.run(work())
    if found is None:
        raise Refused(
            f"there is no attempt {number}", where="attempts", fix="`scidex-console attempts` lists them"
        )
    context.output.show({"attempt": found}, _whole(context.output, found))
    return 0


def _whole(output: Output, found: AttemptDetail) -> Iterator[str]:
    """What came, what became of the figure, and every wire request."""
    attempt = found.attempt
    status = f" {attempt.status}" if attempt.status is not None else ""
    yield f"attempt {attempt.id}  {moment(attempt.recorded_at)}  {attempt.outcome}{status}: {attempt.reason}"
    yield f"  asked     {moment(attempt.at)}, took {attempt.took_ms} ms"
    yield f"  artifact  {attempt.artifact_id} ({found.row_title or attempt.title})"
    yield f"  address   {attempt.url}"
    if found.final_url not in ("", attempt.url):
        yield f"  led to    {found.final_url}"
    yield f"  figure    {found.figure_state.replace('_', ' ') or 'no longer in the gap'}"
    if found.size is not None:
        yield f"  content   {size(found.size)} {found.media_type} {found.sha256}".rstrip()
    if found.proof is not None:
        proof = found.proof
        yield f"  gone by   {proof.proof} at {moment(proof.at)} {proof.control_url}".rstrip()
    if found.hops:
        yield ""
        rows = [(hop.at, hop.method, _came(hop), hop.took_ms, hop.url, hop.said) for hop in found.hops]
        yield from output.table(("AT", "ASKED", "CAME", "MS", "ADDRESS", "SAID"), rows, elastic="ADDRESS")
    else:
        yield f"  requests  {attempt.requests}, of which none was kept"


def _came(hop: Hop) -> str:
    return "no answer" if hop.status is None else str(hop.status)
