"""Triage: on the left what waits for a person, on the right the evidence; marks, and a key for each decision.

In a narrow terminal the evidence stands below the list, and Enter gives it the whole screen. Evidence is read
in a thread of its own, so that the list goes on; what is not looked at is not read.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.timer import Timer
from textual.widget import Widget

from scidex_console.console.filtering import FilterError, one_of, take_apart
from scidex_console.console.keys import BACK, OPEN, TRIAGE, TRIAGE_DECISIONS, UNDO_DECISION, Key, bindings
from scidex_console.console.link import Query
from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.presentation.cells import Cell, Line, clean, wrap
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.presentation.triage import (
    CASE_COLUMNS,
    NARROW_CASE_COLUMNS,
    case_cells,
    evidence_lines,
)
from scidex_console.console.screens.listing import ListingScreen
from scidex_console.console.screens.main_screen import UNDO_TWIN, Console
from scidex_console.console.screens.picture import PictureScreen
from scidex_console.domain.errors import ConsoleError, explain
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.engine.ports import ReadModel, TriageDesk
from scidex_console.engine.triage.views import CaseFilter, CaseView, EvidenceView
from scidex_console.engine.vocabulary import CASE_WORDS, case_kind

_BESIDE = 110
"""From so many columns on, list and evidence stand side by side."""
_PAUSE_S = 0.15
"""How long the cursor rests on a row before its evidence is read: who scrolls reads nothing."""


@dataclass(frozen=True)
class CasesQuery:
    """A window of what waits."""

    criteria: CaseFilter
    around: Around
    span: Span
    triage: TriageDesk = field(compare=False, repr=False)

    async def read(self, read: ReadModel) -> Window[CaseView]:
        """Ask."""
        return await self.triage.cases(self.criteria, self.around, self.span)


class TriageScreen(ListingScreen[CaseView]):
    """What waits for a person."""

    TITLE_WORDS = "waiting for a person"
    EMPTY = "nothing waits for a person"
    HINT = "words, kind:mismatch,quarantined,suspect,refused, job:folders"
    KEYS = TRIAGE
    BINDINGS: ClassVar[list[BindingType]] = bindings(TRIAGE)

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        self._criteria = CaseFilter()
        self._scroll = VerticalScroll(id="evidence")
        self._view = CellView(id="evidence-lines")
        self._looked_at: CaseView | None = None
        self.evidence: EvidenceView | None = None
        self._trouble = ""
        self._timer: Timer | None = None
        self._alone = False
        """Whether the evidence has the whole screen."""

    # --- the listing --------------------------------------------------------------------------------------

    def columns(self, width: int) -> Sequence[Column]:
        """The reason stands in the evidence, where the list is narrow."""
        return CASE_COLUMNS if width > 60 else NARROW_CASE_COLUMNS

    def cells(self, row: CaseView) -> Mapping[str, Cell]:
        """One case."""
        return case_cells(row)

    def ask(self, around: Around, span: Span) -> Query[Window[CaseView]]:
        """What waits, as it is filtered now."""
        return CasesQuery(self._criteria, around, span, self.around.triage)

    def apply(self, typed: str) -> None:
        """Take over a filter."""
        found = take_apart(typed, ("kind", "job"))
        # By what a row shows, or by what the command line and its documents call it.
        shown = one_of(found.named.get("kind"), tuple(CASE_WORDS.values()), CASE_WORDS)
        kind = ",".join(map(case_kind, shown.split(",")))
        job = found.named.get("job")
        one_of(job, [str(each) for each in JobName])
        if job is not None and "," in job.value:
            raise FilterError("name one job", job.at)
        self._criteria = CaseFilter(JobName(job.value) if job else None, kind, found.text)

    def body(self) -> Iterable[Widget]:
        """The filter; list and evidence."""
        yield self.filter
        with Container(id="triage"):
            yield self.table
            with self._scroll:
                yield self._view

    @property
    def job(self) -> JobName:
        """The job that put the case aside."""
        current = self.table.current
        return current.job if current else JobName.FOLDERS

    def twin(self) -> str:
        """The evidence on the command line."""
        current = self.table.current
        return shlex.join(["triage", "show", current.artifact_id]) if current else "triage list"

    def twin_of(self, key: Key) -> str:
        """A decision about the cases that are chosen, or taking one back."""
        if key in TRIAGE_DECISIONS and self._chosen():
            ids = [case.artifact_id for case in self._chosen()]
            return shlex.join(["triage", "decide", str(TRIAGE_DECISIONS[key]), *ids, "--job", str(self.job)])
        if key.command == "open_orphans":
            return "cleanup orphans"
        return UNDO_TWIN if key is UNDO_DECISION else super().twin_of(key)

    def open(self, row: CaseView) -> None:
        """The evidence, on the whole screen; again for both."""
        self._set_alone(not self._alone)

    def _set_alone(self, alone: bool) -> None:
        self._alone = alone
        self.set_class(alone, "-alone")
        (self._scroll if alone else self.table).focus()
        self.call_after_refresh(self.draw)

    # --- keys ---------------------------------------------------------------------------------------------

    def commands(self) -> Mapping[str, Callable[[], Any]]:
        """Decisions, undo, the image; Esc comes back from the evidence first."""
        decisions = self.around.decisions
        deciding = {
            key.command: partial(decisions.open, decision, self._chosen)
            for key, decision in TRIAGE_DECISIONS.items()
        }
        return {
            **super().commands(),
            **deciding,
            "undo_decision": decisions.choose,
            "open_orphans": self._open_orphans,
            "show_image": self._show_image,
            "read_now": self._read_anew,
            **({BACK.command: partial(self._set_alone, False)} if self._alone else {}),
        }

    def why_not(self, key: Key) -> str | None:
        """Keys that need a case, or one that a decision is open to."""
        current = self.table.current
        if key is BACK and self._alone:
            return None
        if current is None and (key in TRIAGE_DECISIONS or key.command == "show_image"):
            return "there is no row here"
        if key.command == "show_image":
            return self._why_no_image()
        if key in TRIAGE_DECISIONS and len(self.table.chosen) == 1 and self.evidence is not None:
            chosen = self.table.chosen[0]
            if chosen.artifact_id == self.evidence.case.artifact_id:
                return self.evidence.open_to.get(TRIAGE_DECISIONS[key]) or None
        if key is OPEN and self._alone:
            return None
        return super().why_not(key)

    def _why_no_image(self) -> str | None:
        if self.evidence is None:
            return "its evidence is not read yet"
        if self.evidence.file is None:
            return f"there is no file: {clean(self.evidence.why_unread)}"
        kind = self.evidence.file.media_type
        return None if kind.startswith("image/") else f"it is no image but {clean(kind)}"

    def _open_orphans(self) -> None:
        from scidex_console.console.screens.orphans import OrphansScreen  # wanted once in a migration

        self.around.drill(OrphansScreen(self.around))

    def _chosen(self) -> Sequence[CaseView]:
        return self.table.chosen

    def _show_image(self) -> None:
        assert self.evidence is not None, "the key says so without evidence"
        self.app.push_screen(PictureScreen(self.around.triage, self.evidence))

    def on_screen_suspend(self) -> None:
        """Who goes to another screen comes back to the first row; a dialog leaves this one below it."""
        if self not in self.app.screen_stack:
            self.table.let_go()

    # --- evidence -----------------------------------------------------------------------------------------

    def on_resize(self, event: events.Resize) -> None:
        """Side by side where there is room."""
        self.set_class(event.size.width >= _BESIDE, "-beside")
        super().on_resize(event)

    def draw_body(self, knowledge: Knowledge) -> None:
        """The list; and the evidence anew, when its case is another one or has changed."""
        super().draw_body(knowledge)
        if self.table.current != self._looked_at:
            self._look()
        self._draw_evidence()

    def on_cell_table_row_pointed_at(self, message: CellTable.RowPointedAt) -> None:
        """Another case."""
        if self.table.current != self._looked_at:
            self._look()
        super().on_cell_table_row_pointed_at(message)

    def _look(self) -> None:
        """Read the evidence of the row under the cursor, once the cursor rests there."""
        self._looked_at, self.evidence, self._trouble = self.table.current, None, ""
        self.table.stay()  # what is decided is about the evidence that is seen, whatever comes above it
        self._scroll.scroll_home(animate=False)
        self._draw_evidence()
        if self._timer is not None:
            self._timer.stop()
        if self._looked_at is not None:
            self._timer = self.set_timer(_PAUSE_S, self._begin)

    def _begin(self) -> None:
        case = self._looked_at
        if case is not None:
            self.run_worker(self._read(case), group="evidence", exclusive=True, exit_on_error=False)

    def _read_anew(self) -> None:
        """A file may have changed though its case has not."""
        self._begin()
        self.around.read_soon()

    async def _read(self, case: CaseView) -> None:
        evidence, trouble = None, ""
        try:
            evidence = await self.around.triage.evidence(case.artifact_id, case.job)
        except ConsoleError as error:
            trouble = explain(error)
        except Exception as error:
            # Nothing that reading a file can raise may end the console.
            trouble = f"{type(error).__name__}: {error}"
        if case == self._looked_at:
            self.evidence, self._trouble = evidence, trouble
            self._draw_evidence()
            self.draw_keys()

    def _draw_evidence(self) -> None:
        width = self._scroll.scrollable_content_region.width
        if not width:
            return
        if self.evidence is not None:
            self._view.show(evidence_lines(self.evidence, width))
        elif self._trouble:
            told = f"the evidence cannot be read: {clean(self._trouble)}"
            self._view.show([Line((Cell(part, "bad"),)) for part in wrap(told, width)])
        else:
            self._view.show([Line((Cell("reading …", "dim"),))] if self._looked_at else [])
