"""Files that no row claims: counted and listed, and touched by nothing but a person's decision."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass

from scidex_console.domain.folders.layout import folder_of
from scidex_console.domain.folders.resolving import ResolvingRules, TreeIndex, resolve, with_companions
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.orphans import is_kept


@dataclass(frozen=True)
class Orphan:
    """A file of the commit at the tip that is no artifact's."""

    path: str
    mode: str
    """As git writes it; a symbolic link is `120000`."""
    blob: str
    size: int
    """Bytes, as git has them."""


@dataclass(frozen=True)
class OrphanPage:
    """Some of the files that no row claims."""

    total: int
    """How many there are in all."""
    orphans: Sequence[Orphan]
    """In the order of their paths."""
    after: str | None
    """The last path of this page, where more follow."""


def claims(rows: Iterable[ArtifactRow], tree: TreeIndex, rules: ResolvingRules) -> set[str]:
    """The files that these rows, all that are not migrated yet, name, or that come with those they name."""
    resolved = [resolve(row, tree, rules) for row in rows]
    named = {path for found in resolved for path in found.files}
    return {path for found in resolved for path in with_companions(found, tree, named).files}


def orphans(tree: TreeIndex, claimed: Set[str]) -> list[str]:
    """Paths, in order, that nobody claims and that lie in no artifact's folder.

    Git's own files at the top are none, and neither is what a decision has put below `orphans/`. Those that
    keep a folder there (`.gitkeep`) are.
    """
    return sorted(
        path
        for path in tree.entries
        if path not in claimed
        and folder_of(path) is None
        and not path.startswith(".git")
        and not is_kept(path, tree.entries)
    )
