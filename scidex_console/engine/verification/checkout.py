"""The checkout: worktree, index and HEAD agree (I5), nothing of ours lies about (I10), rollbacks (I12)."""

from __future__ import annotations

from scidex_console.domain.batches import Batch, NewFile, Operation, OperationState
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.folders.entries import FolderEntry
from scidex_console.domain.folders.tree import SYMLINK
from scidex_console.engine.verification import folders
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
    _judge_left(exam, evidence)
    exam.count("paths of batches under way, left out", len(evidence.open_paths))
    outer = evidence.repository.outer
    if outer is not None and outer.commits:
        exam.check()
        if outer.index_goes_back and not evidence.at_work:
            exam.broken(f"the outer index would move {outer.submodule} back to an older commit")
    return exam.result()


def _judge_left(exam: Examination, evidence: Evidence) -> None:
    """Old paths that went from HEAD went from the index and the worktree as well."""
    for path, laid in evidence.folders.left.items():
        if path in evidence.repository.tree or path in evidence.open_paths:
            continue
        exam.check()
        owner = laid.operation.artifact_id
        if path in evidence.repository.index:
            exam.broken(f"{path}, the old path of {owner}, is still in the index")
        if evidence.files[path].holds(laid.entry.sha256):
            exam.broken(f"{path}, the old path of {owner}, is still in the worktree")


def _judge_worktree(exam: Examination, evidence: Evidence, path: str, head: TreeEntry | None) -> None:
    file = evidence.files[path]
    if head is None:
        if file.presence is not Presence.MISSING:
            exam.broken(f"{path}: the worktree has a {file.presence}, HEAD has nothing")
    elif head.mode == SYMLINK:
        if file.presence is not Presence.LINK or file.blob != head.object:
            exam.broken(f"{path}: the worktree has no such link ({file.presence}) as HEAD has")
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
    laid = [
        f"{entry.path} of batch {batch.id}, which was left out, lies in the worktree"
        for batch, operation in evidence.folders.operations(*states)
        for entry in operation.entries
        if batch.uid not in evidence.open
        and entry.path not in evidence.repository.tree
        and entry.path not in evidence.open_paths
        and entry.replaced is None
        and _lies(evidence, entry)
    ]
    return laid + [
        f"{file.path} of batch {batch.id}, which was left out, lies in the worktree"
        for batch, _, file in evidence.files_of(*states)
        if batch.uid not in evidence.open
        and file.path not in evidence.repository.tree
        and file.path not in evidence.claims
        and evidence.files[file.path].holds(file.sha256)
    ]


def _lies(evidence: Evidence, entry: FolderEntry) -> bool:
    """Whether a path of a folder is in the worktree, as it was laid out."""
    file = evidence.files[entry.path]
    if entry.is_link:
        return file.presence is Presence.LINK and file.sha256 == entry.sha256
    return file.holds(entry.sha256)


def rollbacks_are_whole(evidence: Evidence) -> InvariantResult:
    """I12: at the inverse commit the paths were what they were at the batch's base, and nothing stayed.

    A path that another batch has brought back since is that batch's matter. Forwards, an old path is gone
    with its last claimant.
    """
    exam = Examination("I12", "after a rollback the batch's paths equal those before it")
    batches = rolled_back(evidence.database)
    if not batches and not evidence.folders.laid:
        return exam.not_applicable("no batch is rolled back")
    folders.old_paths_have_gone(exam, evidence)
    taken_up = evidence.our_paths.keys() | evidence.folders.laid.keys() | evidence.open_paths
    for batch in batches:
        if batch.uid in evidence.moving:
            continue
        for operation in batch.operations:
            if operation.state is not OperationState.ROLLED_BACK:
                continue
            exam.check()
            if operation.file is not None:
                _judge_history(exam, evidence, batch, operation, operation.file.path)
                if operation.file.path not in taken_up:
                    _judge_place(exam, evidence, batch, operation, operation.file)
            if operation.replacement is not None and operation.replacement.changes:
                _judge_history(exam, evidence, batch, operation, operation.replacement.path)
            for entry in operation.entries:
                _judge_entry(exam, evidence, batch, operation, entry, present=entry.path in taken_up)
            _judge_row(exam, evidence, batch, operation)
    return exam.result()


def _judge_entry(
    exam: Examination,
    evidence: Evidence,
    batch: Batch,
    operation: Operation,
    entry: FolderEntry,
    *,
    present: bool,
) -> None:
    """A path of a folder that was taken back, and the old path that came back for it."""
    for path in filter(None, (entry.path, entry.source)):
        _judge_history(exam, evidence, batch, operation, path)
    if present or evidence.pins.get((evidence.base_of(batch, operation), entry.path)) is not None:
        return
    for where, entries in (("HEAD", evidence.repository.tree), ("the index", evidence.repository.index)):
        if entry.path in entries and entries[entry.path].object == entry.blob:
            exam.broken(f"{entry.path}: {where} has the path of batch {batch.id}, which is rolled back")
    if entry.path not in evidence.repository.tree and _lies(evidence, entry):
        exam.broken(f"{entry.path}: the worktree has the path of batch {batch.id}, which is rolled back")


def _judge_history(
    exam: Examination, evidence: Evidence, batch: Batch, operation: Operation, path: str
) -> None:
    inverse = evidence.by_key.get((operation.undo_op, str(CommitKind.UNDO)), ())
    if not inverse:
        exam.broken(f"batch {batch.id} is rolled back, and git has no inverse commit of it")
        return
    before = evidence.pins.get((evidence.base_of(batch, operation), path))
    after = evidence.pins.get((inverse[-1].id, path))
    if before != after:
        exam.broken(
            f"{path}: {after or 'nothing'} after the rollback of batch {batch.id},"
            f" {before or 'nothing'} before it"
        )


def _judge_place(
    exam: Examination, evidence: Evidence, batch: Batch, operation: Operation, file: NewFile
) -> None:
    """Nothing of the batch is left where the file was, unless it was there before."""
    if evidence.pins.get((evidence.base_of(batch, operation), file.path)) is not None:
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
    if batch.of_orphans:
        return  # it has none, but for the one that an adoption registered: I9 tells
    change, artifact_id = operation.row, operation.artifact_id
    newest = evidence.newest_done.get(artifact_id)
    if operation.entries and artifact_id not in evidence.folders.newest:
        migrated = evidence.folders.rows.get(artifact_id)
        said_now = migrated.row.artifact_dir if migrated is not None else None
        if said_now == change.after["artifact_dir"] != change.before.get("artifact_dir"):
            exam.broken(f"{artifact_id}: artifact_dir is as batch {batch.id} left it, which is rolled back")
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
