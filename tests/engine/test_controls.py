"""Control images: when they are asked, what they prove, and what a failing one undoes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scidex_console.domain.controls import ControlCheck, ControlResult, ControlRules
from scidex_console.domain.fetching import FetchClass, FetchOutcome, StagedFile
from scidex_console.domain.figures import BackOff
from scidex_console.engine.jobs.controls import Controls
from scidex_console.engine.ports.suspects import PastAnswer, Said, Suspects

GROUP = "g.example.org"
LIVE, OTHER = f"https://{GROUP}/live.png", f"https://{GROUP}/other.png"
SOON = datetime(2026, 5, 20, tzinfo=UTC)


def said(what: Said, *figures: str) -> list[PastAnswer]:
    """Past answers of one kind."""
    return [PastAnswer(what, figure, timedelta(0)) for figure in figures]


MOSTLY_GONE = [*said(Said.GONE, *"1234567"), *said(Said.PASSED, "")] * 4
"""28 of 30: a single 404 more says nothing but that one more is dead."""


def answer(figure: str, kind: FetchClass) -> FetchOutcome:
    """A figure's answer."""
    file = StagedFile("staged", "sha", 9) if kind is FetchClass.STORED else None
    return FetchOutcome(
        figure, f"https://{GROUP}/{figure}", GROUP, GROUP, kind, "as told", 404, 1, SOON, 1, file=file
    )


class World:
    """Store, hosts, gate and clock of one group."""

    def __init__(self) -> None:
        self.suspected: list[str] = []
        self.condemned: list[str] = []
        self.discarded: dict[str, str] = {}
        self.asked_again = 0
        self.asked_later: list[str] = []
        self.past: list[PastAnswer] = []
        self.stored: list[tuple[str, str]] = []
        self.answers: dict[str, FetchClass] = {}
        self.checks: list[ControlCheck] = []
        self.trips: list[int] = []
        self.closed = False
        self.time = 0.0

    # The store.
    async def groups(self) -> Mapping[str, Suspects]:
        return {GROUP: Suspects(len(self.suspected), 0, SOON)} if self.suspected else {}

    async def of_group(self, group: str) -> Sequence[str]:
        return list(self.suspected)

    async def stored_images(self, group: str, limit: int) -> Sequence[tuple[str, str]]:
        return self.stored[:limit]

    async def past_answers(self, group: str, limit: int) -> Sequence[PastAnswer]:
        return self.past[-limit:]

    async def ask_later(self, artifact_ids: Sequence[str], after: timedelta) -> None:
        self.asked_later += artifact_ids
        self.suspected = [name for name in self.suspected if name not in artifact_ids]

    async def record(self, check: ControlCheck, *, confirms: Sequence[str]) -> None:
        self.checks.append(check)
        self.condemned += confirms
        self.suspected = [name for name in self.suspected if name not in confirms]

    async def confirm(self, group: str) -> None:
        self.condemned, self.suspected = self.condemned + self.suspected, []

    async def ask_again(self, group: str) -> None:
        self.asked_again += 1

    async def discard(self, artifact_ids: Sequence[str], reason: str, back_off: BackOff) -> None:
        self.discarded |= dict.fromkeys(artifact_ids, reason)
        self.suspected = [name for name in self.suspected if name not in artifact_ids]

    # The hosts.
    def group_of(self, url: str) -> str:
        return GROUP

    async def ask_control(self, url: str) -> FetchOutcome:
        self.suspected += ["late"] if "late" not in self.suspected else []
        kind = self.answers.get(url, FetchClass.STORED)
        file = StagedFile("staged", f"sha of {url}", 9) if kind is FetchClass.STORED else None
        return FetchOutcome("control", url, GROUP, GROUP, kind, "as told", 404, 1, SOON, 1, file=file)

    # The gate and the clock.
    def closed_until(self, group: str) -> datetime | None:
        return SOON if self.closed else None

    def trip(self, group: str, cause: str, times: int) -> None:
        self.trips.append(times)

    def monotonic(self) -> float:
        return self.time

    def controls(self, **changes: Any) -> Controls:
        world: Any = self
        options = {"rules": ControlRules(), "back_off": BackOff(), **changes}
        return Controls(world, world, world, world, **options)


@pytest.fixture
def world() -> World:
    made = World()
    made.suspected = ["a", "b"]
    made.past = MOSTLY_GONE + said(Said.GONE, "a", "b")
    made.stored = [(LIVE, f"sha of {LIVE}")]
    return made


async def test_a_passing_control_confirms_what_was_suspected_before_it_was_asked(world: World) -> None:
    await world.controls().settle(GROUP)
    assert (world.condemned, world.suspected) == (["a", "b"], ["late"])
    assert [check.result for check in world.checks] == [ControlResult.PASSED]


async def test_a_failing_control_discards_what_is_suspected_and_opens_the_breaker(world: World) -> None:
    world.answers[LIVE] = FetchClass.DEAD
    controls = world.controls()
    await controls.settle(GROUP)
    assert world.condemned == [] and world.discarded.keys() == {"a", "b"}
    assert "control image did not come" in world.discarded["a"]
    assert world.trips == [1] and controls.distrusts(GROUP)
    await controls.ask(GROUP)
    assert world.trips == [1, 2], "it stays closed for longer each time"
    world.answers.clear()
    await controls.ask(GROUP)
    assert not controls.distrusts(GROUP)


async def test_one_control_that_is_gone_is_outvoted_by_another_that_comes(world: World) -> None:
    world.stored.append((OTHER, f"sha of {OTHER}"))
    world.answers[LIVE] = FetchClass.DEAD
    await world.controls().settle(GROUP)
    assert world.condemned == ["a", "b"] and world.trips == []


async def test_other_bytes_under_a_controls_address_are_a_failure(world: World) -> None:
    world.stored = [(LIVE, "sha of something else")]
    await world.controls().settle(GROUP)
    assert world.condemned == [] and world.trips == [1]
    assert "other bytes" in world.checks[0].reason


async def test_an_unproven_image_that_does_not_come_says_nothing(world: World) -> None:
    world.stored = []
    world.answers[LIVE] = FetchClass.DEAD
    controls = world.controls()
    controls.offer(LIVE, f"sha of {LIVE}")
    assert await controls.known(GROUP)
    await controls.settle(GROUP)
    assert world.trips == [] and not world.discarded and not await controls.known(GROUP)
    assert world.asked_again == 1, "as without a control: a second answer has to confirm"
    controls.offer(LIVE, f"sha of {LIVE}")
    assert not await controls.known(GROUP), "it is not tried again with each survey"


async def test_an_unproven_image_that_comes_is_as_good_as_any(world: World) -> None:
    world.stored = []
    controls = world.controls()
    controls.offer(LIVE, f"sha of {LIVE}")
    await controls.settle(GROUP)
    assert world.condemned == ["a", "b"]
    world.answers[LIVE] = FetchClass.DEAD
    await controls.settle(GROUP)
    assert world.trips == [1]


async def test_a_configured_control_is_believed_from_the_start(world: World) -> None:
    world.stored = []
    world.answers[LIVE] = FetchClass.SUSPECT
    await world.controls(configured=[(LIVE, f"sha of {LIVE}")]).settle(GROUP)
    assert world.trips == [1]


async def test_trouble_with_the_control_decides_nothing_for_a_while(world: World) -> None:
    world.answers[LIVE] = FetchClass.TRANSIENT
    controls = world.controls()
    for round_ in range(3):
        assert not world.discarded
        assert controls.can_settle(GROUP, Suspects(2, 0, SOON))
        await controls.settle(GROUP)
        assert not controls.can_settle(GROUP, Suspects(2, 0, SOON)), f"round {round_}: not again at once"
        world.time += 61.0
    assert world.trips == [] and {"a", "b"} <= world.discarded.keys()


async def test_without_a_control_the_configuration_decides(world: World) -> None:
    world.stored = []
    await world.controls().settle(GROUP)
    assert (world.condemned, world.asked_again) == ([], 1)
    await world.controls(rules=ControlRules("at-once")).settle(GROUP)
    assert world.condemned == ["a", "b"]


async def test_a_control_is_due_after_so_many_requests_and_after_a_batch(world: World) -> None:
    controls = world.controls()
    controls.spend(GROUP, 74)
    assert not controls.is_due(GROUP)
    controls.spend(GROUP, 1)
    assert controls.is_due(GROUP)
    await controls.ask(GROUP)
    assert not controls.is_due(GROUP)
    controls.end_batch()
    assert controls.is_due(GROUP)
    world.closed = True
    assert not controls.is_due(GROUP), "a closed group is not asked"


async def test_nothing_is_asked_when_nothing_is_suspected(world: World) -> None:
    world.suspected = []
    controls = world.controls()
    controls.spend(GROUP, 500)
    await controls.ask(GROUP)
    assert world.checks == [] and not controls.is_due(GROUP)


async def test_a_second_pass_waits_until_it_is_due(world: World) -> None:
    world.stored = []
    controls = world.controls()
    await controls.known(GROUP)
    assert not controls.can_settle(GROUP, Suspects(2, 0, SOON + timedelta(hours=1)))
    assert controls.can_settle(GROUP, Suspects(2, 1, SOON))


async def test_more_gone_in_a_row_than_chance_explains_makes_the_control_due_and_is_asked_again(
    world: World,
) -> None:
    world.past = said(Said.IMAGE, *"xyz")
    world.suspected = []
    controls = world.controls()
    assert not controls.is_due(GROUP)
    run = [f"out{number}" for number in range(8)]
    for figure in run:
        await controls.note(answer(figure, FetchClass.DEAD), None)
        world.suspected.append(figure)
    assert controls.is_due(GROUP), "long before a hundred requests"
    await controls.ask(GROUP)
    assert world.condemned == [] and set(run) <= set(world.asked_later), "the outage may just have ended"
    assert not controls.is_due(GROUP)
    for figure in run:
        await controls.note(answer(figure, FetchClass.DEAD), timedelta(minutes=10))
        world.suspected.append(figure)
    await controls.ask(GROUP)
    assert set(run) <= set(world.condemned), "said twice, with a control before, between and after"


async def test_a_second_answer_too_soon_is_the_first_one_again(world: World) -> None:
    controls = world.controls()
    for figure in (run := [f"out{number}" for number in range(150)]):
        await controls.note(answer(figure, FetchClass.DEAD), timedelta(minutes=9))
    world.suspected = list(run)
    await controls.ask(GROUP)
    assert world.condemned == [] and world.asked_later == run


async def test_an_image_that_comes_ends_a_run_but_not_the_doubt(world: World) -> None:
    controls = world.controls()
    for figure in (run := [f"out{number}" for number in range(150)]):
        await controls.note(answer(figure, FetchClass.DEAD), None)
    await controls.note(answer("live", FetchClass.STORED), None)
    await controls.note(answer("dead", FetchClass.DEAD), None)
    world.suspected = [*run, "dead"]
    await controls.ask(GROUP)
    assert world.condemned == ["dead"] and world.asked_later == run


async def test_after_a_restart_the_run_is_known_from_the_log_and_what_is_not_in_it_is_doubted(
    world: World,
) -> None:
    run = [f"out{number}" for number in range(150)]
    world.past = MOSTLY_GONE + said(Said.GONE, *run) + said(Said.IMAGE, "live")
    world.past += said(Said.PASSED, "") + said(Said.GONE, "dead")
    world.suspected = [*run, "older", "dead"]
    await world.controls().ask(GROUP)
    assert world.condemned == ["dead"] and world.asked_later == [*run, "older"]
