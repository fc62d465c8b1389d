"""Another share for a reader: what would change, by the reads of the last hour, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.widget import Widget
from textual.widgets import Input

from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.readers import is_reader, plan_words
from scidex_console.console.screens.dialog import Dialog, Surroundings
from scidex_console.console.screens.dialog_parts import DECIMAL, Field
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.domain.reading.shares import share_problem
from scidex_console.engine.actions import ActionSpec
from scidex_console.engine.reading.views import ALL, ReadersView


class ShareDialog(Dialog):
    """Which reader, which share; the token names the shares as they were shown."""

    CHOICES: ClassVar[tuple[str, ...]] = ("Cancel", "Change the share")

    def __init__(
        self, around: Surroundings, spec: ActionSpec, taken: ReadersView, reader: str, *, note: str = ""
    ) -> None:
        super().__init__(around, spec, None, note=note)
        self._taken = taken
        self._reader = reader

    def body(self) -> Iterable[Widget]:
        """What the change would do."""
        yield Paragraph("", id="meaning")

    def fields(self) -> Iterable[Widget]:
        """Reader and share."""
        known = self._taken.of(self._reader)
        yield Field("reader", "reader", value=self._reader, placeholder="a reader, or all")
        yield Field(
            "share %",
            "share",
            value=f"{known.share:g}" if known else "",
            placeholder="0 to 100",
            takes=DECIMAL,
        )

    def first_field(self) -> Widget:
        """The share, once the reader is named."""
        return self.query_one("#share" if self._reader else "#reader", Input)

    def on_mount(self) -> None:
        """Say what it means."""
        self._tell()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Another share means something else."""
        self._tell()

    def _tell(self) -> None:
        try:
            found = self.params()
        except ValueError as error:
            self.query_one("#meaning", Paragraph).say(str(error), "dim")
        else:
            self.query_one("#meaning", Paragraph).say(
                plan_words(self._taken, found["reader"], found["share"]), "strong"
            )

    def params(self) -> dict[str, Any]:
        """`reader`, `share` and `token`."""
        reader, text = (self.query_one(f"#{name}", Input).value.strip() for name in ("reader", "share"))
        if not is_reader(reader):
            raise ValueError(f"a reader is one of {', '.join([*ReaderKind, ALL])}")
        try:
            share = float(text)
        except ValueError:
            raise ValueError("a share is a number of percent, from 0 to 100") from None
        if why := share_problem(share):
            raise ValueError(why)
        return {"reader": reader, "share": share, "token": self._taken.token(reader)}

    def params_so_far(self) -> dict[str, Any]:
        """The reader, as it is written."""
        return {"reader": self.query_one("#reader", Input).value.strip() or "READER"}
