"""A batch goes forward: from the journal through git to the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from functools import partial

from scidex_console.domain.batches import Batch, Operation, OperationState, Skip
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import Halt, Refused, UnsafePath
from scidex_console.domain.jobs import JobName
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import PathChange
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores.effects import Effects
from scidex_console.engine.two_stores.kinds import effects_of
from scidex_console.engine.two_stores.stores import Stores


async def apply(
    stores: Stores,
    job: JobName,
    run_id: int | None,
    operations: Sequence[Operation],
    *,
    decision: int | None = None,
    writer: str = "",
) -> Batch | None:
    """Take operations through the two stores as one batch; None when every artifact is claimed elsewhere.

    `decision` is the person's decision that they apply, `writer` who has them committed, where it is one.

    Raises `LockBusy` (try again), `Halt` (a person must look), `Fenced`, `Unreachable`. Whatever it raises,
    the batch is in the journal and recovery goes on from where it stopped.
    """
    async with stores.writing():
        await in_thread(stores.repository.check)
        base = await in_thread(stores.repository.head)
        batch = await stores.journal.prepare(
            job,
            run_id,
            operations,
            base_commit=base,
            epoch=stores.mandate.epoch,
            authorization=stores.mandate.authorization,
            decision=decision,
            writer=writer,
        )
        if batch is None:
            return None
        reach("batch: journalled")
        return await go_forward(stores, batch)


async def go_forward(stores: Stores, batch: Batch) -> Batch:
    """From a journalled batch without a commit to a clean one, or to one whose old paths still stand.

    The writer lock is held.
    """
    effects = effects_of(stores, batch)
    batch = await _leave_out(stores, effects, batch, await effects.verify(batch))
    reach("batch: verified")
    batch = await _commit(stores, effects, batch)
    return await finish_forward(stores, batch, effects)


async def finish_forward(stores: Stores, batch: Batch, effects: Effects) -> Batch:
    """From a batch whose commit exists (or that needs none) to the end. The writer lock is held."""
    await in_thread(stores.repository.sync)
    reach("batch: synced")
    batch, result = await stores.journal.switch(
        batch, epoch=stores.mandate.epoch, origin=stores.mandate.origin()
    )
    reach("batch: switched")
    lost = [operation for operation in batch.operations if operation.artifact_id in result.conflicts]
    if lost:
        await withdraw(stores, batch, effects, lost)
    return batch if effects.lasts else await contract(stores, batch, effects)


async def tidy(stores: Stores, batch: Batch) -> Batch:
    """Contract a batch that was left `done` so that readers could leave its old paths."""
    async with stores.writing():
        return await contract(stores, batch, effects_of(stores, batch))


async def contract(stores: Stores, batch: Batch, effects: Effects, *, resumed: bool = False) -> Batch:
    """After the switch, and after the readers' grace: what is not needed goes, and the batch is clean.

    `resumed` tells that it may have been begun before.
    """
    if any(entry.source for operation in batch.operations for entry in operation.entries):
        batch = await _give_back(stores, batch, effects, resumed=resumed)
    await in_thread(effects.contract, batch)
    reach("batch: contracted")
    return await stores.journal.finish(batch)


async def _give_back(stores: Stores, batch: Batch, effects: Effects, *, resumed: bool) -> Batch:
    """An old path that a row has come to name since the batch was planned stays, and is in git again.

    A row that names it later names what is gone.
    """
    before, batch = batch, await stores.journal.keep_named(batch)
    if batch == before and not resumed:
        return batch
    if not batch.commit or all(e.leaves_source for o in batch.operations for e in o.entries if e.source):
        return batch
    op = f"{batch.op}/kept"
    found = await in_thread(stores.repository.find, op, CommitKind.COMPENSATE, **stores.mandate.made(batch))
    if found is None:
        taken = frozenset((await in_thread(stores.repository.describe, batch.commit)).paths)
        changes = await in_thread(effects.restitution, batch, taken)
        if not changes:
            return batch
        found = await in_thread(
            stores.repository.commit,
            changes,
            subject=f"{batch.job}: leave {len(changes)} old paths of batch {batch.id}, other rows name them",
            trailers=stores.mandate.trailers(batch, op, CommitKind.COMPENSATE),
            epoch=stores.mandate.epoch,
        )
        reach("batch: old paths given back")
    batch = await stores.journal.record_commit(batch, found, CommitKind.COMPENSATE, op)
    await in_thread(stores.repository.sync)
    return batch


async def withdraw(stores: Stores, batch: Batch, effects: Effects, lost: Sequence[Operation]) -> None:
    """Take back the files of rows that somebody else changed meanwhile: their edit wins."""
    added = await _added_by_this_pass(stores, batch)
    lost = [o for o in lost if added.intersection(effects.paths([o]))]
    if not lost:
        return
    found = await in_thread(
        stores.repository.find, batch.op, CommitKind.COMPENSATE, **stores.mandate.made(batch)
    )
    if found is None and (changes := await in_thread(_still_ours, stores, effects, lost, added)):
        found = await in_thread(
            stores.repository.commit,
            changes,
            subject=f"{batch.job}: withdraw {len(lost)} artifacts of batch {batch.id}, their rows changed",
            trailers=stores.mandate.trailers(batch, batch.op, CommitKind.COMPENSATE),
            epoch=stores.mandate.epoch,
        )
    if found is not None:
        reach("batch: compensated")
        await stores.journal.record_commit(batch, found, CommitKind.COMPENSATE, batch.op)
        await in_thread(stores.repository.sync)
    await in_thread(effects.vanish, lost)
    reach("batch: withdrawn")


async def _added_by_this_pass(stores: Stores, batch: Batch) -> frozenset[str]:
    """Paths that this pass brought into git; of a decision also those that it took out.

    What an earlier pass brought was withdrawn with it, and what was there before is another's.
    """
    made = stores.mandate.made(batch)
    found = await in_thread(stores.repository.find, batch.op, CommitKind.APPLY, **made)
    if found is None:
        return frozenset()
    if batch.decision is not None:
        return frozenset((await in_thread(stores.repository.describe, found.commit)).paths)
    return frozenset(found.blobs)


def _still_ours(
    stores: Stores, effects: Effects, lost: Sequence[Operation], added: Set[str]
) -> list[PathChange]:
    """What takes operations out of git, without the files that it no longer has as this pass added them."""
    changes = [c for c in effects.inverse(lost) if c.sha256 is not None or c.path in added]
    removed = [change.path for change in changes if change.sha256 is None]
    known = stores.repository.blobs_of(stores.repository.head(), removed) if removed else {}
    return [c for c in changes if c.sha256 is not None or c.blob == known.get(c.path)]


async def _leave_out(
    stores: Stores, effects: Effects, batch: Batch, skips: Mapping[str, Skip], *, placed: bool = False
) -> Batch:
    if not skips:
        return batch
    batch = await stores.journal.skip(batch, skips)
    left_out = [o for o in batch.operations if o.artifact_id in skips and o.state is OperationState.SKIPPED]
    await in_thread(effects.retreat, left_out, placed=placed)
    return batch


async def _commit(stores: Stores, effects: Effects, batch: Batch) -> Batch:
    """New paths appear, and git's commit point, where there is anything to commit.

    What cannot appear, or git refuses, is left out, so that it does not hold up the others.
    """
    while True:
        expand = partial(_expand, effects, batch.live())
        try:
            if not effects.changes_git(batch.live()):
                await in_thread(expand)
                return batch
            committed = await in_thread(effects.commit, batch, expand)
        except _NotPlaced as error:
            skips = error.skips
        except (Refused, UnsafePath) as error:
            owners = effects.owners(batch.live(), error.where)
            if not owners:
                raise Halt(error.what, where=error.where, fix=error.fix) from error
            skips = {operation.artifact_id: Skip(str(error), again=False) for operation in owners}
        else:
            reach("batch: committed")
            batch = await stores.journal.record_commit(batch, committed, CommitKind.APPLY, batch.op)
            reach("batch: commit recorded")
            return batch
        batch = await _leave_out(stores, effects, batch, skips, placed=True)


class _NotPlaced(Exception):
    """New paths that cannot appear, by artifact."""

    def __init__(self, skips: Mapping[str, Skip]) -> None:
        super().__init__(skips)
        self.skips = skips


def _expand(effects: Effects, operations: Sequence[Operation]) -> None:
    skips = effects.expand(operations)
    if skips:
        raise _NotPlaced(skips)
    reach("batch: expanded")
