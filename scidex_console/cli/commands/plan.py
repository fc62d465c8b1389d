"""`plan JOB`: what would be done next, changing nothing."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator

from scidex_console.cli.arguments import Subparsers, add_command, add_job, count
from scidex_console.cli.context import Context
from scidex_console.cli.counts import counts_lines
from scidex_console.cli.output import Output
from scidex_console.domain.jobs import JobName
from scidex_console.engine.views import PlanView


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(subparsers, "plan", run, "show what a job would do next")
    add_job(parser)
    parser.add_argument("--limit", type=count, default=20, metavar="N", help="rows at most (default: 20)")


def run(args: Namespace, context: Context) -> int:
    """Ask the read model."""

    async def work() -> PlanView:
        async with context.services.readers(context.settings) as readers:
            return await readers.read.plan(JobName(args.job), limit=args.limit)

    plan = asyncio.run(work())
    context.output.show(
        {
            "job": plan.job,
            "note": plan.note,
            "gap": plan.gap,
            "items": plan.items,
            "held_back": plan.held_back,
        },
        _lines(plan, context.output),
    )
    return 0


def _lines(plan: PlanView, output: Output) -> Iterator[str]:
    yield f"{plan.job}:"
    yield from counts_lines(plan.gap)
    if plan.note:
        yield plan.note
    if plan.job is JobName.FOLDERS:
        yield from _folder_tables(plan, output)
    else:
        yield from _figure_tables(plan, output)


def _folder_tables(plan: PlanView, output: Output) -> Iterator[str]:
    """The next artifacts in their order, each with its file; then what is refused, with the reason."""
    rows = [(item.artifact_id, item.group, item.url) for item in plan.items]
    if rows:
        yield from output.table(("ARTIFACT", "TYPE", "FILE"), rows, elastic="FILE")
    elif not plan.note:
        yield "nothing is due"
    held = [(item.artifact_id, item.group, item.waits_on) for item in plan.held_back]
    if held:
        yield ""
        yield from output.table(("NOT MOVED", "TYPE", "WHY"), held, elastic="WHY")
        yield f"`{output.program.command(f'scidex-console retry {plan.job}')}` lists all of them"


def _figure_tables(plan: PlanView, output: Output) -> Iterator[str]:
    rows = [(item.artifact_id, item.group, item.due_at, item.url) for item in plan.items]
    if rows:
        yield from output.table(("ARTIFACT", "GROUP", "DUE", "ADDRESS"), rows, elastic="ADDRESS")
    elif not plan.note:
        yield "nothing is due"
    held = [(item.artifact_id, item.group, item.waits_on) for item in plan.held_back]
    if held:
        yield ""
        yield from output.table(("HELD BACK", "GROUP", "WAITS ON"), held, elastic="WAITS ON")
        command = output.program.command(f"scidex-console retry {plan.job} --outcome held_back")
        yield f"`{command}` lists all of them"
