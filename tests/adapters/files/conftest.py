"""A checkout and its staging folder on a real file system."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from scidex_console.adapters.files.staging import StagingFolder
from scidex_console.adapters.files.worktree import CheckoutFiles
from scidex_console.domain.fetching import StagedFile


@dataclass(frozen=True)
class Room:
    """Both sides of this room."""

    staging: StagingFolder
    checkout: CheckoutFiles

    @property
    def root(self) -> Path:
        return self.checkout.root

    async def stage(self, content: bytes, artifact_id: str = "fig-1") -> StagedFile:
        """A finished staged file."""
        writer = self.staging.create(artifact_id)
        writer.write(content)
        return await writer.finish()

    async def put(self, path: str, content: bytes) -> StagedFile:
        """Stage and place a file."""
        staged = await self.stage(content)
        self.checkout.place(staged.name, path, staged.sha256)
        return staged

    def files(self) -> dict[str, bytes]:
        """Every file of the checkout."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


def open_room(folder: Path) -> Room:
    root = folder / "checkout"
    root.mkdir(exist_ok=True)
    staging = StagingFolder(folder / "git/staging")
    return Room(staging, CheckoutFiles(root, staging=staging.root))


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return open_room(tmp_path)
