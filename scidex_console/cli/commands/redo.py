"""`redo JOB --batch ID`: apply a batch again that was taken back."""

from __future__ import annotations

import asyncio
from argparse import Namespace

from scidex_console.cli.arguments import Subparsers, count
from scidex_console.cli.batches import need_batch
from scidex_console.cli.context import Context
from scidex_console.cli.intents import add_action, carry_out
from scidex_console.cli.previews import add_token, check_token, refuse_stale, show_preview
from scidex_console.domain.intents import ActionName
from scidex_console.domain.jobs import JobName


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_action(subparsers, ActionName.REDO, run)
    parser.add_argument("--batch", type=count, metavar="ID", required=True, help="which batch")
    add_token(parser)


def run(args: Namespace, context: Context) -> int:
    """Preview, or apply again exactly what a preview showed."""
    job = JobName(args.job)
    check_token(args)
    params = {"batch": args.batch}

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            await need_batch(readers.read, job, args.batch, redo=True)
            preview = await readers.read.rollback_preview(args.batch, redo=True)
            if not args.token:
                show_preview(args, context.output, preview, job, params)
                return 0
            if args.token != preview.token:
                return refuse_stale(args, context.output, preview, job, params)
            confirmed = {**params, "token": preview.token}
            return await carry_out(args, context.output, readers, job, confirmed)

    return asyncio.run(work())
