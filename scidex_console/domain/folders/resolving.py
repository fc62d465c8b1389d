"""Which files of the store are an artifact's: what its row names, or what lies in its type's folder.

Spec, "Resolve current file location(s)": the metadata keys, then the provenance chain, then a scan of the
type's folder by slug or hash. The order here: metadata keys (configured), `file_path`, chain, scan. No file
at all makes the artifact a row of the database alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from scidex_console.domain.errors import UnsafePath
from scidex_console.domain.folders.layout import (
    ACCESSORIES,
    FolderLayout,
    folder_of,
    is_bookkeeping,
    stored_folder,
)
from scidex_console.domain.folders.names import friendly_stem, kind_of
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.folders.tree import GITLINK, SYMLINK
from scidex_console.domain.folders.tree import TreeEntry as TreeEntry
from scidex_console.domain.folders.tree import TreeIndex as TreeIndex
from scidex_console.domain.paths import check_relative
from scidex_console.domain.triage import is_database_only

LONGEST_PATH = 1024
"""Bytes of a path; the database's indexes hold no more than about twice as many."""

_FLAT = FolderLayout()
_STEERING = frozenset({".gitattributes", ".gitignore", ".gitmodules", ".lfsconfig", ".mailmap"})


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
    accessory_keys: Sequence[str] = ()
    """Metadata keys that hold paths of what was made from the primary file, such as its rendered page."""
    layout: FolderLayout = _FLAT
    """Where folders lie of which the row does not say so."""

    def own_folder(self, row: ArtifactRow) -> str | None:
        """The folder that is or will be the artifact's; None while it has no UUID."""
        if not row.uuid:
            return None
        said = stored_folder(row.artifact_dir, row.uuid, submodule=self.submodule)
        return said or self.layout.folder(row.uuid)

    def inside(self, recorded: str) -> str | None:
        """The path inside the artifact repository that a recorded path means; None when it lies elsewhere.

        Raises `UnsafePath` for one that climbs out, enters a git directory, or cannot be a path.
        """
        for root in (self.submodule, self.worktree):
            if recorded == root or recorded.startswith(f"{root}/"):
                return check_relative(recorded[len(root) + 1 :].rstrip("/"))
        if recorded.startswith("/"):
            tail = self.of_another_checkout(recorded)
            return check_relative(tail) if tail is not None else None
        return check_relative(recorded.rstrip("/"))

    def of_another_checkout(self, recorded: str) -> str | None:
        """What follows the submodule's place in a path of another checkout, or of another machine's.

        None for any other path, and where the place is a single name that other folders may have as well.
        """
        if not recorded.startswith("/") or "/" not in self.submodule:
            return None
        if recorded.startswith(f"{self.worktree}/"):
            return None
        return recorded.partition(f"/{self.submodule}/")[2].rstrip("/") or None

    def as_recorded(self, path: str, like: str) -> str:
        """A path in the form in which another one was recorded."""
        for prefix in (f"{self.submodule}/", f"{self.worktree}/"):
            if like.startswith(prefix):
                return prefix + path
        return path

    def keys_of(self, artifact_type: str) -> tuple[str, ...]:
        """The metadata keys under which a row of a type records paths, the most telling first."""
        return tuple(dict.fromkeys([*self.primary_keys_of(artifact_type), *self.accessory_keys]))

    def primary_keys_of(self, artifact_type: str) -> tuple[str, ...]:
        """Those of them under which the primary file may stand."""
        return tuple(dict.fromkeys([f"{artifact_type}_path", *self.path_keys]))

    def type_folder(self, artifact_type: str) -> str:
        """The folder that files of a type were kept in."""
        return self.type_folders.get(artifact_type, f"{artifact_type}s")


@dataclass(frozen=True)
class Resolved:
    """What was found for one artifact."""

    files: tuple[str, ...] = ()
    """Paths in the artifact repository, the primary file first."""
    missing: tuple[str, ...] = ()
    """Recorded paths that lead to nothing git has; whether the disk has something there is to be seen."""
    quarantine: str = ""
    """Why a person must look before anything of it is moved; empty when nothing hinders."""
    lost_primary: bool = False
    """Whether the row says that it has a primary file, and none of its kind was found."""


@dataclass
class _Found:
    files: dict[str, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)
    problem: str = ""


def resolve(row: ArtifactRow, tree: TreeIndex, rules: ResolvingRules) -> Resolved:
    """The files a row names, or, where it names none, those in its folder or in that of its type.

    The manifest and the links of an artifact's folder are nobody's files. A row that a person has decided to
    be of the database alone has none.
    """
    if is_database_only(row.metadata):
        return Resolved()
    found = _Found()
    for recorded in recorded_paths(row, rules):
        _look_up(recorded, row, tree, rules, found)
    if not found.files:
        files = _in_own_folder(row, tree, rules) or _scan(row, tree, rules, lost=bool(found.missing))
        found.files.update(dict.fromkeys(files))
    lost_primary = _is_lost(row.primary_filename, next(iter(found.files), ""))
    for recorded in _paths(row.metadata.get(key) for key in rules.accessory_keys):
        _look_up(recorded, row, tree, rules, found)
    if found.files:
        found.files.update(dict.fromkeys(_own_accessories(row, tree, rules)))
    problem = found.problem or next(filter(None, (_hindrance(path, tree) for path in found.files)), "")
    return Resolved(tuple(found.files), tuple(found.missing), problem, lost_primary)


def _is_lost(primary_filename: str | None, found: str) -> bool:
    """Whether a file that a row is known to have is not the one that was found: none was, or another kind."""
    if not primary_filename:
        return False
    return not found or kind_of(primary_filename) != kind_of(found)


def with_companions(resolved: Resolved, tree: TreeIndex, claimed: Set[str]) -> Resolved:
    """Also the unclaimed files beside the primary one that carry its name, such as its rendered page.

    A companion that must not be moved, or lies in an artifact's folder, stays there and hinders nothing.
    """
    if not resolved.files or resolved.quarantine:
        return resolved
    extra = [
        path
        for path in tree.companions(resolved.files[0])
        if path not in claimed
        and path not in resolved.files
        and not is_in_a_folder(path)
        and not _hindrance(path, tree)
    ]
    return replace(resolved, files=(*resolved.files, *extra))


def recorded_paths(row: ArtifactRow, rules: ResolvingRules) -> Iterator[str]:
    """Every path under which a row records its primary file, in the order of how telling it is."""
    keys = rules.primary_keys_of(row.artifact_type)
    in_metadata = [row.metadata.get(key) for key in keys]
    return _paths([*in_metadata, row.file_path, *_chain_values(row.provenance_chain, keys)])


def of_other_checkouts(row: ArtifactRow, rules: ResolvingRules) -> dict[str, str]:
    """Recorded paths of other checkouts, accessories' too, each with what it means in this one."""
    keyed = _paths(row.metadata.get(key) for key in rules.accessory_keys)
    tails = ((said, rules.of_another_checkout(said)) for said in (*recorded_paths(row, rules), *keyed))
    return {said: tail for said, tail in tails if tail is not None}


def _paths(recorded: Iterable[Any]) -> Iterator[str]:
    yield from dict.fromkeys(text for text in _texts(list(recorded)) if is_path(text))


def is_path(text: str) -> bool:
    """Whether a recorded text means a path at all: it is not blank, no URL, and no data written out."""
    return bool(text.strip()) and "://" not in text and not text.startswith("data:")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _chain_values(chain: Any, keys: Sequence[str]) -> Iterator[Any]:
    for step in chain if isinstance(chain, list) else [chain]:
        if isinstance(step, dict):
            yield from (step.get(key) for key in ("path", *keys))


def _look_up(recorded: str, row: ArtifactRow, tree: TreeIndex, rules: ResolvingRules, found: _Found) -> None:
    try:
        path = rules.inside(recorded)
    except UnsafePath as error:
        found.problem = found.problem or f"a recorded path is not safe: {error.what}"
        return
    if path is None:
        found.missing[recorded] = None
    elif path in tree.entries:
        if is_bookkeeping(path) and (row.uuid is None or f"{row.uuid}/" not in path):
            found.problem = (
                found.problem or "it names a manifest or a link in what looks like another's folder"
            )
        found.files.update({} if is_bookkeeping(path) else {path: None})
    elif path in (rules.type_folder(row.artifact_type), *rules.type_folders.values()):
        found.problem = found.problem or "a recorded path is the folder of a whole type"
    elif below := tree.under(path):
        own = (file for file in below if not is_bookkeeping(file) and not steers_git(file))
        found.files.update(dict.fromkeys(_primary_first(own, rules.primary_extensions)))
    elif tree.way_out(path):
        found.problem = found.problem or "a recorded path goes through a symbolic link or another repository"
    else:
        found.missing[recorded] = None


def _in_own_folder(row: ArtifactRow, tree: TreeIndex, rules: ResolvingRules) -> list[str]:
    """Files that were committed into the artifact's folder though its row does not record them.

    Also where the row does not say that it has one: whoever made it may have died before it came to the row.
    """
    folder = rules.own_folder(row)
    if folder is None:
        return []
    files = _primary_first((f for f in tree.under(folder) if not is_bookkeeping(f)), rules.primary_extensions)
    return sorted(files, key=lambda f: (f != f"{folder}/{row.primary_filename}", f.count("/")))


def _own_accessories(row: ArtifactRow, tree: TreeIndex, rules: ResolvingRules) -> Iterator[str]:
    """What was added to the artifact's folder after its other files: the row names it without a path."""
    folder = rules.own_folder(row)
    for name in row.accessories if folder else ():
        if (path := f"{folder}/{ACCESSORIES}/{name}") in tree.entries:
            yield path


def _scan(row: ArtifactRow, tree: TreeIndex, rules: ResolvingRules, *, lost: bool) -> list[str]:
    """The fallback: what the type's folder has by the name of the artifact's slug, id or hash.

    A title is only a guess: a row that names a file which is gone has not asked for one.
    """
    folder = rules.type_folder(row.artifact_type)
    hashes = ((row.content_hash or "").removeprefix("sha256:"), row.metadata.get("file_sha256"))
    for name in (row.metadata.get("slug"), row.id, *hashes):
        if not isinstance(name, str) or not name:
            continue
        if files := tree.with_stem(folder, name) or tree.under(f"{folder}/{name}"):
            return _primary_first((f for f in files if not steers_git(f)), rules.primary_extensions)
    if lost or not row.title:
        return []
    titled = friendly_stem(row.title, artifact_type=row.artifact_type, artifact_id=row.id)
    return _primary_first(tree.with_stem(folder, titled), rules.primary_extensions)


def _primary_first(paths: Iterable[str], extensions: Sequence[str]) -> list[str]:
    """By extension in the configured order, then shallow before deep, then by name."""
    rank = {extension: place for place, extension in enumerate(extensions)}

    def key(path: str) -> tuple[int, int, str]:
        extension = kind_of(path)
        return rank.get(extension, len(rank)), path.count("/"), path

    return sorted(paths, key=key)


def _hindrance(path: str, tree: TreeIndex) -> str:
    """Why a file must not be moved without a person's look; empty when it may."""
    entry = tree.entries[path]
    if entry.mode == SYMLINK:
        return "it names a symbolic link, which would lead elsewhere from a folder of its own"
    if entry.mode == GITLINK:
        return "it names a repository inside the repository"
    if steers_git(path):
        return "a file of its name steers git itself"
    if tree.has_twin(path):
        return "another file's path differs from its own in case only"
    return why_not_recordable(path)


def steers_git(path: str) -> bool:
    """Whether git itself goes by a file of this name, for all files around it."""
    return path.rpartition("/")[2].lower() in _STEERING


def is_recordable(path: str) -> bool:
    """Whether the database can hold a path of git's at all; what it cannot is never moved."""
    return not why_not_recordable(path)


def why_not_recordable(path: str) -> str:
    """Why the database cannot hold a path, or no file can have it; empty where both can be."""
    try:
        longest = len(check_relative(path).encode())
    except UnsafePath as error:
        return f"its file's name is not safe: {error.what}"
    return f"its file's path is longer than {LONGEST_PATH} bytes" if longest > LONGEST_PATH else ""


def is_in_a_folder(path: str) -> bool:
    """Whether a path lies in some artifact's folder already, and so is not ours to take away."""
    return folder_of(path) is not None
