"""`batches`: what was changed in git and the database together, newest first."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence

from scidex_console.cli.arguments import Subparsers, add_command, add_limit
from scidex_console.cli.context import Context
from scidex_console.cli.words import batch_state
from scidex_console.domain.jobs import JobName
from scidex_console.engine.batch_views import BatchView


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(subparsers, "batches", run, "list batches, newest first")
    parser.add_argument("--job", choices=[job.value for job in JobName], help="only of this job")
    add_limit(parser, 20)


def run(args: Namespace, context: Context) -> int:
    """Ask the read model."""
    job = JobName(args.job) if args.job else None

    async def work() -> Sequence[BatchView]:
        async with context.services.readers(context.settings) as readers:
            return await readers.read.batches(job, limit=args.limit, before_id=args.before)

    found = asyncio.run(work())
    rows = [
        (
            batch.id,
            batch.job if not batch.writer else f"{batch.job} ({batch.writer})",
            batch_state(batch.state),
            batch.created_at,
            batch.files,
            batch.marks,
            batch.skipped,
            batch.conflicts,
            batch.kept,
            batch.commit[:10],
            batch.push if batch.commit else "",
        )
        for batch in found
    ]
    heads = ("ID", "JOB", "STATE", "CREATED", "FILES", "MARKS", "SKIP", "CONFL", "KEPT", "COMMIT", "PUSH")
    lines = context.output.table(heads, rows, elastic="PUSH") if rows else ["no batch yet"]
    context.output.show({"batches": found}, lines)
    return 0
