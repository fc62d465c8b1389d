"""A batch is taken back, and brought on again: the same journal, read backwards and forwards."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial

from scidex_console.domain.batches import Batch, Operation, OperationState
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import Halt, Refused, UnsafePath
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import PathChange
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores.effects import Effects
from scidex_console.engine.two_stores.forward import go_forward
from scidex_console.engine.two_stores.kinds import effects_of
from scidex_console.engine.two_stores.stores import Stores


async def roll_back(stores: Stores, batch: Batch, *, origin: Mapping[str, str], plan: str = "") -> Batch:
    """Take a batch back in both stores. Rows that have changed since are kept, with the reason.

    What an earlier rollback kept is tried again. `plan` is the token of what was confirmed.
    """
    async with stores.writing():
        await in_thread(stores.repository.check)
        keep = await stores.journal.changed_since(batch, undo=True)
        batch = await stores.journal.begin_rollback(batch, keep=keep, plan=plan)
        reach("rollback: journalled")
        return await go_back(stores, batch, origin=origin)


async def go_back(stores: Stores, batch: Batch, *, origin: Mapping[str, str]) -> Batch:
    """From any step of a rollback to its end. The writer lock is held."""
    effects = effects_of(stores, batch)
    batch = await _commit_inverse(stores, effects, batch)
    await in_thread(stores.repository.sync)
    reach("rollback: synced")
    batch, _ = await stores.journal.restore(batch, epoch=stores.mandate.epoch, origin=origin)
    reach("rollback: restored")
    await _reinstate(stores, effects, batch)
    if effects.lasts:
        await asyncio.sleep(stores.grace)
    await in_thread(effects.vanish, batch.going_back())
    reach("rollback: files removed")
    if effects.lasts:
        await in_thread(effects.contract, batch)
    return await stores.journal.finish_rollback(batch)


async def redo(stores: Stores, batch: Batch) -> Batch:
    """Bring a rolled-back batch on again, from the blobs git still has.

    Raises `Refused` where no row, or no file, is as it was found: the batch stays as it is, for when they are
    again.
    """
    async with stores.writing():
        await in_thread(stores.repository.check)
        await _check_redo(stores, batch)
        base = await in_thread(stores.repository.head)
        batch = await stores.journal.begin_redo(
            batch,
            base_commit=base,
            epoch=stores.mandate.epoch,
            authorization=stores.mandate.authorization,
        )
        reach("redo: journalled")
        return await go_forward(stores, batch)


async def _check_redo(stores: Stores, batch: Batch) -> None:
    """Raise where a redo would come to nothing, after which there would be no other."""
    waiting = _in(batch, OperationState.ROLLED_BACK)
    reasons = dict(await stores.journal.changed_since(batch, undo=False))
    others = [operation for operation in waiting if operation.artifact_id not in reasons]
    reasons |= await effects_of(stores, batch).hindrances(others)
    if waiting and all(operation.artifact_id in reasons for operation in waiting):
        first = waiting[0].artifact_id
        raise Refused(f"nothing of batch {batch.id} can be redone: {reasons[first]}", where=first)


def _in(batch: Batch, *states: OperationState) -> list[Operation]:
    return [operation for operation in batch.operations if operation.state in states]


async def _commit_inverse(stores: Stores, effects: Effects, batch: Batch) -> Batch:
    """One inverse commit over the batch's own paths. A path that git refuses stays, with its row."""
    while operations := batch.going_back():
        found = await in_thread(
            stores.repository.find, batch.undo_op, CommitKind.UNDO, **stores.mandate.made(batch)
        )
        try:
            if found is not None:
                await in_thread(stores.repository.repair_index, effects.paths(operations))
            else:
                keep = await in_thread(effects.reappear, operations)
                if keep:
                    batch = await stores.journal.begin_rollback(batch, keep=keep)
                    continue
                reach("rollback: expanded")
                changes = await _inverse(stores, effects, batch, operations)
                # Also where git is so already, as by somebody's `git revert`: history tells of each rollback.
                told = effects.changes_git(operations) and not stores.repository.commits_by_another
                if not (changes or told):
                    return batch
                found = await in_thread(
                    partial(stores.repository.commit, even_empty=told),
                    changes,
                    subject=f"{batch.job}: take back {_what(operations)} (batch {batch.id})",
                    trailers=stores.mandate.trailers(batch, batch.undo_op, CommitKind.UNDO),
                    epoch=stores.mandate.epoch,
                )
        except (Refused, UnsafePath) as error:
            owners = effects.owners(operations, error.where)
            if not owners:
                raise Halt(error.what, where=error.where, fix=error.fix) from error
            keep = {operation.artifact_id: str(error) for operation in owners}
            batch = await stores.journal.begin_rollback(batch, keep=keep)
            continue
        reach("rollback: committed")
        batch = await stores.journal.record_commit(batch, found, CommitKind.UNDO, batch.undo_op)
        reach("rollback: commit recorded")
        return batch
    return batch


async def _inverse(
    stores: Stores, effects: Effects, batch: Batch, operations: Sequence[Operation]
) -> list[PathChange]:
    """What takes the operations out of git. Paths that the batch did not bring there were there before it."""
    changes = await in_thread(effects.inverse, operations)
    commits = batch.brought_by(operations)
    if not commits:
        return changes
    brought: set[str] = set()
    for commit in commits:
        standing = await _standing(stores, batch, commit)
        if standing is None:
            return changes
        brought.update((await in_thread(stores.repository.describe, standing)).paths)
    return [change for change in changes if change.sha256 is not None or change.path in brought]


async def _standing(stores: Stores, batch: Batch, commit: str) -> str | None:
    """A commit of the batch, or what somebody has made of it who rewrote history and collected the rest.

    None: nothing is left of it that could be known by its trailers.
    """
    if await in_thread(stores.repository.has, commit):
        return commit
    number = next(number for number, made in batch.applied.items() if made == commit)
    op, journal = f"{batch.uid}/{number}", stores.mandate.journal
    find = partial(stores.repository.find, op, CommitKind.APPLY, since="", journal=journal)
    found = await in_thread(find)
    return found.commit if found is not None else None


def _what(operations: Sequence[Operation]) -> str:
    files = sum(operation.file is not None for operation in operations)
    return f"{files} files" if files else f"{len(operations)} artifacts"


async def _reinstate(stores: Stores, effects: Effects, batch: Batch) -> None:
    """Rows changed under the rollback: what the inverse commit took from them comes back, nothing else."""
    undone = await in_thread(
        stores.repository.find, batch.undo_op, CommitKind.UNDO, **stores.mandate.made(batch)
    )
    if undone is None:
        return
    taken = set((await in_thread(stores.repository.describe, undone.commit)).paths)
    kept = [o for o in _in(batch, OperationState.KEPT) if taken.intersection(effects.paths([o]))]
    gone = _in(batch, OperationState.ROLLED_BACK)
    changes = await in_thread(partial(effects.reinstatement, kept, besides=gone))
    if not changes:
        return
    found = await in_thread(
        stores.repository.find, batch.undo_op, CommitKind.COMPENSATE, **stores.mandate.made(batch)
    )
    if found is None:
        found = await in_thread(
            stores.repository.commit,
            changes,
            subject=f"{batch.job}: reinstate {len(changes)} paths of batch {batch.id}, their rows changed",
            trailers=stores.mandate.trailers(batch, batch.undo_op, CommitKind.COMPENSATE),
            epoch=stores.mandate.epoch,
        )
    reach("rollback: reinstated")
    await stores.journal.record_commit(batch, found, CommitKind.COMPENSATE, batch.undo_op)
    await in_thread(stores.repository.sync)
