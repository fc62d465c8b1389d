"""Reading one case's file: what it is now, what it was, and which version is the promised one. Blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scidex_console.domain.errors import ConsoleError, Refused, UnsafePath
from scidex_console.domain.folders.entries import REGULAR
from scidex_console.domain.folders.hashes import Expected, HashSource, expected_hash
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.lfs import POINTER_LIMIT, read_pointer
from scidex_console.domain.triage import Version
from scidex_console.engine.jobs.folder_reading import FolderReader
from scidex_console.engine.ports import ArtifactRepository, FolderFiles, PastVersion

MOST_VERSIONS = 50
"""Commits of a file's past that are looked at."""
MOST_BYTES = 256 << 20
"""Of past versions that are hashed for one case; the newest come first."""
_REGULAR = (REGULAR, "100755")


@dataclass(frozen=True)
class Hashed:
    """A blob of git, read to its end."""

    raw: str
    """sha256 of its bytes."""
    raw_size: int
    sha256: str
    """Of the content: of a Git LFS pointer, what it stands for."""
    size: int

    @property
    def is_stand_in(self) -> bool:
        """Whether it is a Git LFS pointer."""
        return self.raw != self.sha256


@dataclass(frozen=True)
class ReadCase:
    """A row's primary file as it was found."""

    row: ArtifactRow
    expected: Expected | None
    path: str = ""
    version: Version | None = None
    """As it lies in the checkout, which is what git has."""
    hashed: Hashed | None = None
    why_unread: str = ""


@dataclass(frozen=True)
class Past:
    """A file's past."""

    versions: tuple[tuple[PastVersion, Hashed | None], ...] = ()
    more: bool = False
    matching: int | None = None
    """Which of the versions is the promised one: the newest of several."""

    @property
    def match(self) -> tuple[PastVersion, Hashed] | None:
        """The version that the row promises."""
        if self.matching is None:
            return None
        version, hashed = self.versions[self.matching]
        return (version, hashed) if hashed is not None else None


@dataclass
class CaseReader:
    """Reads files against one look at the commit at the tip; `look` takes another."""

    reader: FolderReader
    repository: ArtifactRepository
    folders: FolderFiles
    hash_sources: Sequence[HashSource]
    _hashes: dict[str, Hashed] = field(default_factory=dict)

    def read(self, row: ArtifactRow) -> ReadCase:
        """The primary file of a row, or why there is none to look at."""
        expected = expected_hash(self.hash_sources, metadata=row.metadata, content_hash=row.content_hash)
        tree = self.reader.look()
        resolved = self.reader.resolve(row, tree)
        if not resolved.files:
            return ReadCase(row, expected, why_unread=resolved.quarantine or "it has no file in git")
        path = resolved.files[0]
        entry = tree.entries[path]
        if entry.mode not in _REGULAR:
            return ReadCase(row, expected, path, why_unread=resolved.quarantine or "it is no regular file")
        try:
            found = self.folders.examine(path)
            hashed = self.hashed(entry.blob)
        except ConsoleError as error:
            if not isinstance(error, Refused | UnsafePath):
                raise
            return ReadCase(row, expected, path, why_unread=error.what)
        if found is None:
            return ReadCase(row, expected, path, why_unread="git has its file and the checkout has not")
        if found.blob != entry.blob and found.sha256 != hashed.sha256:
            why = resolved.quarantine or "its file differs from git's: commit or restore it"
            return ReadCase(row, expected, path, why_unread=why)
        version = Version(entry.blob, found.sha256, found.size, entry.mode)
        return ReadCase(row, expected, path, version, hashed)

    def past(self, case: ReadCase, *, until_match: bool) -> Past:
        """Its past versions with their hashes; `until_match` reads no further than the promised one."""
        if not case.path:
            return Past()
        versions = list(self.repository.past_versions(case.path, limit=MOST_VERSIONS + 1))
        more, versions = len(versions) > MOST_VERSIONS, versions[:MOST_VERSIONS]
        budget, matching = MOST_BYTES, None
        read: list[tuple[PastVersion, Hashed | None]] = []
        for number, version in enumerate(versions):
            hashed = self._known(version.blob) if budget <= 0 else self.hashed(version.blob)
            budget -= hashed.raw_size if hashed is not None else 0
            read.append((version, hashed))
            is_it = hashed is not None and case.expected is not None and hashed.sha256 == case.expected.sha256
            if is_it and matching is None:
                matching = number
                if until_match:
                    break
        return Past(tuple(read), more, matching)

    def hashed(self, blob: str) -> Hashed:
        """A blob's hashes; blobs do not change, so each is read once."""
        if (known := self._known(blob)) is not None:
            return known
        digest, size, head = hashlib.sha256(), 0, bytearray()

        def take(chunk: bytes) -> None:
            nonlocal size
            digest.update(chunk)
            size += len(chunk)
            if len(head) < POINTER_LIMIT:
                head.extend(chunk[:POINTER_LIMIT])

        self.repository.export_blob(blob, take)
        raw = digest.hexdigest()
        pointer = read_pointer(bytes(head)) if size < POINTER_LIMIT else None
        content = (pointer.sha256, pointer.size) if pointer is not None else (raw, size)
        self._hashes[blob] = Hashed(raw, size, *content)
        return self._hashes[blob]

    def _known(self, blob: str) -> Hashed | None:
        return self._hashes.get(blob)

    def content(self, blob: str, *, most: int) -> bytes | None:
        """A blob's bytes; None when there are more than that."""
        if self.hashed(blob).raw_size > most:
            return None
        content = bytearray()
        self.repository.export_blob(blob, content.extend)
        return bytes(content)


def others_of(path: str, artifact_id: str, claimants: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Other artifacts that name a file."""
    return tuple(sorted(claimants.get(path, frozenset()) - {artifact_id}))
