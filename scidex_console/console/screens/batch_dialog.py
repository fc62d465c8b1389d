"""Taking a batch back, or again: both stores in one preview, confirmed by typing the batch's id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual import events
from textual.widget import Widget
from textual.widgets import Input

from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.previews import (
    OPERATION_COLUMNS,
    preview_lines,
    preview_rows,
    row_cells,
    row_key,
    row_words,
    why_nothing,
)
from scidex_console.console.screens.dialog import Dialog, Surroundings
from scidex_console.console.screens.dialog_parts import DIGITS, Field
from scidex_console.domain.jobs import JobName
from scidex_console.engine.actions import ActionSpec
from scidex_console.engine.batch_views import RollbackPreview


class BatchDialog(Dialog):
    """Shows exactly what would change; carries the token of just that."""

    CHOICES: ClassVar[tuple[str, ...]] = ("Cancel", "Take the batch back")
    LIST: ClassVar[bool] = True

    def __init__(
        self,
        around: Surroundings,
        spec: ActionSpec,
        job: JobName,
        preview: RollbackPreview,
        *,
        note: str = "",
    ) -> None:
        super().__init__(around, spec, job, note=note)
        self.preview = preview

    def choices(self) -> tuple[str, ...]:
        """A redo is called what it is."""
        return ("Cancel", "Apply the batch again") if self.preview.redo else self.CHOICES

    def title_words(self) -> str:
        """Which batch."""
        batch = self.preview.batch
        return f"{'Redo' if self.preview.redo else 'Roll back'} {self.job} batch {batch.id}"

    def body(self) -> Iterable[Widget]:
        """Sums, then every row and file, and every commit."""
        yield CellView(id="sums")
        yield CellTable(lambda width: OPERATION_COLUMNS, "change", empty="nothing would change", id="rows")
        yield Paragraph(id="detail")

    def fields(self) -> Iterable[Widget]:
        """The id, typed."""
        yield Field(
            "batch id",
            "typed",
            placeholder=f"type {self.preview.batch.id} to confirm",
            takes=DIGITS,
        )

    def on_mount(self) -> None:
        """Fill the table."""
        rows = preview_rows(self.preview)
        self.query_one(CellTable).show_rows(
            [row_key(row) for row in rows], lambda i: row_cells(self.preview, rows[i])
        )
        if rows:
            self.query_one("#detail", Paragraph).say(row_words(self.preview, rows[0]), "dim")

    def on_cell_table_row_pointed_at(self, message: CellTable.RowPointedAt) -> None:
        """The whole of the row under the cursor."""
        rows = preview_rows(self.preview)
        row = next((row for row in rows if row_key(row) == message.key), None)
        if row is not None:
            self.query_one("#detail", Paragraph).say(row_words(self.preview, row), "dim")

    def on_resize(self, event: events.Resize) -> None:
        """Fit the sums to the width."""
        self.call_after_refresh(self._draw_sums)

    def _draw_sums(self) -> None:
        view = self.query_one("#sums", CellView)
        view.show(preview_lines(self.preview, view.size.width))

    def planned_rows(self) -> int | None:
        """Those that would change."""
        return len(self.preview.operations)

    def params(self) -> dict[str, Any]:
        """`batch` and `token`, once the id has been typed."""
        if not self.preview.changes_anything:
            raise ValueError(why_nothing(self.preview))
        if self.query_one("#typed", Input).value != str(self.preview.batch.id):
            raise ValueError(f"type the batch's id, {self.preview.batch.id}, to confirm")
        return self.params_so_far()

    def params_so_far(self) -> dict[str, Any]:
        """The plan as it is shown."""
        return {"batch": self.preview.batch.id, "token": self.preview.token}
