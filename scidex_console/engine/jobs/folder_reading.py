"""Reading one artifact's files: are they there, are they git's, and are they what the row promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from scidex_console.domain.errors import Refused, UnsafePath
from scidex_console.domain.folders.hashes import HashSource, expected_hash
from scidex_console.domain.folders.layout import folder_of
from scidex_console.domain.folders.manifest import media_type
from scidex_console.domain.folders.planning import Move, ReadFile
from scidex_console.domain.folders.resolving import (
    Resolved,
    ResolvingRules,
    TreeEntry,
    TreeIndex,
    is_recordable,
    of_other_checkouts,
    resolve,
    with_companions,
)
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.folders.statuses import FolderStatus
from scidex_console.domain.folders.tree import SYMLINK, is_led_to, led_to
from scidex_console.domain.lfs import POINTER_LIMIT, LfsPointer, read_pointer
from scidex_console.engine.attributes import Moving, kept_otherwise
from scidex_console.engine.ports import (
    ArtifactRepository,
    Clock,
    ExaminedFile,
    FolderFiles,
    Refusal,
    Worktree,
)

_LOST_PRIMARY = (
    "its row has a primary_filename, and git has no such file: commit or restore it, or empty that column"
)
_CONVERTED = "git converts its file for the checkout ({}): git keeps other bytes than readers see"


@dataclass(frozen=True)
class ReadArtifact:
    """An artifact whose files are verified."""

    row: ArtifactRow
    files: tuple[ReadFile, ...]
    """The primary one first."""
    resolved: Resolved
    took_ms: int

    @property
    def missing(self) -> tuple[str, ...]:
        """Recorded paths that lead nowhere."""
        return self.resolved.missing

    def with_row(self, row: ArtifactRow | None) -> ReadArtifact | None:
        """The same with its row as it is now; None when more than a UUID has come to it since."""
        if row is None or self.row != (row if self.row.uuid else replace(row, uuid=None)):
            return None
        return replace(self, row=row)


class _NotNow(Exception):
    """Something about a file stands in the way."""

    def __init__(self, status: FolderStatus, reason: str, **details: object) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.details = details


class FolderReader:
    """Reads artifacts one by one, against the last look at the commit at the tip. Blocks.

    A look that has grown old does no harm: the batch verifies everything against the tip as it is then.
    """

    def __init__(
        self,
        *,
        repository: ArtifactRepository,
        folders: FolderFiles,
        worktree: Worktree,
        rules: ResolvingRules,
        hash_sources: Sequence[HashSource],
        retry_after: timedelta,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._folders = folders
        self._worktree = worktree
        self._rules = rules
        self._hash_sources = hash_sources
        self._retry_after = retry_after
        self._clock = clock
        self._head = ""
        self._tree = TreeIndex({})
        self._claimed: frozenset[str] = frozenset()
        self._links: dict[str, str] = {}
        self._led_to: frozenset[str] = frozenset()

    @property
    def rules(self) -> ResolvingRules:
        """How rows name files."""
        return self._rules

    def look(self) -> TreeIndex:
        """The files of the commit at the tip, indexed once per commit."""
        head = self._repository.head()
        if head != self._head:
            changes = self._repository.tree_changes(self._head, head)
            if changes is None:
                self._tree = TreeIndex(self._repository.tree())
            else:
                self._tree = self._tree.following(changes)
            self._head = head
            self._look_at_links()
        return self._tree

    def _look_at_links(self) -> None:
        """Where the symbolic links of the checkout lead that are not ours."""
        links = {path: blob for path, blob in self._tree.links.items() if is_recordable(path)}
        if links != self._links:
            targets = ((path, self._folders.target(path)) for path in links)
            self._led_to = led_to({path: to for path, to in targets if to}, self._rules.worktree)
            self._links = links

    def standing(self, found: Sequence[ReadArtifact]) -> list[ReadArtifact]:
        """Of artifacts that were read before, those whose files are the same by the last look."""
        return [each for each in found if self._stands(each)]

    def _stands(self, found: ReadArtifact) -> bool:
        entries = self._tree.entries
        if self.resolve(found.row, self._tree) != found.resolved:
            return False
        if any(entries[file.path] != TreeEntry(file.mode, file.blob) for file in found.files):
            return False
        try:
            for recorded in found.missing:
                self._require_gone(recorded)
        except _NotNow:
            return False
        return True

    def remember_claims(self, claimed: frozenset[str]) -> None:
        """Files that rows name themselves, which are no companions of others."""
        self._claimed = claimed

    def resolve(self, row: ArtifactRow, tree: TreeIndex, claimed: frozenset[str] | None = None) -> Resolved:
        """The files of a row, its companions among them."""
        resolved = resolve(row, tree, self._rules)
        return with_companions(resolved, tree, self._claimed if claimed is None else claimed)

    def may_go(self, path: str) -> bool:
        """Whether an old path may be taken away at all.

        One in some artifact's folder stays there, and one that a symbolic link leads to, so that whoever
        goes by the link finds it.
        """
        return folder_of(path) is None and not self.is_led_to(path)

    def is_led_to(self, path: str) -> bool:
        """Whether a symbolic link of the repository leads to a path, or to a folder that it lies in."""
        return is_led_to(path, self._led_to)

    def later(self, reason: str) -> Refusal:
        """Something of somebody else's was in the way: the artifact is tried again after a while."""
        return Refusal(FolderStatus.SKIPPED, reason, {}, 0, self._clock.now() + self._retry_after)

    def read(self, row: ArtifactRow) -> ReadArtifact | Refusal:
        """Verify an artifact's files, or say what is wrong with them."""
        began = self._clock.monotonic()
        try:
            resolved = self.resolve(row, self._tree)
            if resolved.quarantine:
                raise _NotNow(FolderStatus.QUARANTINED, resolved.quarantine)
            for recorded in resolved.missing:
                self._require_gone(recorded)
            if resolved.lost_primary:
                raise _NotNow(FolderStatus.ERROR, _LOST_PRIMARY, primary_filename=row.primary_filename)
            files = tuple(self._read(path) for path in resolved.files)
            self._require_promised(row, files)
            self._require_same_elsewhere(row, files)
        except _NotNow as trouble:
            took_ms = self._since(began)
            retry_at = self._clock.now() + self._retry_after if trouble.status.tried_again else None
            return Refusal(trouble.status, trouble.reason, trouble.details, took_ms, retry_at)
        return ReadArtifact(row, files, resolved, self._since(began))

    def _since(self, began: float) -> int:
        return round((self._clock.monotonic() - began) * 1000)

    def _require_gone(self, recorded: str) -> None:
        """A path that git does not have must not lead to a file all the same: it would be left behind."""
        try:
            path = self._rules.inside(recorded)
        except UnsafePath as error:
            raise _NotNow(FolderStatus.QUARANTINED, error.what, path=recorded) from error
        if path is not None and self._worktree.exists(path):
            raise _NotNow(FolderStatus.ERROR, "its file is not in git: commit it first", path=path)
        if self._worktree.opens_elsewhere(recorded):
            raise _NotNow(
                FolderStatus.QUARANTINED, "its file is not inside the artifact repository", path=recorded
            )

    def _read(self, path: str) -> ReadFile:
        entry = self._tree.entries[path]
        try:
            found = self._folders.examine(path)
        except UnsafePath as error:
            raise _NotNow(FolderStatus.QUARANTINED, error.what, path=path) from error
        except Refused as error:
            raise _NotNow(FolderStatus.ERROR, error.what, path=path) from error
        if found is None:
            raise _NotNow(
                FolderStatus.ERROR, "git has its file and the checkout has not: restore it", path=path
            )
        stands_for = found.pointer
        if found.blob != entry.blob:
            stands_for = self._pointer_of(entry.blob)
            if stands_for is None or stands_for.sha256 != found.sha256:
                if said := self._repository.conversions([path]).get(path):
                    raise _NotNow(FolderStatus.QUARANTINED, _CONVERTED.format(said), path=path)
                if self._folders.differs_in_line_ends(path, entry.blob):
                    raise _NotNow(FolderStatus.QUARANTINED, _CONVERTED.format("line ends"), path=path)
                raise _NotNow(
                    FolderStatus.ERROR, "its file differs from git's: commit or restore it", path=path
                )
        return _read_file(path, entry.mode, entry.blob, found, stands_for)

    def converted(self, moves: Sequence[Move]) -> Mapping[str, Refusal]:
        """By new path, files that git would keep otherwise in their folders, and would call changed there."""
        if not self._tree.has_attributes:
            return {}
        files = [Moving(m.file.path, m.path, m.file.blob) for m in moves if m.file.mode != SYMLINK]
        old = {file.new: file.old for file in files}
        return {
            path: Refusal(FolderStatus.QUARANTINED, reason, {"path": old[path]}, 0, None)
            for path, reason in kept_otherwise(self._repository, files).items()
        }

    def _pointer_of(self, blob: str) -> LfsPointer | None:
        """What git's object stands for: the checkout may hold the very file instead of its pointer."""
        head = bytearray()

        def take(chunk: bytes) -> None:
            if len(head) < POINTER_LIMIT:
                head.extend(chunk[:POINTER_LIMIT])

        self._repository.export_blob(blob, take)
        return read_pointer(bytes(head))

    def _require_promised(self, row: ArtifactRow, files: Sequence[ReadFile]) -> None:
        if not files:
            return
        expected = expected_hash(self._hash_sources, metadata=row.metadata, content_hash=row.content_hash)
        primary = files[0]
        if expected is not None and expected.sha256 != primary.content_sha256:
            raise _NotNow(
                FolderStatus.HASH_MISMATCH,
                f"{expected.source} is not the hash of the file",
                path=primary.path,
                source=expected.source,
                expected_sha256=expected.sha256,
                actual_sha256=primary.content_sha256,
                size_bytes=primary.content_size,
                recorded_size_bytes=row.metadata.get("file_size_bytes"),
                media_type=media_type(primary.path.rpartition("/")[2]),
                artifact_type=row.artifact_type,
            )

    def _require_same_elsewhere(self, row: ArtifactRow, files: Sequence[ReadFile]) -> None:
        """A path of another checkout that opens on this machine must not lead to other bytes than ours."""
        promised = expected_hash(self._hash_sources, metadata=row.metadata, content_hash=row.content_hash)
        proven = files[0].path if files and promised is not None else None
        by_path = {file.path: file for file in files}
        for recorded, path in of_other_checkouts(row, self._rules).items():
            file = by_path.get(path)
            if file is None or path == proven:
                continue
            if self._worktree.differs_at(recorded, (file.sha256, file.content_sha256)):
                raise _NotNow(
                    FolderStatus.QUARANTINED,
                    "its path leads to another checkout, whose file is not this one's or cannot be read",
                    path=recorded,
                )


def _read_file(path: str, mode: str, blob: str, found: ExaminedFile, pointer: LfsPointer | None) -> ReadFile:
    lfs = (pointer.sha256, pointer.size) if pointer else ("", 0)
    return ReadFile(path, mode, blob, found.sha256, found.size, *lfs)
