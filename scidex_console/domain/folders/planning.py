"""The folder an artifact gets: its files' names, its links, its manifest, and its row afterwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scidex_console.domain.folders.layout import (
    ACCESSORIES,
    LAYOUT_VERSION,
    MANIFEST,
    RESERVED,
    Direction,
    FolderLayout,
)
from scidex_console.domain.folders.manifest import FolderFile, manifest_bytes, media_type
from scidex_console.domain.folders.names import Names, friendly_name
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.domain.folders.rows import ArtifactRow, Relations


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
    manifest: bytes
    links: Mapping[str, str]
    """Link's path relative to the artifact repository, and what it holds."""
    files: tuple[FolderFile, ...]

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
) -> FolderPlan:
    """Plan the folder of an artifact with a minted UUID and verified files, the primary one first.

    Raises ValueError when the row cannot be put into a manifest.
    """
    if row.uuid is None:
        raise ValueError("an artifact without a UUID has no folder")
    folder = layout.folder(row.uuid)
    moves = _name(row, files, folder)
    primary = moves[0].path.removeprefix(f"{folder}/") if moves else None
    accessories = [move.path.rpartition("/")[2] for move in moves[1:]]
    places = {move.file.path: move.path for move in moves}
    after = replace(
        row,
        artifact_dir=f"{rules.submodule}/{folder}",
        primary_filename=primary,
        accessory_filenames=accessories,
        layout_version=LAYOUT_VERSION,
        file_path=_moved(row.file_path, places, folder, rules),
        metadata={key: _moved(value, places, folder, rules) for key, value in _path_values(row, rules)}
        | {key: value for key, value in row.metadata.items() if key not in dict(_path_values(row, rules))},
    )
    listed = tuple(
        FolderFile(
            path=move.path.removeprefix(f"{folder}/"),
            migrated_from=move.file.path,
            sha256=move.file.content_sha256,
            size=move.file.content_size,
            media_type=media_type(move.path),
        )
        for move in moves
    )
    return FolderPlan(
        row=row,
        after=after,
        folder=folder,
        moves=moves,
        manifest=manifest_bytes(after, listed),
        links=_links(folder, relations, layout),
        files=listed,
    )


def _name(row: ArtifactRow, files: Sequence[ReadFile], folder: str) -> tuple[Move, ...]:
    top, inner = Names(*RESERVED), Names()
    moves = []
    for place, file in enumerate(files):
        names = inner if place else top
        if not place and row.primary_filename:
            name = names.reserve(row.primary_filename)  # once set, it never changes
        else:
            name = friendly_name(
                file.path.rpartition("/")[2],
                artifact_type=row.artifact_type,
                artifact_id=row.id,
                names=names,
            )
        moves.append(Move(file, f"{folder}/{ACCESSORIES}/{name}" if place else f"{folder}/{name}"))
    return tuple(moves)


def _path_values(row: ArtifactRow, rules: ResolvingRules) -> list[tuple[str, Any]]:
    keys = dict.fromkeys([f"{row.artifact_type}_path", *rules.path_keys])
    return [(key, row.metadata[key]) for key in keys if key in row.metadata]


def _moved(value: Any, places: Mapping[str, str], folder: str, rules: ResolvingRules) -> Any:
    """What a recorded path says afterwards: the new place of a file, the new folder of a folder.

    A path that led nowhere, and whatever is not a path, stays as it is.
    """
    if isinstance(value, list):
        return [_moved(each, places, folder, rules) for each in value]
    if not isinstance(value, str) or not value.strip() or "://" in value:
        return value
    path = rules.inside(value)
    if path is not None and path in places:
        return rules.as_recorded(places[path], like=value)
    if path is not None and any(old.startswith(f"{path}/") for old in places):
        return rules.as_recorded(folder, like=value)
    return value


def _links(folder: str, relations: Relations, layout: FolderLayout) -> dict[str, str]:
    ends = {Direction.INPUTS: relations.inputs, Direction.OUTPUTS: relations.outputs}
    return {
        f"{folder}/{direction}/{uuid}": layout.link_target(uuid)
        for direction, uuids in ends.items()
        for uuid in uuids
    }
