"""What each pane says for what it is shown."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from scidex_console.console.presentation import (
    artifacts,
    attempts,
    batches,
    gap,
    hosts,
    migration_log,
    previews,
)
from scidex_console.console.presentation.columns import choose
from scidex_console.console.presentation.intents import in_order, intent_line, outcome_words
from scidex_console.console.presentation.keys import KeyView, footer_line
from scidex_console.console.presentation.status import (
    Knowledge,
    banner_lines,
    is_production,
    place_line,
    pulse_line,
)
from scidex_console.console.presentation.words import about
from scidex_console.domain.batches import BatchState
from scidex_console.domain.folders.acceptance import assess
from scidex_console.domain.hosts import BreakerState
from scidex_console.domain.intents import ActionName, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.batch_views import LaterBatch
from scidex_console.engine.ports import AttemptFilter
from scidex_console.engine.views import WriterView
from tests.console.fakes import (
    BATCH,
    ENGINE,
    ERRORS,
    FOLDERS_GAP,
    HOSTS,
    IDENTITY,
    NOW,
    PRESENT,
    a_gap,
    a_host,
    a_rollback,
    a_run,
    ago,
    an_artifact,
    an_attempt,
    an_intent,
    an_overview,
    observing,
    production,
    with_run,
)
from tests.domain.folders.test_acceptance import DONE

FIGURES = JobName.FIGURES


def gap_text(width: int, run: RunState = RunState.RUNNING, **changes: object) -> list[str]:
    gaps = (a_gap(a_run(run, **changes)), FOLDERS_GAP)
    return [line.text for line in gap.gap_lines(gaps, width=width, selected=FIGURES, focused=False, now=NOW)]


def test_a_narrow_gap_pane_names_what_folders_can_meet() -> None:
    none = dict.fromkeys(("transient", "blocked", "suspect", "refused", "in_batch", "scheduled", "no_url"), 0)
    folders = a_gap(a_run(), job=JobName.FOLDERS, **none)
    second = gap.gap_lines((folders,), width=80, selected=FIGURES, focused=False, now=NOW)[2].text
    assert "quarantined 0" in second and "transient" not in second


@pytest.mark.parametrize("width", [60, 80, 100, 140, 200])
def test_the_gap_pane_gives_every_count_at_every_width(width: int) -> None:
    lines = gap_text(width)
    text = "\n".join(lines)
    for figure in ("1,204", "241", "2,842", "61", "8", "3", "1", "37", "38.2/min", "~31m"):
        assert figure in text
    assert all(len(line) <= width for line in lines)


def test_a_run_that_no_engine_works_on_has_no_end() -> None:
    lines = gap.gap_lines(
        (a_gap(a_run()),), width=80, selected=FIGURES, focused=False, now=NOW, engine_runs=False
    )
    assert "38.2/min" in lines[1].text
    assert "31m30s" not in lines[1].text


def test_wide_gap_pane_has_one_line_a_job_and_narrow_two() -> None:
    assert len(gap_text(200)) == 3
    assert len(gap_text(80)) == 4  # folders have nothing stuck, and so no second line


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_gap_pane_tells_what_is_not_zero_before_what_is(width: int) -> None:
    gaps = (a_gap(a_run(), transient=0, mismatch=0, held_back=88, in_batch=0),)
    second = gap.gap_lines(gaps, width=width, selected=FIGURES, focused=False, now=NOW)[2].text
    assert second.startswith("  block")
    assert " 88" in second
    if "mism" in second:
        assert second.index(" 88") < second.index("mism")


def test_the_job_the_keys_act_upon_is_marked_without_colour() -> None:
    lines = gap_text(80)
    assert [line[0] for line in lines if "figures" in line or "folders" in line] == ["▸", " "]


def test_a_halted_run_says_bytes_needed_and_that_a_person_must_resume() -> None:
    lines = gap.gap_lines(
        with_run(RunState.HALTED, halt_reason="disk full", halt_bytes_needed=3 * 1024**3).gaps,
        width=80,
        selected=FIGURES,
        focused=False,
        now=NOW,
    )
    cause = next(line for line in lines if "resume by hand" in line.text)
    assert "needs 3.0 GiB free" in cause.text
    assert "disk full" in cause.text
    assert {cell.tone for cell in cause.cells} >= {"bad", "badge-bad"}


def test_what_a_run_waits_on_stands_below_it() -> None:
    assert any("waits on the hold of ncbi" in line for line in gap_text(80, waits_on="the hold of ncbi"))


def test_a_step_by_batches_says_so() -> None:
    lines = gap_text(80, RunState.STEPPING, steps_left=3, step_unit="cycle")
    assert any("this step: 3 batches left" in line for line in lines)


def test_a_run_that_is_over_has_no_cause() -> None:
    assert not any("waits on" in line for line in gap_text(80, RunState.DONE, waits_on="x"))


@pytest.mark.parametrize(
    ("gate", "due", "state"),
    [
        ({"breaker": BreakerState.OPEN, "hold_until": NOW + timedelta(seconds=5)}, 1, "BREAKER"),
        ({"hold_until": NOW + timedelta(seconds=5), "in_flight": 1}, 1, "HOLD"),
        ({"hold_until": NOW - timedelta(seconds=5), "in_flight": 1}, 1, "ACTIVE"),
        ({"breaker": BreakerState.PROBING, "in_flight": 1}, 1, "PROBING"),
        ({"opens_at": NOW + timedelta(hours=5), "hours": "22:00-06:00 UTC"}, 1, "OFFPEAK"),
        ({}, 3, "READY"),
        ({}, 0, "IDLE"),
    ],
)
def test_a_host_group_has_one_state_in_a_word(gate: dict[str, object], due: int, state: str) -> None:
    host = a_host("x.org", gate, due=due)
    assert hosts.state_of(host, NOW) == state
    assert hosts.host_cells(host, NOW, None)["state"].text == state


def test_what_is_stuck_comes_first_and_a_hold_that_ended_is_no_longer_stuck() -> None:
    assert [h.gate.group for h in hosts.in_order(HOSTS, NOW)][:3] == [
        "journals.plos.org",
        "ncbi",
        "europepmc",
    ]
    later = NOW + timedelta(minutes=10)
    assert [h.gate.group for h in hosts.in_order(HOSTS, later)][:2] == ["journals.plos.org", "europepmc"]
    assert hosts.state_of(HOSTS[1], later) == "READY"


def test_a_hold_shows_cause_and_end() -> None:
    cells = hosts.host_cells(HOSTS[1], NOW, 0.42)
    assert cells["cause"].text == "429 with Retry-After 120"
    assert cells["left"].text == "1m35s"
    assert cells["until"].text == "03:14:20"
    assert cells["rate"].text == "0.4/2"
    assert cells["flight"].text == "0/2"


def test_a_hold_need_not_repeat_the_host() -> None:
    gate = {"hold_until": NOW + timedelta(seconds=9), "hold_cause": "429 from www.x.org, Retry-After 30 s"}
    assert hosts.host_cells(a_host("x.org", gate), NOW, None)["cause"].text == "429, Retry-After 30 s"


def test_a_group_asked_a_moment_ago_is_active() -> None:
    assert hosts.state_of(a_host("x.org", due=3, last_request_at=ago(2)), NOW) == "ACTIVE"
    assert hosts.state_of(a_host("x.org", due=3, last_request_at=ago(60)), NOW) == "READY"


def test_a_run_at_rest_promises_no_end() -> None:
    assert "31m30s" not in gap_text(80, RunState.PAUSED)[1]
    assert "▁" not in "".join(gap_text(80)[3:])


def test_an_override_is_marked_and_says_by_whom_and_why() -> None:
    cells = hosts.host_cells(HOSTS[3], NOW, 0.5)
    assert cells["rate"].text == "0.5/0.5*"
    assert cells["cause"].text == "override by anna: they asked us to slow down"
    assert hosts.host_cells(HOSTS[3], NOW + timedelta(hours=3), None)["cause"].text == ""


def test_a_narrow_hosts_pane_tells_outcomes_where_nothing_is_wrong() -> None:
    cells = hosts.host_cells(HOSTS[0], NOW, None)
    assert cells["story"].text == "88 stored 2,611 dead 12 trans"
    assert "story" in {p.column.key for p in choose(hosts.columns_for(80), 80)}
    assert {"cause", "stored", "dead", "transient"} <= {
        p.column.key for p in choose(hosts.columns_for(108), 108)
    }


def test_attempts_and_log_rows_are_sanitised_again() -> None:
    attempt = an_attempt(1, url="https://x.org/\x1b[2J", artifact_id="a\u202eb", host="h\x07", reason="r\r\n")
    texts = [cell.text for cell in attempts.attempt_cells(attempt, NOW).values()]
    row = replace(ERRORS[0], errors="boom\x1b]0;t\x07", artifact_id="\x9bx")
    texts += [cell.text for cell in migration_log.log_cells(row, NOW).values()]
    assert not [text for text in texts if any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in text)]
    assert r"x.org/\x1b[2J" in texts


def test_a_preview_shows_what_is_refused_first_and_why() -> None:
    preview = a_rollback(refused=2)
    rows = previews.preview_rows(preview)
    first = previews.row_cells(preview, rows[0])
    assert (first["what"].text, first["note"].text) == (
        "REFUSED",
        "file_path was changed by another at 03:02",
    )
    assert previews.row_cells(preview, rows[2])["what"].text == "restore row"
    lines = [line.text for line in previews.preview_lines(preview, 80)]
    assert lines[0] == "3 files removed, 4 rows restored, 2 refused (changed since)"
    assert lines[1] == "inverts commit 4f1c2d9 Store 3 figures and mark 2 dead"


def test_a_preview_names_the_batches_that_stand_on_its_own() -> None:
    standing = tuple(LaterBatch(number, 7) for number in (24, 23, 22))
    preview = replace(a_rollback(), later=standing)
    lines = [line.text for line in previews.preview_lines(preview, 80)]
    assert lines[1:4] == [
        "batch 24 stands on this one: it changed 7 rows of it since",
        "batch 23 stands on this one: it changed 7 rows of it since",
        "and 1 more later batch",
    ]


def test_a_preview_lists_every_commit_at_the_end_of_its_rows_if_they_are_many() -> None:
    commits = tuple(f"{number:040x}" for number in range(101))
    preview = replace(a_rollback(refused=1), commits=commits)
    rows = previews.preview_rows(preview)
    assert [previews.row_cells(preview, row)["artifact"].text for row in rows[-101:]] == list(commits)
    assert previews.row_words(preview, rows[-1]) == f"inverts commit {commits[-1]} (101 of 101)"
    assert len({previews.row_key(row) for row in rows}) == len(rows)
    lines = [line.text for line in previews.preview_lines(preview, 80)]
    assert lines[-1] == "inverts 101 commits, all at the end of the list"


def test_an_artifacts_page_gives_the_errors_of_its_log_the_room_of_its_name() -> None:
    lines = [line.text for line in artifacts.artifact_lines(an_artifact("fig-1"), 60, NOW)]
    [error] = [line for line in lines if "failed" in line]
    assert error.startswith("03:11:43") and "hash mismatch: expect" in error


def test_names_of_a_row_stand_whole_beside_its_values() -> None:
    row = {
        "artifact_type": "figure",
        "migrated_to_folder_at": "2026-03-14",
        "a" * 40: "long",
        "title": "t " * 40,
    }
    lines = [line.text for line in artifacts.artifact_lines(an_artifact("fig-1", row=row), 80, NOW)]
    assert "artifact type         figure" in lines
    assert "migrated to folder at 2026-03-14" in lines
    assert f"{'a' * 20}… long" in lines  # no name leaves its value without room
    assert max(map(len, lines)) <= 80


def test_a_batch_of_which_a_rollback_kept_something_says_so_wherever_it_is_shown() -> None:
    partly = replace(BATCH, state=BatchState.PARTLY_ROLLED_BACK, kept=1, inverse_commit="4f1c2d9aa1")
    cells = batches.batch_cells(partly, None)
    assert (cells["state"].text, cells["left"].text.strip()) == ("partly taken back", "1")
    assert cells["note"].text == "1 row kept by a rollback, which can be resumed"
    preview = replace(a_rollback(refused=0), batch=partly)
    lines = [line.text for line in previews.preview_lines(preview, 80)]
    assert "an earlier rollback kept 1 row, which it tries again" in lines


def test_a_redo_preview_says_that_it_applies_again() -> None:
    preview = a_rollback(redo=True, refused=0)
    assert previews.row_cells(preview, preview.operations[0])["what"].text == "apply again"
    lines = [line.text for line in previews.preview_lines(preview, 80)]
    assert lines[0].startswith("3 files put back, 4 rows changed again")
    # Its commits are those of the rollback, which it inverts; it does not apply them again.
    assert lines[1] == "inverts the rollback's commit 4f1c2d9 Store 3 figures and mark 2 dead"
    many = replace(preview, commits=("a1", "b2", "c3"))
    last = previews.preview_rows(many)[-1]
    assert previews.row_words(many, last) == "inverts the rollback's commit c3 (3 of 3)"
    assert previews.row_cells(many, last)["what"].text == "inverts"


def test_a_folder_batch_is_previewed_by_its_folders_and_old_paths() -> None:
    one = a_rollback(refused=0)
    folders = tuple(replace(o, files=13, links=1) for o in one.operations)
    preview = replace(
        one,
        batch=replace(one.batch, job=JobName.FOLDERS),
        operations=folders,
        old_paths=tuple(f"papers/{number}.pdf" for number in range(52)),
    )
    lines = [line.text for line in previews.preview_lines(preview, 76)]
    assert lines[:2] == [
        "52 old paths come again, 0 refused (changed since)",
        "4 folders (52 files, 4 links, a manifest each) go; the UUIDs stay",
    ]
    changed = replace(preview, kept_files=(replace(folders[1], reason="its file is gone"),))
    first = previews.preview_lines(changed, 76)[0].text
    assert first == "52 old paths come again, 0 refused (changed since), 1 kept (file changed)"
    rows = previews.preview_rows(changed)
    assert len(rows) == len(folders)
    assert previews.row_words(changed, rows[0]).startswith("KEPT ")
    assert previews.row_words(changed, rows[0]).endswith(": its file is gone")
    left = replace(changed, redo=True)
    assert previews.preview_lines(left, 76)[0].text.endswith(", 1 left out (file changed)")
    assert previews.row_words(left, previews.preview_rows(left)[0]).startswith("LEFT OUT ")
    again = [line.text for line in previews.preview_lines(replace(preview, redo=True), 76)]
    assert again[:2] == [
        "52 old paths go, 0 refused (changed since)",
        "4 folders (52 files, 4 links, a manifest each) come again",
    ]


# --- status ---------------------------------------------------------------------------------------------


def place(overview: object, width: int = 80, **changes: object) -> str:
    return place_line(Knowledge(overview, **changes), width).text  # type: ignore[arg-type]


def test_environment_and_write_mode_are_the_first_words() -> None:
    assert place(production()).startswith(" PRODUCTION   WRITES  authorized by CHG-2291")
    assert place(observing()).startswith(" DEMO   OBSERVE  nothing is written")
    tones = [cell.tone for cell in place_line(Knowledge(production()), 80).cells]
    assert tones[0] == tones[2] == "badge-bad"


def test_read_only_is_said_whether_by_choice_or_by_role() -> None:
    assert "READ-ONLY" in place(an_overview(), read_only=True)
    assert "READ-ONLY" in place(an_overview(identity=replace(IDENTITY, can_write_intents=False)))
    assert "READ-ONLY" not in place(an_overview())


def test_production_is_known_by_its_name() -> None:
    assert [is_production(n) for n in ("production", " PROD-eu", "live", "demo", "staging")] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_production_is_said_in_a_word_whatever_the_environment_is_called() -> None:
    named = an_overview(engine=replace(production().engine, environment="scidex-1"))  # type: ignore[type-var]
    assert place(named).startswith(" SCIDEX-1   WRITES ")
    assert place(named, production=True).startswith(" PRODUCTION SCIDEX-1   WRITES ")
    tones = [cell.tone for cell in place_line(Knowledge(named, production=True), 80).cells]
    assert tones[0] == tones[2] == "badge-bad"
    assert place(an_overview(engine=None), production=True).startswith(" PRODUCTION   NO ENGINE YET ")
    assert place(production(), production=True).startswith(" PRODUCTION   WRITES ")


def test_environment_write_mode_and_database_stand_in_80_columns_however_long_the_authorization_is() -> None:
    engine = replace(ENGINE, environment="scidex-1", writes=True, authorization="CHG-2291 by the board " * 4)
    shown = place(an_overview(engine=engine), production=True, read_only=True)
    assert shown.startswith(" PRODUCTION SCIDEX-1   WRITES  by CHG-2291")
    assert " READ-ONLY   database scidex" in shown
    assert "  database scidex" in place(an_overview(engine=engine))
    assert "authorized by CHG-2291 by the board CHG" in place(an_overview(engine=engine), 160)


def test_the_database_is_told_from_its_neighbours_in_80_columns_however_long_everything_is() -> None:
    engine = replace(
        ENGINE, environment="europe-west-primary-cluster", writes=True, authorization="CHG-2291 x"
    )
    identity = replace(IDENTITY, database="scidex_artifacts_of_the_laboratory_replica_2")
    overview = an_overview(engine=engine, identity=identity)
    shown = place(overview, production=True, read_only=True)
    assert len(shown) <= 80 and shown.startswith(" PRODUCTION EUROPE-")
    assert " WRITES " in shown and " by CHG-2" in shown and "READ-ONLY" in shown
    database = shown.rstrip().partition(" db ")[2]
    assert database.startswith("s") and database.endswith("_2")


def test_the_pulse_grows_older_with_the_data() -> None:
    text = pulse_line(Knowledge(an_overview(), age_s=9.0), 80).text
    assert text.startswith("data 9s    heartbeat 11s   engine RUNNING 4242@scidex-worker  epoch 7")


def test_who_waits_to_write_is_said_with_the_time_that_it_waits() -> None:
    engine = WriterView("engine", True, None)
    waiting = [WriterView(name, False, ago(seconds)) for name, seconds in (("api", 12), ("loader", 3))]
    text = pulse_line(Knowledge(an_overview(writers=(engine, *waiting))), 120).text
    assert "waits to write api 12s and 1 more" in text
    assert "waits" not in pulse_line(Knowledge(an_overview(writers=(engine,))), 120).text


def test_who_watches_is_said_whole_or_not_at_all() -> None:
    knowledge = Knowledge(an_overview(present=PRESENT))
    texts = [pulse_line(knowledge, width, jobs=True).text.rstrip() for width in range(60, 119)]
    assert any(text.endswith("2 watch") for text in texts)
    assert not [text for text in texts if re.search(r" 2( w?\w*)?…$", text)]


def test_a_tick_changes_only_the_start_of_the_pulse() -> None:
    one = pulse_line(Knowledge(an_overview(), age_s=3.0), 200)
    two = pulse_line(Knowledge(an_overview(), age_s=4.0), 200)
    assert [a == b for a, b in zip(one.cells, two.cells, strict=True)].count(False) == 2


def test_nothing_is_said_while_all_is_well() -> None:
    assert banner_lines(Knowledge(an_overview()), 80) == []


def test_lost_database_is_said_with_age_and_cause() -> None:
    lines = [line.text for line in banner_lines(Knowledge(an_overview(), 34.0, "connection refused"), 80)]
    assert lines[0].strip() == "RECONNECTING  what is shown is 34s old; actions are blocked"
    assert lines[1].strip() == "connection refused"
    assert banner_lines(Knowledge(None, 0.0, "connection refused"), 80)[0].text.endswith("connection refused")


def test_stale_data_is_said_even_without_trouble() -> None:
    assert "STALE" in banner_lines(Knowledge(an_overview(), 16.0), 80)[0].text


@pytest.mark.parametrize("state", ["stalled", "stopped", "fenced", "odd\x1b"])
def test_an_engine_that_does_not_run_is_said(state: str) -> None:
    overview = an_overview(engine=replace(ENGINE, state=state))
    (line,) = banner_lines(Knowledge(overview), 80)
    assert line.cells[0].tone == "badge-bad"
    assert "\x1b" not in line.text
    assert state[:3].upper() in pulse_line(Knowledge(overview), 80).text


def test_a_push_that_failed_is_said_in_gits_words() -> None:
    overview = an_overview(last_batch=replace(BATCH, push="remote rejected: \x1b[31mquota"))
    (line,) = banner_lines(Knowledge(overview), 90)
    assert line.text.strip().startswith("NOT PUSHED  batch 12 is stored here but not pushed: remote rejected")
    assert "\x1b" not in line.text
    for fine in ("", "pushed", "pending"):
        assert banner_lines(Knowledge(an_overview(last_batch=replace(BATCH, push=fine))), 90) == []


# --- intents and keys -----------------------------------------------------------------------------------


def test_open_intents_come_before_settled_ones() -> None:
    waiting = an_intent(39, state=IntentState.WAITING, settled_at=None)
    newer = an_intent(41, settled_at=ago(10))
    assert [i.id for i in in_order((an_intent(40), waiting, newer))] == [39, 41, 40]


def test_a_waiting_intent_says_who_what_and_on_what_it_waits() -> None:
    intent = an_intent(
        action=ActionName.ROLLBACK,
        params={"batch": 12, "token": "t"},
        state=IntentState.WAITING,
        waits_on="the batch in hand",
        settled_at=None,
        outcome="",
        also_by=("carl",),
        requested_at=ago(5),
    )
    text = intent_line(intent, NOW, 120).text
    assert text == "#40 WAITING rollback figures 12 by bob, carl just now waits on the batch in hand – lunch"
    assert outcome_words(intent) == "#40 rollback figures 12: waiting, waits on the batch in hand"


def test_an_intent_of_the_soak_is_told_as_it_is_asked_for() -> None:
    begin = an_intent(action=ActionName.SOAK_BEGIN, job=None, params={"phase": 0}, outcome="")
    assert outcome_words(begin) == "#40 soak begin 0: done"


def test_a_settled_intent_says_its_outcome() -> None:
    assert outcome_words(an_intent()) == "#40 pause figures: done, paused after 37 items"


def a_key(shown: str, label: str, reason: str = "", always: bool = False) -> KeyView:
    return KeyView(shown, label, label, "", reason, "", always)


def test_the_footer_brackets_what_is_disabled_and_drops_it_when_room_is_short() -> None:
    keys = [a_key("s", "start", "no"), a_key("p", "pause"), a_key("q", "quit", always=True)]
    assert footer_line(keys, 40).text == " (s start) p pause q quit"
    assert footer_line(keys, 20).text == " p pause q quit"
    assert footer_line(keys, 8).text == " q quit"


def test_an_error_is_told_by_its_reason_first() -> None:
    row = replace(ERRORS[0], errors='{"actual": "77ab"}', words='not the hash of the file {"actual": "77ab"}')
    assert migration_log.log_cells(row, NOW)["errors"].text.startswith("not the hash of the file")


def test_what_is_not_of_today_says_its_day() -> None:
    day = ago(86_400)
    assert attempts.attempt_cells(an_attempt(1, recorded_at=day), NOW)["time"].text == "03-13 03:12:45"
    assert attempts.retry_cells(an_attempt(1, recorded_at=day), NOW)["time"].text == "03-13 03:12"
    assert attempts.retry_cells(an_attempt(1, recorded_at=ago(5)), NOW)["time"].text == "03:12:40"
    assert migration_log.log_cells(replace(ERRORS[0], at=day), NOW)["time"].text == "03-13 03:12:45"
    assert attempts.other_criteria(AttemptFilter(since=day)) == ["since 2026-03-13 03:12:45Z"]


def test_beside_a_success_it_is_a_note() -> None:
    row = replace(ERRORS[0], status="success", errors='{"missing": ["a.png"]}', words="missing: a.png")
    assert migration_log.log_cells(row, NOW)["errors"].text == "note: missing: a.png"
    assert migration_log.log_words(row).endswith("success, note: missing: a.png")
    bare = replace(row, errors="", words="")
    assert migration_log.log_cells(bare, NOW)["errors"].text == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (0, "~0s"),
        (599.9, "~9m59s"),
        (682, "~11m"),
        (4860, "~1h21m"),
        (86_399, "~23h"),
        (863_999, "~9d23h"),
        (900_000, "~10d"),
    ],
)
def test_what_is_left_is_told_no_finer_than_it_can_be_known(seconds: float | None, said: str) -> None:
    assert about(seconds) == said and len(said) <= 6


def test_growth_of_a_small_store_is_not_judged() -> None:
    small = gap.acceptance_line(assess(DONE, ends_in_s=None))
    large = gap.acceptance_line(assess(replace(DONE, bytes_before=2**30), ends_in_s=None))
    assert [any(cell.text == "not judged" for cell in line.cells) for line in (small, large)] == [True, False]
