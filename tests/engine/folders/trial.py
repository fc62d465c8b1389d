"""A folder migration taken step by step in this process, without a run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from scidex_console.domain.batches import Batch, OperationState
from scidex_console.domain.jobs import JobName
from scidex_console.engine.jobs.migrate_folders import GROUP, MigrateFolders
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.two_stores import forward, rollback
from scidex_console.engine.two_stores.outer import publish
from scidex_console.engine.two_stores.stores import Stores
from scidex_console.engine.writer import Writer
from scidex_console.wiring.held_store import HeldStore, held_store
from scidex_console.wiring.jobs import migrate_folders
from tests.engine.two_stores.conftest import Act, Meanwhile
from tests.labs import Lab


class FolderTrial:
    """One held store, and the steps of a trial."""

    def __init__(self, held: HeldStore, lab: Lab) -> None:
        self.held = held
        self.lab = lab
        self.job: MigrateFolders = migrate_folders(lab.settings, held, Pulse())

    def stores(self, step: str = "", *, before: Act | None = None, after: Act | None = None) -> Stores:
        """The stores; when a step of the journal is named, something happens around it."""
        stores = self.held.stores()
        if not step:
            return stores
        company: Any = Meanwhile(stores.journal, step, before=before, after=after)
        return replace(stores, journal=company)

    def writer(self) -> Writer:
        """A writer that has recovered nothing yet."""
        return Writer(self.held.stores(), self.held.figures(), Pulse())

    async def read(self, size: int = 100, *, survey: bool = True) -> int:
        """Survey the store and verify the newest artifacts; how many wait for a batch."""
        await self.job.begin(stepping=True)
        if survey:
            await self.job.survey(self.held.mandate.epoch)
        for item in list(await self.job.next_items(GROUP, size, excluding=[]))[:size]:
            record = await self.job.prepare(item, run_id=0, epoch=self.held.mandate.epoch)
            await record()
        return (await self.job.waiting())[0]

    async def write(self, stores: Stores | None = None) -> Batch | None:
        """Take what was verified through the two stores, to the clean end."""
        operations = await self.job.effects(files=1000, marks=0)
        if not operations:
            return None
        stores = stores or self.stores()
        batch = await forward.apply(stores, JobName.FOLDERS, None, operations)
        return await self._finished(stores, batch) if batch is not None else None

    async def _finished(self, stores: Stores, batch: Batch) -> Batch:
        batch = await forward.tidy(stores, batch)
        assert await publish(stores) == ""
        return batch

    async def cycle(self, size: int = 100, stores: Stores | None = None) -> Batch | None:
        """The newest artifacts from their rows to their folders."""
        await self.read(size)
        return await self.write(stores)

    async def roll_back(self, batch: Batch, stores: Stores | None = None) -> Batch:
        """Take a batch back."""
        stores = stores or self.stores()
        batch = await rollback.roll_back(stores, batch, origin=self.held.mandate.origin())
        assert await publish(stores) == ""
        return batch

    async def redo(self, batch: Batch, stores: Stores | None = None) -> Batch:
        """Bring a batch on again, to the clean end."""
        stores = stores or self.stores()
        return await self._finished(stores, await rollback.redo(stores, batch))

    def row(self, artifact_id: str) -> dict[str, Any]:
        """A row of `artifacts`, as it is."""
        return self.lab.rows("SELECT * FROM artifacts WHERE id = %s", artifact_id)[0]

    def log(self, artifact_id: str) -> list[dict[str, Any]]:
        """What the migration log says of an artifact, in order."""
        return self.lab.rows(
            "SELECT * FROM artifact_migration_log WHERE artifact_id = %s ORDER BY id", artifact_id
        )

    def words(self, artifact_id: str) -> list[str]:
        """The log's words alone."""
        return [row["status"] for row in self.log(artifact_id)]

    def migrated(self) -> set[str]:
        """Artifacts that have their folder."""
        rows = self.lab.rows("SELECT id FROM artifacts WHERE migrated_to_folder_at IS NOT NULL")
        return {row["id"] for row in rows}


def states(batch: Batch) -> dict[str, OperationState]:
    """Where each artifact's operation stands."""
    return {operation.artifact_id: operation.state for operation in batch.operations}


@asynccontextmanager
async def held(lab: Lab) -> AsyncIterator[FolderTrial]:
    """A trial over a store that nobody else holds."""
    async with held_store(lab.settings, lab.options()) as store:
        yield FolderTrial(store, lab)


def all_of(batch: Batch, state: OperationState, ids: Sequence[str]) -> bool:
    """Whether these artifacts' operations, and no others', are in a state."""
    return {i for i, s in states(batch).items() if s is state} == set(ids)
