"""A decision, or taking one back: what it would do to each artifact, its reason, and Cancel first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.widget import Widget

from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.triage import ITEM_COLUMNS, item_cells, item_rows, item_words, sums
from scidex_console.console.screens.dialog import Dialog, Surroundings
from scidex_console.domain.intents import ActionName
from scidex_console.domain.triage import EXPLAINED, Decision
from scidex_console.engine.actions import ACTIONS
from scidex_console.engine.triage.views import DecisionPreview

_CHOICES = {
    Decision.RESTORE: "Restore",
    Decision.ACCEPT: "Accept",
    Decision.DATABASE_ONLY: "Database only",
    Decision.REDOWNLOAD: "Ask again",
    Decision.LEAVE: "Leave with the note",
    Decision.ADOPT: "Adopt",
    Decision.KEEP: "Keep",
    Decision.DELETE: "Delete",
    Decision.UNDO: "Take back",
}


class DecisionDialog(Dialog):
    """The list is the plan; its token names exactly this."""

    LIST: ClassVar[bool] = True
    NOUN: ClassVar[str] = "artifact"
    """What the plan is a list of."""
    COLUMNS: ClassVar[tuple[Column, ...]] = ITEM_COLUMNS

    def __init__(self, around: Surroundings, preview: DecisionPreview, *, note: str = "") -> None:
        super().__init__(around, ACTIONS[ActionName.TRIAGE], preview.job, note=note)
        self.preview = preview

    def choices(self) -> tuple[str, ...]:
        """The decision is called what it is."""
        return ("Cancel", _CHOICES[self.preview.decision])

    def title_words(self) -> str:
        """What is decided."""
        if self.preview.undoes is not None:
            return f"Take back decision {self.preview.undoes} of {self.preview.job}"
        return f"Decide: {self.preview.decision} ({self.preview.job})"

    def body(self) -> Iterable[Widget]:
        """Sums, what it means, and every artifact."""
        yield CellView(id="sums")
        yield Paragraph(f"It {EXPLAINED[self.preview.decision]}.", "dim", id="meaning")
        yield CellTable(lambda width: self.COLUMNS, "what", empty="nothing would change", id="rows")
        yield Paragraph(id="detail")

    def on_mount(self) -> None:
        """Fill the table."""
        rows = item_rows(self.preview)
        self.query_one("#sums", CellView).show([sums(self.preview, self.NOUN)])
        self.query_one(CellTable).show_rows([row.artifact_id for row in rows], lambda i: item_cells(rows[i]))
        if rows:
            self.query_one("#detail", Paragraph).say(item_words(rows[0]), "dim")

    def on_cell_table_row_pointed_at(self, message: CellTable.RowPointedAt) -> None:
        """The whole of the row under the cursor."""
        row = next((row for row in item_rows(self.preview) if row.artifact_id == message.key), None)
        if row is not None:
            self.query_one("#detail", Paragraph).say(item_words(row), "dim")

    def params(self) -> dict[str, Any]:
        """The plan. Raises ValueError when nothing would be done."""
        if not self.preview.applied:
            raise ValueError(f"nothing would change: {self.preview.refused[0].refused}")
        return self.params_so_far()

    def params_so_far(self) -> dict[str, Any]:
        """The plan as it is shown."""
        return {
            "kind": str(self.preview.decision),
            "artifact_ids": [item.artifact_id for item in self.preview.items],
            "undoes": self.preview.undoes,
            "token": self.preview.token,
        }
