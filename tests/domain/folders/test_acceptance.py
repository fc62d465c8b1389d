"""What the migration is accepted by: shares never rounded up, and nothing held that is not known yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scidex_console.domain.folders.acceptance import Criterion, Measured, assess, projected_s

DONE = Measured(
    total=11_667,
    migrated=11_667,
    succeeded=5_000,
    failed=0,
    verified=4_000,
    unpromised=1_000,
    flagged=0,
    files_before=11_667,
    files_now=23_334,
    bytes_before=1_000_000,
    bytes_now=1_220_000,
    bytes_maintained=1_042_000,
    orphans=7,
    links=900,
    dangling_links=0,
    surveyed_at=None,
)


LARGE = replace(DONE, bytes_before=1_000_000_000, bytes_now=1_220_000_000, bytes_maintained=1_042_000_000)


def criteria(measured: Measured) -> dict[str, Criterion]:
    return {each.name: each for each in assess(measured, ends_in_s=None).criteria}


def test_a_migration_that_is_done_holds_in_everything_but_what_nobody_asks_for() -> None:
    found = criteria(LARGE)
    assert [name for name, each in found.items() if each.holds is None] == ["orphan files"]
    assert all(each.holds is not False for each in found.values())
    assert found["growth"].detail == (
        "953.7 MiB at the start, 1.1 GiB before maintenance (+22 %), "
        "993.7 MiB after maintenance (+4.2 %; at most 5 %); what others added meanwhile (figures) is in it"
    )


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"failed": 51}, "success"),
        ({"files_now": 11_666}, "files"),
        ({"verified": 3_999}, "hashes"),
        ({"bytes_maintained": 1_050_000_001}, "growth"),
        ({"dangling_links": 1}, "links"),
    ],
)
def test_what_does_not_hold_is_named(changed: dict[str, int], name: str) -> None:
    found = criteria(replace(LARGE, **changed))  # type: ignore[arg-type]
    assert [each for each in found if found[each].holds is False] == [name]


def test_a_repository_not_measured_since_its_maintenance_has_one_growth() -> None:
    found = criteria(replace(LARGE, bytes_now=1_042_000_000))
    assert found["growth"].detail == (
        "953.7 MiB at the start, 993.7 MiB after maintenance (+4.2 %; at most 5 %)"
        "; what others added meanwhile (figures) is in it"
    )


def test_a_tiny_store_that_grew_manyfold_is_told_in_bytes_and_not_judged_before_maintenance() -> None:
    found = criteria(replace(DONE, bytes_before=10_000, bytes_now=70_000, bytes_maintained=None))["growth"]
    assert found == Criterion(
        "growth",
        "9.8 KiB at the start, 68.4 KiB before maintenance (+600 %); what others added "
        "meanwhile (figures) is in it; not judged: the store had only 9.8 KiB",
        None,
    )


@pytest.mark.parametrize(("start", "holds"), [(650_957, None), (64 * 2**20 - 1, None), (64 * 2**20, False)])
def test_the_growth_of_a_store_under_64_mib_is_told_and_not_judged(start: int, holds: bool | None) -> None:
    grown = replace(DONE, bytes_before=start, bytes_now=9 * start, bytes_maintained=8 * start)
    found = criteria(grown)["growth"]
    assert found.holds is holds
    assert ("; not judged: the store had only " in found.detail) is (holds is None)


def test_a_store_that_can_be_judged_is_told_what_brings_its_growth_down() -> None:
    detail = criteria(replace(LARGE, bytes_maintained=None))["growth"].detail
    assert detail.endswith("; `scidex-console maintain` must bring it to at most 5 %")


def test_files_nobody_claims_are_listed_somewhere() -> None:
    assert "`scidex-console plan folders --orphans` lists them" in criteria(DONE)["orphan files"].detail
    assert "plan" not in criteria(replace(DONE, orphans=0))["orphan files"].detail


def test_only_all_of_it_is_a_hundred_percent() -> None:
    nearly = assess(replace(DONE, total=1_000_000, migrated=999_999), ends_in_s=None)
    assert nearly.coverage_percent == 99.99
    assert criteria(replace(DONE, migrated=11_666))["coverage"].holds is None


def test_before_the_first_survey_nothing_is_claimed() -> None:
    nothing = replace(
        DONE, migrated=0, succeeded=0, verified=0, unpromised=0, files_before=None, bytes_before=None
    )
    assert {each.holds for each in criteria(nothing).values()} == {None}


def test_growth_that_was_not_measured_again_is_not_called_none() -> None:
    once = assess(replace(DONE, bytes_now=1_000_000, bytes_maintained=None), ends_in_s=None)
    assert once.growth_percent is None
    assert "not measured again yet" in next(c.detail for c in once.criteria if c.name == "growth")


@pytest.mark.parametrize(
    ("due", "every", "first", "rate", "expected"),
    [
        (0, 30, 60.0, None, 0.0),
        (100, 30, 60.0, None, 60.0),
        (101, 30, 60.0, None, 60.0 + 1800),
        (11_667, 30, 0.0, 5.0, 116 * 1800.0),
        (300, 0, 0.0, 100.0, 180.0),
        (300, 0, 0.0, None, None),
    ],
)
def test_the_end_is_told_by_the_cycles_or_by_the_pace(
    due: int, every: int, first: float, rate: float | None, expected: float | None
) -> None:
    assert (
        projected_s(due, cycle=100, every=timedelta(minutes=every), first_in_s=first, rate_per_min=rate)
        == expected
    )
