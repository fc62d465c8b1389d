"""The folder an artifact gets: its files' names, its links, its manifest, and its row afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from scidex_console.domain.folders.layout import (
    ACCESSORIES,
    LAYOUT_VERSION,
    MANIFEST,
    RESERVED,
    Direction,
    FolderLayout,
    link_target,
    stored_folder,
)
from scidex_console.domain.folders.manifest import FolderFile, manifest_bytes, media_type
from scidex_console.domain.folders.moved_paths import MovedPaths
from scidex_console.domain.folders.names import Names, friendly_name
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.domain.folders.rows import ArtifactRow, Relations
from scidex_console.domain.paths import is_safe


@dataclass(frozen=True)
class ReadFile:
    """A file of the checkout as it was read and verified."""

    path: str
    mode: str
    blob: str
    """Git's object at the tip; the checkout's bytes agree with it."""
    sha256: str
    """Of the bytes in the checkout."""
    size: int
    """Of the bytes in the checkout."""
    lfs_sha256: str = ""
    """What a Git LFS pointer stands for; empty when git holds the file itself."""
    lfs_size: int = 0

    @property
    def content_sha256(self) -> str:
        """Of what the file stands for."""
        return self.lfs_sha256 or self.sha256

    @property
    def content_size(self) -> int:
        """Of what the file stands for."""
        return self.lfs_size if self.lfs_sha256 else self.size


@dataclass(frozen=True)
class Move:
    """One file from its old place to its place in the folder."""

    file: ReadFile
    path: str
    """Relative to the artifact repository."""


@dataclass(frozen=True)
class FolderPlan:
    """Everything one artifact's migration puts into its folder, and the row before and after."""

    row: ArtifactRow
    after: ArtifactRow
    folder: str
    """Relative to the artifact repository."""
    moves: tuple[Move, ...]
    """The files that do not lie at their place yet, the primary one first."""
    manifest: bytes
    links: Mapping[str, str]
    """Link's path relative to the artifact repository, and what it holds."""
    files: tuple[FolderFile, ...]
    """Every file of the folder as the manifest and the migration log list it, the primary one first."""

    @property
    def manifest_path(self) -> str:
        """Relative to the artifact repository."""
        return f"{self.folder}/{MANIFEST}"


def plan_folder(
    row: ArtifactRow,
    files: Sequence[ReadFile],
    relations: Relations,
    layout: FolderLayout,
    rules: ResolvingRules,
    lay_at: Mapping[str, str] | None = None,
) -> FolderPlan:
    """Plan the folder of an artifact with a minted UUID and verified files, the primary one first.

    `lay_at` tells where files lay before an earlier migration brought them into the folder, by their paths
    there: manifest and log go on saying so. The row must have been resolved without quarantine. Raises
    ValueError when it cannot be put into a manifest, or when the `primary_filename` it has cannot be one.
    """
    if row.uuid is None:
        raise ValueError("an artifact without a UUID has no folder")
    folder = stored_folder(row.artifact_dir, row.uuid, submodule=rules.submodule) or layout.folder(row.uuid)
    moves = _name(row, files, folder)
    inner = [move.path.removeprefix(f"{folder}/") for move in moves]
    moved = MovedPaths(row, {move.file.path: move.path for move in moves}, folder, rules)
    after = replace(
        row,
        artifact_dir=f"{rules.submodule}/{folder}",
        primary_filename=inner[0] if inner else None,
        accessory_filenames=[name.removeprefix(f"{ACCESSORIES}/") for name in inner[1:]],
        layout_version=LAYOUT_VERSION,
        file_path=moved.file_path(),
        metadata=moved.metadata(),
    )
    listed = tuple(_listed(move, name, lay_at or {}) for move, name in zip(moves, inner, strict=True))
    return FolderPlan(
        row=row,
        after=after,
        folder=folder,
        moves=tuple(move for move in moves if move.path != move.file.path),
        manifest=manifest_bytes(after, listed),
        links=links_of(folder, relations, layout, rules),
        files=listed,
    )


def _name(row: ArtifactRow, files: Sequence[ReadFile], folder: str) -> tuple[Move, ...]:
    top, accessories = Names(*RESERVED), Names()
    kept: dict[int, str] = {}
    for place, file in enumerate(files):
        if name := _kept_name(row, file, folder, primary=not place):
            kept[place] = (accessories if place else top).reserve(name)
    moves = []
    for place, file in enumerate(files):
        name = kept.get(place) or friendly_name(
            file.path.rpartition("/")[2],
            artifact_type=row.artifact_type,
            artifact_id=row.id,
            names=accessories if place else top,
        )
        moves.append(Move(file, f"{folder}/{ACCESSORIES}/{name}" if place else f"{folder}/{name}"))
    return tuple(moves)


def _kept_name(row: ArtifactRow, file: ReadFile, folder: str, *, primary: bool) -> str:
    """The name a file has in the folder already, by its row or by lying there; empty when it gets one."""
    lies_in, _, name = file.path.rpartition("/")
    if not primary:
        return name if lies_in == f"{folder}/{ACCESSORIES}" else ""
    name = row.primary_filename or (name if lies_in == folder else "")  # once set, it never changes
    return checked_name(name) if name else ""


def checked_name(primary_filename: str) -> str:
    """A name that a row gives its primary file. Raises ValueError when it cannot be one in a folder."""
    if "/" in primary_filename or not is_safe(primary_filename) or primary_filename.lower() in RESERVED:
        raise ValueError(f"primary_filename {primary_filename!r} cannot be a file's name in a folder")
    return primary_filename


def _listed(move: Move, name: str, lay_at: Mapping[str, str]) -> FolderFile:
    file = move.file
    return FolderFile(
        path=name,
        migrated_from=lay_at.get(name, file.path) if move.path == file.path else file.path,
        sha256=file.content_sha256,
        size=file.content_size,
        media_type=media_type(name.rpartition("/")[2]),
    )


def links_of(
    folder: str, relations: Relations, layout: FolderLayout, rules: ResolvingRules
) -> dict[str, str]:
    """Links to where the other ends' folders are by their rows, or else will be."""
    ends = {Direction.INPUTS: relations.inputs, Direction.OUTPUTS: relations.outputs}
    found: dict[str, str] = {}
    for direction, uuids in ends.items():
        for uuid in uuids:
            said = stored_folder(relations.folders.get(uuid), uuid, submodule=rules.submodule)
            found[f"{folder}/{direction}/{uuid}"] = link_target(folder, said or layout.folder(uuid))
    return found
