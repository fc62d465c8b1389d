"""`rollback JOB [--batch ID]`: take a batch back in git and in the database."""

from __future__ import annotations

import asyncio
from argparse import Namespace

from scidex_console.cli.arguments import Subparsers, count
from scidex_console.cli.batches import need_batch
from scidex_console.cli.context import Context
from scidex_console.cli.intents import add_action, carry_out
from scidex_console.cli.previews import add_token, check_token, refuse_stale, show_preview
from scidex_console.domain.batches import STANDING
from scidex_console.domain.errors import Refused
from scidex_console.domain.intents import ActionName
from scidex_console.domain.jobs import JobName
from scidex_console.engine.ports import ReadModel

_PAGE = 50


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_action(subparsers, ActionName.ROLLBACK, run)
    parser.add_argument(
        "--batch", type=count, metavar="ID", help="which batch (default: the newest that is done)"
    )
    add_token(parser)


def run(args: Namespace, context: Context) -> int:
    """Preview, or take back exactly what a preview showed."""
    job = JobName(args.job)
    check_token(args)

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            batch_id = args.batch or await _newest(readers.read, job)
            await need_batch(readers.read, job, batch_id, redo=False)
            params = {"batch": batch_id}
            preview = await readers.read.rollback_preview(batch_id, redo=False)
            if not args.token:
                show_preview(args, context.output, preview, job, params)
                return 0
            if args.token != preview.token:
                return refuse_stale(args, context.output, preview, job, params)
            confirmed = {**params, "token": preview.token}
            return await carry_out(args, context.output, readers, job, confirmed)

    return asyncio.run(work())


async def _newest(read: ReadModel, job: JobName) -> int:
    before: int | None = None
    while page := await read.batches(job, limit=_PAGE, before_id=before):
        for batch in page:
            if batch.state in STANDING:
                return batch.id
        before = page[-1].id
    raise Refused(
        f"{job} has no batch that could be taken back",
        where="rollback",
        fix="`scidex-console batches` lists what there is",
    )
