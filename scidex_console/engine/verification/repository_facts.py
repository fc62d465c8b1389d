"""What git is asked: history, trees, index, objects and traces, as values, and where they come from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from scidex_console.domain.commits import Trailers

Place = tuple[str, str]
"""A commit and a path in it."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A path's mode and object."""

    mode: str
    object: str


@dataclass(frozen=True, slots=True)
class PathDelta:
    """What a commit did to one path; None where the path was or is not there."""

    before: TreeEntry | None
    after: TreeEntry | None


@dataclass(frozen=True)
class OwnCommit:
    """A commit that bears our trailers."""

    id: str
    trailers: Trailers
    changes: Mapping[str, PathDelta]
    """Against its first parent."""
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class OuterFacts:
    """The outer repository around the artifact repository."""

    submodule: str
    """The submodule's place in it."""
    commits: Sequence[OwnCommit]
    """Ours, oldest first."""
    pointer: str | None
    """Commit that HEAD records; None when it records none."""
    pointer_is_ancestor: bool
    """Whether that is the artifact repository's HEAD or an ancestor of it."""
    index_goes_back: bool
    """Whether the index would move the pointer back to an older commit."""


@dataclass(frozen=True)
class Traces:
    """What of ours lies in a repository's git directory, in words, and who holds our locks."""

    leftovers: tuple[str, ...]
    engine: str | None
    """Who holds the engine's lock."""
    writer: str | None
    """Who holds a writer's lock."""


@dataclass(frozen=True)
class RepositoryFacts:
    """Everything asked of git, as of one commit."""

    head: str
    epoch: int
    """What the epoch reference holds."""
    tree: Mapping[str, TreeEntry]
    """Every file of HEAD."""
    index: Mapping[str, TreeEntry]
    """Every path of the index that is in no conflict."""
    commits: Sequence[OwnCommit]
    """Ours in HEAD's history, oldest first."""
    first_base: Mapping[str, TreeEntry] | None
    """Every file that there was before the first batch; None when git cannot tell (any more)."""
    lost_blobs: Mapping[str, str]
    """Blobs reachable before that HEAD's history does not reach, each with where it was reachable from."""
    unknown_bases: frozenset[str]
    """Commits that batches were based on and that git does not have (any more)."""
    traces: Traces
    outer: OuterFacts | None
    unreadable: Exception | None = None
    """Why history could not be read; everything is empty then."""


@dataclass(frozen=True)
class RepositoryQuestion:
    """What verification wants to know of git beyond the obvious."""

    bases: Sequence[str]
    """Commits that batches were based on, oldest batch first."""
    blobs: Mapping[str, str]
    """Blobs that batches added, each with where."""
    batches: frozenset[str] = frozenset()
    """Identities of the batches, as their commits name them."""


class RepositorySource(Protocol):
    """Asks git. Synchronous; takes no lock and writes nothing."""

    def head(self) -> str: ...

    def facts(self, question: RepositoryQuestion) -> RepositoryFacts: ...

    def fsck(self) -> Sequence[str]:
        """What `git fsck --strict` has to say; empty when everything is sound."""
        ...

    def objects_at(self, places: Collection[Place]) -> Mapping[Place, str | None]:
        """Object at each (commit, path); None where there is none."""
        ...

    def pointers(self, blobs: Collection[str]) -> Mapping[str, str]:
        """sha256 that each of these blobs stands for, where it is a Git LFS pointer."""
        ...
