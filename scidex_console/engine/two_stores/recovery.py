"""What an engine finds when it starts, or after the database came back, and how it goes on.

The journal says what was meant, the commits' trailers say what git has; the rules follow from both.
"""

from __future__ import annotations

from scidex_console.domain.batches import Batch, BatchState, OperationState
from scidex_console.domain.commits import CommitKind
from scidex_console.engine.killpoints import reach
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores import forward, rollback
from scidex_console.engine.two_stores.stores import Stores, files_of


async def recover(stores: Stores) -> int:
    """Settle every batch that a crash left open; the number of operations concerned.

    Raises what the steps raise; calling it again goes on from there.
    """
    operations = 0
    async with stores.writing():
        # Also without an open batch: the crash may have come while the outer repository was being moved.
        await in_thread(stores.repository.repair_index, [])
        reach("recovery: leftovers cleared")
        for batch in await stores.journal.unsettled():
            operations += len(batch.operations)
            await _repair_index(stores, batch)
            reach("recovery: index repaired")
            await _settle(stores, batch)
            reach("recovery: settled a batch")
    return operations


async def discard_leftovers(stores: Stores, needed: frozenset[str]) -> None:
    """Remove staged files that neither a figure nor an open operation needs."""
    await in_thread(stores.staging.sweep)
    names = await in_thread(stores.staging.names)
    await in_thread(stores.staging.discard, names - needed)


async def _repair_index(stores: Stores, batch: Batch) -> None:
    paths = [file.path for _, file in files_of(batch.operations)]
    await in_thread(stores.repository.repair_index, paths)


async def _settle(stores: Stores, batch: Batch) -> None:
    match batch.state:
        case BatchState.ROLLING_BACK:
            await rollback.go_back(stores, batch, origin=stores.mandate.origin())
        case BatchState.PREPARED:
            await _settle_prepared(stores, batch)
        case _:
            await _settle_switched(stores, batch)


async def _settle_prepared(stores: Stores, batch: Batch) -> None:
    found = await in_thread(stores.repository.find, batch.op, CommitKind.APPLY, **stores.mandate.made(batch))
    if found is None:
        await _clear_skipped(stores, batch)
        await forward.go_forward(stores, batch)
        return
    batch = await stores.journal.record_commit(batch, found, CommitKind.APPLY, batch.op)
    reach("recovery: commit recorded")
    await forward.finish_forward(stores, batch)


async def _settle_switched(stores: Stores, batch: Batch) -> None:
    """`done`: take back files of conflicting rows that git still has, then contract."""
    conflicting = [f for o, f in files_of(batch.operations) if o.state is OperationState.CONFLICT]
    head = await in_thread(stores.repository.head)
    known = await in_thread(stores.repository.blobs_of, head, [file.path for file in conflicting])
    left = [file for file in conflicting if known.get(file.path) == file.blob and file.blob]
    if left:
        await forward.withdraw(stores, batch, left)
    else:
        for file in conflicting:
            await in_thread(stores.worktree.remove, file.path, file.sha256)
    await forward.contract(stores, batch)


async def _clear_skipped(stores: Stores, batch: Batch) -> None:
    """Files of operations that were left out after they had been placed."""
    head = await in_thread(stores.repository.head)
    skipped = [f for o, f in files_of(batch.operations) if o.state is OperationState.SKIPPED]
    known = await in_thread(stores.repository.blobs_of, head, [file.path for file in skipped])
    for file in skipped:
        if file.path not in known:
            await in_thread(stores.worktree.remove, file.path, file.sha256)
