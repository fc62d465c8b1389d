"""Cases, evidence and decisions as lines and as documents."""

from __future__ import annotations

import shlex
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scidex_console.cli.output import Output, moment
from scidex_console.cli.words import number
from scidex_console.domain.errors import StaleToken
from scidex_console.domain.intents import ActionName
from scidex_console.domain.triage import EXPLAINED, Decision
from scidex_console.engine.actions import ACTIONS
from scidex_console.engine.triage.views import (
    CaseView,
    DecisionPreview,
    DecisionView,
    EvidenceView,
    VersionView,
)

_SHOWN_LINES = 40
"""Of a diff, for people; the document has all that was made."""


def case_lines(output: Output, cases: Sequence[CaseView], counts: Mapping[str, int]) -> Iterator[str]:
    """A table of what waits, and how many there are of each kind."""
    said = ", ".join(f"{n} {kind}" for kind, n in counts.items())
    yield f"waiting for a person: {said or 'nothing'}"
    if cases:
        rows = [
            (
                c.artifact_id,
                c.kind,
                c.artifact_type,
                f"{c.decisions}x" if c.decisions else "",
                f"left: {c.note}" if c.note else c.reason,
            )
            for c in cases
        ]
        heads = ("ARTIFACT", "KIND", "TYPE", "DECIDED", "REASON")
        yield from output.table(heads, rows, elastic="REASON")


def evidence_lines(output: Output, evidence: EvidenceView) -> Iterator[str]:
    """Everything known of one case."""
    case = evidence.case
    yield f"{case.artifact_id} ({case.artifact_type}), {case.kind} since {moment(case.since)}"
    yield f"  title     {case.title}"
    yield f"  reason    {case.reason}"
    if case.note:
        yield f"  note      {case.note}"
    if evidence.expected_sha256:
        yield f"  expected  {evidence.expected_sha256}  from {evidence.expected_from}"
    yield from _file_lines(output, evidence)
    if evidence.others:
        yield f"  shared    also named by {', '.join(evidence.others)}"
    if (attempt := evidence.attempt) is not None:
        status = f" {attempt.status}" if attempt.status else ""
        yield f"  answered  {moment(attempt.at)} {attempt.outcome}{status}: {attempt.reason}"
        yield f"            {attempt.url}"
    yield from _history_lines(output, evidence)
    yield from _diff_lines(output, evidence)
    yield ""
    rows = [
        (name, EXPLAINED[Decision(name)] if not why else f"not open: {why}")
        for name, why in evidence.open_to.items()
    ]
    yield from output.table(("DECISION", "WHAT IT DOES"), rows, elastic="WHAT IT DOES")
    if evidence.decisions:
        yield ""
        yield from decision_rows(output, evidence.decisions)


def _file_lines(output: Output, evidence: EvidenceView) -> Iterator[str]:
    file = evidence.file
    if file is None:
        yield f"  file      {evidence.why_unread}"
        return
    yield f"  actual    {file.sha256}  {file.path}"
    recorded = f", the row says {evidence.recorded_size:,}" if evidence.recorded_size is not None else ""
    shape = f", {file.shape}" if file.shape else ""
    yield f"  file      {file.size:,} bytes{recorded}, {file.media_type}{shape}"
    yield f"            {file.place}"


def _history_lines(output: Output, evidence: EvidenceView) -> Iterator[str]:
    if not evidence.versions:
        return
    yield ""
    rows = [
        (
            "=" if v.matches else "",
            v.at,
            v.commit[:12],
            v.size,
            v.sha256[:12] or "not read",
            _then(v, evidence),
        )
        for v in evidence.versions
    ]
    heads = ("", "AT", "COMMIT", "BYTES", "SHA256", "SUBJECT")
    yield from output.table(heads, rows, elastic="SUBJECT")
    matching = any(v.matches for v in evidence.versions)
    yield "= is the promised one" if matching else "none of them is the promised one"
    if evidence.more_versions:
        yield f"older ones than these {len(evidence.versions)} were not looked at"


def _then(version: VersionView, evidence: EvidenceView) -> str:
    """What the commit says, and where the file lay then, if that was elsewhere."""
    is_there = evidence.file is None or version.path == evidence.file.path
    return version.subject if is_there else f"{version.subject} ({version.path})"


def _diff_lines(output: Output, evidence: EvidenceView) -> Iterator[str]:
    if not evidence.diff:
        return
    yield ""
    yield from evidence.diff[:_SHOWN_LINES]
    if evidence.diff_cut or len(evidence.diff) > _SHOWN_LINES:
        yield "… and more"


_DECISION_HEADS = ("N", "DECISION", "STATE", "BY", "AT", "REASON")


def _decision_row(decision: DecisionView) -> tuple[object, ...]:
    kind = f"undo of {decision.undoes}" if decision.undoes else str(decision.decision)
    return (decision.id, kind, decision.state, decision.operator, decision.at, decision.reason)


def decision_rows(output: Output, decisions: Sequence[DecisionView]) -> list[str]:
    """A table of decisions."""
    return output.table(_DECISION_HEADS, [_decision_row(d) for d in decisions], elastic="REASON")


def decision_lines(output: Output, decision: DecisionView) -> Iterator[str]:
    """One decision and what came of it."""
    yield from decision_rows(output, [decision])
    batch = f", batch {decision.batch}" if decision.batch else ""
    yield f"{number(decision.applied, 'artifact')} changed, {decision.refused} left alone{batch}"
    yield f"from {decision.origin}, version {decision.version}"
    if decision.outcome:
        yield decision.outcome
    if decision.undone_by:
        yield f"taken back by decision {decision.undone_by}"


def preview_document(preview: DecisionPreview, confirm: str | None) -> dict[str, Any]:
    """What would be done, and the command line that does it."""
    return {"preview": preview, "confirm": confirm}


def preview_lines(output: Output, preview: DecisionPreview, *, noun: str = "artifact") -> Iterator[str]:
    """What would be done, with counts."""
    what = f"undo of decision {preview.undoes}" if preview.undoes else str(preview.decision)
    of_job = f" of {preview.job}" if noun == "artifact" else ""
    yield f"{what}{of_job}: {number(len(preview.applied), noun)}"
    yield f"it {EXPLAINED[preview.decision]}"
    if preview.applied:
        heads = (noun.upper(), "KIND", "WHAT", "FILE")[: 4 if noun == "artifact" else 3]
        rows = [(i.artifact_id, i.kind, i.what, i.path)[: len(heads)] for i in preview.applied]
        yield from output.table(heads, rows, elastic=heads[-1])
    if preview.refused:
        yield f"left alone: {number(len(preview.refused), noun)}"
        rest = [(i.artifact_id, i.refused) for i in preview.refused]
        yield from output.table((noun.upper(), "REASON"), rest, elastic="REASON")


def confirmation(args: Namespace, output: Output, preview: DecisionPreview) -> str:
    """The command line that confirms a preview."""
    command = ACTIONS[ActionName.TRIAGE].command(preview.job, params_of(preview))
    return f"{output.program.command(command)} {shlex.join(['--reason', args.reason or 'TEXT'])}"


def params_of(preview: DecisionPreview) -> dict[str, Any]:
    """A decision as a command line names it."""
    ids = [item.artifact_id for item in preview.items]
    return {
        "kind": preview.decision,
        "artifact_ids": ids,
        "undoes": preview.undoes,
        "token": preview.token,
    }


def refuse_stale(args: Namespace, output: Output, preview: DecisionPreview) -> int:
    """What was confirmed is no longer what would be done: show it anew and change nothing."""
    stale = StaleToken(
        "this token does not name what would be done now: it was mistyped, or something has changed since",
        where=f"token {args.token}",
        fix="nothing was done; look at the plan anew and confirm it by its own token",
    )
    confirm = confirmation(args, output, preview) if preview.applied else None
    if output.as_json:
        output.error(stale, preview=preview, confirm=confirm)
    else:
        output.show(
            preview_document(preview, confirm), [*preview_lines(output, preview), f"  {confirm or ''}"]
        )
        output.error(stale)
    return stale.exit_code
