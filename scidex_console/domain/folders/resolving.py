"""Which files of the store are an artifact's: what its row names, or what lies in its type's folder.

Spec, "Resolve current file location(s)": the metadata keys, then the provenance chain, then a scan of the
type's folder by slug or hash. The order here: metadata keys (configured), `file_path`, chain, scan. No file
at all makes the artifact a row of the database alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from scidex_console.domain.errors import UnsafePath
from scidex_console.domain.folders.layout import folder_of
from scidex_console.domain.folders.names import friendly_stem, split_extension
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.paths import check_relative

SYMLINK = "120000"
GITLINK = "160000"


@dataclass(frozen=True)
class TreeEntry:
    """A path of the commit at the tip."""

    mode: str
    blob: str


@dataclass(frozen=True)
class ResolvingRules:
    """The configured part of how files are found."""

    submodule: str
    """Place of the artifact repository inside the outer one."""
    worktree: str
    """Absolute path of the artifact repository's checkout, for rows that record absolute paths."""
    path_keys: Sequence[str]
    """Metadata keys that hold paths, the most telling first; `<artifact_type>_path` comes before all."""
    type_folders: Mapping[str, str]
    """Folders of types whose name is not `<type>s`."""
    primary_extensions: Sequence[str]
    """With dots; when a row names several files at once, which of them is the primary one."""

    def inside(self, recorded: str) -> str | None:
        """The path inside the artifact repository that a recorded path means; None when it lies elsewhere.

        Raises `UnsafePath` for one that climbs out, enters a git directory, or cannot be a path.
        """
        for prefix in (f"{self.submodule}/", f"{self.worktree}/"):
            if recorded.startswith(prefix):
                return check_relative(recorded.removeprefix(prefix).rstrip("/"))
        if recorded.startswith("/"):
            return None
        return check_relative(recorded.rstrip("/"))

    def as_recorded(self, path: str, like: str) -> str:
        """A path in the form in which another one was recorded."""
        for prefix in (f"{self.submodule}/", f"{self.worktree}/"):
            if like.startswith(prefix):
                return prefix + path
        return path

    def type_folder(self, artifact_type: str) -> str:
        """The folder that files of a type were kept in."""
        return self.type_folders.get(artifact_type, f"{artifact_type}s")


class TreeIndex:
    """The tip's files, indexed once for many artifacts: by path, by folder, and by stem within a folder."""

    def __init__(self, entries: Mapping[str, TreeEntry]) -> None:
        self.entries = entries
        self._by_folder: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._without_case: dict[str, int] = defaultdict(int)
        self._roots: dict[str, list[str]] = defaultdict(list)
        for path in sorted(entries):
            folder, _, name = path.rpartition("/")
            self._by_folder[folder].append(path)
            for stem in {name, name.partition(".")[0], split_extension(name)[0], name.rpartition(".")[0]}:
                if stem:
                    self._by_stem[folder, stem.lower()].append(path)
            self._without_case[path.lower()] += 1
            self._roots[path.partition("/")[0]].append(path)

    def under(self, folder: str) -> list[str]:
        """Every file below a folder, in order; empty when there is no such folder."""
        prefix = folder + "/"
        return [path for path in self._roots.get(folder.partition("/")[0], ()) if path.startswith(prefix)]

    def with_stem(self, folder: str, stem: str) -> list[str]:
        """Files directly in a folder whose name without (one or all of) its extensions is `stem`."""
        return list(dict.fromkeys(self._by_stem.get((folder, stem.lower()), ())))

    def companions(self, path: str) -> list[str]:
        """Other files beside this one that have its stem and more extensions or another one."""
        folder, _, name = path.rpartition("/")
        stem = split_extension(name)[0].lower() + "."
        found = self.with_stem(folder, split_extension(name)[0])
        return [p for p in found if p != path and p[len(folder) + 1 :].lower().startswith(stem)]

    def has_twin(self, path: str) -> bool:
        """Whether another path differs from this one in case only."""
        return self._without_case[path.lower()] > 1


@dataclass(frozen=True)
class Resolved:
    """What was found for one artifact."""

    files: tuple[str, ...] = ()
    """Paths in the artifact repository, the primary file first."""
    missing: tuple[str, ...] = ()
    """Recorded paths that lead to nothing git has; whether the disk has something there is to be seen."""
    quarantine: str = ""
    """Why a person must look before anything of it is moved; empty when nothing hinders."""


@dataclass
class _Found:
    files: dict[str, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)
    problem: str = ""


def resolve(row: ArtifactRow, tree: TreeIndex, rules: ResolvingRules) -> Resolved:
    """The files a row names, or, where it names none, those its slug, id or hash leads to."""
    found = _Found()
    for recorded in recorded_paths(row, rules):
        _look_up(recorded, tree, rules, found)
    if not found.files:
        found.files.update(dict.fromkeys(_scan(row, tree, rules, lost=bool(found.missing))))
    problem = found.problem or next(filter(None, (_hindrance(path, tree) for path in found.files)), "")
    return Resolved(tuple(found.files), tuple(found.missing), problem)


def with_companions(resolved: Resolved, tree: TreeIndex, claimed: Set[str]) -> Resolved:
    """Also the unclaimed files beside the primary one that carry its name, such as its rendered page.

    A companion that must not be moved stays where it is and hinders nothing.
    """
    if not resolved.files or resolved.quarantine:
        return resolved
    extra = [
        path
        for path in tree.companions(resolved.files[0])
        if path not in claimed and path not in resolved.files and not _hindrance(path, tree)
    ]
    return Resolved((*resolved.files, *extra), resolved.missing)


def recorded_paths(row: ArtifactRow, rules: ResolvingRules) -> Iterator[str]:
    """Every path a row records, in the order of how telling it is."""
    keys = dict.fromkeys([f"{row.artifact_type}_path", *rules.path_keys])
    candidates = (
        *(row.metadata.get(key) for key in keys),
        row.file_path,
        *_chain_paths(row.provenance_chain, keys),
    )
    seen: set[str] = set()
    for candidate in candidates:
        for text in candidate if isinstance(candidate, list) else [candidate]:
            if isinstance(text, str) and text.strip() and "://" not in text and text not in seen:
                seen.add(text)
                yield text


def _chain_paths(chain: Any, keys: Mapping[str, None]) -> Iterator[Any]:
    steps = chain if isinstance(chain, list) else [chain]
    for step in steps:
        if isinstance(step, dict):
            yield from (step.get(key) for key in ("path", *keys))


def _look_up(recorded: str, tree: TreeIndex, rules: ResolvingRules, found: _Found) -> None:
    try:
        path = rules.inside(recorded)
    except UnsafePath as error:
        found.problem = found.problem or f"a recorded path is not safe: {error.what}"
        return
    if path is None:
        found.missing[recorded] = None
    elif path in tree.entries:
        found.files[path] = None
    elif below := tree.under(path):
        found.files.update(dict.fromkeys(_primary_first(below, rules.primary_extensions)))
    else:
        found.missing[recorded] = None


def _scan(row: ArtifactRow, tree: TreeIndex, rules: ResolvingRules, *, lost: bool) -> list[str]:
    """The fallback: files of the type's folder named by the artifact's slug, id or hash."""
    folder = rules.type_folder(row.artifact_type)
    slug = row.metadata.get("slug")
    titled = friendly_stem(row.title, artifact_type="", artifact_id=row.id) if row.title else None
    # A title is only a guess; a row that names a file which is gone has not asked for one.
    for stem in (slug, row.id, row.content_hash, titled if not lost else None):
        if isinstance(stem, str) and stem and "/" not in stem and (files := tree.with_stem(folder, stem)):
            return _primary_first(files, rules.primary_extensions)
    return []


def _primary_first(paths: Iterable[str], extensions: Sequence[str]) -> list[str]:
    """By extension in the configured order, then shallow before deep, then by name."""
    rank = {extension: place for place, extension in enumerate(extensions)}

    def key(path: str) -> tuple[int, int, str]:
        extension = split_extension(path.rpartition("/")[2])[1].lower()
        return rank.get(extension, len(rank)), path.count("/"), path

    return sorted(paths, key=key)


def _hindrance(path: str, tree: TreeIndex) -> str:
    """Why a file must not be moved without a person's look; empty when it may."""
    entry = tree.entries[path]
    if entry.mode == SYMLINK:
        return "it names a symbolic link, which would lead elsewhere from a folder of its own"
    if entry.mode == GITLINK:
        return "it names a repository inside the repository"
    if tree.has_twin(path):
        return "another file's path differs from its own in case only"
    try:
        check_relative(path)
    except UnsafePath as error:
        return f"its file's name is not safe: {error.what}"
    return ""


def is_in_a_folder(path: str) -> bool:
    """Whether a path lies in some artifact's folder already, and so is not ours to take away."""
    return folder_of(path) is not None
