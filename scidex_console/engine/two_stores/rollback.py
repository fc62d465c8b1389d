"""A batch is taken back, and brought on again: the same journal, read backwards and forwards."""

from __future__ import annotations

from collections.abc import Mapping

from scidex_console.domain.batches import Batch, Operation, OperationState
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import Halt, Refused, UnsafePath
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import PathChange
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores.forward import go_forward
from scidex_console.engine.two_stores.stores import Stores, files_of


async def roll_back(stores: Stores, batch: Batch, *, origin: Mapping[str, str]) -> Batch:
    """Take a batch back in both stores. Rows that have changed since are kept, with the reason."""
    async with stores.writing():
        await in_thread(stores.repository.check)
        keep = await stores.journal.changed_since(batch, undo=True)
        batch = await stores.journal.begin_rollback(batch, keep=keep)
        reach("rollback: journalled")
        return await go_back(stores, batch, origin=origin)


async def go_back(stores: Stores, batch: Batch, *, origin: Mapping[str, str]) -> Batch:
    """From any step of a rollback to its end. The writer lock is held."""
    batch = await _commit_inverse(stores, batch)
    await in_thread(stores.repository.sync)
    reach("rollback: synced")
    batch, _ = await stores.journal.restore(batch, epoch=stores.mandate.epoch, origin=origin)
    reach("rollback: restored")
    returned = await _missing(stores, batch)
    if returned:
        await _reinstate(stores, batch, returned)
    await in_thread(_remove_files, stores, batch)
    reach("rollback: files removed")
    return await stores.journal.finish_rollback(batch)


async def redo(stores: Stores, batch: Batch) -> Batch:
    """Bring a rolled-back batch on again, from the blobs git still has."""
    async with stores.writing():
        await in_thread(stores.repository.check)
        base = await in_thread(stores.repository.head)
        batch = await stores.journal.begin_redo(
            batch,
            base_commit=base,
            epoch=stores.mandate.epoch,
            authorization=stores.mandate.authorization,
        )
        reach("redo: journalled")
        return await go_forward(stores, batch)


def _with_files(batch: Batch, *states: OperationState) -> tuple[Operation, ...]:
    return tuple(o for o in batch.operations if o.file is not None and o.state in states)


async def _commit_inverse(stores: Stores, batch: Batch) -> Batch:
    """One inverse commit over the batch's own paths. A path that git refuses stays, with its row."""
    while files := files_of(_with_files(batch, OperationState.DONE, OperationState.ROLLED_BACK)):
        found = await in_thread(
            stores.repository.find, batch.undo_op, CommitKind.UNDO, **stores.mandate.made(batch)
        )
        try:
            if found is None:
                found = await in_thread(
                    stores.repository.commit,
                    [PathChange(file.path, None, file.blob) for _, file in files],
                    subject=f"{batch.job}: take back {len(files)} files (batch {batch.id})",
                    trailers=stores.mandate.trailers(batch, batch.undo_op, CommitKind.UNDO),
                    epoch=stores.mandate.epoch,
                )
            else:
                paths = [file.path for _, file in files]
                await in_thread(stores.repository.repair_index, paths)
        except (Refused, UnsafePath) as error:
            batch = await _keep_refused(stores, batch, error)
            continue
        reach("rollback: committed")
        batch = await stores.journal.record_commit(batch, found, CommitKind.UNDO, batch.undo_op)
        reach("rollback: commit recorded")
        return batch
    return batch


async def _keep_refused(stores: Stores, batch: Batch, error: Refused | UnsafePath) -> Batch:
    keep = {o.artifact_id: str(error) for o, file in files_of(batch.operations) if file.path == error.where}
    if not keep:
        raise Halt(error.what, where=error.where, fix=error.fix) from error
    return await stores.journal.begin_rollback(batch, keep=keep)


async def _missing(stores: Stores, batch: Batch) -> tuple[Operation, ...]:
    """Kept operations whose file the inverse commit took away: their rows changed under the rollback."""
    kept = _with_files(batch, OperationState.KEPT)
    head = await in_thread(stores.repository.head)
    known = await in_thread(stores.repository.blobs_of, head, [f.path for _, f in files_of(kept)])
    return tuple(operation for operation, file in files_of(kept) if file.path not in known)


async def _reinstate(stores: Stores, batch: Batch, operations: tuple[Operation, ...]) -> None:
    """Rows changed under the rollback: their files come back, and the operations are kept."""
    files = files_of(operations)
    found = await in_thread(
        stores.repository.find, batch.undo_op, CommitKind.COMPENSATE, **stores.mandate.made(batch)
    )
    if found is None:
        found = await in_thread(
            stores.repository.commit,
            [PathChange(file.path, file.sha256, file.blob) for _, file in files],
            subject=f"{batch.job}: reinstate {len(files)} files of batch {batch.id}, their rows changed",
            trailers=stores.mandate.trailers(batch, batch.undo_op, CommitKind.COMPENSATE),
            epoch=stores.mandate.epoch,
        )
    reach("rollback: reinstated")
    await stores.journal.record_commit(batch, found, CommitKind.COMPENSATE, batch.undo_op)
    await in_thread(stores.repository.sync)


def _remove_files(stores: Stores, batch: Batch) -> None:
    for operation in _with_files(batch, OperationState.ROLLED_BACK):
        assert operation.file is not None
        stores.worktree.remove(operation.file.path, operation.file.sha256)
        reach("rollback: removed a file")
