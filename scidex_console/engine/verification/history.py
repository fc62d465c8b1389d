"""What git must never lose (I3, I4, I9), and that the outer repository follows (I13)."""

from __future__ import annotations

from collections import Counter

from scidex_console.domain.batches import NewFile, OperationState
from scidex_console.domain.commits import CommitKind
from scidex_console.engine.verification import chains
from scidex_console.engine.verification.evidence import Evidence
from scidex_console.engine.verification.findings import Examination, InvariantResult
from scidex_console.engine.verification.repository_facts import OwnCommit

_NOTICED = (OperationState.CONFLICT, OperationState.KEPT, OperationState.SKIPPED)
"""Operations by which the journal says that somebody else changed or deleted the row."""


def nothing_reachable_is_lost(evidence: Evidence) -> InvariantResult:
    """I3: what the base of any batch reached, and what any batch added, HEAD's history still reaches."""
    exam = Examination("I3", "every blob reachable before is reachable after")
    bases = {batch.base_commit for batch in evidence.database.batches}
    exam.check(len(bases))
    exam.count("commits that batches were based on", len(bases))
    repository = evidence.repository
    for base in sorted(repository.unknown_bases):
        exam.broken(f"commit {base}, on which a batch was based, is no longer in the repository")
    for blob, where in sorted(repository.lost_blobs.items(), key=lambda item: item[1]):
        exam.broken(f"blob {blob} was reachable from {where} and is not reachable from HEAD")
    if not bases:
        exam.note("there was no batch yet, so nothing to compare with")
    return exam.result()


def objects_are_sound(evidence: Evidence) -> InvariantResult:
    """I4."""
    exam = Examination("I4", "git fsck --strict is clean")
    exam.check()
    for line in evidence.fsck:
        exam.broken(line)
    return exam.result()


def nothing_shrinks(evidence: Evidence) -> InvariantResult:
    """I9. Files: no commit of ours but one that takes a batch back removes any; a moved file is kept.

    Rows: this tool inserts those of files that a person adopts, and takes them back with the adoption; it
    never inserts or deletes others. That nobody else did is known by the rows
    that the journal and the work table name, and by the number of figures at the last survey. A row whose
    change the journal has noticed (a conflict) is somebody's decision.
    """
    exam = Examination(
        "I9", "the number of tracked files never shrinks but by an explicit decision; rows are constant"
    )
    for commit in evidence.commits:
        exam.check()
        _judge_commit(exam, evidence, commit)
    _count_files(exam, evidence)
    _judge_rows(exam, evidence)
    return exam.result()


def _judge_commit(exam: Examination, evidence: Evidence, commit: OwnCommit) -> None:
    removed = [path for path, delta in commit.changes.items() if delta.after is None]
    if not removed:
        return
    kept = Counter(delta.after.object for delta in commit.changes.values() if delta.after is not None)
    lost = [path for path in removed if not kept[_before(commit, path)]]
    if lost:
        in_place = _in_their_folders(evidence, commit) | _decided_to_go(evidence, commit)
        lost = [path for path in lost if path not in in_place]
    if commit.trailers.kind in (CommitKind.UNDO, CommitKind.COMPENSATE):
        exam.count("files taken back by this tool", len(removed))
    elif not lost:
        # The commit that joins a cycle to the branch shows its moves again: their own commits count them.
        decided = len(_decided_to_go(evidence, commit).intersection(removed))
        if decided:
            exam.count("files taken out by a decision", decided)
        elif commit.trailers.kind is CommitKind.MOVE:
            exam.count("files moved into folders", len(removed))
    else:
        removed = lost
        exam.broken(f"commit {commit.id} ({commit.trailers.kind}) removes {len(removed)} files: {removed[0]}")


def _in_their_folders(evidence: Evidence, commit: OwnCommit) -> set[str]:
    """Old paths of files that lay in their artifact's folder before the commit, so that it added none."""
    batch = evidence.by_uid.get(commit.trailers.batch)
    places = (evidence.repository.tree, evidence.repository.first_base or {})
    return {
        entry.source
        for operation in (chains.operations_of(commit, batch) if batch is not None else ())
        for entry in operation.entries
        if entry.source
        and entry.path not in commit.changes
        and any(entry.path in place and place[entry.path].object == entry.blob for place in places)
    }


def _decided_to_go(evidence: Evidence, commit: OwnCommit) -> set[str]:
    """Paths that a person has decided are to go with this commit's batch."""
    batch = evidence.by_uid.get(commit.trailers.batch)
    decided = (operation.replacement for operation in (batch.operations if batch is not None else ()))
    return {each.path for each in decided if each is not None and each.after is None}


def _before(commit: OwnCommit, path: str) -> str:
    before = commit.changes[path].before
    return before.object if before is not None else ""


def _count_files(exam: Examination, evidence: Evidence) -> None:
    tracked, before = evidence.repository.tree, evidence.repository.first_base
    exam.count("tracked files", len(tracked))
    if before is None:
        return
    ours = {path for commit in evidence.commits for path in commit.changes}
    taken = {
        path: delta.before.object
        for commit in evidence.commits
        for path, delta in commit.changes.items()
        if delta.before is not None and delta.after is None
    }
    gone = [path for path in before if path not in tracked]
    exam.count("files tracked before the first batch", len(before))
    there = {entry.object for entry in tracked.values()}
    left = set(evidence.added.values())
    decided = {(path, each.before.blob) for path, some in evidence.decided.items() for each in some}
    for path in gone:
        blob = before[path].object
        if path not in ours:
            exam.count("files that others have removed since")
        elif blob in there or path in evidence.open_paths:
            exam.count("files of before that lie in folders now")
        elif taken.get(path, blob) != blob:
            # Each commit of ours has been judged by what it took.
            exam.count("files that others had edited before they were moved or taken out")
        elif (path, blob) in decided:
            exam.count("files replaced or taken out by a decision")
        elif blob in left:
            exam.count("files moved into folders that others have removed since")
        else:
            exam.broken(f"{path} was tracked before the first batch, and a commit of this tool removed it")


def _judge_rows(exam: Examination, evidence: Evidence) -> None:
    database = evidence.database
    noticed = frozenset(
        operation.artifact_id
        for batch in database.batches
        for operation in batch.operations
        if operation.state in _NOTICED
    )
    for artifact_id in sorted(database.missing_rows - noticed):
        exam.broken(_gone(evidence, artifact_id))
    exam.count("rows deleted by others, as the journal noticed", len(database.missing_rows & noticed))
    engine = database.engine
    exam.count("paper figures", database.figures)
    if engine.surveyed_at is None:
        return
    exam.count("paper figures at the last survey", engine.figures_total)
    # Rows that are known by name have been told of above.
    unknown = engine.figures_total - database.figures - len(database.missing_rows)
    if unknown > 0:
        exam.broken(
            f"{unknown} paper figures fewer than at the survey of {engine.surveyed_at:%Y-%m-%d %H:%M:%SZ}"
        )


def _gone(evidence: Evidence, artifact_id: str) -> str:
    """What of a deleted row is still there, where, and what a person can do. Nothing is decided here."""
    what = f"the row {artifact_id} was deleted from artifacts"
    if (held := evidence.stored.get(artifact_id)) is not None:
        batch, file = held
        done = "stored" if isinstance(file, NewFile) else "adopted"
        there = "is still in git" if file.path in evidence.repository.tree else "is not in git"
        return (
            f"{what} after batch {batch.id} had {done} {file.path} for it, which {there}: put the row back"
            f" (from a backup, with the path and sha256 of batch {batch.id}), or decide what becomes of the"
            " file; nothing removes it"
        )
    if (marked := evidence.newest_done.get(artifact_id)) is not None:
        did = "migrated it" if artifact_id in evidence.folders.newest else "marked it unavailable"
        return f"{what} after batch {marked.id} had {did}: put it back if that was a mistake"
    known = [b for b in evidence.database.batches for o in b.operations if o.artifact_id == artifact_id]
    if known:
        return (
            f"{what}; nothing stands of what batch {known[-1].id} did to it:"
            " put it back if that was a mistake, with the values of its backup"
        )
    return (
        f"{what}; this tool has nothing stored for it: put it back if that was a mistake,"
        " else the next survey of a run lets it go"
    )


def outer_follows(evidence: Evidence) -> InvariantResult:
    """I13: what the outer repository records exists in the artifact repository's history."""
    exam = Examination("I13", "the outer repository's pointer is HEAD or an ancestor of it")
    outer = evidence.repository.outer
    if outer is None:
        return exam.not_applicable("no outer repository is configured")
    exam.check()
    if outer.pointer is None:
        exam.broken(f"the outer repository does not record {outer.submodule} as a submodule")
    elif not outer.pointer_is_ancestor:
        exam.broken(
            f"the outer repository records {outer.pointer} for {outer.submodule},"
            f" which is not in the history of {evidence.repository.head}"
        )
    elif outer.pointer != evidence.repository.head:
        exam.note("the pointer is behind HEAD")
    return exam.result()
