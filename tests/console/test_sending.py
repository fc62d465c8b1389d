"""What is marked as changed, and what a partial update sends of it."""

from __future__ import annotations

import pytest
from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from scidex_console.console.panes.cell_view import changed_spans
from scidex_console.console.presentation.cells import Cell, Line
from scidex_console.console.sending import exactly


def line(*texts: str, tone: str = "") -> Line:
    return Line(tuple(Cell(text) for text in texts), tone)


@pytest.mark.parametrize(
    ("old", "new", "spans"),
    [
        (line("data ", "2s   "), line("data ", "2s   "), []),
        (line("data ", "2s   ", " beat ", "4s"), line("data ", "3s   ", " beat ", "5s"), [(5, 6), (16, 17)]),
        (line("ab", "0/4 "), line("ab", "1/4 "), [(2, 3)]),
        (line("ab", "äöü"), line("ab", "äxü"), [(2, 5)]),
        (line("a", "日本"), line("a", "日x "), [(1, 5)]),
        (line("a", "bb", "c"), line("a", "b", "c"), [(1, 4)]),
        (line("a", "bb", "c"), line("a", "b", "b", "c"), [(1, 3)]),
        (line("a", "b"), line("a", "b", "c"), [(2, 3)]),
        (line("a"), line("a", tone="cursor"), [(0, 10_000)]),
        (line("a", "9"), Line((Cell("a"), Cell("9", "bad"))), [(1, 2)]),
    ],
)
def test_only_what_differs_is_marked(old: Line, new: Line, spans: list[tuple[int, int]]) -> None:
    assert changed_spans(old, new) == spans


def test_nothing_left_of_a_change_is_sent() -> None:
    strips = {0: Strip([Segment("left of it ")]), 11: Strip([Segment("0123456789")])}
    update = exactly(ChopsUpdate([strips], [(0, 13, 15), (0, 9, 12)], [[11, 21]]))
    assert isinstance(update, ChopsUpdate)
    sent = update.render_segments(Console(color_system=None))
    assert sent == "\x1b[1;14H23\x1b[1;10Ht \x1b[1;12H0"


def test_what_is_no_partial_update_stays_as_it_is() -> None:
    assert exactly("text") == "text" and exactly(None) is None
