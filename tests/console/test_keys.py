"""Every key: what it puts on the intent desk, and what it says when it may not."""

from __future__ import annotations

import asyncio
import shlex
from dataclasses import replace
from typing import Any

import pytest

from scidex_console.cli.main import parser
from scidex_console.console.app import ConsoleApp
from scidex_console.console.keys import EVERYWHERE, OVERVIEW
from scidex_console.console.orders import Orders
from scidex_console.console.panes.overview_panes import GapPane
from scidex_console.console.panes.paragraph import Paragraph
from scidex_console.console.screens.help import HelpScreen
from scidex_console.console.screens.in_full import InFullScreen
from scidex_console.console.screens.listing import ListingScreen
from scidex_console.console.screens.table import SCREEN_KEYS
from scidex_console.console.screens.withdraw_dialog import WithdrawDialog
from scidex_console.domain.errors import Refused, Unreachable
from scidex_console.domain.intents import ActionName, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.batch_views import ReversibleBatches
from tests.console.driving import news, notice, press, running, screen_text, text_of, until
from tests.console.fakes import (
    ENGINE,
    IDENTITY,
    World,
    a_gap,
    a_run,
    an_intent,
    an_overview,
    observing,
    with_run,
)
from tests.samples import every

IDLE = an_overview(gaps=(a_gap(), replace(an_overview().gaps[1])))


async def test_no_key_of_a_screen_is_used_twice() -> None:
    async with running(World()) as pilot:
        for key in SCREEN_KEYS:
            await press(pilot, key.key)
            assert isinstance(pilot.app, ConsoleApp)
            keys = pilot.app.table.keys
            assert len({key.key for key in keys}) == len({key.name for key in keys}) == len(keys)


def test_the_overview_has_every_action_that_is_of_no_other_screen() -> None:
    elsewhere = {n for n in ActionName if n is ActionName.TRIAGE or n.startswith(("soak_", "readers_"))}
    elsewhere.add(ActionName.RESCUE)  # whose answer is a table, on the command line
    assert sorted(name for key in OVERVIEW for name in key.actions) == sorted(set(ActionName) - elsewhere)


async def test_a_key_of_the_overview_says_on_another_screen_where_it_works() -> None:
    world = World()
    async with running(world) as pilot:
        await press(pilot, "5", "p")
        assert notice(pilot) == "» p pause: a key of screen 1, the overview"
        await press(pilot, "x", "n")  # a dialog lies over it
        assert "n step" not in notice(pilot)
        await press(pilot, "escape", "/", "p", "escape")
        assert notice(pilot) == "» p pause: a key of screen 1, the overview"
        assert world.desk.submitted == []


async def test_p_does_not_undo_what_a_colleague_did_a_moment_ago() -> None:
    world = World()
    async with running(world) as pilot:
        world.time.passes(10)
        await news(pilot, world, with_run(RunState.PAUSED))
        await press(pilot, "p")
        assert notice(pilot) == "» p: the run has just become paused; press p again to resume"
        assert world.desk.submitted == []
        world.time.passes(2)
        await press(pilot, "p")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted[0][0] == "resume"


async def test_s_starts_a_run_with_one_key() -> None:
    world = World(IDLE)
    async with running(world) as pilot:
        await press(pilot, "s")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted == [("start", JobName.FIGURES, {}, "")]
        assert notice(pilot) == "» #41 start figures: requested"


async def test_a_failure_stays_to_be_read_until_somebody_presses_a_key() -> None:
    world = World(IDLE)
    world.desk.fails = Unreachable("no answer", where="database")
    async with running(world) as pilot:
        await press(pilot, "s")
        await until(pilot, lambda: "refused: " in notice(pilot) and "no answer" in notice(pilot))
        world.time.passes(600)
        world.app.navigation.first.tick()
        assert "no answer" in notice(pilot), "who looked away must not take it for done"
        await press(pilot, "down")
        world.app.navigation.first.tick()
        assert "no answer" not in notice(pilot)


async def test_an_answer_that_keeps_one_waiting_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Orders, "SLOW_S", 0.01)
    world, answered = World(IDLE), asyncio.Event()
    submit = world.desk.submit

    async def slow(*asked: Any, **more: Any) -> Any:
        await answered.wait()
        return await submit(*asked, **more)

    monkeypatch.setattr(world.desk, "submit", slow)
    async with running(world) as pilot:
        await press(pilot, "s")
        await until(pilot, lambda: "neither done nor refused" in notice(pilot))
        answered.set()
        await until(pilot, lambda: notice(pilot) == "» #41 start figures: requested")


@pytest.mark.parametrize(
    ("state", "action"),
    [
        (RunState.RUNNING, "pause"),
        (RunState.STEPPING, "pause"),
        (RunState.PAUSING, "resume"),
        (RunState.PAUSED, "resume"),
        (RunState.HALTED, "resume"),
    ],
)
async def test_p_pauses_what_runs_and_resumes_what_rests(state: RunState, action: str) -> None:
    world = World(with_run(state))
    async with running(world) as pilot:
        await press(pilot, "p")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted == [(action, JobName.FIGURES, {}, "")]


NOTHING_FAILED = an_overview(
    gaps=(a_gap(a_run(), transient=0, blocked=0, suspect=0, refused=0, held_back=0),)
)


async def test_a_disabled_key_says_why_and_does_nothing() -> None:
    world = World()
    async with running(world) as pilot:
        for key, overview, said in (
            ("s", with_run(RunState.RUNNING), "s start: run 7 is already running"),
            ("n", with_run(RunState.RUNNING), "n step: run 7 is running: pause it first"),
            ("p", IDLE, "p pause: figures has no open run"),
            ("c", IDLE, "c cancel: figures has no open run"),
            (
                "r",
                NOTHING_FAILED,
                "r retry: figures has no failed rows to retry",
            ),
            ("b", an_overview(last_batch=None, reversible=()), "b roll back: figures has no batch yet"),
            ("B", with_run(RunState.HALTED), "B redo: run 7 is halted"),
            ("t", an_overview(hosts=()), "t throttle: no host has been asked yet"),
            ("w", an_overview(), "w withdraw: no intent is open"),
            ("s", observing(IDLE), "s start: the engine only observes"),
            (
                "p",
                an_overview(identity=replace(IDENTITY, can_write_intents=False)),
                "p pause: the database role anna",
            ),
            ("o", an_overview(gaps=(a_gap(),)), "o other job: there is only one job"),
        ):
            await news(pilot, world, overview)
            await press(pilot, key)
            assert notice(pilot).startswith(f"» {said}")
            assert pilot.app.screen is world.app.navigation.first
        assert world.desk.submitted == []


async def test_read_only_console_puts_nothing_on_the_desk() -> None:
    world = World(read_only=True)
    async with running(world) as pilot:
        for key in (*OVERVIEW, *EVERYWHERE):
            if key.actions:
                await press(pilot, key.key)
                assert "started read-only" in notice(pilot)
        assert world.desk.submitted == []
        assert "READ-ONLY" in text_of(pilot, "#status")


async def test_o_makes_the_keys_act_upon_the_other_job() -> None:
    world = World()
    async with running(world) as pilot:
        await press(pilot, "o", "p")
        assert world.app.navigation.first.job is JobName.FOLDERS
        assert "folders has no open run" in notice(pilot)
        await press(pilot, "o", "p")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted == [("pause", JobName.FIGURES, {}, "")]


async def test_arrows_in_the_gap_pane_choose_the_job() -> None:
    world = World()
    async with running(world) as pilot:
        await press(pilot, "down")
        assert world.app.navigation.first.query_one(GapPane).job is JobName.FOLDERS
        assert "▸folders" in text_of(pilot, "#gap")
        assert "p pause" not in text_of(pilot, "#keys")


async def test_an_intent_is_followed_until_it_is_settled() -> None:
    world = World()
    async with running(world) as pilot:
        await press(pilot, "p")
        await until(pilot, lambda: world.desk.submitted)
        waiting = an_intent(
            41, state=IntentState.WAITING, waits_on="the batch in hand", settled_at=None, outcome=""
        )
        await news(pilot, world, an_overview(intents=(waiting,)))
        assert notice(pilot) == "» #41 pause figures: waiting, waits on the batch in hand"
        done = an_intent(41, outcome="run 7 is paused")
        await news(pilot, world, an_overview(intents=(done,)))
        assert notice(pilot) == "» #41 pause figures: done, run 7 is paused"


async def test_an_intent_the_overview_no_longer_lists_is_looked_up() -> None:
    world = World()
    async with running(world) as pilot:
        await press(pilot, "p")
        await until(pilot, lambda: world.desk.submitted)
        world.read.intents[41] = an_intent(41, state=IntentState.REFUSED, outcome="run 7 is halted")
        await news(pilot, world, an_overview(intents=()))
        await until(pilot, lambda: notice(pilot) == "» #41 pause figures: refused, run 7 is halted")


async def test_a_desk_that_refuses_is_quoted() -> None:
    world = World()
    world.desk.fails = Refused("permission denied for table intent", fix="ask for the operator role")
    async with running(world) as pilot:
        await press(pilot, "p")
        await until(pilot, lambda: "refused" in notice(pilot))
        assert notice(pilot) == "» refused: permission denied for table intent; ask for the operator role"


LONG = "no: " + " ".join(f"word{n}" for n in range(40))


async def test_x_shows_whole_what_a_small_screen_cuts() -> None:
    halted = with_run(RunState.HALTED, halt_reason=f"disk {LONG}", halt_bytes_needed=3 * 1024**3)
    world = World(replace(halted, intents=(an_intent(outcome=f"outcome {LONG}"),)))
    world.desk.fails = Refused(f"refused {LONG}")
    async with running(world, (60, 16)) as pilot:
        await press(pilot, "p")
        await until(pilot, lambda: notice(pilot).endswith("… x: all of it"))
        await press(pilot, "x")
        assert isinstance(pilot.app.screen, InFullScreen)
        shown = ""
        for _ in range(6):
            shown += screen_text(pilot)
            await press(pilot, "pagedown")
        words = " ".join(shown.split())
        assert "said last refused:" in words and "figures HALTED: disk no:" in words
        assert "3.0 GiB needed" in words and "#40 DONE pause figures by bob" in words
        assert words.count("word39") >= 3
        await press(pilot, "escape")
        assert pilot.app.screen is world.app.navigation.first


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (("tab",), "cursor journals.plos.org: BREAKER; 8 failures in a row;"),
        (("tab", "tab"), "cursor paper_figure-00007919-PMC7000131: 404 confirmed by GET;"),
        (("tab", "tab", "tab"), "cursor analysis-9f3a77aa-0001: failed, hash mismatch: expected"),
    ],
)
async def test_x_tells_the_row_under_the_cursor_whole(keys: tuple[str, ...], told: str) -> None:
    async with running(World(), (60, 16)) as pilot:
        await press(pilot, *keys, "x")
        await until(pilot, lambda: told in " ".join(screen_text(pilot).split()))


async def test_a_page_of_one_thing_says_that_esc_goes_back() -> None:
    async with running(World(), (60, 16)) as pilot:
        assert "Esc" not in text_of(pilot, "#keys")
        for number in "2345":
            await press(pilot, number)
            screen = pilot.app.screen
            assert isinstance(screen, ListingScreen)
            await until(pilot, lambda screen=screen: screen.table.current)  # type: ignore[misc]
            await press(pilot, "enter")
            await until(pilot, lambda: "Esc back" in text_of(pilot, "#keys"))
            await press(pilot, "escape")
            assert pilot.app.screen is screen


async def test_a_notice_makes_room_again() -> None:
    world = World()
    async with running(world) as pilot:
        await press(pilot, "s")
        assert "already running" in notice(pilot)
        world.time.passes(13)
        world.app.navigation.first.tick()
        assert notice(pilot).startswith("#40 DONE")


OPEN_INTENT = an_intent(
    44, state=IntentState.WAITING, waits_on="the batch in hand", settled_at=None, outcome=""
)


async def test_w_withdraws_the_newest_open_intent_after_a_question() -> None:
    world = World(an_overview(intents=(OPEN_INTENT, an_intent(40))))
    async with running(world) as pilot:
        await press(pilot, "w")
        assert isinstance(pilot.app.screen, WithdrawDialog)
        assert "#44 pause figures" in screen_text(pilot)
        await press(pilot, "right", "enter")
        await until(pilot, lambda: world.desk.cancelled == [44])
        assert "withdrawal asked for" in notice(pilot)


@pytest.mark.sweep
async def test_an_intent_can_be_withdrawn_from_every_screen() -> None:
    world = World(an_overview(intents=(OPEN_INTENT,)))
    async with running(world) as pilot:
        for number in "1234567890":
            await press(pilot, number, "w")
            assert isinstance(pilot.app.screen, WithdrawDialog), number
            await until(pilot, lambda: "$ scidex-console withdraw 44" in screen_text(pilot))
            await press(pilot, "y")
            assert pilot.app.clipboard == "scidex-console withdraw 44"
            await press(pilot, "escape")
            assert "w withdraw" in screen_text(pilot).splitlines()[-1], number


@pytest.mark.parametrize("keys", [("enter",), ("escape",), ("w", "enter")])
async def test_withdrawing_is_not_done_by_the_first_key_that_comes(keys: tuple[str, ...]) -> None:
    world = World(an_overview(intents=(OPEN_INTENT,)))
    async with running(world) as pilot:
        await press(pilot, "w", *keys)
        assert pilot.app.screen is world.app.navigation.first
        assert world.desk.cancelled == []


async def test_question_mark_lists_every_key_with_its_reason() -> None:
    async with running(World(), (120, 40)) as pilot:
        await press(pilot, "question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        shown = screen_text(pilot)
        for key in (*OVERVIEW, *EVERYWHERE):
            assert f"\n{key.shown} " in shown
        assert "disabled: run 7 is already running" in shown
        await press(pilot, "down", "down")
        await until(pilot, lambda: "$ scidex-console pause figures" in screen_text(pilot))
        await press(pilot, "escape")
        assert not isinstance(pilot.app.screen, HelpScreen)


async def test_the_help_tells_in_full_why_the_key_under_the_cursor_is_disabled() -> None:
    async with running(World()) as pilot:
        await press(pilot, "question_mark", "down")
        why = "Disabled: run 7 is running: pause it first. Does so many rows"
        await until(pilot, lambda: why in " ".join(screen_text(pilot).split()))
        await press(pilot, "down")
        explain = pilot.app.screen.query_one("#explain", Paragraph)
        await until(pilot, lambda: explain.text.startswith("Finishes the items in hand"))


async def test_y_in_the_help_copies_the_command_under_the_cursor() -> None:
    async with running(World()) as pilot:
        await press(pilot, "question_mark", "down", "down", "y")
        assert pilot.app.clipboard == "scidex-console pause figures"


@pytest.mark.parametrize(
    ("keys", "command"),
    every(
        [
            (("1", "tab"), "attempts --group "),
            (("1", "tab", "tab"), "attempts --before "),
            (("1", "tab", "tab", "tab"), "log --before "),
            (("2",), "attempts --group "),
            (("2", "enter"), "attempts --group "),
            (("3",), "attempts --artifact "),
            (("3", "enter"), "attempts 400"),
            (("4",), "log --status "),
            (("4", "enter"), "attempts --artifact "),
            (("5",), "batches --before "),
            (("5", "enter"), "batches --before "),
            (("6",), "triage show "),
            (("7",), "soak status"),
            (("8",), "throttle europepmc "),
        ],
        3,
    ),
)
async def test_y_copies_what_the_cursor_is_on_as_a_command_that_can_be_run(
    keys: tuple[str, ...], command: str
) -> None:
    async with running(World()) as pilot:
        for key in keys:
            await press(pilot, key)
            screen = pilot.app.screen
            if isinstance(screen, ListingScreen):
                await until(pilot, lambda screen=screen: screen.table.current)  # type: ignore[misc]
        await press(pilot, "y")
        copied = pilot.app.clipboard
        assert copied.startswith(f"scidex-console {command}")
        parser().parse_args(shlex.split(copied)[1:])


async def test_y_copies_the_last_action_as_its_command() -> None:
    world = World()
    async with running(world) as pilot:
        await press(pilot, "y")
        assert pilot.app.clipboard == "scidex-console status"
        await press(pilot, "p")
        await until(pilot, lambda: world.desk.submitted)
        await press(pilot, "y")
        assert pilot.app.clipboard == "scidex-console pause figures"
        assert notice(pilot) == "» copied: scidex-console pause figures"


async def test_f5_reads_now() -> None:
    world = World()
    async with running(world) as pilot:
        before = world.read.readings
        await press(pilot, "f5")
        await until(pilot, lambda: world.read.readings == before + 1)


async def test_the_palette_finds_an_action_and_says_why_one_is_disabled() -> None:
    world = World()
    async with running(world) as pilot:
        await press(pilot, "ctrl+p")
        await until(pilot, lambda: "disabled: run 7 is already running" in screen_text(pilot))
        await press(pilot, "pause")
        await until(
            pilot, lambda: "Pause (p)" in screen_text(pilot) and "Start a run" not in screen_text(pilot)
        )
        await press(pilot, "enter")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted[0][0] == "pause"


async def test_the_palette_does_not_open_over_a_dialog() -> None:
    world = World()
    async with running(world) as pilot:
        await press(pilot, "c")
        dialog = pilot.app.screen
        await press(pilot, "ctrl+p")
        assert pilot.app.screen is dialog


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_quitting_says_that_the_engine_goes_on(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    world = World()
    async with running(world) as pilot:
        await press(pilot, key)
    assert pilot.app.return_code == 0
    assert "the engine goes on (figures run 7 is running)." in capsys.readouterr().err


async def test_quitting_says_so_where_the_engine_ends_with_the_console(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World(engine_stays=False)
    async with running(world) as pilot:
        await press(pilot, "?", "end")
        assert "stops the engine; runs go on when it is started again" in screen_text(pilot)
        await press(pilot, "escape", "q")
    said = capsys.readouterr().err
    assert "the engine is stopped with it (figures run 7 is running)." in said
    assert "goes on" not in said


HERE = "./run --config 'my files/c.toml'"
STOPPED = an_overview(engine=replace(ENGINE, state="stopped"))


async def test_every_command_line_begins_as_it_must_be_typed_here(capsys: pytest.CaptureFixture[str]) -> None:
    world = World(program=HERE)
    async with running(world, (160, 40)) as pilot:
        await press(pilot, "y")
        assert pilot.app.clipboard == f"{HERE} status"
        await press(pilot, "?", "y")
        assert pilot.app.clipboard == f"{HERE} start figures"
        assert f"$ {HERE} start figures" in screen_text(pilot)
        await press(pilot, "escape", "c")
        assert f"$ {HERE} cancel figures" in screen_text(pilot)
        await press(pilot, "escape", "p", "y")
        assert pilot.app.clipboard == f"{HERE} pause figures"
        await press(pilot, "q")
    assert f"Come back with `{HERE}`." in capsys.readouterr().err


async def test_advice_names_commands_as_they_must_be_typed_here() -> None:
    settled = an_intent(
        outcome="there is no batch 9; see `scidex-console batches`", state=IntentState.REFUSED
    )
    world = World(replace(STOPPED, intents=(settled,)), program=HERE)
    async with running(world, (160, 40)) as pilot:
        assert f"see `{HERE} batches`" in text_of(pilot, "#activity")
        assert f"start one with `{HERE} engine`" in text_of(pilot, "#status")
        await press(pilot, "p")
        assert f"start one with `{HERE} engine`" in notice(pilot)
        world.read.fails = Unreachable("no schema", fix="run `scidex-console schema apply`")
        world.feed.tell("run")
        await until(pilot, lambda: f"run `{HERE} schema apply`" in text_of(pilot, "#status"))
        await press(pilot, "?")
        assert "scidex-console" not in screen_text(pilot)


async def test_redo_is_offered_only_while_a_batch_is_taken_back() -> None:
    world = World()
    async with running(world) as pilot:
        assert "B redo" in text_of(pilot, "#keys")
        done = ReversibleBatches(JobName.FIGURES, 12, None)
        await news(pilot, world, an_overview(reversible=(done,)))
        assert "B redo" not in text_of(pilot, "#keys")
