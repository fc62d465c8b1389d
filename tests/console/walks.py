"""How each action is asked for by its key: one walk an action, for tests that must leave none out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from textual.screen import ModalScreen
from textual.widgets import Input

from scidex_console.console.keys import TRIAGE_DECISIONS
from scidex_console.console.screens.batch_dialog import BatchDialog
from scidex_console.console.screens.cancel_dialog import CancelDialog
from scidex_console.console.screens.decision_dialog import DecisionDialog
from scidex_console.console.screens.decisions import DecisionsScreen
from scidex_console.console.screens.dialog import Dialog
from scidex_console.console.screens.listing import ListingScreen
from scidex_console.console.screens.main_screen import MainScreen
from scidex_console.console.screens.orphan_dialog import OrphanDialog
from scidex_console.console.screens.orphans import OrphansScreen
from scidex_console.console.screens.retry_dialog import RetryDialog
from scidex_console.console.screens.share_dialog import ShareDialog
from scidex_console.console.screens.soak import SoakScreen
from scidex_console.console.screens.soak_dialogs import (
    BeginDialog,
    ConfirmStepDialog,
    OverrideDialog,
    SignDialog,
)
from scidex_console.console.screens.step_dialog import StepDialog
from scidex_console.console.screens.throttle_dialog import ThrottleDialog
from scidex_console.console.screens.triage import TriageScreen
from scidex_console.domain.intents import IntentState
from scidex_console.domain.runs import RunState
from tests.console.driving import Driver, press, until
from tests.console.fakes import World, a_gap, a_rollback, an_intent, an_overview, with_run
from tests.console.reader_views import READERS
from tests.console.soaks import LOOKS, at_first_cycle, failed, opened, seen
from tests.console.soaks import running as under_way
from tests.domain.soak.samples import NOW

CALLED = "a reason"
LOST = "figures/lost [1].png"


@dataclass(frozen=True)
class Walk:
    """The way to an action and through its dialog."""

    key: str
    screen: str = "1"
    """Keys that lead to the screen."""
    world: Callable[[], World] = World
    dialog: type[ModalScreen[object]] | None = None
    """None: the key alone is the action."""
    typed: Mapping[str, str] = field(default_factory=dict)
    """Fields of the dialog, beside the reason."""
    point: str = ""
    """What the cursor must be on first: a check, a reader."""
    rights: int = 1
    """Which choice it is."""
    stale: Callable[[World], None] | None = None
    """Changes the world so that the plan is another one; None where no plan is shown."""


def _idle() -> World:
    return World(an_overview(gaps=(a_gap(), an_overview().gaps[1])))


def _paused() -> World:
    return World(with_run(RunState.PAUSED))


def _soak() -> World:
    return World(seen())


def _unsigned() -> World:
    return World(seen(under_way(signoffs=())))


def _other_rows(world: World) -> None:
    world.read.retry_token = "feedfeedfeed"


def _other_batch(world: World) -> None:
    world.read.rollback = a_rollback(token="feedfeedfeed")
    world.read.redo = a_rollback(redo=True, token="feedfeedfeed")


def _other_case(world: World) -> None:
    world.triage.token = "feedfeedfeed"


def _open_gate() -> World:
    return World(seen())


def _other_files(world: World) -> None:
    world.cleanup.token = "feedfeedfeed"


def _other_shares(world: World) -> None:
    changed = tuple(replace(r, changed_at=NOW, share=r.share + 1) for r in READERS.readers)
    world.read.readers_view = replace(READERS, readers=changed)


def _other_evidence(world: World) -> None:
    late = replace(LOOKS["latency"], fingerprint="another print")
    world.read.ladder = under_way(measurements={**LOOKS, "latency": late}, signoffs=())


def _other_gate(world: World) -> None:
    world.read.ladder = failed()


WALKS: Mapping[str, Walk] = {
    "start": Walk("s", world=_idle),
    "step": Walk("n", world=_paused, dialog=StepDialog, typed={"count": "25"}),
    "pause": Walk("p"),
    "resume": Walk("p", world=_paused),
    "cancel": Walk("c", dialog=CancelDialog),
    "retry": Walk("r", dialog=RetryDialog, stale=_other_rows),
    "rollback": Walk("b", dialog=BatchDialog, typed={"typed": "12"}, stale=_other_batch),
    "redo": Walk("B", dialog=BatchDialog, typed={"typed": "11"}, stale=_other_batch),
    "throttle": Walk("t", "2", dialog=ThrottleDialog, typed={"rate": "0.5"}),
    "soak_begin": Walk("g", "7", lambda: World(seen(opened())), BeginDialog),
    "soak_confirm": Walk("C", "7", _soak, ConfirmStepDialog),
    "soak_sign": Walk("S", "7", _unsigned, SignDialog, point="latency", stale=_other_evidence),
    "soak_override": Walk("O", "7", _soak, OverrideDialog, {"typed": "readers"}, stale=_other_gate),
    "soak_measure": Walk("m", "7", _soak),
    "readers_set": Walk("v", "9", dialog=ShareDialog, typed={"share": "50"}, stale=_other_shares),
    **{key.name: Walk(key.key, "6", dialog=DecisionDialog, stale=_other_case) for key in TRIAGE_DECISIONS},
    "decide_adopt": Walk("a", "6o", _open_gate, OrphanDialog, point=LOST, stale=_other_files),
    "decide_keep": Walk("o", "6o", _open_gate, OrphanDialog, point=LOST, stale=_other_files),
    "decide_delete": Walk(
        "d", "6o", _open_gate, OrphanDialog, {"typed": "delete 1 file"}, point=LOST, stale=_other_files
    ),
    "undo_decision": Walk("u", "6", dialog=DecisionDialog, stale=_other_case),
}
"""By the action's name, or the command's where a key stands for a decision of triage."""


def eventful_world() -> World:
    """One in which nearly every key may do something: an intent is open, a step of the guide is due."""
    waiting = an_intent(44, state=IntentState.WAITING, settled_at=None, outcome="", waits_on="a batch")
    return World(an_overview(intents=(waiting,), soak=at_first_cycle()))


async def to_screen(pilot: Driver, walk: Walk) -> MainScreen:
    """Go to the screen, and to what the action is about."""
    await press(pilot, *walk.screen)
    await until(pilot, lambda: isinstance(pilot.app.screen, OrphansScreen) or len(walk.screen) == 1)
    screen = pilot.app.screen
    assert isinstance(screen, MainScreen)
    if isinstance(screen, ListingScreen):
        await until(pilot, lambda: screen.table.current is not None)
    if isinstance(screen, TriageScreen):
        is_figure = walk.key == "f"
        await press(pilot, *(["end"] if is_figure else []))
        await until(pilot, lambda: screen.evidence is not None)
    if isinstance(screen, OrphansScreen):
        while walk.point and screen.table.current and screen.table.current.path != walk.point:
            await press(pilot, "down")
    if isinstance(screen, SoakScreen):
        while walk.point and screen.subject().check != walk.point:
            await press(pilot, "down")
    return screen


async def to_dialog(pilot: Driver, walk: Walk) -> Dialog:
    """Press the key, and wait for the plan."""
    assert walk.dialog is not None
    await press(pilot, walk.key)
    if walk.key == "u":
        await until(pilot, lambda: isinstance(pilot.app.screen, DecisionsScreen))
        await press(pilot, "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, walk.dialog or Dialog))
    dialog = pilot.app.screen
    assert isinstance(dialog, Dialog)
    if isinstance(dialog, RetryDialog):
        await until(pilot, lambda: "token" in dialog.twin())
    return dialog


async def fill(pilot: Driver, walk: Walk, reason: str = CALLED) -> None:
    """Fill the dialog in, and go to its choices."""
    for name, value in {**walk.typed, "reason": reason}.items():
        pilot.app.screen.query_one(f"#{name}", Input).value = value
    pilot.app.screen.query_one("#choices").focus()
    await pilot.pause()


async def confirm(pilot: Driver, walk: Walk) -> None:
    """Take the choice that does it."""
    await press(pilot, *["right"] * walk.rights, "enter")
