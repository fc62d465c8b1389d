"""Windows over a long listing: the rows around one key, read by key in both directions, never by offset.

A listing has an order, and every row a key in it that no other row has: the values it is ordered by, last
its id. What is read is never more than a window: some rows before a key, and some from it on. As the two
parts are set apart by the key alone, no row is skipped or read twice, however many come and go meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Key = tuple[Any, ...]
"""Values the listing is ordered by, the row's id last."""


@dataclass(frozen=True)
class Around:
    """Which part of a listing to read: around a key; from the first row where there is none."""

    key: Key | None = None
    last: bool = False
    """From the last row backwards, whatever the key."""

    @property
    def first(self) -> bool:
        """Whether it is the beginning of the listing, wherever that will be."""
        return self.key is None and not self.last


FIRST, LAST = Around(), Around(last=True)


@dataclass(frozen=True)
class Span:
    """How many rows: before the key, and from the key on."""

    before: int
    after: int


@dataclass(frozen=True)
class Window(Generic[T]):
    """Rows that follow one another without a gap, as of one moment."""

    rows: tuple[T, ...] = ()
    keys: tuple[Key, ...] = ()
    """The key of each row, in the order of the listing."""
    from_first: bool = True
    """Whether no row comes before these."""
    to_last: bool = True
    """Whether no row comes after these."""


def join(
    before: Sequence[tuple[Key, T]], after: Sequence[tuple[Key, T]], around: Around, span: Span
) -> Window[T]:
    """The window from its two parts as read: `before` from the key backwards, `after` from it on."""
    pairs = [*reversed(before), *after]
    return Window(
        rows=tuple(row for _, row in pairs),
        keys=tuple(key for key, _ in pairs),
        from_first=around.first or len(before) < (span.before + span.after if around.last else span.before),
        to_last=around.last or len(after) < span.after,
    )


def place(window: Window[Any], cursor: Key | None, known: Sequence[Key] = ()) -> int:
    """Where a cursor stands in a window that was read anew: on its row.

    If that row is gone, on the next of the rows `known` before, or else the one before it. A cursor without a
    key stays with the first row.
    """
    if cursor is None or not window.keys:
        return 0
    index = {key: at for at, key in enumerate(window.keys)}
    at = known.index(cursor) if cursor in known else 0
    for key in (cursor, *known[at + 1 :], *reversed(known[:at])):
        if key in index:
            return index[key]
    return 0


def next_around(window: Window[Any], at: int, page: int) -> Around | None:
    """Around what to read next, for a cursor on row `at`; None while enough rows lie on either side.

    Asked for half a page before the edge, so that a cursor that goes on finds the rows there already.
    """
    if not window.keys:
        return None
    near = max(page // 2, 1)
    if at < near and not window.from_first:
        return Around(window.keys[at])
    if len(window.keys) - 1 - at < near and not window.to_last:
        return Around(window.keys[at])
    return None
