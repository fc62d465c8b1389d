"""The checkout: worktree, index and HEAD agree (I5), nothing of ours lies about (I10), rollbacks (I12)."""

from __future__ import annotations

from scidex_console.domain.batches import Batch, NewFile, Operation, OperationState
from scidex_console.domain.commits import CommitKind
from scidex_console.engine.verification.disk_facts import Presence
from scidex_console.engine.verification.evidence import Evidence, rolled_back
from scidex_console.engine.verification.findings import Examination, InvariantResult
from scidex_console.engine.verification.repository_facts import TreeEntry


def three_places_agree(evidence: Evidence) -> InvariantResult:
    """I5. A Git LFS pointer to the very bytes of the worktree counts as those bytes.

    Which paths are ours both the journal and git's history say. Paths of batches under way are left out:
    there the three change one after the other.
    """
    exam = Examination("I5", "worktree = index = HEAD for this tool's paths")
    for path in sorted(evidence.touched_paths):
        exam.check()
        head = evidence.repository.tree.get(path)
        index = evidence.repository.index.get(path)
        if index != head:
            exam.broken(f"{path}: the index has {_said(index)}, HEAD has {_said(head)}")
        _judge_worktree(exam, evidence, path, head)
    exam.count("paths of batches under way, left out", len(evidence.open_paths))
    outer = evidence.repository.outer
    if outer is not None and outer.commits:
        exam.check()
        if outer.index_goes_back and not evidence.at_work:
            exam.broken(f"the outer index would move {outer.submodule} back to an older commit")
    return exam.result()


def _judge_worktree(exam: Examination, evidence: Evidence, path: str, head: TreeEntry | None) -> None:
    file = evidence.files[path]
    if head is None:
        if file.presence is not Presence.MISSING:
            exam.broken(f"{path}: the worktree has a {file.presence}, HEAD has nothing")
    elif file.presence is not Presence.FILE:
        exam.broken(f"{path}: the worktree has nothing to read ({file.presence}), HEAD has a file")
    elif file.blob != head.object and not _is_pointer_to(evidence, head.object, file.sha256):
        exam.broken(f"{path}: the worktree's bytes are not those of HEAD")


def _is_pointer_to(evidence: Evidence, blob: str, sha256: str) -> bool:
    return evidence.pointers.get(blob) == sha256


def nothing_lies_about(evidence: Evidence) -> InvariantResult:
    """I10. While something of ours is at work, what it needs lies about rightly."""
    exam = Examination("I10", "no lock, staging or trash of this tool is left")
    traces = evidence.repository.traces
    needed = evidence.staging.finished & evidence.database.staged
    exam.count("staged files that wait for their batch", len(needed))
    found = [
        *traces.leftovers,
        *(f"staged file {name}, which nothing needs" for name in sorted(evidence.staging.finished - needed)),
        *(
            f"staged file {name}, which nobody writes any more"
            for name in sorted(evidence.staging.unfinished)
        ),
        *_placed_for_nothing(evidence),
    ]
    exam.check(len(found) + len(needed))
    if evidence.at_work:
        exam.count("things in use by whoever is at work", len(found))
    else:
        for finding in found:
            exam.broken(finding)
    return exam.result()


def _placed_for_nothing(evidence: Evidence) -> list[str]:
    """Files of operations that were left out or in conflict, which git does not have."""
    states = (OperationState.SKIPPED, OperationState.CONFLICT)
    return [
        f"{file.path} of batch {batch.id}, which was left out, lies in the worktree"
        for batch, _, file in evidence.files_of(*states)
        if batch.uid not in evidence.open
        and file.path not in evidence.repository.tree
        and file.path not in evidence.claims
        and evidence.files[file.path].holds(file.sha256)
    ]


def rollbacks_are_whole(evidence: Evidence) -> InvariantResult:
    """I12: at the inverse commit the paths were what they were at the batch's base, and nothing stayed.

    A path that another batch has brought back since is that batch's matter.
    """
    exam = Examination("I12", "after a rollback the batch's paths equal those before it")
    batches = rolled_back(evidence.database)
    if not batches:
        return exam.not_applicable("no batch is rolled back")
    taken_up = set(evidence.our_paths) | evidence.open_paths
    for batch in batches:
        if batch.uid in evidence.moving:
            continue
        for operation in batch.operations:
            if operation.state is not OperationState.ROLLED_BACK:
                continue
            exam.check()
            if operation.file is not None:
                _judge_history(exam, evidence, batch, operation.file)
                if operation.file.path not in taken_up:
                    _judge_place(exam, evidence, batch, operation.file)
            _judge_row(exam, evidence, batch, operation)
    return exam.result()


def _judge_history(exam: Examination, evidence: Evidence, batch: Batch, file: NewFile) -> None:
    inverse = evidence.by_key.get((batch.undo_op, str(CommitKind.UNDO)), ())
    if not inverse:
        exam.broken(f"batch {batch.id} is rolled back, and git has no inverse commit of it")
        return
    before = evidence.pins.get((batch.base_commit, file.path))
    after = evidence.pins.get((inverse[-1].id, file.path))
    if before != after:
        exam.broken(
            f"{file.path}: {after or 'nothing'} after the rollback of batch {batch.id},"
            f" {before or 'nothing'} before it"
        )


def _judge_place(exam: Examination, evidence: Evidence, batch: Batch, file: NewFile) -> None:
    """Nothing of the batch is left where the file was, unless it was there before."""
    if evidence.pins.get((batch.base_commit, file.path)) is not None:
        return
    entry = evidence.repository.tree.get(file.path)
    index = evidence.repository.index.get(file.path)
    if entry is not None and entry.object == file.blob:
        exam.broken(f"{file.path}: HEAD has the file of batch {batch.id}, which is rolled back")
    elif index is not None and index.object == file.blob:
        exam.broken(f"{file.path}: the index has the file of batch {batch.id}, which is rolled back")
    if entry is None and evidence.files[file.path].holds(file.sha256):
        exam.broken(f"{file.path}: the worktree has the file of batch {batch.id}, which is rolled back")


def _judge_row(exam: Examination, evidence: Evidence, batch: Batch, operation: Operation) -> None:
    """The row no longer says what was taken back, unless another batch has said it again."""
    change, artifact_id = operation.row, operation.artifact_id
    newest = evidence.newest_done.get(artifact_id)
    row, mark = evidence.rows.get(artifact_id), evidence.marks.get(artifact_id)
    if newest is not None:
        return
    said: dict[str, object] = {}
    if row is not None:
        said = dict.fromkeys(("file_path", "metadata.file_path"), row.file_path)
        said["metadata.file_sha256"] = row.sha256
    if mark is not None:
        said["metadata.image_404_at"] = mark.marked_at
    for field in sorted(said.keys() & change.after.keys()):
        if said[field] == change.after[field] != change.before.get(field):
            exam.broken(f"{artifact_id}: {field} is still as batch {batch.id} left it, which is rolled back")


def _said(entry: TreeEntry | None) -> str:
    return f"{entry.object[:12]} ({entry.mode})" if entry else "nothing"
