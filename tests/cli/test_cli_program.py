"""Command lines handed out work as they stand: how the program is run, and with which configuration."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from scidex_console.cli.program import Program, path_of
from scidex_console.domain.checks import Finding
from scidex_console.domain.errors import Refused
from scidex_console.domain.intents import IntentState
from tests.cli.conftest import Cli
from tests.cli.fakes import FakeServices, intent


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    """A program of our name, in a folder with a blank."""
    path = tmp_path / "my tools" / "scidex-console"
    path.parent.mkdir()
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_found_by_its_name_it_is_called_by_its_name(
    executable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(executable.parent))
    assert path_of(str(executable)) == "scidex-console"


def test_not_found_by_its_name_it_is_called_by_its_path_from_wherever_it_is_pasted(
    executable: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(executable.parent.parent)
    assert path_of(str(executable)) == shlex.quote(str(executable))
    assert path_of("my tools/scidex-console") == shlex.quote(str(executable))


def test_another_program_of_that_name_on_the_path_is_not_taken_for_ours(
    executable: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(executable.parent))
    other = tmp_path / "scidex-console"
    other.write_text("#!/bin/sh\n")
    assert path_of(str(other)) == str(other)


def test_run_as_a_module_it_is_called_as_one() -> None:
    assert path_of("/x/scidex_console/__main__.py") == f"{shlex.quote(sys.executable)} -m scidex_console"
    assert path_of("/x/scidex_console/cli/main.py") == f"{shlex.quote(sys.executable)} -m scidex_console"


def test_only_command_lines_between_backticks_change_and_demo_needs_no_configuration() -> None:
    program = Program(".venv/bin/scidex-console", lambda: Path("my world/config.toml"))
    text = (
        "run `scidex-console engine`, `scidex-console`, or `scidex-console demo --stop`; not scidex-console x"
    )
    here = ".venv/bin/scidex-console"
    config = f"--config {shlex.quote(str(Path.cwd() / 'my world' / 'config.toml'))}"
    assert program.told(text) == (
        f"run `{here} {config} engine`, `{here} {config}`, or `{here} demo --stop`; not scidex-console x"
    )


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "site.toml"
    path.write_text('[environment]\nname = "site"\n')
    return path


def test_a_preview_is_confirmed_with_the_same_configuration(cli: Cli, config: Path) -> None:
    start = f"scidex-console --config {config} retry figures"
    result = cli("retry", "figures", "--config", config.name)
    assert result.out.splitlines()[-1].startswith(f"  {start} --token aaaaaaaaaaaa --reason")
    assert cli("--config", config.name, "retry", "figures", "--json").document["confirm"].startswith(start)


def test_a_configuration_named_in_the_environment_is_handed_on(
    cli: Cli, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCIDEX_CONSOLE_CONFIG", str(config))
    assert f"scidex-console --config {config} rollback figures" in cli("rollback", "figures").out


def test_a_configuration_that_is_simply_found_is_not_named(cli: Cli, config: Path) -> None:
    config.rename(config.with_name("config.toml"))
    assert "  scidex-console rollback figures" in cli("rollback", "figures").out


def test_errors_outcomes_and_findings_hand_out_such_command_lines(
    cli: Cli, services: FakeServices, config: Path
) -> None:
    services.connected.read.settling = [intent(state=IntentState.REFUSED, outcome="see `scidex-console log`")]
    result = cli("pause", "figures", "--config", "site.toml")
    assert result.out == f"refused: see `scidex-console --config {config} log`\n"
    assert result.err.startswith(f"intent 21: scidex-console --config {config} pause figures")
    services.findings = (Finding("schema", False, "pending", "run `scidex-console schema apply`"),)
    result = cli("doctor", "--config", "site.toml", "--json")
    assert result.document["findings"][0]["fix"] == f"run `scidex-console --config {config} schema apply`"
    services.fails = Refused("no", fix="see `scidex-console status`")
    result = cli("--config", "site.toml", "attempts", "--json")
    assert f"`scidex-console --config {config} status`" in result.err
    assert result.document["error"]["fix"] == f"see `scidex-console --config {config} status`"


def test_a_setting_that_the_environment_gives_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "check that [database] url is right"
    monkeypatch.delenv("SCIDEX_CONSOLE__DATABASE__URL", raising=False)
    assert Program().told(text) == text
    monkeypatch.setenv("SCIDEX_CONSOLE__DATABASE__URL", "postgresql:///x")
    assert Program().told(text) == "check that $SCIDEX_CONSOLE__DATABASE__URL is right"


def test_doctor_is_told_which_file_it_judges(cli: Cli, services: FakeServices, config: Path) -> None:
    cli("doctor", "--config", config.name)
    cli("doctor")
    assert services.called == [("doctor", config), ("doctor", None)]
