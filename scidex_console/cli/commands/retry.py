"""`retry JOB`: make failed rows due again; more than one row is shown first."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from datetime import timedelta

from scidex_console.cli.arguments import Subparsers, moment_of, names_of, since
from scidex_console.cli.context import Context
from scidex_console.cli.groups import check_group
from scidex_console.cli.intents import add_action, carry_out
from scidex_console.cli.previews import add_token, check_token, refuse_stale, show_preview
from scidex_console.domain.errors import UsageError
from scidex_console.domain.figures import RETRIED_BY_NAME, RETRYABLE
from scidex_console.domain.folders.statuses import WAITING
from scidex_console.domain.intents import ActionName
from scidex_console.domain.jobs import JobName
from scidex_console.engine.actions import retry_params
from scidex_console.engine.ports import AttemptFilter


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_action(subparsers, ActionName.RETRY, run)
    figures, folders = sorted(state.value for state in RETRYABLE | RETRIED_BY_NAME), sorted(WAITING)
    parser.add_argument(
        "--group",
        metavar="G",
        default="",
        help="only rows of this host group (folders: of this artifact type)",
    )
    parser.add_argument(
        "--outcome",
        metavar="CLASS",
        type=names_of(sorted({*figures, *folders})),
        help=f"only these, with commas between: {', '.join(figures)}; of folders {', '.join(folders)}",
    )
    parser.add_argument(
        "--since", metavar="WHEN", type=since, help="only rows tried since a time, or a duration ago"
    )
    parser.add_argument(
        "--artifact", metavar="ID", action="append", default=[], help="only this artifact; may be repeated"
    )
    parser.add_argument("--host", metavar="NAME", default="", help="only this host of a group")
    parser.add_argument("--text", metavar="TEXT", default="", help="only rows with this text in them")
    add_token(parser)


def run(args: Namespace, context: Context) -> int:
    """Preview, or do exactly what a preview showed; a single row with a reason is simply retried."""
    job = JobName(args.job)
    check_token(args)
    _check_outcome(args.outcome, job)
    if args.token and isinstance(args.since, timedelta):
        raise UsageError(
            "with --token, --since must be the point in time that the preview printed",
            where="retry",
            fix="copy the command from the preview",
        )
    criteria = AttemptFilter(
        group=args.group,
        outcome=args.outcome or "",
        since=moment_of(args.since),
        artifact_ids=tuple(args.artifact),
        text=args.text,
        host=args.host,
    )
    params = retry_params(criteria)

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            if args.group and job is JobName.FIGURES:
                await check_group(args.group, "retry", readers, context, new=False)
            preview = await readers.read.retry_preview(job, criteria)
            if args.token and args.token != preview.token:
                return refuse_stale(args, context.output, preview, job, params)
            single = len(preview.items) == 1 and args.reason.strip()
            if not args.token and not single:
                show_preview(args, context.output, preview, job, params)
                return 0
            confirmed = {**params, "token": preview.token}
            return await carry_out(args, context.output, readers, job, confirmed)

    return asyncio.run(work())


def _check_outcome(outcome: str | None, job: JobName) -> None:
    known = sorted(WAITING if job is JobName.FOLDERS else RETRYABLE | RETRIED_BY_NAME)
    for name in (outcome or "").split(","):
        if name and name not in known:
            raise UsageError(
                f"rows of {job} are never {name}", where="retry", fix=f"use one or more of {', '.join(known)}"
            )
