"""What a key does, its command line does too: the same intent, the same plan, the same refusal.

Every action that has a key is gone through. One that is new fails here until it has a walk and a twin.
"""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from scidex_console.cli.main import parser
from scidex_console.console.keys import ORPHANS
from scidex_console.console.presentation.keys import KeyView
from scidex_console.console.screens.dialog import CHANGED, Dialog
from scidex_console.console.screens.listing import ListingScreen
from scidex_console.console.screens.main_screen import MainScreen
from scidex_console.console.screens.retry_dialog import RetryDialog
from scidex_console.console.screens.table import SCREENS
from scidex_console.domain.intents import ActionName
from tests.cli.conftest import Cli, Result
from tests.cli.conftest import cli as cli
from tests.cli.fakes import FakeServices
from tests.console.driving import Driver, notice, press, running, screen_text, until
from tests.console.fakes import World
from tests.console.soaks import seen
from tests.console.walks import WALKS, Walk, confirm, eventful_world, fill, to_dialog, to_screen
from tests.samples import sampled

SCREENS_OWN = {
    "back": "a matter of where one is",
    "copy_command": "gives the twins",
    "in_full": "shows what the screen cut",
    "read_now": "reads what every command reads when it is called",
    "palette": "lists the keys",
    "help": "lists the keys",
    "leave": "ends the console",
    "filter": "changes what is shown, and with it the twin of the row",
    "mark": "chooses rows, which then stand in the twin",
    "unmark": "chooses rows",
    "show_image": "draws in this terminal",
    "other_job": "chooses the job, which then stands in the twin",
    "next_pane": "moves the focus",
    **{entry.name: "goes to a screen" for entry in SCREENS},
}
"""Commands that are the screen's own, and why: the command line has nothing to do instead."""
PLACEHOLDERS = {
    "GROUP": "europepmc",
    "READER": "figure",
    "SHARE": "5",
    "N": "7",
    "ID": "11",
    "PHASE": "1",
    "STEP": "x",
    "CHECK": "x",
}
"""What stands in a twin before anything is asked, where the screen points at nothing."""


@dataclass
class Connected:
    """The console's world, as commands are connected to it."""

    read: Any
    desk: Any
    feed: Any
    triage: Any
    cleanup: Any


@pytest.fixture
def services() -> FakeServices:
    """Whatever world a test puts there."""
    return FakeServices()


def connect(services: FakeServices, world: World) -> None:
    services.connected = cast(Any, Connected(world.read, world.desk, world.feed, world.triage, world.cleanup))


async def run(cli: Cli, line: str) -> Result:
    """The command line as it was copied; it does not wait for an engine, since there is none."""
    program, *words = shlex.split(line)
    assert program == "scidex-console"
    return await asyncio.to_thread(cli, *words, "--no-wait")


def done(world: World) -> list[Any]:
    """What was put on the desks."""
    decided = [
        (p.decision, p.job, p.token, p.undoes, [i.artifact_id for i in p.items], reason)
        for p, reason in world.triage.decided
    ]
    tidied = [
        (found.preview.decision, found.preview.token, found.artifact_type, reason, typed)
        for found, reason, typed in world.cleanup.decided
    ]
    return [*world.desk.submitted, *decided, *tidied]


def own_actions() -> set[str]:
    """Actions and decisions that some key of some screen stands for."""
    keys = [key for entry in SCREENS for key in type(entry.make(World().app)).KEYS]
    keys += ORPHANS
    commands = {key.name for key in keys if key.command.startswith("decide_")} | {"undo_decision"}
    return {str(name) for key in keys for name in key.actions} | commands


def test_every_action_that_has_a_key_is_gone_through() -> None:
    assert set(WALKS) == own_actions()


def test_every_action_of_the_registry_is_on_a_key_or_answers_in_a_table() -> None:
    in_triage = {ActionName.TRIAGE}  # each decision has a key of its own
    on_the_command_line_alone = {ActionName.RESCUE}  # whose answer is a table
    assert set(ActionName) - in_triage - on_the_command_line_alone == own_actions() & set(ActionName)


_SAMPLE = ("pause", "step", "decide_accept")


@pytest.mark.parametrize("name", sampled(WALKS, _SAMPLE))
async def test_key_and_twin_do_the_same_and_refuse_the_same(
    name: str, cli: Cli, services: FakeServices
) -> None:
    walk = WALKS[name]
    world = walk.world()
    connect(services, world)
    outdated = ""
    async with running(world) as pilot:
        screen = await to_screen(pilot, walk)
        if walk.dialog is None:
            line = next(view.command for view in world.app.key_views() if view.shown == walk.key)
            await press(pilot, walk.key)
        else:
            await leaving_does_nothing(pilot, walk, screen)
            dialog = await to_dialog(pilot, walk)
            await fill(pilot, walk)
            if walk.stale:
                outdated = dialog.twin()
                dialog = await shown_anew(pilot, world, walk)
                await fill(pilot, walk)
            assert done(world) == [], "nothing is done before the plan as it is now is confirmed"
            line = dialog.twin()
            await press(pilot, "y")
            assert pilot.app.clipboard == line
            await confirm(pilot, walk)
        await until(pilot, lambda: done(world))
    result = await run(cli, line)
    assert result.code == 0, result.err
    by_key, by_command = done(world)
    assert by_command == by_key
    if outdated:
        refused = await run(cli, outdated)
        assert (refused.code, len(done(world))) == (1, 2)
        assert "nothing was done" in refused.err


async def leaving_does_nothing(pilot: Driver, walk: Walk, screen: MainScreen) -> None:
    """Neither by Esc nor by Enter, since the choices begin on doing nothing."""
    for key in ("escape", "enter"):
        await to_dialog(pilot, walk)
        await fill(pilot, walk)
        await press(pilot, key)
        await until(pilot, lambda: pilot.app.screen is screen)


async def shown_anew(pilot: Driver, world: World, walk: Walk) -> Dialog:
    """The world changes under the plan, which is confirmed; the plan as it is then is shown instead."""
    assert walk.stale is not None
    before = pilot.app.screen
    walk.stale(world)
    if (ladder := world.read.ladder) is not None:
        world.read.shown = replace(world.read.shown, soak=ladder)
    await confirm(pilot, walk)
    await until(pilot, lambda: pilot.app.screen is not before and CHANGED in screen_text(pilot))
    dialog = pilot.app.screen
    assert isinstance(dialog, walk.dialog or ()) and isinstance(dialog, Dialog)
    if isinstance(dialog, RetryDialog):
        await until(pilot, lambda: "token" in dialog.twin())
    return dialog


@pytest.mark.sweep
async def test_read_only_no_key_of_an_action_acts() -> None:
    world = World(seen(), read_only=True)
    async with running(world) as pilot:
        for walk in WALKS.values():
            screen = await to_screen(pilot, replace(walk, point=""))
            await press(pilot, walk.key)
            await until(pilot, lambda: "read-only" in notice(pilot))
            assert pilot.app.screen is screen, walk.key
        assert done(world) == []


def is_own(view: KeyView) -> bool:
    return view.name in SCREENS_OWN


async def test_every_key_of_every_screen_has_a_twin_that_can_be_run_or_is_the_screens_own() -> None:
    world = eventful_world()
    async with running(world) as pilot:
        for entry in SCREENS:
            await press(pilot, entry.key)
            screen = pilot.app.screen
            assert isinstance(screen, MainScreen)
            if isinstance(screen, ListingScreen):
                await until(pilot, lambda screen=screen: screen.table.current)  # type: ignore[misc]
            check_twins(world)
            if isinstance(screen, ListingScreen):
                await press(pilot, "enter")
                check_twins(world)


def check_twins(world: World) -> None:
    for view in world.app.key_views():
        if is_own(view):
            assert not view.command, view.name
            continue
        program, *words = shlex.split(view.command or f"{view.name} has no twin")
        assert program == "scidex-console", view.command
        parser().parse_args([PLACEHOLDERS.get(word, word) for word in words])
