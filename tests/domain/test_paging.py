"""Windows over a listing: nothing skipped, nothing doubled, and a cursor that stays with its row."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scidex_console.domain.paging import (
    FIRST,
    LAST,
    Around,
    Key,
    Span,
    Window,
    join,
    next_around,
    place,
)

PAGE = 4
SPAN = Span(PAGE, 2 * PAGE)


def read(listing: set[int], around: Around, span: Span = SPAN) -> Window[int]:
    """What a database would answer: keyset both ways over a listing, the newest first."""
    newest_first = sorted(listing, reverse=True)
    if around.last:
        before = newest_first[::-1][: span.before + span.after]
        after: list[int] = []
    elif around.key is None:
        before, after = [], newest_first[: span.after]
    else:
        (key,) = around.key
        before = [n for n in newest_first[::-1] if n > key][: span.before]
        after = [n for n in newest_first if n <= key][: span.after]
    return join([((n,), n) for n in before], [((n,), n) for n in after], around, span)


class Walker:
    """A cursor that goes through a listing as the table does."""

    def __init__(self, listing: set[int], around: Around = FIRST) -> None:
        self.around = around
        self.window = read(listing, around)
        self.cursor: Key | None = None
        self.at = len(self.window.keys) - 1 if around.last else 0
        self._point()

    def _point(self) -> None:
        self.cursor = self.window.keys[self.at] if self.window.keys else None

    def refresh(self, listing: set[int]) -> None:
        window = read(listing, self.around)
        if self.cursor is not None and self.cursor not in window.keys and self.around.key != self.cursor:
            self.around = Around(self.cursor)  # so much has come in between
            window = read(listing, self.around)
        self._take(window)
        further = next_around(window, self.at, PAGE)
        if further is not None:
            self.around = further
            self._take(read(listing, further))

    def _take(self, window: Window[int]) -> None:
        self.at = place(window, self.cursor, self.window.keys)
        self.window = window
        self._point()

    def move(self, by: int) -> bool:
        if not 0 <= self.at + by < len(self.window.keys):
            return False
        self.at += by
        self._point()
        return True

    @property
    def row(self) -> int:
        return self.window.rows[self.at]


Changes = st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=3)


@given(
    st.sets(st.integers(0, 400), min_size=1, max_size=60),
    st.lists(Changes, min_size=1, max_size=60),
    st.booleans(),
)
def test_no_row_is_skipped_or_doubled_while_rows_come_and_go(
    start: set[int], changes: list[list[tuple[bool, int]]], backwards: bool
) -> None:
    listing = set(start)
    walker = Walker(listing, LAST if backwards else FIRST)
    by = -1 if backwards else 1
    lasting = set(start)
    seen = [walker.row]
    for step in range(1000):
        came: set[int] = set()
        for comes, number in changes[step] if step < len(changes) else ():
            if comes:
                listing.add(number)
                came.add(number)
            elif number != walker.row:
                listing.discard(number)
                lasting.discard(number)
        walker.refresh(listing)
        assert len(walker.window.rows) <= SPAN.before + SPAN.after
        if not walker.move(by):
            break
        seen.append(walker.row)
    assert len(set(seen)) == len(seen)
    assert seen == sorted(seen, reverse=not backwards)
    assert lasting <= set(seen)


@given(st.sets(st.integers(0, 100)), st.one_of(st.none(), st.integers(0, 100)), st.booleans())
def test_a_window_knows_where_the_listing_ends(listing: set[int], key: int | None, last: bool) -> None:
    window = read(listing, Around((key,) if key is not None else None, last))
    if window.rows:
        assert not window.from_first or window.rows[0] == max(listing)
        assert not window.to_last or window.rows[-1] == min(listing)
    newest_first = sorted(listing, reverse=True)
    if window.rows:
        begin = newest_first.index(window.rows[0])
        assert tuple(newest_first[begin : begin + len(window.rows)]) == window.rows


def test_cursor_stays_with_its_row() -> None:
    old = read(set(range(10)), FIRST)
    new = read(set(range(13)), FIRST)
    assert new.rows[place(new, (5,), old.keys)] == 5


def test_cursor_of_a_row_that_is_gone_goes_to_the_next_one() -> None:
    old = read(set(range(8)), FIRST)
    new = read(set(range(8)) - {5, 4}, FIRST)
    assert new.rows[place(new, (5,), old.keys)] == 3


def test_cursor_of_the_last_row_goes_to_the_one_before_when_it_is_gone() -> None:
    old = read({1, 2, 3}, FIRST)
    new = read({2, 3}, FIRST)
    assert new.rows[place(new, (1,), old.keys)] == 2


def test_cursor_without_a_key_follows_the_first_row() -> None:
    assert place(read({1, 2, 3}, FIRST), None) == 0


def test_the_middle_of_a_window_asks_for_nothing_more() -> None:
    window = read(set(range(100)), Around((50,)))
    assert next_around(window, PAGE, PAGE) is None
    assert next_around(window, 0, PAGE) == Around(window.keys[0])
    assert next_around(window, len(window.keys) - 1, PAGE) == Around(window.keys[-1])
