"""What screens that show all about one thing share: a page that scrolls, kept up to date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual.widget import Widget

from scidex_console.console.link import Query, Wanted
from scidex_console.console.panes.page import Page
from scidex_console.console.presentation.cells import Cell, Line, clean
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.screens.main_screen import Console, MainScreen

T = TypeVar("T")


class DetailScreen(MainScreen, Generic[T]):
    """Base of such screens, which are reached by Enter and left by Esc."""

    AUTO_FOCUS: ClassVar[str | None] = "#page"
    LED_TO = True

    def __init__(self, around: Console, title: str, query: Query[T | None]) -> None:
        super().__init__(around)
        self._title_words = clean(title, 200)
        self._asked = query
        self.view: T | None = None
        self.page = Page(id="page")

    def lines(self, view: T, width: int) -> Sequence[Line]:
        """What is to be said of it."""
        raise NotImplementedError

    def body(self) -> Iterable[Widget]:
        """The page."""
        yield self.page

    def wanted(self) -> Wanted:
        """All about it."""
        return Wanted(query=self._asked)

    def draw_body(self, knowledge: Knowledge) -> None:
        """Fill the page."""
        answer = self.answered(self._asked)
        if answer is not None:
            self.view = answer.view
        width = self.page.size.width
        if width <= 0:
            return
        if self.view is not None:
            lines = self.lines(self.view, width)
        elif answer is None:
            lines = [Line((Cell("reading …", "dim"),))]
        else:
            lines = [Line((Cell(answer.problem or "it is no longer there", "warn"),))]
        self.page.fill(self._title_words, lines)
