"""Activity: who watches now, and who did what, from where and why; the note of a shift."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from scidex_console.console.filtering import FilterError, moment, take_apart
from scidex_console.console.keys import BACK, FILTER, OPEN, PANES, Key, bindings
from scidex_console.console.link import Query, Wanted
from scidex_console.console.panes.cell_table import CellTable
from scidex_console.console.panes.filter_line import FilterLine
from scidex_console.console.panes.page import Page
from scidex_console.console.presentation import acts, presence
from scidex_console.console.presentation.cells import Cell, Line, clean, wrap_line
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.screens.listing import ListingScreen
from scidex_console.console.screens.main_screen import Console, MainScreen, Subject
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.engine.handover import Handover, render_handover
from scidex_console.engine.people import ActivityFilter, AuditView
from scidex_console.engine.ports import ReadModel

_FILTERS = ("by", "action", "since")
HANDOVER = Key(
    "h", "h", "handover", "Shows the note of a shift, for the last 8 hours or any time.", command="handover"
)
EVERYTHING = Key(
    "e", "e", "engine too", "Shows what the engine did by itself as well, or no longer.", command="everything"
)
KEYS = (FILTER, OPEN, HANDOVER, EVERYTHING, PANES)


@dataclass(frozen=True)
class ActsWanted:
    """A part of the acts, as they are filtered."""

    criteria: ActivityFilter
    around: Around
    span: Span

    async def read(self, read: ReadModel) -> Window[AuditView]:
        """Ask."""
        return await read.activity_window(self.criteria, self.around, self.span)


class ActivityScreen(ListingScreen[AuditView]):
    """Intents and audit in one list, below who is there."""

    KEYS = KEYS
    BINDINGS: ClassVar[list[BindingType]] = bindings(KEYS)
    TITLE_WORDS = "Acts"
    EMPTY = "nobody has done anything yet"
    HINT = "words  by:name  action:rollback  since:8h"

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        self._criteria = ActivityFilter()
        self._watching = CellTable(
            lambda width: presence.COLUMNS, "Watching", empty="nobody says that they watch", id="watching"
        )

    def body(self) -> Iterable[Widget]:
        """Who watches, then the list."""
        yield self._watching
        yield from super().body()

    def columns(self, width: int) -> Sequence[Column]:
        """Who, what, and what came of it; then why and from where."""
        return acts.COLUMNS

    def cells(self, row: AuditView) -> Mapping[str, Cell]:
        """One act."""
        return acts.act_cells(row, self.around.knowledge().now)

    def ask(self, around: Around, span: Span) -> Query[Window[AuditView]]:
        """As it is filtered."""
        return ActsWanted(self._criteria, around, span)

    def apply(self, typed: str) -> None:
        """Words, by whom, which action, since when."""
        found = take_apart(typed, _FILTERS)
        by, action = found.named.get("by"), found.named.get("action")
        self._criteria = ActivityFilter(
            operator=by.value if by else "",
            action=action.value if action else "",
            text=found.text,
            since=moment(found.named.get("since"), self.around.knowledge().now),
            everything=self._criteria.everything,
        )

    def open(self, row: AuditView) -> None:
        """All about an act, what changed first."""
        self.around.drill(ActScreen(self.around, row))

    def commands(self) -> Mapping[str, Callable[[], Any]]:
        """The note of a shift; with or without the engine's own doings."""
        return {
            **super().commands(),
            HANDOVER.command: lambda: self.around.drill(HandoverScreen(self.around)),
            EVERYTHING.command: self._toggle_everything,
        }

    def _toggle_everything(self) -> None:
        self._criteria = replace(self._criteria, everything=not self._criteria.everything)
        self.table.restart()
        self.around.hurry()

    def draw_body(self, knowledge: Knowledge) -> None:
        """The list, and who watches."""
        super().draw_body(knowledge)
        self.tick_body(knowledge)

    def tick_body(self, knowledge: Knowledge) -> None:
        """Whoever presses no key becomes idle."""
        overview, now = knowledge.overview, knowledge.now
        if overview is not None and now is not None:
            there = overview.present
            self._watching.show_rows(
                [f"{who.operator} {who.pid} {who.since}" for who in there],
                lambda i: presence.present_cells(there[i], now),
            )

    def why_not(self, key: Key) -> str | None:
        """The note is of the hours before now, which only the database tells."""
        if key is HANDOVER and self.around.knowledge().now is None:
            return "nothing has been read from the database yet"
        return super().why_not(key)

    def subject(self) -> Subject:
        """The intent under the cursor."""
        return Subject(intent_id=self.table.current.intent_id if self.table.current else None)

    def twin(self) -> str:
        """The act under the cursor, to be done again; where it cannot be, what lists it."""
        again = acts.act_command(self.table.current) if self.table.current else ""
        return again or acts.listing_command(self._criteria)

    def twin_of(self, key: Key) -> str:
        """The note of a shift; the list with what the engine did."""
        if key is HANDOVER:
            return "handover --since 8h"
        if key is EVERYTHING:
            return acts.listing_command(replace(self._criteria, everything=not self._criteria.everything))
        return super().twin_of(key)


class ActScreen(MainScreen):
    """One act whole: what was asked for, and before and after."""

    AUTO_FOCUS: ClassVar[str | None] = "#act"
    LED_TO = True

    def __init__(self, around: Console, act: AuditView) -> None:
        super().__init__(around)
        self._act = act
        self._page = Page(id="act")

    def body(self) -> Iterable[Widget]:
        """One pane."""
        yield self._page

    def draw_body(self, knowledge: Knowledge) -> None:
        """What is recorded does not change."""
        title = f"Act {self._act.id}" if self._act.id > 0 else f"Intent {-self._act.id}, open"
        width = self._page.size.width
        self._page.fill(title, [row for told in acts.act_lines(self._act) for row in wrap_line(told, width)])

    def subject(self) -> Subject:
        """Its intent."""
        return Subject(intent_id=self._act.intent_id)

    def twin(self) -> str:
        """The act, to be done again."""
        return acts.act_command(self._act)


@dataclass(frozen=True)
class NoteWanted:
    """The note of a period."""

    since: datetime
    until: datetime

    async def read(self, read: ReadModel) -> Handover:
        """Ask."""
        return await read.handover(self.since, self.until)


_PERIOD = Key("slash", "/", "period", "Chooses another period.", command="filter")


class HandoverScreen(MainScreen):
    """The note of a shift as it would be written; `y` copies the command that writes it."""

    AUTO_FOCUS: ClassVar[str | None] = "#note"
    LED_TO = True
    KEYS = (_PERIOD,)
    BINDINGS: ClassVar[list[BindingType]] = bindings((_PERIOD,))
    LENGTH = timedelta(hours=8)

    def __init__(self, around: Console) -> None:
        super().__init__(around)
        now = around.knowledge().now
        assert now is not None, "the key says so before anything was read"
        self._wanted = NoteWanted(now - self.LENGTH, now)
        self._period = FilterLine("since:8h until:2026-05-19T20:00", id="filter-line")
        self._page = Page(id="note")

    def body(self) -> Iterable[Widget]:
        """The period, the note."""
        yield self._period
        yield self._page

    def wanted(self) -> Wanted:
        """The note."""
        return Wanted(query=self._wanted)

    def draw_body(self, knowledge: Knowledge) -> None:
        """Show it once it is known."""
        answer = self.answered(self._wanted)
        if answer is None:
            self._page.fill("Shift handover …", [])
            return
        self._period.tell(answer.problem)
        if answer.view is not None:
            text, width = render_handover(answer.view).splitlines(), self._page.size.width
            rows = [row for told in text[1:] for row in wrap_line(_markdown_line(told), width)]
            self._page.fill(clean(text[0].lstrip("# ")), rows)

    def commands(self) -> Mapping[str, Callable[[], Any]]:
        """Another period."""
        return {FILTER.command: self._period.edit}

    def why_not(self, key: Key) -> str | None:
        """Esc always goes back from here."""
        return None if key is BACK else super().why_not(key)

    def twin(self) -> str:
        """The command that prints it."""
        return f"handover --since {_iso(self._wanted.since)} --until {_iso(self._wanted.until)}"

    def on_filter_line_entered(self, message: FilterLine.Entered) -> None:
        """Take the period over, or say what is wrong."""
        now = self.around.knowledge().now
        assert now is not None
        try:
            found = take_apart(message.text, ("since", "until"))
            until = min(moment(found.named.get("until"), now) or now, now)
            since = moment(found.named.get("since"), now) or until - self.LENGTH
            if found.text:
                raise FilterError("only since: and until: are known here", 0)
            if since >= until:
                raise FilterError("it ends before it begins", 0)
        except OverflowError:
            self._period.refused(FilterError("it begins before all calendars", 0))
            return
        except FilterError as error:
            self._period.refused(error)
            return
        self._wanted = NoteWanted(since, until)
        self._period.applied(message.text)
        self._page.focus()
        self.around.hurry()

    def on_filter_line_left(self, message: FilterLine.Left) -> None:
        """Back to the note."""
        self._page.focus()


def _markdown_line(text: str) -> Line:
    return Line((Cell(clean(text, 4000), "strong" if text.startswith("#") else ""),))


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
