"""What was asked for lately, and what the console has to say: the last notice, then intents."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.presentation.cells import Cell, Line, clean, crop_line
from scidex_console.console.presentation.intents import in_order, intent_line
from scidex_console.console.presentation.status import Knowledge


class NoticeBoard:
    """What the operator was told last, whichever screen is on show."""

    LASTS_S: ClassVar[float] = 12.0
    """A failure stays longer, until somebody presses a key: who looked away must not take it for done."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.monotonic = monotonic
        self._notice: Line | None = None
        self._noticed_at = 0.0
        self._stays = False

    def put(self, text: str, tone: str = "strong") -> None:
        """Say something to the operator."""
        self._notice = Line((Cell("» ", "key"), Cell(clean(text), tone)))
        self._noticed_at = self.monotonic()
        self._stays = tone == "bad"

    def pressed(self) -> None:
        """Somebody is there, and has seen it."""
        self._stays = False

    @property
    def last(self) -> str:
        """What was said last, also when it has made room again; empty when nothing was."""
        return self._notice.cells[-1].text if self._notice else ""

    @property
    def notice(self) -> Line | None:
        """What is to be said, for a while."""
        is_over = not self._stays and self.monotonic() - self._noticed_at > self.LASTS_S
        return None if is_over else self._notice


_REST = " x: all of it"


def _with_way_to_rest(notice: Line, width: int) -> Line:
    """A notice on one line; one that does not fit says which key shows it whole."""
    if notice.width <= width:
        return notice
    cut = crop_line(notice, width - len(_REST))
    return Line((*cut.cells, Cell(_REST, "dim")), cut.tone)


class ActivityPane(CellView):
    """One line on a small screen, several on a tall one; a notice takes the first for a while."""

    def __init__(self, board: NoticeBoard, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._board = board

    def draw(self, knowledge: Knowledge) -> None:
        """Show the notice, and as many intents as there is room for."""
        width, height = self.size
        if width <= 0 or height <= 0:
            return
        notice = self._board.notice
        lines = [_with_way_to_rest(notice, width)] if notice else []
        overview, now = knowledge.overview, knowledge.now
        if overview and now:
            program = knowledge.program
            lines += [intent_line(intent, now, width, program) for intent in in_order(overview.intents)]
        self.show(lines[:height] or [Line((Cell("nothing has been asked for yet", "dim"),))])
