"""The commits of a cycle: one per artifact in a side chain, which one merge commit joins to the branch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from scidex_console.domain.batches import Batch, Operation, OperationState
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.folders.layout import folder_of
from scidex_console.engine.verification.evidence import Evidence
from scidex_console.engine.verification.findings import Examination
from scidex_console.engine.verification.repository_facts import OwnCommit

_COMMITTED = (
    OperationState.DONE,
    OperationState.KEPT,
    OperationState.ROLLED_BACK,
    OperationState.CONFLICT,
)


def match(exam: Examination, evidence: Evidence) -> None:
    """I7 of folders: an operation has its commit, a commit its operation, a merge exactly its artifacts'."""
    moves = [commit for commit in evidence.commits if commit.trailers.kind is CommitKind.MOVE]
    _match_operations(exam, evidence, moves)
    of_pass: dict[str, set[str]] = defaultdict(set)
    for commit in moves:
        of_pass[_pass_of(commit)].add(commit.id)
    by_id = {commit.id: commit for commit in evidence.commits}
    joined: set[str] = set()
    for merge in evidence.commits:
        if merge.trailers.kind is CommitKind.APPLY and (
            len(merge.parents) > 1 or merge.trailers.op in of_pass
        ):
            joined |= _judge_merge(exam, merge, by_id, of_pass.get(merge.trailers.op, set()))
    for commit in moves:
        if commit.id not in joined:
            exam.broken(f"commit {commit.id} (move {commit.trailers.op}) is in no merge of its batch")


def operations_of(commit: OwnCommit, batch: Batch) -> Sequence[Operation]:
    """The operations that a commit may be about: its artifact's, or all of its batch."""
    if commit.trailers.kind is not CommitKind.MOVE:
        return batch.operations
    number = _operation_of(commit)
    return [operation for operation in batch.operations if str(operation.id) == number]


def keeps_to_its_folder(
    exam: Examination, evidence: Evidence, commit: OwnCommit, operations: Sequence[Operation]
) -> None:
    """I11 of a folder's commit: what it adds lies in the folder that the artifact's own UUID names."""
    for operation in operations:
        for path, delta in commit.changes.items():
            if delta.after is None:
                continue
            folder = folder_of(path) or ""
            owner = evidence.artifact_of.get(folder.rpartition("/")[2])
            if not folder or (owner is not None and owner != operation.artifact_id):
                exam.broken(
                    f"commit {commit.id} for {operation.artifact_id} adds {path}, in no folder of its own"
                )


def _match_operations(exam: Examination, evidence: Evidence, moves: Sequence[OwnCommit]) -> None:
    found: dict[tuple[str, str], list[OwnCommit]] = defaultdict(list)
    for commit in moves:
        found[commit.trailers.batch, _operation_of(commit)].append(commit)
    known: set[tuple[str, str]] = set()
    for batch, operation in evidence.folders.operations(*OperationState):
        if batch.of_orphans or _in_one_commit(evidence, batch):
            continue  # those of a decision have one commit together
        key = (batch.uid, str(operation.id))
        known.add(key)
        if batch.uid not in evidence.open:
            exam.check()
            _judge_operation(exam, batch, operation, found.get(key, ()))
    for key, commits in found.items():
        if key not in known and key[0] not in evidence.open:
            exam.broken(
                f"commit {commits[0].id} (move {commits[0].trailers.op}) is of no operation in the journal"
            )
        for commit in commits:
            if not commit.trailers.op.startswith(f"{key[0]}/"):
                exam.broken(f"commit {commit.id} names batch {key[0]}, and is move {commit.trailers.op}")


def _in_one_commit(evidence: Evidence, batch: Batch) -> bool:
    """Whether a writer's batch was committed by a function of somebody else's, which makes no chain."""
    applied = evidence.by_key.get((batch.op, str(CommitKind.APPLY)), ())
    return bool(batch.writer and applied) and all(len(commit.parents) == 1 for commit in applied)


def _judge_operation(
    exam: Examination, batch: Batch, operation: Operation, commits: Sequence[OwnCommit]
) -> None:
    """The journal has the commit of the newest pass; of earlier ones only git tells."""
    newest = max(commits, key=_number_of_pass, default=None)
    who = f"{operation.artifact_id} (batch {batch.id})"
    if newest is None:
        if operation.commit:
            exam.broken(f"{who}: recorded commit {operation.commit} is not in HEAD's history")
        elif operation.state in _COMMITTED[:3]:
            exam.broken(f"{who} is {operation.state} without a commit of its own")
    elif operation.commit not in {
        commit.id for commit in commits if _number_of_pass(commit) == _number_of_pass(newest)
    }:
        recorded = operation.commit or "none"
        exam.broken(f"{who}: git has commit {newest.id}, recorded is {recorded}")


def _judge_merge(
    exam: Examination, merge: OwnCommit, by_id: Mapping[str, OwnCommit], due: set[str]
) -> set[str]:
    """The commits of a merge's second parent, down to the first, are those of its artifacts and no others."""
    exam.check()
    if len(merge.parents) != 2:
        exam.broken(f"commit {merge.id} (apply {merge.trailers.op}) does not join its artifacts' commits")
        return set()
    base, here = merge.parents
    chain: set[str] = set()
    while here != base:
        commit = by_id.get(here)
        if commit is None or commit.id not in due or len(commit.parents) != 1 or here in chain:
            exam.broken(f"commit {here} in the chain of merge {merge.id} is none of its artifacts'")
            return due
        chain.add(here)
        here = commit.parents[0]
    return chain


def _operation_of(commit: OwnCommit) -> str:
    return commit.trailers.op.rpartition("/")[2]


def _pass_of(commit: OwnCommit) -> str:
    return commit.trailers.op.rpartition("/")[0]


def _number_of_pass(commit: OwnCommit) -> int:
    number = _pass_of(commit).rpartition("/")[2]
    return int(number) if number.isdecimal() else 0
