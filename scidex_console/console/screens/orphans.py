"""Files that no row claims, above screen 6: marks, and a key for each decision of the clean-up."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from glob import escape
from typing import Any, ClassVar

from textual.binding import BindingType

from scidex_console.console.filtering import FilterError
from scidex_console.console.keys import ORPHAN_DECISIONS, ORPHANS, UNDO_DECISION, Key, bindings
from scidex_console.console.link import Query
from scidex_console.console.presentation.cells import Cell
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.orphans import ORPHAN_COLUMNS, orphan_cells
from scidex_console.console.screens.listing import ListingScreen
from scidex_console.console.screens.main_screen import UNDO_TWIN, Console
from scidex_console.domain.folders.orphans import Orphan
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.engine.ports import CleanupDesk, ReadModel


@dataclass(frozen=True)
class OrphansQuery:
    """A window of the files."""

    patterns: tuple[str, ...]
    around: Around
    span: Span
    cleanup: CleanupDesk = field(compare=False, repr=False)

    async def read(self, read: ReadModel) -> Window[Orphan]:
        """Ask."""
        return await self.cleanup.window(self.patterns, self.around, self.span)


class OrphansScreen(ListingScreen[Orphan]):
    """What nobody has decided on yet."""

    TITLE_WORDS = "files that no row claims"
    EMPTY = "every file is some row's, or decided on"
    HINT = "paths, folders, or patterns such as figures/*.png"
    KEYS = ORPHANS
    BINDINGS: ClassVar[list[BindingType]] = bindings(ORPHANS)

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        self._patterns: tuple[str, ...] = ()

    @property
    def job(self) -> JobName:
        """They are the folder migration's."""
        return JobName.FOLDERS

    def columns(self, width: int) -> Sequence[Column]:
        """The same at any width."""
        return ORPHAN_COLUMNS

    def cells(self, row: Orphan) -> Mapping[str, Cell]:
        """One file."""
        return orphan_cells(row)

    def ask(self, around: Around, span: Span) -> Query[Window[Orphan]]:
        """What is still to be decided on, as it is filtered now."""
        return OrphansQuery(self._patterns, around, span, self.around.cleanup)

    def apply(self, typed: str) -> None:
        """Take over patterns, quoted as in a shell."""
        try:
            self._patterns = tuple(shlex.split(typed))
        except ValueError as error:
            raise FilterError(str(error).lower(), len(typed)) from error

    def open(self, row: Orphan) -> None:
        """There is nothing behind a row: Enter marks it."""
        self.table.mark()

    def twin(self) -> str:
        """The list on the command line."""
        return shlex.join(["cleanup", "orphans", *self._patterns])

    def twin_of(self, key: Key) -> str:
        """A decision about the files that are chosen, or taking one back."""
        if key in ORPHAN_DECISIONS and self.table.chosen:
            files = [escape(file.path) for file in self.table.chosen]
            return shlex.join(["cleanup", "decide", str(ORPHAN_DECISIONS[key]), *files])
        return UNDO_TWIN if key is UNDO_DECISION else super().twin_of(key)

    def commands(self) -> Mapping[str, Callable[[], Any]]:
        """Decisions, and their undo."""
        orphans, decisions = self.around.orphans, self.around.decisions
        deciding = {
            key.command: partial(orphans.open, decision, lambda: self.table.chosen)
            for key, decision in ORPHAN_DECISIONS.items()
        }
        return {**super().commands(), **deciding, "undo_decision": decisions.choose}

    def why_not(self, key: Key) -> str | None:
        """Decisions need a file."""
        if key in ORPHAN_DECISIONS and self.table.current is None:
            return "there is no row here"
        return super().why_not(key)
