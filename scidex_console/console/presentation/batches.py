"""Batches as rows, and one batch whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from scidex_console.console.presentation.artifacts import value_words
from scidex_console.console.presentation.cells import Cell, Line, clean
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.facts import Fact, fact_lines, parts
from scidex_console.console.presentation.words import at_length, moment, size, tally
from scidex_console.domain.batches import BatchState
from scidex_console.engine.batch_views import BatchView
from scidex_console.engine.listing_views import BatchDetail, OperationDetail
from scidex_console.engine.vocabulary import BATCH_WORDS, OPERATION_WORDS, counted

LIST_COLUMNS = (
    Column("id", "", 11),
    Column("state", "state", 17, widest=17),
    Column("when", "UTC", 14),
    Column("job", "job", 7),
    Column("files", "files", 5, align="right"),
    Column("marks", "marks", 5, rank=4, align="right"),
    Column("left", "left", 4, rank=1, align="right"),
    Column("who", "by", 6, rank=1, weight=2, widest=24),
    Column("commit", "commit", 8, rank=2),
    Column("note", "note", 10, rank=5, weight=4, widest=100),
)
_TONES = {
    BatchState.PREPARED: "warn",
    BatchState.ROLLING_BACK: "warn",
    BatchState.ROLLED_BACK: "bad",
    BatchState.PARTLY_ROLLED_BACK: "bad",
    BatchState.EMPTY: "dim",
}
_ABSENT = "absent"
ENGINE = "engine"
"""Whose a batch is that no writer had committed."""


def batch_cells(batch: BatchView, now: datetime | None) -> Mapping[str, Cell]:
    """One batch; `left` are rows it left out, that somebody else changed, or that a rollback kept."""
    return {
        "id": Cell(str(batch.id), "strong"),
        "state": Cell(BATCH_WORDS[batch.state], _TONES.get(batch.state, "ok")),
        "when": Cell(moment(batch.created_at, now), "dim"),
        "job": Cell(batch.job.value),
        "files": tally(batch.files + batch.adopted, width=5),
        "marks": tally(batch.marks, width=5),
        "left": tally(batch.skipped + batch.conflicts + batch.kept, "warn", 4),
        "who": Cell(clean(batch.writer or ENGINE, 60), "strong" if batch.writer else "dim"),
        "commit": Cell(clean(batch.commit[:8])),
        "note": _note(batch),
    }


def _note(batch: BatchView) -> Cell:
    if batch.push not in ("", "pushed", "pending"):
        return Cell(f"not pushed: {clean(batch.push)}", "bad")
    if batch.conflicts:
        return Cell(f"{batch.conflicts} changed by somebody else", "warn")
    if batch.state is BatchState.ROLLING_BACK:
        return Cell("the engine goes on with it", "warn")
    if batch.kept:
        return Cell(f"{counted(batch.kept, 'row')} kept by a rollback, which can be resumed", "warn")
    if batch.inverse_commit:
        return Cell(f"taken back by {clean(batch.inverse_commit[:12])}", "dim")
    return Cell(batch.push, "dim")


def batch_lines(view: BatchDetail, width: int) -> list[Line]:
    """One batch whole: what it is, its commits, and every row before and after."""
    batch = view.batch
    head = [
        Fact("state", BATCH_WORDS[batch.state].upper(), _TONES.get(batch.state, "ok")),
        Fact("job", batch.job.value + ("" if batch.run_id is None else f", run {batch.run_id}")),
        Fact("begun", at_length(batch.created_at)),
        Fact("settled", at_length(batch.settled_at) if batch.settled_at else "not yet"),
        Fact("counts", _counts(batch)),
        Fact("by", batch.writer or f"the {ENGINE}"),
        Fact("authorized", batch.authorization),
        Fact("push", batch.push),
        Fact("later", _later(view), "bad"),
    ]
    commits = [
        Fact("commit", batch.commit),
        Fact("inverse", batch.inverse_commit),
        Fact("outer", batch.outer_commit),
        *(
            Fact(record.kind, f"{record.commit}  {record.op}", "dim")
            for record in view.commits
            if record.commit not in (batch.commit, batch.inverse_commit, batch.outer_commit)
        ),
    ]
    rows = [line for detail in view.operations for line in _operation_lines(detail, width)]
    return parts(
        ("Batch", fact_lines(head, width)),
        ("Commits", fact_lines(commits, width)),
        (f"Rows and files ({len(view.operations)}): - before, + after", rows),
    )


def _counts(batch: BatchView) -> str:
    counts = (
        (batch.files, "file"),
        (batch.adopted, "adopted file"),
        (batch.marks, "mark"),
        (batch.skipped, "row left out"),
        (batch.conflicts, "conflict"),
        (batch.kept, "row kept by a rollback"),
    )
    plural = {"row left out": "rows left out", "row kept by a rollback": "rows kept by a rollback"}
    return ", ".join(counted(n, noun, plural.get(noun, "")) for n, noun in counts if n) or "nothing"


def _later(view: BatchDetail) -> str:
    if not view.later:
        return ""
    named = ", ".join(f"{later.id} ({counted(later.shared, 'row')})" for later in view.later[:5])
    more = f" and {len(view.later) - 5} more" if len(view.later) > 5 else ""
    return f"stand on this one: batch {named}{more}"


def _operation_lines(detail: OperationDetail, width: int) -> Iterable[Line]:
    operation = detail.operation
    yield Line(
        (Cell(f"{clean(operation.artifact_id, 200)}  "), Cell(OPERATION_WORDS[operation.state], "strong"))
    )
    amount = f", {size(operation.size)}" if operation.size is not None else ""
    folder = f"{counted(operation.files, 'file')}, {counted(operation.links, 'link')}"
    facts = [
        Fact("  why", operation.reason, "warn"),
        Fact("  file", f"{operation.path}{amount}" if operation.path else ""),
        Fact("  folder", folder if operation.files or operation.links else ""),
        Fact("  commit", operation.commit),
    ]
    yield from fact_lines(facts, width)
    for name in operation.fields:
        before, after = detail.before.get(name, _ABSENT), detail.after.get(name, _ABSENT)
        short = name.removeprefix("metadata.")
        yield from fact_lines(
            [
                Fact("  -", f"{short} = {_ABSENT if before is _ABSENT else value_words(before)}", "bad"),
                Fact("  +", f"{short} = {_ABSENT if after is _ABSENT else value_words(after)}", "ok"),
            ],
            width,
        )
