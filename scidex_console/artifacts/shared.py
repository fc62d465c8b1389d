"""The functions of this library over one store per process, opened when it is first needed."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scidex_console.artifacts.records import Artifact
from scidex_console.artifacts.store import ArtifactStore
from scidex_console.domain.artifact_commits import CommitResult

_opening = threading.Lock()
_open: tuple[int, ArtifactStore] | None = None
"""The store, and the process that opened it: a forked child opens its own."""


def register_artifact(
    artifact_type: str,
    *,
    title: str | None = None,
    filename: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    content_hash: str | None = None,
    provenance_chain: Any = None,
) -> Artifact:
    """Make a new artifact's row: see `ArtifactStore.register_artifact`."""
    return _shared().register_artifact(
        artifact_type,
        title=title,
        filename=filename,
        metadata=metadata,
        content_hash=content_hash,
        provenance_chain=provenance_chain,
    )


def resolve_artifact(artifact: str) -> Artifact:
    """The artifact with this id or UUID: see `ArtifactStore.resolve_artifact`."""
    return _shared().resolve_artifact(artifact)


def get_capsule_manifest(artifact: str) -> dict[str, Any]:
    """The manifest of an artifact: see `ArtifactStore.get_capsule_manifest`."""
    return _shared().get_capsule_manifest(artifact)


def commit_artifact(
    *,
    artifact_id: str,
    paths: Sequence[str | Path],
    friendly_name: str | None = None,
    reason: str = "",
) -> CommitResult:
    """Commit files to an artifact's folder: see `ArtifactStore.commit_artifact`."""
    return _shared().commit_artifact(
        artifact_id=artifact_id, paths=paths, friendly_name=friendly_name, reason=reason
    )


def add_accessories(*, artifact_id: str, paths: Sequence[str | Path], reason: str = "") -> CommitResult:
    """Add files beside the primary one: see `ArtifactStore.add_accessories`."""
    return _shared().add_accessories(artifact_id=artifact_id, paths=paths, reason=reason)


def _shared() -> ArtifactStore:
    global _open
    with _opening:
        if _open is None or _open[0] != os.getpid() or _open[1].is_closed:
            _open = os.getpid(), ArtifactStore.open()
        return _open[1]


def close_shared() -> None:
    """Close the store that the functions of this module share; the next call opens another."""
    global _open
    with _opening:
        if _open is not None and _open[0] == os.getpid():
            _open[1].close()
        _open = None


atexit.register(close_shared)
os.register_at_fork(after_in_child=_opening._at_fork_reinit)  # type: ignore[attr-defined]
