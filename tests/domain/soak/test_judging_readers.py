"""What is made of answers, reads and a service that was asked; nothing is made up where there are none."""

from __future__ import annotations

import pytest

from scidex_console.domain.soak.facts import (
    Facts,
    LatencyFacts,
    ProbeFacts,
    ReaderFacts,
    ReadFacts,
    Times,
)
from scidex_console.domain.soak.judging import Reading, Standing, judge
from tests.domain.soak.samples import NOW

NONE = Times(0, None, None)
QUICK = Times(4000, 4.0, 80.0)


def reading(phase: int, check_id: str, **facts: object) -> Reading:
    return judge(phase, Facts(now=NOW, begun_at=NOW, **facts))[check_id]  # type: ignore[arg-type]


def latency(before: Times, during: Times) -> Reading:
    return reading(2, "latency", latency=LatencyFacts("answers", before, during))


@pytest.mark.parametrize(
    ("before", "during", "standing"),
    [
        (QUICK, QUICK, Standing.PASSING),
        (QUICK, Times(4000, 4.0, 95.0), Standing.PASSING),
        (QUICK, Times(4000, 4.0, 97.0), Standing.FAILING),
        (QUICK, Times(4000, 4.0, 500.0), Standing.FAILING),
        (Times(4000, 1.0, 9.0), Times(4000, 1.0, 49.0), Standing.PASSING),
        (NONE, QUICK, Standing.UNMEASURED),
        (Times(99, 1.0, 9.0), QUICK, Standing.UNMEASURED),
        (NONE, Times(4000, 4.0, 501.0), Standing.FAILING),
        (QUICK, Times(99, 4.0, 900.0), Standing.UNMEASURED),
        (QUICK, NONE, Standing.UNMEASURED),
    ],
)
def test_answers_must_be_quick_and_no_slower_than_before(
    before: Times, during: Times, standing: Standing
) -> None:
    assert latency(before, during).standing is standing


def test_the_words_tell_both_sides_and_what_counted_them() -> None:
    words = latency(QUICK, QUICK).words
    one = "p50 4 ms, p99 80 ms of 4,000 answers"
    assert words == f"answers: before {one}; since {one}"
    assert "p99 5,321 ms of" in latency(QUICK, Times(4000, 4.0, 5321.4)).words


def reads(*each: tuple[str, float, int, int], off: tuple[str, ...] = ()) -> ReadFacts:
    return ReadFacts(NOW, tuple(ReaderFacts(*one) for one in each), off)


def test_the_share_of_folder_reads_is_judged_for_every_reader_that_reads() -> None:
    good = reads(("resolve", 100, 1000, 990), ("figure", 100, 200, 190), ("embed", 0, 0, 0))
    found = reading(3, "read_share", reads=good)
    assert (found.standing, found.figure) == (Standing.PASSING, 98.33)
    low = reads(("resolve", 100, 10_000, 10_000), ("figure", 100, 200, 189))
    found = reading(3, "read_share", reads=low)
    assert found.standing is Standing.PENDING and "below 95 %: figure 94.5 %" in found.words
    few = reading(3, "read_share", reads=reads(("resolve", 100, 99, 99)))
    assert few.standing is Standing.UNMEASURED and "99 reads were counted" in few.words


def test_consumers_are_switched_when_all_have_the_whole_share_and_no_flag_is_off() -> None:
    all_on = reads(("resolve", 100, 5, 5), ("figure", 100, 0, 0))
    assert reading(3, "consumers", reads=all_on).standing is Standing.PASSING
    partly = reading(3, "consumers", reads=reads(("resolve", 100, 5, 5), ("figure", 25, 0, 0)))
    assert partly.standing is Standing.PENDING and "not yet: figure 25 %" in partly.words
    off = reading(3, "consumers", reads=reads(("resolve", 100, 5, 5), off=("library",)))
    assert off.standing is Standing.PENDING and "the flag is off in library" in off.words
    unread = reading(3, "consumers", reads=reads(("resolve", 100, 0, 0)))
    assert unread.standing is Standing.UNMEASURED


def test_before_the_removal_nobody_may_read_by_a_legacy_path() -> None:
    assert reading(5, "readers", reads=reads(("api", 100, 500, 500))).standing is Standing.PASSING
    found = reading(5, "readers", reads=reads(("api", 100, 500, 499)))
    assert (found.standing, found.figure) == (Standing.FAILING, 1.0)
    assert "api 1" in found.words


@pytest.mark.parametrize("check_id", ["redirects", "canonical", "sitemap", "public_urls"])
def test_a_service_that_was_asked_is_judged_by_its_answers(check_id: str) -> None:
    def asked(found: ProbeFacts | None, trouble: str = "") -> Reading:
        probes = {check_id: found} if found else {}
        return reading(4, check_id, probes=probes, probe_trouble=trouble)

    assert asked(ProbeFacts(4)).standing is Standing.PASSING
    wrong = asked(ProbeFacts(4, ("/a answers 404", "/b answers 404")))
    assert wrong.standing is Standing.FAILING and wrong.figure == 2 and "/a answers 404" in wrong.words
    assert asked(ProbeFacts(0)).standing is Standing.UNMEASURED
    down = asked(None, "the service does not answer: no route")
    assert down.standing is Standing.UNMEASURED and "no route" in down.words
    assert asked(None).standing is Standing.UNMEASURED
