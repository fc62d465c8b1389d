"""Bringing the index after a commit that a crash left without it, and clearing what a crash left of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scidex_console.adapters.git import refs, trees, unfinished
from scidex_console.adapters.git.aside import PREFIX as ASIDE_PREFIX
from scidex_console.adapters.git.checkout import OURS, Checkout
from scidex_console.adapters.git.index import PRIVATE_PREFIX, IndexDraft, publish, refresh_all
from scidex_console.adapters.git.index_lock import clear_own, index_lock, is_ours, lock_path
from scidex_console.engine.killpoints import reach

_DRAFTS = (f"{PRIVATE_PREFIX}*", "lock-*", f"{ASIDE_PREFIX}*")


@dataclass(frozen=True)
class Leftovers:
    """Traces of ours in a git directory; all empty while nothing of ours is at work and nothing crashed."""

    index_lock: bool
    temporary_refs: tuple[str, ...]
    files: tuple[Path, ...]
    """Private index files, drafts of locks, files set aside, marks that kept packs of ours."""

    def __bool__(self) -> bool:
        return bool(self.index_lock or self.temporary_refs or self.files)


def leftovers(checkout: Checkout) -> Leftovers:
    """What a crash of ours has left; while a writer of ours is at work, its own things too."""
    return Leftovers(
        index_lock=is_ours(lock_path(checkout)),
        temporary_refs=tuple(refs.temporaries(checkout)),
        files=tuple(_files(checkout)),
    )


def clear(checkout: Checkout) -> Leftovers:
    """Remove what a crash of ours left; what there was. Only with the writer lock held."""
    found = leftovers(checkout)
    clear_own(checkout)
    reach("git.repair.unlocked")
    refs.drop(checkout, found.temporary_refs)
    for path in found.files:
        path.unlink(missing_ok=True)
    reach("git.repair.cleared")
    return found


def repair_index(checkout: Checkout, paths: Sequence[str]) -> None:
    """Make the index entries of these paths what HEAD has. Only with the writer lock held."""
    tip = checkout.resolve("HEAD")
    if not paths or tip is None:
        return
    found = trees.entries(checkout, tip, paths)
    with index_lock(checkout, "repair"), IndexDraft(checkout) as draft:
        publish(checkout, draft.fit({path: found.get(path) for path in paths}))
    reach("git.repair.published")


def refresh_index(checkout: Checkout) -> None:
    """Let the index know the times of all files. Only with the writer lock held."""
    with index_lock(checkout, "refresh"), IndexDraft(checkout) as draft:
        private = draft.fit({})
        refresh_all(checkout, private)
        publish(checkout, private)
    reach("git.repair.refreshed")


def _files(checkout: Checkout) -> list[Path]:
    own = checkout.git_dir / OURS
    drafts = [path for pattern in _DRAFTS for path in sorted(own.glob(pattern))]
    return drafts + unfinished.marks(checkout)
