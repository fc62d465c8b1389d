"""The legacy way: files by the paths that a row records, or by its name in the folder of its type.

The same rules by which the migration finds an artifact's files, over the few paths of the checkout that they
could lead to. Blocks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from scidex_console.domain.errors import UnsafePath
from scidex_console.domain.folders.layout import folder_of
from scidex_console.domain.folders.names import friendly_stem
from scidex_console.domain.folders.resolving import (
    Resolved,
    ResolvingRules,
    TreeEntry,
    TreeIndex,
    is_path,
    recorded_paths,
    resolve,
    with_companions,
)
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.engine.ports.reading import ReadableFiles

_MOST_BELOW = 500
"""Files of a folder that a row names as a whole."""
_KEPT_FOLDERS = 64
_REGULAR = TreeEntry("100644", "")
_Known: TypeAlias = tuple[tuple[str, ...], TreeIndex]
"""Names of a folder's files, and their index."""


class LegacyWay:
    """Finds files as they were found before there were folders."""

    def __init__(self, files: ReadableFiles, rules: ResolvingRules) -> None:
        self._files = files
        self._rules = rules
        self._folders: OrderedDict[str, _Known] = OrderedDict()

    def find(self, row: ArtifactRow) -> Resolved:
        """The files of a row that are there, and what it names that is not."""
        recorded = dict.fromkeys(self._recorded(row))
        tree = TreeIndex(dict.fromkeys(self._near(recorded), _REGULAR))
        resolved = resolve(row, tree, self._rules)
        if not resolved.files:
            tree = TreeIndex(dict.fromkeys([*tree.entries, *self._of_its_name(row)], _REGULAR))
            resolved = resolve(row, tree, self._rules)
        return with_companions(resolved, tree, frozenset())

    def _recorded(self, row: ArtifactRow) -> Iterator[str]:
        """Paths inside the repository that the row records."""
        accessories = (row.metadata.get(key) for key in self._rules.accessory_keys)
        texts = [*recorded_paths(row, self._rules), *(a for a in accessories if isinstance(a, str))]
        for text in texts:
            try:
                path = self._rules.inside(text) if is_path(text) else None
            except UnsafePath:
                continue
            if path is not None:
                yield path

    def _near(self, recorded: Iterable[str]) -> Iterator[str]:
        """What is at these paths, or below them, and what lies beside a file under its name."""
        for path in recorded:
            if self._files.look(path) is None:
                yield from self._files.below(path, _MOST_BELOW)
                continue
            yield path
            if folder_of(path) is None and (index := self._index(path.rpartition("/")[0])):
                yield from index.companions(path)

    def _of_its_name(self, row: ArtifactRow) -> Iterator[str]:
        """What the folder of its type has under the artifact's slug, id, hash or title."""
        folder = self._rules.type_folder(row.artifact_type)
        titled = friendly_stem(row.title or "", artifact_type=row.artifact_type, artifact_id=row.id)
        hashed = (row.content_hash or "").removeprefix("sha256:")
        index = self._index(folder)
        for name in (row.metadata.get("slug"), row.id, hashed, titled):
            if index is None or not isinstance(name, str) or not name:
                continue
            yield from index.with_stem(folder, name)
            yield from self._files.below(f"{folder}/{name}", _MOST_BELOW)

    def _index(self, folder: str) -> TreeIndex | None:
        """The files directly in a folder, indexed once for as long as it stays as it is."""
        names = self._files.names(folder)
        if names is None:
            return None
        known = self._folders.get(folder)
        if known is None or known[0] is not names:
            known = names, _index_of(folder, names, known)
        self._folders[folder] = known
        self._folders.move_to_end(folder)
        while len(self._folders) > _KEPT_FOLDERS:
            self._folders.popitem(last=False)
        return known[1]


def _index_of(folder: str, names: tuple[str, ...], before: _Known | None) -> TreeIndex:
    """The index of a folder's files, following the one before where there is one.

    A folder of thousands of files that are moved out of it one by one is read again and again: indexing all
    of them would take ten milliseconds each time, and keep everybody else waiting.
    """
    prefix = f"{folder}/" if folder else ""
    if before is None:
        return TreeIndex({f"{prefix}{name}": _REGULAR for name in names})
    now, was = set(names), set(before[0])
    gone: dict[str, TreeEntry | None] = {f"{prefix}{name}": None for name in was - now}
    new = {f"{prefix}{name}": _REGULAR for name in now - was}
    return before[1].following(gone | new) if gone or new else before[1]
