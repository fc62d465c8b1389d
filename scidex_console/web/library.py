"""Artifacts and their files by the names that addresses have: every read goes through the one resolver."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from scidex_console.domain.folders.layout import ACCESSORIES, MANIFEST, stored_folder
from scidex_console.domain.folders.manifest import media_type
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.reading.found import FileRole, FoundArtifact, FoundFile
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.engine.ports.catalogue import Catalogue
from scidex_console.engine.ports.reading import ReadableFiles, ReadableRows
from scidex_console.engine.reading.metering import ReadMeter
from scidex_console.engine.reading.promptly import promptly
from scidex_console.engine.reading.resolver import ArtifactResolver
from scidex_console.web.content import Content, Opened

_TRIES = 4
"""Looks at an artifact whose file was moved between the look and the opening."""
_KEPT = 5000
_VIEWERS = {
    "notebook": ReaderKind.NOTEBOOK,
    "figure": ReaderKind.FIGURE,
    "paper_figure": ReaderKind.FIGURE,
    "dataset": ReaderKind.DATASET,
}


@dataclass(frozen=True)
class OpenFile:
    """A file of an artifact, open."""

    artifact: FoundArtifact
    file: FoundFile
    content: Opened
    warm: bool
    """Whether it was read a moment ago, and so lies in memory."""
    until: float
    """Until when that look at the artifact answers further requests."""


@dataclass
class _Known:
    found: FoundArtifact
    at: float
    names: dict[str, FoundFile]
    opened: set[str]


class Library:
    """Finds artifacts and opens their files.

    What a read has found answers further requests for its files for `reuse_s` seconds: a file that is not
    where it was found is looked for anew, so that nobody gets an error while it moves.
    """

    def __init__(
        self,
        resolver: ArtifactResolver,
        rows: ReadableRows,
        files: ReadableFiles,
        catalogue: Catalogue,
        meter: ReadMeter,
        *,
        submodule: str,
        reuse_s: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolver = resolver
        self._rows = rows
        self._catalogue = catalogue
        self._files = files
        self.content = Content(files)
        self._meter = meter
        self._submodule = submodule
        self._reuse_s = reuse_s
        self._now = now
        self._known: OrderedDict[str, _Known] = OrderedDict()

    async def artifact(self, key: str, reader: ReaderKind) -> FoundArtifact | None:
        """The artifact of a legacy id or UUID with its files; None when there is none."""
        return await self._resolver.resolve(key, reader)

    async def viewed(self, key: str) -> FoundArtifact | None:
        """The same as the viewer of its type reads it."""
        row = await self._rows.find(key)
        if row is None:
            return None
        (found,) = await self._resolver.resolve_all([row], viewer_of(row))
        return found

    async def open(self, key: str, name: str) -> OpenFile | None:
        """A file of an artifact by its name, or one it had; None without such an artifact or file."""
        for attempt in range(_TRIES):
            reused = self._reused(key) if attempt == 0 else None
            known = reused or await self._look(key)
            if known is None:
                return None
            file = known.names.get(name) or await self._otherwise(known.found, name)
            if file is None:
                if reused is None:
                    return None
                continue
            warm = file.path in known.opened
            opened = await self.content.opened(file.path)
            if opened is not None:
                known.opened.add(file.path)
                return OpenFile(known.found, file, opened, warm, known.at + self._reuse_s)
        return None

    async def manifest(self, row: ArtifactRow) -> Opened | None:
        """The manifest of an artifact's folder, open; None while it has none."""
        folder = self._folder(row)
        return await self.content.opened(f"{folder}/{MANIFEST}") if folder else None

    def _reused(self, key: str) -> _Known | None:
        known = self._known.get(key)
        if known is None or self._now() - known.at > self._reuse_s:
            return None
        row, found = known.found.row, known.found
        self._meter.read(viewer_of(row), found.source, fell_back=found.fell_back, seconds=0.0)
        return known

    async def _look(self, key: str) -> _Known | None:
        found = await self.viewed(key)
        if found is None:
            return None
        before = self._known.pop(key, None)
        same = before is not None and before.found.files == found.files
        opened = before.opened if before is not None and same else set()
        names = {file.path: file for file in found.files} | names_of(found)
        known = self._known[key] = _Known(found, self._now(), names, opened)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return known

    async def _otherwise(self, found: FoundArtifact, name: str) -> FoundFile | None:
        """A file by a name that the reader's way does not know: one in the folder, or one it had."""
        if name == MANIFEST and found.row.migrated_at:  # the folder's own, which no other file stands for
            return None
        there = {file.path: file for file in found.files}
        folder = self._folder(found.row) if found.row.migrated_at else None
        places = [f"{folder}/{name}", f"{folder}/{ACCESSORIES}/{name}"] if folder and "/" not in name else []
        for former in await self._catalogue.former_names(found.id):
            both = [place for place in (former.path, former.source) if place]
            if any(name in (place, place.rpartition("/")[2]) for place in both):
                places += both
        for place in places:
            if place in there:
                return there[place]
            if folder and place.startswith(f"{folder}/"):
                file = await self._lying(found.row, folder, place)
                if file is not None:
                    return file
        return None

    async def _lying(self, row: ArtifactRow, folder: str, place: str) -> FoundFile | None:
        """A file of the folder that its row names."""
        inner = place.removeprefix(f"{folder}/")
        primary, name = inner == row.primary_filename, inner.removeprefix(f"{ACCESSORIES}/")
        if not primary and (inner == name or name not in row.accessories):
            return None
        look = await promptly(self._files, self._files.look, place)
        role = FileRole.PRIMARY if primary else FileRole.ACCESSORY
        if look is None:
            return None
        return FoundFile(name, role, place, look.size, media_type(name), "", look.modified_ns)

    def _folder(self, row: ArtifactRow) -> str | None:
        return (row.uuid and stored_folder(row.artifact_dir, row.uuid, submodule=self._submodule)) or None


def viewer_of(row: ArtifactRow) -> ReaderKind:
    """Which kind of reader shows artifacts of its type."""
    return _VIEWERS.get(row.artifact_type, ReaderKind.RESOLVE)


def names_of(found: FoundArtifact) -> dict[str, FoundFile]:
    """Its files by their names in addresses, in order: one whose name another has stands with its path.

    A file that comes to the others takes no name from them: an address keeps its bytes, also where a reader
    by legacy paths sees neither the manifest nor the primary file by its name in the folder.
    """
    owners: dict[str, str] = {}
    row = found.row
    kept_back = {MANIFEST, row.primary_filename} if row.migrated_at else set()
    for file in sorted(found.files, key=lambda each: each.role is FileRole.ACCESSORY):
        if file.role is FileRole.ACCESSORY and file.name in kept_back:
            continue
        owners.setdefault(file.name, file.path)
    at_top = {file.path for file in found.files} & owners.keys()
    owners |= {path: path for path in at_top}
    return {file.name if owners.get(file.name) == file.path else file.path: file for file in found.files}
