"""Gates, sign-offs, overrides and the guide, from what is on record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scidex_console.domain.jobs import JobName
from scidex_console.domain.soak.clock import SpanKind
from scidex_console.domain.soak.judging import Standing
from scidex_console.domain.soak.ladder import (
    CheckState,
    RungState,
    override_token,
    passed_over,
    read_ladder,
    way_to_begin,
    why_not_begin,
    why_not_confirm,
    why_not_override,
    why_not_run,
    why_not_sign,
)
from scidex_console.domain.soak.records import Confirmation, Override, SoakRecord, SoakRules
from scidex_console.domain.soak.words import clock_words, soak_line
from tests.domain.soak.samples import NOW, PHASE_1, entry, looks, record, signed, span


def given(phase: int, **changes: object) -> Override:
    return replace(Override(1, phase, NOW, "eve", "local", "read by the board", ("x",)), **changes)  # type: ignore[arg-type]


def test_a_day_held_with_every_check_met_opens_the_gate() -> None:
    ladder = read_ladder(record())
    assert ladder.gate.is_open
    assert why_not_begin(ladder, 2) is None
    assert why_not_run(ladder, JobName.FOLDERS) is None
    assert [rung.state for rung in ladder.rungs[:3]] == [RungState.PASSED, RungState.CURRENT, RungState.AHEAD]


def test_a_clock_that_has_not_run_its_time_keeps_the_gate_shut() -> None:
    ladder = read_ladder(record(spans=(span(SpanKind.HELD, 20, 26),)))
    assert ladder.gate.shut_by == ("the clock is running, 18h to go",)
    assert not ladder.gate.needs_person


def test_a_missing_sign_off_keeps_the_gate_shut_and_waits_for_a_person() -> None:
    ladder = read_ladder(record(signoffs=(signed("warnings"),)))
    assert ladder.gate.needs_person
    assert ladder.gate.shut_by == ("old_reads needs a person's sign-off: old_reads was looked at",)
    assert "shut: old_reads" in (why_not_begin(ladder, 2) or "")
    assert "phase 2 may not run yet" in (why_not_run(ladder, JobName.FOLDERS) or "")


def test_a_check_that_cannot_be_measured_never_passes_by_itself() -> None:
    measured = {**PHASE_1, **looks(commit_failures=Standing.UNMEASURED)}
    assert not read_ladder(record(measurements=measured)).gate.is_open
    by_hand = (*record().signoffs, signed("commit_failures", Standing.UNMEASURED))
    assert read_ladder(record(measurements=measured, signoffs=by_hand)).gate.is_open


def test_a_sign_off_is_void_once_the_evidence_is_another() -> None:
    changed = {**PHASE_1, "warnings": replace(PHASE_1["warnings"], fingerprint="another")}
    ladder = read_ladder(record(measurements=changed))
    [view] = [view for view in ladder.checks if view.check.id == "warnings"]
    assert (view.state, ladder.gate.is_open) == (CheckState.PERSON, False)
    assert view.expired == "what ben signed for on 2026-05-20 03:00 UTC has changed since"


def test_a_figure_that_says_no_is_not_signed_away() -> None:
    failing = {**PHASE_1, **looks(newcomers=Standing.FAILING)}
    ladder = read_ladder(record(measurements=failing, signoffs=(signed("newcomers", Standing.FAILING),)))
    assert why_not_sign(ladder, "newcomers") == (
        "newcomers is measured, and failing: a figure is not signed away"
    )
    assert ladder.checks[0].state is CheckState.FAILING


@pytest.mark.parametrize(
    ("check_id", "why"),
    [
        ("queries", "the phase under way has no check 'queries'"),
        ("old_reads", "old_reads is signed off already"),
        ("newcomers", "newcomers is measured, and passing"),
    ],
)
def test_what_cannot_be_signed_says_why(check_id: str, why: str) -> None:
    assert (why_not_sign(read_ladder(record()), check_id) or "").startswith(why)


def test_phases_are_begun_one_after_the_other_anew_or_again() -> None:
    nothing = read_ladder(SoakRecord(now=NOW, rules=SoakRules(enforced=True)))
    assert why_not_begin(nothing, 0) is None
    assert why_not_begin(nothing, 2) == "no phase was begun yet, and phase 0 comes first"
    ladder = read_ladder(record(signoffs=()))
    assert [phase for phase in range(6) if why_not_begin(ladder, phase) is None] == [0, 1]
    assert why_not_begin(ladder, 6) == "there is no phase 6: they are 0 to 5"


def test_who_may_not_begin_a_phase_is_told_what_comes_before_it() -> None:
    nothing = read_ladder(SoakRecord(now=NOW, rules=SoakRules(enforced=True)))
    assert way_to_begin(nothing, 3) == "`scidex-console soak begin 0 --reason TEXT` comes first"
    shut = read_ladder(record(signoffs=()))
    assert way_to_begin(shut, 2) == "sign, wait, or `scidex-console soak override 2`"
    assert way_to_begin(shut, 4) == "`scidex-console soak begin 2 --reason TEXT` comes first"


def test_an_override_lets_its_phase_begin_and_its_run_start() -> None:
    shut = record(signoffs=())
    assert why_not_begin(read_ladder(replace(shut, override=given(2))), 2) is None
    assert why_not_run(read_ladder(replace(shut, override=given(2))), JobName.FOLDERS) is None
    assert why_not_begin(read_ladder(replace(shut, override=given(3))), 2) is not None


def test_an_override_is_only_for_what_stands_in_the_way() -> None:
    assert why_not_override(read_ladder(record()), 2) == "phase 2 may begin: there is nothing to override"
    shut = read_ladder(record(signoffs=()))
    assert why_not_override(shut, 2) is None
    assert passed_over(shut, 3)[-1] == "phase 2 (backfill) was not begun here"


def test_the_token_of_an_override_names_what_it_passes_over() -> None:
    one, other = record(signoffs=()), record(signoffs=(signed("warnings"),))
    later = replace(one, spans=(span(SpanKind.HELD, 0, 25.5),))
    assert override_token(read_ladder(one), 2) != override_token(read_ladder(other), 2)
    assert override_token(read_ladder(one), 2) == override_token(read_ladder(later), 2)


def test_only_the_folders_of_an_enforcing_engine_stand_behind_the_gate() -> None:
    shut = record(signoffs=())
    assert why_not_run(read_ladder(shut), JobName.FIGURES) is None
    assert why_not_run(read_ladder(replace(shut, rules=SoakRules())), JobName.FOLDERS) is None
    under_way = replace(shut, entries=(*shut.entries, entry(2, number=3)))
    assert why_not_run(read_ladder(under_way), JobName.FOLDERS) is None


def test_a_phase_that_was_let_in_by_override_marks_the_one_before() -> None:
    entries = (entry(0), entry(1, number=2), entry(2, number=3, overridden=True))
    ladder = read_ladder(record(entries=entries, measurements={}, spans=()))
    assert [rung.state for rung in ladder.rungs[:3]] == [
        RungState.PASSED,
        RungState.OVERRIDDEN,
        RungState.CURRENT,
    ]


def test_a_phase_that_was_jumped_over_marks_the_one_it_began_from() -> None:
    jumped = (entry(0), entry(2, number=2, overridden=True))
    ladder = read_ladder(record(entries=jumped, measurements={}, spans=()))
    assert [rung.state for rung in ladder.rungs[:3]] == [
        RungState.OVERRIDDEN,
        RungState.SKIPPED,
        RungState.CURRENT,
    ]


def test_steps_fall_due_along_the_clock() -> None:
    ladder = read_ladder(record(spans=(span(SpanKind.HELD, 21, 26),)))
    due = [view.step.id for view in ladder.steps if view.due]
    assert due == ["1-first", "1-old-paths", "1-hour-1", "1-hour-4"]
    assert why_not_confirm(ladder, "1-hour-8") == "step 1-hour-8 is due in 3h of the clock"
    assert ladder.next_step is not None and ladder.next_step.step.id == "1-first"


def test_a_confirmed_step_gives_way_to_the_next() -> None:
    done = Confirmation("1-first", NOW, "ana", "local", "artifact 7f is there")
    ladder = read_ladder(record(confirmations=(done,)))
    assert ladder.next_step is not None and ladder.next_step.step.id == "1-old-paths"
    assert why_not_confirm(ladder, "1-first") == "step 1-first was confirmed by ana"


def test_the_line_tells_phase_clock_and_gate() -> None:
    failing = {**PHASE_1, **looks(newcomers=Standing.FAILING)}
    stopped = (span(SpanKind.FAILED, 25, 26, why="newcomers: 2 of 9"),)
    ladder = read_ladder(record(measurements=failing, spans=stopped))
    assert soak_line(ladder) == (
        "soak: phase 1 (new artifacts), clock stopped 0s of 1d, FAILS: newcomers, gate shut by 2"
    )
    assert clock_words(ladder) == "STOPPED, starts at nothing once it passes: newcomers: 2 of 9"
    assert soak_line(read_ladder(record())).endswith("clock done 1d1h of 1d, gate open: phase 2 may begin")
