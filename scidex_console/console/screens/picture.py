"""A case's image, drawn when it is asked for; where it cannot be, what is known of it and where it lies."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.panes.picture import PictureView
from scidex_console.console.presentation.cells import Cell, Line, clean
from scidex_console.console.presentation.words import size
from scidex_console.domain.errors import ConsoleError, explain
from scidex_console.engine.ports import TriageDesk
from scidex_console.engine.triage.views import EvidenceView, FileView

_AROUND = 5
"""Rows that are not the picture's."""


class PictureScreen(ModalScreen[None]):
    """Loads the picture in the size of the terminal; any of the leaving keys ends it, also while it loads."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,i,enter", "leave", "Leave", show=False)]

    def __init__(self, triage: TriageDesk, evidence: EvidenceView) -> None:
        super().__init__()
        self._triage = triage
        self._evidence = evidence

    def compose(self) -> ComposeResult:
        """Title, picture, what is known, keys."""
        with Vertical(classes="dialog -list"):
            yield CellView(id="dialog-title")
            yield PictureView(id="picture")
            yield Paragraph("reading …", "dim", id="detail")
            yield Paragraph("Esc back", "dim")

    def on_mount(self) -> None:
        """Begin to load."""
        name = clean(self._evidence.case.artifact_id, 200)
        self.query_one("#dialog-title", CellView).show([Line((Cell(f" {name} ", "strong"),), "title")])
        self.run_worker(self._load(), exit_on_error=False)

    async def _load(self) -> None:
        columns, rows = max(self.size.width - 2, 10), max(self.size.height - _AROUND - 2, 4)
        try:
            found = await self._triage.picture(self._evidence.case.artifact_id, columns, rows)
        except ConsoleError as error:
            found = explain(error)
        except Exception as error:
            # Whatever an image can do to the library that reads it: told, and no more.
            found = f"{type(error).__name__}: {error}"
        if not self.is_attached:
            return
        about = _about(self._evidence.file)
        if isinstance(found, str):
            self.query_one("#detail", Paragraph).say(f"no picture: {clean(found)}. {about}", "warn")
            return
        self.query_one(PictureView).show(found)
        self.query_one("#detail", Paragraph).say(about, "dim")

    def action_leave(self) -> None:
        """Back to the evidence."""
        self.dismiss(None)


def _about(file: FileView | None) -> str:
    if file is None:
        return "There is no file."
    shape = f", {clean(file.shape)}" if file.shape else ""
    return f"{clean(file.media_type)}{shape}, {size(file.size)}: {clean(file.place, 1000)}"
