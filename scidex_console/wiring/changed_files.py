"""The look at a batch's folders that readers take for a preview; it changes nothing."""

from __future__ import annotations

import asyncio
import hashlib
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from scidex_console.adapters.postgres.previews import ChangedFiles
from scidex_console.domain.batches import Operation
from scidex_console.domain.errors import Unreachable
from scidex_console.settings import Settings


def look_at_folders(settings: Settings) -> ChangedFiles:
    """Finds the artifacts whose files were changed since; raises `ConsoleError` without a checkout."""

    def look(operations: Sequence[Operation], redo: bool) -> Mapping[str, str]:
        # Git and the checkout are for previews alone: a console or a command that shows none loads neither.
        from scidex_console.adapters.system.clock import SystemClock
        from scidex_console.engine.two_stores.changed_files import changed_files
        from scidex_console.wiring.stores import open_repository

        repository = open_repository(settings, SystemClock())
        worktree = Path(repository.checkout.worktree)
        try:
            return changed_files(repository, _Glance(worktree), operations, redo=redo)
        except OSError as error:
            raise Unreachable(f"the checkout cannot be read: {error}", where=str(worktree)) from error

    async def look_beside(operations: Sequence[Operation], *, redo: bool) -> Mapping[str, str]:
        return await asyncio.to_thread(look, operations, redo)

    return look_beside


class _Glance:
    """Implements the engine's `Glance` on a worktree."""

    def __init__(self, worktree: Path) -> None:
        self._worktree = worktree

    def size_of(self, path: str) -> int | None:
        try:
            found = (self._worktree / path).lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def holds(self, path: str, sha256: str) -> bool:
        if self.size_of(path) is None:
            return False
        return hashlib.sha256((self._worktree / path).read_bytes()).hexdigest() == sha256
