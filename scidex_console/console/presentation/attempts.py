"""Attempts as rows: the recent dead addresses, and the list of a retry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from scidex_console.console.presentation.cells import Cell, Line, clean
from scidex_console.console.presentation.columns import Column, choose, row_line
from scidex_console.console.presentation.facts import Fact, fact_lines, parts
from scidex_console.console.presentation.words import NOTHING, at_length, brief_moment, clock, moment, size
from scidex_console.domain.controls import Proof
from scidex_console.domain.fetching import FetchClass, Hop
from scidex_console.engine.ports import AttemptFilter
from scidex_console.engine.views import AttemptDetail, AttemptView, ProofView, WaitingFolderView
from scidex_console.engine.vocabulary import counted, retry_class

DEAD_COLUMNS = (
    Column("time", "UTC", 14),
    Column("status", "code", 4, align="right"),
    Column("host", "host", 16, rank=2, weight=1, widest=32, crop="middle"),
    Column("artifact", "artifact", 25, rank=1, weight=1, widest=46, crop="middle"),
    Column("url", "address", 28, weight=4, crop="middle"),
)
RETRY_COLUMNS = (
    Column("outcome", "class", 9),
    Column("artifact", "artifact", 24, weight=2, widest=46, crop="middle"),
    Column("group", "group", 12, rank=2, weight=1, widest=30, crop="middle"),
    Column("reason", "last answer", 20, weight=4, widest=120),
    Column("time", "UTC", 11, rank=1),
)

LIST_COLUMNS = (
    Column("when", "UTC", 15),
    Column("outcome", "class", 9),
    Column("status", "code", 4, align="right"),
    Column("host", "host", 14, rank=2, weight=1, widest=32, crop="middle"),
    Column("reason", "answer", 20, weight=3, widest=90),
    Column("artifact", "artifact", 12, rank=1, weight=1, widest=46, crop="middle"),
    Column("url", "address", 30, rank=3, weight=3, crop="middle"),
)
SLOWEST_COLUMNS = (*LIST_COLUMNS[:3], Column("took", "ms", 7, align="right"), *LIST_COLUMNS[3:])
OTHER_COLUMNS = tuple(column for column in LIST_COLUMNS if column.key != "artifact")
_TONES = {FetchClass.STORED: "ok", FetchClass.DEAD: "bad", FetchClass.REFUSED: "bad"}


def listed_cells(attempt: AttemptView, now: datetime | None) -> Mapping[str, Cell]:
    """One attempt of the list of all; its class is that of the attempt, whatever became of the figure."""
    return {
        **attempt_cells(attempt, now),
        "when": Cell(moment(attempt.recorded_at, now), "dim"),
        "outcome": Cell(attempt.outcome.value, _TONES.get(attempt.outcome, "warn")),
        "took": Cell(f"{attempt.took_ms:,}"),
    }


def detail_lines(view: AttemptDetail, width: int, now: datetime | None) -> list[Line]:
    """One attempt whole: what came first, then the figure, its row, and its other attempts."""
    attempt = view.attempt
    status = f"HTTP {attempt.status}" if attempt.status is not None else "no HTTP status"
    answer = [
        Fact("class", attempt.outcome.value.upper(), _TONES.get(attempt.outcome, "warn")),
        Fact("answer", f"{attempt.reason}", "strong"),
        Fact("status", status),
        Fact("address", attempt.url),
        Fact("led to", "" if view.final_url == attempt.url else view.final_url),
        Fact("host", f"{attempt.host}, group {attempt.group}"),
        Fact("asked", f"{at_length(attempt.at)}, took {attempt.took_ms:,} ms"),
        Fact("recorded", at_length(attempt.recorded_at)),
        Fact("requests", f"{counted(attempt.requests, 'request')} with redirects and confirmations"),
        Fact("content", content_words(view)),
        Fact("run", "" if view.run_id is None else str(view.run_id)),
    ]
    due = f", due {at_length(view.figure_due_at)}" if view.figure_due_at else ""
    tried = f", {counted(view.figure_attempts, 'attempt')}" if view.figure_attempts else ""
    figure = [
        Fact("artifact", attempt.artifact_id),
        Fact("title", view.row_title or attempt.title),
        Fact("figure", f"{view.figure_state.replace('_', ' ')}{due}{tried}" or "no longer in the gap"),
        Fact("row", view.row_type or "gone: no such artifact", "" if view.row_type else "bad"),
        Fact("file", view.row_path or "none"),
        Fact("marked", "its image is confirmed to be unavailable" if view.row_unavailable else ""),
    ]
    placed = choose(OTHER_COLUMNS, width)
    others = [row_line(placed, listed_cells(other, now)) for other in view.others]
    return parts(
        ("What came", fact_lines(answer, width)),
        ("The figure", fact_lines(figure, width)),
        ("Request by request", [line for hop in view.hops for line in _hop_lines(hop, width)]),
        ("What confirms that it is gone", _proof_lines(view.proof, width)),
        (f"Its other attempts ({len(others)})", others),
    )


def _hop_lines(hop: Hop, width: int) -> list[Line]:
    """One wire request: when, what was asked of whom, what came back."""
    came = str(hop.status) if hop.status is not None else "no answer"
    tone = "" if hop.status is not None else "bad"
    facts = [
        Fact(clock(hop.at), f"{hop.method} {hop.url}"),
        Fact("", f"{came} in {hop.took_ms:,} ms", tone),
        Fact("", hop.said, "dim"),
    ]
    return fact_lines(facts, width)


_PROOFS = {
    Proof.CONTROL: "a control image of its group came whole after this answer",
    Proof.SECOND_PASS: "this is the second answer of the kind, long after the first",
    Proof.AT_ONCE: "this answer alone, as the configuration has it where there is no control image",
}


def _proof_lines(proof: ProofView | None, width: int) -> list[Line]:
    if proof is None:
        return []
    facts = [
        Fact("proof", f"{proof.proof.value}: {_PROOFS[proof.proof]}", "strong"),
        Fact("confirmed", at_length(proof.at)),
        Fact("control", proof.control_url),
        Fact("its bytes", f"sha256 {proof.control_sha256}" if proof.control_sha256 else ""),
        Fact("it came", proof.control_reason),
    ]
    return [
        *fact_lines(facts, width),
        *(line for hop in proof.control_hops for line in _hop_lines(hop, width)),
    ]


def content_words(view: AttemptDetail) -> str:
    """What was taken of an answer's body."""
    if view.size is None:
        return ""
    kind = f", {view.media_type}" if view.media_type else ""
    digest = f", sha256 {view.sha256}" if view.sha256 else ""
    return f"{size(view.size)}{kind}{digest}"


def attempt_cells(attempt: AttemptView, now: datetime | None) -> Mapping[str, Cell]:
    """One attempt, for whichever of its columns are shown."""
    status = "" if attempt.status is None else str(attempt.status)
    reason = clean(attempt.reason) or status
    return {
        "time": Cell(moment(attempt.recorded_at, now), "dim"),
        "status": Cell(status or NOTHING, "strong"),
        "host": Cell(clean(attempt.host, 200)),
        "group": Cell(clean(attempt.group, 200)),
        "artifact": Cell(clean(attempt.artifact_id, 200)),
        "url": Cell(clean(attempt.url).removeprefix("https://")),
        "outcome": Cell(retry_class(attempt), "warn"),
        "reason": Cell(reason),
    }


def other_criteria(criteria: AttemptFilter) -> list[str]:
    """What a retry is filtered by beside class and group, in words."""
    words = []
    if criteria.artifact_ids:
        words.append(f"only {counted(len(criteria.artifact_ids), 'artifact')} chosen")
    if criteria.host:
        words.append(f"host {clean(criteria.host, 60)}")
    if criteria.since:
        words.append(f"since {at_length(criteria.since)}")
    if criteria.text:
        words.append(f"with “{clean(criteria.text, 40)}”")
    return words


def retry_cells(item: AttemptView | WaitingFolderView, now: datetime | None) -> Mapping[str, Cell]:
    """One row of the list of a retry."""
    if isinstance(item, AttemptView):
        time = Cell(brief_moment(item.recorded_at, now), "dim")
        return {**attempt_cells(item, now), "time": time}
    return {
        "time": Cell(brief_moment(item.at, now), "dim"),
        "group": Cell(clean(item.group, 200)),
        "artifact": Cell(clean(item.artifact_id, 200)),
        "outcome": Cell(retry_class(item), "warn"),
        "reason": Cell(clean(item.reason)),
    }


def attempt_words(attempt: AttemptView | WaitingFolderView) -> str:
    """One row of a retry in full, for where its row is too short."""
    if isinstance(attempt, WaitingFolderView):
        return f"{clean(attempt.artifact_id)} ({clean(attempt.title)}): {clean(attempt.reason)}"
    return f"{clean(attempt.artifact_id)}: {clean(attempt.reason)}; {clean(attempt.url)}"
