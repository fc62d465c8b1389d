"""The repository's state in one look, for an operator who asks whether everything is in place."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from scidex_console.adapters.git import index, pushing, refs
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.facts import GitFacts, Pointer
from scidex_console.adapters.git.index_lock import is_ours, lock_path
from scidex_console.adapters.git.locks import FileLock
from scidex_console.adapters.git.outer import Outer

MINIMUM_GIT = (2, 34)


@dataclass(frozen=True)
class CheckoutState:
    """One checkout."""

    worktree: Path
    git_dir: Path
    branch: str | None
    """Short name; None when HEAD is detached."""
    tip: str | None
    """None when the branch has no commit yet."""
    under_way: str | None
    """A merge, a rebase, … that somebody has begun; None when nothing."""
    sparse: bool
    """Whether git takes files outside of some patterns away from it."""
    has_remote: bool
    index_lock: str
    """`` when nobody holds git's index lock, `ours` when a crash of ours left it, else `foreign`."""
    filters: tuple[str, ...]
    """Content filters the configuration defines (Git LFS is one). We never run them."""


@dataclass(frozen=True)
class RepositoryState:
    """The artifact repository and the outer one around it."""

    git_version: str
    git_is_new_enough: bool
    artifacts: CheckoutState
    outer: CheckoutState | None
    submodule_path: str | None
    pointer: Pointer | None
    epoch: int
    changed_paths: int
    """Paths that somebody has changed, staged or left untracked."""
    engine_holder: str | None
    writer_holder: str | None
    staging_on_same_file_system: bool
    """Whether a staged file can be linked into the worktree."""


def inspect(checkout: Checkout, outer: Outer | None, *, remote: str | None) -> RepositoryState:
    """Look at everything, change nothing."""
    facts = GitFacts(checkout, outer)
    version = checkout.commands.run("version").text().removeprefix("git version ")
    return RepositoryState(
        git_version=version,
        git_is_new_enough=_numbers(version) >= MINIMUM_GIT,
        artifacts=_look(checkout, remote),
        outer=_look(outer.checkout, remote) if outer else None,
        submodule_path=outer.path if outer else None,
        pointer=facts.pointer(),
        epoch=refs.read_epoch(checkout),
        changed_paths=len(facts.changed()),
        engine_holder=FileLock(checkout.own_dir / "engine.lock").holder(),
        writer_holder=FileLock(checkout.own_dir / "writer.lock").holder(),
        staging_on_same_file_system=_device(checkout.worktree) == _device(checkout.common_dir),
    )


def _look(checkout: Checkout, remote: str | None) -> CheckoutState:
    branch = checkout.branch()
    lock = lock_path(checkout)
    return CheckoutState(
        worktree=checkout.worktree,
        git_dir=checkout.git_dir,
        branch=branch.removeprefix("refs/heads/") if branch else None,
        tip=checkout.resolve("HEAD"),
        under_way=checkout.under_way(),
        sparse=checkout.is_sparse(),
        has_remote=remote is not None and pushing.has_remote(checkout, remote),
        index_lock="" if not lock.exists() else "ours" if is_ours(lock) else "foreign",
        filters=tuple(index.filter_drivers(checkout)),
    )


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)", version)
    return tuple(int(part) for part in found.groups()) if found else ()


def _device(path: Path) -> int:
    return path.stat().st_dev


def bytes_kept(checkout: Checkout) -> int:
    """Bytes of the objects, packed and loose."""
    total = 0
    for folder, _, names in os.walk(checkout.common_dir / "objects"):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(folder) / name).stat().st_size
    return total


def sizes(checkout: Checkout, objects: Sequence[str]) -> Mapping[str, int]:
    """Bytes of these objects; a commit of another repository, which is not here, has none."""
    asked = "".join(f"{name}\n" for name in objects).encode()
    lines = checkout.commands.run("cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=asked)
    told = (line.split(" ") for line in lines.text().splitlines())
    return {name: int(size) for name, size in told if size.isdigit()}
