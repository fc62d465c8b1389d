"""The effects of a figure's operation: one file is added, or one that was there is adopted, or none is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set

from scidex_console.domain.batches import AdoptedFile, Batch, NewFile, Operation, Skip
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import Halt, Refused, UnsafePath
from scidex_console.domain.fetching import StagedFile
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import Committed, PathChange
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores.effects import Operations
from scidex_console.engine.two_stores.stores import Stores


class AddedFiles:
    """Implements `Effects` for figures."""

    lasts = False

    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._staged: dict[str, str] = {}
        """Which staged file each operation will use."""

    def paths(self, operations: Operations) -> list[str]:
        """Every path of git that is concerned."""
        return [file.path for _, file in _files(operations)]

    async def verify(self, batch: Batch) -> Mapping[str, Skip]:
        """Every file is there with the expected bytes, and its place is free or already holds them.

        A file to adopt is where it belongs, or comes back there from git.
        """
        stores, skips = self._stores, dict[str, Skip]()
        files = _files(batch.live())
        head = await in_thread(stores.repository.head)
        known = await in_thread(stores.repository.blobs_of, head, [file.path for _, file in files])
        for operation, file in files:
            if file.path in known and known[file.path] != file.blob:
                reason = f"git already has a file at {file.path}"
                skips[operation.artifact_id] = Skip(reason, again=False)
            elif await in_thread(stores.staging.holds, file.staged, file.sha256):
                self._staged[operation.artifact_id] = file.staged
            elif await self._is_placed(file):
                self._staged[operation.artifact_id] = ""
            elif file.blob:
                self._staged[operation.artifact_id] = await self._redone(operation.artifact_id, file)
            else:
                skips[operation.artifact_id] = Skip("the staged file is gone", again=True)
        for operation, adopted in _adopted(batch.live()):
            self._staged[operation.artifact_id] = ""
            if not await self._is_placed(adopted):
                skip = await self._find_again(operation.artifact_id, adopted, head)
                skips |= {operation.artifact_id: skip} if skip else {}
        return skips

    async def hindrances(self, operations: Operations) -> Mapping[str, str]:
        """What git or the checkout has where a file is to come back from git."""
        known = await in_thread(self._known, operations)
        found: dict[str, str] = {}
        for operation, file in _files(operations):
            if known.get(file.path, file.blob) != file.blob:
                found[operation.artifact_id] = f"git already has a file at {file.path}"
            elif not (await self._is_placed(file) or await in_thread(self._is_vacant, file.path)):
                found[operation.artifact_id] = f"something else is at {file.path}"
        return found

    def expand(self, operations: Operations) -> Mapping[str, Skip]:
        """New files appear beside what is there; nothing is replaced."""
        skips: dict[str, Skip] = {}
        wanted: list[tuple[Operation, NewFile | AdoptedFile]] = [*_files(operations), *_adopted(operations)]
        for operation, file in wanted:
            staged = self._staged[operation.artifact_id]
            try:
                if staged:
                    self._stores.worktree.place(staged, file.path, file.sha256)
            except (Refused, UnsafePath) as error:
                skips[operation.artifact_id] = Skip(str(error), again=False)
            reach("batch: placed a file")
        return skips

    def changes_git(self, operations: Operations) -> bool:
        """Whether there is anything to commit."""
        return bool(_files(operations))

    def commit(self, batch: Batch, expand: Callable[[], None]) -> Committed:
        """One commit for all files, which git reads where they have appeared."""
        expand()
        files, mandate = _files(batch.live()), self._stores.mandate
        return self._stores.repository.commit(
            [PathChange(file.path, file.sha256, file.blob) for _, file in files],
            subject=f"{batch.job}: add {len(files)} files (batch {batch.id})",
            trailers=mandate.trailers(batch, batch.op, CommitKind.APPLY),
            epoch=mandate.epoch,
        )

    def owners(self, operations: Operations, path: str) -> list[Operation]:
        """The operations a path belongs to."""
        return [operation for operation, file in _files(operations) if file.path == path]

    def retreat(self, operations: Operations, *, placed: bool) -> None:
        """Files that were placed go, unless git has them.

        Somebody else's may have the same bytes: only what is still one with a staged file goes.
        """
        if placed:
            known = self._known(operations)
            for _, file in _files(operations):
                if file.path not in known:
                    self._stores.worktree.withdraw(file.path, file.sha256)

    def inverse(self, operations: Operations) -> list[PathChange]:
        """Removals of the files; of one that git does not have any more, nothing comes."""
        return [PathChange(file.path, None, file.blob) for _, file in _files(operations)]

    def vanish(self, operations: Operations) -> None:
        """The files go where they are still what they were."""
        for _, file in _files(operations):
            self._stores.worktree.remove(file.path, file.sha256)
            reach("rollback: removed a file")

    def restitution(self, batch: Batch, taken: Set[str]) -> list[PathChange]:
        """Nothing: no old path goes."""
        return []

    def contract(self, batch: Batch) -> None:
        """Our staging goes."""
        names = {file.staged for _, file in _files(batch.operations)} | set(self._staged.values())
        self._stores.staging.discard(names - {""})

    def reappear(self, operations: Operations) -> Mapping[str, str]:
        """Nothing was there before."""
        return {}

    def reinstatement(self, operations: Operations, *, besides: Operations) -> list[PathChange]:
        """The files that git does not have any more."""
        known = self._known(operations)
        return [
            PathChange(file.path, file.sha256, file.blob)
            for _, file in _files(operations)
            if file.path not in known
        ]

    def _known(self, operations: Operations) -> Mapping[str, str]:
        repository = self._stores.repository
        return repository.blobs_of(repository.head(), self.paths(operations))

    def _is_vacant(self, path: str) -> bool:
        return self._stores.worktree.is_vacant(path)

    async def _find_again(self, artifact_id: str, file: AdoptedFile, head: str) -> Skip | None:
        """The file to adopt is not in the checkout: git may still have it."""
        stores = self._stores
        if not await in_thread(self._is_vacant, file.path):
            return Skip(f"something else is at {file.path}", again=False)
        blob = (await in_thread(stores.repository.blobs_of, head, [file.path])).get(file.path)
        staged = await self._bring_back(artifact_id, blob) if blob else None
        if staged is not None and staged.sha256 == file.sha256:
            self._staged[artifact_id] = staged.name
            return None
        if staged is not None:
            await in_thread(stores.staging.discard, [staged.name])
        return Skip(f"the file to adopt is gone from {file.path}", again=True)

    async def _is_placed(self, file: NewFile | AdoptedFile) -> bool:
        try:
            present = await in_thread(self._stores.worktree.digest, file.path)
        except UnsafePath:
            return False
        return present is not None and present.sha256 == file.sha256

    async def _bring_back(self, artifact_id: str, blob: str) -> StagedFile:
        """Stage the bytes of a blob git already has."""
        writer = self._stores.staging.create(artifact_id)
        try:
            await in_thread(self._stores.repository.export_blob, blob, writer.write)
        except BaseException:
            writer.abandon()
            raise
        return await writer.finish()

    async def _redone(self, artifact_id: str, file: NewFile) -> str:
        """Name of the staged file of a redo, whose bytes git has."""
        staged = await self._bring_back(artifact_id, file.blob)
        if staged.sha256 != file.sha256:
            raise Halt(
                f"object {file.blob} does not have the recorded sha256 {file.sha256}",
                where=file.path,
                fix="run `git fsck` in the artifact repository",
            )
        return staged.name


def _files(operations: Operations) -> tuple[tuple[Operation, NewFile], ...]:
    """The operations that add a file, each with it."""
    return tuple((operation, operation.file) for operation in operations if operation.file is not None)


def _adopted(operations: Operations) -> tuple[tuple[Operation, AdoptedFile], ...]:
    """The operations whose file was there before, each with it."""
    return tuple((operation, operation.adopted) for operation in operations if operation.adopted is not None)
