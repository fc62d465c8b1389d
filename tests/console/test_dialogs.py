"""Dialogs: what they ask, that they start on Cancel, and that an outdated plan is shown anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from textual.widgets import Input

from scidex_console.console.screens.batch_dialog import BatchDialog
from scidex_console.console.screens.cancel_dialog import CancelDialog
from scidex_console.console.screens.dialog import Dialog
from scidex_console.console.screens.retry_dialog import RetryDialog
from scidex_console.console.screens.step_dialog import StepDialog
from scidex_console.console.screens.throttle_dialog import ThrottleDialog
from scidex_console.domain.errors import Refused, Unreachable
from scidex_console.domain.intents import ActionName, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.batch_views import LaterBatch
from tests.console.driving import Driver, news, notice, press, running, screen_text, type_ahead, until
from tests.console.fakes import World, a_gap, a_rollback, a_run, an_intent, an_overview, production, with_run

FIGURES = JobName.FIGURES
PAUSED = with_run(RunState.PAUSED)


async def fill(pilot: Driver, **fields: str) -> None:
    """Fill in fields as typing would, without its length; then go to the choices."""
    for name, value in fields.items():
        pilot.app.screen.query_one(f"#{name.replace('_', '-')}", Input).value = value
    pilot.app.screen.query_one("#choices").focus()
    await pilot.pause()


async def opened(pilot: Driver, key: str, kind: type[Dialog]) -> Dialog:
    await press(pilot, key)
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()
    screen = pilot.app.screen
    assert isinstance(screen, kind)
    return screen


DIALOGS: Sequence[tuple[str, type[Dialog]]] = (
    ("n", StepDialog),
    ("c", CancelDialog),
    ("r", RetryDialog),
    ("b", BatchDialog),
    ("B", BatchDialog),
    ("t", ThrottleDialog),
)


async def test_escape_and_cancel_leave_without_doing_anything() -> None:
    world = World(PAUSED)
    async with running(world) as pilot:
        for key, kind in DIALOGS:
            await opened(pilot, key, kind)
            await press(pilot, "escape")
            await until(pilot, lambda: pilot.app.screen is world.app.navigation.first)
            dialog = await opened(pilot, key, kind)
            dialog.query_one("#choices").focus()
            await press(pilot, "enter")
            await until(pilot, lambda: pilot.app.screen is world.app.navigation.first)
        assert world.desk.submitted == []


async def test_the_opening_key_and_enter_never_confirm() -> None:
    world = World(PAUSED)
    async with running(world) as pilot:
        for key, kind in DIALOGS:
            await opened(pilot, key, kind)
            while isinstance(pilot.app.screen, Dialog):  # enter leads to the choices, which are on Cancel
                await press(pilot, key, "enter")
            await until(pilot, lambda: pilot.app.screen is world.app.navigation.first)
        assert world.desk.submitted == []


@pytest.mark.parametrize("size", [(60, 16), (80, 24)])
async def test_a_dialog_fits_and_says_where_it_acts(size: tuple[int, int]) -> None:
    world = World(production(PAUSED))
    async with running(world, size) as pilot:
        for key, kind in DIALOGS:
            await opened(pilot, key, kind)
            shown = screen_text(pilot)
            for words in ("PRODUCTION", "WRITES", "$ scidex-console", "reason"):
                assert words in shown
            assert "[ Cancel ]" in shown or "[ Keep the run ]" in shown
            await press(pilot, "escape")


LONG_PROGRAM = (
    "/srv/scidex/console/.venv/bin/scidex-console --config /srv/scidex/console/production/config.toml"
)


@pytest.mark.parametrize("size", [(60, 16), (80, 24)])
async def test_the_choice_that_is_made_is_in_sight_however_much_there_is_to_say(
    size: tuple[int, int],
) -> None:
    world = World(production(PAUSED), program=LONG_PROGRAM)
    async with running(world, size) as pilot:
        for key, kind in DIALOGS:
            dialog = await opened(pilot, key, kind)
            dialog.query_one("#choices").focus()
            dialog.problem("the state changed and nothing was done: " + "this is the plan as it is now, " * 4)
            await press(pilot, "right")
            assert f"[ {dialog.choices()[1]}" in screen_text(pilot)
            assert dialog.title_words() in screen_text(pilot)
            assert "PRODUCTION" in screen_text(pilot)
            await press(pilot, "escape")


@pytest.mark.parametrize(("size", "rows"), [((60, 16), 1), ((80, 24), 4)])
async def test_a_rollback_of_folders_shows_rows_beside_its_sums(size: tuple[int, int], rows: int) -> None:
    world = World(PAUSED, program=LONG_PROGRAM)
    folders = replace(a_rollback().batch, job=JobName.FOLDERS)
    operations = tuple(replace(o, files=2, links=3) for o in a_rollback().operations * 12)
    world.read.rollback = replace(
        a_rollback(refused=4),
        batch=folders,
        commits=tuple(f"{i:040x}" for i in range(101)),
        operations=tuple(replace(o, artifact_id=f"dataset-{i}") for i, o in enumerate(operations)),
        dangling=50,
    )
    async with running(world, size) as pilot:
        dialog = await opened(pilot, "b", BatchDialog)
        shown = screen_text(pilot)
        assert "inverts 101 commits" in shown
        assert "batch id    type 12" in shown
        assert "[ Cancel ]" in shown
        listed = [line for line in shown.splitlines() if line.startswith("REFUSED")]
        assert len(listed) >= rows
        dialog.query_one("#rows").focus()
        await until(pilot, lambda: "file_path was changed by another at 03:02" in words(pilot))
        assert sum(line.startswith("REFUSED") for line in screen_text(pilot).splitlines()) >= 2
        assert "Roll back figures batch 12" in screen_text(pilot)
        assert "change 153" in screen_text(pilot)  # where the cursor's place finds no room


def words(pilot: Driver) -> str:
    """What is seen, whatever line it stands on."""
    return " ".join(screen_text(pilot).split())


async def test_step_takes_rows_or_batches() -> None:
    world = World(PAUSED)
    async with running(world) as pilot:
        await opened(pilot, "n", StepDialog)
        await press(pilot, "2", "5")  # in place of the number that stands there
        assert "$ scidex-console step figures 25" in screen_text(pilot)
        await press(pilot, "tab", "tab", "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted[-1] == ("step", FIGURES, {"count": 25}, "")
        await opened(pilot, "n", StepDialog)
        await press(pilot, "enter", "look", "enter", "right", "right", "enter")
        await until(pilot, lambda: len(world.desk.submitted) == 2)
        assert world.desk.submitted[-1] == ("step", FIGURES, {"count": 1, "cycle": True}, "look")


@pytest.mark.parametrize("typed", ["", "0", "10001"])
async def test_step_refuses_a_wrong_number(typed: str) -> None:
    world = World(PAUSED)
    async with running(world) as pilot:
        await opened(pilot, "n", StepDialog)
        await press(pilot, "backspace", *typed, "tab", "tab", "right", "enter")
        assert "how many must be a number from 1 to 10,000" in screen_text(pilot)
        assert world.desk.submitted == []


async def test_typing_ahead_replaces_the_number_of_steps() -> None:
    world = World(PAUSED)
    async with running(world) as pilot:
        await opened(pilot, "n", StepDialog)
        type_ahead(pilot, "2", "5", "tab", "tab", "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted[-1] == ("step", FIGURES, {"count": 25}, "")


async def test_ending_a_run_needs_a_reason() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "c", CancelDialog)
        await press(pilot, "tab", "right", "enter")
        await until(pilot, lambda: "a reason is required" in screen_text(pilot))
        await press(pilot, "bad data", "tab", "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted == [("cancel", FIGURES, {}, "bad data")]


async def test_what_is_typed_ahead_lands_where_it_was_meant() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "b", BatchDialog)
        type_ahead(pilot, "12", "enter", "bad files", "enter", "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted[0][3] == "bad files"


async def test_what_edits_keeps_its_place_among_what_is_typed_ahead() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "c", CancelDialog)
        type_ahead(
            pilot,
            "bat",
            "backspace",
            "d ",
            "home",
            "x",
            "backspace",
            "end",
            "data",
            "enter",
            "right",
            "enter",
        )
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted[0][3] == "bad data"


async def test_a_choice_left_goes_back_to_cancel() -> None:
    async with running(World()) as pilot:
        await opened(pilot, "c", CancelDialog)
        await press(pilot, "tab", "right")
        assert "[ End the run ]" in screen_text(pilot)
        await press(pilot, "tab", "tab")
        assert "[ Keep the run ]" in screen_text(pilot)


async def test_y_copies_the_command_of_a_dialog_without_typing_it() -> None:
    async with running(World()) as pilot:
        await opened(pilot, "c", CancelDialog)
        await press(pilot, "why not", "ctrl+y")
        assert pilot.app.clipboard == "scidex-console cancel figures --reason 'why not'"
        await press(pilot, "tab", "y")
        assert pilot.app.clipboard == "scidex-console cancel figures --reason 'why not'"


async def test_pasted_control_characters_are_made_visible() -> None:
    async with running(World()) as pilot:
        dialog = await opened(pilot, "c", CancelDialog)
        await fill(pilot, reason="a\x1b[31mb")
        assert "\x1b" not in screen_text(pilot)
        assert dialog.reason() == r"a\x1b[31mb"


# --- retry ------------------------------------------------------------------------------------------------


async def test_retry_shows_the_rows_and_takes_exactly_their_token() -> None:
    world = World()
    async with running(world, (120, 40)) as pilot:
        await opened(pilot, "r", RetryDialog)
        await until(pilot, lambda: "Retry 3 rows" in screen_text(pilot))
        shown = screen_text(pilot)
        assert shown.count("503 from the server") == 3 + 1  # each row's, and the chosen one's in full below
        assert "--token 1234567890ab" in shown
        await fill(pilot, reason="network back")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        params = {"outcome": "transient", "token": "1234567890ab"}
        assert world.desk.submitted == [("retry", FIGURES, params, "network back")]


async def test_retry_filters_by_class_and_group_and_makes_a_new_plan() -> None:
    world = World()
    async with running(world) as pilot:
        dialog = await opened(pilot, "r", RetryDialog)
        await press(pilot, "o")
        await until(pilot, lambda: "class blocked" in screen_text(pilot) and "3 rows" in screen_text(pilot))
        world.read.retry_token = "ffffffffffff"
        await press(pilot, "g")
        await until(pilot, lambda: "group europepmc" in screen_text(pilot))
        await until(pilot, lambda: "ffffffffffff" in dialog.twin())
        await fill(pilot, reason="why")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted[0][2] == {
            "outcome": "blocked",
            "group": "europepmc",
            "token": "ffffffffffff",
        }


@pytest.mark.sweep
async def test_retry_steps_through_groups_that_have_rows_only() -> None:
    async with running(World()) as pilot:
        await opened(pilot, "r", RetryDialog)
        for group in ("all", "europepmc", "ncbi", "all"):
            shown = f"g group {group}   3 rows"
            await until(pilot, lambda shown=shown: shown in screen_text(pilot))  # type: ignore[misc]
            await press(pilot, "g")


async def test_retry_begins_with_a_class_that_has_rows_and_names_what_was_taken_back() -> None:
    gap = a_gap(a_run(), transient=0, blocked=0, suspect=0, refused=0, held_back=3)
    async with running(World(an_overview(gaps=(gap,)))) as pilot:
        await opened(pilot, "r", RetryDialog)
        await until(pilot, lambda: "class held back" in screen_text(pilot) and "3 rows" in screen_text(pilot))
        shown = screen_text(pilot)
        assert shown.count("\nheld back paper_") == 3
        assert "dead" not in shown
        assert "--outcome held_back" in shown


async def test_filter_keys_are_shown_only_where_they_are_no_letters() -> None:
    async with running(World()) as pilot:
        await opened(pilot, "r", RetryDialog)
        await until(pilot, lambda: "o class transient   g group all" in screen_text(pilot))
        await press(pilot, "tab", "og")
        await until(pilot, lambda: "o class" not in screen_text(pilot))
        assert "class transient   group all   3 rows" in screen_text(pilot)
        await press(pilot, "tab")
        await until(pilot, lambda: "o class transient   g group all" in screen_text(pilot))


async def test_retry_of_one_row_needs_no_reason_and_of_none_is_not_offered() -> None:
    world = World()
    world.read.retry_rows = 1
    async with running(world) as pilot:
        await opened(pilot, "r", RetryDialog)
        await until(pilot, lambda: "Retry 1 row" in screen_text(pilot))
        world.read.retry_rows = 0
        await press(pilot, "o")
        await until(pilot, lambda: "0 rows" in screen_text(pilot))
        assert "Retry 0" not in screen_text(pilot)
        assert "no such rows" in screen_text(pilot)
        world.read.retry_rows = 1
        await press(pilot, "o")
        await until(pilot, lambda: "Retry 1 row" in screen_text(pilot))
        await press(pilot, "tab", "tab", "right", "enter")
        await until(pilot, lambda: world.desk.submitted)


async def test_retry_says_when_its_list_cannot_be_read() -> None:
    world = World()
    async with running(world) as pilot:
        world.read.fails = Unreachable("connection refused")
        await opened(pilot, "r", RetryDialog)
        await until(pilot, lambda: "connection refused" in screen_text(pilot))


async def test_a_refused_retry_is_shown_anew_when_the_world_has_changed() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "r", RetryDialog)
        await until(pilot, lambda: "Retry 3 rows" in screen_text(pilot))
        await press(pilot, "o")
        await until(pilot, lambda: "class blocked" in screen_text(pilot) and "Retry 3" in screen_text(pilot))
        await fill(pilot, reason="why")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        world.read.retry_token, world.read.retry_rows = "eeeeeeeeeeee", 5
        await refuse(pilot, world, ActionName.RETRY, "the rows to retry have changed")
        await until(pilot, lambda: isinstance(pilot.app.screen, RetryDialog))
        await until(pilot, lambda: "Retry 5 rows" in screen_text(pilot))
        shown = screen_text(pilot)
        assert "the state changed and nothing was done (the rows to retry have changed" in shown
        assert "(3 rows before, 5 now)" in " ".join(shown.split())
        assert "class blocked" in shown


async def refuse(pilot: Driver, world: World, action: ActionName, why: str) -> None:
    """The engine refuses the intent that was submitted last."""
    intent = an_intent(
        40 + len(world.desk.submitted),
        action=action,
        params=world.desk.submitted[-1][2],
        state=IntentState.REFUSED,
        outcome=why,
    )
    await news(pilot, world, an_overview(intents=(intent,)))


# --- roll back and redo -----------------------------------------------------------------------------------


async def test_roll_back_shows_both_stores_and_needs_the_typed_id_and_a_reason() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "b", BatchDialog)
        shown = screen_text(pilot)
        for words in (
            "Roll back figures batch 12",
            "3 files removed, 4 rows restored, 1 refused",
            "inverts commit 4f1c2d9",
            "REFUSED",
            "file_path was",
            "--batch 12 --token 9f00aa11bb22",
        ):
            assert words in shown
        await press(pilot, "tab", "tab", "right", "enter")
        await until(pilot, lambda: "type the batch's id, 12, to confirm" in screen_text(pilot))
        await fill(pilot, typed="13", reason="bad files")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: "type the batch's id, 12, to confirm" in screen_text(pilot))
        pilot.app.screen.query_one("#typed").focus()
        await press(pilot, "x")
        assert "only digits go here" in screen_text(pilot)
        await press(pilot, "backspace", "2")
        assert "only digits go here" not in screen_text(pilot)
        await press(pilot, "tab", "tab", "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted == [
            ("rollback", FIGURES, {"batch": 12, "token": "9f00aa11bb22"}, "bad files")
        ]


async def test_the_row_under_the_cursor_is_told_in_full() -> None:
    async with running(World()) as pilot:
        dialog = await opened(pilot, "b", BatchDialog)
        dialog.query_one("#rows").focus()
        await press(pilot, "down", "up")
        assert "REFUSED paper_figure-0005" in screen_text(pilot)
        assert "file_path was changed by another at 03:02" in " ".join(screen_text(pilot).split())
        await press(pilot, "escape")
        await opened(pilot, "r", RetryDialog)
        await until(pilot, lambda: "Retry 3 rows" in screen_text(pilot))
        await press(pilot, "down")
        assert "no Retry-After; https://europepmc.org/articles" in " ".join(screen_text(pilot).split())


async def test_redo_takes_the_newest_batch_that_was_rolled_back() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "B", BatchDialog)
        assert "Redo figures batch 11" in screen_text(pilot)
        assert "apply again" in screen_text(pilot)
        await fill(pilot, typed="11", reason="was right")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        assert world.desk.submitted == [
            ("redo", FIGURES, {"batch": 11, "token": "9f00aa11bb22"}, "was right")
        ]


@pytest.mark.parametrize(("key", "words"), [("b", "no finished batch"), ("B", "no rolled-back batch")])
async def test_without_such_a_batch_the_key_says_so(key: str, words: str) -> None:
    world = World()
    world.read.rows = ()
    async with running(world) as pilot:
        await press(pilot, key)
        await until(pilot, lambda: words in notice(pilot))
        assert pilot.app.screen is world.app.navigation.first


async def test_a_preview_that_cannot_be_made_is_said() -> None:
    world = World()
    async with running(world) as pilot:
        world.read.fails = Refused("batch 12 is prepared and cannot be rolled back")
        await press(pilot, "b")
        await until(pilot, lambda: "batch 12 is prepared" in notice(pilot))


async def test_a_rollback_of_nothing_is_not_confirmed() -> None:
    world = World()
    standing = (LaterBatch(24, 7), LaterBatch(23, 9))
    world.read.rollback = replace(a_rollback(refused=2), operations=(), paths=(), later=standing)
    async with running(world) as pilot:
        await opened(pilot, "b", BatchDialog)
        await fill(pilot, typed="12", reason="why")
        await press(pilot, "right", "enter")
        assert "nothing would change: batch 24 stands on this one, roll that back first" in screen_text(pilot)
        assert world.desk.submitted == []


async def test_a_refused_rollback_is_shown_anew_when_the_world_has_changed() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "b", BatchDialog)
        await fill(pilot, typed="12", reason="why")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        world.read.rollback = a_rollback(token="0123456789ab", refused=2)
        await refuse(pilot, world, ActionName.ROLLBACK, "batch 12 has changed since the preview")
        await until(pilot, lambda: isinstance(pilot.app.screen, BatchDialog))
        shown = screen_text(pilot)
        assert "the state changed and nothing was done (batch 12 has changed" in shown
        assert "2 refused" in shown
        assert "0123456789ab" in shown
        await fill(pilot, typed="12", reason="still")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: len(world.desk.submitted) == 2)
        assert world.desk.submitted[-1][2] == {"batch": 12, "token": "0123456789ab"}


async def test_an_outdated_rollback_is_shown_anew_and_never_submitted() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "b", BatchDialog)
        await fill(pilot, typed="12", reason="why")
        world.read.rollback = a_rollback(token="0123456789ab", refused=2)
        await press(pilot, "right", "enter")
        await until(pilot, lambda: "2 refused" in screen_text(pilot))
        assert "the state changed and nothing was done: this is the plan as it is now" in screen_text(pilot)
        assert pilot.app.screen.query_one("#reason", Input).value == "why"  # what was confirmed is typed anew
        assert pilot.app.screen.query_one("#typed", Input).value == ""
        assert world.desk.submitted == []


async def test_a_rollback_of_a_batch_a_colleague_took_back_meanwhile_is_never_called_done() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "b", BatchDialog)
        await fill(pilot, typed="12", reason="why")
        world.read.preview_fails = Refused("batch 12 is taken back already")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: "the state changed and nothing was done: batch 12 is" in notice(pilot))
        assert world.desk.submitted == []


@pytest.mark.sweep
async def test_what_was_wrong_is_no_longer_said_once_it_is_mended() -> None:
    async with running(World()) as pilot:
        await opened(pilot, "b", BatchDialog)
        assert "batch id    type 12 to confirm" in screen_text(pilot)
        await press(pilot, "tab", "why", "tab", "right", "enter")
        await until(pilot, lambda: "type the batch's id, 12, to confirm" in screen_text(pilot))
        await press(pilot, "shift+tab", "shift+tab", "12")
        assert "type the batch's id" not in screen_text(pilot)


async def test_a_rollback_refused_for_another_reason_is_only_told() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "b", BatchDialog)
        await fill(pilot, typed="12", reason="why")
        await press(pilot, "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        await refuse(pilot, world, ActionName.ROLLBACK, "run 7 is halted")
        assert notice(pilot) == "» #41 rollback figures 12: refused, run 7 is halted"
        assert pilot.app.screen is world.app.navigation.first


# --- throttle ---------------------------------------------------------------------------------------------


@pytest.mark.sweep
async def test_throttle_takes_the_group_under_the_cursor() -> None:
    world = World()
    async with running(world) as pilot:
        await press(pilot, "tab", "down", "down")
        await opened(pilot, "t", ThrottleDialog)
        await press(pilot, "0.5", "tab", "2", "tab", "tab", "429s", "tab", "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        params = {"group": "europepmc", "rate": 0.5, "in_flight": 2, "for_seconds": 7200.0}
        assert world.desk.submitted == [("throttle", None, params, "429s")]


async def test_throttle_can_be_cleared() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "t", ThrottleDialog)
        await fill(pilot, reason="calm again")
        await press(pilot, "right", "right", "enter")
        await until(pilot, lambda: world.desk.submitted)
        params = {"group": "journals.plos.org", "clear": True}
        assert world.desk.submitted == [("throttle", None, params, "calm again")]


@pytest.mark.sweep
async def test_throttle_says_what_is_wrong() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "t", ThrottleDialog)
        for group, rate, in_flight, length, said in (
            ("nowhere", "1", "", "2h", "'nowhere' is no group of the hosts pane"),
            ("ncbi", "", "", "2h", "give a rate, a number in flight, or both"),
            ("ncbi", "0", "", "2h", "rate must be above 0"),
            ("ncbi", "1.2.3", "", "2h", "rate must be above 0"),
            ("ncbi", "", "101", "2h", "in flight must be from 1 to 100"),
            ("ncbi", "1", "", "soon", "'soon' is not a duration such as 30s"),
            ("ncbi", "1", "", "99d", "an override lasts from 1s to 30d"),
        ):
            await fill(pilot, **{"group": group, "rate": rate, "in_flight": in_flight, "for": length})
            await press(pilot, "right", "enter")
            await until(pilot, lambda said=said: said in screen_text(pilot))  # type: ignore[misc]
            pilot.app.screen.query_one("#group").focus()
        assert world.desk.submitted == []


async def test_a_dialog_open_while_the_data_grows_old_confirms_nothing() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "c", CancelDialog)
        await fill(pilot, reason="why")
        world.time.passes(20)
        await press(pilot, "right", "enter")
        assert "what is shown is 20s old" in screen_text(pilot)
        assert world.desk.submitted == []


async def test_a_dialog_open_while_a_colleague_acts_confirms_nothing_outdated() -> None:
    world = World()
    async with running(world) as pilot:
        await opened(pilot, "c", CancelDialog)
        await fill(pilot, reason="why")
        await news(pilot, world, with_run(RunState.CANCELLING))
        await press(pilot, "right", "enter")
        assert "run 7 is already cancelling" in screen_text(pilot)
        assert world.desk.submitted == []
