"""The soak: the ladder of phases, and of the one under way its clock, gate, checks and next step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from scidex_console.console.keys import DO_STEP, SOAK, Key, bindings
from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.presentation.columns import choose
from scidex_console.console.presentation.soak import (
    CHECK_COLUMNS,
    check_cells,
    check_words,
    clock_lines,
    guide_lines,
    in_order,
    ladder_lines,
)
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.screens.main_screen import Console, MainScreen, Subject
from scidex_console.domain.intents import ActionName
from scidex_console.domain.jobs import JobName
from scidex_console.domain.soak.guide import StepAction
from scidex_console.domain.soak.ladder import CheckView, Ladder, why_not_sign
from scidex_console.domain.soak.phases import REMOVAL_PHASE


class SoakScreen(MainScreen):
    """What is known of the soak comes with the overview: it has no query of its own."""

    AUTO_FOCUS: ClassVar[str | None] = "#checks"
    KEYS = SOAK
    BINDINGS: ClassVar[list[BindingType]] = bindings(SOAK)

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        self._ladder = CellView(id="ladder")
        self._clock = CellView(id="clock")
        self._checks = CellTable(
            lambda width: CHECK_COLUMNS, "Checks", empty="no phase is under way", id="checks"
        )
        self._detail = Paragraph(tone="dim", id="detail")
        self._guide = CellView(id="guide")

    def body(self) -> Iterable[Widget]:
        """Ladder, clock and gate, checks, the one under the cursor, the next step."""
        yield self._ladder
        yield self._clock
        yield self._checks
        yield self._detail
        yield self._guide

    @property
    def job(self) -> JobName:
        """The soak is the folders'."""
        return JobName.FOLDERS

    def subject(self) -> Subject:
        """The check under the cursor, and the action of the next step."""
        return Subject(check=self._checks.cursor_key or "", step_action=self._step_action())

    def why_not(self, key: Key) -> str | None:
        """A sign-off is about the check under the cursor; not every step has an action."""
        ladder = self._known()
        if ladder is not None and ActionName.SOAK_SIGN in key.actions and self._checks.cursor_key:
            return why_not_sign(ladder, self._checks.cursor_key)
        if key is DO_STEP and self._step_action() is None:
            return "the next step has no action of this program"
        return super().why_not(key)

    def in_full(self) -> str:
        """The check under the cursor, for which a low screen has no room."""
        view = self._pointed_at()
        return check_words(view) if view else ""

    def twin(self) -> str:
        """The soak on the command line; in the removal's phase, what is left to decide and to clean up."""
        ladder = self._known()
        is_removal = ladder is not None and ladder.entry is not None and ladder.entry.phase == REMOVAL_PHASE
        return "cleanup plan" if is_removal else "soak status"

    def draw_body(self, knowledge: Knowledge) -> None:
        """Draw what the last reading has of it."""
        self._draw_checks()

    def tick_body(self, knowledge: Knowledge) -> None:
        """The ages of the evidence, and the lines that fit the size there is."""
        ladder, width = self._known(), self.size.width
        if ladder is None or not width:
            return
        self._ladder.show(ladder_lines(ladder, width, self.size.height))
        self._clock.show(clock_lines(ladder, width, knowledge.program))
        self._guide.show(guide_lines(ladder, width))

    def on_cell_table_row_pointed_at(self, message: CellTable.RowPointedAt) -> None:
        """Another check is looked at, and the keys may mean something else."""
        self._draw_detail()
        self.draw_keys()

    def _known(self) -> Ladder | None:
        overview = self.around.knowledge().overview
        return overview.soak if overview else None

    def _step_action(self) -> StepAction | None:
        ladder = self._known()
        step = ladder.next_step if ladder else None
        return step.step.action if step and step.due else None

    def _draw_checks(self) -> None:
        ladder = self._known()
        if ladder is None:
            return
        checks = in_order(ladder.checks)
        placed = choose(CHECK_COLUMNS, self._checks.size.width)
        width = next((p.width for p in placed if p.column.key == "trend"), 0)
        self._checks.show_rows(
            [view.check.id for view in checks], lambda i: check_cells(checks[i], ladder.taken_at, width)
        )
        self._draw_detail()

    def _draw_detail(self) -> None:
        view = self._pointed_at()
        self._detail.say(check_words(view) if view else "", "dim")

    def _pointed_at(self) -> CheckView | None:
        ladder = self._known()
        key = self._checks.cursor_key
        return next((v for v in ladder.checks if v.check.id == key), None) if ladder else None
