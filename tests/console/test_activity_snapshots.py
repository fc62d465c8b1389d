"""How the activity screen looks, and what it leads to."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.console.driving import screen_text, until
from tests.console.fakes import PRESENT, World, an_overview, production
from tests.console.test_snapshots import Snap, drawn, no_surroundings

__all__ = ["no_surroundings"]

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


def pressed(world: World, *keys: str, words: str) -> Any:
    async def press(pilot: Pilot[Any]) -> None:
        for key, seen in zip(keys, (*["throttle europepmc"] * (len(keys) - 1), words), strict=True):
            await pilot.press(key)
            await until(pilot, lambda seen=seen: seen in screen_text(pilot))

    return drawn(world, press)


@SIZES
def test_activity(snap_compare: Snap, size: tuple[int, int]) -> None:
    world = World(production(an_overview(present=PRESENT)))
    assert snap_compare(
        world.app, terminal_size=size, run_before=pressed(world, "8", words="throttle europepmc")
    )


@SIZES
def test_one_act(snap_compare: Snap, size: tuple[int, int]) -> None:
    world = World(an_overview(present=PRESENT), theme="contrast")
    assert snap_compare(
        world.app, terminal_size=size, run_before=pressed(world, "8", "enter", words="2.0 → 0.5")
    )


@SIZES
def test_handover_note(snap_compare: Snap, size: tuple[int, int]) -> None:
    world = World(an_overview(present=PRESENT), read_only=True)
    assert snap_compare(
        world.app, terminal_size=size, run_before=pressed(world, "8", "h", words="Shift handover 2")
    )
