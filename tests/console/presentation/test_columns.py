"""Columns go by their rank when room is short; rows keep their alignment whatever they hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from scidex_console.console.presentation import attempts, hosts, migration_log, previews
from scidex_console.console.presentation.cells import Cell, clean
from scidex_console.console.presentation.columns import Column, choose, header_line, row_line

COLUMNS = (
    Column("name", "name", 8, weight=1, widest=20),
    Column("size", "size", 6, rank=2, align="right"),
    Column("note", "note", 10, rank=1, weight=2),
)


def test_the_least_important_column_goes_first() -> None:
    assert [p.column.key for p in choose(COLUMNS, 26)] == ["name", "size", "note"]
    assert [p.column.key for p in choose(COLUMNS, 25)] == ["name", "note"]
    assert [p.column.key for p in choose(COLUMNS, 18)] == ["name"]


def test_spare_room_is_shared_by_weight_up_to_the_widest() -> None:
    widths = {p.column.key: p.width for p in choose(COLUMNS, 100)}
    assert widths["name"] == 20
    assert widths["size"] == 6
    assert sum(widths.values()) + 2 == 100


@given(st.integers(60, 250))
def test_every_table_fits_in_every_width_the_console_works_in(width: int) -> None:
    for columns in (
        hosts.columns_for(width),
        attempts.DEAD_COLUMNS,
        attempts.RETRY_COLUMNS,
        migration_log.COLUMNS,
        previews.OPERATION_COLUMNS,
    ):
        assert header_line(choose(columns, width), "pane", "title").width <= width


@given(st.text(max_size=80), st.integers(18, 120))
def test_columns_stay_aligned_whatever_a_cell_holds(text: str, width: int) -> None:
    placed = choose(COLUMNS, width)
    plain = row_line(placed, {})
    odd = row_line(placed, {"name": Cell(clean(text)), "size": Cell(clean(text)), "note": Cell(clean(text))})
    assert [cell_len(cell.text) for cell in odd.cells] == [cell_len(cell.text) for cell in plain.cells]


def test_a_column_that_takes_what_is_left_gives_way_where_the_least_widths_do_not_fit() -> None:
    columns = (Column("group", "group", 8), Column("story", "story", 20, weight=4))
    assert [placed.width for placed in choose(columns, 20)] == [8, 11]
    row = row_line(choose(columns, 20), {"group": Cell("ncbi"), "story": Cell("1 stored")})
    assert (row.width, row.text.rstrip()) == (20, "ncbi     1 stored")
