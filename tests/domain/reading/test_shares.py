"""Which reads go by the folder first."""

from __future__ import annotations

import pytest

from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.domain.reading.shares import Shares, share_problem

IDS = [f"figure-{number:04}" for number in range(4000)]


def by_folder(percent: float, reader: ReaderKind = ReaderKind.FIGURE) -> set[str]:
    shares = Shares(enabled=True, percent={reader: percent})
    return {artifact_id for artifact_id in IDS if shares.folder_first(reader, artifact_id)}


def test_a_share_takes_about_so_many_artifacts() -> None:
    assert by_folder(0) == set()
    assert by_folder(100) == set(IDS)
    for percent in (1, 10, 50, 95):
        assert len(by_folder(percent)) / len(IDS) == pytest.approx(percent / 100, abs=0.025)


def test_what_is_read_by_its_folder_stays_so_as_the_share_grows() -> None:
    before: set[str] = set()
    for percent in (0.01, 0.5, 5, 5.01, 20, 60, 99.99, 100):
        now = by_folder(percent)
        assert before <= now
        before = now


def test_each_reader_begins_with_other_artifacts() -> None:
    assert len(by_folder(10) & by_folder(10, ReaderKind.NOTEBOOK)) < 0.3 * len(by_folder(10))


def test_without_the_flag_or_without_a_word_nobody_reads_by_folders_first() -> None:
    off = Shares(enabled=False, percent={ReaderKind.FIGURE: 100.0})
    silent = Shares(enabled=True)
    assert not any(s.folder_first(ReaderKind.FIGURE, i) for s in (off, silent, Shares()) for i in IDS)


@pytest.mark.parametrize("wrong", [-1, 100.01, 0.001, True, "5", None, float("nan"), float("inf")])
def test_what_cannot_be_a_share_is_named(wrong: object) -> None:
    assert share_problem(wrong)


@pytest.mark.parametrize("right", [0, 100, 5, 12.5, 0.01, 99.99, 33.33])
def test_a_share_has_two_digits_behind_the_point(right: float) -> None:
    assert not share_problem(right)
