"""Runs the command line in this process, over the fakes, in an empty folder with an empty environment."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scidex_console.cli.main import main
from tests.cli.fakes import FakeServices


@dataclass(frozen=True)
class Result:
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document it must be."""
        return json.loads(self.out)


Cli = Callable[..., Result]


@pytest.fixture
def services() -> FakeServices:
    """What the commands of this test call; change it before the call."""
    return FakeServices()


@pytest.fixture
def cli(
    services: FakeServices,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Cli:
    """Call the program with these words."""
    for name in [name for name in os.environ if name.startswith("SCIDEX_CONSOLE")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user"))
    monkeypatch.setenv("SCIDEX_CONSOLE__ENVIRONMENT__NAME", "staging")
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Result:
        code = main(list(words), services)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call
