"""`report [JOB]`: the summary of a run, and its place in a specification's Work Log."""

from __future__ import annotations

import asyncio
from argparse import ArgumentTypeError, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scidex_console.cli.arguments import Subparsers, add_command, add_job, count
from scidex_console.cli.context import Context
from scidex_console.cli.files import read_text, replace_text
from scidex_console.domain.errors import Refused, UsageError
from scidex_console.domain.jobs import JobName
from scidex_console.domain.report import NoWorkLog, add_to_work_log, heading_of, render_markdown
from scidex_console.domain.runs import OPEN, RunState
from scidex_console.engine.views import RunView

ALL = "all"


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(
        subparsers,
        "report",
        run,
        "print the summary of a run",
        details='--append-to adds it once per run below the "Work Log" heading of FILE.',
    )
    add_job(parser, optional=True)
    parser.add_argument(
        "--run", type=_run, metavar="ID", dest="run_id", help='a run, or "all" (default: the last)'
    )
    parser.add_argument("--format", choices=("md", "json"), default="md", help="md (default) or json")
    parser.add_argument("--append-to", type=Path, metavar="FILE", help="a specification with a Work Log")


def _run(text: str) -> int | str:
    try:
        return text if text == ALL else count(text)
    except ArgumentTypeError:
        raise ArgumentTypeError(f"{text!r} is neither the id of a run nor {ALL!r}") from None


def run(args: Namespace, context: Context) -> int:
    """Print the report; add it to the file when asked to."""
    job = JobName(args.job)
    if args.append_to and args.run_id == ALL:
        raise UsageError("a Work Log gets one entry per run", where="report", fix="name one by --run ID")
    last, report = asyncio.run(_read(args, context, job))
    report = {**report, "so_far": _so_far(report, last)}
    environment = context.settings.environment.name
    document = {"environment": environment, **report}
    if args.append_to:
        document["appended_to"] = str(args.append_to)
        document["appended"] = _append(args.append_to, report, environment, last, context)
    if last and report["run"] == last.id and not report["totals"]["attempted"]:
        context.output.note(
            f"run {last.id} attempted nothing; `scidex-console report {job} --run {ALL}` counts all runs"
        )
    context.output.as_json = context.output.as_json or args.format == "json"
    lines = map(context.output.program.told, render_markdown(report, environment).splitlines())
    context.output.show(document, lines)
    return 0


def _so_far(report: Mapping[str, Any], last: RunView | None) -> RunState | None:
    """The state of the run that is not over and counted here; None when the counts are final."""
    if last is None or last.state not in OPEN or report["run"] not in (None, last.id):
        return None
    return last.state


async def _read(args: Namespace, context: Context, job: JobName) -> tuple[RunView | None, Mapping[str, Any]]:
    async with context.services.readers(context.settings) as readers:
        last = await readers.read.run(job)
        if last is None and args.append_to:
            raise Refused(
                f"{job} has had no run yet", where="report", fix=f"`scidex-console start {job}` first"
            )
        chosen = last.id if last and args.run_id is None else args.run_id
        try:
            return last, await readers.read.report(job, None if chosen == ALL else chosen)
        except Refused as error:
            newest = f"the last one is {last.id}" if last else f"{job} has had none yet"
            fix = f"{newest}; leave --run out for it, or give --run {ALL}"
            raise Refused(error.what, where=error.where or "report", fix=error.fix or fix) from error


def _append(
    path: Path, report: Mapping[str, Any], environment: str, last: RunView | None, context: Context
) -> bool:
    if last is not None and last.id == report["run"] and last.state in OPEN:
        raise Refused(
            f"run {last.id} is {last.state}: an entry is made once, when a run is over",
            where="report",
            fix="wait for its end, or cancel it",
        )
    name = heading_of(report, environment)
    before = read_text(path)
    try:
        after = add_to_work_log(before, report, environment)
    except NoWorkLog:
        after = _with_work_log(path, before, report, environment)
        context.output.note(f'{path} had no "Work Log" heading; added one at its end')
    if after is None:
        context.output.note(f"{path} has the entry already: {name}")
        return False
    replace_text(path, before, after)
    context.output.note(f"added to {path}: {name}")
    return True


def _with_work_log(path: Path, before: str, report: Mapping[str, Any], environment: str) -> str | None:
    """The text with a Work Log at its end, and the entry in it. Raises `Refused` for an open code block."""
    end = "\r\n" if "\r\n" in before else "\n"
    blank = "" if not before else end if before.endswith(end) else end * 2
    try:
        return add_to_work_log(f"{before}{blank}## Work Log{end}", report, environment)
    except NoWorkLog as error:
        raise Refused(
            "there is no Work Log, and none can be added at the end, inside a code block",
            where=str(path),
            fix='close the code block, or add a line "## Work Log" where entries belong',
        ) from error
