"""How triage looks, pinned as SVG."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from scidex_console.console.screens.decision_dialog import DecisionDialog
from scidex_console.console.screens.decisions import DecisionsScreen
from scidex_console.console.screens.picture import PictureScreen
from scidex_console.console.screens.triage import TriageScreen
from scidex_console.domain.runs import RunState
from tests.console.driving import screen_text, until
from tests.console.fakes import World, production, with_run
from tests.console.test_snapshots import SMALL, Snap, drawn, no_surroundings

__all__ = ["no_surroundings"]

MIDDLE = (120, 40)
SIZES = pytest.mark.parametrize("size", [SMALL, MIDDLE], ids=["80x24", "120x40"])


def at_triage(world: World, *keys: str, until_seen: Callable[[], object] = lambda: True) -> Any:
    async def go(pilot: Pilot[Any]) -> None:
        await pilot.press("6")
        screen = world.app.main_screen
        await until(pilot, lambda: isinstance(world.app.main_screen, TriageScreen))
        screen = world.app.main_screen
        assert isinstance(screen, TriageScreen)
        await until(pilot, lambda: screen.evidence)
        for key in keys:
            await pilot.press(key)
            await until(pilot, lambda: screen.evidence)
        await until(pilot, until_seen)
        await until(pilot, lambda: screen_text(pilot))

    return drawn(world, go)


@SIZES
def test_triage(snap_compare: Snap, size: tuple[int, int]) -> None:
    world = World()
    assert snap_compare(world.app, terminal_size=size, run_before=at_triage(world))


def test_triage_in_production_with_marks(snap_compare: Snap) -> None:
    world = World(production(with_run(RunState.PAUSED)), theme="light")
    before = at_triage(world, "space", "space")
    assert snap_compare(world.app, terminal_size=MIDDLE, run_before=before)


def test_evidence_alone(snap_compare: Snap) -> None:
    world = World()
    assert snap_compare(world.app, terminal_size=SMALL, run_before=at_triage(world, "enter"))


def test_triage_read_only_without_colour(snap_compare: Snap) -> None:
    world = World(theme="none", read_only=True)
    assert snap_compare(world.app, terminal_size=SMALL, run_before=at_triage(world))


@SIZES
def test_decision_dialog(snap_compare: Snap, size: tuple[int, int]) -> None:
    world = World()
    is_open = lambda: isinstance(world.app.screen, DecisionDialog)  # noqa: E731
    before = at_triage(world, "space", "space", "space", "a", until_seen=is_open)
    assert snap_compare(world.app, terminal_size=size, run_before=before)


def test_decisions_of_lately(snap_compare: Snap) -> None:
    world = World()
    is_open = lambda: isinstance(world.app.screen, DecisionsScreen)  # noqa: E731
    assert snap_compare(world.app, terminal_size=SMALL, run_before=at_triage(world, "u", until_seen=is_open))


def test_image(snap_compare: Snap) -> None:
    world = World()

    async def drawn_whole(pilot: Pilot[Any]) -> None:
        await at_triage(world, "down", "down")(pilot)
        await pilot.press("i")
        await until(pilot, lambda: isinstance(world.app.screen, PictureScreen))
        await until(pilot, lambda: "640x480" in screen_text(pilot))

    before: Callable[[Pilot[Any]], Awaitable[None]] = drawn_whole
    assert snap_compare(world.app, terminal_size=SMALL, run_before=before)
