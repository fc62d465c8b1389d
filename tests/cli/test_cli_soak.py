"""`soak …`: what each command asks for, refuses and prints, and the codes it leaves with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scidex_console.domain.intents import IntentState
from scidex_console.domain.soak.clock import SpanKind
from scidex_console.domain.soak.judging import Standing
from scidex_console.domain.soak.ladder import override_token, read_ladder
from tests.cli.conftest import Cli
from tests.cli.fakes import FakeServices, intent
from tests.domain.soak.samples import PHASE_1, looks, record, signed, span

_WHY = ("--reason", "seen")


def shut(services: FakeServices) -> FakeServices:
    """Phase 1 with a check that nobody has signed for."""
    services.connected.read.ladder = read_ladder(record(signoffs=(signed("warnings"),)))
    services.connected.read.settling = [intent(state=IntentState.DONE, outcome="done")]
    return services


def opened(services: FakeServices) -> FakeServices:
    shut(services).connected.read.ladder = read_ladder(record())
    return services


def test_status_before_any_phase_says_how_to_begin(cli: Cli) -> None:
    result = cli("soak", "status")
    assert result.code == 0
    assert "no phase was begun yet: `scidex-console soak begin 0 --reason TEXT`" in result.out


def test_status_waits_for_a_person_with_code_4(cli: Cli, services: FakeServices) -> None:
    shut(services)
    result = cli("soak", "status")
    assert result.code == 4
    for words in (
        "clock: done: 1d1h of 1d",
        "old_reads",
        "signed",
        "ben: seen in the logs",
        "gate: shut by 1",
        "next step (now): 1-first",
        "verdict: the gate is shut and waits for a person",
    ):
        assert words in result.out


def test_status_of_an_open_gate_is_a_yes(cli: Cli, services: FakeServices) -> None:
    opened(services)
    result = cli("soak", "status", "--json")
    assert result.code == 0
    soak = result.document["soak"]
    assert (soak["verdict"], soak["next_phase"], soak["gate"]["is_open"]) == (
        "open: phase 2 may begin",
        2,
        True,
    )
    assert soak["checks"][1]["check"]["id"] == "old_reads"
    assert soak["checks"][1]["signed"]["operator"] == "ben"


@pytest.mark.parametrize("state", ["stopped", "stalled"])
def test_a_clock_that_nobody_moves_is_out_of_reach(cli: Cli, services: FakeServices, state: str) -> None:
    read = opened(services).connected.read
    read.ladder = read_ladder(record(spans=(span(SpanKind.HELD, 20, 26),)))
    assert read.engine_view is not None
    read.engine_view = replace(read.engine_view, state=state)
    assert cli("soak", "status").code == 3


def test_a_phase_begins_through_an_open_gate_only(cli: Cli, services: FakeServices) -> None:
    desk = opened(services).connected.desk
    assert cli("soak", "begin", "2", *_WHY).code == 0
    assert desk.submitted[-1][:3] == ("soak_begin", None, {"phase": 2})
    shut(services)
    result = cli("soak", "begin", "2", *_WHY)
    assert (result.code, len(desk.submitted)) == (4, 1)
    assert "the gate of phase 1 is shut: old_reads needs a person's sign-off" in result.err


@pytest.mark.parametrize("words", [("start", "folders"), ("step", "folders"), ("resume", "folders")])
def test_runs_of_folders_wait_behind_the_gate_with_code_4(
    cli: Cli, services: FakeServices, words: tuple[str, ...]
) -> None:
    shut(services)
    result = cli(*words)
    assert (result.code, services.connected.desk.submitted) == (4, [])
    assert "phase 2 may not run yet" in result.err
    assert cli("start", "figures").code == 0


def test_a_sign_off_carries_the_evidence_that_was_shown(cli: Cli, services: FakeServices) -> None:
    desk = shut(services).connected.desk
    result = cli("soak", "sign", "old_reads", *_WHY)
    assert result.code == 0
    assert "the evidence: old_reads was looked at" in result.err
    assert desk.submitted[-1][2] == {"check": "old_reads", "token": "print of person"}


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("sign", "newcomers", *_WHY), 1, "a figure is not signed away"),
        (("sign", "nothing", *_WHY), 1, "has no check 'nothing'"),
        (("sign", "old_reads"), 2, "soak sign needs a reason"),
        (("confirm", "2-plan", *_WHY), 1, "has no step '2-plan'"),
        (("confirm", "1-first"), 2, "soak confirm needs a reason"),
        (("begin", "7", *_WHY), 2, "'7' is not a phase from 0 to 5"),
        (("begin", "1"), 2, "soak begin needs a reason"),
        (("override", "1"), 1, "there is nothing to override"),
        (("override", "2", "--token", "x"), 2, "needs a reason"),
        ((), 2, "SOAK COMMAND"),
    ],
)
def test_what_cannot_be_done_says_why(
    cli: Cli, services: FakeServices, words: tuple[str, ...], code: int, why: str
) -> None:
    result = cli("soak", *words) if shut(services) else None
    assert result is not None
    assert (result.code, services.connected.desk.submitted) == (code, [])
    assert why in result.err


def test_a_step_is_confirmed_with_what_was_seen(cli: Cli, services: FakeServices) -> None:
    desk = shut(services).connected.desk
    assert cli("soak", "confirm", "1-first", *_WHY).code == 0
    assert desk.submitted[-1][:3] == ("soak_confirm", None, {"step": "1-first"})


def test_an_override_is_shown_first_with_the_line_that_confirms_it(cli: Cli, services: FakeServices) -> None:
    read = shut(services).connected.read
    token = override_token(read.ladder, 2)
    result = cli("soak", "override", "2")
    assert (result.code, services.connected.desk.submitted) == (0, [])
    assert "old_reads needs a person's sign-off" in result.out
    assert f"scidex-console soak override 2 --token {token} --reason TEXT" in result.out
    assert cli("soak", "override", "2", "--token", token, *_WHY).code == 0
    assert services.connected.desk.submitted[-1][2] == {"phase": 2, "token": token}


def test_an_override_of_something_else_is_refused_and_shown_anew(cli: Cli, services: FakeServices) -> None:
    shut(services)
    result = cli("soak", "override", "2", "--token", "0" * 12, *_WHY, "--json")
    assert (result.code, services.connected.desk.submitted) == (1, [])
    assert result.document["preview"]["phase"] == 2
    assert "does not name" in result.document["error"]["what"]


def test_measuring_now_is_an_intent(cli: Cli, services: FakeServices) -> None:
    assert cli("soak", "measure").code == 0 if shut(services) else False
    assert services.connected.desk.submitted[-1][:3] == ("soak_measure", None, {})


def test_the_report_is_markdown_and_a_document(cli: Cli, services: FakeServices) -> None:
    shut(services)
    assert cli("soak", "report").out.startswith("# Soak of the folder migration, staging, ")
    assert cli("soak", "report", "--json").document["soak"]["entry"]["phase"] == 1


def test_status_of_everything_has_the_soak_in_a_line(cli: Cli, services: FakeServices) -> None:
    failing = {**PHASE_1, **looks(newcomers=Standing.FAILING)}
    stopped = (span(SpanKind.FAILED, 25, 26, why="newcomers: 2 of 9"),)
    services.connected.read.ladder = read_ladder(record(measurements=failing, spans=stopped))
    assert "soak: phase 1 (new artifacts), clock stopped 0s of 1d, FAILS: newcomers" in cli("status").out
    assert cli("status", "--json").document["soak"]["failing"] == ["newcomers"]
