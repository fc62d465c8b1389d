"""A checkout of a few files on the disk, and rows that lead to them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from scidex_console.adapters.files.reading import CheckoutReading
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.engine.reading.finding import ArtifactFinder
from scidex_console.settings import FoldersSettings

SUBMODULE = "data/scidex-artifacts"
UUID = "8a0c1b52-6d0e-4c3a-9b5f-2f1f7a3c9d10"


class SmallCheckout:
    """Files below `root`; what is asked of them is asked as the engine asks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = CheckoutReading(root)
        self.rules: ResolvingRules = FoldersSettings().resolving(submodule=SUBMODULE, worktree=root)

    def finder(self, *, legacy: bool = True) -> ArtifactFinder:
        return ArtifactFinder(self.files, self.rules, legacy=legacy)

    def put(self, path: str, content: bytes = b"bytes") -> str:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        return path

    def lay(self, row: ArtifactRow, files: dict[str, bytes]) -> ArtifactRow:
        """Lay out the row's folder: the first file is the primary one; the row as it then is."""
        names = list(files)
        for place, (name, content) in enumerate(files.items()):
            self.put(f"{UUID}/accessories/{name}" if place else f"{UUID}/{name}", content)
        listed = [
            {
                "path": f"accessories/{name}" if place else name,
                "migrated_from": "old",
                "sha256": hashlib.sha256(content).hexdigest(),
                "size_bytes": len(content),
                "media_type": "x/y",
            }
            for place, (name, content) in enumerate(files.items())
        ]
        self.put(f"{UUID}/manifest.json", json.dumps({"files": listed}).encode())
        return replace(
            row,
            uuid=UUID,
            artifact_dir=f"{SUBMODULE}/{UUID}",
            primary_filename=names[0] if names else None,
            accessory_filenames=tuple(names[1:]),
        )


def row(artifact_id: str = "figure-1", artifact_type: str = "figure", **metadata: Any) -> ArtifactRow:
    """A row that has no folder."""
    return ArtifactRow(
        artifact_id,
        artifact_type,
        "A title",
        None,
        None,
        metadata,
        None,
        None,
        None,
        None,
        None,
        None,
        1,
        None,
    )
