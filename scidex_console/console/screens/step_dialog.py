"""How many rows, or whole batches, a step takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.widget import Widget
from textual.widgets import Input

from scidex_console.console.screens.dialog import Dialog
from scidex_console.console.screens.dialog_parts import DIGITS, Field

MOST = 10_000


class StepDialog(Dialog):
    """Asks for the number; the choice says of what."""

    CHOICES: ClassVar[tuple[str, ...]] = ("Cancel", "Step rows", "Step batches")

    _batches = False

    def confirm(self, index: int) -> None:
        """Rows or batches."""
        self._batches = index == 2
        super().confirm(index)

    def fields(self) -> Iterable[Widget]:
        """The number."""
        yield Field("how many", "count", value="1", takes=DIGITS)

    def first_field(self) -> Widget:
        """The number is there already: what is left is to choose."""
        return self.query_one("#count", Input)

    def params(self) -> dict[str, Any]:
        """`count`, from 1 to `MOST`; `cycle` when it counts batches."""
        text = self.query_one("#count", Input).value
        if not text or not 1 <= int(text) <= MOST:
            raise ValueError(f"how many must be a number from 1 to {MOST:,}")
        return {"count": int(text), "cycle": True} if self._batches else {"count": int(text)}
