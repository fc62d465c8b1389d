"""Batches: what went through both stores, what each changed, and the way back from any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType

from scidex_console.console.filtering import one_of, take_apart
from scidex_console.console.keys import FILTER, OPEN, REDO, ROLLBACK, Key, bindings
from scidex_console.console.link import Query
from scidex_console.console.presentation.batches import LIST_COLUMNS, batch_cells, batch_lines
from scidex_console.console.presentation.cells import Cell, Line
from scidex_console.console.presentation.columns import Column
from scidex_console.console.screens.detail import DetailScreen
from scidex_console.console.screens.listing import ListingScreen
from scidex_console.console.screens.main_screen import Console, Subject
from scidex_console.domain.batches import REVERSIBLE, TAKEN_BACK
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.engine.batch_views import BatchView
from scidex_console.engine.listing_views import BatchDetail, BatchFilter
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.vocabulary import BATCH_WORDS

_STATES = tuple(sorted({word.replace(" ", "-") for word in BATCH_WORDS.values()}))


@dataclass(frozen=True)
class BatchesQuery:
    """Part of the batches."""

    criteria: BatchFilter
    around: Around
    span: Span

    async def read(self, read: ReadModel) -> Window[BatchView]:
        """Ask for it."""
        return await read.batch_window(self.criteria, self.around, self.span)


@dataclass(frozen=True)
class BatchQuery:
    """One batch whole."""

    batch_id: int

    async def read(self, read: ReadModel) -> BatchDetail | None:
        """Ask for it."""
        return await read.batch_detail(self.batch_id)


def _way_reason(key: Key, batch: BatchView | None) -> str | None:
    """Why a batch cannot be taken back, or brought on again."""
    if key not in (ROLLBACK, REDO):
        return None
    if batch is None:
        return "there is no batch here"
    if key is ROLLBACK and batch.state not in REVERSIBLE:
        return f"batch {batch.id} is {BATCH_WORDS[batch.state]}"
    if key is REDO and batch.state not in TAKEN_BACK:
        return f"batch {batch.id} is {BATCH_WORDS[batch.state]}: only one that was taken back can be redone"
    return None


def _shown_by(batch: BatchView) -> str:
    """The command line, without the program, that prints one batch."""
    return f"batches --before {batch.id + 1} --limit 1"


class BatchesScreen(ListingScreen[BatchView]):
    """Newest first; the keys are of the batch under the cursor, whichever it is."""

    TITLE_WORDS = "Batches"
    EMPTY = "there is no batch yet"
    HINT = "job:folders state:done,taken-back id:ARTIFACT, or how a commit begins"
    KEYS = (OPEN, FILTER, ROLLBACK, REDO)
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        self._criteria = BatchFilter()

    @property
    def job(self) -> JobName:
        """That of the batch under the cursor."""
        return self.table.current.job if self.table.current else JobName.FIGURES

    def columns(self, width: int) -> Sequence[Column]:
        """The least important go first."""
        return LIST_COLUMNS

    def cells(self, row: BatchView) -> Mapping[str, Cell]:
        """One batch."""
        return batch_cells(row, self.around.knowledge().now)

    def ask(self, around: Around, span: Span) -> Query[Window[BatchView]]:
        """By the filter in force."""
        return BatchesQuery(self._criteria, around, span)

    def apply(self, typed: str) -> None:
        """A job, states in words, an artifact, and the beginning of a commit."""
        found = take_apart(typed, ("job", "state", "id"))
        job = one_of(found.named.get("job"), tuple(JobName))
        chosen = one_of(found.named.get("state"), _STATES).split(",")
        states = tuple(s.value for s, word in BATCH_WORDS.items() if word.replace(" ", "-") in chosen)
        artifact = found.named["id"].value if "id" in found.named else ""
        only_job = JobName(job) if job in list(JobName) else None
        self._criteria = BatchFilter(only_job, states, artifact, found.text)

    def open(self, row: BatchView) -> None:
        """One batch whole."""
        self.around.drill(BatchScreen(self.around, row))

    def subject(self) -> Subject:
        """The batch under the cursor."""
        return Subject(batch_id=self.table.current.id if self.table.current else None)

    def why_not(self, key: Key) -> str | None:
        """The batch must be in a state for it."""
        return _way_reason(key, self.table.current) or super().why_not(key)

    def twin(self) -> str:
        """The list, down to this batch."""
        return _shown_by(self.table.current) if self.table.current else ""


class BatchScreen(DetailScreen[BatchDetail]):
    """Its commits, and every row before and after."""

    KEYS = (ROLLBACK, REDO)
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)

    def __init__(self, around: Console, batch: BatchView) -> None:
        super().__init__(around, f"Batch {batch.id}", BatchQuery(batch.id))
        self._batch = batch

    @property
    def job(self) -> JobName:
        """The batch's own."""
        return self._batch.job

    def lines(self, view: BatchDetail, width: int) -> Sequence[Line]:
        """All of it."""
        return batch_lines(view, width)

    def subject(self) -> Subject:
        """This batch."""
        return Subject(batch_id=self._batch.id)

    def why_not(self, key: Key) -> str | None:
        """The batch must be in a state for it."""
        return _way_reason(key, self.view.batch if self.view else self._batch) or super().why_not(key)

    def twin(self) -> str:
        """This batch."""
        return _shown_by(self._batch)
