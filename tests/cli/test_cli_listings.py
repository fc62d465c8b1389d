"""What the reading commands print, for people and as JSON."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scidex_console.domain.batches import BatchState
from scidex_console.domain.checks import Finding, Invariant
from scidex_console.domain.fetching import FetchClass, Hop
from scidex_console.domain.hosts import BreakerState, Override
from scidex_console.domain.jobs import JobName
from scidex_console.domain.rescue import RescueTrial, RescueTry
from scidex_console.domain.runs import RunState
from scidex_console.engine.listing_views import LogFilter
from scidex_console.engine.verification.findings import InvariantResult
from scidex_console.engine.views import EngineView, MigrationLogView, PlanItem
from tests.cli.conftest import Cli
from tests.cli.fakes import NOW, FakeServices, attempt, attempt_whole, batch, engine, gap, host, in_group, run

HOSTILE = "\x1b[2J\x9b\u202e\r\nnext|\ud83d"


# --- status -----------------------------------------------------------------------------------------------


def test_status_tells_what_an_operator_needs_within_80_columns(cli: Cli) -> None:
    result = cli("status")
    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[:3] == [
        "staging, database scidex, 2026-05-19 20:30:00Z",
        "writes on, by CR-17",
        "engine: running, 812@db1, heartbeat 0.8s ago, recovered 3 operations",
    ]
    assert "figures: run 3 running" in lines
    assert "  12.4/min, about 4h2m to go" in lines
    assert "europepmc  active  3/4 at 2/s  2000      60  1100     20" in lines
    assert lines[-1] == "intent 21: pause figures by alice, waiting, waits on 3 requests under way"
    assert max(len(line) for line in lines) <= 80


def test_status_as_json_has_the_documented_keys(cli: Cli) -> None:
    document = cli("status", "--json").document
    assert list(document) == [
        "taken_at",
        "verdict",
        "environment",
        "writes",
        "database",
        "engine",
        "jobs",
        "hosts",
        "intents",
        "last_batch",
        "present",
        "last_act",
        "writers",
        "acceptance",
        "soak",
    ]
    assert document["taken_at"] == "2026-05-19T20:30:00.000+00:00"
    assert document["environment"] == {"name": "staging", "production": False}
    assert document["writes"] == {"enabled": True, "authorization": "CR-17"}
    [job] = document["jobs"]
    assert (job["job"], job["run"]["state"], job["missing"], job["rate_per_min"]) == (
        "figures",
        "running",
        3000,
        12.4,
    )
    [group] = document["hosts"]
    assert (group["gate"]["group"], group["gate"]["breaker"]) == ("europepmc", "closed")


@pytest.mark.parametrize(
    ("run_state", "engine_state", "code", "verdict"),
    [
        (RunState.RUNNING, "running", 0, "ok"),
        (RunState.DONE, "stopped", 0, "ok"),
        (RunState.PAUSED, "running", 0, "ok"),
        (RunState.RUNNING, "stopped", 3, "run 3 is running and no engine is running"),
        (RunState.PAUSED, None, 3, "run 3 is paused and no engine is running"),
        (RunState.DONE, "stalled", 3, "the engine is stalled"),
        (None, None, 0, "ok"),
        (RunState.HALTED, "running", 4, "figures is halted and waits for a person"),
        (RunState.HALTED, "stopped", 4, "figures is halted and waits for a person"),
    ],
)
def test_the_exit_code_of_status_tells_an_alert_what_it_needs(
    cli: Cli,
    services: FakeServices,
    run_state: RunState | None,
    engine_state: str | None,
    code: int,
    verdict: str,
) -> None:
    services.connected.read.gap_view = gap(run=run(state=run_state) if run_state else None)
    services.connected.read.engine_view = engine(state=engine_state) if engine_state else None
    result = cli("status", "--json")
    assert (result.code, result.document["verdict"]) == (code, verdict)
    assert ("ATTENTION" in cli("status").out) == (code != 0)


def test_a_run_that_is_over_has_no_pace(cli: Cli, services: FakeServices) -> None:
    services.connected.read.gap_view = gap(run=run(state=RunState.DONE))
    assert "to go" not in cli("status").out


@pytest.mark.parametrize("engine_view", [None, engine(state="stopped"), engine(state="stalled")])
def test_a_run_that_no_engine_works_on_has_no_end(
    cli: Cli, services: FakeServices, engine_view: EngineView | None
) -> None:
    services.connected.read.engine_view = engine_view
    assert "  12.4/min, end unknown" in cli("status").out.splitlines()


def test_a_halt_shows_its_cause_and_the_bytes_needed(cli: Cli, services: FakeServices) -> None:
    halted = run(state=RunState.HALTED, halt_reason="disk full", halt_bytes_needed=5_000_000)
    services.connected.read.gap_view = gap(run=halted)
    assert "figures: run 3 halted: disk full (4.8 MiB needed)" in cli("status").out


def test_without_an_engine_the_write_mode_is_the_configurations(cli: Cli, services: FakeServices) -> None:
    services.connected.read.engine_view = None
    result = cli("status")
    assert "observe: nothing is written" in result.out
    assert "engine: none has run here yet" in result.out


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"breaker": BreakerState.OPEN}, "breaker open"),
        ({"hold_until": NOW.replace(minute=32), "hold_cause": "429"}, "hold 2m (429)"),
        ({"hold_until": NOW.replace(minute=29), "hold_cause": "429"}, "active"),
        ({"opens_at": NOW.replace(minute=32), "hours": "22:00-06:00 UTC"}, "off peak 2m (22:00-06:00 UTC)"),
    ],
)
def test_a_group_that_is_not_asked_says_why(
    cli: Cli, services: FakeServices, changed: dict[str, object], expected: str
) -> None:
    services.connected.read.host_views = [host(**changed)]
    assert f"europepmc  {expected}" in cli("status").out


def test_groups_come_by_what_an_operator_must_know_first(cli: Cli, services: FakeServices) -> None:
    later = NOW + timedelta(minutes=5)
    services.connected.read.host_views = [
        in_group("a-idle"),
        in_group("b-active", waiting=1),
        in_group("c-throttled", override=Override(0.5, None, later, "alice", "429s")),
        in_group("d-held", hold_until=later),
        in_group("e-broken", breaker=BreakerState.OPEN, breaker_until=later),
    ]
    rows = [line.split()[0] for line in cli("status").out.splitlines() if re.match("[a-e]-", line)]
    assert rows == ["d-held", "e-broken", "c-throttled", "b-active", "a-idle"]


# --- lists ------------------------------------------------------------------------------------------------


def test_attempts_passes_every_filter_on(cli: Cli, services: FakeServices) -> None:
    words = ["--group", "europepmc", "--outcome", "dead, transient", "--artifact", "figure-1", "--text", "x"]
    words += ["--host", "www.example.org"]
    assert cli("attempts", *words, "--limit", "7", "--before", "99").code == 0
    criteria, limit, before = services.connected.read.asked[0]
    assert (criteria.group, criteria.outcome, criteria.artifact_ids) == (
        "europepmc",
        "dead,transient",
        ("figure-1",),
    )
    assert (criteria.text, criteria.host, criteria.since) == ("x", "www.example.org", None)
    assert (limit, before) == (7, 99)


def test_attempts_prints_one_attempt_whole_with_each_request(cli: Cli, services: FakeServices) -> None:
    hops = (
        Hop(NOW, "HEAD", "https://europepmc.org/a.jpg", 301, 88, "to /b.jpg"),
        Hop(NOW, "GET", "https://europepmc.org/b.jpg", None, 3000, "no answer in time\x1b[2J"),
    )
    services.connected.read.attempt_details[7] = attempt_whole(attempt(7), hops=hops)
    result = cli("attempts", "7")
    assert result.code == 0
    assert result.out.startswith("attempt 7  ")
    assert re.search(r"HEAD +301 +88 +https://europepmc.org/a.jpg +to /b.jpg", result.out)
    assert re.search(r"GET +no answer +3000 +https://europepmc.org/b.jpg", result.out)
    assert "\x1b" not in result.out
    document = cli("attempts", "7", "--json").document["attempt"]
    assert [hop["method"] for hop in document["hops"]] == ["HEAD", "GET"]
    assert cli("attempts", "8").code == 1


def test_attempts_prints_nothing_raw(cli: Cli, services: FakeServices) -> None:
    services.connected.read.attempt_views = [attempt(1, reason=HOSTILE, artifact_id=HOSTILE, group=HOSTILE)]
    result = cli("attempts")
    assert result.out.count("\n") == 2
    assert not set("\x1b\x9b\u202e\r\ud83d") & set(result.out)
    raw = cli("attempts", "--json")
    assert raw.out.isascii() and "\x1b" not in raw.out
    assert raw.document["attempts"][0]["reason"] == HOSTILE


def test_lists_of_nothing_say_so(cli: Cli, services: FakeServices) -> None:
    read = services.connected.read
    read.attempt_views, read.batch_views, read.log_views = [], [], []
    assert cli("attempts").out == "no such attempt\n"
    assert cli("batches").out == "no batch yet\n"
    result = cli("log")
    assert (result.code, result.out) == (0, "the migration log is empty: nothing has been changed yet\n")
    assert cli("log", "--status", "mismatch").out == "no entry has the status hash_mismatch\n"
    assert cli("log", "--before", "7").out == "no older entry\n"
    assert cli("log", "--problems").out == "no entry is a problem\n"
    assert read.asked[-1] == (LogFilter(problems=True), 50, None)
    assert cli("log", "--json").document == {"log": []}


def test_the_migration_log_is_listed_by_status(cli: Cli, services: FakeServices) -> None:
    services.connected.read.log_views = [
        MigrationLogView(5, NOW, "a-1", "hash_mismatch", "sha256 differs", 12)
    ]
    result = cli("log", "--status", "hash_mismatch", "--limit", "3")
    assert services.connected.read.asked == [(LogFilter(statuses=("hash_mismatch",)), 3, None)]
    assert "5  2026-05-19 20:30:00Z  a-1       hash_mismatch  12  sha256 differs" in result.out


def test_batches_shows_both_stores(cli: Cli, services: FakeServices) -> None:
    result = cli("batches", "--job", "figures")
    assert (
        " 8  figures  done        2026-05-19 20:30:00Z      2      1     0      0     0  0123456789  pushed"
        in result.out
    )
    services.connected.read.batch_views = [
        batch(9, state=BatchState.ROLLED_BACK),
        batch(7, state=BatchState.EMPTY, commit=""),
    ]
    taken_back, empty = cli("batches").out.splitlines()[1:]
    assert "  taken back  " in taken_back and taken_back.endswith("  pushed")
    assert "  empty  " in empty and empty.endswith("  -           -")
    services.connected.read.batch_views = [batch()]
    assert cli("batches", "--json").document["batches"][0]["push"] == "pushed"


def test_plan_shows_counts_and_the_next_rows(cli: Cli) -> None:
    result = cli("plan", "figures")
    assert result.out.startswith("figures:\n  total 4302, with file 115, missing 3000, done 100, marked 1187")
    assert "figure-9  europepmc  2026-05-19 20:30:00Z  https://europepmc.org/9.jpg" in result.out
    assert list(cli("plan", "figures", "--json").document) == [
        "job",
        "note",
        "gap",
        "items",
        "held_back",
        "forecast",
    ]


def test_plan_and_status_say_what_held_back_rows_wait_on(cli: Cli, services: FakeServices) -> None:
    services.connected.read.gap_view = gap(held_back=2, held_back_for=(("a redo", 2),))
    services.connected.read.held_back = (
        PlanItem("figure-8", "europepmc", "https://x", "held_back", None, "a redo: taken back with batch 4"),
    )
    for command in (("plan", "figures"), ("status",)):
        assert "  2 held back until a redo" in cli(*command).out.splitlines()
    out = cli("plan", "figures").out
    assert "figure-8   europepmc  a redo: taken back with batch 4" in out
    assert "`scidex-console retry figures --outcome held_back` lists all of them" in out


def test_plan_and_status_say_how_many_of_those_due_have_failed_before(
    cli: Cli, services: FakeServices
) -> None:
    services.connected.read.gap_view = gap(due=300, due_again=(("blocked", 5), ("transient", 40)))
    for command in (("plan", "figures"), ("status",)):
        lines = cli(*command).out.splitlines()
        assert "  due again 45: blocked 5, transient 40" in lines
    services.connected.read.gap_view = gap()
    assert "due again" not in cli("status").out


def test_plan_shows_the_counts_of_the_job_that_cannot_run_yet(cli: Cli) -> None:
    assert cli("plan", "folders").code == 0


# --- checks -----------------------------------------------------------------------------------------------


def test_verify_fails_only_for_what_is_broken(cli: Cli, services: FakeServices) -> None:
    services.invariants = (
        Invariant("I1", "every path opens", True, 115),
        Invariant("I2", "every manifest is true", None, note="no folder was made"),
    )
    result = cli("verify")
    assert (result.code, result.out) == (
        0,
        "I1  holds   every path opens (115 checked)\n"
        "I2  n/a     every manifest is true (no folder was made)\n"
        "all that apply hold\n",
    )
    broken = tuple(f"figure-{n} is gone" for n in range(12))
    services.invariants = (Invariant("I9", "nothing shrinks", False, 12, broken),)
    result = cli("verify")
    assert result.code == 1
    assert (
        "I9  BROKEN  nothing shrinks (12 checked)\n            figure-0 is gone\n" in result.out
        and "and 2 more" in result.out
    )
    services.invariants = (
        InvariantResult("I9", "nothing shrinks", False, 500, broken, counted={"broken": 410}),
    )
    assert "            figure-9 is gone\n            and 400 more\n" in cli("verify").out
    document = cli("verify", "--json").document
    assert document["holds"] is False and len(document["invariants"][0]["broken"]) == 12


def test_doctor_says_how_to_mend_what_it_finds(cli: Cli, services: FakeServices) -> None:
    assert (cli("doctor").code, cli("doctor").out) == (
        0,
        "ok    database  PostgreSQL 18.4\nall is well\n",
    )
    services.findings = (*services.findings, Finding("schema", False, "version 2 pending", "schema apply"))
    result = cli("doctor")
    assert (result.code, result.out) == (
        1,
        "ok    database  PostgreSQL 18.4\n"
        "FAIL  schema    version 2 pending\n"
        "                mend: schema apply\n"
        "1 of 2 to mend\n",
    )
    assert cli("doctor", "--json").document["findings"][1]["fix"] == "schema apply"


# --- schema -----------------------------------------------------------------------------------------------


def test_schema_status_says_no_while_something_is_pending(cli: Cli) -> None:
    result = cli("schema", "status")
    assert result.code == 1
    assert "2  console           pending" in result.out
    assert cli("schema", "apply").out == "applied 2 console\n"
    assert cli("schema", "apply").out == "nothing was pending\n"
    assert cli("schema", "status").code == 0
    document = cli("schema", "status", "--json").document
    assert (document["current"], document["versions"][0]["applied_by"]) == (True, "bob")


def test_schema_revert_loses_state_only_when_told_so_by_name(cli: Cli, services: FakeServices) -> None:
    assert cli("schema", "revert").code == 1
    result = cli("schema", "revert", "--lose-migrated-state", "--json")
    assert (result.code, [item["version"] for item in result.document["reverted"]]) == (0, [1])
    assert services.runner.reverted_with == [False, True]


# --- report -----------------------------------------------------------------------------------------------


def test_the_report_is_markdown_or_json(cli: Cli) -> None:
    text = cli("report").out
    assert text.startswith("## Run 3 of figures (staging)\n\nFrom 2026-05-19 20:00:00Z to")
    assert "| europepmc.org | europepmc | 60 | 10 | 41 | 5 | 1 | 2 | 1 |" in text
    by_format, by_option = cli("report", "figures", "--format", "json"), cli("report", "--json")
    assert by_format.out == by_option.out
    document = by_option.document
    assert (document["run"], document["environment"], document["totals"]["hard_404"]) == (3, "staging", 41)


def test_all_runs_or_one_of_them_can_be_reported(cli: Cli, services: FakeServices) -> None:
    assert cli("report", "--run", "all", "--json").document["run"] is None
    assert cli("report", "--run", "2", "--json").document["run"] == 2
    services.connected.read.last_run = None
    assert cli("report", "--json").document["run"] is None


def test_a_report_says_so_when_it_counts_a_run_that_is_not_over(cli: Cli, services: FakeServices) -> None:
    assert "to 2026-05-19 20:30:00Z, so far: the run is running.\n" in cli("report").out
    assert cli("report", "--json").document["so_far"] == "running"
    assert "so far: the last run is running.\n" in cli("report", "--run", "all").out
    earlier = cli("report", "--run", "2")
    assert "so far" not in earlier.out and earlier.code == 0
    services.connected.read.last_run = run(state=RunState.PAUSED)
    assert "so far: the run is paused." in cli("report").out
    services.connected.read.last_run = run(state=RunState.DONE)
    assert "so far" not in cli("report").out
    assert cli("report", "--json").document["so_far"] is None


def test_after_a_run_that_attempted_nothing_the_others_are_pointed_to(
    cli: Cli, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "run 3 attempted nothing; `scidex-console report figures --run all` counts all runs\n"
    assert cli("report").err == ""
    read = services.connected.read
    filled = read.report

    async def nothing(job: JobName, run_id: int | None) -> dict[str, Any]:
        report = dict(await filled(job, run_id))
        return {**report, "totals": dict.fromkeys(report["totals"], 0), "hosts": []}

    monkeypatch.setattr(read, "report", nothing)
    assert cli("report").err == told
    assert cli("report", "--run", "all").err == ""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    file = tmp_path / "spec.md"
    file.write_bytes(b"# Spec\r\n\r\n## Work Log\r\n")
    file.chmod(0o640)
    return file


def test_the_report_is_added_once_when_the_run_is_over(cli: Cli, services: FakeServices, spec: Path) -> None:
    untouched = spec.read_bytes()
    early = cli("report", "--append-to", "spec.md")
    assert early.code == 1 and "run 3 is running: an entry is made once, when a run is over" in early.err
    assert spec.read_bytes() == untouched
    services.connected.read.last_run = run(state=RunState.DONE)
    first = cli("report", "--append-to", "spec.md", "--json")
    assert (first.code, first.document["appended"], first.document["appended_to"]) == (0, True, "spec.md")
    written = spec.read_bytes()
    assert written.startswith(untouched) and b"### Run 3 of figures (staging)\r\n" in written
    assert spec.stat().st_mode & 0o777 == 0o640
    second = cli("report", "--append-to", "spec.md", "--json")
    assert (second.code, second.document["appended"]) == (0, False)
    assert spec.read_bytes() == written
    assert [path.name for path in spec.parent.iterdir() if path.name.startswith(".spec")] == []


def test_an_earlier_run_is_over_even_while_the_last_one_goes_on(cli: Cli, spec: Path) -> None:
    assert cli("report", "--run", "2", "--append-to", "spec.md").code == 0
    assert b"### Run 2 of figures (staging)" in spec.read_bytes()


def test_a_link_to_a_specification_stays_a_link(cli: Cli, spec: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.md"
    link.symlink_to(spec)
    assert cli("report", "--run", "2", "--append-to", "link.md").code == 0
    assert link.is_symlink() and b"Run 2 of figures" in spec.read_bytes()


PLAIN = """[Team] Ask for the lost things again

Effort: some

Approach

  • Ask once per address, politely.
  • Emit a summary into the spec's Work Log.

Acceptance

  • Every row is accounted for.
"""
INDENTED = """    Goal

    One folder per thing.

    Work Log

    2026-05-01 — written down

    Payload
"""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["", "\n"])
def test_a_text_without_a_work_log_gets_one_at_its_end(cli: Cli, tmp_path: Path, end: str, last: str) -> None:
    before = (PLAIN.rstrip("\n") + last).replace("\n", end).encode()
    file = tmp_path / "plain.txt"
    file.write_bytes(before)
    file.chmod(0o640)
    result = cli("report", "--run", "2", "--append-to", "plain.txt")
    assert result.code == 0
    assert result.err.splitlines() == [
        'plain.txt had no "Work Log" heading; added one at its end',
        "added to plain.txt: Run 2 of figures (staging)",
    ]
    after = file.read_bytes()
    gap = end if last else end * 2
    assert after.startswith(
        before + f"{gap}## Work Log{end}{end}### Run 2 of figures (staging){end}".encode()
    )
    assert end == "\n" or after.count(b"\n") == after.count(b"\r\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert not cli("report", "--run", "2", "--append-to", "plain.txt", "--json").document["appended"]
    assert file.read_bytes() == after
    assert cli("report", "--run", "1", "--append-to", "plain.txt").code == 0
    assert file.read_bytes().count(b"## Work Log") == 1


def test_a_work_log_that_is_a_line_of_its_own_is_used(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "indented.txt").write_text(INDENTED)
    assert "had no" not in cli("report", "--run", "2", "--append-to", "indented.txt").err
    before, after = INDENTED.split("    2026-05-01")
    written = (tmp_path / "indented.txt").read_text()
    assert written.startswith(before + "### Run 2 of figures (staging)\n")
    assert written.endswith("    2026-05-01" + after)


def test_a_work_log_cannot_be_added_inside_a_code_block(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("# Spec\n\n```\n")
    result = cli("report", "--run", "2", "--append-to", "other.md")
    assert result.code == 1
    assert "other.md: there is no Work Log, and none can be added at the end" in result.err
    assert (tmp_path / "other.md").read_text() == "# Spec\n\n```\n"
    assert "cannot be read" in cli("report", "--run", "2", "--append-to", "nowhere.md").err


def test_without_a_run_there_is_nothing_to_append(cli: Cli, services: FakeServices, spec: Path) -> None:
    services.connected.read.last_run = None
    assert cli("report", "--append-to", "spec.md").code == 1


# --- one document, whatever the command -------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "status",
        "plan figures",
        "attempts",
        "log",
        "batches",
        "report",
        "verify",
        "doctor",
        "schema status",
        "schema apply",
        "retry figures",
        "rollback figures",
        "redo figures --batch 7",
        "start figures --no-wait",
    ],
)
def test_under_json_standard_output_is_one_document_and_nothing_else(cli: Cli, words: str) -> None:
    result = cli(*words.split(), "--json")
    document = json.loads(result.out)
    assert isinstance(document, dict) and "error" not in document
    assert result.out.endswith("}\n") and result.out.isascii()


def test_a_trial_of_the_rescue_says_how_many_live(cli: Cli, services: FakeServices) -> None:
    assert cli("plan", "figures", "--rescue").out.startswith("no figure that is gone has an address")
    one = RescueTry("fig-1", "http://a/x.png", "moved", "http://b/x.png", FetchClass.STORED, "PNG image")
    other = RescueTry("fig-2", "http://a/y.png", "moved", "http://b/y.png", FetchClass.DEAD, "404 Not Found")
    services.rescue = RescueTrial(17, (one, other))
    result = cli("plan", "figures", "--rescue", "--sample", "2")
    assert services.called[-1] == ("try_rescue", 2)
    command = "scidex-console plan figures --rescue --sample 2"
    assert result.err == f"intent 21: {command}\nwaits on 2 addresses tried so far\n"
    assert result.out.startswith("1 of 2 live, of 17 figures that are gone and may have moved\n")
    document = cli("plan", "figures", "--rescue", "--json").document
    assert (document["matching"], document["tried"], document["live"]) == (17, 2, 1)
    assert document["tries"][1]["outcome"] == "dead"
    assert cli("plan", "folders", "--rescue").code == 2
    without = cli("plan", "figures", "--sample", "3")
    assert without.code == 2 and "--sample is of --rescue" in without.err
