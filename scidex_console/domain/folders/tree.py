"""The files of the commit at the tip, indexed once for many artifacts."""

from __future__ import annotations

import posixpath
import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from copy import copy
from dataclasses import dataclass

from scidex_console.domain.folders.layout import is_bookkeeping
from scidex_console.domain.folders.names import split_extension

SYMLINK = "120000"
GITLINK = "160000"
_LEADS_OUT = (SYMLINK, GITLINK)


def led_to(links: Mapping[str, str], worktree: str) -> frozenset[str]:
    """Files and folders that symbolic links lead to, by each link's path and what it holds.

    As far as they are inside the repository, whose checkout's absolute path is `worktree`.
    """
    ends = (
        target.removeprefix(f"{worktree}/")
        if target.startswith(f"{worktree}/")
        else posixpath.join(posixpath.dirname(path), target)
        for path, target in links.items()
    )
    inside = (posixpath.normpath(end) for end in ends)
    return frozenset(end for end in inside if end.split("/")[0] not in ("", ".", ".."))


def is_led_to(path: str, ends: Set[str]) -> bool:
    """Whether a link leads to a file, or to a folder that it lies in."""
    parts = path.split("/")
    return any("/".join(parts[:depth]) in ends for depth in range(1, len(parts) + 1))


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A path of the commit at the tip."""

    mode: str
    blob: str


class TreeIndex:
    """The tip's files, indexed once for many artifacts: by path, and by stem within a folder."""

    def __init__(self, entries: Mapping[str, TreeEntry]) -> None:
        self.entries = dict(entries)
        self._paths = sorted(entries)
        self._by_stem: dict[tuple[str, str], tuple[str, ...]] = {}
        self._without_case = dict(Counter(map(_without_case, entries)))
        self._add_stems(self._paths)
        self._note_steering(self._paths)

    def following(self, changes: Mapping[str, TreeEntry | None]) -> TreeIndex:
        """The index of another commit, made from what became of the paths that differ; None: it is gone."""
        now = {path: entry for path, entry in changes.items() if entry is not None}
        gone = sorted(path for path in changes if path not in now and path in self.entries)
        new = sorted(path for path in now if path not in self.entries)
        other = copy(self)
        # Plain copies of the whole, and then only what differs: others may be reading this one.
        other.entries = self.entries.copy()
        other._without_case = self._without_case.copy()
        other._by_stem = self._by_stem.copy()
        other._paths = _merged(self._paths, gone=gone, new=new)
        for path in gone:
            del other.entries[path]
            other._forget(path)
        other.entries.update(now)
        other._add_case(new)
        other._add_stems(new)
        lost = set(gone)
        other._note_steering({*(path for path in self._steering if path not in lost), *now})
        return other

    @property
    def has_attributes(self) -> bool:
        """Whether there is a `.gitattributes` at all."""
        return any(self.entries[path].mode != SYMLINK for path in self._steering)

    @property
    def links(self) -> dict[str, str]:
        """The symbolic links that are not of artifacts' folders, each with its object."""
        found = ((path, self.entries[path]) for path in self._steering)
        return {path: entry.blob for path, entry in found if entry.mode == SYMLINK}

    def _note_steering(self, paths: Iterable[str]) -> None:
        """Of these, the few that say something of other paths."""
        entries = self.entries
        self._steering = [
            path
            for path in paths
            if path.endswith(".gitattributes") or (entries[path].mode == SYMLINK and not is_bookkeeping(path))
        ]

    def _add_stems(self, paths: Iterable[str]) -> None:
        new: dict[tuple[str, str], list[str]] = defaultdict(list)
        for path in paths:
            for place in _stems(path):
                new[place].append(path)
        for place, more in new.items():
            self._by_stem[place] = tuple(sorted((*self._by_stem.get(place, ()), *more)))

    def _add_case(self, paths: Iterable[str]) -> None:
        for lowered in map(_without_case, paths):
            self._without_case[lowered] = self._without_case.get(lowered, 0) + 1

    def _forget(self, path: str) -> None:
        lowered = _without_case(path)
        self._without_case[lowered] -= 1
        if not self._without_case[lowered]:
            del self._without_case[lowered]
        for place in _stems(path):
            left = tuple(p for p in self._by_stem[place] if p != path)
            if left:
                self._by_stem[place] = left
            else:
                del self._by_stem[place]

    def under(self, folder: str) -> list[str]:
        """Every file below a folder, in order; empty when there is no such folder."""
        # "0" is the character after "/", so that the two bounds enclose exactly what begins with "folder/".
        return self._paths[bisect_left(self._paths, f"{folder}/") : bisect_left(self._paths, f"{folder}0")]

    def with_stem(self, folder: str, stem: str) -> list[str]:
        """Files directly in a folder whose name, whole or without its extension, is `stem` but for case."""
        return list(self._by_stem.get((folder, stem.lower()), ()))

    def companions(self, path: str) -> list[str]:
        """Other files beside this one that have its stem or its whole name, and an extension."""
        folder, _, name = path.rpartition("/")
        stems = {split_extension(name)[0].lower(), name.lower()}
        beside = dict.fromkeys(found for stem in sorted(stems) for found in self.with_stem(folder, stem))
        splits = ((other, split_extension(other.rpartition("/")[2])) for other in beside if other != path)
        return [other for other, (stem, extension) in splits if extension and stem.lower() in stems]

    def way_out(self, path: str) -> str:
        """The symbolic link or the repository inside the repository that a path goes through; empty: none."""
        parts = path.split("/")
        above = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
        return next((p for p in above if p in self.entries and self.entries[p].mode in _LEADS_OUT), "")

    def has_twin(self, path: str) -> bool:
        """Whether another path differs from this one in case only."""
        return self._without_case.get(path.lower(), 0) > 1


def _stems(path: str) -> Iterator[tuple[str, str]]:
    """Where a file is found by its stem: its folder, with each way to cut its extension off.

    Manifests and links of artifacts' folders, most of what a migrated store has, are no files to be found.
    """
    if is_bookkeeping(path):
        return iter(())
    folder, _, name = path.rpartition("/")
    folder, lowered = sys.intern(folder), name.lower()
    stems = {lowered, split_extension(lowered)[0], lowered.rpartition(".")[0]}
    return ((folder, stem) for stem in stems if stem)


def _merged(paths: list[str], *, gone: Sequence[str], new: Sequence[str]) -> list[str]:
    """Paths in order without those that are gone, and with the new ones: by stretches, not one by one."""
    found: list[str] = []
    done = 0
    for path, is_new in sorted([*((path, False) for path in gone), *((path, True) for path in new)]):
        at = bisect_left(paths, path, done)
        found += paths[done:at]
        found += [path] if is_new else []
        done = at if is_new else at + 1
    return found + paths[done:]


def _without_case(path: str) -> str:
    """The path in small letters: the very same object where it has no others, of which there are many."""
    lowered = path.lower()
    return path if lowered == path else lowered
