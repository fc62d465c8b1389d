"""What the two-store protocol works with."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from scidex_console.domain.batches import Batch
from scidex_console.domain.commits import CommitKind, Trailers
from scidex_console.domain.intents import Intent
from scidex_console.engine.ports import ArtifactRepository, FolderFiles, Journal, Staging, Worktree
from scidex_console.engine.two_stores.turns import WriterTurns


@dataclass(frozen=True)
class Mandate:
    """In whose name and under which authority this engine writes."""

    epoch: int
    authorization: str
    holder: str
    version: str
    journal: str
    """Identity of the journal it writes to, which every commit bears."""
    operator: str = "engine"
    """Who an audit row names where no operator asked."""
    reason: str = ""

    def trailers(self, batch: Batch, op: str, kind: CommitKind) -> Trailers:
        """The trailers of a commit made under this mandate."""
        return Trailers(
            op=op,
            batch=batch.uid,
            kind=kind,
            epoch=self.epoch,
            authorization=self.authorization,
            journal=self.journal,
        )

    def made(self, batch: Batch) -> Mapping[str, str]:
        """Where to look for a batch's commit: since its base, and by this journal."""
        return {"since": batch.base_commit, "journal": self.journal}

    def origin(self, intent: Intent | None = None) -> Mapping[str, str]:
        """Who an audit row names: the operator behind an intent, or the engine itself."""
        if intent is None:
            return {
                "operator": self.operator,
                "origin": self.holder,
                "reason": self.reason,
                "version": self.version,
            }
        operators = ", ".join([intent.operator, *intent.also_by])
        return {
            "operator": operators,
            "origin": intent.origin,
            "reason": intent.reason,
            "version": self.version,
        }


@dataclass(frozen=True)
class Stores:
    """The two stores, the files between them, and the right to change them."""

    journal: Journal
    repository: ArtifactRepository
    worktree: Worktree
    staging: Staging
    folders: FolderFiles
    mandate: Mandate
    grace: float = 1.0
    """Seconds that a reader who has just read a row has to open its old path."""
    turns: WriterTurns | None = None
    """The writer lock; None: there is no database to queue in, and the repository's own lock is all."""

    def writing(self) -> AbstractAsyncContextManager[None]:
        """Hold the repository's writer lock, so that other writers alternate with us batch by batch."""
        turns = self.turns or WriterTurns(self.repository, None, self.mandate.holder)
        return turns.turn()
