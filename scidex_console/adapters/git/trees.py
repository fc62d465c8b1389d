"""What two commits differ in, path by path."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from scidex_console.adapters.git.checkout import Checkout, object_id

REGULAR = "100644"
GITLINK = "160000"
ABSENT = "000000"


@dataclass(frozen=True)
class Entry:
    """A path's mode and object in a tree or an index."""

    mode: str
    object: str


@dataclass(frozen=True)
class Change:
    """A path before and after; None where it is not there."""

    before: Entry | None
    after: Entry | None


_FEW = 20
"""Paths that are quicker to ask for one by one."""
_RAW = ("-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--ignore-submodules=none", "--no-ext-diff")


def changes(checkout: Checkout, old: str, new: str) -> dict[str, Change]:
    """Paths in which two commits (or trees) differ."""
    output = checkout.commands.run("diff-tree", *_RAW, object_id(old), object_id(new))
    return dict(_pairs(output.fields()))


def staged(checkout: Checkout, paths: Collection[str]) -> dict[str, tuple[Entry, ...]]:
    """What the real index has at these paths; more than one entry at a path that somebody is merging."""
    if not paths:
        return {}
    # Git compares each of its paths with each of ours: of many, it is quicker to be told all there are.
    some = () if len(paths) > _FEW else ("--", *paths)
    output = checkout.commands.run("ls-files", "--stage", "-z", *some)
    wanted = {path.encode("utf-8", "surrogateescape"): path for path in paths}
    start = len(f"{REGULAR} {checkout.no_object} 0\t")
    found: dict[str, tuple[Entry, ...]] = {}
    for line in [line for line in output.stdout.split(b"\0") if line[start:] in wanted]:
        mode, oid, _ = line[:start].decode().split(" ")
        path = wanted[line[start:]]
        found[path] = (*found.get(path, ()), Entry(mode, oid))
    return found


def changes_by_commit(checkout: Checkout, parents: Mapping[str, str | None]) -> dict[str, dict[str, Change]]:
    """What each commit changed against the given parent (None: everything it has)."""
    lines = "".join(f"{commit} {parent}\n" if parent else f"{commit}\n" for commit, parent in parents.items())
    output = checkout.commands.run("diff-tree", "--stdin", "--root", "-m", *_RAW, stdin=lines.encode())
    found: dict[str, dict[str, Change]] = {commit: {} for commit in parents}
    commit = ""
    fields = iter(output.fields())
    for field in fields:
        if field.startswith(":"):
            found[commit][next(fields)] = _change(field)
        else:
            commit = field.split()[0]
    return found


def entries(checkout: Checkout, commit: str, paths: Iterable[str]) -> dict[str, Entry]:
    """Files (not folders) that a commit has at the given paths; paths it does not have are left out."""
    found: dict[str, Entry] = {}
    for some in in_portions(paths):
        wanted = set(some)
        output = checkout.commands.run("ls-tree", "-z", "--full-tree", object_id(commit), "--", *some)
        for line in output.fields():
            about, _, path = line.partition("\t")
            mode, kind, oid = about.split(" ")
            if kind != "tree" and path in wanted:
                found[path] = Entry(mode, oid)
    return found


def all_entries(checkout: Checkout, commit: str) -> dict[str, Entry]:
    """Every file (not folder) that a commit has."""
    output = checkout.commands.run("ls-tree", "-r", "-z", "--full-tree", object_id(commit))
    found: dict[str, Entry] = {}
    for line in output.fields():
        about, _, path = line.partition("\t")
        mode, _, oid = about.split(" ")
        found[path] = Entry(sys.intern(mode), oid)  # hundreds of thousands of the same few
    return found


def top_level(checkout: Checkout, commit: str) -> list[str]:
    """Names of what lies at the top of a commit."""
    return list(
        checkout.commands.run("ls-tree", "-z", "--name-only", "--full-tree", object_id(commit)).fields()
    )


def in_portions(paths: Iterable[str], size: int = 500) -> Iterable[list[str]]:
    """Paths in groups that fit on a command line."""
    portion: list[str] = []
    for path in paths:
        portion.append(path)
        if len(portion) == size:
            yield portion
            portion = []
    if portion:
        yield portion


def _pairs(fields: list[str]) -> Iterable[tuple[str, Change]]:
    remaining = iter(fields)
    return ((path, _change(about)) for about, path in zip(remaining, remaining, strict=True))


def _change(about: str) -> Change:
    old_mode, new_mode, old, new, _ = about.removeprefix(":").split(" ")
    return Change(
        before=None if old_mode == ABSENT else Entry(old_mode, old),
        after=None if new_mode == ABSENT else Entry(new_mode, new),
    )
