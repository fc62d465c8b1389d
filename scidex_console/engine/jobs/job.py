"""What the engine asks of a job. A Protocol: no base class, no registry."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol

from scidex_console.domain.batches import Operation
from scidex_console.domain.jobs import JobName
from scidex_console.engine.jobs.record import Record


class Job(Protocol):
    """Finds the gap, prepares items group by group, and says what a batch of them changes.

    A group is what shares a budget: a host group for figures, the repository for folders.
    """

    @property
    def name(self) -> JobName:
        """The job's name."""
        ...

    @property
    def batch_limits(self) -> tuple[int, int]:
        """How many prepared items close a batch: with files, and without."""
        ...

    @property
    def closes_batch_at_rest(self) -> bool:
        """Whether a batch ends with what is prepared when nothing more may be taken up for now."""
        ...

    @property
    def reads_beside_writing(self) -> bool:
        """Whether items may be prepared while a batch is being written."""
        ...

    @property
    def ending(self) -> str:
        """What `finish` does, in words."""
        ...

    async def begin(self, *, stepping: bool) -> None:
        """A stretch of work begins: a run's, or a step's, which does not wait for its turn."""
        ...

    async def survey(self, epoch: int) -> None:
        """Bring the job's work table in line with the rows and the disk: its gap."""
        ...

    async def ready_groups(self) -> Sequence[str]:
        """Groups with items that may be taken up now."""
        ...

    async def rest(self) -> str | None:
        """What the job waits for when nothing can be taken up now; None when nothing is left at all."""
        ...

    async def next_items(self, group: str, limit: int, *, excluding: Collection[str]) -> Sequence[Any]:
        """Items of a group to take up, each with an `artifact_id`."""
        ...

    async def settle(self, group: str) -> None:
        """Nothing of a group may be taken up any more for now: what its prepared items still need."""
        ...

    def width(self, group: str) -> int:
        """How many items of a group may be prepared at once."""
        ...

    def is_closed(self, group: str) -> bool:
        """Whether taking up items of this group is pointless just now."""
        ...

    async def prepare(self, item: Any, *, run_id: int, epoch: int) -> Record:
        """Do the item's work outside the two stores (fetch, classify, stage)."""
        ...

    async def finish(self) -> None:
        """Nothing is left: what is due before the run is over.

        May be repeated; when it is cancelled, it ends soon and is begun anew when the run goes on.
        """
        ...

    async def waiting(self) -> tuple[int, int]:
        """Prepared items that wait for a batch: with files, and without."""
        ...

    async def effects(self, *, files: int, marks: int) -> Sequence[Operation]:
        """Files to add and row changes of the next batch."""
        ...
