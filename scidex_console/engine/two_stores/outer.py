"""The outer repository: its submodule pointer follows each batch, and both are pushed, submodule first.

A failure here never undoes a batch: the batch says so, and it is tried again later.
"""

from __future__ import annotations

from contextlib import suppress

from scidex_console.domain.batches import TAKEN_BACK, Batch
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import LockBusy, RepositoryError
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import Committed
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores.stores import Stores


async def publish(stores: Stores) -> str:
    """Bump the pointer and push for every batch that still needs it; what went wrong, or ``.

    While a push is refused the pointer goes on to follow: else `git submodule update` would bring back what
    was there before.
    """
    batches = await stores.journal.unpushed()
    for batch in batches:
        trouble = await _publish(stores, batch)
        if trouble:
            if batch is not batches[-1]:
                await _follow(stores, batches[-1])
            return trouble
    return ""


async def _publish(stores: Stores, batch: Batch) -> str:
    commit = ""
    try:
        commit = await _bump(stores, batch)
        pushed = await in_thread(stores.repository.push)
        reach("outer: pushed")
    except (RepositoryError, LockBusy) as error:
        await stores.journal.record_outer(batch, commit=commit, push=str(error)[:300])
        return str(error)
    await stores.journal.record_outer(batch, commit=commit, push=pushed or "none")
    return ""


async def _follow(stores: Stores, batch: Batch) -> None:
    """Bring the pointer to the newest batch; what hinders that is told of the one that was not pushed."""
    with suppress(RepositoryError, LockBusy):
        if commit := await _bump(stores, batch):
            await stores.journal.record_outer(batch, commit=commit, push="")


async def _bump(stores: Stores, batch: Batch) -> str:
    """The pointer's commit, or nothing where it has all of the batch already.

    Engine and writers publish each other's batches. One that comes late, when the batch counts as published,
    makes no commit: if it died before that was on record, nobody would look at the batch again.
    """
    op = batch.undo_op if batch.state in TAKEN_BACK else batch.op
    trailers = stores.mandate.trailers(batch, op, CommitKind.POINTER)
    newest = await stores.journal.newest_commit(batch)
    bumped = await in_thread(
        stores.repository.bump_pointer,
        subject=f"Move data to batch {batch.id} of {batch.job}",
        trailers=trailers,
        wanted=newest,
    )
    reach("outer: pointer moved")
    if bumped is None:
        return ""
    await stores.journal.record_commit(batch, Committed(bumped, {}), CommitKind.POINTER, op)
    return bumped
