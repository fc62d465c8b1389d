"""Retrying failed rows: exactly the ones listed, filtered by class and host group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.attempts import (
    RETRY_COLUMNS,
    attempt_words,
    other_criteria,
    retry_cells,
)
from scidex_console.console.presentation.cells import Cell, Line, clean
from scidex_console.console.presentation.words import as_typed
from scidex_console.console.screens.dialog import Dialog, Surroundings
from scidex_console.console.screens.dialog_parts import Choices
from scidex_console.domain.errors import ConsoleError, explain
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.figures import FigureState
from scidex_console.domain.folders.statuses import WAITING, FolderStatus
from scidex_console.domain.jobs import JobName
from scidex_console.engine.action_rules import gap_of
from scidex_console.engine.actions import ActionSpec, retry_params
from scidex_console.engine.ports import AttemptFilter, ReadModel
from scidex_console.engine.views import AttemptView, GapView, RetryPreview, WaitingFolderView
from scidex_console.engine.vocabulary import counted

HELD_BACK = "held_back"
"""Rows whose batch was taken back, whatever their last attempt came to."""
_OUTCOMES = (
    FetchClass.TRANSIENT.value,
    FetchClass.BLOCKED.value,
    FetchClass.SUSPECT.value,
    FetchClass.REFUSED.value,
    HELD_BACK,
    FigureState.SUSPECTED.value,
    "",
)
_FOLDER_OUTCOMES = (*WAITING, "")


def _outcomes(job: JobName) -> tuple[str, ...]:
    """The classes of a job's rows that can be retried; the last one stands for all that failed."""
    return _FOLDER_OUTCOMES if job is JobName.FOLDERS else _OUTCOMES


def _number(gap: GapView, outcome: str) -> int:
    """How many rows of a class there are."""
    field = "mismatch" if outcome == FolderStatus.HASH_MISMATCH else outcome
    return int(getattr(gap, field))


class RetryDialog(Dialog):
    """The list is the plan: its token names these rows and no others."""

    CHOICES: ClassVar[tuple[str, ...]] = ("Cancel", "Retry")
    LIST: ClassVar[bool] = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "next_outcome", "Class", show=False),
        Binding("g", "next_group", "Group", show=False),
    ]

    def __init__(
        self,
        around: Surroundings,
        spec: ActionSpec,
        job: JobName,
        read: ReadModel,
        *,
        note: str = "",
        criteria: AttemptFilter | None = None,
    ) -> None:
        super().__init__(around, spec, job, note=note)
        self._read = read
        self.criteria = criteria or AttemptFilter(outcome=self._first_outcome(job))
        """What the list is filtered by."""
        self._outcomes = _outcomes(job)
        if self.criteria.outcome not in self._outcomes:
            self._outcomes = (self.criteria.outcome, *self._outcomes)
        self._job_name = job
        self._groups: tuple[str, ...] = ()
        """Host groups that have rows of this class."""
        self._state = ""
        self.preview: RetryPreview | None = None

    def _first_outcome(self, job: JobName) -> str:
        """The first class there are rows of."""
        overview = self._around.knowledge().overview
        gap = gap_of(overview, job) if overview else None
        return next((o for o in _outcomes(job) if o and gap and _number(gap, o)), "")

    def body(self) -> Iterable[Widget]:
        """The filter, and every row."""
        yield CellView(id="filter")
        yield CellTable(lambda width: RETRY_COLUMNS, "class", empty="no such rows", id="rows")
        yield Paragraph(id="detail")

    def first_field(self) -> Widget:
        """The list: it is to be seen first, and its filter keys work there."""
        return self.query_one(CellTable)

    def needs_reason(self) -> bool:
        """More than one row needs a reason."""
        return self.preview is None or len(self.preview.items) > 1

    def on_mount(self) -> None:
        """Read the list."""
        self._reload()

    def on_cell_table_row_pointed_at(self, message: CellTable.RowPointedAt) -> None:
        """The whole of the row under the cursor."""
        items = self.preview.items if self.preview else ()
        item = next((item for item in items if item.artifact_id == message.key), None)
        self._tell(item)

    def _tell(self, item: AttemptView | WaitingFolderView | None) -> None:
        self.query_one("#detail", Paragraph).say(attempt_words(item) if item else "", "dim")

    def action_next_outcome(self) -> None:
        """Another class of failure; last all of them."""
        at = self._outcomes.index(self.criteria.outcome)
        following = self._outcomes[(at + 1) % len(self._outcomes)]
        self.criteria = replace(self.criteria, outcome=following)
        self._reload()

    def action_next_group(self) -> None:
        """Another host group that has such rows; first all of them."""
        groups = ["", *self._groups]
        at = groups.index(self.criteria.group) if self.criteria.group in groups else 0
        self.criteria = replace(self.criteria, group=groups[(at + 1) % len(groups)])
        self._reload()

    def _reload(self) -> None:
        self.preview = None
        self.query_one("#detail", Paragraph).say("")
        self._draw("reading …")
        self.run_worker(self._load(), exclusive=True, group="preview", exit_on_error=False)

    async def _load(self) -> None:
        try:
            preview = everywhere = await self._read.retry_preview(self._job_name, self.criteria)
            if self.criteria.group:
                everywhere = await self._read.retry_preview(self._job_name, replace(self.criteria, group=""))
        except ConsoleError as error:
            self._draw(explain(error))
            return
        except Exception as error:
            self._draw(f"{type(error).__name__}: {error}")
            return
        self.preview = preview
        self._groups = tuple(sorted({item.group for item in everywhere.items}))
        items, now = preview.items, self._around.knowledge().now
        self.query_one(CellTable).show_rows(
            [item.artifact_id for item in items], lambda i: retry_cells(items[i], now)
        )
        pointed_at = self.query_one(CellTable).cursor_key
        self._tell(next((item for item in items if item.artifact_id == pointed_at), None))
        self._draw("")
        self.show_twin()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The filter keys are shown where they work: not where they would be typed."""
        self._draw(self._state)

    def _draw(self, state: str) -> None:
        self._state = state
        typing = isinstance(self.focused, Input)
        cells = [
            Cell("" if typing else "o ", "key"),
            Cell("class "),
            Cell(self.criteria.outcome.replace("_", " ") or "any", "strong"),
            Cell("   "),
            Cell("" if typing else "g ", "key"),
            Cell("group "),
            Cell(clean(self.criteria.group, 60) or "all", "strong"),
        ]
        for words in other_criteria(self.criteria):
            cells += [Cell("   "), Cell(words, "strong")]
        number = len(self.preview.items) if self.preview else 0
        if state:
            cells.append(Cell(f"   {as_typed(clean(state), self._program)}", "warn"))
        else:
            cells.append(Cell(f"   {counted(number, 'row')}", "strong"))
        self.query_one("#filter", CellView).show([Line(tuple(cells))])
        self.query_one(Choices).relabel(
            ["Cancel", f"Retry {counted(number, 'row')}"] if number else ["Cancel"]
        )

    def params(self) -> dict[str, Any]:
        """The filter, and the token of exactly the rows it lists: the engine makes the same list again."""
        if self.preview is None:
            raise ValueError("the list is still being read")
        if not self.preview.items:
            raise ValueError("no rows to retry")
        return {**self.params_so_far(), "token": self.preview.token}

    def listed_by(self) -> AttemptFilter:
        """To show the list anew when it was refused."""
        return self.criteria

    def planned_rows(self) -> int | None:
        """Those of the list."""
        return len(self.preview.items) if self.preview else None

    def params_so_far(self) -> dict[str, Any]:
        """The filter alone."""
        return retry_params(self.criteria)
