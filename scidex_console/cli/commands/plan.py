"""`plan JOB`: what would be done next, changing nothing."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator
from shlex import quote

from scidex_console.cli.arguments import Subparsers, add_command, add_job, count
from scidex_console.cli.context import Context
from scidex_console.cli.counts import counts_lines
from scidex_console.cli.intents import Told
from scidex_console.cli.output import Output
from scidex_console.cli.words import number
from scidex_console.domain.durations import format_duration
from scidex_console.domain.errors import UsageError
from scidex_console.domain.folders.orphans import OrphanPage
from scidex_console.domain.jobs import JobName
from scidex_console.domain.pacing.forecast import Forecast
from scidex_console.domain.rescue import RescueTrial
from scidex_console.engine.views import PlanView

_SAMPLE = 20
_RESCUE = "`scidex-console plan figures --rescue` tries them"
_MOST_GROUPS = 10
"""Groups of a forecast that are listed; the JSON has all of them."""


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(
        subparsers,
        "plan",
        run,
        "show what a job would do next",
        details="plan folders --orphans lists the files that no row claims instead. They are never touched.\n"
        "plan figures --rescue asks for a sample of the figures that are gone where they may have moved, by\n"
        "the rules of figures.rescue_rules. Nothing is kept. An engine that has the store asks for them.",
    )
    add_job(parser)
    parser.add_argument("--limit", type=count, default=20, metavar="N", help="rows at most (default: 20)")
    parser.add_argument("--orphans", action="store_true", help="list files that no row claims, by path")
    parser.add_argument(
        "--after", metavar="PATH", default="", help="only orphans after this path, to page on"
    )
    parser.add_argument(
        "--rescue", action="store_true", help="try the rewrite rules on figures that are gone"
    )
    parser.add_argument(
        "--sample", type=count, metavar="N", help=f"figures to try (default: {_SAMPLE}); with --rescue"
    )
    parser.add_argument("--json-lines", action="store_true", help="print one JSON document per orphan")


def run(args: Namespace, context: Context) -> int:
    """Ask the read model, or look for orphans."""
    job = JobName(args.job)
    if args.sample and not args.rescue:
        raise UsageError("--sample is of --rescue", where="plan", fix=_RESCUE)
    if args.rescue:
        return _rescue(args, context, job)
    if args.orphans:
        return _orphans(args, context, job)
    if args.after or args.json_lines:
        raise UsageError("--after and --json-lines are of --orphans", where="plan", fix="add --orphans")

    async def work() -> PlanView:
        async with context.services.readers(context.settings) as readers:
            return await readers.read.plan(job, limit=args.limit)

    plan = asyncio.run(work())
    context.output.show(
        {
            "job": plan.job,
            "note": plan.note,
            "gap": plan.gap,
            "items": plan.items,
            "held_back": plan.held_back,
            "forecast": plan.forecast,
        },
        _lines(plan, context.output),
    )
    return 0


def _rescue(args: Namespace, context: Context, job: JobName) -> int:
    if job is not JobName.FIGURES or args.orphans:
        raise UsageError("only figures are rescued", where="plan", fix=_RESCUE)
    trial = asyncio.run(
        context.services.try_rescue(
            context.settings, sample=args.sample or _SAMPLE, tell=Told(context.output)
        )
    )
    document = {
        "job": job,
        "matching": trial.matching,
        "tried": trial.tried,
        "live": trial.live,
        "tries": trial.tries,
    }
    context.output.show(document, _rescue_lines(trial, context.output))
    return 0


def _rescue_lines(trial: RescueTrial, output: Output) -> Iterator[str]:
    if not trial.matching:
        yield "no figure that is gone has an address that a rule applies to"
        return
    yield f"{trial.live} of {trial.tried} live, of {trial.matching} figures that are gone and may have moved"
    rows = [(one.artifact_id, one.rule, one.outcome, one.reason) for one in trial.tries]
    yield from output.table(("ARTIFACT", "RULE", "OUTCOME", "WHY"), rows, elastic="WHY")


def _orphans(args: Namespace, context: Context, job: JobName) -> int:
    if job is not JobName.FOLDERS:
        raise UsageError(
            "only folders have orphans",
            where="plan",
            fix="`scidex-console plan folders --orphans` lists them",
        )
    if args.json_lines and args.as_json:
        raise UsageError("--json and --json-lines exclude each other", where="plan", fix="leave one out")
    page = asyncio.run(context.services.list_orphans(context.settings, limit=args.limit, after=args.after))
    if args.json_lines:
        context.output.show_each(page.orphans)
    else:
        document = {"job": job, "orphans": page.orphans, "total": page.total, "after": page.after}
        context.output.show(document, _orphan_lines(page, context.output))
    if page.after is not None:
        left = f"{len(page.orphans)} of {page.total:,} files that no row claims"
        command = f"scidex-console plan folders --orphans --limit {args.limit} --after {quote(page.after)}"
        context.output.note(f"{left}; go on with `{command}`")
    return 0


def _orphan_lines(page: OrphanPage, output: Output) -> Iterator[str]:
    if page.orphans:
        rows = [(orphan.size, orphan.mode, orphan.path) for orphan in page.orphans]
        yield from output.table(("BYTES", "MODE", "FILE"), rows)
    elif page.total:
        yield f"none after that path, of {page.total:,} files that no row claims"
    else:
        yield "every file is some row's"


def _lines(plan: PlanView, output: Output) -> Iterator[str]:
    yield f"{plan.job}:"
    yield from counts_lines(plan.gap, output.program)
    if plan.note:
        yield plan.note
    if plan.forecast is not None and plan.forecast.rows:
        yield from _forecast_lines(plan.forecast, output)
    if plan.job is JobName.FOLDERS:
        yield from _folder_tables(plan, output)
    else:
        yield from _figure_tables(plan, output)


def _forecast_lines(forecast: Forecast, output: Output) -> Iterator[str]:
    """How long it takes from now on, the groups that take longest, and what more processes would change."""
    rows_of, requests = number(forecast.rows, "row"), number(forecast.requests, "request")
    once = f", everything asked once after {_about(forecast.asked_s)}"
    more = once if forecast.asked_s < 0.95 * forecast.seconds else ""
    yield f"from now on a run takes about {_about(forecast.seconds)}: {rows_of}, {requests}{more}"
    rows = [
        (
            group.group,
            _about(group.seconds),
            group.rows,
            group.requests,
            ", ".join(f"{_about(seconds)} {cause}" for cause, seconds in group.waits.items() if seconds >= 1),
        )
        for group in forecast.groups[:_MOST_GROUPS]
    ]
    heads = ("GROUP", "TAKES", "ROWS", "REQUESTS", "OF IT WAITING")
    yield from output.table(heads, rows, elastic="GROUP")
    if (left := len(forecast.groups) - _MOST_GROUPS) > 0:
        yield f"and {number(left, 'group')} more that take less"
    more = ", ".join(f"{one.processes}: {_about(one.seconds)}" for one in forecast.processes[1:])
    yield f"with the hosts shared out among several engine processes, {more}"
    yield ""


def _about(seconds: float) -> str:
    return format_duration(float(round(seconds)))


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
