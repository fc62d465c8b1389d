"""Every attempt at a figure: filtered, and what is shown can be retried."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType

from scidex_console.console.filtering import FilterError, moment, one_of, take_apart
from scidex_console.console.keys import FILTER, MARK, OPEN, RETRY, THROTTLE, UNMARK, Key, bindings
from scidex_console.console.link import Query
from scidex_console.console.presentation.attempts import (
    LIST_COLUMNS,
    SLOWEST_COLUMNS,
    detail_lines,
    listed_cells,
)
from scidex_console.console.presentation.cells import Cell, Line
from scidex_console.console.presentation.columns import Column
from scidex_console.console.screens.detail import DetailScreen
from scidex_console.console.screens.listing import ListingScreen
from scidex_console.console.screens.main_screen import Console, Subject
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.engine.ports import AttemptFilter, AttemptOrder, ReadModel
from scidex_console.engine.views import AttemptDetail, AttemptView

_NAMES = ("class", "host", "since", "id", "sort")
_CLASSES = tuple(outcome.value for outcome in FetchClass)
_NEVER_RETRIED = frozenset({FetchClass.STORED.value, FetchClass.DEAD.value})
MOST_MARKED = 25
"""Rows that can be retried by their marks: an intent names each, and holds only so much."""


@dataclass(frozen=True)
class AttemptsQuery:
    """Part of the attempts."""

    criteria: AttemptFilter
    order: AttemptOrder
    around: Around
    span: Span

    async def read(self, read: ReadModel) -> Window[AttemptView]:
        """Ask for it."""
        return await read.attempt_window(self.criteria, self.order, self.around, self.span)


@dataclass(frozen=True)
class AttemptQuery:
    """One attempt whole."""

    attempt_id: int

    async def read(self, read: ReadModel) -> AttemptDetail | None:
        """Ask for it."""
        return await read.attempt(self.attempt_id)


class AttemptsScreen(ListingScreen[AttemptView]):
    """Newest first, unless sorted otherwise."""

    TITLE_WORDS = "Attempts"
    EMPTY = "nothing has been asked for yet"
    HINT = "class:dead host:europepmc since:2h id:ARTIFACT sort:oldest|slowest, or words"
    KEYS = (OPEN, FILTER, RETRY, MARK, UNMARK, THROTTLE)
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)

    def __init__(self, around: Console, *, group: str = "") -> None:
        super().__init__(around)
        self.criteria = AttemptFilter(group=group)
        self.order = AttemptOrder.NEWEST
        self.at_first = self.filter.in_force = f'host:"{group}"' if group else ""

    def columns(self, width: int) -> Sequence[Column]:
        """The least important go first."""
        return SLOWEST_COLUMNS if self.order is AttemptOrder.SLOWEST else LIST_COLUMNS

    def cells(self, row: AttemptView) -> Mapping[str, Cell]:
        """One attempt."""
        return listed_cells(row, self.around.knowledge().now)

    def ask(self, around: Around, span: Span) -> Query[Window[AttemptView]]:
        """By the filter in force."""
        return AttemptsQuery(self.criteria, self.order, around, span)

    def apply(self, typed: str) -> None:
        """Classes with commas between, a group or a host, a time, an artifact, an order, and words."""
        found = take_apart(typed, _NAMES)
        overview = self.around.knowledge().overview
        groups = {host.gate.group for host in overview.hosts} if overview else set()
        host = found.named["host"].value if "host" in found.named else ""
        artifact = found.named["id"].value if "id" in found.named else ""
        order = found.named.get("sort")
        if order is not None and "," in order.value:
            raise FilterError("there can be only one order", order.at)
        since = moment(found.named.get("since"), self.around.knowledge().now)
        classes = one_of(found.named.get("class"), _CLASSES)
        self.order = AttemptOrder(one_of(order, tuple(AttemptOrder)) or AttemptOrder.NEWEST)
        self.criteria = AttemptFilter(
            group=host if host in groups else "",
            outcome=classes,
            since=since,
            artifact_ids=(artifact,) if artifact else (),
            text=found.text,
            host="" if host in groups else host,
        )

    def open(self, row: AttemptView) -> None:
        """One attempt whole."""
        self.around.drill(AttemptScreen(self.around, row))

    def subject(self) -> Subject:
        """A retry of the marked rows, or else of what the filter shows; the group under the cursor."""
        criteria = self.criteria
        if self.table.marked:
            ids = dict.fromkeys(row.artifact_id for row in self.table.marked.values())
            criteria = AttemptFilter(artifact_ids=tuple(ids))
        current = self.table.current
        return Subject(group=current.group if current else "", criteria=criteria)

    def why_not(self, key: Key) -> str | None:
        """A retry of what is never retried, or of too much that is marked."""
        if key is RETRY:
            classes = set(self.criteria.outcome.split(",")) if self.criteria.outcome else set()
            if not self.table.marked and classes and classes <= _NEVER_RETRIED:
                return (
                    f"figures that are {' or '.join(sorted(classes))} are not retried; filter another class"
                )
            if len(self.table.marked) > MOST_MARKED:
                return f"{len(self.table.marked)} are marked, and at most {MOST_MARKED} are retried by marks"
        return super().why_not(key)

    def twin(self) -> str:
        """All attempts at the figure under the cursor."""
        return (
            shlex.join(["attempts", "--artifact", self.table.current.artifact_id])
            if self.table.current
            else ""
        )


class AttemptScreen(DetailScreen[AttemptDetail]):
    """One attempt whole: what was asked, what came, and what became of the figure."""

    KEYS = (RETRY, THROTTLE)
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)

    def __init__(self, around: Console, attempt: AttemptView) -> None:
        super().__init__(around, f"Attempt {attempt.id}", AttemptQuery(attempt.id))
        self._attempt = attempt

    def lines(self, view: AttemptDetail, width: int) -> Sequence[Line]:
        """What is known of it."""
        return detail_lines(view, width, self.around.knowledge().now)

    def subject(self) -> Subject:
        """This figure, and its group."""
        return Subject(
            group=self._attempt.group, criteria=AttemptFilter(artifact_ids=(self._attempt.artifact_id,))
        )

    def twin(self) -> str:
        """This attempt."""
        return f"attempts {self._attempt.id}"
