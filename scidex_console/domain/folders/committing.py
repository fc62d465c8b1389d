"""What a writer's commit puts into an artifact's folder, beside what is there.

Names, manifest and links are made as the migration makes them. A file is known again by its bytes, so the
same commit asked for twice adds nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from scidex_console.domain.artifact_commits import CommitRequest, GivenFile
from scidex_console.domain.batches import Operation
from scidex_console.domain.errors import Refused
from scidex_console.domain.folders.entries import EntryRole, FolderEntry
from scidex_console.domain.folders.hashes import HashSource, expected_hash
from scidex_console.domain.folders.layout import (
    ACCESSORIES,
    LAYOUT_VERSION,
    RESERVED,
    FolderLayout,
    stored_folder,
)
from scidex_console.domain.folders.manifest import FolderFile, manifest_bytes, media_type
from scidex_console.domain.folders.moved_paths import MovedPaths
from scidex_console.domain.folders.names import Names, friendly_name, split_extension
from scidex_console.domain.folders.operations import operation_for_folder
from scidex_console.domain.folders.planning import FolderPlan, checked_name, links_of
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.domain.folders.rows import ArtifactRow, Relations
from scidex_console.domain.lfs import pointer_to


@dataclass(frozen=True)
class Added:
    """One file that comes into the folder."""

    file: GivenFile
    path: str
    """Relative to the artifact repository."""

    @property
    def standing(self) -> bool:
        """Whether its writer has put it at its place already."""
        return self.file.lies_at == self.path


@dataclass(frozen=True)
class CommitPlan:
    """A folder as it is to be, and what has to be added for it."""

    folder: FolderPlan
    added: tuple[Added, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The added files, relative to the folder."""
        return tuple(each.path.removeprefix(f"{self.folder.folder}/") for each in self.added)

    def operation(
        self,
        *,
        replaced_manifest: bytes | None,
        standing_links: Collection[str],
        had: Sequence[FolderFile],
        migrated_at: datetime,
        took_ms: int,
        file_path_field: str,
        pointed: Collection[str] = (),
    ) -> Operation:
        """The operation of the batch. `had` is what the folder held before, for the log of a rollback.

        `pointed` are the added paths of which git gets a Git LFS pointer.
        """
        operation = operation_for_folder(
            self.folder,
            leaving=frozenset(),
            replaced_manifest=replaced_manifest,
            standing_links=frozenset(standing_links),
            migrated_at=migrated_at,
            took_ms=took_ms,
            missing=(),
            file_path_field=file_path_field,
            files_before=[file.to_json() for file in had],
        )
        added = [
            FolderEntry(
                EntryRole.ADDED,
                each.path,
                each.file.sha256,
                each.file.size,
                content=pointer_to(each.file.sha256, each.file.size) if each.path in pointed else None,
                staged=each.file.staged,
                standing=each.standing,
            )
            for each in self.added
        ]
        return replace(operation, entries=(*added, *operation.entries))


def plan_commit(
    row: ArtifactRow,
    request: CommitRequest,
    had: Sequence[FolderFile],
    relations: Relations,
    layout: FolderLayout,
    rules: ResolvingRules,
    hash_sources: Sequence[HashSource],
) -> CommitPlan:
    """Plan a commit to an artifact with a minted UUID; `had` are the files its folder holds by its manifest.

    Raises `Refused` when the request does not fit what is there, ValueError when the row cannot be put into a
    manifest.
    """
    if row.uuid is None:
        raise ValueError("an artifact without a UUID has no folder")
    folder = stored_folder(row.artifact_dir, row.uuid, submodule=rules.submodule) or layout.folder(row.uuid)
    added = _add(row, request, had, folder, hash_sources)
    files = (*had, *(_listed(each, folder) for each in added))
    primary = [file for file in files if "/" not in file.path]
    accessories = [file for file in files if "/" in file.path]
    places = {each.file.lies_at or each.file.name: each.path for each in added}
    brings_primary = any("/" not in file.path for file in files[len(had) :])
    moved = MovedPaths(row, places, folder, rules, brings_primary=brings_primary)
    after = replace(
        row,
        artifact_dir=f"{rules.submodule}/{folder}",
        primary_filename=primary[0].path if primary else None,
        accessory_filenames=[file.path.removeprefix(f"{ACCESSORIES}/") for file in accessories],
        layout_version=LAYOUT_VERSION,
        file_path=moved.file_path(),
        metadata=moved.metadata(),
    )
    listed = (*primary, *accessories)
    plan = FolderPlan(
        row=row,
        after=after,
        folder=folder,
        moves=(),
        manifest=manifest_bytes(after, listed),
        links=links_of(folder, relations, layout, rules),
        files=listed,
    )
    return CommitPlan(plan, added)


def _add(
    row: ArtifactRow,
    request: CommitRequest,
    had: Sequence[FolderFile],
    folder: str,
    hash_sources: Sequence[HashSource],
) -> tuple[Added, ...]:
    top, accessories = Names(*RESERVED), Names()
    for held in had:
        (accessories if "/" in held.path else top).reserve(held.path.rpartition("/")[2])
    there = {file.sha256 for file in had}
    added: list[Added] = []
    if request.primary is not None:
        added += _add_primary(row, request, request.primary, had, folder, top, hash_sources)
        there.add(request.primary.sha256)
    for file in request.accessories:
        if file.sha256 not in there:
            there.add(file.sha256)
            name = _accessory_name(row, file, folder, accessories)
            added.append(Added(file, f"{folder}/{ACCESSORIES}/{name}"))
    return tuple(added)


def _add_primary(
    row: ArtifactRow,
    request: CommitRequest,
    file: GivenFile,
    had: Sequence[FolderFile],
    folder: str,
    names: Names,
    hash_sources: Sequence[HashSource],
) -> list[Added]:
    held = next((each for each in had if "/" not in each.path), None)
    if held is not None:
        if held.sha256 == file.sha256:
            return []
        raise Refused(
            f"its primary file is {held.path} already, with other bytes",
            where=row.id,
            fix="a primary file is never replaced: register a new artifact, or add the file as an accessory",
        )
    expected = expected_hash(hash_sources, metadata=row.metadata, content_hash=row.content_hash)
    if expected is not None and expected.sha256 != file.sha256:
        raise Refused(
            f"{expected.source} of its row is {expected.sha256}, and the file's sha256 is {file.sha256}",
            where=row.id,
            fix="commit the file that the row promises, or mend the row",
        )
    return [Added(file, f"{folder}/{_primary_name(row, request, file, folder, names)}")]


def _primary_name(
    row: ArtifactRow, request: CommitRequest, file: GivenFile, folder: str, names: Names
) -> str:
    extension = split_extension(file.name)[1]
    wish = request.friendly_name or file.name
    if not wish.lower().endswith(extension.lower()):
        wish += extension
    if not row.primary_filename:
        if file.lies_at and file.lies_at.rpartition("/")[0] == folder:
            return names.reserve(checked_name(file.lies_at.rpartition("/")[2]))
        return friendly_name(wish, artifact_type=row.artifact_type, artifact_id=row.id, names=names)
    kept = checked_name(row.primary_filename)  # once set, it never changes
    if request.friendly_name:
        any_name = Names(*RESERVED)
        made = friendly_name(wish, artifact_type=row.artifact_type, artifact_id=row.id, names=any_name)
        if made != kept:
            raise Refused(
                f"its primary_filename is {kept}, and {request.friendly_name!r} would make it {made}",
                where=row.id,
                fix="leave friendly_name out: a name that is set never changes",
            )
    return names.reserve(kept)


def _accessory_name(row: ArtifactRow, file: GivenFile, folder: str, names: Names) -> str:
    if file.lies_at and file.lies_at.rpartition("/")[0] == f"{folder}/{ACCESSORIES}":
        return names.reserve(file.lies_at.rpartition("/")[2])
    return friendly_name(file.name, artifact_type=row.artifact_type, artifact_id=row.id, names=names)


def _listed(added: Added, folder: str) -> FolderFile:
    name = added.path.removeprefix(f"{folder}/")
    return FolderFile(
        path=name,
        migrated_from="",
        sha256=added.file.sha256,
        size=added.file.size,
        media_type=media_type(name.rpartition("/")[2]),
    )
