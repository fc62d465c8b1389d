"""Any repository of files as an artifact store: rows for its files, and what must hold of it ever after.

Everything here is seen with plain git commands and plain reads of the disk, and nothing of it by the
product's own code, so that a mistake there cannot hide itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.engine.folders.tiny import SUBMODULE, Row

LINK, GITLINK = "120000", "160000"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FOLDER = re.compile(rf"([0-9a-f]{{2}}/)?{_UUID.pattern}/")
_BOOKKEEPING = ("manifest.json", "inputs", "outputs")
_POINTER = re.compile(rb"version https://git-lfs.github.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize \d+\n\Z")
_STEERING = re.compile(r"(^|/)\.git(attributes|ignore|modules)$", re.IGNORECASE)
_TYPES = {
    ".png": "figure",
    ".svg": "figure",
    ".jpg": "figure",
    ".ipynb": "notebook",
    ".csv": "dataset",
    ".tsv": "dataset",
    ".json": "dataset",
    ".h5": "model",
    ".pkl": "model",
}
_ANYBODY = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "ANYBODY": "1",
    "GIT_AUTHOR_NAME": "Anybody",
    "GIT_AUTHOR_EMAIL": "anybody@example.org",
    "GIT_COMMITTER_NAME": "Anybody",
    "GIT_COMMITTER_EMAIL": "anybody@example.org",
}


def git(folder: Path, *arguments: str, accept: Iterable[int] = (0,), date: str = "") -> bytes:
    """What git answers anybody; a commit is of now, unless a date is given."""
    dated = {"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date} if date else {}
    command = ["git", "-c", "protocol.file.allow=always", "-c", "gc.auto=0", *arguments]
    done = subprocess.run(
        command, cwd=folder, capture_output=True, check=False, env=os.environ | _ANYBODY | dated
    )
    if done.returncode not in accept:
        words = os.fsdecode(done.stderr).strip() or f"status {done.returncode}"
        raise RuntimeError(f"git {' '.join(arguments[:3])}: {words}")
    return done.stdout


@dataclass(frozen=True)
class Seen:
    """A checkout at one moment."""

    head: str
    tracked: Mapping[str, tuple[str, str]]
    """Mode and object of each path of HEAD; names that are no UTF-8 survive."""
    disk: Mapping[str, str]
    """What each of those paths holds in the checkout: sha256 and whether it may be executed, or a target."""
    promises: Mapping[str, str]
    """The sha256 a row would promise of a regular file: of a Git LFS pointer what it stands for."""
    opening: frozenset[str]
    """Symbolic links that lead somewhere."""
    status: tuple[str, ...]
    """What git calls changed."""
    files: int
    """As `find -type f` counts them."""


def see(checkout: Path) -> Seen:
    """Look at everything."""
    tracked = tracked_at(checkout, "HEAD")
    disk = {path: _held(checkout / path) for path in tracked}
    links = (path for path, (mode, _) in tracked.items() if mode == LINK)
    status = os.fsdecode(git(checkout, "status", "--porcelain", "-z")).split("\0")
    return Seen(
        head=git(checkout, "rev-parse", "HEAD").decode().strip(),
        tracked=tracked,
        disk=disk,
        promises={path: _promise(checkout / path, held) for path, held in disk.items()},
        opening=frozenset(path for path in links if (checkout / path).exists()),
        status=tuple(sorted(filter(None, status))),
        files=sum(len(names) for _, names in _walk(checkout)),
    )


def tracked_at(checkout: Path, commit: str) -> dict[str, tuple[str, str]]:
    """Mode and object of each path of a commit."""
    found = {}
    for line in os.fsdecode(git(checkout, "ls-tree", "-r", "-z", "--full-tree", commit)).split("\0")[:-1]:
        about, _, path = line.partition("\t")
        mode, _, blob = about.split(" ")
        found[path] = (mode, blob)
    return found


def _walk(checkout: Path) -> Iterator[tuple[str, list[str]]]:
    for folder, folders, names in os.walk(checkout):
        if folder == str(checkout):
            folders[:] = [name for name in folders if name != ".git"]
        yield folder, [n for n in names if n != ".git" and not os.path.islink(os.path.join(folder, n))]


def _held(place: Path) -> str:
    if place.is_symlink():
        return f"-> {os.readlink(place)}"
    if not place.is_file():
        return "a folder" if place.is_dir() else "nothing"
    executable = " executable" if place.stat().st_mode & 0o100 else ""
    return hashlib.sha256(place.read_bytes()).hexdigest() + executable


def _promise(place: Path, held: str) -> str:
    if held.startswith("-> ") or not place.is_file() or place.stat().st_size >= 1024:
        return held.split(" ")[0]
    found = _POINTER.match(place.read_bytes())
    return found[1].decode() if found else held.split(" ")[0]


@dataclass(frozen=True)
class Claim:
    """A row, and which files it is about."""

    row: Row
    paths: tuple[str, ...] = ()
    """The primary one first, where the row names it."""
    moves: bool = True
    """Whether nothing hinders its migration, as far as names, modes and hashes go."""


@dataclass(frozen=True)
class Claims:
    """All rows, and what was made from what."""

    claims: Sequence[Claim]
    links: Sequence[tuple[str, str]] = ()

    @property
    def rows(self) -> list[Row]:
        return [claim.row for claim in self.claims]


def claims_for(
    seen: Seen, count: int, *, whole: Sequence[str] = (), left: Sequence[str] = (), seed: int = 1
) -> Claims:
    """Rows for files of all folders; some share one, some have none, some promise the wrong hash.

    Each folder of `whole` is one row's, and nothing in it is another's. Paths of `left` are not to move.
    """
    rng = random.Random(seed)
    inside_whole = tuple(f"{folder}/" for folder in whole)
    paths = [p for p in seen.tracked if _can_be_recorded(p) and not p.startswith(inside_whole)]
    chosen = sorted(rng.sample(paths, min(count, len(paths))))
    twins = Counter(path.lower() for path in seen.tracked)
    claims = [_claim(seen, rng, path, f"artifact-{n}", twins) for n, path in enumerate(chosen)]
    for number, path in enumerate(chosen[::17]):
        claims.append(_claim(seen, rng, path, f"shared-{number}", twins))
    claims += [
        Claim(Row(f"thought-{n}", "hypothesis", title=f"Thought {n}")) for n in range(len(chosen) // 10)
    ]
    claims += _folder_claims(seen, set(chosen), whole, twins)
    rng.shuffle(claims)
    claims = [replace(c, moves=c.moves and not set(left).intersection(c.paths)) for c in claims]
    ids = [claim.row.id for claim in claims]
    links = [(rng.choice(ids), rng.choice(ids)) for _ in range(len(ids) // 3)]
    return Claims(claims, sorted(set(links)))


def _can_be_recorded(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _claim(seen: Seen, rng: random.Random, path: str, name: str, twins: Mapping[str, int]) -> Claim:
    kind = _TYPES.get(os.path.splitext(path)[1].lower(), "document")
    metadata: dict[str, Any] = {"number": len(path), "slug": name}
    columns: dict[str, Any] = {"title": path.rpartition("/")[2]}
    recorded = f"{SUBMODULE}/{path}" if rng.random() < 0.7 else path
    way = rng.choice(["type key", "other key", "file_path", "chain"])
    if way == "type key":
        metadata[f"{kind}_path"] = recorded
    elif way == "other key":
        metadata["path"] = recorded
    elif way == "file_path":
        columns["file_path"] = recorded
    else:
        columns["provenance_chain"] = [{"step": "made"}, {"path": recorded}]
    moves = _is_plain(seen, path, twins)
    held, lot = seen.promises[path], rng.random()
    if seen.tracked[path][0] not in (LINK, GITLINK):
        if lot < 0.35:
            metadata["file_sha256"] = held
        elif lot < 0.5:
            columns["content_hash"] = f"sha256:{held}"
        elif lot < 0.53 and moves:  # a mismatch of what waits for another reason is nowhere on record
            metadata["file_sha256"] = hashlib.sha256(b"else").hexdigest()
            moves = False
    return Claim(Row(name, kind, metadata, **columns), (path,), moves)


def _is_plain(seen: Seen, path: str, twins: Mapping[str, int]) -> bool:
    """Whether nothing about a path itself calls for a person."""
    ordinary = seen.tracked[path][0] not in (LINK, GITLINK) and not _STEERING.search(path)
    unchanged = not any(line[3:] == path for line in seen.status)
    return ordinary and unchanged and "\n" not in path and twins[path.lower()] == 1


def _folder_claims(
    seen: Seen, taken: set[str], whole: Sequence[str], twins: Mapping[str, int]
) -> list[Claim]:
    """Rows that name a whole folder: the given ones, and one in five of those without folders inside."""
    folders = Counter(path.rpartition("/")[0] for path in seen.tracked)
    above = {folder.rpartition("/")[0] for folder in folders}
    alone = sorted(folder for folder in folders if folder and folder not in above)
    found = []
    for number, folder in enumerate([*whole, *alone[::5]]):
        own = [path for path in seen.tracked if path.startswith(f"{folder}/")]
        if not _can_be_recorded(folder) or taken.intersection(own) or _is_type_folder(folder):
            continue
        taken.update(own)
        files = tuple(path for path in own if not _STEERING.search(path))
        moves = bool(files) and all(_can_be_recorded(p) and _is_plain(seen, p, twins) for p in files)
        row = Row(f"folder-{number}", "analysis", {"analysis_path": f"{SUBMODULE}/{folder}/"}, title=folder)
        found.append(Claim(row, files, moves))
    return found


def _is_type_folder(folder: str) -> bool:
    return folder in ("analyses", "analysiss", "hypotheses", "kg_entities", "documents")


@dataclass
class Findings:
    """What is not as it must be."""

    of: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, what: str, which: str) -> None:
        self.of[what].append(which)

    def __bool__(self) -> bool:
        return any(self.of.values())

    def lines(self, most: int = 5) -> list[str]:
        return [
            f"{what}: {len(which)}, such as {', '.join(map(ascii, which[:most]))}"
            for what, which in self.of.items()
        ]


def compare(
    checkout: Path, before: Seen, after: Seen, claims: Claims, rows: Mapping[str, Mapping[str, Any]]
) -> Findings:
    """Before and after a migration to its end. `rows` are those of `artifacts`, by id."""
    found = Findings()
    manifests = _manifests(checkout, after, rows, found)
    moved_to: dict[str, list[str]] = defaultdict(list)
    for folder, listed in manifests.values():
        for file in listed:
            moved_to[file["migrated_from"]].append(f"{folder}/{file['path']}")
    _compare_files(before, after, moved_to, found)
    for claim in claims.claims:
        _compare_claim(checkout, before, after, claim, rows[claim.row.id], manifests, found)
    for link in before.opening - after.opening:
        if after.tracked.get(link) == before.tracked[link]:
            found.add("a link leads nowhere any more", link)
    new = set(after.status) - set(before.status)
    for line in sorted(new):
        found.add("git calls it changed", line)
    if after.files < before.files:
        found.add("fewer files than before", f"{before.files} before, {after.files} after")
    return found


def _manifests(
    checkout: Path, after: Seen, rows: Mapping[str, Mapping[str, Any]], found: Findings
) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Folder and listed files by artifact."""
    manifests = {}
    for artifact_id, row in rows.items():
        if row["migrated_to_folder_at"] is None:
            continue
        folder = str(row["artifact_dir"]).removeprefix(f"{SUBMODULE}/")
        if not _UUID.fullmatch(folder.rpartition("/")[2]) or f"{folder}/manifest.json" not in after.tracked:
            found.add("no manifest in git", artifact_id)
            continue
        said = json.loads((checkout / folder / "manifest.json").read_bytes())
        if said["id"] != artifact_id:
            found.add("the manifest of another artifact", artifact_id)
        manifests[artifact_id] = (folder, said["files"])
    return manifests


def _compare_files(before: Seen, after: Seen, moved_to: Mapping[str, Sequence[str]], found: Findings) -> None:
    for path, held in before.tracked.items():
        places = [p for p in (path, *moved_to.get(path, ())) if after.tracked.get(p) == held]
        if not places:
            found.add("no longer in git with its object and mode", path)
        elif not any(after.disk[place] == before.disk[path] for place in places):
            found.add("other bytes or mode in the checkout", path)
        for place in moved_to.get(path, ()):
            if after.tracked.get(place) != held or after.disk[place] != before.disk[path]:
                found.add("not what was moved", place)


def _compare_claim(
    checkout: Path,
    before: Seen,
    after: Seen,
    claim: Claim,
    row: Mapping[str, Any],
    manifests: Mapping[str, tuple[str, list[dict[str, Any]]]],
    found: Findings,
) -> None:
    name = f"{claim.row.id} ({', '.join(claim.paths[:3])})"
    if claim.row.id not in manifests:
        if claim.moves:
            found.add("not migrated though nothing hinders it", name)
        for path in claim.paths:
            if after.tracked.get(path) != before.tracked[path] or after.disk[path] != before.disk[path]:
                found.add("not migrated, and its file has gone", name)
        return
    if not claim.moves:
        found.add("migrated though a person must look first", name)
    folder, listed = manifests[claim.row.id]
    missing = set(claim.paths) - {file["migrated_from"] for file in listed}
    if missing:
        found.add("migrated without its file", f"{name}: {min(missing)}")
    for recorded in _recorded(row):
        place = checkout / recorded.removeprefix(f"{SUBMODULE}/")
        if claim.paths and not place.exists():
            found.add("a recorded path that does not open", f"{name}: {recorded}")
    if claim.paths and row["primary_filename"]:
        primary = f"{folder}/{row['primary_filename']}"
        if after.disk.get(primary) not in {before.disk[path] for path in claim.paths}:
            found.add("the primary file is not one of the row's", name)


def _recorded(row: Mapping[str, Any]) -> list[str]:
    values = [value for key, value in (row["metadata"] or {}).items() if key.endswith("path")]
    return [value for value in (*values, row["file_path"]) if isinstance(value, str)]


def unfollowed(checkout: Path, base: Seen, after: Seen, most: int, *, seed: int = 1) -> list[str]:
    """Of a sample of moved files, those whose followed history ends with the migration."""
    older = set(git(checkout, "rev-list", base.head).decode().split())
    moved = [
        path
        for path, (_, blob) in after.tracked.items()
        if path not in base.tracked and _is_in_a_folder(path) and blob not in _EMPTY
    ]
    sample = random.Random(seed).sample(moved, min(most, len(moved)))
    return [path for path in sample if not older.intersection(_history(checkout, path))]


_EMPTY = ("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",)
"""Git never takes an empty file for a renamed one."""


def _is_in_a_folder(path: str) -> bool:
    """Whether a path is a file in an artifact's folder, and not its manifest or a link."""
    found = _FOLDER.match(path)
    return found is not None and path[found.end() :].partition("/")[0] not in _BOOKKEEPING


def _history(checkout: Path, path: str) -> list[str]:
    out = git(checkout, "--literal-pathspecs", "log", "--follow", "--format=%H", "--", path)
    return out.decode().split()


def fsck(checkout: Path) -> set[str]:
    """What `git fsck --strict` says against the repository."""
    command = ["git", "fsck", "--strict", "--no-dangling"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, check=False, env=os.environ | _ANYBODY)
    lines = {line for line in os.fsdecode(done.stderr + done.stdout).split("\n") if line}
    return {line for line in lines if not line.startswith(("dangling", "Checking", "notice"))}
