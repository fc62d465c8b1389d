"""Whatever arrives, takes long, fails, is held, throttled or restarted: the gate keeps its word."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.http.group_gate import TurnLost
from scidex_console.domain.hosts import Override
from scidex_console.domain.windows import DailyWindow, parse_window
from tests.adapters.http.gate_user import GateUser, most_in_a_second
from tests.adapters.http.test_gate_pace import LATENESS, TOLERANCE, least_spare
from tests.adapters.http.virtual_time import START, run

_CLOCKS = 1e-4
"""Seconds: what rounding between the two clocks makes of a hold over several restarts."""


@dataclass(frozen=True)
class Request:
    """When it comes, how long it connects and takes, and how it ends (a number: held for so many seconds)."""

    arrives: float
    connects: float
    takes: float
    fate: str | float


@dataclass(frozen=True)
class Act:
    """What an operator or a crash does at some time."""

    at: float
    kind: str
    share: float
    """Of the budget, for an override."""
    in_flight: int
    seconds: float


@dataclass
class Course:
    """One group's life, and what must be true of it."""

    user: GateUser
    rate: float
    done: set[int] = field(default_factory=set)
    closings: list[tuple[float, float]] = field(default_factory=list)
    """Spans in which nothing may leave, as the gate said when they began."""
    restarts: int = 0
    slowest: float = 0.0
    """Longest interval in force."""

    def note_closing(self) -> None:
        until = self.user.gates.closed_until("group")
        if until is not None:
            now = self.user.clock.monotonic()
            self.closings.append((now, now + (until - self.user.clock.now()).total_seconds()))

    async def request(self, number: int, plan: Request) -> None:
        await asyncio.sleep(max(0.0, plan.arrives - self.user.clock.monotonic()))
        while True:
            async with self.user.gates.turn("group") as turn:
                await asyncio.sleep(plan.connects)
                try:
                    turn.check()
                except TurnLost:
                    continue
                await self.user.exchange(turn, number, takes=plan.takes)
                if plan.fate == "fails":
                    turn.failed()
                elif plan.fate == "works":
                    turn.succeeded()
                elif plan.fate == "told to wait":
                    turn.held(None, "429")
                elif not isinstance(plan.fate, str):
                    turn.held(plan.fate, "429")
                self.note_closing()
                self.done.add(number)
                return

    def act(self, act: Act) -> None:
        gates = self.user.gates
        if act.kind == "override":
            until = self.user.clock.now() + timedelta(seconds=act.seconds)
            rate = act.share * self.rate  # an override is never above the budget
            gates.set_override("group", Override(rate, act.in_flight, until, "ada", "asked"))
            self.slowest = max(self.slowest, 1.05 / rate)
        elif act.kind == "clear":
            gates.set_override("group", None)
        elif act.kind == "trip":
            gates.trip("group", "its control image did not come", 1)
            self.note_closing()
        elif act.kind == "crawl-delay":
            gates.widen("group", "group.example.org", act.seconds / 20)
            self.slowest = max(self.slowest, act.seconds / 20)


async def live(
    rate: float, limit: int, requests: list[Request], acts: list[Act], window: DailyWindow | None = None
) -> Course:
    """Play it to the end; a restart cancels what is under way and carries on with what the gate said last."""
    course = Course(GateUser(rate, limit, window=window), rate, slowest=1.05 / rate)
    pending = sorted(acts, key=lambda act: act.at)
    while len(course.done) < len(requests):
        tasks = [
            asyncio.create_task(course.request(number, plan))
            for number, plan in enumerate(requests)
            if number not in course.done
        ]
        everything = asyncio.gather(*tasks)
        while pending:
            await asyncio.sleep(max(0.0, pending[0].at - course.user.clock.monotonic()))
            act = pending.pop(0)
            if act.kind == "restart":
                everything.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                _restart(course)
                break
            course.act(act)
        else:
            await everything
            return course
        await asyncio.gather(everything, return_exceptions=True)
    return course


def _restart(course: Course) -> None:
    user = course.user
    kept = user.gates.states()
    user.gates = Gates(user.groups, user.clock, jitter=random.Random(3))
    user.gates.restore(kept)
    user.record.under_way = 0
    course.restarts += 1


requests = st.builds(
    Request,
    arrives=st.floats(0, 10),
    connects=st.just(0.0) | st.floats(0, 2),
    takes=st.floats(0, 5),
    fate=st.sampled_from(["works"] * 6 + ["fails"] * 4 + ["says nothing", "told to wait", 0.0, 7.5, 90.0]),
)
acts = st.builds(
    Act,
    at=st.floats(0, 30),
    kind=st.sampled_from(["override", "clear", "trip", "crawl-delay", "restart", "restart"]),
    share=st.sampled_from([0.1, 0.5, 1.0]),
    in_flight=st.integers(1, 4),
    seconds=st.floats(1, 120),
)

windows = st.sampled_from(
    # The virtual clock begins at noon: within the hours, which end soon, or shortly before they begin.
    [parse_window(text, "UTC") for text in ("11:50-12:01", "23:00-12:02", "12:01-12:10", "12:02-11:00")]
)


@settings(max_examples=80)
@given(
    rate=st.sampled_from([0.5, 1.0, 2.0]),
    limit=st.integers(1, 4),
    plans=st.lists(requests, min_size=8, max_size=40),
    doings=st.lists(acts, max_size=6),
    hours=st.none() | windows,
)
def test_no_course_of_events_breaks_a_budget_starves_anybody_or_wastes_without_bound(
    rate: float, limit: int, plans: list[Request], doings: list[Act], hours: DailyWindow | None
) -> None:
    course = run(live(rate, limit, plans, doings, hours))
    sent = course.user.record.sent

    assert least_spare(sent, rate) >= -LATENESS - TOLERANCE
    assert most_in_a_second(sent) <= math.ceil(rate)
    assert course.user.record.most_under_way <= limit or any(act.in_flight > limit for act in doings)
    inside = [(a, b, s) for a, b in course.closings for s in sent if a + _CLOCKS < s < b - _CLOCKS]
    assert not inside, "nothing leaves while the group is closed"
    late = [s for s in sent if hours and hours.opens_in(START + timedelta(seconds=s)) > 0]
    assert not late, "nothing leaves outside the hours of the group"

    assert course.done == set(range(len(plans))), "everybody's turn comes"
    # Never later than one after the other, each at the slowest pace, with every closing waited out; what a
    # restart cut off may go once more.
    times = 1 + course.restarts
    longest = (
        10.0
        + 30.0
        + times * sum(plan.connects + plan.takes + course.slowest for plan in plans)
        + sum(until - begun for begun, until in course.closings)
        + times * course.slowest
    )
    if hours is not None:
        # A hold may outlast what is left of a day's hours, never all of the next day's: one a day at least.
        longest += 86400 * (len(plans) + times)
    assert sent[-1] <= longest
