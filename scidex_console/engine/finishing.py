"""What all orders on batches share: nothing is written while a run is halted, nothing is left half-way.

Once the journal knows of a batch, or of its rollback, that is finished whatever comes in between; whoever
asked for it waits until it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from scidex_console.domain.batches import UNSETTLED, Batch
from scidex_console.domain.errors import ConsoleError, Fenced, LockBusy, Refused, Unreachable
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.ports import Journal, RunStore
from scidex_console.engine.vocabulary import BATCH_WORDS
from scidex_console.engine.writer import Writer


class Finishing:
    """Sees batches to their end."""

    def __init__(self, runs: RunStore, journal: Journal, writer: Writer) -> None:
        self._runs = runs
        self._journal = journal
        self._writer = writer

    async def check_run(self, job: JobName) -> None:
        """Raise `Refused` while the job's run is halted."""
        run = await self._runs.open_run(job)
        if run is not None and run.state is RunState.HALTED:
            raise Refused(f"run {run.id} is halted: nothing is written", fix="resume or cancel the run first")

    async def settled(self, batch: Batch) -> Batch:
        """The batch with nothing of it left half-way."""
        if batch.state not in UNSETTLED:
            return batch
        async with self.waiting(lambda: self._journal.load(batch.id)):
            await self._writer.recover_open_batches()
        return await self._journal.load(batch.id) or batch

    @asynccontextmanager
    async def waiting(self, begun: Callable[[], Awaitable[Batch | None]]) -> AsyncIterator[None]:
        """Let a failure stand while nothing has begun; raise `LockBusy` for a batch that is half-way.

        `begun` finds the batch that is written in here, if there is one yet.
        """
        try:
            yield
        except (Fenced, Unreachable):
            raise
        except ConsoleError as error:
            batch = await begun()
            if batch is None or batch.state not in UNSETTLED:
                raise
            words = f"batch {batch.id} is {BATCH_WORDS[batch.state]}: {error.what}"
            raise LockBusy(words, where=error.where, fix=error.fix) from error
