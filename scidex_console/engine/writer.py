"""One writer per store: batches, rollbacks, redos and publishing, one at a time.

After anything went wrong in the middle, the next write recovers first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from scidex_console.domain.batches import Batch, BatchState, Operation
from scidex_console.domain.errors import ConsoleError, Halt, LockBusy, Unreachable
from scidex_console.domain.jobs import JobName
from scidex_console.engine.failed_commits import FailedCommits
from scidex_console.engine.jobs.job import Job
from scidex_console.engine.ports import FigureStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores import forward, outer, recovery, rollback
from scidex_console.engine.two_stores.stores import Stores

_REFRESH_EVERY = 20
"""Batches. The index is written whole each time; until then git compares these files by their content."""


class Writer:
    """Serialises everything that changes the two stores."""

    def __init__(
        self, stores: Stores, figures: FigureStore, pulse: Pulse, failed: FailedCommits | None = None
    ) -> None:
        """`failed` puts failed commits on record."""
        self._stores = stores
        self._failed = failed
        self._figures = figures
        self._pulse = pulse
        self._turn = asyncio.Lock()
        self._sound = False
        """False until recovery has run, and after any write that did not end well."""
        self._recorded = False
        """Whether every commit of ours in the outer repository is on record, as after publishing it is."""
        self._owes = False
        """Whether batches are clean that nobody has tried to publish yet."""
        self._unpublished = False
        """Whether something is left to be published."""
        self._outdated = 0
        """Batches whose files' times the index does not know yet."""
        self._lingering: list[tuple[Batch, float]] = []
        """Batches whose old paths still stand, and when those may go."""

    async def recover(self) -> None:
        """At start: settle what an earlier engine left open, and clear away what nobody needs.

        Not while rows are being prepared: their staged files are not recorded yet.
        """
        async with self._writing():
            await recovery.discard_leftovers(self._stores, await self._figures.staged_names())

    async def recover_open_batches(self) -> None:
        """Settle what is open: of a failed write, and of batches whose old paths still stand.

        Raises what still stands in the way.
        """
        async with self._writing():
            pass
        await self.tidy(wait=True)

    @property
    def is_sound(self) -> bool:
        """False while a write goes on, and after one that did not end well until it is recovered."""
        return self._sound

    @property
    def is_overdue(self) -> bool:
        """Whether readers have had time to leave the old paths of some batch."""
        return bool(self._lingering) and self._lingering[0][1] <= asyncio.get_running_loop().time()

    @property
    def owes_publishing(self) -> bool:
        """Whether `publish` has something to do; it may go on beside whatever reads the repository."""
        return self._owes

    async def tidy(self, *, wait: bool = False) -> None:
        """Take old paths away that readers have had time to leave; with `wait`, all of them.

        With `wait`, too, what is clean by then is published; otherwise that is left to the caller.
        """
        await self._contract(wait=wait)
        if wait and self._owes:
            await self.publish()
        if self._outdated >= _REFRESH_EVERY or (wait and self._outdated):
            await self._refresh_index()

    async def _contract(self, *, wait: bool) -> None:
        while self._lingering:
            batch, until = self._lingering[0]
            left = until - asyncio.get_running_loop().time()
            if left > 0:
                if not wait:
                    return
                await asyncio.sleep(left)
            async with self._writing():
                # Recovery may have seen to it, after a write that failed.
                if self._lingering and self._lingering[0][0].id == batch.id:
                    await forward.tidy(self._stores, batch)
                    self._lingering.pop(0)
            self._owes = True
            self._outdated += 1

    async def undisturbed(self, look: Callable[[], Awaitable[None]]) -> None:
        """Let something compare rows and disk while no batch is on its way between them."""
        async with self._writing():
            await look()

    async def write_batch(self, job: Job, run_id: int | None, *, files: int, marks: int) -> Batch | None:
        """Take the next prepared items through the two stores; None when there are none."""
        self._pulse.begin_batch()
        async with self._telling(job.name, run_id):
            return await self._write_batch(job, run_id, files=files, marks=marks)

    async def _write_batch(self, job: Job, run_id: int | None, *, files: int, marks: int) -> Batch | None:
        async with self._writing():
            operations = await job.effects(files=files, marks=marks)
            if not operations:
                return None
            batch = await forward.apply(self._stores, job.name, run_id, operations)
        if batch is None:
            raise LockBusy(
                "every prepared artifact is locked by somebody else, or another batch has it", where=job.name
            )
        self._let_linger(batch)
        await self.publish()
        return batch

    async def write_decision(
        self, job: JobName, decision: int, operations: Sequence[Operation]
    ) -> Batch | None:
        """Take a person's decision through the two stores; None when none is free."""
        self._pulse.begin_batch()
        async with self._telling(job, None), self._writing():
            batch = await forward.apply(self._stores, job, None, operations, decision=decision)
        if batch is not None:
            await self._see_through(batch)
        return batch

    async def flush(
        self, job: Job, run_id: int | None, *, files: int, marks: int, adoptions: bool = True
    ) -> None:
        """Write everything that is prepared, in as many batches as that takes.

        Without `adoptions`, end with the first batch of nothing else: they come last, and what is adopted
        does not get lost meanwhile.
        """
        while any(await job.waiting()):
            batch = await self.write_batch(job, run_id, files=files, marks=marks)
            if batch is None or not (adoptions or any(o.adopted is None for o in batch.operations)):
                break
        await self.tidy(wait=True)

    async def roll_back(self, batch: Batch, *, origin: Mapping[str, str], plan: str = "") -> Batch:
        """Take a batch back in both stores."""
        async with self._telling(batch.job, batch.run_id), self._writing():
            batch = await rollback.roll_back(self._stores, batch, origin=origin, plan=plan)
        await self._publish_order()
        return batch

    async def redo(self, batch: Batch) -> Batch:
        """Bring a rolled-back batch on again."""
        async with self._telling(batch.job, batch.run_id), self._writing():
            batch = await rollback.redo(self._stores, batch)
        await self._see_through(batch)
        return batch

    async def _see_through(self, batch: Batch) -> None:
        """A person's order to its end: old paths go, once readers have left them, and it is published."""
        self._let_linger(batch)
        await self._contract(wait=True)
        await self._publish_order()

    async def _publish_order(self) -> None:
        """What was ordered has come about, also where the disk has no room to publish it: that is told."""
        try:
            await self.publish()
        except Halt as error:
            self._pulse.say("publishing", f"not published: {error}")
        await self._refresh_index()

    async def publish(self) -> None:
        """Move the outer pointer and push; trouble is noted, and tried again by `publish_again`."""
        async with self._turn:
            await self._publish()

    async def publish_again(self) -> None:
        """Publish what could not be published before, of other writers too; nothing when all is."""
        if self._unpublished or not self._recorded or await self._stores.journal.unpushed():
            await self.publish()

    async def _refresh_index(self) -> None:
        """Best effort, and no reason for what was written before to have failed."""
        with suppress(LockBusy, Unreachable, Halt):
            async with self._turn, self._stores.writing():
                await in_thread(self._stores.repository.refresh_index)
                self._outdated = 0

    def _let_linger(self, batch: Batch) -> None:
        """Old paths of a batch stay until readers of the rows before it have opened them."""
        if batch.state is BatchState.DONE:
            until = asyncio.get_running_loop().time() + self._stores.grace
            self._lingering.append((batch, until))

    @asynccontextmanager
    async def _telling(self, job: JobName, run_id: int | None) -> AsyncIterator[None]:
        """A commit that fails in the block is put on record, whatever becomes of it afterwards."""
        try:
            yield
        except ConsoleError as error:
            if self._failed is not None:
                await self._failed.tell(job, run_id, error)
            raise

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        """One turn at the repository, with nothing left half-way by this engine or by a writer before it."""
        async with self._turn, self._stores.writing():
            if not self._sound:
                recovered = await recovery.recover(self._stores)
                self._lingering.clear()
            else:
                lingering = [batch.id for batch, _ in self._lingering]
                recovered = await recovery.recover_after(self._stores, lingering=lingering)
            if recovered or not self._sound:
                self._recorded = self._recorded and not recovered
                self._pulse.mention("recovery", f"recovered {recovered} operations" if recovered else "")
            if not self._recorded:
                await self._publish()
            self._sound = False
            yield
            self._sound = True
        self._pulse.changed("batch", "gap")

    async def _publish(self) -> None:
        self._owes = self._recorded = False
        trouble = await outer.publish(self._stores)
        self._recorded, self._unpublished = True, bool(trouble)
        self._pulse.say("publishing", f"not published: {trouble}" if trouble else "")
        self._pulse.changed("batch")
