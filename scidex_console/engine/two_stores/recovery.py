"""What an engine finds when it starts, or after the database came back, and how it goes on.

The journal says what was meant, the commits' trailers say what git has; the rules follow from both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from scidex_console.domain.batches import Batch, BatchState, OperationState, Skip
from scidex_console.domain.commits import CommitKind
from scidex_console.engine.killpoints import reach
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores import forward, rollback
from scidex_console.engine.two_stores.committed_files import is_abandoned
from scidex_console.engine.two_stores.kinds import effects_of
from scidex_console.engine.two_stores.stores import Stores

_ABANDONED = "its writer ended before the commit, and was told of none"


async def recover(stores: Stores) -> int:
    """Settle every batch that a crash left open; the number of operations concerned.

    Raises what the steps raise; calling it again goes on from there.
    """
    async with stores.writing():
        # Also without an open batch: the crash may have come while the outer repository was being moved.
        await in_thread(stores.repository.repair_index, [])
        reach("recovery: leftovers cleared")
        return await _settle_all(stores, await stores.journal.unsettled())


async def recover_after(stores: Stores, *, lingering: Collection[int] = ()) -> int:
    """Settle what whoever had the writer lock before left open; the number of operations concerned.

    Batches whose old paths only wait for readers to leave, among them those of `lingering`, are not left
    open: whoever wrote them takes the paths away.
    """
    async with stores.writing():
        left = await stores.journal.left_open(lingering=lingering)
        if left:
            await in_thread(stores.repository.repair_index, [])
        return await _settle_all(stores, left)


async def _settle_all(stores: Stores, batches: Sequence[Batch]) -> int:
    operations = 0
    for batch in batches:
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
    paths = effects_of(stores, batch).paths(batch.operations)
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
    effects = effects_of(stores, batch)
    found = await in_thread(stores.repository.find, batch.op, CommitKind.APPLY, **stores.mandate.made(batch))
    if found is None:
        if is_abandoned(batch):
            skips = {o.artifact_id: Skip(_ABANDONED, again=True) for o in batch.live()}
            batch = await stores.journal.skip(batch, skips)
        # Operations that were left out after their files had been placed.
        skipped = [o for o in batch.operations if o.state is OperationState.SKIPPED]
        await in_thread(effects.retreat, skipped, placed=True)
        batch = await forward.go_forward(stores, batch)
    else:
        batch = await stores.journal.record_commit(batch, found, CommitKind.APPLY, batch.op)
        reach("recovery: commit recorded")
        batch = await forward.finish_forward(stores, batch, effects)
    if batch.state is BatchState.DONE:
        await _settle_switched(stores, batch)


async def _settle_switched(stores: Stores, batch: Batch) -> None:
    """`done`: take back what git still has of conflicting rows, then contract."""
    effects = effects_of(stores, batch)
    lost = [o for o in batch.operations if o.state is OperationState.CONFLICT]
    if lost:
        await forward.withdraw(stores, batch, effects, lost)
    if effects.lasts:
        await asyncio.sleep(stores.grace)
    await forward.contract(stores, batch, effects, resumed=True)
