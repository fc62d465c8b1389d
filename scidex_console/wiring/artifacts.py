"""Commits of writers over a configuration, for the public library and for the service."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from scidex_console import __version__
from scidex_console.adapters.files.failures import halting
from scidex_console.adapters.files.given import lies_at, stage
from scidex_console.adapters.files.incoming import incoming
from scidex_console.adapters.files.shelf import Shelf
from scidex_console.adapters.files.staging import StagingFolder
from scidex_console.adapters.files.worktree import CheckoutFiles
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.folders import PostgresFolders
from scidex_console.adapters.postgres.guarded_rows import GuardedRows
from scidex_console.adapters.postgres.identity import path_is_column
from scidex_console.adapters.postgres.journal import PostgresJournal
from scidex_console.adapters.postgres.registry import PostgresRegistry
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.adapters.postgres.writer_queue import WRITER, PostgresWriterQueue
from scidex_console.adapters.postgres.writing import PostgresAuthority, PostgresFailures
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.adapters.system.process import holder
from scidex_console.domain.artifact_commits import CommitRequest, CommitResult, GivenFile
from scidex_console.domain.errors import ConsoleError, Refused, UnsafePath
from scidex_console.domain.folders.layout import MANIFEST, stored_folder
from scidex_console.domain.folders.manifest import manifest_bytes
from scidex_console.domain.folders.registering import new_row
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.engine.artifacts.committing import ArtifactCommits, CommitRules
from scidex_console.engine.artifacts.failures import WriterFailures
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores.stores import Mandate, Stores
from scidex_console.engine.two_stores.turns import WriterTurns
from scidex_console.settings import Settings
from scidex_console.wiring.artifact_reading import reader_parts
from scidex_console.wiring.held_store import checked_identity
from scidex_console.wiring.stores import open_files

T = TypeVar("T")

_WAIT_S = 600.0
"""How long a writer waits for its turn: many batches of an engine, or one that is stuck."""


@asynccontextmanager
async def artifact_commits(
    settings: Settings, *, name: str = "", wait_s: float = _WAIT_S
) -> AsyncIterator[ArtifactCommits]:
    """What commits writers' files, open for as long as the block lasts; beside an engine or without one.

    `name` is what consoles show while it waits or writes; empty: process and host. `wait_s` is how long it
    waits for its turn. Raises `Refused` in `observe`, `SettingError`, `Unreachable`, `SchemaMismatch`.
    """
    if not settings.writes.enabled:
        raise _observes()
    name = name or holder()
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        files = await asyncio.to_thread(open_files, settings, clock, writer_wait=wait_s)
        database = await stack.enter_async_context(_database(settings, name))
        identity = await checked_identity(database)
        in_column = path_is_column(identity)
        fenced = FencedDatabase(database)
        worktree = files.repository.checkout.worktree
        folders, submodule = settings.folders, settings.repository.submodule
        journal = PostgresJournal(
            fenced,
            GuardedRows(database, file_path_is_column=in_column),
            path_keys=(*folders.path_keys, *folders.accessory_keys),
            roots=(submodule, str(worktree)),
        )
        queue = PostgresWriterQueue(database, name=f"{WRITER}{name}", wait_s=wait_s)
        stack.push_async_callback(queue.close)
        stores = Stores(
            journal,
            files.repository,
            files.worktree,
            files.staging,
            files.folders,
            Mandate(0, settings.writes.authorization, holder(), __version__, ""),
            grace=folders.grace.total_seconds(),
            turns=WriterTurns(files.repository, queue, f"{name} ({holder()})"),
        )
        staging = stack.enter_context(incoming(files.incoming))
        own = replace(
            stores,
            staging=staging,
            worktree=CheckoutFiles(worktree, staging=staging.root, outer=settings.repository.outer),
        )
        yield ArtifactCommits(
            stores=stores,
            own=own,
            rows=PostgresFolders(fenced),
            authority=PostgresAuthority(fenced),
            rules=CommitRules(
                resolving=folders.resolving(submodule=submodule, worktree=worktree),
                layout=folders.layout(),
                hash_sources=tuple(folders.hash_source),
                upstream_links=tuple(folders.upstream_links),
                file_path_field=identity.file_path_field,
            ),
            failures=WriterFailures(PostgresFailures(database), Shelf(files.shelf), clock),
            clock=clock,
        )


def _database(settings: Settings, name: str) -> Database:
    timeout = settings.database.statement_timeout.total_seconds()
    return Database(
        settings.database.need_url(),
        name=f"{WRITER}{name}",
        statement_timeout_s=timeout,
        lock_timeout_s=2.0,
        size=3,
    )


class ArtifactDesk:
    """What the public library does, over one open store: rows at once, commits only where writing is on."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        worktree: Path,
        commits: ArtifactCommits | None,
        staging: StagingFolder | None,
        name: str,
        stack: AsyncExitStack,
    ) -> None:
        """`stack` holds what is opened later."""
        self._settings = settings
        self._rows = PostgresFolders(FencedDatabase(database))
        self._registry = PostgresRegistry(database)
        self._worktree = worktree
        self._commits = commits
        self._staging = staging
        self._name = name
        self._readers = reader_parts(settings, database, name=f"library {name}"[:40])
        self._stack = stack
        self._opening = asyncio.Lock()
        self._keeps = False

    async def register(
        self,
        artifact_type: str,
        *,
        title: str | None,
        filename: str | None,
        metadata: Mapping[str, Any],
        content_hash: str | None,
        provenance_chain: Any,
    ) -> ArtifactRow:
        """Insert a new artifact's row; the row as the database has it."""
        if not self._settings.writes.enabled:
            raise _observes()
        row = new_row(
            artifact_type,
            id_uuid=str(uuid.uuid4()),
            folder_uuid=str(uuid.uuid4()),
            layout=self._settings.folders.layout(),
            submodule=self._settings.repository.submodule,
            title=title,
            filename=filename,
            metadata=metadata,
            content_hash=content_hash,
            provenance_chain=provenance_chain,
        )
        await self._registry.register(row)
        return await self._row(row.id)

    async def resolve(self, artifact: str) -> ArtifactRow:
        """The row with this id or UUID, counted as a read. Raises `Refused` when there is none."""
        async with self._opening:
            if not self._keeps:  # only now: a process that does nothing but write is no reader
                await self._stack.enter_async_context(self._readers.keeper.kept())
                self._keeps = True
        return _present(await self._readers.resolver.resolve(artifact), artifact).row

    async def _row(self, artifact: str) -> ArtifactRow:
        return _present(await self._rows.find(artifact), artifact)

    def folder(self, row: ArtifactRow) -> Path | None:
        """Where the folder of an artifact is, if it is there."""
        folder = self._folder(row)
        return self._worktree / folder if folder is not None else None

    def _folder(self, row: ArtifactRow) -> str | None:
        if row.migrated_at is None or row.uuid is None:
            return None
        return stored_folder(row.artifact_dir, row.uuid, submodule=self._settings.repository.submodule)

    async def manifest(self, artifact: str) -> dict[str, Any]:
        """The manifest of an artifact: its folder's, or else the legacy way."""
        return await asyncio.to_thread(self._manifest, await self._row(artifact))

    def _manifest(self, row: ArtifactRow) -> dict[str, Any]:
        folder = self._folder(row)
        if folder is not None and (found := self._read_json(f"{folder}/{MANIFEST}")) is not None:
            return found
        if not self._settings.folders.reads_legacy:
            raise Refused(
                "it has no manifest in a folder of its own",
                where=row.id,
                fix="let the `folders` job give it one; folders.legacy is off",
            )
        return self._legacy_manifest(row)

    def _legacy_manifest(self, row: ArtifactRow) -> dict[str, Any]:
        held, named = row.metadata.get("manifest"), row.metadata.get("manifest_path")
        if isinstance(held, dict):
            return held
        if isinstance(named, str) and named:
            with suppress(UnsafePath):
                path = self._readers.rules.inside(named)
                if path is not None and (found := self._read_json(path)) is not None:
                    return found
        try:
            told: dict[str, Any] = json.loads(manifest_bytes(row, ()))
        except ValueError as error:
            raise Refused(f"it has no manifest, and {error}", where=row.id, fix="mend the row") from error
        return told

    def _read_json(self, path: str) -> dict[str, Any] | None:
        """A document of the checkout, which no link leads out of; None without one."""
        file = self._readers.files.open(path)
        if file is None:
            return None
        with file, halting("a manifest cannot be read", where=path):
            content = file.read()
        try:
            said = json.loads(content)
        except (ValueError, RecursionError):
            return None
        return said if isinstance(said, dict) else None

    async def commit_paths(
        self, request: CommitRequest, primary: Sequence[Path], accessories: Sequence[Path]
    ) -> CommitResult:
        """Stage these files and commit them. Raises what `ArtifactCommits.commit` raises."""
        if self._commits is None:
            raise _observes()
        request = replace(request, writer=request.writer or self._name)
        staged: list[GivenFile] = []
        try:
            for path in (*primary, *accessories):
                staged.append(await self._stage(path))
        except ConsoleError as error:
            await self._commits.give_up(request, staged, error)
            raise
        first, others = staged[: len(primary)], staged[len(primary) :]
        return await self._commits.commit(
            replace(request, primary=first[0] if first else None, accessories=others)
        )

    async def _stage(self, path: Path) -> GivenFile:
        assert self._staging is not None, "it is there wherever commits are"
        writer = await in_thread(stage, self._staging, path)
        file = await writer.finish()
        at = await asyncio.to_thread(lies_at, path, self._worktree)
        return GivenFile(path.name, file.name, file.sha256, file.size, at)


@asynccontextmanager
async def artifact_desk(
    settings: Settings, *, name: str = "", wait_s: float = _WAIT_S
) -> AsyncIterator[ArtifactDesk]:
    """The desk of the public library, open for as long as the block lasts.

    Where the configuration only observes, rows and manifests can be read, and nothing else.
    """
    name = name or holder()
    async with AsyncExitStack() as stack:
        commits: ArtifactCommits | None = None
        staging: StagingFolder | None = None
        if settings.writes.enabled:
            commits = await stack.enter_async_context(artifact_commits(settings, name=name, wait_s=wait_s))
            assert isinstance(commits.staging, StagingFolder), "it is the folder that was made for it"
            staging = commits.staging
        database = await stack.enter_async_context(_database(settings, name))
        await checked_identity(database)
        worktree = await asyncio.to_thread(Checkout.find, settings.repository.need_path())
        yield ArtifactDesk(settings, database, worktree.worktree, commits, staging, name, stack)


def _present(found: T | None, artifact: str) -> T:
    if found is None:
        raise Refused("there is no such artifact", where=artifact, fix="check the id")
    return found


def _observes() -> Refused:
    return Refused(
        "this configuration only observes, and nothing is written",
        where="writes.enabled",
        fix="set writes.enabled = true and writes.authorization",
    )
