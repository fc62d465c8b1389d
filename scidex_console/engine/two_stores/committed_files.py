"""The effects of a writer's commit: files that it brings, beside the manifest and the links of the folder.

No old path goes, so readers need no grace. What a writer has put at its place itself is found there and
stays there, whatever becomes of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scidex_console.domain.batches import Batch, Skip
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import Refused, UnsafePath
from scidex_console.domain.folders.entries import EntryRole, FolderEntry
from scidex_console.engine.ports import Committed
from scidex_console.engine.two_stores.laid_folders import LaidFolders
from scidex_console.engine.vocabulary import counted


class CommittedFiles(LaidFolders):
    """Implements `Effects` for writers' commits."""

    lasts = False
    doing = "commit"

    def commit(self, batch: Batch, expand: Callable[[], None]) -> Committed:
        """As a folder's, but git reads the files where they have appeared.

        Where another function commits, which can make no chain, all is one commit.
        """
        expand()
        if not self._repository.commits_by_another:
            return super().commit(batch, lambda: None)
        live, mandate = batch.live(), self._stores.mandate
        return self._repository.commit(
            [change for changes in self.coming(live) for change in changes],
            subject=f"{batch.job}: {self.doing} {counted(len(live), 'artifact')} (batch {batch.id})",
            trailers=mandate.trailers(batch, batch.op, CommitKind.APPLY),
            epoch=mandate.epoch,
        )

    def contract(self, batch: Batch) -> None:
        """Nothing: what was staged is the writer's, who throws it away."""

    def _hindrance(self, entry: FolderEntry, known: Mapping[str, str]) -> Skip | None:
        if entry.role is not EntryRole.ADDED:
            return super()._hindrance(entry, known)
        if known.get(entry.path, entry.blob) != entry.blob:
            return Skip(f"git already has a file at {entry.path}", again=False)
        try:
            is_there = self._folders.holds(entry.path, entry.sha256, link=False)
            if is_there or (entry.staged and self._stores.staging.holds(entry.staged, entry.sha256)):
                return None
        except (Refused, UnsafePath) as error:
            return Skip(str(error), again=False)
        return None if entry.blob else Skip(f"the staged file for {entry.path} is gone", again=False)

    def _lay(self, entry: FolderEntry) -> None:
        if entry.role is not EntryRole.ADDED:
            super()._lay(entry)
            return
        self._lay_added(entry)
        if entry.content is not None:
            self._repository.keep_large(entry.path, entry.sha256)

    def _lay_added(self, entry: FolderEntry) -> None:
        if not self._folders.holds(entry.path, entry.sha256, link=False):
            if entry.staged and self._stores.staging.holds(entry.staged, entry.sha256):
                self._stores.worktree.place(entry.staged, entry.path, entry.sha256)
            else:
                self._bring_from_git(entry)

    def _bring_from_git(self, entry: FolderEntry) -> None:
        if not entry.blob:
            raise Refused("the staged file is gone", where=entry.path)
        content = bytearray()
        if entry.content is not None:
            self._repository.export_large(entry.sha256, content.extend)
        else:
            self._repository.export_blob(entry.blob, content.extend)
        self._folders.lay(entry.path, bytes(content))


def is_abandoned(batch: Batch) -> bool:
    """Whether a batch without a commit is a writer's that has ended or was fenced: nobody waits for it.

    Its writer was never told that it came about, so it asks again. A redo has its files from git.
    """
    return bool(batch.writer) and batch.pass_no == 1
