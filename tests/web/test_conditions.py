"""Which bytes a conditional or partial request gets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scidex_console.web.conditions import (
    Answer,
    Asked,
    Failed,
    Part,
    Unchanged,
    Unsatisfiable,
    Whole,
    decide,
    http_date,
)

CHANGED = datetime(2026, 5, 18, 20, 30, tzinfo=UTC)
BEFORE, AFTER = http_date(datetime(2026, 5, 18, tzinfo=UTC)), http_date(datetime(2026, 5, 19, tzinfo=UTC))


def answer(size: int = 1000, **asked: str) -> Answer:
    return decide(Asked(**asked), etag='"a"', modified=CHANGED, size=size)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-99", Part(0, 99)),
        ("Bytes=0-99", Part(0, 99)),
        ("bytes=900-", Part(900, 999)),
        ("bytes=900-5000", Part(900, 999)),
        ("bytes=-100", Part(900, 999)),
        ("bytes=-5000", Part(0, 999)),
        ("bytes=1000-", Unsatisfiable()),
        ("bytes=-0", Unsatisfiable()),
        ("bytes=9-3", Whole()),
        ("bytes=-", Whole()),
        ("bytes=0-1,5-6", Whole()),
        ("lines=0-1", Whole()),
        ("bytes=" + "9" * 40 + "-", Whole()),
    ],
)
def test_range_is_answered_by_its_bytes_by_all_or_by_none(asked: str, expected: Answer) -> None:
    assert answer(range=asked) == expected


@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 60))
def test_a_part_always_lies_within_the_file(size: int, first: int, last: int) -> None:
    got = answer(size=size, range=f"bytes={first}-{last}")
    if isinstance(got, Part):
        assert 0 <= got.first <= got.last < size
        assert got.first == first


def test_an_empty_file_has_no_part() -> None:
    assert answer(size=0, range="bytes=0-") == Unsatisfiable()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"if_none_match": '"a"'}, Unchanged()),
        ({"if_none_match": 'W/"a", "b"'}, Unchanged()),
        ({"if_none_match": "*"}, Unchanged()),
        ({"if_none_match": '"b"'}, Whole()),
        ({"if_none_match": '"b"', "if_modified_since": AFTER}, Whole()),
        ({"if_modified_since": AFTER}, Unchanged()),
        ({"if_modified_since": BEFORE}, Whole()),
        ({"if_modified_since": "yesterday"}, Whole()),
        ({"if_match": '"a"'}, Whole()),
        ({"if_match": 'W/"a"'}, Failed()),
        ({"if_match": '"b"'}, Failed()),
        ({"if_unmodified_since": BEFORE}, Failed()),
        ({"if_unmodified_since": AFTER}, Whole()),
        ({"range": "bytes=0-9", "if_range": '"a"'}, Part(0, 9)),
        ({"range": "bytes=0-9", "if_range": '"b"'}, Whole()),
        ({"range": "bytes=0-9", "if_range": BEFORE}, Whole()),
        ({"range": "bytes=0-9", "if_range": http_date(CHANGED)}, Part(0, 9)),
    ],
)
def test_condition_is_kept(asked: dict[str, str], expected: Answer) -> None:
    assert answer(**asked) == expected
