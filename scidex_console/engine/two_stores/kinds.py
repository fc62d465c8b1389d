"""Which effects the operations of a batch have."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scidex_console.domain.batches import Batch
from scidex_console.domain.jobs import JobName
from scidex_console.engine.two_stores.added_files import AddedFiles
from scidex_console.engine.two_stores.committed_files import CommittedFiles
from scidex_console.engine.two_stores.decided_files import DecidedFiles
from scidex_console.engine.two_stores.effects import Effects
from scidex_console.engine.two_stores.kept_orphans import KeptOrphans
from scidex_console.engine.two_stores.laid_folders import LaidFolders
from scidex_console.engine.two_stores.stores import Stores

_KINDS: Mapping[JobName, Callable[[Stores], Effects]] = {
    JobName.FIGURES: AddedFiles,
    JobName.FOLDERS: LaidFolders,
}


def effects_of(stores: Stores, batch: Batch) -> Effects:
    """The effects of one batch: of a job, a person's decision, or a writer; an instance serves one batch."""
    if batch.writer:
        return CommittedFiles(stores)
    if batch.decision is None:
        return _KINDS[batch.job](stores)
    keeps = any(operation.entries for operation in batch.operations)
    return (KeptOrphans if keeps else DecidedFiles)(stores)
