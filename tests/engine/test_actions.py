"""The registry of actions: when each is allowed, why not, and how it is said on the command line."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from scidex_console.domain.batches import BatchState
from scidex_console.domain.hosts import GateState
from scidex_console.domain.intents import ActionName
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import LEGAL_MOVES, OPEN, RunState
from scidex_console.engine.actions import ACTIONS, Friction, Situation, exact_duration
from scidex_console.engine.batch_views import BatchView, ReversibleBatches
from scidex_console.engine.views import EngineView, GapView, HostView, Overview, RunView, StoreIdentity

NOW = datetime(2026, 3, 14, 3, 0, tzinfo=UTC)
FIGURES = JobName.FIGURES
ENGINE = EngineView("running", "1@here", 3, NOW, NOW, 1.0, "0.1.0", True, "CHG-1", "test")
BATCH = BatchView(
    12,
    "u",
    FIGURES,
    7,
    BatchState.CLEANED,
    "c",
    "",
    NOW,
    NOW,
    files=1,
    marks=0,
    skipped=0,
    conflicts=0,
    authorization="",
)


def overview(state: RunState | None = None, **changes: Any) -> Overview:
    run = None
    if state is not None:
        run = RunView(7, FIGURES, state, None, "item", NOW, None, "anna", "")
    gap = GapView(FIGURES, run, 10, 0, 9, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, (), None, None)
    host = HostView(GateState("europepmc", 2.0, 4), 9, 0, 0, 1, 0, 0, 0, 3, NOW)
    whole = Overview(
        NOW,
        StoreIdentity("scidex", "16", "anna", True, 1, "file_path"),
        ENGINE,
        (gap,),
        (host,),
        (),
        (),
        (),
        BATCH,
        (ReversibleBatches(FIGURES, 12, 11),),
    )
    return replace(whole, **changes)


def reason(action: ActionName, seen: Overview | None, **changes: Any) -> str | None:
    return ACTIONS[action].disabled_reason(Situation(seen, FIGURES, **changes))


def test_every_action_is_in_the_registry_under_its_own_name() -> None:
    assert set(ACTIONS) == set(ActionName)
    assert all(name is spec.name for name, spec in ACTIONS.items())


@pytest.mark.parametrize("state", sorted(OPEN))
@pytest.mark.parametrize(
    ("action", "goal"),
    [
        (ActionName.STEP, RunState.STEPPING),
        (ActionName.PAUSE, RunState.PAUSING),
        (ActionName.RESUME, RunState.RUNNING),
    ],
)
def test_an_allowed_action_is_a_legal_move(state: RunState, action: ActionName, goal: RunState) -> None:
    if reason(action, overview(state)) is None:
        assert goal in LEGAL_MOVES[state]


def test_a_run_can_be_started_only_where_none_is_open() -> None:
    assert reason(ActionName.START, overview()) is None
    assert reason(ActionName.START, overview(RunState.DONE)) is None
    assert reason(ActionName.START, overview(RunState.RUNNING)) == "run 7 is already running"
    assert reason(ActionName.START, overview(RunState.PAUSED)) == "run 7 is paused: resume it instead"


def test_a_running_run_must_be_paused_before_a_step() -> None:
    assert reason(ActionName.STEP, overview(RunState.RUNNING)) == "run 7 is running: pause it first"
    assert reason(ActionName.STEP, overview(RunState.PAUSED)) is None
    assert reason(ActionName.STEP, overview()) is None


def test_pause_and_resume_are_never_allowed_at_once_but_while_pausing() -> None:
    for state in OPEN:
        both = [reason(action, overview(state)) is None for action in (ActionName.PAUSE, ActionName.RESUME)]
        assert both != [True, True]
    assert reason(ActionName.RESUME, overview(RunState.PAUSING)) is None
    assert reason(ActionName.RESUME, overview(RunState.HALTED)) is None


def test_without_an_open_run_there_is_nothing_to_pause_resume_or_cancel() -> None:
    for action in (ActionName.PAUSE, ActionName.RESUME, ActionName.CANCEL):
        assert reason(action, overview()) == "figures has no open run"
    assert reason(ActionName.CANCEL, overview(RunState.CANCELLING)) == "run 7 is already cancelling"


def test_retry_needs_failed_rows() -> None:
    assert reason(ActionName.RETRY, overview()) is None
    gap = replace(overview().gaps[0], transient=0, suspect=0, blocked=0)
    assert reason(ActionName.RETRY, overview(gaps=(gap,))) == "figures has no failed rows to retry"


@pytest.mark.parametrize(
    ("action", "batches", "why"),
    [
        (ActionName.ROLLBACK, ReversibleBatches(FIGURES, 12, None), None),
        (ActionName.ROLLBACK, ReversibleBatches(FIGURES, None, 12), "every batch of figures is taken back"),
        (ActionName.ROLLBACK, ReversibleBatches(JobName.FOLDERS, 12, None), "figures has no batch yet"),
        (ActionName.REDO, ReversibleBatches(FIGURES, 13, 12), None),
        (ActionName.REDO, ReversibleBatches(FIGURES, 12, None), "no batch of figures is taken back"),
    ],
)
def test_a_batch_is_taken_back_or_on_only_where_there_is_one(
    action: ActionName, batches: ReversibleBatches, why: str | None
) -> None:
    assert reason(action, overview(reversible=(batches,))) == why
    assert "halted" in (reason(action, overview(RunState.HALTED, reversible=(batches,))) or "")


def test_a_throttle_needs_a_host_that_was_asked() -> None:
    assert reason(ActionName.THROTTLE, overview(hosts=())) == "no host has been asked yet"


def test_observing_engine_refuses_what_would_write_and_nothing_else() -> None:
    watching = replace(ENGINE, writes=False, authorization="")
    for action, spec in ACTIONS.items():
        allowed_otherwise = overview(RunState.PAUSED if action is ActionName.RESUME else RunState.RUNNING)
        seen = replace(allowed_otherwise, engine=watching)
        said = reason(action, seen) or ""
        assert ("only observes" in said) is spec.writes


@pytest.mark.parametrize("engine", [None, replace(ENGINE, state="stopped")])
def test_nothing_is_asked_of_an_engine_that_is_not_there(engine: EngineView | None) -> None:
    for action in ACTIONS:
        assert "no engine is running" in (reason(action, overview(RunState.RUNNING, engine=engine)) or "")


def test_what_blocks_the_screen_blocks_every_action_first() -> None:
    for action in ACTIONS:
        assert reason(action, overview(), blocked="what is shown is 20s old") == "what is shown is 20s old"
        assert "nothing has been read" in (reason(action, None) or "")
        assert reason(action, overview(), read_only=True) == "this console was started read-only"


def test_a_role_that_may_only_watch_is_told_so() -> None:
    seen = overview(identity=replace(overview().identity, can_write_intents=False, operator="guest"))
    assert reason(ActionName.THROTTLE, seen) == "the database role guest may only watch"


def test_a_job_that_cannot_be_run_is_named() -> None:
    assert reason(ActionName.START, overview(gaps=())) == "this engine does not run figures"
    situation = Situation(overview(), JobName.FOLDERS)
    assert ACTIONS[ActionName.START].disabled_reason(situation) == "this engine does not run folders"
    assert ACTIONS[ActionName.THROTTLE].disabled_reason(situation) is None


def test_friction_follows_reversibility() -> None:
    assert {n for n, s in ACTIONS.items() if s.friction is Friction.TYPED} == {
        ActionName.ROLLBACK,
        ActionName.REDO,
        ActionName.SOAK_OVERRIDE,
    }
    assert {n for n, s in ACTIONS.items() if s.friction is Friction.KEY} == {
        ActionName.START,
        ActionName.PAUSE,
        ActionName.RESUME,
        ActionName.SOAK_MEASURE,
        ActionName.RESCUE,
    }
    assert all(spec.asks_reason for spec in ACTIONS.values() if spec.friction is Friction.TYPED)


@pytest.mark.parametrize(
    ("action", "job", "params", "why", "line"),
    [
        (ActionName.PAUSE, FIGURES, {}, "disk work", "scidex-console pause figures --reason 'disk work'"),
        (ActionName.STEP, FIGURES, {"count": 5}, "", "scidex-console step figures 5"),
        (ActionName.RESCUE, FIGURES, {"sample": 3}, "", "scidex-console plan figures --rescue --sample 3"),
        (ActionName.STEP, FIGURES, {"count": 2, "cycle": True}, "", "scidex-console step figures 2 --cycle"),
        (
            ActionName.RETRY,
            FIGURES,
            {"group": "ncbi", "outcome": "blocked", "token": "ab12"},
            "x",
            "scidex-console retry figures --group ncbi --outcome blocked --token ab12 --reason x",
        ),
        (
            ActionName.ROLLBACK,
            FIGURES,
            {"batch": 12, "token": "ab12"},
            "bad batch",
            "scidex-console rollback figures --batch 12 --token ab12 --reason 'bad batch'",
        ),
        (
            ActionName.THROTTLE,
            None,
            {"group": "europepmc", "rate": 0.5, "in_flight": 2, "for_seconds": 7200.0},
            "429s",
            "scidex-console throttle europepmc --rate 0.5 --in-flight 2 --for 2h --reason 429s",
        ),
        (
            ActionName.THROTTLE,
            None,
            {"group": "europepmc", "clear": True},
            "",
            "scidex-console throttle europepmc --clear",
        ),
    ],
)
def test_an_action_has_a_command_line(
    action: ActionName, job: JobName | None, params: dict[str, Any], why: str, line: str
) -> None:
    assert ACTIONS[action].command(job, params, why) == line


def test_a_command_line_is_safe_to_paste() -> None:
    line = ACTIONS[ActionName.PAUSE].command(FIGURES, {}, "it's $(late); rm -rf /")
    assert shlex.split(line) == ["scidex-console", "pause", "figures", "--reason", "it's $(late); rm -rf /"]


def test_a_duration_on_the_command_line_loses_nothing() -> None:
    assert [exact_duration(s) for s in (7200, 5400, 86400, 61, 0.5)] == ["2h", "90m", "1d", "61s", "0.5s"]
