"""What the read service asks the database besides artifacts: the newest, former names, all addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from scidex_console.domain.folders.rows import ArtifactRow


@dataclass(frozen=True)
class FormerName:
    """A file under the path it has or had in its artifact's folder, and where it came from."""

    path: str
    """In the folder, relative to the artifact repository."""
    source: str
    """Before it was moved there, relative to the same; empty where it was not moved."""


class Catalogue(Protocol):
    """For reading only."""

    async def newest(self, limit: int) -> Sequence[ArtifactRow]:
        """The newest artifacts."""
        ...

    async def former_names(self, artifact_id: str) -> Sequence[FormerName]:
        """Every place that a batch gave to a file of an artifact, the newest first; also taken-back ones."""
        ...

    async def moved_from(self, path: str) -> Sequence[str]:
        """Ids of artifacts to whose folders a batch moved the file that lay at a path, the newest first."""
        ...

    def addresses(self, first: str, limit: int) -> AsyncIterator[Sequence[tuple[str, str]]]:
        """(id, type) of `limit` artifacts from an id on (itself included), by id, in portions."""
        ...

    async def milestones(self, every: int) -> Sequence[str]:
        """By id, the first artifact and each further one that comes `every` artifacts later."""
        ...
