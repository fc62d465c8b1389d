"""A batch goes forward: from the journal through git to the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scidex_console.domain.batches import AdoptedFile, Batch, NewFile, Operation, Skip
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import Halt, Refused, UnsafePath
from scidex_console.domain.fetching import StagedFile
from scidex_console.domain.jobs import JobName
from scidex_console.engine.killpoints import reach
from scidex_console.engine.ports import PathChange
from scidex_console.engine.threads import in_thread
from scidex_console.engine.two_stores.stores import Stores, adopted_of, files_of


async def apply(
    stores: Stores, job: JobName, run_id: int | None, operations: Sequence[Operation]
) -> Batch | None:
    """Take operations through the two stores as one batch; None when every artifact is claimed elsewhere.

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
        )
        if batch is None:
            return None
        reach("batch: journalled")
        return await go_forward(stores, batch)


async def go_forward(stores: Stores, batch: Batch) -> Batch:
    """From a journalled batch without a commit to a clean one. The writer lock is held."""
    staged = await _verify(stores, batch)
    batch = await _leave_out(stores, batch, staged.skips)
    reach("batch: verified")
    skips = await in_thread(_expand, stores, batch, staged.names)
    batch = await _leave_out(stores, batch, skips)
    reach("batch: expanded")
    if files_of(batch.live()):
        batch = await _commit(stores, batch)
    return await finish_forward(stores, batch, also_discard=frozenset(staged.names.values()))


async def finish_forward(
    stores: Stores, batch: Batch, *, also_discard: frozenset[str] = frozenset()
) -> Batch:
    """From a batch whose commit exists (or that needs none) to a clean one. The writer lock is held."""
    await in_thread(stores.repository.sync)
    reach("batch: synced")
    batch, result = await stores.journal.switch(
        batch, epoch=stores.mandate.epoch, origin=stores.mandate.origin()
    )
    reach("batch: switched")
    lost = [
        file for operation, file in files_of(batch.operations) if operation.artifact_id in result.conflicts
    ]
    if lost:
        await withdraw(stores, batch, lost)
    return await contract(stores, batch, also_discard=also_discard)


async def contract(stores: Stores, batch: Batch, *, also_discard: frozenset[str] = frozenset()) -> Batch:
    """After the switch: our staging goes, and the batch is clean."""
    names = {file.staged for _, file in files_of(batch.operations)} | also_discard
    await in_thread(stores.staging.discard, names - {""})
    reach("batch: contracted")
    return await stores.journal.finish(batch)


async def withdraw(stores: Stores, batch: Batch, files: Sequence[NewFile]) -> None:
    """Take back the files of rows that somebody else changed meanwhile: their edit wins."""
    found = await in_thread(
        stores.repository.find, batch.op, CommitKind.COMPENSATE, **stores.mandate.made(batch)
    )
    if found is None:
        found = await in_thread(
            stores.repository.commit,
            [PathChange(file.path, None, file.blob) for file in files],
            subject=f"{batch.job}: withdraw {len(files)} files of batch {batch.id}, their rows changed",
            trailers=stores.mandate.trailers(batch, batch.op, CommitKind.COMPENSATE),
            epoch=stores.mandate.epoch,
        )
    reach("batch: compensated")
    await stores.journal.record_commit(batch, found, CommitKind.COMPENSATE, batch.op)
    await in_thread(stores.repository.sync)
    for file in files:
        await in_thread(stores.worktree.remove, file.path, file.sha256)
    reach("batch: withdrawn")


class _Staged:
    """Which staged file each operation will use, and which operations cannot go on."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.skips: dict[str, Skip] = {}


async def _verify(stores: Stores, batch: Batch) -> _Staged:
    """Every file is there with the expected bytes, and its place is free or already holds them.

    A file to adopt is where it belongs, or comes back there from git.
    """
    found = _Staged()
    files = files_of(batch.live())
    head = await in_thread(stores.repository.head)
    known = await in_thread(stores.repository.blobs_of, head, [file.path for _, file in files])
    for operation, file in files:
        if file.path in known and known[file.path] != file.blob:
            reason = f"git already has a file at {file.path}"
            found.skips[operation.artifact_id] = Skip(reason, again=False)
        elif await in_thread(stores.staging.holds, file.staged, file.sha256):
            found.names[operation.artifact_id] = file.staged
        elif await _already_placed(stores, file):
            found.names[operation.artifact_id] = ""
        elif file.blob:
            found.names[operation.artifact_id] = await _redone(stores, operation.artifact_id, file)
        else:
            found.skips[operation.artifact_id] = Skip("the staged file is gone", again=True)
    for operation, adopted in adopted_of(batch.live()):
        found.names[operation.artifact_id] = ""
        if not await _already_placed(stores, adopted):
            await _find_again(stores, found, operation.artifact_id, adopted, head)
    return found


async def _find_again(stores: Stores, found: _Staged, artifact_id: str, file: AdoptedFile, head: str) -> None:
    """The file to adopt is not in the checkout: git may still have it."""
    if not await in_thread(stores.worktree.is_vacant, file.path):
        found.skips[artifact_id] = Skip(f"something else is at {file.path}", again=False)
        return
    blob = (await in_thread(stores.repository.blobs_of, head, [file.path])).get(file.path)
    staged = await _bring_back(stores, artifact_id, blob) if blob else None
    if staged is not None and staged.sha256 == file.sha256:
        found.names[artifact_id] = staged.name
        return
    if staged is not None:
        await in_thread(stores.staging.discard, [staged.name])
    found.skips[artifact_id] = Skip(f"the file to adopt is gone from {file.path}", again=True)


async def _already_placed(stores: Stores, file: NewFile | AdoptedFile) -> bool:
    try:
        present = await in_thread(stores.worktree.digest, file.path)
    except UnsafePath:
        return False
    return present is not None and present.sha256 == file.sha256


async def _bring_back(stores: Stores, artifact_id: str, blob: str) -> StagedFile:
    """Stage the bytes of a blob git already has."""
    writer = stores.staging.create(artifact_id)
    try:
        await in_thread(stores.repository.export_blob, blob, writer.write)
    except BaseException:
        writer.abandon()
        raise
    return await writer.finish()


async def _redone(stores: Stores, artifact_id: str, file: NewFile) -> str:
    """Name of the staged file of a redo, whose bytes git has."""
    staged = await _bring_back(stores, artifact_id, file.blob)
    if staged.sha256 != file.sha256:
        raise Halt(
            f"object {file.blob} does not have the recorded sha256 {file.sha256}",
            where=file.path,
            fix="run `git fsck` in the artifact repository",
        )
    return staged.name


def _expand(stores: Stores, batch: Batch, names: Mapping[str, str]) -> dict[str, Skip]:
    """New files appear beside what is there; nothing is replaced."""
    skips: dict[str, Skip] = {}
    live = batch.live()
    wanted: list[tuple[Operation, NewFile | AdoptedFile]] = [*files_of(live), *adopted_of(live)]
    for operation, file in wanted:
        staged = names[operation.artifact_id]
        try:
            if staged:
                stores.worktree.place(staged, file.path, file.sha256)
        except (Refused, UnsafePath) as error:
            skips[operation.artifact_id] = Skip(str(error), again=False)
        reach("batch: placed a file")
    return skips


async def _leave_out(stores: Stores, batch: Batch, skips: Mapping[str, Skip]) -> Batch:
    return await stores.journal.skip(batch, skips) if skips else batch


async def _commit(stores: Stores, batch: Batch) -> Batch:
    """Git's commit point. A path that git refuses is left out, so that it does not hold up the others."""
    while files := files_of(batch.live()):
        try:
            committed = await in_thread(
                stores.repository.commit,
                [PathChange(file.path, file.sha256, file.blob) for _, file in files],
                subject=f"{batch.job}: add {len(files)} files (batch {batch.id})",
                trailers=stores.mandate.trailers(batch, batch.op, CommitKind.APPLY),
                epoch=stores.mandate.epoch,
            )
        except (Refused, UnsafePath) as error:
            batch = await _leave_out_refused(stores, batch, error)
            continue
        reach("batch: committed")
        batch = await stores.journal.record_commit(batch, committed, CommitKind.APPLY, batch.op)
        reach("batch: commit recorded")
        return batch
    return batch


async def _leave_out_refused(stores: Stores, batch: Batch, error: Refused | UnsafePath) -> Batch:
    refused = [(o, file) for o, file in files_of(batch.live()) if file.path == error.where]
    if not refused:
        raise Halt(error.what, where=error.where, fix=error.fix) from error
    skips = {operation.artifact_id: Skip(str(error), again=False) for operation, _ in refused}
    batch = await _leave_out(stores, batch, skips)
    for _, file in refused:
        await in_thread(stores.worktree.remove, file.path, file.sha256)
    return batch
