"""Every key of every screen and of every dialog is pressed, and does what it says.

The tables below name each; a key or a dialog that is new fails here until it has its line.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import pytest
from textual.binding import Binding
from textual.command import CommandPalette
from textual.screen import ModalScreen
from textual.widgets import Input

from scidex_console.console import screens
from scidex_console.console.app import ConsoleApp
from scidex_console.console.screens.activity import HandoverScreen
from scidex_console.console.screens.attempts import AttemptsScreen
from scidex_console.console.screens.copied import CopiedScreen
from scidex_console.console.screens.decisions import DecisionsScreen
from scidex_console.console.screens.detail import DetailScreen
from scidex_console.console.screens.dialog import Dialog
from scidex_console.console.screens.help import HelpScreen
from scidex_console.console.screens.in_full import InFullScreen
from scidex_console.console.screens.listing import ListingScreen
from scidex_console.console.screens.main_screen import MainScreen
from scidex_console.console.screens.migration_log import MigrationLogScreen
from scidex_console.console.screens.orphans import OrphansScreen
from scidex_console.console.screens.picture import PictureScreen
from scidex_console.console.screens.retry_dialog import RetryDialog
from scidex_console.console.screens.soak_dialogs import SoakDialog
from scidex_console.console.screens.step_dialog import StepDialog
from scidex_console.console.screens.table import SCREENS
from scidex_console.console.screens.too_small import TooSmallScreen
from scidex_console.console.screens.triage import TriageScreen
from scidex_console.console.screens.withdraw_dialog import WithdrawDialog
from scidex_console.domain.errors import ConsoleError
from tests.console.driving import Driver, notice, press, running, until
from tests.console.fakes import World
from tests.console.walks import WALKS, Walk, eventful_world, to_dialog, to_screen
from tests.samples import sampled

# --- screens ----------------------------------------------------------------------------------------------

Seen = Callable[[World, MainScreen], Any]
"""What is to be seen once a key was pressed on a screen."""


def shows(kind: type[Any]) -> Seen:
    """That something else is on show now."""
    return lambda world, screen: isinstance(world.app.screen, kind)


def _listing(screen: MainScreen) -> ListingScreen[Any]:
    assert isinstance(screen, ListingScreen)
    return screen


EFFECTS: Mapping[str, Seen] = {
    "withdraw": shows(WithdrawDialog),
    "copy_command": lambda world, screen: world.app.clipboard.startswith("scidex-console "),
    "read_now": lambda world, screen: world.read.readings > world.read_before,  # type: ignore[attr-defined]
    "in_full": shows(InFullScreen),
    "palette": shows(CommandPalette),
    "help": shows(HelpScreen),
    "filter": lambda world, screen: isinstance(world.app.focused, Input),
    "mark": lambda world, screen: len(_listing(screen).table.marked) == 1,
    "unmark": lambda world, screen: not _listing(screen).table.marked,
    "open": lambda world, screen: (
        isinstance(world.app.screen, DetailScreen | MainScreen)
        and (world.app.screen is not screen or screen.has_class("-alone"))
    ),
    "other_job": lambda world, screen: screen.job == "folders",
    "next_pane": lambda world, screen: world.app.focused is not None,
    "attempts": shows(AttemptsScreen),
    "problems": lambda world, screen: (
        isinstance(screen, MigrationLogScreen) and screen.filter.in_force == "status:problems"
    ),
    "everything": lambda world, screen: world.read.activity_asked[-1].everything,
    "handover": shows(HandoverScreen),
    "show_image": shows(PictureScreen),
    "open_orphans": shows(OrphansScreen),
    "do_step": shows(StepDialog),
    "back": lambda world, screen: world.app.screen is not screen,
    "leave": lambda world, screen: world.app.return_code == 0,
    **{
        entry.name: lambda world, screen, entry=entry: (  # type: ignore[misc]
            world.app.screen is world.app.navigation.screen_of(entry.name)
        )
        for entry in SCREENS
    },
}
"""By the name of a key that stands for no action of the registry; those are walked by `test_twins`."""
LAST = ("back", "leave")


async def _arrive(pilot: Driver, number: str) -> MainScreen:
    screen = await to_screen(pilot, Walk("", number))
    if isinstance(screen, TriageScreen):
        await press(pilot, "home")
        while screen.evidence is None or screen.evidence.case.artifact_type != "figure":
            await press(pilot, "down")  # to an image, which can be drawn
            await until(pilot, lambda: screen.evidence is not None)
    return screen


async def _return(pilot: Driver, number: str, screen: MainScreen) -> None:
    """To the screen as it was, out of whatever a key has led to."""
    while isinstance(pilot.app.screen, ModalScreen) or isinstance(pilot.app.focused, Input):
        await press(pilot, "escape")
    if screen.has_class("-alone"):
        await press(pilot, "escape")
    await press(pilot, number)
    assert pilot.app.screen is screen


@pytest.mark.sweep
async def test_every_key_of_every_screen_does_what_it_says() -> None:
    world = eventful_world()
    tried: set[str] = set()
    async with running(world, (120, 40)) as pilot:
        for entry in SCREENS:
            screen = await _arrive(pilot, entry.key)
            for name in [key.name for key in world.app.table.keys if _is_own(key)]:
                if name in LAST or (name.startswith("screen_") and entry is not SCREENS[0]):
                    continue
                if name == "show_image":  # marking has moved the cursor
                    await _arrive(pilot, entry.key)
                tried |= await _press_one(pilot, world, screen, name)
                await _return(pilot, entry.key, screen)
        screen = await _arrive(pilot, "3")
        for name in LAST:
            tried |= await _press_one(pilot, world, screen, name)
    assert tried == set(EFFECTS), "each was possible on some screen"


async def test_no_key_of_any_screen_ends_a_console_that_has_read_nothing_yet() -> None:
    world = World()
    world.read.fails = ConsoleError("no answer", where="database scidex", fix="start it")
    tried: set[str] = set()
    async with world.app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: world.app.knowledge().trouble)
        for entry in SCREENS:
            await press(pilot, entry.key)
            screen = world.app.main_screen
            for key in [
                key for key in world.app.table.keys if key.name not in tried and key.command != "leave"
            ]:
                tried |= set() if key in screen.KEYS else {key.name}
                await press(pilot, {"slash": "/", "asterisk": "*"}.get(key.key, key.key))
                if isinstance(world.app.focused, Input) or world.app.screen is not world.app.main_screen:
                    await press(pilot, "escape")
                if world.app.screen is not screen:
                    await press(pilot, entry.key)
    assert world.desk.submitted == []


def _is_own(key: Any) -> bool:
    """Whether a key stands for no action that is walked elsewhere."""
    return not key.actions and key.name not in WALKS


async def _press_one(pilot: Driver, world: World, screen: MainScreen, name: str) -> set[str]:
    """Press it; its name if it was possible, else nothing, once it has said why not."""
    key = next(key for key in world.app.table.keys if key.name == name)
    why_not = world.app.table.why_not(key)
    world.read_before = world.read.readings  # type: ignore[attr-defined]
    await press(pilot, {"slash": "/", "asterisk": "*"}.get(key.key, key.key))
    if why_not:
        await until(pilot, lambda: why_not[:20] in notice(pilot))
        return set()
    await until(pilot, lambda: EFFECTS[name](world, screen))
    return {name}


# --- dialogs ----------------------------------------------------------------------------------------------


def modal_screens() -> Iterator[type[ModalScreen[Any]]]:
    """Every class of them that can be opened."""
    for module in pkgutil.iter_modules(screens.__path__):
        name = f"{screens.__name__}.{module.name}"
        for kind in vars(importlib.import_module(name)).values():
            if not isinstance(kind, type) or kind.__module__ != name or kind in (Dialog, SoakDialog):
                continue
            if issubclass(kind, ModalScreen):
                yield kind


async def _by_key(pilot: Driver, *keys: str) -> None:
    await press(pilot, *keys)


async def _undo_list(pilot: Driver) -> None:
    await to_screen(pilot, WALKS["undo_decision"])
    await press(pilot, "u")


async def _image(pilot: Driver) -> None:
    await _arrive(pilot, "6")
    await press(pilot, "i")


async def _copied(pilot: Driver) -> None:
    assert isinstance(pilot.app, ConsoleApp)
    pilot.app.copy("scidex-console " + "x" * 200)


async def _small(pilot: Driver) -> None:
    await pilot.resize_terminal(40, 10)


OTHERS: Mapping[type[ModalScreen[Any]], Callable[[Driver], Awaitable[None]]] = {
    WithdrawDialog: lambda pilot: _by_key(pilot, "w"),
    HelpScreen: lambda pilot: _by_key(pilot, "?"),
    InFullScreen: lambda pilot: _by_key(pilot, "x"),
    DecisionsScreen: _undo_list,
    PictureScreen: _image,
    CopiedScreen: _copied,
    TooSmallScreen: _small,
}
"""How each is opened that is no dialog of an action; those are in `WALKS`."""
DIALOGS = {walk.dialog: walk for walk in WALKS.values() if walk.dialog}


def test_every_dialog_can_be_opened_by_these_tests() -> None:
    assert set(modal_screens()) == {*OTHERS, *DIALOGS}


def keys_of(kind: type[ModalScreen[Any]]) -> list[tuple[str, str]]:
    """Each key of a dialog and what it does, those of its bases included; the nearest counts."""
    found: dict[tuple[str, bool], str] = {}
    for base in kind.__mro__:
        if base in (ModalScreen, *ModalScreen.__mro__):
            break
        for binding in vars(base).get("BINDINGS", ()):
            assert isinstance(binding, Binding)
            for key in binding.key.split(","):
                found.setdefault((key, binding.priority), binding.action)
    return [(key, action) for (key, _), action in found.items()]


LEAVES = ("cancel", "leave", "keep", "app.leave")


async def _check(pilot: Driver, screen: ModalScreen[Any], key: str, action: str) -> None:
    """Press a key of an open dialog and see its effect."""
    app, focused = pilot.app, pilot.app.focused
    if action in LEAVES:
        await press(pilot, key)
        await until(pilot, lambda: app.screen is not screen or app.return_code == 0)
    elif action == "copy":
        if key == "y":
            screen.query_one("#choices, CellTable").focus()
        app.copy_to_clipboard("nothing")
        await press(pilot, key)
        await until(pilot, lambda: app.clipboard.startswith("scidex-console "))
    elif action in ("app.focus_next", "app.focus_previous"):
        await press(pilot, key)
        await until(pilot, lambda: app.focused is not focused)
    elif action == "next_field":
        field = screen.query(Input).first()
        field.focus()
        await pilot.pause()
        await press(pilot, key)
        await until(pilot, lambda: app.focused is not field)
    elif action == "choose":
        await press(pilot, key)
        await until(pilot, lambda: app.screen is not screen)
    else:
        assert isinstance(screen, RetryDialog) and action in ("next_outcome", "next_group"), action
        before = screen.criteria
        await press(pilot, key)
        await until(pilot, lambda: screen.criteria != before)


_SAMPLE = ("StepDialog", "HelpScreen", "InFullScreen", "TooSmallScreen")


@pytest.mark.parametrize("kind", sampled([*OTHERS, *DIALOGS], _SAMPLE, name=lambda kind: kind.__name__))
async def test_every_key_of_a_dialog_does_what_it_says(kind: type[ModalScreen[Any]]) -> None:
    walk = DIALOGS.get(kind)
    world = walk.world() if walk else eventful_world()
    async with running(world) as pilot:
        if walk:
            await to_screen(pilot, walk)
        for key, action in sorted(keys_of(kind), key=lambda found: found[1] == "app.leave"):
            if not isinstance(pilot.app.screen, kind):
                await (to_dialog(pilot, walk) if walk else OTHERS[kind](pilot))
                await until(pilot, lambda: isinstance(pilot.app.screen, kind))
            screen = pilot.app.screen
            assert isinstance(screen, kind)
            await _check(pilot, screen, key, action)
            if action not in LEAVES and isinstance(pilot.app.screen, ModalScreen):
                while isinstance(pilot.app.screen, ModalScreen):
                    await press(pilot, "escape")
        assert world.desk.submitted == [] and world.triage.decided == [] == world.cleanup.decided
