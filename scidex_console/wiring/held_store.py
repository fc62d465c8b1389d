"""Both stores in the hands of one process, under an epoch of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from scidex_console import __version__
from scidex_console.adapters.files import incoming
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.fence import PostgresFence
from scidex_console.adapters.postgres.figures import PostgresFigures
from scidex_console.adapters.postgres.guarded_rows import GuardedRows
from scidex_console.adapters.postgres.identity import path_is_column, read_identity
from scidex_console.adapters.postgres.journal import PostgresJournal
from scidex_console.adapters.postgres.schema_files import latest_version
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.adapters.postgres.writer_queue import PostgresWriterQueue
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.adapters.system.process import holder
from scidex_console.domain.errors import SchemaMismatch
from scidex_console.engine.options import EngineOptions
from scidex_console.engine.two_stores.stores import Mandate, Stores
from scidex_console.engine.two_stores.turns import WriterTurns
from scidex_console.engine.views import StoreIdentity
from scidex_console.settings import Settings
from scidex_console.wiring.stores import FileSide, open_files

ENGINE = "scidex-console engine"
"""The name of an engine's connections."""
_TURN_S = 60.0
"""How long an engine waits for other writers before it says so and tries again."""


@dataclass(frozen=True)
class HeldStore:
    """Both stores, held by this process under an epoch of its own."""

    files: FileSide
    fenced: FencedDatabase
    fence: PostgresFence
    mandate: Mandate
    identity: StoreIdentity
    clock: SystemClock
    grace_s: float
    path_keys: tuple[str, ...]
    """Metadata keys that hold paths."""
    submodule: str
    turns: WriterTurns

    def journal(self) -> PostgresJournal:
        """The journal of this store."""
        in_column = path_is_column(self.identity)
        rows = GuardedRows(self.fenced.database, file_path_is_column=in_column)
        roots = (self.submodule, str(self.files.repository.checkout.worktree))
        return PostgresJournal(self.fenced, rows, path_keys=self.path_keys, roots=roots)

    def figures(self) -> PostgresFigures:
        """The gap of figures of this store."""
        return PostgresFigures(self.fenced, file_path_is_column=path_is_column(self.identity))

    def stores(self) -> Stores:
        """The two stores as the protocol works with them."""
        files = self.files
        return Stores(
            self.journal(),
            files.repository,
            files.worktree,
            files.staging,
            files.folders,
            self.mandate,
            grace=self.grace_s,
            turns=self.turns,
        )


@asynccontextmanager
async def held_store(
    settings: Settings, options: EngineOptions, *, take_over: bool = False
) -> AsyncIterator[HeldStore]:
    """Take the store: the flock, the advisory lock and a new epoch. Raises `Held` naming who has it.

    With `take_over`, also from an engine that has stalled: one that is stopped or hangs keeps its locks. The
    new epoch keeps it from writing anything, should it ever wake.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        files = await asyncio.to_thread(open_files, settings, clock)
        database = await stack.enter_async_context(_database(settings))
        identity = await checked_identity(database)
        name = holder()
        fence = PostgresFence(database)
        if take_over and (stalled := await fence.end_stalled(settings.engine.stalled_after.total_seconds())):
            print(f"taking over from {stalled}", file=sys.stderr, flush=True)
            await asyncio.to_thread(files.repository.replace_locks)
        lock = files.repository.engine_lock(name)
        await asyncio.to_thread(lock.__enter__)
        stack.push_async_callback(asyncio.to_thread, lock.__exit__, None, None, None)
        epoch = await fence.acquire(
            name,
            version=__version__,
            writes=options.writes,
            authorization=options.authorization,
            environment=options.environment,
            at_least=await asyncio.to_thread(files.repository.epoch),
        )
        stack.push_async_callback(fence.release)
        if options.writes:
            await asyncio.to_thread(files.repository.raise_epoch, epoch)
            await asyncio.to_thread(incoming.clear, files.incoming)
        fenced = FencedDatabase(database)
        fenced.epoch = epoch
        mandate = Mandate(epoch, options.authorization, name, __version__, fence.journal)
        grace_s = settings.folders.grace.total_seconds()
        path_keys = (*settings.folders.path_keys, *settings.folders.accessory_keys)
        submodule = settings.repository.submodule
        queue = PostgresWriterQueue(database, name=ENGINE, wait_s=_TURN_S)
        stack.push_async_callback(queue.close)
        turns = WriterTurns(files.repository, queue, name)
        yield HeldStore(files, fenced, fence, mandate, identity, clock, grace_s, path_keys, submodule, turns)


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    timeout = settings.database.statement_timeout.total_seconds()
    url = settings.database.need_url()
    engine = Database(url, name=ENGINE, statement_timeout_s=timeout, lock_timeout_s=2.0, size=8)
    async with engine as database:
        yield database


async def checked_identity(database: Database) -> StoreIdentity:
    """Which database this is. Raises `SchemaMismatch` unless its schema is this program's."""
    identity = await read_identity(database)
    if identity.schema_version != latest_version():
        raise SchemaMismatch(
            f"the schema is at version {identity.schema_version}, this program needs {latest_version()}",
            where=database.place,
            fix="run `scidex-console schema apply`",
        )
    return identity
