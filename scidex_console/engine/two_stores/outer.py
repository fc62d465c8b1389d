"""The outer repository: its submodule pointer follows each batch, and both are pushed, submodule first.

A failure here never undoes a batch: the batch says so, and it is tried again later.
"""

from __future__ import annotations

from scidex_console.domain.batches import TAKEN_BACK, Batch
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import LockBusy, RepositoryError
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import Committed
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores.stores import Stores


async def publish(stores: Stores) -> str:
    """Bump the pointer and push for every batch that still needs it; what went wrong, or ``."""
    trouble = ""
    for batch in await stores.journal.unpushed():
        trouble = await _publish(stores, batch)
        if trouble:
            break
    return trouble


async def _publish(stores: Stores, batch: Batch) -> str:
    op = batch.undo_op if batch.state in TAKEN_BACK else batch.op
    commit = ""
    try:
        trailers = stores.mandate.trailers(batch, op, CommitKind.POINTER)
        bumped = await in_thread(
            stores.repository.bump_pointer,
            subject=f"Move data to batch {batch.id} of {batch.job}",
            trailers=trailers,
        )
        reach("outer: pointer moved")
        if bumped is not None:
            commit = bumped
            await stores.journal.record_commit(batch, Committed(bumped, {}), CommitKind.POINTER, op)
        pushed = await in_thread(stores.repository.push)
        reach("outer: pushed")
    except (RepositoryError, LockBusy) as error:
        await stores.journal.record_outer(batch, commit=commit, push=str(error)[:300])
        return str(error)
    await stores.journal.record_outer(batch, commit=commit, push=pushed or "none")
    return ""
