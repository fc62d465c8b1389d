"""Which key stands for what: the console's side of the one registry of actions.

Every screen has one table of keys, its own and those of all screens. Footer, help, palette and bindings are
all made from it; titles, rules and words of the actions come from `engine.actions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual.binding import Binding, BindingType

from scidex_console.domain.intents import SETTLED, ActionName, Intent
from scidex_console.domain.triage import EXPLAINED, Decision
from scidex_console.engine.actions import ACTIONS, ActionSpec, Situation


@dataclass(frozen=True)
class Key:
    """One key of a screen."""

    key: str
    """Name of the key, as Textual calls it."""
    shown: str
    label: str
    explain: str = ""
    actions: tuple[ActionName, ...] = ()
    """Actions it may stand for; the first that is allowed now is meant. Empty for the console's own."""
    command: str = ""
    """The console's own command it stands for, or the screen's (`MainScreen.commands`)."""
    rule: Callable[[Situation], str | None] | None = None
    """Why a command of the console's own is not possible."""
    explain_alone: str = ""
    """What it does where the engine does not outlive the console."""
    always: bool = False
    """Shown in the footer however narrow it is."""
    footer: bool = True
    """Whether the footer has room for it at all; help and palette have."""
    palette: bool = True
    """Whether it means anything once the palette has been opened over the screen."""

    @property
    def name(self) -> str:
        """What it is called where a person chooses another key for it."""
        return self.command or "_or_".join(self.actions)

    def spec(self, situation: Situation) -> ActionSpec | None:
        """The action it means now; None for the console's own commands."""
        specs = [ACTIONS[name] for name in self.actions]
        allowed = (spec for spec in specs if spec.disabled_reason(situation) is None)
        return next(allowed, specs[0] if specs else None)

    def label_now(self, situation: Situation) -> str:
        """What the footer calls it now."""
        spec = self.spec(situation)
        return spec.name.value if spec and len(self.actions) > 1 else self.label

    def explain_now(self, engine_stays: bool) -> str:
        """What it does, by whether the engine goes on without the console."""
        return self.explain if engine_stays else self.explain_alone or self.explain

    def disabled_reason(self, situation: Situation) -> str | None:
        """Why it does nothing now; None when it does."""
        spec = self.spec(situation)
        if spec:
            return spec.disabled_reason(situation)
        return self.rule(situation) if self.rule else None


def open_intent(situation: Situation, pointed_at: int | None = None) -> Intent | None:
    """The intent with this number if it is not settled yet, else the newest that is not."""
    intents = situation.overview.intents if situation.overview else ()
    still_open = [intent for intent in intents if intent.state not in SETTLED]
    return max(still_open, key=lambda intent: (intent.id == pointed_at, intent.id), default=None)


def _withdraw_rule(situation: Situation) -> str | None:
    return situation.forbidden or (None if open_intent(situation) else "no intent is open")


def _other_job_rule(situation: Situation) -> str | None:
    gaps = situation.overview.gaps if situation.overview else ()
    return None if len(gaps) > 1 else "there is only one job"


WITHDRAW = Key(
    "w",
    "w",
    "withdraw",
    "Withdraws an intent that is still open: the one under the cursor, or else the newest.",
    command="withdraw",
    rule=_withdraw_rule,
    always=True,
)
PAUSE = Key("p", "p", "pause", actions=(ActionName.PAUSE, ActionName.RESUME))
RETRY = Key("r", "r", "retry", actions=(ActionName.RETRY,))
ROLLBACK = Key("b", "b", "roll back", actions=(ActionName.ROLLBACK,))
REDO = Key("B", "B", "redo", actions=(ActionName.REDO,))
THROTTLE = Key("t", "t", "throttle", actions=(ActionName.THROTTLE,))
PANES = Key(
    "tab",
    "tab",
    "panes",
    "Goes to the next pane; up and down move inside it.",
    command="next_pane",
    palette=False,
)

BACK = Key("escape", "Esc", "back", "Goes back to where you came from.", command="back", always=True)
EVERYWHERE = (
    BACK,
    WITHDRAW,
    Key(
        "y",
        "y",
        "copy",
        "Copies what is under the cursor, or the last action, as its command line.",
        command="copy_command",
    ),
    Key("f5", "F5", "read", "Reads the database now.", command="read_now"),
    Key(
        "x",
        "x",
        "in full",
        "Shows whole what had to be cut: what was said last, halts, intents, the row under the cursor.",
        command="in_full",
        footer=False,
    ),
    Key("ctrl+p", "^P", "palette", "Finds an action by its name.", command="palette", palette=False),
    Key("question_mark", "?", "help", "Every key, and why it is disabled.", command="help", always=True),
    Key(
        "q",
        "q",
        "quit",
        "Leaves the console; the engine goes on.",
        command="leave",
        explain_alone="Leaves the console and stops the engine; runs go on when it is started again.",
        always=True,
    ),
)
"""Keys of every screen, last in its table."""

FILTER = Key("slash", "/", "filter", "Shows only what you ask for.", command="filter")
OPEN = Key("enter", "Enter", "open", "Shows all about the row under the cursor.", command="open")
MARK = Key("space", "space", "mark", "Marks the row under the cursor, or unmarks it.", command="mark")
UNMARK = Key("asterisk", "*", "unmark", "Takes all marks away.", command="unmark")

OVERVIEW = (
    Key("s", "s", "start", actions=(ActionName.START,)),
    Key("n", "n", "step", actions=(ActionName.STEP,)),
    PAUSE,
    Key("c", "c", "cancel", actions=(ActionName.CANCEL,)),
    RETRY,
    ROLLBACK,
    REDO,
    THROTTLE,
    Key(
        "o",
        "o",
        "other job",
        "Makes the keys act upon the other job.",
        command="other_job",
        rule=_other_job_rule,
    ),
    PANES,
)


def _triage_rule(situation: Situation) -> str | None:
    return ACTIONS[ActionName.TRIAGE].disabled_reason(situation)


def _deciding(key: str, label: str, explain: str, decision: Decision) -> Key:
    return Key(key, key, label, explain, command=f"decide_{decision.name.lower()}", rule=_triage_rule)


TRIAGE_DECISIONS = {
    _deciding(key, label, f"{EXPLAINED[decision][0].upper()}{EXPLAINED[decision][1:]}.", decision): decision
    for key, label, decision in (
        ("a", "accept", Decision.ACCEPT),
        ("r", "restore", Decision.RESTORE),
        ("d", "db only", Decision.DATABASE_ONLY),
        ("f", "fetch again", Decision.REDOWNLOAD),
        ("l", "leave", Decision.LEAVE),
    )
}
"""Each decision's key, which stands for the marked cases, or for the one under the cursor."""
UNDO_DECISION = Key(
    "u",
    "u",
    "undo",
    "Lists what was decided lately, to take one back.",
    command="undo_decision",
    rule=_triage_rule,
)
ORPHAN_DECISIONS = {
    _deciding(key, label, f"{EXPLAINED[decision][0].upper()}{EXPLAINED[decision][1:]}.", decision): decision
    for key, label, decision in (
        ("a", "adopt", Decision.ADOPT),
        ("o", "keep", Decision.KEEP),
        ("d", "delete", Decision.DELETE),
    )
}
"""Each decision's key, which stands for the marked files, or for the one under the cursor."""
TRIAGE = (
    OPEN,
    *TRIAGE_DECISIONS,
    UNDO_DECISION,
    Key(
        "o",
        "o",
        "orphans",
        "Lists the files that no row claims, to adopt, keep or delete them in the clean-up.",
        command="open_orphans",
        footer=False,
    ),
    MARK,
    UNMARK,
    FILTER,
    Key(
        "i",
        "i",
        "image",
        "Draws the file, if it is an image; it is read then and not before.",
        command="show_image",
    ),
    PANES,
)
ORPHANS = (*ORPHAN_DECISIONS, UNDO_DECISION, MARK, UNMARK, FILTER, OPEN, PANES)
DO_STEP = Key(
    "D",
    "D",
    "do it",
    "Does what the next step of the guide asks for, where this program can; asks what has to be asked.",
    command="do_step",
)
SOAK = (
    Key("g", "g", "begin", actions=(ActionName.SOAK_BEGIN,)),
    DO_STEP,
    Key("C", "C", "confirm", actions=(ActionName.SOAK_CONFIRM,)),
    Key("S", "S", "sign", actions=(ActionName.SOAK_SIGN,)),
    Key("O", "O", "override", actions=(ActionName.SOAK_OVERRIDE,)),
    Key("m", "m", "measure", actions=(ActionName.SOAK_MEASURE,)),
)

READERS = (Key("v", "v", "share", actions=(ActionName.READERS_SET,)),)


def bindings(keys: Iterable[Key], action: str = "press") -> list[BindingType]:
    """Keys for Textual; a name for each, by which it can be given another key. Textual itself sees to Tab.

    `action` is what the app does about them.

    The key that opens the filter comes first of all, so that what was typed ahead lands in the filter.
    """
    return [
        Binding(
            key.key, f"app.{action}('{key.name}')", key.label, show=False, id=key.name, priority=key is FILTER
        )
        for key in keys
        if key is not PANES
    ]
