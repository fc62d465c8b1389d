"""`cleanup …`: phase 5, in which legacy folders go and what no row claims is decided on."""

from __future__ import annotations

import asyncio
import shlex
from argparse import ArgumentParser, Namespace

from scidex_console.cli.arguments import PROGRAM, Subparsers, add_command, count
from scidex_console.cli.cleanup import (
    orphan_lines,
    orphan_preview_lines,
    plan_document,
    plan_lines,
    preview_document,
)
from scidex_console.cli.context import Context
from scidex_console.cli.intents import add_following, follow_through
from scidex_console.cli.output import moment
from scidex_console.cli.previews import add_token, check_token
from scidex_console.cli.triage import decision_rows
from scidex_console.domain.cleanup import CleanupPlan
from scidex_console.domain.errors import Refused, StaleToken
from scidex_console.domain.intents import ActionName
from scidex_console.domain.soak.ladder import way_to_clean, why_not_clean
from scidex_console.domain.triage import EXPLAINED, OF_ORPHANS, Decision
from scidex_console.engine.ports import OrphanPreview

_SHUT = 4
_DETAILS = """Prints what would be done to each file, with a token. With --token and --reason exactly that is
done, or nothing. FILE is a path, a folder with all below it, or a pattern such as 'figures/*.png', whose *
goes beyond slashes. One decision takes 500 files at most. `triage undo N` takes a decision back.

"""


def register(subparsers: Subparsers) -> None:
    """Describe the command and what it can be told."""
    parser = subparsers.add_parser(
        "cleanup",
        help="phase 5: decide on what no row claims, remove empty legacy folders, vacuum",
        description="The clean-up after the migration; shut until the soak's gate before phase 5 is open.",
    )
    below = parser.add_subparsers(title="what", metavar="WHAT", dest="what", required=True)
    add_command(
        below,
        "plan",
        run_plan,
        "show what is left to decide and what a run would do",
        details="Changes nothing. Exits 4 while the gate is shut, and says why and when it opens.",
    )
    listed = add_command(below, "orphans", run_orphans, "list files that no row claims")
    listed.add_argument("files", metavar="FILE", nargs="*", help="only these: paths, folders or patterns")
    listed.add_argument("--limit", type=count, default=50, metavar="N", help="rows at most (default: 50)")
    listed.add_argument("--after", metavar="PATH", default="", help="only those after this path, to page on")
    _register_decide(below)
    add_command(below, "decisions", run_decisions, "list what was decided about such files")
    run = add_command(
        below,
        "run",
        run_run,
        "remove empty folders, and VACUUM ANALYZE",
        details="Prints the plan, with a token. With --token and --reason exactly that is done, or nothing.\n"
        "Every file that no row claims must be decided on before, folders.legacy be off, and the database\n"
        "role own SciDEX's tables. Whatever ends it half-way has lost nothing: look at the plan again.",
    )
    run.set_defaults(action="cleanup run")
    run.add_argument("--reason", metavar="TEXT", default="", help="why; kept with the action (required)")
    add_token(run)


def _register_decide(below: Subparsers) -> None:
    words = [str(decision) for decision in OF_ORPHANS]
    details = _DETAILS + "\n".join(f"  {d:<8} {EXPLAINED[d]}" for d in OF_ORPHANS)
    decide: ArgumentParser = add_command(
        below, "decide", run_decide, "decide about files that no row claims", details=details
    )
    decide.add_argument("decision", metavar="DECISION", choices=words, help=", ".join(words))
    decide.add_argument("files", metavar="FILE", nargs="+", help="paths, folders or patterns")
    decide.add_argument("--type", metavar="TYPE", default="", help="adopt files as artifacts of this type")
    decide.add_argument("--typed", metavar="TEXT", default="", help="delete: what the preview says to type")
    decide.set_defaults(action=ActionName.TRIAGE)
    add_following(decide, required=True)
    add_token(decide)


def run_plan(args: Namespace, context: Context) -> int:
    """The plan."""
    plan = asyncio.run(_plan(context))
    context.output.show(plan_document(plan, None), plan_lines(context.output, plan, None))
    return _SHUT if plan.shut_by else 0


async def _plan(context: Context) -> CleanupPlan:
    async with context.services.readers(context.settings) as readers:
        return await readers.cleanup.plan()


def run_orphans(args: Namespace, context: Context) -> int:
    """Files to decide on, a page at a time."""

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            page = await readers.cleanup.orphans(args.files, limit=args.limit, after=args.after)
        document = {"orphans": page.orphans, "total": page.total, "after": page.after}
        context.output.show(document, orphan_lines(context.output, page))
        if page.after is not None:
            words = ["cleanup", "orphans", *args.files, "--limit", str(args.limit), "--after", page.after]
            command = f"{PROGRAM} {shlex.join(words)}"
            context.output.note(f"{len(page.orphans)} of {page.total:,} files; go on with `{command}`")
        return 0

    return asyncio.run(work())


def run_decide(args: Namespace, context: Context) -> int:
    """Preview, or do exactly what a preview showed."""
    check_token(args)

    async def work() -> int:
        output = context.output
        async with context.services.readers(context.settings) as readers:
            preview = await readers.cleanup.preview(Decision(args.decision), args.files, args.type)
            if not args.token:
                document = preview_document(args, output, preview)
                output.show(document, orphan_preview_lines(output, args, preview))
                ladder = await readers.read.soak()
                if why := why_not_clean(ladder):
                    output.note(f"not yet: {why}; {output.program.told(way_to_clean(ladder))}")
                return 0
            _check(args, preview)
            intent = await readers.cleanup.decide(preview, reason=args.reason, typed=args.typed)
            return await follow_through(args, output, readers, intent)

    return asyncio.run(work())


def _check(args: Namespace, preview: OrphanPreview) -> None:
    if args.token != preview.preview.token:
        raise StaleToken(
            "this token does not name what would be done now: it was mistyped, or something has changed",
            where=f"token {args.token}",
            fix="nothing was done; look at the plan anew and confirm it by its own token",
        )
    if not preview.preview.applied:
        first = preview.preview.refused[0]
        raise Refused(first.refused, where=first.path)


def run_decisions(args: Namespace, context: Context) -> int:
    """What was decided, newest first."""

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            found = await readers.cleanup.decisions()
        lines = decision_rows(context.output, found) if found else ["nothing was decided yet"]
        context.output.show({"decisions": found}, lines)
        return 0

    return asyncio.run(work())


def run_run(args: Namespace, context: Context) -> int:
    """Show what would be done, or do exactly that."""
    check_token(args)
    output = context.output
    if not args.token:
        plan = asyncio.run(_plan(context))
        may = not plan.shut_by and not plan.hindrances
        words = ["cleanup", "run", "--token", plan.token, "--reason", args.reason or "TEXT"]
        confirm = output.program.command(f"{PROGRAM} {shlex.join(words)}") if may else None
        output.show(plan_document(plan, confirm), plan_lines(output, plan, confirm))
        return _SHUT if plan.shut_by else 0 if may else 1
    after = asyncio.run(
        context.services.clean_up(context.settings, token=args.token, reason=args.reason, tell=output.note)
    )
    lines = plan_lines(output, after, None)
    output.show(plan_document(after, None), [f"cleaned up at {moment(after.taken_at)}", *lines])
    return 1 if after.strays else 0
