"""Cells are exactly as wide as they say, and nothing untrusted comes through raw."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from scidex_console.console.presentation.cells import (
    Cell,
    Line,
    clean,
    crop_line,
    fit,
    harmless,
    wrap,
    wrap_line,
)

NAUGHTY = [
    "\x1b[31mred\x1b[0m",
    "\x1b]52;c;aGk=\x07",
    "\x9b2J",
    "a\r\nb\tc",
    "\u202eevil\u202c",
    "zero\u200bwidth\u200djoin",
    "\ufeffbom",
    "[bold red]markup[/]",
    "図の説明 ﾃｽﾄ",
    "👩‍🔬 microscope 🔬️",
    "e\u0301\u0302\u0303",
    "\U000e0041tag",
    "x" * 5000,
]


@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_text_is_shown_without_control_or_hidden_characters(text: str) -> None:
    shown = clean(text)
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}]
    assert len(shown) <= 501


def test_markup_stays_text() -> None:
    assert clean("[bold red]markup[/]") == "[bold red]markup[/]"


@given(
    st.text(max_size=60),
    st.integers(1, 40),
    st.sampled_from(["left", "right"]),
    st.sampled_from(["end", "middle"]),
)
@example("図の説明", 4, "left", "end")
@example("図の説明", 5, "right", "middle")
@example("🔬🔬🔬", 2, "left", "middle")
def test_a_fitted_text_takes_exactly_its_width(text: str, width: int, align: str, crop: str) -> None:
    fitted = fit(clean(text), width, align, crop)  # type: ignore[arg-type]
    assert cell_len(fitted) == width


def test_what_does_not_fit_is_marked() -> None:
    assert fit("europepmc", 6) == "europ…"
    assert fit("https://example.org/articles/figure-7.jpg", 21, crop="middle") == "https://…figure-7.jpg"


@given(st.lists(st.text(max_size=20), max_size=6), st.integers(1, 60))
def test_a_cropped_line_is_never_wider_than_its_room(texts: list[str], width: int) -> None:
    line = Line(tuple(Cell(clean(text)) for text in texts))
    cropped = crop_line(line, width)
    assert cropped.width <= width
    assert (cropped == line) is (line.width <= width)


@given(st.text(max_size=200), st.integers(2, 50))
def test_wrapped_text_fits_and_loses_no_character(text: str, width: int) -> None:
    shown = clean(text)
    rows = wrap(shown, width)
    assert all(cell_len(row) <= width for row in rows)
    assert "".join(rows).replace(" ", "") == shown.replace(" ", "")


def test_a_line_is_wrapped_with_its_styles() -> None:
    told = Line((Cell("before ", "dim"), Cell("図の説明 and more", "ok")))
    rows = wrap_line(told, 12)
    assert all(row.width <= 12 for row in rows) and len(rows) == 3
    assert {cell.tone for row in rows for cell in row.cells if cell.text.strip()} == {"dim", "ok"}
    assert [row.text.strip() for row in rows] == ["before", "図の説明", "and more"]
    assert [
        row.text for row in wrap_line(Line((Cell("- migrated"), Cell(" two of 19, /a/longer/path"))), 12)
    ] == [
        "- migrated",
        "  two of 19,",
        "  /a/longer/",
        "  path",
    ]
    assert wrap_line(Line((Cell("short"),)), 12) == [Line((Cell("short"),))]


def test_what_came_this_far_is_written_out_at_last() -> None:
    assert harmless(Line((Cell("図 a"),))) == Line((Cell("図 a"),))
    assert harmless(Line((Cell("a\x1b[2J\u202e", "bad"),))).text == "a\\x1b[2J\\u202e"


@pytest.mark.parametrize("text", ["👍🏽", "🇩🇪", "ह\u093f", "a" + "\u0301" * 40, "\u3164", "b\U000e0101"])
def test_what_terminals_disagree_about_takes_the_columns_it_says(text: str) -> None:
    shown = clean(text)
    assert cell_len(shown) == sum(cell_len(char) for char in shown)
    assert len(shown) <= 40
