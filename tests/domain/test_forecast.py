"""How long a run takes: by the slowest group, its closings and its hours, whoever shares the work."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scidex_console.domain.controls import ControlRules
from scidex_console.domain.figures import BackOff
from scidex_console.domain.hosts import BreakerState, GateState, HostGroup, HostGroups, Override
from scidex_console.domain.pacing.answers import Kind, Mix, expected
from scidex_console.domain.pacing.forecast import after, forecast, group_forecast, open_seconds
from scidex_console.domain.pacing.simulation import Simulation
from scidex_console.domain.pacing.work import WAITS, Rules, Work
from scidex_console.domain.windows import parse_window

NOW = datetime(2026, 5, 19, 12, 0, tzinfo=UTC)
GROUP = HostGroup("a.org", ("a.org",), 1.0, 1)
ALIVE = Mix({Kind.STORED: 1.0}, answer_s=0.1)
PATH = ("/articles/PMC1/bin/f.jpg",)
RULES = Rules(robots=False)


def takes(work: Work, rules: Rules = RULES) -> float:
    return group_forecast(work, rules, NOW).seconds


def test_a_row_costs_two_turns_with_head_and_one_without() -> None:
    work = Work(GROUP, due=100, mix=ALIVE)
    assert takes(work) == pytest.approx(200 * 1.05, abs=2)
    assert takes(work, replace(RULES, head_first=False)) == pytest.approx(100 * 1.05, abs=2)


def test_slow_answers_of_a_group_with_one_in_flight_set_its_pace() -> None:
    assert takes(Work(GROUP, due=10, mix=replace(ALIVE, answer_s=4.0))) == pytest.approx(80, abs=1)


def test_trust_in_head_saves_requests_and_what_is_trusted_already_saves_more() -> None:
    gone = Work(GROUP, due=500, mix=Mix({Kind.GONE: 1.0}), controlled=True, paths=PATH)
    fresh = group_forecast(gone, RULES, NOW)
    assert 500 + 20 < fresh.requests < 500 * 1.35


def test_a_hold_a_breaker_and_an_override_are_reckoned_with() -> None:
    base = GateState("a.org", rate=1.0, in_flight_limit=1)
    work = Work(GROUP, due=10, mix=ALIVE)
    free = takes(work)
    held = replace(base, hold_until=NOW + timedelta(minutes=30))
    assert takes(replace(work, kept=held)) == pytest.approx(1800 + free, abs=2)
    opened = replace(base, breaker=BreakerState.OPEN, breaker_until=NOW + timedelta(minutes=10))
    assert takes(replace(work, kept=opened)) == pytest.approx(600 + free, abs=2)
    slowed = replace(base, override=Override(0.1, None, NOW + timedelta(hours=9), "ada", "asked"))
    assert takes(replace(work, kept=slowed)) == pytest.approx(10 * free, rel=0.1)
    passing = replace(base, override=Override(0.1, None, NOW + timedelta(seconds=30), "ada", "asked"))
    assert free < takes(replace(work, kept=passing)) < 40 + free


def test_rows_put_off_and_suspected_are_waited_for() -> None:
    assert takes(Work(GROUP, later=((900.0, 1),), mix=ALIVE)) == pytest.approx(901, abs=2)
    lone = Work(GROUP, suspected=(5000.0, 9000.0), mix=Mix({Kind.GONE: 1.0}), paths=PATH)
    found = group_forecast(lone, RULES, NOW)
    assert found.seconds == pytest.approx(9001, abs=3) and found.rows == 2
    assert found.waits["second answer"] == pytest.approx(9000, abs=3)
    assert takes(replace(lone, controlled=True)) < 5, "a control decides at once"


def test_a_first_answer_that_nothing_confirms_takes_the_second_pass() -> None:
    gone = Work(GROUP, due=3, mix=Mix({Kind.GONE: 1.0}), paths=PATH)
    assert takes(gone) > 86400 > 10 > group_forecast(gone, RULES, NOW).asked_s > 0
    assert takes(gone, replace(RULES, controls=ControlRules("at-once"))) < 10


def test_trouble_is_asked_again_after_its_back_off_until_attempts_are_used_up() -> None:
    work = Work(GROUP, due=1, mix=Mix({Kind.TROUBLE: 1.0}, trouble_s=1.0, at_head=0.0))
    found = group_forecast(work, replace(RULES, back_off=BackOff(timedelta(minutes=10))), NOW)
    assert found.rows == 1 and found.requests == 6 and 1800 < found.seconds < 2400


def test_hours_of_the_day_are_waited_for_and_told_apart_from_holds() -> None:
    night = replace(GROUP, window=parse_window("22:00-06:00", "UTC"))
    found = group_forecast(Work(night, due=10, mix=ALIVE), RULES, NOW)
    assert found.seconds == pytest.approx(10 * 3600 + 20, abs=5)
    assert found.waits.keys() == {"off peak"}


def test_what_is_too_much_to_be_played_goes_on_at_the_same_pace() -> None:
    work = Work(GROUP, due=3000, mix=ALIVE)
    exact, rough = takes(work), group_forecast(work, RULES, NOW, most_rows=200)
    assert rough.seconds == pytest.approx(exact, rel=0.01) and rough.rows == 3000
    night = replace(work, group=replace(GROUP, window=parse_window("12:00-12:30", "Europe/London")))
    assert group_forecast(night, RULES, NOW, most_rows=200).seconds == pytest.approx(takes(night), rel=0.03)


def test_open_seconds_go_by_in_the_hours_only() -> None:
    hours = parse_window("22:00-23:00", "UTC")
    assert after(NOW, 1800, hours) == datetime(2026, 5, 19, 22, 30, tzinfo=UTC)
    assert after(NOW, 3600 + 60, hours) == datetime(2026, 5, 20, 22, 1, tzinfo=UTC)
    assert after(NOW, 60, None) == NOW + timedelta(minutes=1)
    assert open_seconds(NOW, datetime(2026, 5, 20, 22, 1, tzinfo=UTC), hours) == 3660
    assert open_seconds(NOW, NOW + timedelta(hours=1), hours) == 0


def test_processes_share_hosts_out_and_quicken_no_host() -> None:
    one = [Work(GROUP, due=100, mix=ALIVE)]
    told = forecast(one, RULES, NOW)
    assert {shared.seconds for shared in told.processes} == {told.seconds}
    many = [Work(replace(GROUP, name=f"h{n}.org"), due=20, mix=ALIVE) for n in range(100)]
    told = forecast(many, RULES, NOW, capacity=20.0)
    seconds = {shared.processes: shared.seconds for shared in told.processes}
    assert seconds[1] == pytest.approx(100 * 40 / 20), "one process cannot keep a hundred hosts busy"
    assert seconds[2] == pytest.approx(seconds[1] / 2, rel=0.1)
    assert seconds[4] == pytest.approx(max(seconds[1] / 4, told.groups[0].seconds), rel=0.1)


def test_the_specification_s_run_takes_less_than_an_hour() -> None:
    group = HostGroups().named("europepmc")
    told = group_forecast(Work(group, due=4287, mix=expected("europepmc"), paths=PATH), Rules(), NOW)
    assert told.seconds < 3600 and told.requests / 4287 < 1.35


shares = st.dictionaries(st.sampled_from(Kind), st.floats(0.05, 1.0), min_size=1)
works = st.builds(
    Work,
    st.builds(HostGroup, st.just("a.org"), st.just(("a.org",)), st.floats(0.5, 10.0), st.integers(1, 4)),
    st.integers(0, 40),
    st.lists(st.tuples(st.floats(0, 4000), st.integers(1, 2)), max_size=8).map(tuple),
    st.lists(st.floats(0, 90000), max_size=8).map(tuple),
    st.booleans(),
    mix=st.builds(Mix, shares, st.floats(0.01, 3.0), st.floats(0.1, 20.0), st.floats(0.0, 90.0)),
)


@settings(max_examples=150)
@given(works)
def test_every_row_comes_to_its_end_within_the_budget(work: Work) -> None:
    played = Simulation(work, RULES, NOW)
    found = played.run()
    assert found.rows == work.due + len(work.later) + len(work.suspected)
    gaps = [later - earlier for earlier, later in zip(played.sent, played.sent[1:], strict=False)]
    assert all(gap >= 1.05 / work.group.rate - RULES.manners.lateness - 1e-6 for gap in gaps)
    assert found.requests == len(played.sent) and set(found.waits) <= set(WAITS)
    assert found.seconds >= max(played.sent, default=0.0)
    again = Simulation(work, RULES, NOW)
    assert again.run() == found, "the same work always takes as long"
