"""Holds, the breaker, and what of them survives a restart, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.http.group_gate import GateClosed, TurnLost
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.head_trust import PathTrust
from scidex_console.domain.hosts import BreakerState, GateState, HostGroup, HostGroups, Override
from scidex_console.domain.windows import parse_window
from tests.adapters.http.gate_user import GateUser
from tests.adapters.http.virtual_time import START, VirtualClock, run


def state_of(user: GateUser) -> GateState:
    return user.gates.states()[0]


async def told(user: GateUser, seconds: float | None) -> float:
    """One request that is told to wait; how long the group is closed by that."""
    async with user.gates.turn("group") as turn:
        await user.exchange(turn)
        turn.held(seconds, "429 from group.example.org")
    until = user.gates.closed_until("group")
    assert until is not None
    return (until - user.clock.now()).total_seconds()


# --- holds ----------------------------------------------------------------------------------------------


def test_a_hold_keeps_the_whole_group_silent_and_says_why() -> None:
    async def main() -> tuple[list[float], str]:
        user = GateUser(2.0, 4)
        await told(user, 90.0)
        cause = state_of(user).hold_cause
        held_at = user.clock.monotonic()
        await asyncio.gather(*(user.request() for _ in range(4)))
        return [moment - held_at for moment in user.record.sent[1:]], cause

    after, cause = run(main())
    assert after[0] == pytest.approx(90.0)
    assert cause == "429 from group.example.org"


def test_requests_waiting_when_the_hold_begins_wait_on_and_a_hold_is_never_shortened() -> None:
    async def main() -> list[float]:
        user = GateUser(2.0, 4)
        waiting = [asyncio.create_task(user.request()) for _ in range(3)]
        await asyncio.sleep(0.6)  # one has gone
        user.gates.hold("group", 100.0, "asked to")
        user.gates.hold("group", 5.0, "asked again")
        await asyncio.gather(*waiting)
        return user.record.sent

    assert run(main()) == pytest.approx([0.525, 100.6, 101.125])


def test_nothing_leaves_once_another_engine_may_have_taken_over() -> None:
    async def main() -> tuple[list[float], list[float]]:
        user = GateUser(2.0, 2)
        user.gates.renew(10.0)
        await user.request()
        async with user.gates.turn(user.name) as turn:
            await asyncio.sleep(20.0)  # a connection that takes its time; or a process that was stopped
            with pytest.raises(TurnLost):
                turn.check()
        waiting = asyncio.create_task(user.request())
        await asyncio.sleep(80.0)
        before = list(user.record.sent)
        user.gates.renew(200.0)
        await waiting
        return before, user.record.sent

    before, after = run(main())
    assert before == pytest.approx([0.525])
    assert 101.0 < after[1] < 101.5


def test_without_a_time_the_hold_doubles_with_each_in_a_row_and_a_success_resets_it() -> None:
    async def main() -> list[float]:
        user = GateUser(2.0, 1)
        spans = [await told(user, None) for _ in range(3)]
        await user.request()
        return [*spans, await told(user, None)]

    spans = run(main())
    for span, base in zip(spans, (60, 120, 240, 60), strict=True):
        assert base <= span <= base * 1.25


def test_holds_are_capped_and_never_nothing() -> None:
    async def main() -> list[float]:
        user = GateUser(2.0, 1, settings=FetchSettings(retry_after_cap=900.0, hold_longest=600.0))
        return [await told(user, seconds) for seconds in (1e9, 0.0, *(None for _ in range(12)))]

    spans = run(main())
    assert spans[:2] == pytest.approx([900.0, 1.0])
    assert max(spans[2:]) == pytest.approx(600.0)


def test_a_server_that_turns_us_away_again_and_again_is_left_alone_whatever_time_it_names() -> None:
    async def main() -> list[float]:
        user = GateUser(2.0, 1)
        spans = [await told(user, 0.0) for _ in range(11)]
        spans.append(await told(user, 7200.0))
        await user.request()
        return [*spans, await told(user, 0.0)]

    assert run(main()) == pytest.approx([1, 1, 1, 1, 60, 120, 240, 480, 900, 900, 900, 7200, 1])


def test_answers_to_requests_sent_before_the_hold_neither_double_nor_reset_it() -> None:
    async def main() -> tuple[int, float]:
        user = GateUser(10.0, 4)

        async def ask(seconds: float, refused: bool) -> None:
            async with user.gates.turn("group") as turn:
                await user.exchange(turn, takes=seconds)
                turn.held(None, "429") if refused else turn.succeeded()

        await asyncio.gather(ask(1.0, True), ask(1.0, True), ask(1.0, True), ask(1.0, False))
        until = user.gates.closed_until("group")
        assert until is not None
        return state_of(user).holds_in_a_row, (until - user.clock.now()).total_seconds()

    in_a_row, span = run(main())
    assert in_a_row == 1
    assert span <= 75.0


def test_a_request_caught_by_a_hold_before_it_left_loses_its_turn() -> None:
    async def main() -> float:
        user = GateUser(10.0, 4)
        with pytest.raises(TurnLost):
            async with user.gates.turn("group") as turn:
                turn.check()  # nothing in the way yet
                user.gates.hold("group", 30.0, "asked to")
                turn.check()
        await user.request()
        return user.record.sent[0]

    assert run(main()) == pytest.approx(30.105)


def test_who_has_no_patience_is_told_at_once_where_ever_in_the_queue() -> None:
    async def main() -> list[object]:
        user = GateUser(1.0, 1)

        async def impatient() -> object:
            try:
                async with user.gates.turn("group", patience=30.0):
                    return "asked"
            except GateClosed as closed:
                return round(closed.seconds), closed.cause, round(user.clock.monotonic())

        early = [asyncio.create_task(impatient()) for _ in range(4)]
        await asyncio.sleep(1.1)
        user.gates.hold("group", 20.0, "briefly")
        await asyncio.sleep(10)
        user.gates.hold("group", 3600.0, "long")
        late = await impatient()
        return [*(await asyncio.gather(*early)), late]

    closed = (3600, "long", 11)
    assert run(main()) == ["asked", closed, closed, closed, closed]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0, 200), st.floats(1, 100)), max_size=6), st.integers(1, 4))
def test_nothing_leaves_inside_any_hold(holds: list[tuple[float, float]], limit: int) -> None:
    async def main() -> tuple[list[float], list[tuple[float, float]]]:
        user = GateUser(2.0, limit)
        chance = random.Random(1)

        async def ask() -> None:
            while True:
                async with user.gates.turn("group") as turn:
                    await asyncio.sleep(0.4 * chance.random())
                    try:
                        turn.check()
                    except TurnLost:
                        continue
                    await user.exchange(turn, takes=3 * chance.random())
                    turn.succeeded()
                    return

        async def hold(after: float, span: float) -> None:
            await asyncio.sleep(after)
            user.gates.hold("group", span, "asked to")

        await asyncio.gather(*(ask() for _ in range(60)), *(hold(*times) for times in holds))
        return user.record.sent, [(after, after + span) for after, span in holds]

    sent, closed = run(main())
    assert len(sent) == 60
    assert not [moment for moment in sent for begin, end in closed if begin < moment < end - 1e-6]


# --- the breaker ----------------------------------------------------------------------------------------


async def until_open_again(user: GateUser) -> float:
    until = user.gates.closed_until("group")
    assert until is not None
    assert state_of(user).breaker is BreakerState.OPEN
    return (until - user.clock.now()).total_seconds()


def test_five_failures_in_a_row_open_the_breaker_and_each_failed_probe_doubles_it() -> None:
    async def main() -> list[float]:
        user = GateUser(1.0, 4)
        await user.fail(4)
        assert state_of(user).breaker is BreakerState.CLOSED
        await user.fail()
        spans = [await until_open_again(user)]
        for _ in range(6):
            await user.fail()
            spans.append(await until_open_again(user))
        return spans

    assert run(main()) == pytest.approx([60, 120, 240, 480, 900, 900, 900])


def test_a_success_between_failures_keeps_the_breaker_closed() -> None:
    async def main() -> GateState:
        user = GateUser(1.0, 1)
        for _ in range(5):
            await user.fail(4)
            await user.request()
        return state_of(user)

    state = run(main())
    assert (state.breaker, state.failures_in_a_row) == (BreakerState.CLOSED, 0)


def test_one_request_alone_finds_out_whether_the_group_answers_again() -> None:
    async def main() -> tuple[list[int], list[BreakerState]]:
        user = GateUser(10.0, 4)
        await user.fail(5)
        user.record.most_under_way = 0
        await asyncio.sleep(61)
        seen = [state_of(user).breaker]
        limits = [user.gates.in_flight_limit("group")]
        first = asyncio.create_task(user.request(takes=5.0))
        rest = [asyncio.create_task(user.request(takes=5.0)) for _ in range(4)]
        await asyncio.sleep(4.9)
        limits.append(user.record.most_under_way)
        await first
        seen.append(state_of(user).breaker)
        await asyncio.gather(*rest)
        return [*limits, user.record.most_under_way], seen

    numbers, seen = run(main())
    assert numbers == [1, 1, 4]
    assert seen == [BreakerState.PROBING, BreakerState.CLOSED]


def test_who_waits_for_a_probe_rests_though_an_override_ends_meanwhile() -> None:
    async def main() -> list[float]:
        user = GateUser(2.0, 4)
        await user.fail(5)
        await asyncio.sleep(61)
        until = user.clock.now() + timedelta(seconds=10)
        user.gates.set_override("group", Override(0.5, 2, until, "ada", "maintenance"))
        began = user.clock.monotonic()
        probe = asyncio.create_task(user.request(takes=30.0))
        await asyncio.gather(probe, user.request())
        return [moment - began for moment in user.record.sent[5:]]

    assert run(main()) == pytest.approx([0.0, 30.0])


def test_a_probe_that_says_nothing_leaves_the_next_one_to_find_out() -> None:
    async def main() -> list[BreakerState]:
        user = GateUser(10.0, 4)
        await user.fail(5)
        await asyncio.sleep(61)
        async with user.gates.turn("group") as turn:
            await user.exchange(turn)
        seen = [state_of(user).breaker]
        await user.request()
        return [*seen, state_of(user).breaker]

    assert run(main()) == [BreakerState.PROBING, BreakerState.CLOSED]


def test_failures_of_requests_sent_before_it_opened_do_not_open_it_further() -> None:
    async def main() -> GateState:
        user = GateUser(10.0, 8)

        async def ask() -> None:
            async with user.gates.turn("group") as turn:
                await user.exchange(turn, takes=2.0)
                turn.failed()

        await asyncio.gather(*(ask() for _ in range(8)))
        return state_of(user)

    state = run(main())
    assert (state.breaker, state.breaker_openings) == (BreakerState.OPEN, 1)


def test_a_429_is_a_hold_and_no_failure() -> None:
    async def main() -> GateState:
        user = GateUser(10.0, 1)
        await user.fail(4)
        for _ in range(6):
            await told(user, 1.0)
        return state_of(user)

    state = run(main())
    assert state.breaker is BreakerState.CLOSED
    assert state.holds_in_a_row == 6


# --- restart --------------------------------------------------------------------------------------------


def restarted(states: Sequence[GateState], *, seconds_later: float = 0.0) -> GateUser:
    """A new engine that starts so much later by the wall clock."""
    user = GateUser(2.0, 4)
    user.clock.jump(seconds_later)
    user.gates.restore(states)
    return user


def base_state() -> GateState:
    return GateState("group", rate=2.0, in_flight_limit=4)


def test_a_restart_keeps_hold_cause_breaker_and_override() -> None:
    async def main() -> tuple[GateState, GateState]:
        user = GateUser(2.0, 4)
        until = user.clock.now() + timedelta(hours=1)
        user.gates.set_override("group", Override(0.5, 2, until, "ada", "maintenance"))
        await told(user, 900.0)
        await asyncio.sleep(901)
        await user.fail(5)
        await asyncio.sleep(61)
        await user.fail()
        await asyncio.sleep(1.0)
        user.gates.hold("group", 500.0, "asked to")
        before = state_of(user)
        return before, state_of(restarted(user.gates.states()))

    before, after = run(main())
    assert replace(after, next_at=None) == replace(before, next_at=None)
    assert before.breaker is BreakerState.OPEN


def test_a_restart_keeps_what_was_learned_about_head() -> None:
    async def main() -> tuple[GateState, GateState]:
        user = GateUser(2.0, 4)
        await user.request()
        user.gates.head_trust("group").note("/a1/f.png", 404, FetchClass.DEAD)
        kept = state_of(user)
        successor = GateUser(2.0, 4)
        successor.gates.restore([kept])
        return kept, state_of(successor)

    kept, restored = run(main())
    assert kept.head_trust == restored.head_trust == (PathTrust("/a#/*.png", 1, 0),)


def test_a_breaker_opened_by_hand_says_why_doubles_and_is_kept_over_a_restart() -> None:
    async def main() -> tuple[list[float], str, str]:
        user = GateUser(2.0, 4)
        spans = []
        for times in (1, 2, 3):
            user.gates.trip("group", "its control image did not come", times)
            until = user.gates.closed_until("group")
            assert until is not None
            spans.append((until - user.clock.now()).total_seconds())
            await asyncio.sleep(spans[-1])
            await user.request()
        user.gates.trip("group", "its control image did not come", 1)
        kept = state_of(user)
        successor = GateUser(2.0, 4)
        successor.gates.restore([kept])
        return spans, kept.hold_cause, state_of(successor).hold_cause

    spans, cause, restored = run(main())
    assert spans == pytest.approx([60.0, 120.0, 240.0])
    assert cause == restored == "its control image did not come"


def test_a_restored_hold_is_kept_to_its_end() -> None:
    async def main() -> list[float]:
        state = replace(base_state(), hold_until=START + timedelta(seconds=100), hold_cause="asked to")
        user = restarted([state], seconds_later=40)
        await user.request()
        return user.record.sent

    assert run(main()) == pytest.approx([60.0])


def test_a_clock_that_was_set_back_between_two_engines_closes_nothing_for_years() -> None:
    async def main() -> tuple[list[float], float]:
        far = START + timedelta(days=4000)
        states = [
            replace(base_state(), next_at=far),
            GateState("held", 1.0, 1, hold_until=far, hold_cause="asked to"),
            GateState("broken", 1.0, 1, breaker=BreakerState.OPEN, breaker_until=far, breaker_openings=1),
        ]
        user = restarted(states)
        await user.request()
        closed = [user.gates.closed_until(group) for group in ("held", "broken")]
        return [(until - START).total_seconds() for until in closed if until], user.record.sent[0]

    closed, first = run(main())
    assert closed == pytest.approx([21600, 900])
    assert first == pytest.approx(0.525)


def test_what_was_over_when_the_engine_came_back_is_over() -> None:
    async def main() -> list[GateState]:
        past = START + timedelta(seconds=5)
        states = [
            replace(
                base_state(), hold_until=past, hold_cause="x", override=Override(9.0, 9, past, "ada", "y")
            ),
            GateState("broken", 1.0, 1, breaker=BreakerState.OPEN, breaker_until=past, breaker_openings=1),
        ]
        return list(restarted(states, seconds_later=60).gates.states())

    broken, group = run(main())
    assert (group.hold_until, group.hold_cause, group.override, group.rate) == (None, "", None, 2.0)
    assert (broken.breaker, broken.breaker_until) == (BreakerState.PROBING, None)


def test_two_engines_one_after_the_other_keep_one_budget() -> None:
    async def main() -> list[float]:
        first = GateUser(2.0, 4)
        for _ in range(3):
            await first.request()
        # Killed: the database has the state of some time ago, or none at all.
        second = restarted([])
        for _ in range(3):
            await second.request()
        return first.record.sent + second.record.sent

    sent = run(main())
    assert min(later - earlier for earlier, later in pairwise(sent)) >= 0.525 - 1e-6


@pytest.mark.parametrize("state_is_kept", [True, False])
def test_what_robots_txt_asks_for_holds_over_a_restart(*, state_is_kept: bool) -> None:
    async def main() -> list[float]:
        first = GateUser(2.0, 4)
        first.gates.widen("group", "a.example.org", 10.0)
        await first.request()
        kept = first.gates.states()
        await first.request()
        # Killed: the kept state is of before the last request. Or there is none, and only robots.txt is.
        second = restarted(kept if state_is_kept else [])
        if not state_is_kept:
            second.gates.widen("group", "a.example.org", 10.0)
        await second.request()
        return first.record.sent + second.record.sent

    sent = run(main())
    assert min(later - earlier for earlier, later in pairwise(sent)) >= 10.0


# --- hours of the day -----------------------------------------------------------------------------------


def test_a_group_is_asked_in_its_hours_only_and_says_when_it_opens() -> None:
    async def main() -> tuple[GateState, list[float], bool]:
        user = GateUser(2.0, 4, window=parse_window("14:00-15:00", "UTC"))  # the clock begins at 12:00
        closed = user.gates.closed_until("group")
        shown = state_of(user)
        await asyncio.gather(*(user.request() for _ in range(3)))
        await asyncio.sleep(3600)
        await user.request()
        return shown, user.record.sent, closed == START + timedelta(hours=2)

    shown, sent, tells = run(main())
    assert tells and shown.opens_at == START + timedelta(hours=2)
    assert shown.hours == "14:00-15:00 UTC"
    assert shown.hold_until is None and not shown.hold_cause, "hours are no hold"
    assert sent[0] == pytest.approx(2 * 3600, abs=1.0) and sent[2] < 2 * 3600 + 5
    assert sent[3] == pytest.approx(26 * 3600, abs=1.0), "not before the next day"


def test_a_probe_that_is_still_connecting_when_the_hours_end_is_not_sent() -> None:
    async def main() -> list[float]:
        user = GateUser(10.0, 4, window=parse_window("12:00-12:02", "UTC"))  # the clock begins at 12:00
        await user.fail(5)
        await asyncio.sleep(112)
        async with user.gates.turn("group") as turn:
            assert turn.probe
            await asyncio.sleep(10)
            with pytest.raises(TurnLost):
                turn.check()
        await user.request()
        return user.record.sent

    assert run(main())[-1] == pytest.approx(24 * 3600, abs=1.0)


def test_a_host_that_has_joined_a_configured_group_closes_that() -> None:
    async def main() -> tuple[GateState, GateState]:
        alone = left_by()
        alone.hold("group.example.org", 300.0, "429 from group.example.org")
        joined = GateUser(2.0, 4)
        joined.gates.restore([GateState("group", 2.0, 4), *alone.states()])
        tripped = left_by()
        tripped.trip("group.example.org", "it lies", 1)
        broken = GateUser(2.0, 4)
        broken.gates.restore(tripped.states())
        return state_of(joined), state_of(broken)

    held, opened = run(main())
    assert held.group == "group" and held.hold_until is not None
    assert (held.hold_until - START).total_seconds() == pytest.approx(300.0, abs=1.0)
    assert held.hold_cause == "429 from group.example.org"
    assert opened.breaker is BreakerState.OPEN and opened.breaker_until is not None


FORMER = HostGroup("former", ("*.example.org", "www.example.net"), 2.0, 4)


def left_by(*states: GateState, now: Sequence[HostGroup] = ()) -> Gates:
    """The gates of an engine with these groups, after one that left these states."""
    gates = Gates(HostGroups(now), VirtualClock())
    gates.restore(states)
    return gates


def state_of_group(gates: Gates, group: str) -> GateState:
    return next(state for state in gates.states() if state.group == group)


def closed(gates: Gates, group: str) -> float:
    until = gates.closed_until(group)
    return (until - START).total_seconds() if until else 0.0


async def kept(*, hold: float | None = 300.0) -> GateState:
    """What the group with many hosts is kept as: held, or (None) with an open breaker."""
    gates = Gates(HostGroups([FORMER]), VirtualClock())
    if hold is None:
        gates.trip("former", "it lies", 1)
    else:
        gates.hold("former", hold, "429 from a.example.org")
    return gates.states()[0]


@pytest.mark.parametrize("hold", [300.0, None])
@pytest.mark.parametrize(
    ("now", "group"),
    [
        ([], "a.example.org"),
        ([], "example.org"),
        ([], "www.example.net"),
        ([replace(FORMER, hosts=("www.example.net",))], "b.a.example.org"),
        ([replace(FORMER, hosts=("*.example.org",))], "www.example.net"),
        ([replace(FORMER, name="renamed")], "renamed"),
        ([HostGroup("taken", ("a.example.org",), 2.0, 4), FORMER], "taken"),
        ([HostGroup("wider", ("*.org",), 2.0, 4)], "wider"),
    ],
)
def test_a_host_that_has_left_a_group_is_left_alone_as_long_as_that(
    hold: float | None, now: Sequence[HostGroup], group: str
) -> None:
    async def main() -> list[float]:
        once = left_by(await kept(hold=hold), now=now)
        again = left_by(*once.states(), await kept(hold=hold), now=now)
        return [closed(once, group), closed(again, group)]

    assert run(main()) == pytest.approx([hold or 60.0] * 2, abs=1.0)


@pytest.mark.parametrize(
    ("now", "group"),
    [
        ([], "www.example.com"),
        ([], "badexample.org"),
        ([], "former"),
        ([FORMER], "sub.www.example.net"),
        ([FORMER, HostGroup("wider", ("*.org",), 2.0, 4)], "wider"),
        ([FORMER, HostGroup("later", ("a.example.org",), 2.0, 4)], "later"),
    ],
)
def test_hosts_that_a_group_never_had_are_not_closed_by_what_it_left(
    now: Sequence[HostGroup], group: str
) -> None:
    async def main() -> float:
        return closed(left_by(await kept(), now=now), group)

    assert run(main()) == 0


def test_a_host_that_has_left_stays_closed_over_two_restarts_though_nobody_asked_for_it_between() -> None:
    async def main() -> tuple[float, float, GateState]:
        smaller = [replace(FORMER, hosts=("www.example.net",))]
        once = left_by(await kept(), now=smaller)
        twice = left_by(*once.states(), now=smaller)
        await asyncio.sleep(200)
        late = closed(twice, "a.example.org")
        await asyncio.sleep(101)
        other = left_by(*twice.states(), now=smaller)
        return late, closed(other, "b.example.org"), state_of_group(other, "former")

    late, other, last = run(main())
    assert late == pytest.approx(300.0, abs=1.0), "also for one that is first asked long after the start"
    assert other == 0
    assert last.hosts == ("www.example.net",), "what has ended is of no use any more"


def test_a_group_that_is_no_more_is_kept_as_long_as_it_closes_anything_and_raises_no_alarm_after() -> None:
    async def main() -> tuple[float, GateState]:
        once = left_by(replace(await kept(hold=None), in_flight=2))
        twice = left_by(*once.states())
        found = closed(twice, "a.example.org")
        await asyncio.sleep(61)
        return found, state_of_group(twice, "former")

    found, last = run(main())
    assert found == pytest.approx(60.0, abs=1.0)
    assert (last.breaker, last.breaker_until, last.in_flight) == (BreakerState.CLOSED, None, 0)


def test_a_host_that_has_left_a_group_is_not_asked_before_its_hold_ends() -> None:
    async def main() -> float:
        gates = left_by(await kept())
        async with gates.turn("a.example.org") as turn:
            turn.sent()
            return turn.sent_at or 0.0

    assert run(main()) == pytest.approx(300.0, abs=1.0)


def test_hours_are_not_taken_for_a_hold_after_a_restart_with_other_hours() -> None:
    async def main() -> datetime | None:
        user = GateUser(2.0, 4, window=parse_window("14:00-15:00", "UTC"))
        user.gates.closed_until("group")
        successor = GateUser(2.0, 4)
        successor.gates.restore([state_of(user)])
        return successor.gates.closed_until("group")

    assert run(main()) is None


def test_what_robots_txt_asks_for_bounds_the_pace_whatever_the_override() -> None:
    async def main() -> list[float]:
        user = GateUser(2.0, 4)
        user.gates.widen("group", "a.example.org", 5.0)
        user.gates.widen("group", "b.example.org", 2.0)
        until = user.clock.now() + timedelta(hours=1)
        user.gates.set_override("group", Override(2.0, None, until, "ada", "why not"))
        await asyncio.gather(*(user.request() for _ in range(4)))
        return user.record.sent

    sent = run(main())
    assert all(later - earlier >= 5.0 for earlier, later in pairwise(sent))
