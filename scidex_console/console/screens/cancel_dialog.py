"""Ending a run for good."""

from __future__ import annotations

from typing import ClassVar

from scidex_console.console.screens.dialog import Dialog


class CancelDialog(Dialog):
    """Asks for a reason; the run ends, what is done stays done."""

    CHOICES: ClassVar[tuple[str, ...]] = ("Keep the run", "End the run")
