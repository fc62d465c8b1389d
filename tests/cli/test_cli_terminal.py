"""The console opens on a terminal only; anywhere else one line says so and nothing is drawn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.fakes import FakeServices

STREAMS = ("stdin", "stdout", "stderr")


def seat(monkeypatch: pytest.MonkeyPatch, *there: str) -> None:
    """Put these streams on a terminal, and the others not."""
    for name in STREAMS:
        monkeypatch.setattr(f"sys.{name}.isatty", lambda name=name: name in there)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize("missing", STREAMS)
@pytest.mark.parametrize("words", [(), ("console", "--read-only"), ("demo",)])
def test_without_a_terminal_nothing_opens(
    cli: Cli, services: FakeServices, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], missing: str
) -> None:
    seat(monkeypatch, *(name for name in STREAMS if name != missing))
    result = cli(*words)
    assert (result.code, result.out, services.called) == (2, "", [])
    assert "the console needs a terminal" in result.err and result.err.count("\n") == 1
    assert ("add --headless" in result.err) == (words == ("demo",))


def test_on_a_terminal_it_opens(cli: Cli, services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    seat(monkeypatch, *STREAMS)
    services.exit_code = 7
    assert [cli(*words).code for words in ((), ("console", "--read-only"), ("demo",))] == [7, 7, 7]
    assert [call[0] for call in services.called] == ["console", "console", "demo"]
    assert services.called[1][1:] == (True, "scidex-console")


def test_a_terminal_that_cannot_draw_is_refused_before_a_world_is_built_for_it(
    cli: Cli, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat(monkeypatch, *STREAMS)
    monkeypatch.setenv("TERM", "dumb")
    for words, instead in (
        ((), "status --watch"),
        (("console",), "status --watch"),
        (("demo",), "--headless"),
    ):
        result = cli(*words)
        assert (result.code, result.out, services.called) == (2, "", [])
        assert "TERM=dumb: the console cannot draw on a terminal of this kind" in result.err
        assert instead in result.err and result.err.count("\n") == 1
    assert cli("demo", "--headless").code == 0


def test_a_headless_demo_and_the_end_of_one_need_no_terminal(cli: Cli, services: FakeServices) -> None:
    assert cli("demo", "--headless").code == 0
    assert cli("demo", "--stop").code == 0
    assert cli("demo", "--stop", "--remove", "--dir", "w").code == 0
    options = [call[1] for call in services.called]
    assert [(each.stop, each.remove, each.everywhere) for each in options[1:]] == [
        (True, False, True),
        (True, True, False),
    ]


def test_the_real_program_from_a_pipe_draws_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scidex_console"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("scidex-console: console: the console needs a terminal")
    assert "\x1b" not in done.stderr
