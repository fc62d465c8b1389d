"""How the screens of hosts, attempts, the migration log and batches look, pinned as SVG at two sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from scidex_console.console.screens.listing import ListingScreen
from scidex_console.domain.runs import RunState
from scidex_console.engine.batch_views import LaterBatch
from tests.console.driving import press, screen_text, type_ahead, until
from tests.console.fakes import World, a_rollback, production, with_run
from tests.console.test_snapshots import Snap, drawn
from tests.console.test_snapshots import no_surroundings as no_surroundings

SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((120, 40), id="120x40")]
HALTED = production(with_run(RunState.HALTED, halt_reason="disk full"))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        pytest.param(("2",), "8 failures", id="hosts"),
        pytest.param(("2", "down", "enter"), "Budget", id="host"),
        pytest.param(("3", "space", "space"), "2 marked", id="attempts"),
        pytest.param(("3", "enter"), "What came", id="attempt"),
        pytest.param(("4",), "hash mismatch", id="log"),
        pytest.param(("4", "enter"), "metadata", id="artifact"),
        pytest.param(("5",), "taken back", id="batches"),
        pytest.param(("5", "enter"), "Rows and files", id="batch"),
        pytest.param(("5", "b"), "stands on this one", id="rollback"),
    ],
)
def test_screen(snap_compare: Snap, keys: tuple[str, ...], words: str, size: tuple[int, int]) -> None:
    world = World(production() if keys == ("5", "b") else None)
    world.read.rollback = replace(a_rollback(), later=(LaterBatch(14, 3),))

    async def go(pilot: Pilot[Any]) -> None:
        await press(pilot, keys[0])
        listing = pilot.app.screen
        assert isinstance(listing, ListingScreen)
        await until(pilot, lambda: listing.table.current is not None)
        await press(pilot, *keys[1:])
        await until(pilot, lambda: words in screen_text(pilot))

    assert snap_compare(world.app, terminal_size=size, run_before=drawn(world, go))


def test_attempts_in_production_without_colour_under_a_wrong_filter(snap_compare: Snap) -> None:
    world = World(HALTED, theme="none")

    async def go(pilot: Pilot[Any]) -> None:
        await press(pilot, "3")
        await until(pilot, lambda: "404 confirmed" in screen_text(pilot))
        type_ahead(pilot, "/", "host:ncbi class:ded", "enter")
        await until(pilot, lambda: "none of" in screen_text(pilot))

    assert snap_compare(world.app, terminal_size=(80, 24), run_before=drawn(world, go))


def test_attempts_at_the_least_size(snap_compare: Snap) -> None:
    world = World()

    async def go(pilot: Pilot[Any]) -> None:
        await press(pilot, "3")
        await until(pilot, lambda: "404 confirmed" in screen_text(pilot))

    assert snap_compare(world.app, terminal_size=(60, 16), run_before=drawn(world, go))


def test_attempts_that_are_old(snap_compare: Snap) -> None:
    world = World()

    async def go(pilot: Pilot[Any]) -> None:
        await press(pilot, "3")
        await until(pilot, lambda: "404 confirmed" in screen_text(pilot))
        world.time.passes(23)
        world.app.main_screen.tick()
        await until(pilot, lambda: "STALE" in screen_text(pilot))

    assert snap_compare(world.app, terminal_size=(80, 24), run_before=drawn(world, go))
