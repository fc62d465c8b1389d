"""The note of a shift in Markdown: first what waits for a person, and nothing that Markdown would act on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.intents import IntentState
from scidex_console.domain.runs import RunState
from scidex_console.engine.handover import (
    AttemptsInPeriod,
    act_words,
    heading_of,
    open_things,
    render_handover,
)
from tests.console.fakes import NOW, PRESENT, a_handover, an_act, an_intent, an_overview, with_run

SHIFT = (NOW - timedelta(hours=8), NOW)


def test_the_heading_names_period_environment_and_database() -> None:
    assert heading_of(a_handover(*SHIFT)) == (
        "Shift handover 2026-03-13 19:12Z to 2026-03-14 03:12Z (8h), demo, database scidex"
    )


def test_a_note_tells_runs_batches_answers_acts_and_who_is_there() -> None:
    text = render_handover(a_handover(*SHIFT, now=an_overview(present=PRESENT)))
    for line in (
        "Engine running (4242@scidex-worker, epoch 7), writes on, by DEMO-0000.",
        "- figures: 61 failed transiently (back-off, or a retry)",
        "- journals.plos.org: breaker open until 2026-03-14 03:17Z",
        "| figures 7 | running | 2026-03-14 01:42Z | - | anna | nightly window |",
        "- figures: 2 (11 to 12), 5 rows changed, 1 left out, 1 taken back",
        "- batch 11 (figures) was taken back: 1111111111 by 2222222222, 2026-03-14 03:04Z",
        "- 46 attempts: 40 stored, 6 transient",
        "- europepmc asked us to slow down 2 times (429); it was held each time",
        "- scidex\\_viewer (ssh 10.0.0.9) since 2026-03-14 00:42Z, read-only",
    ):
        assert line in text.splitlines()
    acts = [line for line in text.splitlines() if line.startswith("| 2026") and "figures 7" not in line]
    assert [line.split(" | ")[2] for line in acts] == [
        "pause figures",
        "rollback figures batch 11",
        "run halt figures run 7",
        "throttle europepmc",
    ]


def test_a_host_that_asked_but_once_is_counted_in_the_singular() -> None:
    once = AttemptsInPeriod("europepmc", FetchClass.TRANSIENT, 6, 12, 1)
    note = a_handover(*SHIFT, attempts=(once,))
    assert "- europepmc asked us to slow down 1 time (429); it was held each time" in render_handover(note)


def test_what_stops_a_run_stands_first_of_what_is_open() -> None:
    now = replace(
        with_run(RunState.HALTED, halt_reason="disk full", halt_bytes_needed=2**20),
        intents=(an_intent(state=IntentState.WAITING, waits_on="3 requests", also_by=("eve",)),),
    )
    things = open_things(now)
    assert things[0] == "**figures run 7 is halted**: disk full (1.0 MiB needed)"
    assert "intent 40 (pause figures, by bob, eve) is waiting, waits on 3 requests" in things


def test_nothing_that_happened_is_said_as_that() -> None:
    quiet = an_overview(gaps=(), hosts=(), intents=(), engine=None)
    text = render_handover(a_handover(*SHIFT, now=quiet, runs=(), batches=(), attempts=(), acts=()))
    for words in (
        "Nothing.",
        "No run.",
        "No batch.",
        "No figure was asked for.",
        "Nobody did anything.",
        "Nobody.",
    ):
        assert words in text.splitlines()


def test_hostile_words_stay_in_their_cell() -> None:
    act = an_act(operator="eve|x", reason="\x1b[2J<b>|\u202e\n# head", outcome="`a` [l](http://e)")
    text = render_handover(a_handover(*SHIFT, acts=(act,)))
    row = next(line for line in text.splitlines() if "eve" in line)
    assert row.count(" | ") == 4 and "\x1b" not in text and "\u202e" not in text
    assert "\\<b\\>" in row and "\\[l\\]" in row


def test_an_act_is_told_in_a_few_words() -> None:
    assert act_words(an_act(after={"params": {"count": 5}}, action="intent:step")) == "step figures 5"
    for action, params, told in (
        ("soak_begin", {"phase": 0}, "soak begin 0"),
        ("soak_confirm", {"step": "0-apply"}, "soak confirm 0-apply"),
        ("soak_sign", {"check": "old_reads", "token": "ab12"}, "soak sign old_reads"),
        ("readers_set", {"reader": "figure", "share": 25.0, "token": "ab12"}, "readers set figure 25"),
    ):
        assert act_words(an_act(job=None, action=f"intent:{action}", after={"params": params})) == told
    assert act_words(an_act(action="cancel_intent", after=None, intent_id=4)) == "withdraw intent 4"
