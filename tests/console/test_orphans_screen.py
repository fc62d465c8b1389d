"""Files that no row claims: every key, what has to be typed, the type of an adoption, a plan gone stale."""

from __future__ import annotations

import pytest

from scidex_console.console.screens.decisions import DecisionsScreen
from scidex_console.console.screens.orphan_dialog import OrphanDialog
from scidex_console.console.screens.orphans import OrphansScreen
from scidex_console.domain.errors import GateShut
from scidex_console.domain.soak.ladder import read_ladder
from scidex_console.domain.soak.records import SoakRecord
from scidex_console.domain.triage import Decision
from tests.console.driving import Driver, notice, press, running, screen_text, until
from tests.console.fakes import World
from tests.console.soaks import seen
from tests.console.test_snapshots import SMALL, Snap, drawn, no_surroundings
from tests.domain.soak.samples import NOW

__all__ = ["no_surroundings"]


async def opened(pilot: Driver, world: World) -> OrphansScreen:
    await press(pilot, "6")
    await until(pilot, lambda: "waiting for a person" in screen_text(pilot))
    await press(pilot, "o")
    await until(pilot, lambda: "lost 1.png" in screen_text(pilot))
    screen = world.app.main_screen
    assert isinstance(screen, OrphansScreen)
    return screen


async def dialog(pilot: Driver, world: World, key: str) -> OrphanDialog:
    await press(pilot, key)
    await until(pilot, lambda: isinstance(world.app.screen, OrphanDialog))
    shown = world.app.screen
    assert isinstance(shown, OrphanDialog)
    return shown


async def test_marked_files_are_kept_after_a_preview_that_starts_on_cancel() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await opened(pilot, world)
        await press(pilot, "down", "space", "space")
        shown = await dialog(pilot, world, "o")
        assert shown.preview.decision is Decision.KEEP
        assert [item.artifact_id for item in shown.preview.items] == [
            "figures/lost 1.png",
            "figures/lost [1].png",
        ], "a name is no pattern"
        assert "cleanup decide keep 'figures/lost 1.png' 'figures/lost [[]1].png'" in shown.twin()
        await press(pilot, *"why", "enter", "enter")
        await until(pilot, lambda: world.app.screen is screen)
        assert world.cleanup.decided == [], "Enter in the last field comes to Cancel"
        await dialog(pilot, world, "o")
        await press(pilot, *"why", "enter", "right", "enter")
        await until(pilot, lambda: world.cleanup.decided)
        ((found, reason, typed),) = world.cleanup.decided
        assert (len(found.preview.applied), reason, typed) == (2, "why", "")
        assert screen.table.marked == {}, "what was decided on is not decided on again"


async def test_what_is_deleted_has_to_be_typed() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, world)
        shown = await dialog(pilot, world, "d")
        await press(pilot, *"delete", "enter", *"why", "enter", "right", "enter")
        await until(pilot, lambda: "has to be typed: delete 1 file" in screen_text(pilot))
        assert world.app.screen is shown and world.cleanup.decided == []
        await press(pilot, "shift+tab", "shift+tab", "end", *" 1 file", "enter", "enter", "right", "enter")
        await until(pilot, lambda: world.cleanup.decided)
        assert world.cleanup.decided[0][1:] == ("why", "delete 1 file")


@pytest.mark.sweep
async def test_a_type_that_is_given_for_an_adoption_makes_another_plan_which_is_shown_first() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, world)
        first = await dialog(pilot, world, "a")
        assert first.preview.applied == () and "README.md" in screen_text(pilot)
        await press(pilot, *"dataset", "enter", *"why", "enter", "right", "enter")
        await until(pilot, lambda: "as dataset: look again" in screen_text(pilot))
        second = world.app.screen
        assert isinstance(second, OrphanDialog) and len(second.preview.applied) == 1
        assert "--type dataset" in second.twin() and world.cleanup.decided == []
        await press(pilot, "enter", *"why", "enter", "right", "enter")
        await until(pilot, lambda: world.cleanup.decided)
        assert world.cleanup.decided[0][0].artifact_type == "dataset"


async def test_a_plan_that_has_become_stale_is_shown_anew_and_nothing_is_done() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, world)
        await dialog(pilot, world, "o")
        world.cleanup.token = "other0000000"
        await press(pilot, *"why", "enter", "right", "enter")
        await until(pilot, lambda: "nothing was done" in screen_text(pilot))
        assert isinstance(world.app.screen, OrphanDialog) and world.cleanup.decided == []


async def test_a_dialog_says_at_once_that_nothing_is_cleaned_up_yet() -> None:
    world = World(seen(read_ladder(SoakRecord(now=NOW))))
    async with running(world) as pilot:
        await opened(pilot, world)
        await dialog(pilot, world, "d")
        shown = " ".join(screen_text(pilot).split())
        assert "not yet: nothing is cleaned up before phase 5: no phase was begun yet" in shown
        assert "about files that no row claims" in shown


async def test_a_shut_gate_is_told_in_words() -> None:
    world = World()
    world.cleanup.fails = GateShut("phase 4 has not held for 30 days", where="cleanup", fix="wait")
    async with running(world) as pilot:
        await opened(pilot, world)
        await dialog(pilot, world, "o")
        await press(pilot, *"why", "enter", "right", "enter")
        await until(pilot, lambda: "phase 4 has not held for 30 days" in notice(pilot))


@pytest.mark.sweep
async def test_patterns_filter_and_undo_lists_what_was_decided_and_escape_goes_back() -> None:
    world = World()
    async with running(world) as pilot:
        screen = await opened(pilot, world)
        assert screen.twin() == "cleanup orphans"
        await press(pilot, "/", *"notes README.md", "enter")
        await until(pilot, lambda: "lost 1.png" not in screen_text(pilot))
        assert "run.sh" in screen_text(pilot) and screen.twin() == "cleanup orphans notes README.md"
        await press(pilot, "/", "ctrl+u", *"'notes", "enter")
        await until(pilot, lambda: "no closing quotation" in screen_text(pilot))
        await press(pilot, "escape", "u")
        await until(pilot, lambda: isinstance(world.app.screen, DecisionsScreen))
        await press(pilot, "escape", "escape", "escape")
        await until(pilot, lambda: world.app.main_screen is not screen)


@pytest.mark.parametrize("options", [{"read_only": True}, {}])
async def test_nothing_is_decided_by_who_only_watches_or_without_a_file(options: dict[str, bool]) -> None:
    world = World(**options)  # type: ignore[arg-type]
    if not options:
        world.cleanup.left = ()
    async with running(world) as pilot:
        await press(pilot, "6")
        await until(pilot, lambda: "waiting for a person" in screen_text(pilot))
        await press(pilot, "o")
        await until(pilot, lambda: isinstance(world.app.main_screen, OrphansScreen))
        await until(pilot, lambda: ("README.md" if options else "some row's") in screen_text(pilot))
        await press(pilot, "d")
        await until(pilot, lambda: "d delete: " in notice(pilot))
        assert ("read-only" if options else "there is no row here") in notice(pilot)


def at_orphans(world: World, *keys: str) -> object:
    async def go(pilot: Driver) -> None:
        await opened(pilot, world)
        await press(pilot, *keys)
        if keys[-1:] == ("d",):
            await until(pilot, lambda: isinstance(world.app.screen, OrphanDialog))
        await until(pilot, lambda: screen_text(pilot))

    return drawn(world, go)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [SMALL, (120, 40)], ids=["80x24", "120x40"])
def test_orphans(snap_compare: Snap, size: tuple[int, int]) -> None:
    world = World()
    assert snap_compare(world.app, terminal_size=size, run_before=at_orphans(world, "space", "down"))


def test_orphan_dialog(snap_compare: Snap) -> None:
    world = World()
    assert snap_compare(
        world.app, terminal_size=SMALL, run_before=at_orphans(world, "space", "space", "space", "d")
    )
