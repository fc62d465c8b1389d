"""What the folder migration needs: the rows and their claims, and the checkout's files, read and laid out.

`FolderFiles` is synchronous. It flushes nothing one by one: everything laid is made durable by the
repository's `sync` before the database learns of it, and nothing old goes before that.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.folders.statuses import FolderStatus
from scidex_console.domain.lfs import LfsPointer
from scidex_console.engine.ports.repository import Repacked


@dataclass(frozen=True)
class ExaminedFile:
    """A regular file of the checkout, read once from end to end."""

    sha256: str
    blob: str
    """The name git would give these bytes."""
    size: int
    """Bytes."""
    pointer: LfsPointer | None
    """What the bytes stand for, when they are a Git LFS pointer."""


class FolderFiles(Protocol):
    """Files by paths relative to the checkout. No path is followed through a symbolic link."""

    def examine(self, path: str) -> ExaminedFile | None:
        """Read a regular file; None when there is none. Raises `UnsafePath` for a symlinked folder."""
        ...

    def differs_in_line_ends(self, path: str, blob: str) -> bool:
        """Whether a file is git's object but for the carriage returns before its line feeds."""
        ...

    def target(self, path: str) -> str | None:
        """What the symbolic link at a path holds; None when there is none."""
        ...

    def share(self, source: str, path: str) -> None:
        """Let `path` be another name of the very file at `source` (copied where links are not possible).

        Adopts our own name from before a crash. Raises `Refused` when `source` is gone or something else is
        at `path`, `UnsafePath`, `Halt`.
        """
        ...

    def copy(self, source: str, path: str, sha256: str) -> None:
        """Let `path` hold the bytes of `source` in a file of its own. Raises as `share` does."""
        ...

    def part(self, source: str, path: str) -> None:
        """Where `path` is another name of the file at `source`, let it become a file of its own."""
        ...

    def lay(self, path: str, content: bytes, *, over: str = "", executable: bool = False) -> None:
        """Let a small file of these bytes appear, whole; in place of one with the sha256 `over`, if given.

        The same bytes that are there already are adopted. Raises `Refused` when another file is there.
        """
        ...

    def lay_link(self, path: str, target: str) -> None:
        """Let a symbolic link appear; the same link is adopted. Raises `Refused` when something else is."""
        ...

    def holds(self, path: str, sha256: str, *, link: bool) -> bool:
        """Whether the path is a regular file (or a link) of this content."""
        ...

    def take_away(self, path: str, sha256: str, *, link: bool, twin: str = "") -> bool:
        """Remove a file or link if it is still what it was; True when it is gone afterwards.

        One that is the very file at `twin` goes without being read. Folders left empty go too.
        """
        ...


@dataclass(frozen=True)
class DueFolder:
    """An artifact that may be migrated now."""

    artifact_id: str
    row: ArtifactRow


@dataclass(frozen=True)
class FolderGap:
    """How many artifacts of the gap may be taken up."""

    due: int
    later: int
    """Tried again by themselves, but not yet."""
    next_at: datetime | None


@dataclass(frozen=True)
class Refusal:
    """Why an artifact is not migrated, and what happens next."""

    status: FolderStatus
    reason: str
    details: Mapping[str, Any]
    """For the migration log: hashes, sizes, types, paths."""
    took_ms: int
    retry_at: datetime | None
    """None: a person must look first."""


@dataclass(frozen=True)
class Census:
    """What a survey of the store found."""

    files: int
    """Files in the artifact repository."""
    bytes: int
    """Of its git directory."""
    orphans: int
    """Files that no row claims and that lie in no artifact's folder."""
    with_files: int
    """Rows of the gap that have files."""
    hash_advice: str
    """What the order of hash sources should rather be; empty when it fits."""


class FolderStore(Protocol):
    """The gap of folders, and what the database says about artifacts."""

    def rows(self) -> AsyncIterator[Sequence[ArtifactRow]]:
        """All rows that are not migrated, in pages."""
        ...

    async def due(self, limit: int, *, excluding: Collection[str]) -> Sequence[DueFolder]:
        """The newest rows that may be migrated now."""
        ...

    async def gap(self) -> FolderGap: ...

    async def read(self, artifact_ids: Sequence[str]) -> Mapping[str, ArtifactRow]:
        """Rows as they are now; deleted ones are left out."""
        ...

    async def links(
        self, artifact_ids: Sequence[str], link_types: Sequence[str]
    ) -> Sequence[tuple[str, str]]:
        """Links of these types that begin or end at these artifacts: what was derived, and from what."""
        ...

    async def mint(self, artifact_ids: Sequence[str]) -> Mapping[str, str]:
        """UUIDs of these artifacts; those that have none get one, which stays theirs for ever."""
        ...

    async def folders_of(self, artifact_ids: Sequence[str]) -> Mapping[str, str]:
        """`artifact_dir` by UUID, of those of these artifacts whose row has both."""
        ...

    async def logged_files(
        self, artifact_ids: Collection[str]
    ) -> Mapping[str, Sequence[Mapping[str, object]]]:
        """What the migration log says the folders of these artifacts hold or held, where it says anything."""
        ...

    async def first_laid_out(self) -> str:
        """A path in the first folder that was laid out where the configuration said; empty: there is none."""
        ...

    async def claimants(self, paths: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Who claims each path and is not migrated yet."""
        ...

    async def refuse(self, row: ArtifactRow, refusal: Refusal) -> None:
        """Log why an artifact is not migrated, and keep it from being taken up before its time."""
        ...

    async def count_step(self, run_id: int) -> None:
        """One artifact of a step has been looked at."""
        ...

    async def horizon(self) -> int:
        """What `changed_since` counts from: what ended before it is seen by whatever reads later."""
        ...

    async def changed_since(self, seen: int) -> tuple[Sequence[ArtifactRow], int]:
        """Rows without a folder that were written since a horizon, and the horizon from now on."""
        ...

    async def record_claims(self, artifact_ids: Sequence[str], claims: Sequence[tuple[str, str]]) -> None:
        """What these artifacts claim now (path, artifact), in place of what they claimed."""
        ...

    async def record_survey(self, claims: Sequence[tuple[str, str]], census: Census) -> None:
        """Who claims what (path, artifact), and the store's figures, the first also as those at the start."""
        ...

    async def record_repacked(self, done: Repacked) -> None:
        """Bytes of everything git keeps, before it was repacked and since."""
        ...

    async def next_cycle_at(self) -> datetime | None: ...

    async def schedule_cycle(self, at: datetime | None) -> None:
        """When the next cycle begins; outlives a restart."""
        ...

    async def make_due(self, artifact_ids: Sequence[str]) -> Sequence[str]:
        """Retry: rows that wait for a person become due now; the ids it did."""
        ...
