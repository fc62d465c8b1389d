"""Control images: when they are asked, what they prove, and what a failing one undoes."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scidex_console.domain.controls import ControlCheck, ControlResult, ControlRules, SaidGone
from scidex_console.domain.fetching import FetchClass, FetchOutcome, Hop, StagedFile
from scidex_console.domain.figures import BackOff, FigureState, Verdict
from scidex_console.engine.jobs.controls import Controls
from scidex_console.engine.jobs.redownload_figures import RedownloadFigures
from scidex_console.engine.ports import DueFigure
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
        self.to_head: set[str] = set()
        """Figures that HEAD alone has called gone."""
        self.head_says = 200
        self.said_by: dict[str, str] = {}
        """The addresses that said so, where they are not the group's own host's."""
        self.due = 0
        self.condemned: list[str] = []
        self.discarded: dict[str, str] = {}
        self.asked_again = 0
        self.asked_later: list[str] = []
        self.past: list[PastAnswer] = []
        self.stored: list[tuple[str, str]] = []
        self.answers: dict[str, FetchClass] = {}
        self.ways: dict[str, tuple[str, ...]] = {}
        """The addresses a control comes by, where these are more than its own."""
        self.checks: list[ControlCheck] = []
        self.status: int | None = 404
        """Of a control's answer."""
        self.trips: list[int] = []
        self.verdicts: list[Verdict] = []
        self.closed = False
        self.time = 0.0

    # The store.
    async def groups(self) -> Mapping[str, Suspects]:
        return {GROUP: Suspects(len(self.suspected), self.due, SOON)} if self.suspected else {}

    async def of_group(self, group: str) -> Mapping[str, SaidGone]:
        return {
            name: SaidGone(self.said_by.get(name, f"https://{GROUP}/{name}"), name in self.to_head)
            for name in self.suspected
        }

    async def stored_images(self, group: str, limit: int, *, most: int) -> Sequence[tuple[str, str]]:
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

    async def ask_control(self, url: str, *, head: bool = False) -> FetchOutcome:
        self.suspected += ["late"] if "late" not in self.suspected else []
        kind = self.answers.get(url, FetchClass.STORED)
        file = StagedFile("staged", f"sha of {url}", 9) if kind is FetchClass.STORED else None
        hops = tuple(Hop(SOON, "GET", hop, 200, 1, "") for hop in self.ways.get(url, (url,)))
        if head:
            hops = (Hop(SOON, "HEAD", url, self.head_says, 1, ""), *hops)
        return FetchOutcome(
            "control", url, GROUP, GROUP, kind, "as told", self.status, 1, SOON, 1, file=file, hops=hops
        )

    # The gate and the clock.
    def closed_until(self, group: str) -> datetime | None:
        return SOON if self.closed else None

    def trip(self, group: str, cause: str, times: int) -> None:
        self.trips.append(times)

    def monotonic(self) -> float:
        return self.time

    async def due_groups(self) -> Mapping[str, int]:
        return {GROUP: 1}

    # What asks for one figure, which is said to be gone.
    async def fetch(self, artifact_id: str, url: str, *, audited: bool = False) -> FetchOutcome:
        return replace(answer(artifact_id, FetchClass.DEAD), url=url)

    def applies(self, *_: str) -> bool:
        return False

    def now(self) -> datetime:
        return SOON

    def let_go(self, outcome: FetchOutcome) -> None:
        """Nothing was staged."""

    async def record_attempt(self, *told: Any, **_: Any) -> None:
        self.verdicts.append(told[2])

    def job(self, controls: Controls) -> RedownloadFigures:
        """The job of these rows, as far as it asks nothing but the controls."""
        it: Any = self
        names = ("store", "source", "gate", "worktree", "repository", "paths", "clock", "suspects", "rescue")
        return RedownloadFigures(
            **dict.fromkeys(names, it),
            file_path_field="file_path",
            back_off=BackOff(),
            jitter=random.Random(0),
            batch_limits=(1, 1),
            controls=controls,
        )

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


async def test_rows_of_a_group_are_not_taken_up_from_a_failed_control_to_one_that_passes(
    world: World,
) -> None:
    world.answers = {LIVE: FetchClass.DEAD}
    job = world.job(world.controls())
    assert not job.is_closed(GROUP)
    await job.settle(GROUP)
    assert job.is_closed(GROUP) and world.suspected == ["late"]
    world.answers = {}
    await job.settle(GROUP)
    assert not job.is_closed(GROUP) and world.checks[-1].result is ControlResult.PASSED


async def test_a_distrusted_group_whose_control_meets_trouble_is_asked_once_a_minute(world: World) -> None:
    world.answers = {LIVE: FetchClass.DEAD}
    controls = world.controls()
    job = world.job(controls)
    await job.settle(GROUP)
    world.answers = {LIVE: FetchClass.TRANSIENT}
    await job.settle(GROUP)
    asked = len(world.checks)
    assert await job.ready_groups() == []
    await job.settle(GROUP)
    assert len(world.checks) == asked
    world.time += 61
    assert await job.ready_groups() == [GROUP]
    await job.settle(GROUP)
    assert len(world.checks) == asked + 1


BESIDE = "https://beside.example.org/"
"""Another host of the same operator."""


async def test_a_control_vouches_for_no_other_host_of_its_group(world: World) -> None:
    world.said_by = {"b": f"{BESIDE}b.png"}
    controls = world.controls()
    assert controls.can_settle(GROUP, (await world.groups())[GROUP])
    await controls.settle(GROUP)
    assert (world.condemned, world.suspected) == (["a"], ["b", "late"])
    assert not controls.can_settle(GROUP, Suspects(1, 0, SOON)), "asking again would decide nothing"
    await controls.note(answer("c", FetchClass.DEAD), None)
    assert controls.can_settle(GROUP, Suspects(1, 0, SOON)), "something new to decide about"
    assert controls.can_settle(GROUP, Suspects(1, 1, SOON)), "a second answer is due"
    await controls.settle(GROUP)
    assert world.asked_again > 0


async def test_each_host_is_vouched_for_by_an_image_of_its_own(world: World) -> None:
    beside = f"{BESIDE}live.png"
    world.said_by = {"b": f"{BESIDE}b.png"}
    world.stored += [(beside, f"sha of {beside}"), (OTHER, f"sha of {OTHER}")]
    await world.controls().settle(GROUP)
    assert world.condemned == ["a", "b"]
    assert [check.url for check in world.checks] == [LIVE, beside], "one of each"


async def test_a_host_whose_own_image_does_not_come_is_not_believed_for_anothers(world: World) -> None:
    beside = f"{BESIDE}live.png"
    world.said_by = {"b": f"{BESIDE}b.png"}
    world.stored = [(beside, f"sha of {beside}"), *world.stored]
    world.answers = {beside: FetchClass.DEAD}
    controls = world.controls()
    await controls.settle(GROUP)
    assert (world.condemned, world.suspected, world.trips) == (["a"], ["b", "late"], [])
    assert not controls.distrusts(GROUP)


async def test_a_second_answer_is_the_last_word_only_of_a_host_whose_image_does_not_come(
    world: World,
) -> None:
    beside = f"{BESIDE}live.png"
    gone = f"{BESIDE}b.png"
    world.said_by = {"b": gone}
    controls = world.controls()
    assert await controls.may_vouch_for(GROUP, f"https://{GROUP}/a.png")
    assert not await controls.may_vouch_for(GROUP, gone), "no image of it is known"
    came = StagedFile("staged", f"sha of {beside}", 9)
    await controls.note(replace(answer("c", FetchClass.STORED), url=beside, file=came), None)
    assert await controls.may_vouch_for(GROUP, gone)
    world.answers = {beside: FetchClass.DEAD}
    await controls.settle(GROUP)
    assert not await controls.may_vouch_for(GROUP, gone), (
        "or figures of a host without a living one never end"
    )
    assert await controls.may_vouch_for(GROUP, f"https://{GROUP}/a.png")
    world.answers, world.suspected = {}, ["b"]
    await controls.settle(GROUP)
    assert await controls.may_vouch_for(GROUP, gone), "it comes again"


async def test_a_figure_that_is_gone_a_day_later_too_is_marked_only_where_no_control_can_be_asked(
    world: World,
) -> None:
    job = world.job(world.controls())
    for url in (f"https://{GROUP}/a.png", f"{BESIDE}b.png"):
        item = DueFigure("a", url, GROUP, 1, "", timedelta(hours=25))
        await (await job.prepare(item, run_id=1, epoch=1))()
    assert [verdict.state for verdict in world.verdicts] == [FigureState.SUSPECTED, FigureState.CONDEMNED]


async def test_a_host_behind_the_redirects_of_a_control_that_came_is_one_with_a_control(world: World) -> None:
    store = "https://store.example.net/live.png"
    world.ways = {LIVE: (LIVE, store)}
    controls = world.controls()
    assert not await controls.may_vouch_for(GROUP, store)
    await controls.settle(GROUP)
    assert await controls.may_vouch_for(GROUP, store)


async def test_a_control_vouches_for_the_hosts_that_it_is_redirected_by(world: World) -> None:
    store, robots = "https://store.example.net/live.png", "https://beside.example.org/robots.txt"
    world.said_by = {"a": "https://store.example.net/a.png", "b": f"{BESIDE}b.png"}
    world.ways = {LIVE: (LIVE, robots, store)}
    await world.controls().settle(GROUP)
    assert (world.condemned, world.suspected) == (["a"], ["b", "late"])


async def test_what_head_alone_has_said_waits_for_a_control_asked_by_head_too(world: World) -> None:
    controls = world.controls()
    world.to_head = {"b"}
    await controls.ask(GROUP)
    assert world.condemned == ["a", "b"], "the first round asks HEAD"
    for _ in range(3):
        world.suspected = ["a", "b"]
        await controls.ask(GROUP)
        assert world.suspected[0] == "b" and world.condemned[-1] == "a"
    await controls.ask(GROUP)
    assert world.condemned[-1] == "b", "and so does each fourth one"
    world.suspected = ["b"]
    await controls.settle(GROUP)
    assert world.condemned[-2:] == ["b", "b"], "and one when nothing else is left to ask"


async def test_what_a_head_that_lies_has_said_is_asked_again(world: World) -> None:
    world.to_head, world.head_says = {"b"}, 404
    await world.controls().ask(GROUP)
    assert (world.condemned, world.asked_later, world.suspected) == (["a"], ["b"], ["late"])
    assert not world.trips, "GET is believed"


async def test_where_the_first_answer_counts_one_control_is_enough_for_a_group(world: World) -> None:
    world.said_by = {"b": f"{BESIDE}b.png"}
    await world.controls(rules=ControlRules(without_control="at-once")).settle(GROUP)
    assert world.condemned == ["a", "b"]


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


async def test_a_control_that_was_not_asked_says_nothing_about_its_group(world: World) -> None:
    """Its robots.txt forbids it since, or its name leads where nothing may be asked: no host spoke."""
    controls = world.controls()
    for kind in (FetchClass.BLOCKED, FetchClass.REFUSED):
        world.answers, world.status = {LIVE: kind}, None
        await controls.ask(GROUP)
    assert world.trips == [] and not controls.distrusts(GROUP) and not world.condemned
    await controls.ask(GROUP)
    assert world.discarded and not controls.distrusts(GROUP), "left to their own answers"
    world.suspected, world.status = ["a"], 403
    await controls.ask(GROUP)
    assert world.trips == [1], "a host that turns us away has said something"


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


async def test_a_control_is_due_soon_where_nearly_all_is_gone(world: World) -> None:
    controls = world.controls()
    await controls.known(GROUP)
    controls.spend(GROUP, 9)
    assert not controls.is_due(GROUP)
    controls.spend(GROUP, 1)
    assert controls.is_due(GROUP)


async def test_answers_that_look_unlike_the_groups_own_are_asked_again(world: World) -> None:
    controls = world.controls()
    for number in range(4):
        figure = f"own{number}"
        await controls.note(replace(answer(figure, FetchClass.DEAD), look="404 html"), None)
        world.suspected.append(figure)
        await controls.ask(GROUP)
    assert "own3" in world.condemned and "own0" in world.asked_later
    await controls.note(replace(answer("odd", FetchClass.DEAD), look="404 proxy"), None)
    world.suspected.append("odd")
    await controls.ask(GROUP)
    assert "odd" in world.asked_later and "odd" not in world.condemned


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
