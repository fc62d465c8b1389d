"""What a row's recorded paths say once its files lie in their folder (decision record 11).

A path that led to a file leads to its new place. One that led nowhere leads to the primary file where it must
have meant that one: it has its name; or no recorded path led to that file, so it was found otherwise, and the
path is of its kind. Whatever else led nowhere stays as it was: that file is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from scidex_console.domain.errors import UnsafePath
from scidex_console.domain.folders.names import kind_of
from scidex_console.domain.folders.resolving import ResolvingRules, is_path
from scidex_console.domain.folders.rows import ArtifactRow

_OF_ANY_KIND = ("file_path", "path")
"""Fields that mean the artifact's file, whatever its kind."""


@dataclass(frozen=True)
class MovedPaths:
    """Rewrites the recorded paths of one row."""

    row: ArtifactRow
    files: Mapping[str, str]
    """Old places and new ones, the primary file first."""
    folder: str
    """The artifact's folder, relative to the artifact repository."""
    rules: ResolvingRules
    brings_primary: bool = True
    """Whether the first file is the primary one. If not, what the row says of its primary file stays."""

    def file_path(self) -> str | None:
        """What the row's `file_path` says afterwards."""
        moved: str | None = self._lead_on("file_path", self.row.file_path)
        return moved

    def metadata(self) -> Mapping[str, Any]:
        """The row's metadata afterwards: only what its path keys hold changes."""
        primary, all_keys = self._primary_keys(), self.rules.keys_of(self.row.artifact_type)
        return {
            key: self._lead_on(key, value)
            if key in primary
            else self._moved(value)
            if key in all_keys
            else value
            for key, value in self.row.metadata.items()
        }

    def _primary_keys(self) -> tuple[str, ...]:
        return self.rules.primary_keys_of(self.row.artifact_type)

    def _lead_on(self, field: str, value: Any) -> Any:
        """A field of the primary file: moved, or led to the primary file when it led nowhere."""
        if not self.brings_primary:
            return value
        moved = self._moved(value)
        if (
            isinstance(value, str)
            and is_path(value)
            and self._place(value) is None
            and self._means(field, value)
        ):
            return self._as_recorded(next(iter(self.files.values())), like=value)
        return moved

    def _means(self, field: str, lost: str) -> bool:
        """Whether a path that led nowhere must have meant the file that was found."""
        if not self.files:
            return False
        found = next(iter(self.files))
        if _name(lost) == _name(found):
            return True
        if any(self._place(said) in (self.files[found], self.folder) for said in self._recorded()):
            return False  # the row has it recorded already
        return field in _OF_ANY_KIND or kind_of(lost) == kind_of(found)

    def _recorded(self) -> Iterator[str]:
        """Every path the row records, of accessories too; the provenance chain is history."""
        keys = self.rules.keys_of(self.row.artifact_type)
        for value in (self.row.file_path, *(self.row.metadata.get(key) for key in keys)):
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, str) and is_path(each):
                    yield each

    def _moved(self, value: Any) -> Any:
        """The new place of a file, the new folder of a folder; anything else as it is."""
        if isinstance(value, list):
            return [self._moved(each) for each in value]
        place = self._place(value) if isinstance(value, str) and is_path(value) else None
        if place is None:
            return value
        slash = "/" if place == self.folder and value.endswith("/") else ""
        return self._as_recorded(place, like=value) + slash

    def _place(self, recorded: str) -> str | None:
        """Where a recorded path leads afterwards; whatever folder a file came from becomes the artifact's."""
        try:
            path = self.rules.inside(recorded)
        except UnsafePath:
            return None
        if path is None:
            return None
        if path in self.files:
            return self.files[path]
        above = any(path == str(parent) for file in self.files for parent in PurePosixPath(file).parents)
        return self.folder if above else None

    def _as_recorded(self, place: str, *, like: str) -> str:
        if like.startswith("/") and not like.startswith(f"{self.rules.worktree}/"):
            return f"{self.rules.submodule}/{place}"  # another machine's path
        return self.rules.as_recorded(place, like=like)


def _name(path: str) -> str:
    return path.rpartition("/")[2]
