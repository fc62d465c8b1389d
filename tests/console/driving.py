"""Driving the console in tests: wait for what is to be seen, never for time to pass."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual.pilot import Pilot

from scidex_console.console.panes.activity import ActivityPane
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.screens.main_screen import MainScreen
from scidex_console.engine.views import Overview
from tests.console.fakes import World

Driver = Pilot[object]
_NAMED = (
    *("tab", "shift+tab", "enter", "escape", "space", "up", "down", "left", "right", "home", "end", "pageup"),
    *("pagedown", "backspace", "f5", "ctrl+u", "ctrl+y", "ctrl+p", "ctrl+q", "ctrl+c", "question_mark"),
)
_KEY_NAMES = {" ": "space", ".": "full_stop", "?": "question_mark", "/": "slash", "*": "asterisk"}


async def until(pilot: Pilot[Any], seen: Callable[[], object]) -> None:
    """Let the program run until something holds; give up loudly when it never does."""
    for _ in range(400):
        if seen():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came about; the screen shows:\n" + screen_text(pilot))


@asynccontextmanager
async def running(world: World, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Driver]:
    """The console of a world, with its first overview drawn."""
    async with world.app.run_test(size=size) as pilot:
        await ready(pilot, world)
        yield pilot


async def ready(pilot: Pilot[Any], world: World) -> None:
    """Wait until the first overview is drawn, whatever is on top of it."""
    await until(pilot, lambda: world.app.knowledge().overview is not None and text_of(pilot, "#keys"))


def type_ahead(pilot: Driver, *keys: str) -> None:
    """Press keys faster than the program can follow; text that is no key's name is typed letter by letter."""
    for key in keys:
        for stroke in [key] if len(key) == 1 or key in _NAMED else key:
            name = _KEY_NAMES.get(stroke, stroke)
            pilot.app.post_message(events.Key(name, stroke if len(stroke) == 1 else None))


async def press(pilot: Driver, *keys: str) -> None:
    """Press keys, each when the last has had its effect."""
    for key in keys:
        type_ahead(pilot, key)
        await pilot.pause()


async def news(pilot: Driver, world: World, overview: Overview) -> None:
    """Let the feed tell of a new overview, and wait until it has been read."""
    world.read.shown = overview
    world.feed.tell("run")
    await until(pilot, lambda: world.app.knowledge().overview is overview)


def _main_screen(pilot: Pilot[Any]) -> MainScreen:
    """The screen on show, below all dialogs."""
    return next(screen for screen in reversed(pilot.app.screen_stack) if isinstance(screen, MainScreen))


def text_of(pilot: Pilot[Any], selector: str) -> str:
    """What a pane of the screen on show says."""
    view = _main_screen(pilot).query_one(selector, CellView)
    return "\n".join(line.text.rstrip() for line in view.lines)


def notice(pilot: Pilot[Any]) -> str:
    """The first line of the activity pane."""
    lines = _main_screen(pilot).query_one(ActivityPane).lines
    return lines[0].text if lines else ""


def screen_text(pilot: Pilot[Any]) -> str:
    """The whole screen as the operator sees it, dialogs included."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)
