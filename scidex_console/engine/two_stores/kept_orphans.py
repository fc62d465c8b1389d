"""The effects of keeping files that no row claims: each goes below `orphans/`, a manifest beside it.

They are those of a folder, but that all of a decision is one commit.
"""

from __future__ import annotations

from collections.abc import Callable

from scidex_console.domain.batches import Batch
from scidex_console.domain.commits import CommitKind
from scidex_console.engine.ports import Committed
from scidex_console.engine.two_stores.laid_folders import LaidFolders
from scidex_console.engine.vocabulary import counted


class KeptOrphans(LaidFolders):
    """Implements `Effects` for files that are kept."""

    def commit(self, batch: Batch, expand: Callable[[], None]) -> Committed:
        """One commit for all files."""
        expand()
        live, mandate = batch.live(), self._stores.mandate
        return self._repository.commit(
            [change for changes in self.coming(live) for change in changes],
            subject=f"{batch.job}: keep {counted(len(live), 'file')} that no row claims,"
            f" by decision {batch.decision} (batch {batch.id})",
            trailers=mandate.trailers(batch, batch.op, CommitKind.APPLY),
            epoch=mandate.epoch,
        )
