"""What readers of artifacts need from outside: rows, files, shares, and where counts of reads are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.handles import handle_in_addresses
from scidex_console.domain.intents import Intent
from scidex_console.domain.reading.found import FileLook
from scidex_console.domain.reading.kinds import ReaderKind, Source


class WouldWait(Exception):
    """Not all of it is in memory: a disk, or a network, would have to be waited for."""


class ReadableFiles(Protocol):
    """Files of the artifact repository's checkout, for reading only. Blocks.

    Paths are relative to the repository. What is no regular file inside it (a link, a folder, a pipe, a path
    that would climb out) is as if it were not there; nothing here is led out by a symbolic link.
    """

    def look(self, path: str) -> FileLook | None:
        """A regular file; None when there is none."""
        ...

    def head(self, path: str, limit: int) -> bytes | None:
        """The first `limit` bytes of a file; None when there is none."""
        ...

    def open(self, path: str) -> BinaryIO | None:
        """A file open for reading, which the caller closes; None when there is none."""
        ...

    def names(self, folder: str) -> tuple[str, ...] | None:
        """Names of the regular files directly in a folder, in order; None when there is no such folder.

        The same tuple is given again as long as the folder has not changed.
        """
        ...

    def below(self, folder: str, limit: int) -> Sequence[str]:
        """Paths of the regular files anywhere below a folder, `limit` at most; empty when there is none."""
        ...

    def at_hand(self, file: BinaryIO, offset: int, length: int) -> bytes | None:
        """Bytes of an open file if all of them are in memory, else None. Never waits."""
        ...

    def without_waiting(self) -> AbstractContextManager[None]:
        """Within it, this thread's calls raise `WouldWait` instead of waiting for a disk."""
        ...


@dataclass(frozen=True)
class Neighbour:
    """Another artifact at the end of a link."""

    id: str
    """The legacy id."""
    artifact_id: str | None
    """The UUID; None while none is minted."""
    artifact_type: str
    title: str | None
    artifact_dir: str | None
    link_type: str
    is_input: bool
    """Whether the artifact that was asked about was made from it; otherwise it was made from that one."""

    @property
    def handle(self) -> str:
        """What it is called by in addresses."""
        return handle_in_addresses(self.id, self.artifact_id)


@dataclass(frozen=True)
class Neighbours:
    """The ends of an artifact's links, in the order of their ids."""

    ends: tuple[Neighbour, ...] = ()
    unread: str = ""
    """Why they are not known; empty when they are."""


@dataclass(frozen=True)
class Search:
    """Which artifacts are looked for; empty fields do not filter."""

    text: str = ""
    """Part of the title or of the id, in any case."""
    artifact_type: str = ""
    has_folder: bool | None = None
    after: str = ""
    """The legacy id behind which to begin."""
    limit: int = 50


class ReadableRows(Protocol):
    """Rows of artifacts, for reading only."""

    async def find(self, key: str) -> ArtifactRow | None:
        """The row of a legacy id or of a UUID, in any case; an id goes before a UUID. None: there is none."""
        ...

    async def find_all(self, keys: Sequence[str]) -> Mapping[str, ArtifactRow]:
        """Rows by the keys they were asked for with; unknown ones are left out."""
        ...

    async def neighbours(self, artifact_id: str, upstream: Sequence[str], limit: int) -> Neighbours:
        """Ends of an artifact's links of the types `upstream`, whose source was made from their target."""
        ...

    async def search(self, search: Search, limit: int) -> Sequence[ArtifactRow]:
        """Rows in the order of their ids, `limit` at most."""
        ...


class ShareSource(Protocol):
    """Where the shares of readers are kept."""

    async def shares(self) -> Mapping[ReaderKind, float]:
        """Percent for each reader; those that the database does not name are left out."""
        ...


class ShareStore(ShareSource, Protocol):
    """Where the engine changes them. Every write checks the epoch (`Fenced`)."""

    async def set_shares(self, readers: Sequence[ReaderKind], percent: float, *, intent: Intent) -> None:
        """These readers have this share from now on."""
        ...


@dataclass(frozen=True)
class ReadCount:
    """So many reads of one kind that took about so long."""

    reader: ReaderKind
    source: Source
    fell_back: bool
    up_to_us: int
    """The bucket (`domain.reading.histogram`)."""
    n: int


@dataclass(frozen=True)
class RequestCount:
    """So many answers of one kind that took about so long."""

    route: str
    """A kind of address, such as `page`, `file` or `api_folder`: lower case, digits and `_`, at most 24."""
    status: int
    """Of HTTP."""
    up_to_us: int
    n: int


@dataclass(frozen=True)
class ReaderProcess:
    """What a reading process says of itself with each fold."""

    name: str
    """Such as `service` or `library`."""
    enabled: bool
    """`ARTIFACT_FOLDER_READERS_ENABLED` as it stands there."""
    legacy: bool
    """Whether the legacy way is open there at all."""


class ReadLog(Protocol):
    """Keeps counts by the minute, added to what is there. A right of its own, and no more than that."""

    async def add(
        self, process: ReaderProcess, reads: Sequence[ReadCount], requests: Sequence[RequestCount]
    ) -> None:
        """Add all of them, or none."""
        ...

    async def leave(self) -> None:
        """Say that this process reads no more."""
        ...
