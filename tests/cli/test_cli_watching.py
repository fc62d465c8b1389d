"""`status --watch` tells of what a person must see to, and calls one."""

from __future__ import annotations

from typing import Any

import pytest

from scidex_console.cli import watching
from scidex_console.domain.errors import Unreachable
from scidex_console.domain.runs import RunState
from scidex_console.engine.views import Overview
from tests.cli.conftest import Cli
from tests.cli.fakes import FakeServices, gap, run


@pytest.fixture
def halting(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that halts at the second look; the fourth finds no database."""
    read, looks = services.connected.read, [0]
    overview = read.overview

    async def look(**asked: Any) -> Overview:
        looks[0] += 1
        if looks[0] == 2:
            read.gap_view = gap(run=run(state=RunState.HALTED, halt_reason="disk full"))
        if looks[0] == 4:
            raise Unreachable("no answer")
        return await overview(**asked)

    monkeypatch.setattr(read, "overview", look)
    monkeypatch.setattr(watching, "EVERY_S", 0.0)


def test_a_halt_is_told_once_and_a_bell_rings_on_a_terminal_only(
    cli: Cli, services: FakeServices, halting: None
) -> None:
    shown = cli("status", "--watch")
    assert len(shown.out.splitlines()) == 2 and "halted" in shown.out.splitlines()[1]
    assert shown.err.count("scidex-console: figures run 3 halted") == 1 and "disk full" in shown.err
    assert "\a" not in shown.err + shown.out
    assert shown.code == 3


def test_a_program_of_the_operators_own_is_run_and_its_failure_told(
    cli: Cli, services: FakeServices, halting: None
) -> None:
    shown = cli("status", "--watch")
    [(_, text)] = [call for call in services.called if call[0] == "notify"]
    assert text.startswith("scidex-console: figures run 3 halted")
    assert "console.notify: it ended with 3" in shown.err
