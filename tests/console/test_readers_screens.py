"""The screens of readers and of the read service: what they show, what their keys do, and the dialog."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.screens.readers import ReadersScreen
from scidex_console.console.screens.service import ServiceScreen
from scidex_console.console.screens.share_dialog import ShareDialog
from scidex_console.domain.intents import IntentState
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.engine.reading.views import ReadersView
from tests.console.driving import Driver, notice, press, running, screen_text, text_of, type_ahead, until
from tests.console.fakes import World, an_intent, an_overview, production
from tests.console.reader_views import READERS, SERVICE
from tests.console.test_snapshots import Snap, drawn
from tests.console.test_snapshots import no_surroundings as no_surroundings
from tests.samples import sample

SIZES = [pytest.param((80, 24), id="80x24"), pytest.param((120, 40), id="120x40")]


async def to_readers(pilot: Driver, reader: str = "resolve") -> ReadersScreen:
    """Go to the screen, and the cursor to a reader."""
    await press(pilot, "9")
    await until(pilot, lambda: isinstance(pilot.app.screen, ReadersScreen))
    screen = pilot.app.screen
    assert isinstance(screen, ReadersScreen)
    await until(pilot, lambda: screen.subject().reader)
    while screen.subject().reader != reader:
        await press(pilot, "down")
    return screen


async def to_dialog(pilot: Driver, reader: str = "figure") -> ShareDialog:
    await to_readers(pilot, reader)
    await press(pilot, "v")
    await until(pilot, lambda: isinstance(pilot.app.screen, ShareDialog))
    dialog = pilot.app.screen
    assert isinstance(dialog, ShareDialog)
    return dialog


async def fill(pilot: Driver, **fields: str) -> None:
    for name, value in fields.items():
        pilot.app.screen.query_one(f"#{name}", Input).value = value
        await pilot.pause()


def meaning(pilot: Driver) -> str:
    """What the dialog says would change."""
    return pilot.app.screen.query_one("#meaning", Paragraph).text


async def take(pilot: Driver) -> None:
    """The second choice."""
    pilot.app.screen.query_one("#choices").focus()
    await press(pilot, "right", "enter")


def with_share(reader: ReaderKind, share: float) -> ReadersView:
    changed = (replace(r, share=share) if r.reader is reader else r for r in READERS.readers)
    return replace(READERS, readers=tuple(changed))


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 16)])
async def test_it_shows_share_counts_times_and_flags(size: tuple[int, int]) -> None:
    async with running(World(), size) as pilot:
        await to_readers(pilot, "figure")
        shown = " ".join(screen_text(pilot).split())
        for words in ("figure 5 % 4.9 %", "41.0", "flag OFF", "by anna: first step", "44 found nothing"):
            assert words in shown, words


async def test_before_anything_was_read_it_says_so() -> None:
    world = World()
    silent = tuple(replace(r, folder=0, legacy=0, database=0) for r in READERS.readers)
    world.read.readers_view = replace(READERS, readers=silent, processes=())
    async with running(world) as pilot:
        await to_readers(pilot)
        shown = " ".join(screen_text(pilot).split())
        assert ". It has read nothing in the last hour" in shown and "no process that reads" in shown


async def test_v_opens_a_dialog_that_starts_on_cancel_and_its_key_never_confirms() -> None:
    world = World()
    async with running(world) as pilot:
        dialog = await to_dialog(pilot)
        assert "[ Cancel ]" in screen_text(pilot)
        assert "nothing would change: the share is 5 % already" in screen_text(pilot)
        assert "$ scidex-console readers set figure 5 --token" in screen_text(pilot)
        dialog.query_one("#choices").focus()
        await press(pilot, "v", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReadersScreen))
        await press(pilot, "v")
        await until(pilot, lambda: isinstance(pilot.app.screen, ShareDialog))
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ReadersScreen))
        assert world.desk.submitted == []


async def test_the_dialog_tells_what_would_change_before_it_is_done() -> None:
    world = World()
    async with running(world) as pilot:
        await to_dialog(pilot)
        type_ahead(pilot, "2", "5")
        await until(pilot, lambda: "5 → 25 %" in screen_text(pilot))
        shown = meaning(pilot)
        assert "Of 10,200 reads in the last hour about 2,550 would look into the folder first" in shown
        assert "where 510 do now; the flag is off in library" in shown
        await take(pilot)
        assert "a reason is required" in screen_text(pilot)
        await fill(pilot, reason="second step")
        await take(pilot)
        await until(pilot, lambda: world.desk.submitted)
        token = READERS.token("figure")
        params = {"reader": "figure", "share": 25.0, "token": token}
        assert world.desk.submitted == [("readers_set", None, params, "second step")]
        assert notice(pilot).startswith("» #41 readers set")


async def test_all_readers_may_be_taken_back_at_once() -> None:
    world = World()
    async with running(world) as pilot:
        await to_dialog(pilot)
        await fill(pilot, reader="all", share="0", reason="figures open slowly")
        assert "resolve 100 → 0 %, api 100 → 0 %, notebook 25 → 0 %, figure 5 → 0 %" in meaning(pilot)
        await take(pilot)
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted[0][2] == {"reader": "all", "share": 0.0, "token": READERS.token("all")}


@pytest.mark.parametrize(
    ("fields", "words"),
    sample(
        ({"share": "101"}, "a share is from 0 to 100"),
        ({"reader": "nobody"}, "a reader is one of resolve"),
        ({"share": ""}, "a share is a number of percent"),
        ({"share": "1.234"}, "two digits"),
    ),
)
async def test_what_cannot_be_is_not_asked_for(fields: dict[str, str], words: str) -> None:
    world = World()
    async with running(world) as pilot:
        await to_dialog(pilot)
        await fill(pilot, reason="x", **fields)
        await take(pilot)
        assert words in " ".join(screen_text(pilot).split())
        assert world.desk.submitted == []


async def test_a_share_changed_meanwhile_is_shown_anew_and_nothing_is_done() -> None:
    world = World()
    async with running(world) as pilot:
        await to_dialog(pilot)
        await fill(pilot, share="25", reason="second step")
        world.read.readers_view = with_share(ReaderKind.FIGURE, 50)
        await take(pilot)
        await until(pilot, lambda: "the state changed and nothing was done" in screen_text(pilot))
        assert pilot.app.screen.query_one("#share", Input).value == "50"
        assert world.desk.submitted == []


async def test_a_refused_change_is_shown_anew() -> None:
    world = World()
    async with running(world) as pilot:
        await to_dialog(pilot)
        await fill(pilot, share="25", reason="second step")
        await take(pilot)
        await until(pilot, lambda: world.desk.submitted)
        world.read.readers_view = with_share(ReaderKind.FIGURE, 50)
        refused = an_intent(41, state=IntentState.REFUSED, outcome="the share has been changed meanwhile")
        world.read.shown = an_overview(intents=(refused,))
        world.feed.tell("intent")
        await until(pilot, lambda: "done (the share has been changed" in " ".join(screen_text(pilot).split()))


async def test_y_copies_the_command_line_of_each_screen() -> None:
    async with running(World()) as pilot:
        await to_readers(pilot)
        await press(pilot, "y")
        assert notice(pilot) == "» copied: scidex-console readers"
        await press(pilot, "0", "y")
        assert notice(pilot) == "» copied: scidex-console readers service"


async def test_help_names_the_key_and_why_it_is_disabled() -> None:
    async with running(World(read_only=True)) as pilot:
        await to_readers(pilot)
        await press(pilot, "v")
        assert "this console was started read-only" in notice(pilot)
        await press(pilot, "?")
        await until(pilot, lambda: "Change a share of reads" in screen_text(pilot))


async def test_the_service_shows_answers_times_and_errors_by_kind_of_address() -> None:
    async with running(World()) as pilot:
        await press(pilot, "0")
        await until(pilot, lambda: isinstance(pilot.app.screen, ServiceScreen))
        await until(pilot, lambda: "api_manifest" in screen_text(pilot))
        assert "640!" in screen_text(pilot) and "85,154" in screen_text(pilot)
        await press(pilot, "down", "down", "down")
        assert "api_manifest: 1,204 answers in the last hour by status" in text_of(pilot, "#detail") + (
            " ".join(screen_text(pilot).split())
        )


async def test_a_service_that_is_not_there_is_said_not_to_have_answered() -> None:
    world = World()
    world.read.service_view = replace(SERVICE, routes=(), whole=None, processes=())
    async with running(world) as pilot:
        await press(pilot, "0")
        await until(pilot, lambda: "has answered nothing in the last hour" in screen_text(pilot))
        assert "reading …" not in screen_text(pilot)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("screen", ["readers", "service", "dialog"])
def test_how_they_look(snap_compare: Snap, screen: str, size: tuple[int, int]) -> None:
    world = World(production() if screen == "dialog" else None)

    async def go(pilot: Pilot[Any]) -> None:
        if screen == "service":
            await press(pilot, "0")
            await until(pilot, lambda: "api_manifest" in screen_text(pilot))
        elif screen == "readers":
            await to_readers(pilot, "notebook")
        else:
            await to_dialog(pilot)
            await fill(pilot, share="25", reason="second step")

    assert snap_compare(world.app, terminal_size=size, run_before=drawn(world, go))
