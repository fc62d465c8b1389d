"""The same work takes the same turns in the simulation and, in virtual time, with the gate in earnest."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.http.group_gate import Turn
from scidex_console.domain.controls import ControlRules
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.figures import BackOff
from scidex_console.domain.hosts import GateState, HostGroup, HostGroups
from scidex_console.domain.pacing.answers import Answer, Kind
from scidex_console.domain.pacing.simulation import Simulation
from scidex_console.domain.pacing.work import Rules, Work
from scidex_console.domain.windows import parse_window
from scidex_console.engine.drain import Drain, Recorders
from scidex_console.engine.pulse import Pulse
from tests.adapters.http.virtual_time import START, VirtualClock, run

PATH = "/articles/PMC1/bin/fig.jpg"
MANNERS = FetchSettings(breaker_failures=2, breaker_first=7.0, hold_first=11.0)


@dataclass(frozen=True)
class Row:
    artifact_id: str
    answer: Answer


class EarnestJob:
    """Rows asked through the real gate, by the real drain; only the wire is a sleep."""

    def __init__(self, gates: Gates, answers: Sequence[Answer], head_first: bool, chance: random.Random):
        self.gates = gates
        self.rows = [Row(str(number), answer) for number, answer in enumerate(answers)]
        self.head_first = head_first
        self.chance = chance
        self.sent: list[float] = []

    # What a drain asks of a job, and of permits.
    def width(self, group: str) -> int:
        return self.gates.in_flight_limit(group)

    def is_closed(self, group: str) -> bool:
        return self.gates.closed_until(group) is not None

    async def next_items(self, group: str, limit: int, *, excluding: Any) -> Sequence[Row]:
        taken, self.rows = self.rows[:1], self.rows[1:]
        return taken

    async def settle(self, group: str) -> None:
        """Nothing is suspected."""

    def take(self) -> bool:
        return True

    def give_back(self) -> None:
        raise AssertionError("no row fails here")

    def prepared(self) -> None:
        """Not counted."""

    async def prepare(self, item: Row, *, run_id: int, epoch: int) -> Any:
        await self.attempt(item.answer)

        async def record() -> None:
            """Nowhere."""

        return record

    async def attempt(self, answer: Answer) -> None:
        trust = self.gates.head_trust("group")
        head = 404 if answer.kind is Kind.GONE else 403 if answer.kind is Kind.BLOCKED else 200
        if self.head_first:
            async with self.gates.turn("group") as turn:
                await self.wire(turn, answer.head_s)
                if answer.kind is Kind.TOLD_TO_WAIT or answer.ends_at_head:
                    self.report(turn, answer)
                    return
                if answer.kind is not Kind.TROUBLE:
                    turn.succeeded()
            if trust.believes(PATH, head, self.chance.random()):
                return
        async with self.gates.turn("group") as turn:
            await self.wire(turn, answer.get_s)
            self.report(turn, answer)
        if self.head_first:
            trust.note(PATH, head, FetchClass.DEAD if head == 404 else FetchClass.SUSPECT)

    async def wire(self, turn: Turn, takes: float) -> None:
        turn.sent()
        self.sent.append(asyncio.get_running_loop().time())
        await asyncio.sleep(takes)

    def report(self, turn: Turn, answer: Answer) -> None:
        if answer.kind is Kind.TOLD_TO_WAIT:
            turn.held(answer.hold_s, "429")
        elif answer.kind is Kind.TROUBLE:
            turn.failed()
        else:
            turn.succeeded()


async def in_earnest(
    group: HostGroup, answers: Sequence[Answer], head_first: bool, chance: random.Random
) -> list[float]:
    """When each request left, by the gate's real code."""
    clock = VirtualClock()
    gates = Gates(HostGroups([group]), clock, MANNERS, jitter=random.Random(1))
    job = EarnestJob(gates, answers, head_first, chance)
    every: Any = job
    while job.rows:
        if until := gates.closed_until("group"):
            await asyncio.sleep((until - clock.now()).total_seconds() + 1e-9)
        recorders = Recorders(clock, at_once=1, retry_s=1.0)
        await Drain(every, "group", every, clock, Pulse(), run_id=1, epoch=1, recorders=recorders).run()
    return job.sent


def simulated(
    group: HostGroup, answers: Sequence[Answer], head_first: bool, chance: random.Random
) -> list[float]:
    """When each request would leave, by the simulation."""
    interval = MANNERS.spacing / group.rate
    kept = GateState("group", rate=group.rate, in_flight_limit=9, next_at=START + timedelta(seconds=interval))
    rules = Rules(
        MANNERS,
        BackOff(max_attempts=1),
        ControlRules("at-once"),
        head_first=head_first,
        robots=False,
    )
    work = Work(group, due=len(answers), kept=kept, paths=(PATH,))
    played = Simulation(work, rules, START, answers=iter(answers), chance=chance)
    forecast = played.run()
    assert forecast.requests == len(played.sent) and forecast.rows == len(answers)
    return played.sent


class NoAudits(random.Random):
    """Never draws an audit of HEAD, however often the two draw for other things."""

    def random(self) -> float:
        return 0.5


kinds = st.sampled_from([Kind.GONE, Kind.GONE, Kind.OTHER, Kind.BLOCKED, Kind.TROUBLE, Kind.TOLD_TO_WAIT])
answers = st.lists(
    st.builds(
        Answer,
        kinds,
        st.floats(0.01, 4.0),
        st.floats(0.01, 4.0),
        st.floats(0.5, 40.0),
        st.booleans(),
    ),
    min_size=1,
    max_size=30,
)


def told_apart(drawn: Sequence[Answer]) -> list[Answer]:
    """No two answers whole at the same moment: who is first then is nobody's rule."""
    return [
        Answer(
            one.kind,
            one.head_s + number * 1.7e-4,
            one.get_s + number * 2.3e-4,
            one.hold_s,
            ends_at_head=one.ends_at_head and one.kind is Kind.TROUBLE,
        )
        for number, one in enumerate(drawn)
    ]


@settings(max_examples=60)
@given(answers, st.sampled_from([0.5, 1.0, 2.0, 8.0]), st.integers(1, 5), st.booleans())
def test_gate_and_simulation_send_at_the_same_moments(
    drawn: list[Answer], rate: float, in_flight: int, head_first: bool
) -> None:
    script = told_apart(drawn)
    group = HostGroup("group", ("group.example.org",), rate, in_flight)
    earnest = run(in_earnest(group, script, head_first, NoAudits()))
    assert simulated(group, script, head_first, NoAudits()) == pytest.approx(earnest, abs=1e-5)


def test_trust_in_head_and_its_audits_are_the_same() -> None:
    script = told_apart([Answer(Kind.GONE, 0.2, 0.3)] * 300)
    group = HostGroup("group", ("group.example.org",), 2.0, 4)
    sent = simulated(group, script, True, random.Random(1))
    assert sent == pytest.approx(run(in_earnest(group, script, True, random.Random(1))), abs=1e-5)
    assert 1.05 < len(sent) / 300 < 1.35


def test_hours_of_the_day_are_the_same() -> None:
    # The clock begins at 12:00; the group closes at 12:02 and opens again at 13:00, the next day in the end.
    script = told_apart([Answer(Kind.OTHER, 0.2, 0.3)] * 200)
    group = HostGroup("group", ("group.example.org",), 1.0, 2, parse_window("13:00-12:02", "UTC"))
    earnest = run(in_earnest(group, script, True, NoAudits()))
    assert simulated(group, script, True, NoAudits()) == pytest.approx(earnest, abs=2.0)
