"""The clean-up as a plan: what stands in its way, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from scidex_console.domain.cleanup import TOP, CleanupPlan, by_folder

PLAN = CleanupPlan(
    taken_at=datetime(2026, 3, 14, tzinfo=UTC),
    shut_by="",
    opens_at=None,
    legacy_is_off=True,
    waiting=1,
    orphans=1,
    by_folder=((TOP, 1),),
    kept=0,
    folders=(),
    untracked=1,
    untracked_shown=("a",),
    strays=(),
    may_vacuum=True,
    vacuumed_at=None,
)


def test_what_stands_in_the_way_is_counted_in_the_right_number() -> None:
    assert [words.split(":")[0] for words in PLAN.hindrances] == [
        "1 artifact has no folder yet",
        "1 file that no row claims",
        "1 file that git does not track",
    ]
    several = replace(PLAN, waiting=2, orphans=1200, untracked=3)
    assert [words.split(":")[0] for words in several.hindrances] == [
        "2 artifacts have no folder yet",
        "1,200 files that no row claims",
        "3 files that git does not track",
    ]


def test_files_at_the_top_are_counted_apart_from_those_of_folders() -> None:
    assert by_folder(["a.png", "data/b", "data/c/d"]) == (("data", 2), (TOP, 1))
