"""Pace, order and number under way of one group, in virtual time."""

from __future__ import annotations

import asyncio
import math
import random
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.domain.hosts import Override
from tests.adapters.http.gate_user import GateUser, most_in_a_second
from tests.adapters.http.virtual_time import run

TOLERANCE = 1e-6
LATENESS = FetchSettings().lateness


def override(
    user: GateUser, seconds: float, *, rate: float | None = None, in_flight: int | None = None
) -> Override:
    until = user.clock.now() + timedelta(seconds=seconds)
    return Override(rate, in_flight, until, "ada", "they asked us to")


def least_spare(times: list[float], rate: float) -> float:
    """By how much the requests of any stretch are farther apart than the budget asks; seconds."""
    spans = ((i, j) for i in range(len(times)) for j in range(i + 1, len(times)))
    return min((times[j] - times[i] - (j - i) * 1.05 / rate for i, j in spans), default=0.0)


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


@settings(max_examples=60)
@given(
    rate=st.sampled_from([0.5, 1.0, 2.0, 3.0, 10.0]),
    limit=st.integers(1, 4),
    plan=st.lists(st.tuples(st.floats(0, 20), st.floats(0, 1.5), st.floats(0, 5)), min_size=1, max_size=40),
)
def test_any_mix_of_arrivals_and_latencies_stays_within_the_budget(
    rate: float, limit: int, plan: list[tuple[float, float, float]]
) -> None:
    async def main() -> GateUser:
        user = GateUser(rate, limit)

        async def come(number: int, after: float, connect: float, takes: float) -> None:
            await asyncio.sleep(after)
            await user.request(number, connect=connect, takes=takes)

        await asyncio.gather(*(come(number, *times) for number, times in enumerate(plan)))
        return user

    user = run(main())
    assert len(user.record.sent) == len(plan)
    assert least_spare(user.record.sent, rate) >= -LATENESS - TOLERANCE
    assert most_in_a_second(user.record.sent) <= math.ceil(rate)
    assert user.record.most_under_way <= limit


@settings(max_examples=25)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_who_asks_first_is_served_first_whatever_is_cancelled(chance: random.Random, limit: int) -> None:
    async def main() -> tuple[list[int], set[int]]:
        user = GateUser(2.0, limit)
        tasks = [
            asyncio.create_task(user.request(number, connect=chance.random(), takes=2 * chance.random()))
            for number in range(30)
        ]
        await asyncio.sleep(chance.random() * 10)
        cancelled = {number for number, task in enumerate(tasks) if chance.random() < 0.3 and task.cancel()}
        await asyncio.gather(*tasks, return_exceptions=True)
        state = user.gates.states()[0]
        assert (state.in_flight, state.waiting) == (0, 0)
        return user.record.order, cancelled

    order, cancelled = run(main())
    assert order == sorted(order)
    assert {number for number in range(30) if number not in cancelled} <= set(order)


def test_a_saturated_gate_wastes_only_what_the_spacing_costs() -> None:
    async def main() -> list[float]:
        user = GateUser(2.0, 4)
        await asyncio.gather(*(user.request(takes=0.3) for _ in range(101)))
        return user.record.sent

    sent = run(main())
    assert sent[-1] - sent[0] == pytest.approx(100 * 1.05 / 2.0)


def test_what_each_request_is_late_does_not_add_up() -> None:
    async def main() -> list[float]:
        user = GateUser(2.0, 4)
        for number in range(101):
            await user.request(connect=0.009 * (number % 2))
        return user.record.sent

    sent = run(main())
    assert sent[-1] - sent[0] == pytest.approx(100 * 1.05 / 2.0)


def test_a_request_that_leaves_much_too_late_is_spaced_from_then() -> None:
    async def main() -> list[float]:
        user = GateUser(2.0, 4)
        for connect in (0.0, 0.011, 0.0, 3.0, 0.0):
            await user.request(connect=connect)
        return user.record.sent

    assert gaps(run(main())) == pytest.approx([0.536, 0.525, 3.525, 0.525])


def test_slow_answers_hold_up_only_as_many_as_may_be_under_way() -> None:
    async def main() -> GateUser:
        user = GateUser(10.0, 3)
        await asyncio.gather(*(user.request(takes=60.0) for _ in range(6)))
        return user

    user = run(main())
    assert user.record.most_under_way == 3
    assert user.record.sent[3] == pytest.approx(user.record.sent[0] + 60.0)


def test_nobody_sends_while_another_request_is_still_connecting() -> None:
    async def main() -> list[float]:
        user = GateUser(2.0, 4)
        await asyncio.gather(user.request(connect=9.0), user.request(), user.request())
        return user.record.sent

    sent = run(main())
    assert gaps(sent) == pytest.approx([0.525, 0.525])


def test_a_request_that_never_left_is_spaced_like_one_that_did() -> None:
    async def main() -> list[float]:
        user = GateUser(1.0, 1)
        ended = []
        for _ in range(3):
            async with user.gates.turn("group"):
                ended.append(user.clock.monotonic())
        return ended

    assert gaps(run(main())) == pytest.approx([1.05, 1.05])


def test_a_new_gate_lets_one_interval_pass_since_its_predecessor_may_just_have_sent() -> None:
    async def main() -> list[float]:
        user = GateUser(0.5, 1)
        await user.request()
        return user.record.sent

    assert run(main()) == pytest.approx([2.1])


def test_groups_do_not_wait_for_one_another() -> None:
    async def main() -> list[float]:
        user = GateUser(1.0, 1)
        user.gates.hold("group", 3600, "busy")

        async def ask(host: str) -> float:
            async with user.gates.turn(host):
                return user.clock.monotonic()

        return await asyncio.gather(*(ask(f"journal{number}.org") for number in range(100)))

    assert run(main()) == pytest.approx([1.05] * 100)


def test_asking_what_a_group_may_do_is_not_yet_asking_the_group() -> None:
    async def main() -> tuple[int, int, int]:
        user = GateUser(1.0, 3)
        limits = user.gates.in_flight_limit("group"), user.gates.in_flight_limit("malformed")
        assert user.gates.closed_until("group") is None
        return *limits, len(user.gates.states())

    assert run(main()) == (3, 1, 0)


def test_a_jump_of_the_wall_clock_changes_no_pace() -> None:
    async def main() -> list[float]:
        user = GateUser(1.0, 1)

        async def jump() -> None:
            for seconds in (86400.0, -86400.0 * 365, 86400.0 * 3650):
                await asyncio.sleep(2.5)
                user.clock.jump(seconds)

        await asyncio.gather(jump(), *(user.request() for _ in range(10)))
        return user.record.sent

    assert gaps(run(main())) == pytest.approx([1.05] * 9)


def test_an_override_slows_the_requests_already_waiting_and_ends_by_itself() -> None:
    async def main() -> tuple[list[float], list[object]]:
        user = GateUser(2.0, 4)
        waiting = [asyncio.create_task(user.request()) for _ in range(6)]
        await asyncio.sleep(0.6)  # one has gone
        user.gates.set_override("group", override(user, 20.0, rate=0.1))
        shown: list[object] = [user.gates.states()[0].rate, user.gates.states()[0].override is not None]
        await asyncio.gather(*waiting)
        shown += [user.gates.states()[0].rate, user.gates.states()[0].override]
        return user.record.sent, shown

    sent, shown = run(main())
    # One goes at the slow pace within the 20 s; the next goes as soon as the override is over.
    assert gaps(sent) == pytest.approx([10.5, 9.575, 0.525, 0.525, 0.525])
    assert shown == [0.1, True, 2.0, None]


def test_an_override_of_what_may_be_under_way_is_kept_and_can_be_taken_back() -> None:
    async def main() -> list[int]:
        user = GateUser(100.0, 4)
        seen = []
        for budget in (override(user, 3600, in_flight=1), None, override(user, 3600, in_flight=6)):
            user.gates.set_override("group", budget)
            user.record.most_under_way = 0
            await asyncio.gather(*(user.request(takes=1.0) for _ in range(8)))
            seen += [user.record.most_under_way, user.gates.in_flight_limit("group")]
        return seen

    assert run(main()) == [1, 1, 4, 4, 6, 6]


def test_an_override_ends_on_time_even_when_the_wall_clock_is_set_back() -> None:
    async def main() -> list[float]:
        user = GateUser(1.0, 1)
        user.gates.set_override("group", override(user, 30.0, rate=0.1))
        user.clock.jump(-7200)
        await asyncio.sleep(29.0)
        during = user.gates.states()[0].rate
        await asyncio.sleep(1.5)
        return [during, user.gates.states()[0].rate]

    assert run(main()) == [0.1, 1.0]


def test_an_override_that_is_over_already_changes_nothing() -> None:
    async def main() -> float:
        user = GateUser(1.0, 1)
        user.gates.set_override("group", override(user, -1.0, rate=50.0))
        return user.gates.states()[0].rate

    assert run(main()) == 1.0
