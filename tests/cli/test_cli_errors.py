"""Whatever goes wrong: one line on standard error, the right exit code, no traceback, still one document."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from scidex_console import __version__
from scidex_console.domain.errors import ConsoleError, Fenced, Halt, Refused, SchemaMismatch, Unreachable
from tests import warm
from tests.cli.conftest import Cli
from tests.cli.fakes import FakeServices

WRONG_USAGE = [
    (("frobnicate",), "argument COMMAND: invalid choice: 'frobnicate' (choose from demo, schema, doctor, "),
    (("pauze", "figures"), "argument COMMAND: invalid choice: 'pauze'; did you mean pause?\n"),
    (("staus",), "argument COMMAND: invalid choice: 'staus'; did you mean status?\n"),
    (("stop", "figures"), "argument COMMAND: invalid choice: 'stop'; did you mean pause or cancel?\n"),
    (("soak", "begn", "1"), "argument SOAK COMMAND: invalid choice: 'begn'; did you mean begin?\n"),
    (("triage", "decide", "acept", "x"), "argument DECISION: invalid choice: 'acept'; did you mean accept?"),
    (("report", "--format", "jsn"), "argument --format: invalid choice: 'jsn'; did you mean json?"),
    (("status", "--jso"), "there is no option --jso; did you mean --json?\n"),
    (("soak", "status", "--jso"), "there is no option --jso; did you mean --json?\n"),
    (("attempts", "--outcom=dead"), "there is no option --outcom; did you mean --outcome?\n"),
    (("attempts", "--outcom", "dead"), "there is no option --outcom; did you mean --outcome?\n"),
    (("--confg", "x", "status"), "there is no option --confg; did you mean --config?\n"),
    (("--json", "status"), "there is no option --json here; --json stands after its command\n"),
    (("status", "-x"), "there is no option -x; see `scidex-console status --help`\n"),
    (("verify", "it"), "unrecognized arguments: it; see `scidex-console verify --help`\n"),
    (("start", "figures", "--reason", "--wait"), "argument --reason: expected one argument"),
    (("start",), "the following arguments are required: JOB"),
    (("start", "everything"), "argument JOB: invalid choice: 'everything'"),
    (("step", "figures", "0"), "argument N: '0' is not a whole number from 1 on"),
    (("plan", "figures", "--limit", "-1"), "argument --limit: '-1' is not a whole number from 1 on"),
    (("attempts", "--since", "999999d"), "argument --since: '999999d' is neither a time"),
    (
        ("handover", "--since", "0001-01-01T00:00:00+14:00"),
        "argument --since: '0001-01-01T00:00:00+14:00' is nei",
    ),
    (("attempts", "--text", "\udcff"), "argument --text: '\\udcff' is not UTF-8"),
    (("triage", "show", "a\udcff"), "argument ID: 'a\\udcff' is not UTF-8"),
    (("activity", "--after", "2026-01-01/9223372036854775808"), "is no key that this command has printed"),
    (("attempts", "--since", "yesterday"), "argument --since: 'yesterday' is neither a time"),
    (("attempts", "--outcome", "lost"), "argument --outcome: 'lost' is not one or more of stored, dead"),
    (("start", "figures", "--wait", "5"), "argument --wait: '5' is not a duration such as 30s"),
    (("cancel", "figures"), "cancel: cancel needs a reason, which is kept with it; add --reason TEXT"),
    (("throttle", "europepmc", "--rate", "1"), "throttle: throttle needs a reason"),
    (("throttle", "europepmc", "--reason", "x"), "throttle: a throttle needs a budget; give --rate"),
    (("throttle", "europepmc", "--reason", "x", "--clear", "--rate", "1"), "--clear goes without --rate"),
    (
        ("throttle", "europepmc", "--reason", "x", "--rate", "0"),
        "argument --rate: '0' is not a number above 0",
    ),
    (("throttle", "europepmc", "--reason", "x", "--rate", "nan"), "'nan' is not a number above 0"),
    (("retry", "figures", "--token", "abc"), "retry: --token confirms an action, which needs a reason"),
    (("rollback", "figures", "--token", "abc"), "rollback: --token confirms an action"),
    (("redo", "figures"), "the following arguments are required: --batch"),
    (("retry", "figures", "--token", "a", "--reason", "x", "--since", "2h"), "must be the point in time"),
    (("status", "--watch", "--json"), "--watch prints lines, not one document"),
    (("schema", "status", "--lose-migrated-state"), "--lose-migrated-state goes with revert only"),
    (("schema", "drop"), "invalid choice: 'drop'"),
    (("engine", "--jobs", "figures,all"), "'figures,all' is not one or more of figures, folders"),
    (("demo", "--speed", "0"), "argument --speed: '0' is not a number above 0"),
    (("demo", "--until-idle"), "demo: --until-idle goes with --headless"),
    (("demo", "--scale", "huge"), "argument --scale: invalid choice: 'huge'"),
    (("report", "--run", "last"), "argument --run: 'last' is neither the id of a run nor 'all'"),
    (("report", "--run", "all", "--append-to", "x"), "a Work Log gets one entry per run"),
    (("console", "--json"), "there is no option --json; see `scidex-console console --help`\n"),
]


@pytest.mark.parametrize(("words", "expected"), WRONG_USAGE)
def test_wrong_usage_is_one_line_and_exit_code_2(cli: Cli, words: tuple[str, ...], expected: str) -> None:
    result = cli(*words)
    assert result.code == 2
    assert expected in result.err
    assert result.err.startswith("scidex-console: ") and result.err.count("\n") == 1


def test_a_class_of_another_job_is_wrong_usage(cli: Cli) -> None:
    result = cli("retry", "folders", "--outcome", "suspect")
    assert result.code == 2
    assert "rows of folders are never suspect; use one or more of error, hash_mismatch" in result.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unreachable("no answer", where="database scidex at db1", fix="start it"), 3),
        (SchemaMismatch("old", where="database", fix="run `scidex-console schema apply`"), 1),
        (Halt("disk full", bytes_needed=10), 4),
        (ConsoleError("x"), 1),
    ],
)
def test_an_expected_error_becomes_its_exit_code(
    cli: Cli, services: FakeServices, error: ConsoleError, code: int
) -> None:
    services.fails = error
    result = cli("status")
    assert (result.code, result.out, result.err) == (code, "", f"scidex-console: {error}\n")


def test_under_json_an_error_is_a_document_too(cli: Cli, services: FakeServices) -> None:
    services.fails = Unreachable("no answer", where="database", fix="start it")
    result = cli("status", "--json")
    assert result.code == 3
    assert result.document == {
        "error": {"what": "no answer", "where": "database", "fix": "start it", "exit_code": 3}
    }
    assert result.err == "scidex-console: database: no answer; start it\n"


def test_wrong_usage_under_json_is_a_document_too(cli: Cli) -> None:
    result = cli("start", "--json")
    assert result.code == 2
    assert result.document["error"]["exit_code"] == 2


def test_a_wrong_setting_is_exit_code_2_and_names_its_line(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[batch]\nfiles = 0\n")
    result = cli("status")
    assert (result.code, result.out) == (2, "")
    assert result.err == "scidex-console: config.toml:2: batch.files is 0; write a number, 1 or more\n"


@pytest.mark.parametrize("place", ["before", "after"])
def test_config_is_taken_before_and_after_the_command(cli: Cli, tmp_path: Path, place: str) -> None:
    (tmp_path / "other.toml").write_text("[batch]\nfiles = 0\n")
    words = ["--config", "other.toml"]
    result = cli(*words, "status") if place == "before" else cli("status", *words)
    assert "other.toml:2: batch.files" in result.err


def test_errors_of_several_tasks_are_told_as_one(cli: Cli, services: FakeServices) -> None:
    services.fails = ExceptionGroup("tasks", [ExceptionGroup("inner", [Fenced("another engine took over")])])
    result = cli("engine")
    assert (result.code, result.err) == (1, "scidex-console: another engine took over\n")


def test_what_nobody_expected_is_not_hidden(cli: Cli, services: FakeServices) -> None:
    services.fails = ExceptionGroup("tasks", [Refused("x"), ValueError("a bug")])
    with pytest.raises(ExceptionGroup):
        cli("engine")


def test_an_error_cannot_move_the_cursor(cli: Cli, services: FakeServices) -> None:
    services.fails = Refused("title \x1b[2J\u202e\nnext")
    result = cli("status")
    assert result.err == "scidex-console: title \\x1b[2J\\u202e\\nnext\n"


def test_the_engine_gets_its_jobs_and_its_exit_code_is_passed_on(cli: Cli, services: FakeServices) -> None:
    services.exit_code = 4
    assert cli("engine", "--jobs", "figures", "--until-idle").code == 4
    assert services.called == [("engine", frozenset({"figures"}), True)]


def test_the_demo_needs_no_configuration(cli: Cli, services: FakeServices, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("nonsense")
    result = cli(
        "demo", "--headless", "--until-idle", "--scale", "full", "--dir", "w", "--seed", "5", "--keep"
    )
    assert result.code == 0
    [(_, options, _)] = services.called
    assert (options.headless, options.until_idle, options.keep, options.stop) == (True, True, True, False)
    assert (options.directory, options.seed, options.speed) == (tmp_path / "w", 5, 1.0)
    assert options.scale.name == "full"


def test_help_and_version_answer_without_anything_else(capsys: pytest.CaptureFixture[str]) -> None:
    program = [sys.executable, "-m", "scidex_console.cli.main"]
    version = subprocess.run([*program, "--version"], capture_output=True, text=True, check=True)
    assert version.stdout == f"scidex-console {__version__}\n"
    for command in ("", "status", "start", "rollback", "demo"):
        words = [command] if command else []
        shown = subprocess.run([*program, *words, "--help"], capture_output=True, text=True, check=True)
        assert shown.stdout.startswith("usage: scidex-console") and shown.stderr == ""


SCRIPT = """
import sys
from scidex_console.cli.main import main
from datetime import timedelta
from scidex_console.domain.hosts import Override
from tests.cli.fakes import NOW, FakeServices, attempt, host
services = FakeServices()
lower = Override(0.5, None, NOW + timedelta(hours=1), "anna", "429s")
services.connected.read.host_views = [host(override=lower)]
services.connected.read.attempt_views = [attempt(n) for n in range(1, 20000)]
sys.exit(main(sys.argv[1:], services))
"""
ROOT = Path(__file__).resolve().parents[2]


def test_interrupted_while_watching_it_leaves_with_130() -> None:
    words = [sys.executable, "-c", SCRIPT, "status", "--watch"]
    with warm.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None and program.stderr is not None
        line = program.stdout.readline()
        assert "figures run 3 running: missing 3000 done " in line
        assert line.endswith(" | throttled: europepmc | figures 12.4/min, about 4h2m to go\n")
        program.send_signal(2)
        assert program.wait(30) == 130
        assert program.stderr.read() == "scidex-console: interrupted\n"


@pytest.mark.sweep
def test_a_reader_that_leaves_early_causes_no_traceback() -> None:
    words = [sys.executable, "-c", SCRIPT, "attempts", "--limit", "20000"]
    with warm.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None and program.stderr is not None
        program.stdout.readline()
        program.stdout.close()
        assert program.wait(30) == 1
        assert program.stderr.read() == ""
