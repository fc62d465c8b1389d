"""How the console looks, pinned as SVG; `--snapshot-update` draws the pictures anew.

Time is frozen, the views are fixed, and each picture is taken once the first overview (and what a key opened)
is drawn.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from scidex_console.console.link import Pace
from scidex_console.console.screens.dialog import Dialog
from scidex_console.console.screens.help import HelpScreen
from scidex_console.domain.errors import Unreachable
from scidex_console.domain.runs import RunState
from scidex_console.domain.soak.ladder import Ladder
from scidex_console.engine.views import Overview
from tests.console import soaks
from tests.console.driving import ready, screen_text, text_of, until
from tests.console.fakes import World, observing, production, with_run

Snap = Callable[..., bool]
Before = Callable[[Pilot[Any]], Awaitable[None]]

SMALL, LARGE = (80, 24), (200, 50)
HALTED = with_run(RunState.HALTED, halt_reason="disk full on /srv/scidex", halt_bytes_needed=1_288_490_189)
PAUSED = with_run(RunState.PAUSED)


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says about colours must not decide a picture."""
    for name in ("NO_COLOR", "COLORTERM", "TEXTUAL", "TEXTUAL_FILTERS"):
        monkeypatch.delenv(name, raising=False)


def drawn(world: World, then: Before | None = None) -> Before:
    async def before(pilot: Pilot[Any]) -> None:
        await ready(pilot, world)
        if then:
            await then(pilot)

    return before


def opened(world: World, key: str, words: str) -> Before:
    async def press(pilot: Pilot[Any]) -> None:
        await pilot.press(key)
        await until(pilot, lambda: isinstance(pilot.app.screen, Dialog | HelpScreen))
        await until(pilot, lambda: words in screen_text(pilot))

    return drawn(world, press)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
@pytest.mark.parametrize(
    ("overview", "theme"),
    [
        pytest.param(None, "dark", id="running"),
        pytest.param(PAUSED, "light", id="paused-light"),
        pytest.param(production(HALTED), "dark", id="halted-production"),
    ],
)
def test_overview(snap_compare: Snap, overview: Overview | None, theme: str, size: tuple[int, int]) -> None:
    world = World(overview, theme=theme)
    assert snap_compare(world.app, terminal_size=size, run_before=drawn(world))


def test_overview_of_an_engine_that_only_observes(snap_compare: Snap) -> None:
    world = World(observing())
    assert snap_compare(world.app, terminal_size=SMALL, run_before=drawn(world))


def test_overview_without_colour(snap_compare: Snap) -> None:
    world = World(HALTED, theme="none")
    assert snap_compare(world.app, terminal_size=SMALL, run_before=drawn(world))


def test_overview_at_the_least_size(snap_compare: Snap) -> None:
    world = World()
    assert snap_compare(world.app, terminal_size=(60, 16), run_before=drawn(world))


def test_too_small(snap_compare: Snap) -> None:
    world = World()

    async def said(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: "50x12" in screen_text(pilot))

    assert snap_compare(world.app, terminal_size=(50, 12), run_before=said)


def test_stale(snap_compare: Snap) -> None:
    world = World()

    async def age(pilot: Pilot[Any]) -> None:
        world.time.passes(23)
        world.app.navigation.first.tick()
        await until(pilot, lambda: "STALE" in text_of(pilot, "#status"))

    assert snap_compare(world.app, terminal_size=SMALL, run_before=drawn(world, age))


def test_reconnecting(snap_compare: Snap) -> None:
    world = World(pace=Pace(at_most_every=0.001, poll_every=0.2, retry_after=0.2))

    async def lose(pilot: Pilot[Any]) -> None:
        world.read.fails = Unreachable("connection refused", where="database scidex at 127.0.0.1:5432")
        world.time.passes(34)
        await until(pilot, lambda: "RECONNECTING" in text_of(pilot, "#status"))

    assert snap_compare(world.app, terminal_size=SMALL, run_before=drawn(world, lose))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "200x50"])
def test_rollback_preview(snap_compare: Snap, size: tuple[int, int]) -> None:
    world = World(production())
    before = opened(world, "b", "REFUSED")
    assert snap_compare(world.app, terminal_size=size, run_before=before)


def test_retry_list(snap_compare: Snap) -> None:
    world = World()
    assert snap_compare(world.app, terminal_size=SMALL, run_before=opened(world, "r", "Retry 3 rows"))


def test_throttle_dialog(snap_compare: Snap) -> None:
    world = World()
    assert snap_compare(world.app, terminal_size=SMALL, run_before=opened(world, "t", "--for 2h"))


def test_help(snap_compare: Snap) -> None:
    world = World()
    assert snap_compare(world.app, terminal_size=SMALL, run_before=opened(world, "question_mark", "disabled"))


@pytest.mark.parametrize("size", [SMALL, (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    "ladder", [soaks.running(), soaks.failed(), soaks.opened()], ids=["running", "failed", "open"]
)
def test_soak(snap_compare: Snap, ladder: Ladder, size: tuple[int, int]) -> None:
    world = World(soaks.seen(ladder))

    async def go(pilot: Pilot[Any]) -> None:
        await pilot.press("7")
        await until(pilot, lambda: "gate " in screen_text(pilot))

    assert snap_compare(world.app, terminal_size=size, run_before=drawn(world, go))


def test_soak_override_dialog(snap_compare: Snap) -> None:
    world = World(soaks.seen())

    async def go(pilot: Pilot[Any]) -> None:
        await pilot.press("7")
        await until(pilot, lambda: "gate " in screen_text(pilot))
        await pilot.press("O")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dialog))
        await until(pilot, lambda: "15h to go" in screen_text(pilot))

    assert snap_compare(world.app, terminal_size=SMALL, run_before=drawn(world, go))
