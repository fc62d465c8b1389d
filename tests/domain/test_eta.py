"""The time a run still needs: by the slowest group, and only once there is something to go by."""

from __future__ import annotations

from itertools import pairwise

import pytest

from scidex_console.domain.eta import GroupLoad, seconds_left

TOLD = [
    # What is left and known of each group; seconds of the stretch; seconds left.
    ("nothing is left", [], 0, 0),
    ("nothing is left of any group", [GroupLoad(0, 1.0, settled=50)], 300, 0),
    ("at the pace measured", [GroupLoad(30, 4.0, settled=60)], 60, 30),
    ("by the slowest group", [GroupLoad(100, 4.0, settled=200), GroupLoad(20, 1.0, settled=10)], 300, 600),
    ("one row in a minute is a pace", [GroupLoad(3, 1.0, settled=1)], 60, 180),
    ("enough rows, before a minute", [GroupLoad(10, 4.0, settled=20)], 10, 5),
    (
        "a group without outcomes goes at its budget",
        [GroupLoad(1, 4.0, settled=60), GroupLoad(30, 2.0)],
        60,
        30,
    ),
    (
        "a hold is waited for first",
        [GroupLoad(1, 4.0, settled=60), GroupLoad(30, 1.0, settled=2, closed_s=100)],
        60,
        160,
    ),
    (
        "a held group keeps a pace well measured",
        [GroupLoad(30, 1.0, settled=10, closed_s=100)],
        60,
        280,
    ),
    ("rows put off come last", [GroupLoad(10, 1.0, settled=30, later=2, last_due_s=500)], 60, 502),
    ("many put off take their own time", [GroupLoad(0, 2.0, settled=60, later=600, last_due_s=10)], 60, 600),
    ("nothing but rows put off needs no pace", [GroupLoad(0, 2.0, later=3, last_due_s=90)], 0, 91),
    ("behind a hold longer than that", [GroupLoad(0, 2.0, later=1, last_due_s=90, closed_s=120)], 5, 121),
]
UNTOLD = [
    ("at the very start", [GroupLoad(1000, 2.0)], 0),
    ("with few outcomes in half a minute", [GroupLoad(1000, 2.0, settled=19)], 30),
    ("with no outcome in minutes", [GroupLoad(1000, 2.0)], 300),
    ("though some rows are put off", [GroupLoad(1, 2.0, later=9, last_due_s=60)], 30),
]


@pytest.mark.parametrize(("case", "groups", "span_s", "left"), TOLD, ids=[case for case, *_ in TOLD])
def test_time_left(case: str, groups: list[GroupLoad], span_s: float, left: float) -> None:
    assert seconds_left(groups, span_s) == pytest.approx(left), case


@pytest.mark.parametrize(("case", "groups", "span_s"), UNTOLD, ids=[case for case, *_ in UNTOLD])
def test_no_time_is_named_without_evidence(case: str, groups: list[GroupLoad], span_s: float) -> None:
    assert seconds_left(groups, span_s) is None, case


def test_time_left_falls_steadily_while_a_run_keeps_its_pace() -> None:
    told = [
        seconds_left([GroupLoad(600 - at * 2, 4.0, settled=min(at, 300) * 2)], min(at, 300))
        for at in range(0, 301, 10)
    ]
    known = [seconds for seconds in told if seconds is not None]
    assert told[0] is None and known == sorted(known, reverse=True)
    assert known[-1] == 0 and max(a - b for a, b in pairwise(known)) == pytest.approx(10)
