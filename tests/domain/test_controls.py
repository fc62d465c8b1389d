"""What confirms that a figure is gone."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from scidex_console.domain.controls import ControlResult, ControlRules, Proof, WithoutControl, judge_control
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
