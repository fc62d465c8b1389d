"""Git's history against the journal and the audit: I6, I7, I8, I11, and the counters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from scidex_console.domain.batches import TAKEN_BACK, UNSETTLED, Batch, BatchState, Operation, OperationState
from scidex_console.domain.commits import CommitKind
from scidex_console.engine.verification import chains
from scidex_console.engine.verification.evidence import Evidence
from scidex_console.engine.verification.facts import CommitRecord
from scidex_console.engine.verification.findings import Examination, InvariantResult
from scidex_console.engine.verification.folder_view import paths_of
from scidex_console.engine.verification.repository_facts import OwnCommit

_POINTER = str(CommitKind.POINTER)


def one_commit_per_key(evidence: Evidence) -> InvariantResult:
    """I6, over both repositories."""
    exam = Examination("I6", "at most one commit per (operation, kind)")
    for (op, kind), commits in evidence.by_key.items():
        exam.check()
        if len(commits) > 1:
            exam.broken(f"{kind} {op} has {len(commits)} commits: {', '.join(c.id for c in commits[:3])}")
    return exam.result()


def trailers_match_records(evidence: Evidence) -> InvariantResult:
    """I7: each commit of ours has its record and its audit row, and each of those has its commit.

    Commits of batches under way may not be recorded yet. How often a key occurs in git is I6's matter. What
    an earlier journal of this repository has left is counted, and belongs to nobody any more.
    """
    exam = Examination("I7", "trailers, journal and audit are one to one")
    records = {(record.op, record.kind): record for record in evidence.database.records}
    for key, commits in evidence.by_key.items():
        exam.check()
        if key[1] != CommitKind.MOVE:  # those are recorded with their operations
            _judge_key(exam, evidence, key, commits, records.get(key))
    chains.match(exam, evidence)
    for key, record in records.items():
        if key not in evidence.by_key:
            _judge_absent(exam, evidence, record)
    _judge_places(exam, evidence)
    for commit in evidence.foreign_commits:
        _judge_foreign(exam, evidence, commit)
    _judge_audit(exam, evidence, records.values())
    for batch in evidence.database.batches:
        if batch.uid not in evidence.open:
            _judge_batch(exam, evidence, batch)
    return exam.result()


def _judge_key(
    exam: Examination,
    evidence: Evidence,
    key: tuple[str, str],
    commits: Sequence[OwnCommit],
    record: CommitRecord | None,
) -> None:
    op, kind = key
    trailers = commits[0].trailers
    leniently = evidence.unpublished if kind == _POINTER and evidence.at_work else evidence.open
    if record is None:
        if trailers.batch in leniently:
            exam.count("commits of batches under way, not recorded yet")
        else:
            exam.broken(f"commit {commits[0].id} ({kind} {op}) is not recorded in the database")
        return
    if record.commit not in {commit.id for commit in commits}:
        exam.broken(f"{kind} {op}: recorded as {record.commit}, git has {commits[0].id}")
    if record.batch != trailers.batch or not op.startswith(f"{record.batch}/"):
        exam.broken(f"commit {commits[0].id} names batch {trailers.batch}, its record {record.batch}")
    if record.epoch < trailers.epoch:
        exam.broken(f"{kind} {op}: recorded in epoch {record.epoch}, made in epoch {trailers.epoch}")


def _judge_absent(exam: Examination, evidence: Evidence, record: CommitRecord) -> None:
    if record.kind == _POINTER and evidence.repository.outer is None:
        exam.count("pointer commits not looked at, no outer repository is configured")
    elif record.batch not in evidence.moving:
        where = "the outer repository's history" if record.kind == _POINTER else "HEAD's history"
        exam.broken(f"{record.kind} {record.op}: recorded commit {record.commit} is not in {where}")


def _judge_places(exam: Examination, evidence: Evidence) -> None:
    """Pointer commits belong into the outer repository, all others into the artifact repository."""
    strays = [c for c in evidence.commits if c.trailers.kind is CommitKind.POINTER]
    strays += [c for c in evidence.outer_commits if c.trailers.kind is not CommitKind.POINTER]
    for commit in strays:
        exam.broken(f"commit {commit.id} ({commit.trailers.kind}) stands in the wrong repository")


def _judge_foreign(exam: Examination, evidence: Evidence, commit: OwnCommit) -> None:
    """Commits of another journal: rightly so only if that one had its time before this one."""
    trailers, since = commit.trailers, evidence.first_epoch
    if trailers.batch in evidence.by_uid:
        exam.broken(
            f"commit {commit.id} names batch {evidence.by_uid[trailers.batch].id} of this journal, and"
            f" another journal ({trailers.journal})"
        )
    elif since is not None and trailers.epoch >= since:
        exam.broken(
            f"commit {commit.id} of epoch {trailers.epoch} is of another journal ({trailers.journal}), and"
            f" this one is in use since epoch {since}: let only one database work on this repository"
        )
    else:
        exam.count("commits of an earlier journal")


def _judge_audit(exam: Examination, evidence: Evidence, records: Iterable[CommitRecord]) -> None:
    said = Counter(
        (a.op, a.action.removeprefix("commit:"), a.commit)
        for a in evidence.database.audits
        if a.action.startswith("commit:")
    )
    for record in records:
        number = said.pop((record.op, record.kind, record.commit), 0)
        if number != 1:
            exam.broken(f"{record.kind} {record.op}: {number} audit rows name commit {record.commit}")
    for op, kind, commit in said:
        exam.broken(f"{kind} {op}: an audit row names commit {commit}, which the journal does not record")


def _judge_batch(exam: Examination, evidence: Evidence, batch: Batch) -> None:
    """What a settled batch must have left behind: its commits, and its audit rows."""
    if batch.state is BatchState.EMPTY:
        return
    with_file = {o.state for o in batch.operations if _changes_git(o)}
    commits: list[tuple[str, str]] = []
    if OperationState.DONE in with_file or OperationState.ROLLED_BACK in with_file:
        commits.append((batch.op, str(CommitKind.APPLY)))
    taken_back = {o.undo_op for o in batch.operations if _changes_git(o) and _is_taken_back(o)}
    if batch.state in TAKEN_BACK:
        commits += [(op, str(CommitKind.UNDO)) for op in sorted(taken_back)]
    for key in commits:
        if key not in evidence.recorded:
            exam.broken(f"batch {batch.id} is {batch.state} without a recorded {key[1]} commit")
    for key in _audits_due(batch):
        if key not in evidence.audited:
            exam.broken(f"batch {batch.id} is {batch.state} without the audit row {key[1]} of {key[0]}")


def _is_taken_back(operation: Operation) -> bool:
    return operation.state is OperationState.ROLLED_BACK


def _changes_git(operation: Operation) -> bool:
    decided = operation.replacement
    return bool(operation.file or operation.entries or (decided is not None and decided.changes))


def _audits_due(batch: Batch) -> list[tuple[str, str]]:
    """Every pass was applied; every earlier one was taken back, and the last one as often as it was tried."""
    due = [(f"{batch.uid}/{number}", "batch:apply") for number in range(1, batch.pass_no + 1)]
    due += [(f"{batch.uid}/{number}/undo", "batch:rollback") for number in range(1, batch.pass_no)]
    tried = (replace(batch, undo_no=number).undo_op for number in range(1, batch.undo_no + 1))
    return due + [(op, "batch:rollback") for op in tried]


def journal_is_closed(evidence: Evidence) -> InvariantResult:
    """I8. While an engine works, a batch under way is no finding."""
    exam = Examination("I8", "no open journal rows when idle; epochs never decrease along history")
    for batch in evidence.database.batches:
        exam.check()
        prepared = sum(o.state is OperationState.PREPARED for o in batch.operations)
        if batch.state not in UNSETTLED:
            if prepared and batch.uid not in evidence.moving:
                exam.broken(f"batch {batch.id} is {batch.state} with {prepared} operations still prepared")
        elif batch.uid in evidence.moving:
            exam.count("batches under way")
        else:
            exam.broken(f"batch {batch.id} is {batch.state} and no engine is at work: start one to settle it")
    outer = evidence.repository.outer
    highest = max(_rising(exam, evidence.repository.commits), _rising(exam, outer.commits if outer else ()))
    _judge_epochs(exam, evidence, highest)
    return exam.result()


def _rising(exam: Examination, commits: Sequence[OwnCommit]) -> int:
    """The highest epoch of a history; each commit's is at least that of the one before."""
    highest = 0
    for commit in commits:
        epoch = commit.trailers.epoch
        if epoch < highest:
            exam.broken(f"commit {commit.id} was made in epoch {epoch}, after one of epoch {highest}")
        highest = max(highest, epoch)
    return highest


def _judge_epochs(exam: Examination, evidence: Evidence, highest: int) -> None:
    reference, known = evidence.repository.epoch, evidence.database.engine.epoch
    if highest > reference:
        exam.broken(f"history holds a commit of epoch {highest}, the repository's epoch is {reference}")
    if known == 0 and evidence.first_epoch is None:
        return  # no engine has taken this store yet: the reference is an earlier journal's
    # A new engine takes its epoch in the database first; it may have come after the rows were read.
    if reference > known and not evidence.at_work:
        exam.broken(f"the repository's epoch is {reference}, the database's is {known}")


def commits_keep_to_their_paths(evidence: Evidence) -> InvariantResult:
    """I11: a commit of ours changes paths of its own batch's operations only.

    It replaces nothing but a manifest of ours, and a file that a person's decision is about.
    """
    exam = Examination("I11", "no commit of this tool touches another artifact's path")
    for commit in evidence.commits:
        batch = evidence.by_uid.get(commit.trailers.batch)
        if batch is None:
            exam.count("commits of batches that the journal does not have (see I7)")
            continue
        exam.check()
        operations = chains.operations_of(commit, batch)
        own = {path for operation in operations for path in paths_of(replace(operation, adopted=None))}
        for path in sorted(commit.changes.keys() - own):
            exam.broken(f"commit {commit.id} of batch {batch.id} changes {path}, which is none of its paths")
        if commit.trailers.kind is CommitKind.MOVE:
            chains.keeps_to_its_folder(exam, evidence, commit, operations)
        again = {e.path for o in operations for e in o.entries if e.replaced is not None}
        again |= {o.replacement.path for o in operations if o.replacement is not None}
        for path, delta in commit.changes.items():
            if delta.before is not None and delta.after is not None and path not in again:
                exam.broken(f"commit {commit.id} of batch {batch.id} replaces {path}")
    outer = evidence.repository.outer
    for commit in evidence.outer_commits:
        exam.check()
        for path in sorted(commit.changes.keys() - {outer.submodule if outer else ""}):
            exam.broken(f"commit {commit.id} in the outer repository changes {path}")
    _judge_owners(exam, evidence)
    return exam.result()


def _judge_owners(exam: Examination, evidence: Evidence) -> None:
    owners: dict[str, str] = {}
    for _, operation, file in evidence.files_of(OperationState.DONE):
        owner = owners.setdefault(file.path, operation.artifact_id)
        if owner != operation.artifact_id:
            exam.broken(f"{file.path} was stored for {owner} and for {operation.artifact_id}")


def counters_are_true(evidence: Evidence) -> InvariantResult:
    """What the panes show: the counters against a recount of the tables, in one snapshot."""
    exam = Examination("counters", "the counters that consoles show equal a recount")
    exam.check(evidence.database.counters)
    for finding in evidence.database.counters_off:
        exam.broken(finding)
    return exam.result()
