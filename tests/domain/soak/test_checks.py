"""The table of checks has what the specification asks for, and the guide leads through every phase."""

from __future__ import annotations

import pytest

from scidex_console.domain.intents import ActionName
from scidex_console.domain.soak.checks import CHECKS, CheckKind, checks_of, find_check
from scidex_console.domain.soak.guide import STEPS, find_step, steps_of
from scidex_console.domain.soak.phases import PHASES, SoakTimes
from scidex_console.engine.actions import ACTIONS


@pytest.mark.parametrize(
    ("phase", "criteria"),
    [
        (0, ["applied", "columns", "queries"]),
        (1, ["newcomers", "old_reads", "warnings", "commit_failures"]),
        (
            2,
            [
                "existing",
                "success",
                "files",
                "hashes",
                "growth",
                "latency",
                "cycles",
                "idempotent",
                "coverage",
            ],
        ),
        (3, ["consumers", "read_share"]),
        (4, ["redirects", "canonical", "sitemap", "public_urls"]),
        (5, ["legacy_code", "readers", "tests", "listing", "vacuumed", "nothing_lost"]),
    ],
)
def test_every_criterion_is_a_check_of_its_phase(phase: int, criteria: list[str]) -> None:
    assert [check.id for check in checks_of(phase)] == criteria


def test_ids_are_unique_and_every_check_says_how_it_is_judged() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    assert all(check.words and check.how and check.threshold for check in CHECKS)
    assert all(find_check(check.id) is check for check in CHECKS)


def test_what_the_read_service_will_give_is_not_called_measured() -> None:
    assert {check.id for check in CHECKS if check.kind is CheckKind.SERVICE} == {
        "latency",
        "consumers",
        "read_share",
        "redirects",
        "canonical",
        "sitemap",
        "public_urls",
        "readers",
    }


@pytest.mark.parametrize("phase", [phase.number for phase in PHASES])
def test_the_guide_leads_from_the_first_hour_to_the_last(phase: int) -> None:
    hours = [step.hour for step in steps_of(phase)]
    assert (hours[0], hours[-1], hours) == (0, 24, sorted(hours))
    assert all(find_step(step.id) is step for step in steps_of(phase))


def test_actions_of_the_guide_are_of_the_registry() -> None:
    asked = {step.action.name for step in STEPS if step.action}
    assert asked == {ActionName.STEP, ActionName.START, ActionName.SOAK_MEASURE}
    [cycle] = [step.action for step in STEPS if step.action and step.action.name is ActionName.STEP]
    assert ACTIONS[cycle.name].command(cycle.job, cycle.params) == "scidex-console step folders 1 --cycle"


def test_the_phase_before_the_removal_waits_thirty_days() -> None:
    assert [SoakTimes().needed_s(phase) for phase in range(6)] == [86_400] * 4 + [30 * 86_400, 86_400]
