"""Finding an artifact's files from its row: by its folder or the legacy way, one first, then the other.

Whoever asks gets the file as long as one of the two has it. Blocks.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping

from scidex_console.domain.folders.layout import ACCESSORIES, MANIFEST, stored_folder
from scidex_console.domain.folders.manifest import FolderFile, media_type
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.reading.found import FileLook, FileRole, FoundArtifact, FoundFile
from scidex_console.domain.reading.kinds import Source
from scidex_console.engine.ports.reading import ReadableFiles
from scidex_console.engine.reading.legacy import LegacyWay

_LONGEST_MANIFEST = 4 << 20  # bytes
_KEPT_MANIFESTS = 2048

Listed = Mapping[str, FolderFile]
"""Files as a manifest lists them, by their path in the folder."""


class ArtifactFinder:
    """Finds files. Without `legacy` that way is closed, as after the clean-up: only folders count."""

    def __init__(self, files: ReadableFiles, rules: ResolvingRules, *, legacy: bool = True) -> None:
        self._files = self.files = files
        self._rules = rules
        self._legacy = LegacyWay(files, rules) if legacy else None
        self._manifests: OrderedDict[tuple[str, int, int], Listed] = OrderedDict()

    @property
    def has_legacy(self) -> bool:
        """Whether the legacy way is open."""
        return self._legacy is not None

    def find(self, row: ArtifactRow, *, folder_first: bool) -> FoundArtifact:
        """The artifact with its files; by the row alone when neither way finds any."""
        if folder_first or self._legacy is None:
            by_folder = self._by_folder(row)
            if by_folder is not None:
                return FoundArtifact(row, Source.FOLDER, by_folder)
            by_paths, missing, _ = self._by_paths(row)
            if by_paths:
                return FoundArtifact(row, Source.LEGACY, by_paths, fell_back=True)
            return FoundArtifact(row, Source.DATABASE, missing=missing)
        by_paths, missing, lost_primary = self._by_paths(row)
        if by_paths and not lost_primary:
            return FoundArtifact(row, Source.LEGACY, (*by_paths, *self._besides(row, by_paths)))
        by_folder = self._by_folder(row)
        if by_folder is not None and len(by_folder) > 1:
            return FoundArtifact(row, Source.FOLDER, by_folder, fell_back=True)
        if by_paths:
            return FoundArtifact(row, Source.LEGACY, by_paths)
        # A manifest alone tells no more than the row, which the legacy way gives for such an artifact.
        return FoundArtifact(row, Source.DATABASE, by_folder or (), missing=missing)

    def _by_folder(self, row: ArtifactRow) -> tuple[FoundFile, ...] | None:
        """The files of the folder; None when it is not there.

        It is there with its primary file, or with its manifest where the row has no primary file.
        """
        folder = row.uuid and stored_folder(row.artifact_dir, row.uuid, submodule=self._rules.submodule)
        if not folder:
            return None
        manifest_path = f"{folder}/{MANIFEST}"
        manifest = self._files.look(manifest_path)
        listed = self._listed(manifest_path, manifest) if manifest else {}
        found = [_found(folder, *each, listed) for each in self._named(row, folder)]
        if row.primary_filename and not any(file.role is FileRole.PRIMARY for file in found):
            return None
        if manifest:
            found.append(_found(folder, MANIFEST, FileRole.MANIFEST, manifest, {}))
        return tuple(found) or None

    def _besides(self, row: ArtifactRow, found: tuple[FoundFile, ...]) -> Iterator[FoundFile]:
        """Accessories in the folder that no recorded path leads to: they came after its other files."""
        folder = row.uuid and stored_folder(row.artifact_dir, row.uuid, submodule=self._rules.submodule)
        if not folder or not found[0].path.startswith(f"{folder}/"):
            return
        known = {file.path for file in found}
        for inner, role, look in self._named(row, folder):
            if role is FileRole.ACCESSORY and f"{folder}/{inner}" not in known:
                yield _found(folder, inner, role, look, {})

    def _named(self, row: ArtifactRow, folder: str) -> Iterator[tuple[str, FileRole, FileLook]]:
        """Files of the folder that the row names and that are there, by their path in the folder."""
        names = [(row.primary_filename, FileRole.PRIMARY)] if row.primary_filename else []
        names += [(f"{ACCESSORIES}/{name}", FileRole.ACCESSORY) for name in row.accessories]
        for inner, role in names:
            if look := self._files.look(f"{folder}/{inner}"):
                yield inner, role, look

    def _listed(self, path: str, look: FileLook) -> Listed:
        """What a manifest says of the files of its folder; nothing when it cannot be read as one."""
        key = path, look.inode, look.modified_ns
        if key not in self._manifests:
            if look.size > _LONGEST_MANIFEST:
                return {}
            self._manifests[key] = _files_in(self._files.head(path, _LONGEST_MANIFEST) or b"")
            while len(self._manifests) > _KEPT_MANIFESTS:
                self._manifests.popitem(last=False)
        return self._manifests[key]

    def _by_paths(self, row: ArtifactRow) -> tuple[tuple[FoundFile, ...], tuple[str, ...], bool]:
        """What the legacy way finds, what the row names that is not there, and whether the primary is."""
        if self._legacy is None:
            return (), (), False
        resolved = self._legacy.find(row)
        looks = ((path, self._files.look(path)) for path in resolved.files)
        there = [(path, look) for path, look in looks if look is not None]
        roles = [FileRole.PRIMARY] + [FileRole.ACCESSORY] * len(there)
        found = tuple(
            _found("", path, role, look, {}) for (path, look), role in zip(there, roles, strict=False)
        )
        return found, resolved.missing, resolved.lost_primary


def _found(folder: str, inner: str, role: FileRole, look: FileLook, listed: Listed) -> FoundFile:
    name = inner.rpartition("/")[2]
    size, sha256 = look.size, ""
    if look.pointer:
        size, sha256 = look.pointer.size, look.pointer.sha256
    elif (said := listed.get(inner)) and said.size == look.size:
        sha256 = said.sha256
    return FoundFile(
        name=name,
        role=role,
        path=f"{folder}/{inner}" if folder else inner,
        size=size,
        media_type=media_type(name),
        sha256=sha256,
        modified_ns=look.modified_ns,
        is_pointer=look.pointer is not None,
    )


def _files_in(content: bytes) -> Listed:
    try:
        listed = [FolderFile.from_json(said) for said in json.loads(content)["files"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return {file.path: file for file in listed}
