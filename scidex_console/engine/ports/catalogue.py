"""What the read service asks the database besides artifacts: the newest, histories, names, addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.engine.listing_views import ArtifactHistory


@dataclass(frozen=True)
class FormerName:
    """A file under the path it has or had in its artifact's folder, and where it came from."""

    path: str
    """In the folder, relative to the artifact repository."""
    source: str
    """Before it was moved there, relative to the same; empty where it was not moved."""


@dataclass(frozen=True)
class Moved:
    """Where a batch moved a file."""

    owner: str
    """The artifact's id; of a file that no row claims, its subject (`domain.orphans`)."""
    path: str
    """Relative to the artifact repository."""


class Catalogue(Protocol):
    """For reading only."""

    async def newest(self, limit: int) -> Sequence[ArtifactRow]:
        """The newest artifacts."""
        ...

    async def history(self, artifact_id: str) -> ArtifactHistory:
        """What happened to an artifact."""
        ...

    async def former_names(self, artifact_id: str) -> Sequence[FormerName]:
        """Every place that a batch gave to a file of an artifact, the newest first; also taken-back ones."""
        ...

    async def moved_from(self, path: str) -> Sequence[Moved]:
        """Whose file a batch moved from a path, and where to, the newest first; also taken-back ones."""
        ...

    def addresses(self, first: str, limit: int) -> AsyncIterator[Sequence[tuple[str, str]]]:
        """(what addresses call it, type) of `limit` artifacts from an id on, by id, in portions.

        Those that no address can name are left out.
        """
        ...

    async def milestones(self, every: int) -> Sequence[str]:
        """By id, the first artifact and each further one that comes `every` artifacts later."""
        ...
