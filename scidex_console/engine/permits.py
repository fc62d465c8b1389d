"""How much a run may still take up: without end while running, so much while stepping, nothing beyond what
the next batches can hold."""

from __future__ import annotations

from scidex_console.domain.runs import RunState
from scidex_console.engine.views import RunView


class RunPermits:
    """Asked by the drains before each item, and told after it.

    A step of items takes up exactly so many. A step of batches takes up no more than its batch can hold, so
    that nothing is left over when the batch is written.
    """

    def __init__(self, run: RunView, batch_limits: tuple[int, int], *, ahead: bool) -> None:
        stepping = run.state is RunState.STEPPING
        self._full = batch_limits
        self._ahead = ahead
        """Whether to go on while a full batch is being written."""
        self._items = run.steps_left or 0 if stepping and run.step_unit == "item" else None
        self._batches = run.steps_left or 0 if stepping and run.step_unit == "cycle" else None
        self._waiting = (0, 0)
        self._in_hand = 0
        self._unseen = 0
        """Prepared since `_waiting` was counted."""
        self.closed = False

    @property
    def used_up(self) -> bool:
        """Whether a step has taken up all it may."""
        return self._items == 0 or self._batches == 0

    @property
    def counts_batches(self) -> bool:
        """Whether this is a step of whole batches."""
        return self._batches is not None

    @property
    def unseen(self) -> int:
        """Items prepared since the last `count`."""
        return self._unseen

    def count(self, run: RunView, waiting: tuple[int, int], *, unseen: int) -> None:
        """What the work table and then the run say; `unseen` is what the permits said before that.

        In this order: a batch leaves the table and is counted in one transaction, so that a table without it
        never meets a count without it.
        """
        self._waiting = waiting
        self._unseen -= unseen
        if self._batches is not None:
            self._batches = run.steps_left or 0

    def take(self) -> bool:
        """One more item may be taken up."""
        if self.closed or self.used_up or not self.has_room:
            return False
        if self._items is not None:
            self._items -= 1
        self._in_hand += 1
        return True

    def give_back(self) -> None:
        """The item was not prepared after all."""
        self._in_hand -= 1
        if self._items is not None:
            self._items += 1

    def prepared(self) -> None:
        """The item was prepared and recorded."""
        self._in_hand -= 1
        self._unseen += 1

    @property
    def has_room(self) -> bool:
        """False when more is prepared than two batches can take: git is held up, so fetching waits."""
        files, marks = self._waiting
        full_files, full_marks = self._full
        if self._batches is not None or not self._ahead:
            on_the_way = self._in_hand + self._unseen
            return files + on_the_way < full_files and marks + on_the_way < full_marks
        return files < 2 * full_files and marks < 2 * full_marks
