"""What waits for a person, the evidence about it, and what a decision would do: views in, cells out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from scidex_console.console.presentation.cells import Cell, Line, clean, fit, wrap
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.words import at_length, moment, size
from scidex_console.domain.triage import CaseKind, Decision
from scidex_console.engine.triage.views import (
    UNDOABLE,
    CaseView,
    DecisionItem,
    DecisionPreview,
    DecisionView,
    EvidenceView,
    VersionView,
)
from scidex_console.engine.vocabulary import CASE_WORDS, counted

CASE_COLUMNS = (
    Column("artifact", "artifact", 16, weight=3, widest=44, crop="middle"),
    Column("kind", "kind", 11),
    Column("type", "type", 8, rank=1, widest=14),
    Column("reason", "reason", 14, rank=2, weight=4),
)
NARROW_CASE_COLUMNS = CASE_COLUMNS[:3]
ITEM_COLUMNS = (
    Column("what", "what", 12, weight=3, widest=60),
    Column("artifact", "artifact", 20, weight=2, widest=44, crop="middle"),
    Column("kind", "kind", 11, rank=1),
    Column("path", "file", 18, rank=2, weight=2, widest=70, crop="middle"),
)
DECISION_COLUMNS = (
    Column("id", "N", 5, align="right"),
    Column("decision", "decision", 14),
    Column("state", "state", 8),
    Column("artifacts", "of", 4, align="right"),
    Column("who", "by", 10, rank=2, widest=20),
    Column("at", "UTC", 16, rank=1),
    Column("reason", "reason", 16, weight=4),
)
_STATES = {
    "applied": "ok",
    "partly": "warn",
    "refused": "bad",
    "undone": "dim",
    "partly undone": "warn",
    "open": "strong",
}
_NAMES = 11
"""Columns of the names of facts."""


def case_cells(case: CaseView) -> Mapping[str, Cell]:
    """One case; one that was left with a note says the note."""
    reason = Cell(f"note: {clean(case.note)}", "ok") if case.note else Cell(clean(case.reason))
    return {
        "artifact": Cell(clean(case.artifact_id, 200)),
        "kind": Cell(CASE_WORDS[case.kind], "bad" if case.kind is CaseKind.HASH_MISMATCH else "warn"),
        "type": Cell(clean(case.artifact_type, 60), "dim"),
        "reason": reason,
    }


def evidence_lines(evidence: EvidenceView, width: int) -> list[Line]:
    """Everything known of one case, what matters most first."""
    return [
        *_head(evidence, width),
        *_hashes(evidence, width),
        *_open_to(evidence, width),
        *_history(evidence, width),
        *_diff(evidence, width),
        *_decisions(evidence, width),
    ]


def _head(evidence: EvidenceView, width: int) -> Iterator[Line]:
    case = evidence.case
    yield Line((Cell(fit(f" {clean(case.artifact_id, 200)}", width, crop="middle"), "strong"),), "title")
    yield from _fact("title", clean(case.title) or "none", width)
    yield from _fact("why", f"{case.kind}: {clean(case.reason)}", width, "warn")
    if case.note:
        yield from _fact("note", clean(case.note), width, "ok")
    yield from _fact("as of", f"{evidence.taken_at:%H:%M:%S} UTC", width)


def _hashes(evidence: EvidenceView, width: int) -> Iterator[Line]:
    file = evidence.file
    if evidence.expected_sha256:
        yield from _fact("expected", f"{evidence.expected_sha256[:16]}… {evidence.expected_from}", width)
    elif file is not None:
        yield from _fact("expected", "the row promises no hash", width, "dim")
    if file is None:
        yield from _fact("file", clean(evidence.why_unread) or "none", width, "bad")
    else:
        same = file.sha256 == evidence.expected_sha256
        yield from _fact(
            "actual", f"{file.sha256[:16]}… {'the same' if same else 'differs'}", width, "" if same else "bad"
        )
        says = "" if evidence.recorded_size is None else f" (row: {size(evidence.recorded_size)})"
        shape = f", {clean(file.shape)}" if file.shape else ""
        yield from _fact("file", f"{size(file.size)}{says}, {clean(file.media_type)}{shape}", width)
        yield from _fact("path", clean(file.path), width)
    if evidence.others:
        yield from _fact("shared", f"also named by {clean(', '.join(evidence.others))}", width, "warn")
    if (attempt := evidence.attempt) is not None:
        status = f" {attempt.status}" if attempt.status else ""
        yield from _fact(
            "answered", f"{at_length(attempt.at)} {attempt.outcome}{status}: {clean(attempt.reason)}", width
        )
        yield from _fact("from", clean(attempt.url), width, "dim")


def _open_to(evidence: EvidenceView, width: int) -> Iterator[Line]:
    """Which decisions can be taken, and why not the others."""
    possible = [name for name, why in evidence.open_to.items() if not why]
    yield from _fact("you can", ", ".join(possible), width, "ok")
    for name, why in evidence.open_to.items():
        if why:
            yield from _fact("", f"not {name}: {clean(why)}", width, "dim")


def _history(evidence: EvidenceView, width: int) -> Iterator[Line]:
    if not evidence.versions:
        return
    found = any(version.matches for version in evidence.versions)
    said = "= is the promised one" if found else "none is the promised one"
    more = f", older than {len(evidence.versions)} not looked at" if evidence.more_versions else ""
    yield Line()
    yield Line((Cell(fit(f"in git ({said}{more})", width), "key"),))
    for version in evidence.versions:
        yield Line((Cell(fit(_version(version), width), "ok" if version.matches else ""),))


def _version(version: VersionView) -> str:
    mark = "=" if version.matches else " "
    held = version.sha256[:12] or "not read    "
    return f"{mark} {version.at:%Y-%m-%d %H:%M} {version.commit[:9]} {held} {clean(version.subject)}"


def _diff(evidence: EvidenceView, width: int) -> Iterator[Line]:
    if not evidence.diff:
        return
    yield Line()
    yield Line((Cell(fit(f"changed since {evidence.diff_from[:12]}", width), "key"),))
    for text in evidence.diff[2:]:
        tone = "ok" if text.startswith("+") else "bad" if text.startswith("-") else "dim"
        yield Line((Cell(fit(clean(text), width), tone),))
    if evidence.diff_cut:
        yield Line((Cell("… and more", "dim"),))


def _decisions(evidence: EvidenceView, width: int) -> Iterator[Line]:
    if not evidence.decisions:
        return
    yield Line()
    yield Line((Cell(fit("decided before", width), "key"),))
    for decision in evidence.decisions:
        yield Line((Cell(fit(decision_words(decision), width), _STATES.get(decision.state, "")),))


def _fact(name: str, text: str, width: int, tone: str = "") -> Iterator[Line]:
    for number, part in enumerate(wrap(text, max(width - _NAMES, 10))):
        head = f"{name if number == 0 else '':<{_NAMES}}"
        yield Line((Cell(head, "dim"), Cell(part, tone)))


def decision_name(decision: DecisionView) -> str:
    """What was decided."""
    return f"undo of {decision.undoes}" if decision.undoes else str(decision.decision)


def decision_words(decision: DecisionView) -> str:
    """One decision in a line."""
    who = f"{clean(decision.operator, 60)} {at_length(decision.at)}"
    own = f" ({clean(decision.own_result)})" if decision.own_result else ""
    return f"{decision.id} {decision_name(decision)}, {decision.state}, {who}: {clean(decision.reason)}{own}"


def decision_cells(decision: DecisionView, now: datetime | None) -> Mapping[str, Cell]:
    """One decision of a list."""
    return {
        "id": Cell(str(decision.id)),
        "decision": Cell(decision_name(decision)),
        "state": Cell(decision.state, _STATES.get(decision.state, "")),
        "artifacts": Cell(str(decision.artifacts), "dim"),
        "who": Cell(clean(decision.operator, 60)),
        "at": Cell(moment(decision.at, now), "dim"),
        "reason": Cell(clean(decision.reason)),
    }


def may_be_undone(decision: DecisionView) -> bool:
    """Whether something stands of a decision that could be taken back."""
    return decision.decision is not Decision.UNDO and decision.state in UNDOABLE


def item_rows(preview: DecisionPreview) -> Sequence[DecisionItem]:
    """What would be left alone first, then what would be done."""
    return [*preview.refused, *preview.applied]


def item_cells(item: DecisionItem) -> Mapping[str, Cell]:
    """What a decision would do to one artifact."""
    what = (
        Cell(f"LEFT ALONE: {clean(item.refused)}", "bad") if item.refused else Cell(clean(item.what), "warn")
    )
    return {
        "what": what,
        "artifact": Cell(clean(item.artifact_id, 200)),
        "kind": Cell(CASE_WORDS.get(item.kind, clean(item.kind, 20)), "dim"),
        "path": Cell(clean(item.path) or "no file"),
    }


def item_words(item: DecisionItem) -> str:
    """The same in full, for where its row is too short."""
    hashes = ""
    if item.before_sha256 != item.after_sha256:
        hashes = f", {item.before_sha256[:16] or 'nothing'} → {item.after_sha256[:16] or 'nothing'}"
    said = f"left alone: {clean(item.refused)}" if item.refused else clean(item.what)
    path = f", {clean(item.path)}" if item.path else ""
    return f"{clean(item.artifact_id, 200)}: {said}{path}{hashes}"


def sums(preview: DecisionPreview, noun: str = "artifact") -> Line:
    """How many it is about."""
    kinds: dict[str, int] = {}
    for item in preview.applied:
        if item.kind:
            kinds[item.kind] = kinds.get(item.kind, 0) + 1
    of_kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
    left = len(preview.refused)
    return Line(
        (
            Cell(counted(len(preview.applied), noun), "strong"),
            Cell(f" ({of_kinds})" if of_kinds else ""),
            Cell(", "),
            Cell(f"{left} left alone", "bad" if left else "dim"),
        )
    )
