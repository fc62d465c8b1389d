"""`triage list | show | decide | undo | decision`: what waits for a person, evidence, and decisions."""

from __future__ import annotations

import asyncio
import shlex
from argparse import Namespace

from scidex_console.cli.arguments import PROGRAM, Subparsers, add_command, count
from scidex_console.cli.context import Context
from scidex_console.cli.intents import add_following, follow_through
from scidex_console.cli.previews import add_token, check_token
from scidex_console.cli.services import Readers
from scidex_console.cli.triage import (
    case_lines,
    confirmation,
    decision_lines,
    evidence_lines,
    preview_document,
    preview_lines,
    refuse_stale,
)
from scidex_console.domain.errors import Refused
from scidex_console.domain.intents import ActionName
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import FIRST, Around, Span
from scidex_console.domain.triage import DECISIONS, EXPLAINED, CaseKind, Decision
from scidex_console.engine.triage.views import CaseFilter, CaseView, DecisionPreview
from scidex_console.engine.vocabulary import case_kind

_DETAILS = "decide and undo without --token show what would be done and change nothing.\n\ndecisions:\n"


def register(subparsers: Subparsers) -> None:
    """Describe the command and what it does."""
    parser = subparsers.add_parser(
        "triage",
        help="look at what waits for a person, and decide",
        description="Look at what waits for a person, and decide; the engine applies.",
    )
    parser.set_defaults(
        run=lambda args, context: parser.error("name one of list, show, decide, undo, decision")
    )
    below = parser.add_subparsers(title="what", metavar="WHAT", dest="what")
    _register_list(below)
    show = add_command(below, "show", run_show, "show the evidence about one artifact")
    show.add_argument("artifact", metavar="ID", help="artifact")
    _add_job(show)
    decided = add_command(below, "decision", run_decision, "show one decision and what came of it")
    decided.add_argument("number", metavar="N", type=count, help="number of the decision")
    _register_decide(below)
    undo = add_command(below, "undo", run_undo, "take a decision back")
    undo.add_argument("number", metavar="N", type=count, help="number of the decision")
    _follow(undo)


def _register_list(below: Subparsers) -> None:
    listed = add_command(below, "list", run_list, "list what waits for a person")
    _add_job(listed)
    kinds = [str(kind) for kind in CaseKind]
    listed.add_argument(
        "--kind", type=case_kind, choices=kinds, default="", metavar="KIND", help=f"only {', '.join(kinds)}"
    )
    listed.add_argument("--text", metavar="TEXT", default="", help="only those with this text in them")
    listed.add_argument("--limit", type=count, default=50, metavar="N", help="rows at most (default: 50)")
    listed.add_argument("--after", metavar="KEY", default="", help="only those after this key, to page on")


def _register_decide(below: Subparsers) -> None:
    words = [str(decision) for decision in DECISIONS]
    details = _DETAILS + "\n".join(f"  {d:<14} {EXPLAINED[d]}" for d in DECISIONS)
    decide = add_command(below, "decide", run_decide, "decide about artifacts", details=details)
    decide.add_argument("decision", metavar="DECISION", choices=words, help=", ".join(words))
    decide.add_argument("artifacts", metavar="ID", nargs="+", help="artifacts, up to 500")
    _add_job(decide)
    _follow(decide)


def _add_job(parser: Subparsers) -> None:
    names = [str(job) for job in JobName]
    parser.add_argument("--job", choices=names, metavar="JOB", help=f"only of this job: {' or '.join(names)}")


def _follow(parser: Subparsers) -> None:
    parser.set_defaults(action=ActionName.TRIAGE)
    add_following(parser, required=True)
    add_token(parser)


def run_list(args: Namespace, context: Context) -> int:
    """What waits, by kind."""

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            criteria = CaseFilter(_job(args), args.kind, args.text)
            kind, _, rest = args.after.partition("/")
            around = Around((kind, *rest.split("/", 1))) if rest.count("/") else FIRST
            # One more than asked for: the row of the key itself was on the page before.
            window = await readers.triage.cases(criteria, around, Span(0, args.limit + 1))
            counts = await readers.triage.count_cases()
        cases = [c for c, key in zip(window.rows, window.keys, strict=True) if key != around.key][
            : args.limit
        ]
        is_all = window.to_last or len(window.rows) <= args.limit
        after = None if is_all or not cases else "/".join(map(str, _key(cases[-1])))
        document = {"cases": cases, "waiting": dict(counts), "after": after}
        lines = list(case_lines(context.output, cases, counts))
        if after:
            lines.append(f"more: `{context.output.program.command(_more(criteria, args.limit, after))}`")
        context.output.show(document, lines)
        return 0

    return asyncio.run(work())


def _more(criteria: CaseFilter, limit: int, after: str) -> str:
    """The command line of the next page."""
    values = {"--job": criteria.job, "--kind": criteria.kind, "--text": criteria.text}
    words = [f"{option}={value}" for option, value in values.items() if value]
    return shlex.join([PROGRAM, "triage", "list", *words, "--limit", str(limit), f"--after={after}"])


def run_show(args: Namespace, context: Context) -> int:
    """The evidence about one artifact."""

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            evidence = await readers.triage.evidence(args.artifact, _job(args))
        context.output.show({"evidence": evidence}, evidence_lines(context.output, evidence))
        return 0

    return asyncio.run(work())


def run_decision(args: Namespace, context: Context) -> int:
    """One decision."""

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            found = await readers.triage.decision(args.number)
        if found is None:
            raise Refused(
                f"there is no decision {args.number}",
                where="triage",
                fix="`scidex-console triage show ID` has those about an artifact",
            )
        context.output.show({"decision": found}, decision_lines(context.output, found))
        return 0

    return asyncio.run(work())


def run_decide(args: Namespace, context: Context) -> int:
    """Preview, or do exactly what a preview showed."""
    check_token(args)

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            preview = await readers.triage.preview(Decision(args.decision), args.artifacts, _job(args))
            return await _carry_on(args, context, readers, preview)

    return asyncio.run(work())


def run_undo(args: Namespace, context: Context) -> int:
    """Preview, or take back exactly what a preview showed."""
    check_token(args)

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            preview = await readers.triage.preview_undo(args.number)
            return await _carry_on(args, context, readers, preview)

    return asyncio.run(work())


async def _carry_on(args: Namespace, context: Context, readers: Readers, preview: DecisionPreview) -> int:
    output = context.output
    if not args.token:
        confirm = confirmation(args, output, preview) if preview.applied else None
        lines = [*preview_lines(output, preview)]
        if confirm:
            lines += ["", "Nothing has changed. To do exactly this:", f"  {confirm}"]
        output.show(preview_document(preview, confirm), lines)
        return 0
    if args.token != preview.token:
        return refuse_stale(args, output, preview)
    if not preview.applied:
        raise Refused(preview.refused[0].refused, where=preview.refused[0].artifact_id)
    intent = await readers.triage.decide(preview, reason=args.reason.strip())
    return await follow_through(args, output, readers, intent)


def _key(case: CaseView) -> tuple[str, str, str]:
    return str(case.kind), str(case.job), case.artifact_id


def _job(args: Namespace) -> JobName | None:
    return JobName(args.job) if args.job else None
