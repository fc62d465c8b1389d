"""HEAD is believed about the dead only where it has proven itself, and only as long as it does."""

from __future__ import annotations

import pytest

from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.head_trust import AUDITED, NEEDED, HeadTrust, PathTrust, path_pattern

PATH = "/articles/PMC17/bin/fig1.jpg"
ANY = 0.99
"""A draw that is not audited."""


def proven() -> HeadTrust:
    trust = HeadTrust()
    for number in range(NEEDED):
        trust.note(f"/articles/PMC{number}/bin/other{number}.jpg", 404, FetchClass.DEAD)
    return trust


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/articles/PMC102186/bin/mb2400926009.jpg", "/articles/PMC#/bin/*.jpg"),
        ("/articles/PMC1298938/bin/ppat.0010039.g007.JPG", "/articles/PMC#/bin/*.jpg"),
        ("/articles/PMC1/bin/name-without-ending", "/articles/PMC#/bin/*"),
        ("/fig.png", "/*.png"),
        ("/", "/*"),
        ("/a/v1.2/f", "/a/v#.#/*"),
    ],
)
def test_paths_of_one_kind_have_one_pattern(path: str, pattern: str) -> None:
    assert path_pattern(path) == pattern


def test_twenty_agreements_earn_the_trust_of_that_pattern_alone() -> None:
    trust = HeadTrust()
    for _ in range(NEEDED - 1):
        trust.note(PATH, 404, FetchClass.DEAD)
    assert not trust.believes(PATH, 404, ANY)
    trust.note(PATH, 410, FetchClass.DEAD)
    assert trust.believes(PATH, 451, ANY)
    assert not trust.believes("/articles/PMC17/bin/fig1.png", 404, ANY)
    assert not trust.believes(PATH, 403, ANY), "only about the dead"


def test_a_tenth_is_audited_for_ever() -> None:
    trust = proven()
    draws = [number / 1000 for number in range(1000)]
    audited = sum(not trust.believes(PATH, 404, draw) for draw in draws)
    assert audited == AUDITED * 1000


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(404, FetchClass.STORED), (410, FetchClass.BLOCKED), (404, FetchClass.SUSPECT), (200, FetchClass.DEAD)],
)
def test_one_lie_takes_the_trust_away(status: int, outcome: FetchClass) -> None:
    trust = proven()
    trust.note(PATH, status, outcome)
    assert not trust.believes(PATH, 404, ANY)
    assert [(path.agreements, path.lies) for path in trust.paths()] == [(0, 1)]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(404, FetchClass.TRANSIENT), (200, FetchClass.STORED), (403, FetchClass.DEAD), (503, FetchClass.STORED)],
)
def test_trouble_and_what_is_not_about_the_dead_say_nothing(status: int, outcome: FetchClass) -> None:
    trust = proven()
    trust.note(PATH, status, outcome)
    assert trust.believes(PATH, 404, ANY)


def test_trust_can_be_kept_and_taken_up_again() -> None:
    again = HeadTrust(proven().paths())
    assert again.paths() == (PathTrust("/articles/PMC#/bin/*.jpg", NEEDED, 0),)
    assert again.believes(PATH, 404, ANY)


def test_a_host_of_endless_patterns_does_not_fill_the_memory() -> None:
    trust = HeadTrust()
    for number in range(1000):
        trust.note(f"/{'a' * (number % 180)}{number % 7 * 'b'}/{number}/x.png", 404, FetchClass.DEAD)
    assert len(trust.paths()) <= 200
