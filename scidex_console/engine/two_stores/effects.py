"""What a job's operations do to the checkout and to git. The order they do it in is the same for all jobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Protocol

from scidex_console.domain.batches import Batch, Operation, Skip
from scidex_console.engine.ports import Committed, PathChange

Operations = Sequence[Operation]


class Effects(Protocol):
    """One kind of change, forwards and backwards. Every method may be repeated after a crash.

    All but `verify` block and belong into a thread. They raise `Halt`, and `LockBusy` from git.
    """

    def paths(self, operations: Operations) -> list[str]:
        """Every path of git that is concerned."""
        ...

    async def verify(self, batch: Batch) -> Mapping[str, Skip]:
        """Which operations cannot go on as they were journalled: files, places and git as they are now."""
        ...

    async def hindrances(self, operations: Operations) -> Mapping[str, str]:
        """Why operations that were taken back cannot come on again as things are; nothing changes."""
        ...

    def expand(self, operations: Operations) -> Mapping[str, Skip]:
        """New paths appear beside the old ones; what cannot appear is skipped, with nothing left of it."""
        ...

    def changes_git(self, operations: Operations) -> bool:
        """Whether there is anything to commit."""
        ...

    def commit(self, batch: Batch, expand: Callable[[], None]) -> Committed:
        """Git's commit point, before which it calls `expand` and passes on what that raises.

        Raises `Refused` or `UnsafePath` whose `where` is the path in the way.
        """
        ...

    def owners(self, operations: Operations, path: str) -> list[Operation]:
        """The operations a path belongs to."""
        ...

    def retreat(self, operations: Operations, *, placed: bool) -> None:
        """Operations were left out before the commit: what was placed for them goes.

        `placed` tells that something may have been.
        """
        ...

    def inverse(self, operations: Operations) -> list[PathChange]:
        """What takes these operations out of git, as far as they are in it."""
        ...

    def vanish(self, operations: Operations) -> None:
        """After that: the new paths go from the checkout where they are still what they were."""
        ...

    def restitution(self, batch: Batch, taken: Set[str]) -> list[PathChange]:
        """What brings back old paths that are to stay after all; `taken` is what the commit changed."""
        ...

    def contract(self, batch: Batch) -> None:
        """After the switch and the readers' grace: the old paths and our staging go."""
        ...

    def reappear(self, operations: Operations) -> Mapping[str, str]:
        """Before a rollback's commit: old paths appear again; which operations must stay, and why."""
        ...

    def reinstatement(self, operations: Operations, *, besides: Operations) -> list[PathChange]:
        """What brings back operations that a rollback took out of git though their rows have changed.

        `besides` stay taken back.
        """
        ...

    @property
    def lasts(self) -> bool:
        """Whether readers get a grace period before the old paths go."""
        ...
