"""Host groups: what holds each up, against which budget, at which pace."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType

from scidex_console.console.filtering import take_apart
from scidex_console.console.keys import FILTER, OPEN, THROTTLE, Key, bindings
from scidex_console.console.link import Query
from scidex_console.console.presentation.cells import Cell, Line
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.hosts import LIST_COLUMNS, host_lines, in_order, listed_cells
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.screens.attempts import AttemptsScreen
from scidex_console.console.screens.detail import DetailScreen
from scidex_console.console.screens.listing import ListingScreen
from scidex_console.console.screens.main_screen import Console, Subject
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.views import HostView

MINUTES = 30
ATTEMPTS = Key("a", "a", "attempts", "Shows every attempt at this group's figures.", command="attempts")


@dataclass(frozen=True)
class HostRow:
    """A group and its requests in each of the last minutes."""

    host: HostView
    per_minute: tuple[int, ...]


@dataclass(frozen=True)
class HostsQuery:
    """All groups whose name has a text in it, what is stuck first: there are few enough."""

    text: str
    minutes: int = MINUTES

    async def read(self, read: ReadModel) -> Window[HostRow]:
        """Ask for groups and pace."""
        pace = await read.host_pace(minutes=self.minutes)
        requests = dict(pace.per_minute)
        none = (0,) * self.minutes
        hosts = [h for h in await read.hosts() if self.text.lower() in h.gate.group.lower()]
        rows = tuple(
            HostRow(host, requests.get(host.gate.group, none)) for host in in_order(hosts, pace.taken_at)
        )
        return Window(rows, tuple((row.host.gate.group,) for row in rows))


@dataclass(frozen=True)
class HostQuery:
    """One group, with the pace of an hour."""

    group: str

    async def read(self, read: ReadModel) -> HostRow | None:
        """Ask for it."""
        window = await HostsQuery("", 2 * MINUTES).read(read)
        return next((row for row in window.rows if row.host.gate.group == self.group), None)


class HostsScreen(ListingScreen[HostRow]):
    """One row a group."""

    TITLE_WORDS = "Hosts"
    EMPTY = "no host has been asked yet"
    HINT = "part of a group's name"
    KEYS = (OPEN, FILTER, ATTEMPTS, THROTTLE)
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        self._text = ""

    def columns(self, width: int) -> Sequence[Column]:
        """The least important go first."""
        return LIST_COLUMNS

    def cells(self, row: HostRow) -> Mapping[str, Cell]:
        """One group."""
        now = self.around.knowledge().now
        return listed_cells(row.host, now, row.per_minute) if now else {}

    def ask(self, around: Around, span: Span) -> Query[Window[HostRow]]:
        """All of them."""
        return HostsQuery(self._text)

    def apply(self, typed: str) -> None:
        """Words alone."""
        self._text = take_apart(typed, ()).text

    def open(self, row: HostRow) -> None:
        """All about a group."""
        self.around.drill(HostScreen(self.around, row.host.gate.group))

    def subject(self) -> Subject:
        """The group under the cursor."""
        return Subject(group=self.table.current.host.gate.group if self.table.current else "")

    def twin(self) -> str:
        """The attempts at the group under the cursor."""
        group = self.subject().group
        return shlex.join(["attempts", "--group", group]) if group else ""

    def twin_of(self, key: Key) -> str:
        """The attempts at the group under the cursor."""
        return self.twin() if key is ATTEMPTS else super().twin_of(key)

    def commands(self) -> Mapping[str, Callable[[], Any]]:
        """Its attempts as well."""
        return {**super().commands(), ATTEMPTS.command: self._attempts}

    def why_not(self, key: Key) -> str | None:
        """A group is needed."""
        if key is ATTEMPTS and self.table.current is None:
            return "there is no row here"
        return super().why_not(key)

    def tick_body(self, knowledge: Knowledge) -> None:
        """Holds run down."""
        self.table.redraw()

    def _attempts(self) -> None:
        self.around.drill(AttemptsScreen(self.around, group=self.subject().group))


class HostScreen(DetailScreen[HostRow]):
    """One group whole."""

    KEYS = (ATTEMPTS, THROTTLE)
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)

    def __init__(self, around: Console, group: str) -> None:
        super().__init__(around, f"Host group {group}", HostQuery(group))
        self._group = group

    def lines(self, view: HostRow, width: int) -> Sequence[Line]:
        """What holds it up, its budget, its pace."""
        now = self.around.knowledge().now
        return host_lines(view.host, now, view.per_minute, width) if now else ()

    def subject(self) -> Subject:
        """This group."""
        return Subject(group=self._group)

    def twin(self) -> str:
        """Its attempts."""
        return shlex.join(["attempts", "--group", self._group])

    def twin_of(self, key: Key) -> str:
        """Its attempts."""
        return self.twin() if key is ATTEMPTS else super().twin_of(key)

    def commands(self) -> Mapping[str, Callable[[], Any]]:
        """Its attempts."""
        return {ATTEMPTS.command: lambda: self.around.drill(AttemptsScreen(self.around, group=self._group))}

    def tick_body(self, knowledge: Knowledge) -> None:
        """Holds run down."""
        self.draw_body(knowledge)
