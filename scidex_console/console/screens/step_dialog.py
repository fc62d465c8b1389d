"""How many items a step takes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.widget import Widget
from textual.widgets import Input

from scidex_console.console.screens.dialog import Dialog, Field

MOST = 10_000


class StepDialog(Dialog):
    """Asks for the number of items."""

    CHOICES: ClassVar[tuple[str, ...]] = ("Cancel", "Step")

    def fields(self) -> Iterable[Widget]:
        """The number."""
        yield Field("items", "count", value="1", restrict=r"[0-9]*")

    def first_field(self) -> Widget:
        """The number is there already: what is left is to choose."""
        return self.query_one("#count", Input)

    def params(self) -> dict[str, Any]:
        """`count`, from 1 to `MOST`."""
        text = self.query_one("#count", Input).value
        if not text or not 1 <= int(text) <= MOST:
            raise ValueError(f"items must be a number from 1 to {MOST:,}")
        return {"count": int(text)}
