"""The migration log: what became of each artifact's folder, and why not."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType

from scidex_console.console.filtering import FilterError, take_apart
from scidex_console.console.keys import FILTER, OPEN, RETRY, Key, bindings
from scidex_console.console.link import Query
from scidex_console.console.presentation.cells import Cell, clean
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.migration_log import LIST_COLUMNS, NARROW_COLUMNS, listed_cells
from scidex_console.console.screens.artifact import ArtifactScreen
from scidex_console.console.screens.listing import ListingScreen
from scidex_console.console.screens.main_screen import Console, Subject
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.engine.listing_views import LogFilter
from scidex_console.engine.ports import AttemptFilter, ReadModel
from scidex_console.engine.views import MigrationLogView
from scidex_console.engine.vocabulary import case_kind

_PROBLEMS, _WELL = "problems", "success"
PROBLEMS = Key(
    "e",
    "e",
    "problems",
    "Shows only what went wrong, neither successes nor what was taken back; or all again.",
    command="problems",
)


@dataclass(frozen=True)
class LogQuery:
    """Part of the log."""

    criteria: LogFilter
    around: Around
    span: Span

    async def read(self, read: ReadModel) -> Window[MigrationLogView]:
        """Ask for it."""
        return await read.migration_log_window(self.criteria, self.around, self.span)


class MigrationLogScreen(ListingScreen[MigrationLogView]):
    """Newest first; the error stands in the row."""

    TITLE_WORDS = "Migration log"
    EMPTY = "nothing has been tried yet"
    HINT = "status:problems or status:error,kept id:ARTIFACT, or words of the error"
    KEYS = (OPEN, FILTER, PROBLEMS, RETRY)
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        self._criteria = LogFilter()

    @property
    def job(self) -> JobName:
        """The log is of folders."""
        return JobName.FOLDERS

    def columns(self, width: int) -> Sequence[Column]:
        """The least important go first."""
        return LIST_COLUMNS if width > 72 else NARROW_COLUMNS

    def cells(self, row: MigrationLogView) -> Mapping[str, Cell]:
        """One row."""
        return listed_cells(row, self.around.knowledge().now)

    def ask(self, around: Around, span: Span) -> Query[Window[MigrationLogView]]:
        """By the filter in force."""
        return LogQuery(self._criteria, around, span)

    def apply(self, typed: str) -> None:
        """Statuses with commas between, an artifact, and words. Statuses are whatever the log holds."""
        found = take_apart(typed, ("status", "id"))
        statuses: tuple[str, ...] = ()
        problems = False
        if "status" in found.named:
            word = found.named["status"]
            statuses = tuple(map(case_kind, word.value.split(",")))  # the overview says mismatch
            if statuses == (_PROBLEMS,):
                problems, statuses = True, ()
            if not all(statuses):
                raise FilterError("a status is missing between the commas", word.at)
        artifact = found.named["id"].value if "id" in found.named else ""
        self._criteria = LogFilter(statuses, problems, artifact, found.text)

    def commands(self) -> Mapping[str, Callable[[], Any]]:
        """The problems alone, or all."""
        return {**super().commands(), PROBLEMS.command: self._toggle_problems}

    def _toggle_problems(self) -> None:
        self.filter_by("" if self._criteria.problems else f"status:{_PROBLEMS}")

    def open(self, row: MigrationLogView) -> None:
        """The artifact whole."""
        self.around.drill(ArtifactScreen(self.around, row.artifact_id, JobName.FOLDERS))

    def subject(self) -> Subject:
        """A retry of the artifact under the cursor."""
        current = self.table.current
        return Subject(criteria=AttemptFilter(artifact_ids=(current.artifact_id,)) if current else None)

    def why_not(self, key: Key) -> str | None:
        """What went well is not tried again."""
        current = self.table.current
        if key is RETRY and current is not None and current.status == _WELL:
            return f"{clean(current.artifact_id, 60)} did not fail"
        return super().why_not(key)

    def twin_of(self, key: Key) -> str:
        """The problems alone, or all."""
        if key is PROBLEMS:
            return "log" if self._criteria.problems else "log --problems"
        return super().twin_of(key)

    def twin(self) -> str:
        """The log, of the row's status."""
        return shlex.join(["log", "--status", self.table.current.status]) if self.table.current else ""
