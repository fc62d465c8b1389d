"""Batches that people name: whether one can be taken back or applied again, and what to do instead."""

from __future__ import annotations

from scidex_console.cli.words import batch_state
from scidex_console.domain.batches import REVERSIBLE, STANDING, TAKEN_BACK, BatchState
from scidex_console.domain.errors import Refused
from scidex_console.domain.jobs import JobName
from scidex_console.engine.batch_views import BatchView
from scidex_console.engine.ports import ReadModel

_LIST = "`scidex-console batches` lists them"


async def need_batch(read: ReadModel, job: JobName, number: int, *, redo: bool) -> BatchView:
    """The batch, if this can be done to it. Raises `Refused` with what can be done instead."""
    where = "redo" if redo else "rollback"
    batch = await read.batch(number)
    if batch is None:
        raise Refused(f"{job} has no batch {number}", where=where, fix=_LIST)
    if batch.job != job:
        fix = f"`scidex-console {where} {batch.job} --batch {number}`"
        raise Refused(f"batch {number} is of {batch.job}, not of {job}", where=where, fix=fix)
    allowed = TAKEN_BACK if redo else REVERSIBLE
    if batch.state not in allowed:
        raise Refused(
            f"batch {number} is {batch_state(batch.state)}", where=where, fix=_instead(batch, redo=redo)
        )
    return batch


def _instead(batch: BatchView, *, redo: bool) -> str:
    if batch.state is BatchState.EMPTY:
        return f"neither store holds anything of it; {_LIST}"
    if batch.state is BatchState.ROLLED_BACK:
        return f"`scidex-console redo {batch.job} --batch {batch.id}` applies it again"
    if batch.state in STANDING and redo:
        return "only a batch that was taken back can be applied again; " + _LIST
    return "an engine is still at it, or has to finish it: look again once it is settled; " + _LIST
