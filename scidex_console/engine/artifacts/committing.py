"""Commits of writers: one artifact's files into its folder, as a batch of its own, in a turn of its own.

It is the batch that an engine writes, by the same steps and under the same writer lock, whether an engine is
at work or not. A writer takes no epoch: it writes under the one in force, so that an engine which takes the
store over in the middle finishes or drops what it finds, and the writer asks again (decision record 24).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from scidex_console.domain.artifact_commits import CommitRequest, CommitResult, GivenFile
from scidex_console.domain.batches import Batch, OperationState
from scidex_console.domain.errors import (
    ConsoleError,
    Fenced,
    LockBusy,
    Overtaken,
    Refused,
    Unreachable,
    UnsafePath,
    briefly,
)
from scidex_console.domain.folders.committing import CommitPlan, plan_commit
from scidex_console.domain.folders.hashes import HashSource
from scidex_console.domain.folders.layout import FolderLayout
from scidex_console.domain.folders.manifest import FolderFile
from scidex_console.domain.folders.resolving import ResolvingRules, recorded_paths
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.jobs import JobName
from scidex_console.domain.sanitise import visible
from scidex_console.engine.artifacts.failures import WriterFailures
from scidex_console.engine.artifacts.folder_files import files_of_manifest, standing_manifest
from scidex_console.engine.jobs.relating import bookkeeping_of, relate
from scidex_console.engine.ports import ArtifactRepository, Clock, FolderStore, Staging
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores import forward, outer, recovery
from scidex_console.engine.two_stores.stores import Stores

_TRIES = 4
_PAUSE_S = 0.2
_LFS = "filter=lfs"


Admit = Callable[[], Awaitable[None]]
"""Asks whether a request still counts, which may have waited for its turn; raises where it does not."""


async def _anybody() -> None:
    """Whoever has the configuration's login may write."""


class WriterAuthority(Protocol):
    """Under which epoch, and for which journal, a writer that is no engine writes."""

    async def adopt(self) -> tuple[int, str]:
        """The epoch in force and the journal's identity; what is written from now on proves that epoch."""
        ...


class WrittenRows(FolderStore, Protocol):
    """What a commit asks of the rows, besides what the folder migration does."""

    async def find(self, artifact: str) -> ArtifactRow | None:
        """The row with this id, or with this UUID."""
        ...


@dataclass(frozen=True)
class CommitRules:
    """The configured part of a commit: that of the folder migration."""

    resolving: ResolvingRules
    layout: FolderLayout
    hash_sources: Sequence[HashSource]
    upstream_links: Sequence[str]
    file_path_field: str


class ArtifactCommits:
    """Takes writers' requests, one at a time in this process.

    `stores` are the two stores as an engine has them, for what a crash has left; their mandate's epoch and
    journal are set for each turn. `staging` and what `stores.worktree` places from it are the writer's own.
    """

    def __init__(
        self,
        *,
        stores: Stores,
        own: Stores,
        rows: WrittenRows,
        authority: WriterAuthority,
        rules: CommitRules,
        failures: WriterFailures,
        clock: Clock,
    ) -> None:
        """`own` are the stores with the staging folder of this writer."""
        self._stores = stores
        self._own = own
        self._rows = rows
        self._authority = authority
        self._rules = rules
        self._failures = failures
        self._clock = clock
        self._one = asyncio.Lock()
        self._publishing = asyncio.Lock()
        self._cleared = False
        """Whether what a killed writer may have left in the repositories has been cleared away."""

    @property
    def staging(self) -> Staging:
        """Where the files of a request are staged first."""
        return self._own.staging

    async def find(self, artifact: str) -> ArtifactRow | None:
        """The row of an artifact, by id or UUID."""
        return await self._rows.find(artifact)

    async def commit(self, request: CommitRequest, *, admit: Admit = _anybody) -> CommitResult:
        """Commit the request's files; asking again for the same changes nothing and answers the same.

        `admit` is asked in the turn, before anything is journalled: it raises what refuses the request.
        Raises `Refused` (the request does not fit: what, where, how to mend), `UnsafePath`, `LockBusy` (try
        again later), `Halt` (a full disk), `Unreachable`, `RepositoryError`. Whatever it raises is put on
        record as a failed commit. After `Unreachable` it may have come about: ask again.
        """
        try:
            async with self._one:
                result, stores = await self._commit(request, admit)
        except ConsoleError as error:
            await self._tell(request, error)
            raise
        finally:
            await self._discard(
                [file for file in (request.primary, *request.accessories) if file is not None]
            )
        # Also when nothing was left to do: a writer may have been killed before it came to this.
        await self._publish(stores)
        return result

    async def give_up(self, request: CommitRequest, staged: Sequence[GivenFile], error: ConsoleError) -> None:
        """A request that failed before it could be asked for is on record, too; what was staged goes."""
        await self._discard(staged)
        await self._tell(request, error)

    async def _discard(self, given: Sequence[GivenFile]) -> None:
        with suppress(ConsoleError):  # it goes with the folder
            await in_thread(self.staging.discard, [file.staged for file in given])

    async def _commit(self, request: CommitRequest, admit: Admit) -> tuple[CommitResult, Stores]:
        for last in [False] * (_TRIES - 1) + [True]:
            try:
                return await self._in_turn(request, admit)
            except (Fenced, Overtaken, LockBusy) as error:
                # An engine took over, or somebody edited the row: all of it is looked at anew.
                if last:
                    raise LockBusy(error.what, where=error.where, fix=error.fix or "try again") from error
                await self._clock.sleep(_PAUSE_S)
        raise AssertionError("the loop returns or raises")

    async def _in_turn(self, request: CommitRequest, admit: Admit) -> tuple[CommitResult, Stores]:
        began = self._clock.monotonic()
        async with self._stores.writing():
            epoch, journal = await self._authority.adopt()
            await in_thread(_follow, self._stores.repository, epoch)
            await self._failures.catch_up()
            who, why = visible(request.writer or "writer"), visible(request.reason)
            mandate = replace(self._stores.mandate, epoch=epoch, journal=journal, operator=who, reason=why)
            stores, own = replace(self._stores, mandate=mandate), replace(self._own, mandate=mandate)
            if not self._cleared:
                # A killed writer may have been moving the outer repository, with no batch left open.
                await in_thread(stores.repository.repair_index, [])
                self._cleared = True
            await recovery.recover_after(stores)
            row = await self._row(request.artifact)
            had = await self._had(row)
            plan = await self._plan(row, request, had)
            await admit()
            if row.migrated_at is not None and not plan.added:
                return _result(plan, None), stores
            return await self._write(own, stores, plan, had, who, began), stores

    async def _write(
        self,
        own: Stores,
        stores: Stores,
        plan: CommitPlan,
        had: Sequence[FolderFile],
        writer: str,
        began: float,
    ) -> CommitResult:
        pointed = await in_thread(self._pointed, plan)
        standing = await in_thread(bookkeeping_of, own.repository, [plan.folder])
        operation = plan.operation(
            replaced_manifest=standing.get(plan.folder.manifest_path),
            standing_links={
                path for path, to in plan.folder.links.items() if standing.get(path) == to.encode()
            },
            had=had,
            migrated_at=self._clock.now(),
            took_ms=round((self._clock.monotonic() - began) * 1000),
            file_path_field=self._rules.file_path_field,
            pointed=pointed,
        )
        try:
            batch = await forward.apply(own, JobName.FOLDERS, None, [operation], writer=writer)
        except (Fenced, Unreachable):
            raise
        except ConsoleError:
            # Nothing half-way is left to whoever comes next, as far as that is possible now.
            with suppress(ConsoleError):
                await recovery.recover_after(stores)
            raise
        if batch is None:
            raise LockBusy("another batch has the artifact in hand", where=plan.folder.row.id)
        _require_done(batch)
        return _result(plan, batch)

    # --- planning ---------------------------------------------------------------------------------------

    async def _row(self, artifact: str) -> ArtifactRow:
        row = await self._rows.find(artifact)
        if row is None:
            raise Refused(
                "there is no such artifact",
                where=artifact,
                fix="register_artifact gives an artifact its id; check the id",
            )
        return row

    async def _had(self, row: ArtifactRow) -> tuple[FolderFile, ...]:
        """The files that the artifact's folder holds."""
        if row.migrated_at is None:
            await in_thread(self._require_new, row)
            return ()
        logged = (await self._rows.logged_files([row.id])).get(row.id)
        try:
            if logged is not None:
                return tuple(FolderFile.from_json(said) for said in logged)
            manifest = await in_thread(
                standing_manifest, self._stores.repository, row, self._rules.resolving.submodule
            )
            return files_of_manifest(manifest)
        except ValueError as error:
            raise Refused(
                f"what its folder holds cannot be told: {error}",
                where=row.id,
                fix="mend its manifest.json, or let the row be migrated again",
            ) from error

    def _require_new(self, row: ArtifactRow) -> None:
        """An artifact without a folder must be the writer's to lay out: none that was made the old way."""
        rules, repository = self._rules.resolving, self._stores.repository
        paths = {path for recorded in recorded_paths(row, rules) if (path := _inside(rules, recorded))}
        held = repository.blobs_of(repository.head(), sorted(paths)) if paths else {}
        if held:
            raise Refused(
                f"git has a file that its row names already: {min(held)}",
                where=row.id,
                fix="it was made the old way: the engine's `folders` job gives it its folder; add files then",
            )
        if standing_manifest(repository, row, rules.submodule) is not None:
            raise Refused(
                "its folder waits to be laid out again by the engine",
                where=row.id,
                fix="run the `folders` job, and try again",
            )

    async def _plan(self, row: ArtifactRow, request: CommitRequest, had: Sequence[FolderFile]) -> CommitPlan:
        rules = self._rules
        relations, uuids, locked = await relate(self._rows, [row.id], rules.upstream_links)
        if row.id in locked or row.id not in uuids:
            raise LockBusy("its row, or one that it links to, is locked by somebody else", where=row.id)
        rules.layout.require_as_before(await self._rows.first_laid_out())
        try:
            plan = plan_commit(
                replace(row, uuid=uuids[row.id]),
                request,
                had,
                relations[row.id],
                rules.layout,
                rules.resolving,
                rules.hash_sources,
            )
        except ValueError as error:
            raise Refused(f"no manifest can be made: {error}", where=row.id, fix="mend the row") from error
        if row.primary_filename and not plan.folder.after.primary_filename:
            raise Refused(
                f"its row has primary_filename {row.primary_filename}, and no primary file was given",
                where=row.id,
                fix="name the primary file first in paths",
            )
        return plan

    def _pointed(self, plan: CommitPlan) -> frozenset[str]:
        """Added paths of which git gets a Git LFS pointer. Raises `Refused` for any other conversion."""
        found = self._stores.repository.conversions([each.path for each in plan.added])
        for path, said in found.items():
            if said != _LFS:
                raise Refused(
                    f"git would keep other bytes than readers see: .gitattributes has {said} there",
                    where=path,
                    fix="leave artifacts' folders out of that line",
                )
        return frozenset(found)

    # --- afterwards -------------------------------------------------------------------------------------

    async def _publish(self, stores: Stores) -> None:
        """The outer pointer follows; what cannot be published now is tried again with the next batch."""
        async with self._publishing:
            with suppress(ConsoleError):
                await outer.publish(stores)

    async def _tell(self, request: CommitRequest, error: ConsoleError) -> None:
        who = f"{request.writer}: " if request.writer else ""
        await self._failures.tell(type(error).__name__, f"{request.artifact}: {who}{briefly(error)}")


def _follow(repository: ArtifactRepository, epoch: int) -> None:
    """The repository has the database's epoch, which an engine that only observed has not brought there."""
    if repository.epoch() < epoch:
        repository.raise_epoch(epoch)


def _inside(rules: ResolvingRules, recorded: str) -> str | None:
    try:
        return rules.inside(recorded)
    except UnsafePath:
        return None


def _require_done(batch: Batch) -> None:
    """Raise why the one operation did not come about."""
    (operation,) = batch.operations
    match operation.state:
        case OperationState.DONE:
            return
        case OperationState.CONFLICT:
            raise Overtaken(operation.reason, where=operation.artifact_id)
        case _:
            raise Refused(operation.reason, where=operation.artifact_id)


def _result(plan: CommitPlan, batch: Batch | None) -> CommitResult:
    after = plan.folder.after
    assert after.uuid is not None and after.artifact_dir is not None, "a planned folder has both"
    return CommitResult(
        id=after.id,
        artifact_id=after.uuid,
        artifact_dir=after.artifact_dir,
        primary_filename=after.primary_filename,
        accessory_filenames=after.accessories,
        files=plan.folder.files,
        added=plan.names if batch is not None else (),
        batch=batch.id if batch is not None else None,
        commit=batch.commit if batch is not None else "",
    )
