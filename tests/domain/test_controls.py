"""What confirms that a figure is gone."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from scidex_console.domain.controls import (
    ControlResult,
    ControlRules,
    GoneRun,
    Proof,
    WithoutControl,
    judge_control,
)
from scidex_console.domain.fetching import FetchClass, FetchOutcome, StagedFile
from scidex_console.domain.figures import BackOff, FigureState, Suspicion, judge

NOW = datetime(2026, 5, 19, 12, 0, tzinfo=UTC)
DAY = timedelta(hours=24)


def outcome(kind: FetchClass, sha256: str = "") -> FetchOutcome:
    file = StagedFile("staged", sha256, 100) if sha256 else None
    return FetchOutcome("a", "u", "g", "h", kind, "why", 200, 1, NOW, 5, file=file)


@pytest.mark.parametrize(
    ("since", "without", "controlled", "state", "proof"),
    [
        (None, "second-pass", True, FigureState.SUSPECTED, None),
        (None, "second-pass", False, FigureState.SUSPECTED, None),
        (None, "at-once", False, FigureState.CONDEMNED, Proof.AT_ONCE),
        (None, "at-once", True, FigureState.SUSPECTED, None),
        (DAY - timedelta(seconds=1), "second-pass", False, FigureState.SUSPECTED, None),
        (DAY, "second-pass", False, FigureState.CONDEMNED, Proof.SECOND_PASS),
        (DAY, "second-pass", True, FigureState.CONDEMNED, Proof.SECOND_PASS),
        (2 * DAY, "at-once", True, FigureState.CONDEMNED, Proof.SECOND_PASS),
    ],
)
def test_a_404_is_a_suspicion_until_it_is_confirmed(
    since: timedelta | None,
    without: WithoutControl,
    controlled: bool,
    state: FigureState,
    proof: Proof | None,
) -> None:
    suspicion = Suspicion(ControlRules(without), controlled, since)
    verdict = judge(outcome(FetchClass.DEAD), 1, NOW, BackOff(), random.Random(1), suspicion)
    assert (verdict.state, verdict.proof) == (state, proof)
    due = NOW + DAY - (since or timedelta(0)) if state is FigureState.SUSPECTED else None
    assert verdict.due_at == due, "a second answer counts from the first one on"


@pytest.mark.parametrize("since", [DAY, 9 * DAY])
def test_a_second_answer_waits_for_the_control_of_a_host_that_has_one(since: timedelta) -> None:
    suspicion = Suspicion(ControlRules(), True, since, host_has_control=True)
    verdict = judge(outcome(FetchClass.DEAD), 2, NOW, BackOff(), random.Random(1), suspicion)
    assert (verdict.state, verdict.proof) == (FigureState.SUSPECTED, None)
    assert verdict.due_at == NOW + ControlRules().doubted_again_after, "asked again where no control comes"


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (outcome(FetchClass.STORED, "abc"), ControlResult.PASSED),
        (outcome(FetchClass.STORED, "other"), ControlResult.FAILED),
        (outcome(FetchClass.DEAD), ControlResult.FAILED),
        (outcome(FetchClass.SUSPECT), ControlResult.FAILED),
        (outcome(FetchClass.BLOCKED), ControlResult.FAILED),
        (outcome(FetchClass.TRANSIENT), ControlResult.UNKNOWN),
    ],
)
def test_only_the_very_bytes_pass_and_trouble_says_nothing(
    answer: FetchOutcome, result: ControlResult
) -> None:
    assert judge_control(answer, "abc") is result


@pytest.mark.parametrize(
    ("gone", "images", "in_a_row"),
    [(0, 0, 7), (0, 100, 1), (9, 89, 3), (49, 49, 7), (72, 24, 16), (969, 29, 152)],
)
def test_how_many_gone_in_a_row_are_too_many_follows_from_what_came_before(
    gone: int, images: int, in_a_row: int
) -> None:
    run = GoneRun(gone, images)
    for number in range(in_a_row - 1):
        run.note_gone(number, second=False)
    assert not run.is_surprising
    run.note_gone("last", second=False)
    assert run.is_surprising and len(run.doubted) == in_a_row, "from the first of them on"


def test_an_outage_does_not_teach_that_its_group_is_dead() -> None:
    run = GoneRun(0, 20)
    for number in range(500):
        run.note_gone(number, second=False)
    run.note_image("image")
    assert run.gone <= 2
    run.note_gone("once", second=False)
    run.note_control(passed=False)
    assert run.gone <= 2 and not run.is_surprising, "what a failed control belies teaches nothing at all"


def test_a_group_that_is_dead_for_the_most_part_is_soon_taken_as_such() -> None:
    chance, run = random.Random(1), GoneRun()
    for number in range(4000):
        if number % 90 == 89:
            run.note_control(passed=True)
        if chance.random() < 0.97:
            run.note_gone(number, second=False)
        else:
            run.note_image("image")
    assert len(run.doubted) < 4000 * 0.05


@pytest.mark.parametrize(
    ("gone", "images", "doubted"),
    [(0, 0, True), (0, 9, True), (30, 30, True), (85, 13, True), (90, 8, False), (969, 29, False)],
)
def test_a_gone_answer_of_a_group_that_is_not_mostly_gone_is_doubted_by_itself(
    gone: int, images: int, doubted: bool
) -> None:
    run = GoneRun(gone, images)
    run.note_gone("figure", second=False)
    assert run.doubts(["figure", "another"]) == ["figure"] * doubted


def test_a_second_answer_is_not_doubted_however_long_the_run() -> None:
    run = GoneRun(0, 50)
    for number in range(50):
        run.note_gone(number, second=True)
    assert run.is_surprising and not run.doubted


def stretch(run: GoneRun, look: str, *figures: str, passed: bool = True) -> list[str]:
    """Figures that answer with this look, and a control; those it does not confirm."""
    for figure in figures:
        run.note_gone(figure, second=False, look=look)
    doubted = run.doubts(figures)
    run.note_control(passed=passed)
    return doubted


def test_answers_of_a_look_are_doubted_until_controls_have_vouched_for_it() -> None:
    run = GoneRun(97, 3)
    assert stretch(run, "404 html", "a", "b") == ["a", "b"]
    assert stretch(run, "404 html", "lie", passed=False) == ["lie"], (
        "a control that fails vouches for nothing"
    )
    assert stretch(run, "404 html", "c") == ["c"]
    assert stretch(run, "404 html", "d") == ["d"]
    assert stretch(run, "404 html", "e") == []
    assert stretch(run, "404 proxy", "f") == ["f"], "something else answers"
    assert stretch(run, "", "g") == [], "an answer of which nothing is known speaks for itself"


def test_a_look_that_called_a_living_figure_gone_is_learned_anew() -> None:
    run = GoneRun(97, 3)
    for figure in "abc":
        stretch(run, "404 html", figure)
    assert stretch(run, "404 html", "d") == []
    run.note_gone("a", second=True, look="404 html")
    run.note_image("a")
    assert stretch(run, "404 html", "e") == [], "it was gone a second time before it came"
    run.note_image("b")
    assert stretch(run, "404 html", "f") == ["f"]


def test_a_group_whose_answers_always_look_new_is_not_asked_twice_for_ever() -> None:
    run = GoneRun(97, 3)
    doubted = [stretch(run, f"404 node {number}", str(number)) for number in range(40)]
    assert sum(map(len, doubted)) == 20 and not run.doubts([str(39)])


def test_a_control_is_asked_more_often_where_first_answers_are_believed_and_while_a_look_is_new() -> None:
    rules = ControlRules(believed_every=40)
    mixed, gone = GoneRun(50, 50), GoneRun(97, 3)
    assert (rules.due_after(mixed), rules.due_after(gone)) == (75, 40)
    for run in (mixed, gone):
        run.note_gone("figure", second=False, look="404 html")
        assert rules.due_after(run) == 10
        run.note_control(passed=True)
    assert (rules.due_after(mixed), rules.due_after(gone)) == (75, 40)
