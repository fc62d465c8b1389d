"""Facts in, standings out: what passes, what fails, what only a person can tell, what cannot be said yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scidex_console.domain.folders.acceptance import LEAST_JUDGED_BYTES, Acceptance, Measured, assess
from scidex_console.domain.soak.checks import find_check
from scidex_console.domain.soak.facts import (
    CycleFacts,
    EventSource,
    Facts,
    LastVerify,
    RowsWithout,
    SchemaShape,
)
from scidex_console.domain.soak.judging import Reading, Standing, fingerprint, judge
from scidex_console.domain.soak.poisson import EventCount
from tests.domain.soak.samples import NOW, at

DAY = 86_400.0
FACTS = Facts(now=NOW, begun_at=at(0))


def reading(check_id: str, **facts: object) -> Reading:
    check = find_check(check_id)
    assert check is not None
    return judge(check.phase, replace(FACTS, **facts))[check_id]  # type: ignore[arg-type]


def accepted(**changes: object) -> Acceptance:
    measured = Measured(
        total=100,
        migrated=100,
        succeeded=80,
        failed=0,
        verified=70,
        unpromised=10,
        flagged=0,
        files_before=90,
        files_now=190,
        bytes_before=LEAST_JUDGED_BYTES,
        bytes_now=LEAST_JUDGED_BYTES,
        bytes_maintained=LEAST_JUDGED_BYTES * 104 // 100,
        orphans=0,
        links=0,
        dangling_links=0,
        surveyed_at=NOW,
    )
    return assess(replace(measured, **changes), ends_in_s=None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("check_id", "shape", "standing", "figure"),
    [
        ("applied", SchemaShape(6, 2, True, 9), Standing.PASSING, 3),
        ("applied", SchemaShape(6, 1, True, 9), Standing.FAILING, 2),
        ("columns", SchemaShape(6, 2, True, 9), Standing.PASSING, 6),
        ("columns", SchemaShape(5, 2, True, 9), Standing.FAILING, 5),
        ("queries", SchemaShape(6, 2, True, 9), Standing.PERSON, None),
    ],
)
def test_the_schema_is_judged_by_the_catalogue(
    check_id: str, shape: SchemaShape, standing: Standing, figure: float | None
) -> None:
    found = reading(check_id, shape=shape)
    assert (found.standing, found.figure) == (standing, figure)


@pytest.mark.parametrize(
    ("rows", "standing"),
    [
        (RowsWithout(0, 0), Standing.UNMEASURED),
        (RowsWithout(5, 0), Standing.PASSING),
        (RowsWithout(5, 1), Standing.FAILING),
    ],
)
def test_new_artifacts_show_it_once_there_are_any(rows: RowsWithout, standing: Standing) -> None:
    assert reading("newcomers", newcomers=rows).standing is standing


def events(before: int, during: int, *, days: float = 7, hours: float = 24, live: bool = True) -> EventSource:
    return EventSource("SciDEX", EventCount(before, days * DAY), EventCount(during, hours * 3600), live)


@pytest.mark.parametrize(
    ("source", "standing", "words"),
    [
        (events(7, 1), Standing.PASSING, "SciDEX: 7 in 7d before, 1 in 1d since (p = 1)"),
        (events(7, 4), Standing.PASSING, "p = 0.0"),
        (events(7, 12), Standing.FAILING, "the rate has risen"),
        (events(700, 40), Standing.PERSON, "the rate has fallen"),
        (events(0, 0), Standing.PASSING, "(p = 1)"),
        (events(7, 1, days=0.05), Standing.UNMEASURED, "of the time before, only 1h12m is on record"),
        (events(7, 0, live=False), Standing.UNMEASURED, "soak.events_query names no other source"),
    ],
)
def test_event_rates_are_compared_not_looked_at(source: EventSource, standing: Standing, words: str) -> None:
    found = reading("commit_failures", events=(source,), least_before_s=0.1 * DAY)
    assert (found.standing, words in found.words) == (standing, True), found.words


def test_a_source_that_gives_no_answer_is_not_a_pass() -> None:
    found = reading("commit_failures", events=(events(0, 0),), events_trouble="no table events")
    assert found.standing is Standing.UNMEASURED


def test_each_source_is_compared_by_itself() -> None:
    own = replace(events(0, 9), name="this engine")
    found = reading("commit_failures", events=(own, events(10_000, 1_430)))
    assert found.standing is Standing.FAILING


@pytest.mark.parametrize(
    ("rows", "days", "standing"),
    [
        (RowsWithout(100, 40), 3, Standing.PENDING),
        (RowsWithout(100, 0), 3, Standing.PASSING),
        (RowsWithout(100, 1), 8, Standing.FAILING),
        (RowsWithout(100, 0, at(24 * 6)), 8, Standing.PASSING),
        (RowsWithout(100, 0, at(24 * 7.5)), 8, Standing.FAILING),
    ],
    ids=["still time", "in time", "too late", "was in time", "came too late"],
)
def test_existing_artifacts_have_seven_days(rows: RowsWithout, days: float, standing: Standing) -> None:
    now = FACTS.begun_at + timedelta(days=days)
    assert reading("existing", now=now, existing=rows).standing is standing


def test_coverage_is_rounded_down() -> None:
    late = FACTS.begun_at + timedelta(days=8)
    in_time = at(10)
    assert reading("coverage", existing=RowsWithout(100_000, 1_001), now=late).standing is Standing.FAILING
    found = reading("coverage", existing=RowsWithout(100_000, 1_000, in_time), now=late)
    assert (found.standing, found.figure) == (Standing.PASSING, 99.0)


@pytest.mark.parametrize(
    ("check_id", "acceptance", "standing"),
    [
        ("success", accepted(), Standing.PASSING),
        ("success", accepted(failed=1), Standing.FAILING),
        ("success", accepted(succeeded=0), Standing.PENDING),
        ("files", accepted(), Standing.PASSING),
        ("files", accepted(files_now=89), Standing.FAILING),
        ("files", accepted(files_before=None), Standing.PENDING),
        ("hashes", accepted(), Standing.PASSING),
        ("hashes", accepted(verified=69), Standing.FAILING),
        ("growth", accepted(), Standing.PASSING),
        ("growth", accepted(bytes_maintained=LEAST_JUDGED_BYTES * 2), Standing.FAILING),
        ("growth", accepted(bytes_maintained=None), Standing.PENDING),
        ("growth", accepted(bytes_before=1000), Standing.UNMEASURED),
    ],
)
def test_the_migration_is_judged_by_what_it_is_accepted_by(
    check_id: str, acceptance: Acceptance, standing: Standing
) -> None:
    assert reading(check_id, acceptance=acceptance).standing is standing


@pytest.mark.parametrize(
    ("cycles", "standing"),
    [
        (CycleFacts(0, 0, None), Standing.PENDING),
        (CycleFacts(3, 100, 1800.0), Standing.PASSING),
        (CycleFacts(3, 101, 1800.0), Standing.FAILING),
    ],
)
def test_cycles_are_no_larger_than_a_hundred(cycles: CycleFacts, standing: Standing) -> None:
    assert reading("cycles", cycles=cycles).standing is standing


@pytest.mark.parametrize(
    ("verified", "standing"),
    [
        (None, Standing.UNMEASURED),
        (LastVerify(at(-1), 16, ()), Standing.UNMEASURED),
        (LastVerify(at(1), 16, ()), Standing.PASSING),
        (LastVerify(at(1), 16, ("I4",)), Standing.FAILING),
    ],
    ids=["never", "before the phase", "holds", "broken"],
)
def test_the_last_verify_of_the_phase_tells_of_repeating(
    verified: LastVerify | None, standing: Standing
) -> None:
    assert reading("idempotent", verified=verified).standing is standing


def test_what_is_left_beside_the_folders_is_named() -> None:
    found = reading("listing", strays=("a", "b", "c", "d"))
    assert (found.standing, found.words) == (
        Standing.FAILING,
        "4 entries are no artifact's folder: a, b, c …",
    )
    assert reading("listing", strays=()).standing is Standing.PASSING
    assert reading("listing", strays=None).standing is Standing.UNMEASURED


def test_what_the_read_service_will_give_cannot_be_measured_yet() -> None:
    for check_id in ("latency", "consumers", "read_share", "redirects", "readers"):
        found = reading(check_id)
        assert (found.standing, "until then a person signs" in found.words) == (Standing.UNMEASURED, True)


def test_a_fingerprint_is_of_the_evidence_and_of_the_phase_as_begun() -> None:
    check = find_check("latency")
    assert check is not None
    at_40 = reading("latency", existing=RowsWithout(100, 40))
    at_10 = reading("latency", existing=RowsWithout(100, 10))
    assert fingerprint(check, 1, at_40) == fingerprint(check, 1, at_40)
    assert fingerprint(check, 1, at_40) != fingerprint(check, 1, at_10)
    assert fingerprint(check, 1, at_40) != fingerprint(check, 2, at_40)
