"""Whether what was written was allowed to be written (I14): by whom, in which epoch, at which time."""

from __future__ import annotations

from collections.abc import Sequence

from scidex_console.domain.batches import Batch
from scidex_console.engine.verification.evidence import Evidence
from scidex_console.engine.verification.findings import Examination, InvariantResult
from scidex_console.engine.verification.repository_facts import OwnCommit


def writes_were_allowed(evidence: Evidence) -> InvariantResult:
    """I14, as far as data can show it.

    Everything written bears the reference of its authorization; nothing was written in the epoch of an engine
    that only observes; no batch was begun before its run started, while it was halted, or after it ended.
    What a halt left open is settled on the way out of it, so what counts is when a batch was begun.
    """
    exam = Examination("I14", "nothing is written while halted or in observe")
    commits = [*evidence.commits, *evidence.outer_commits]
    for commit in commits:
        exam.check()
        if not commit.trailers.authorization:
            exam.broken(f"commit {commit.id} bears no authorization")
    for batch in evidence.database.batches:
        exam.check()
        if not batch.authorization:
            exam.broken(f"batch {batch.id} bears no authorization")
        _judge_span(exam, evidence, batch)
    for audit in evidence.database.audits:
        exam.check()
        if not audit.authorization:
            exam.broken(f"the audit row {audit.action} of {audit.op} bears no authorization")
    _judge_observing(exam, evidence, commits)
    _judge_halts(exam, evidence)
    return exam.result()


def _judge_span(exam: Examination, evidence: Evidence, batch: Batch) -> None:
    span = evidence.database.runs.get(batch.run_id) if batch.run_id is not None else None
    if span is None:
        return
    if span.started_at is not None and batch.created_at < span.started_at:
        exam.broken(f"batch {batch.id} was begun before its run {batch.run_id} started")
    if span.finished_at is not None and batch.created_at > span.finished_at:
        exam.broken(f"batch {batch.id} was begun after its run {batch.run_id} had ended")
    for since, until in evidence.halts.get(batch.run_id or 0, ()):
        if since < batch.created_at and (until is None or batch.created_at < until):
            exam.broken(
                f"batch {batch.id} was begun at {batch.created_at:%Y-%m-%d %H:%M:%SZ}, while its run"
                f" {batch.run_id} was halted (since {since:%Y-%m-%d %H:%M:%SZ})"
            )


def _judge_observing(exam: Examination, evidence: Evidence, commits: Sequence[OwnCommit]) -> None:
    engine = evidence.database.engine
    observing = set(evidence.database.observing)
    if not engine.writes and engine.epoch:
        observing.add(engine.epoch)
    exam.count("engines that only observed", len(observing))
    # A writer writes under the epoch in force, of whichever engine that is.
    writers = {batch.uid for batch in evidence.database.batches if batch.writer}
    written = [(f"commit {c.id}", c.trailers.epoch) for c in commits if c.trailers.batch not in writers]
    written += [(f"batch {b.id}", b.epoch) for b in evidence.database.batches if not b.writer]
    for what, epoch in written:
        if epoch in observing:
            exam.broken(f"{what} is of epoch {epoch}, whose engine only observes")


def _judge_halts(exam: Examination, evidence: Evidence) -> None:
    exam.count("halts", sum(len(spans) for spans in evidence.halts.values()))
    for run_id, run in evidence.database.runs.items():
        spans = evidence.halts.get(run_id, ())
        lasting = bool(spans) and spans[-1][1] is None
        if run.halted and not lasting:
            exam.broken(f"run {run_id} is halted, and the audit does not say since when")
        elif lasting and not run.halted:
            exam.broken(f"run {run_id} goes on, and the audit does not say that its halt ended")
