"""What all screens share: where we are, how old the data is, what was asked for, the keys.

A screen gives its body, its keys and what it wants read. The rest is handled here and in the app, once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from scidex_console.console.keys import BACK, OPEN, Key
from scidex_console.console.link import Answer, Query, Wanted
from scidex_console.console.panes.activity import ActivityPane, NoticeBoard
from scidex_console.console.panes.cell_view import CellView
from scidex_console.console.panes.status_pane import StatusPane
from scidex_console.console.presentation.keys import KeyView, footer_line
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.screens.dialog import Surroundings
from scidex_console.domain.folders.orphans import Orphan
from scidex_console.domain.jobs import JobName
from scidex_console.domain.soak.guide import StepAction
from scidex_console.domain.triage import Decision
from scidex_console.engine.handover import Handover
from scidex_console.engine.ports import AttemptFilter, CleanupDesk, TriageDesk
from scidex_console.engine.triage.views import CaseView
from scidex_console.engine.views import Overview

View = TypeVar("View")
UNDO_TWIN = "triage undo N"
"""What takes a decision back; which one is chosen from a list first."""


class Decisions(Protocol):
    """Opens the dialogs of triage."""

    def open(self, decision: Decision, chosen: Callable[[], Sequence[CaseView]]) -> None:
        """Show what a decision about these cases would do."""
        ...

    def choose(self) -> None:
        """Show what was decided lately, to take one back."""
        ...


class OrphanDecisions(Protocol):
    """Opens the dialogs of the clean-up."""

    def open(self, decision: Decision, chosen: Callable[[], Sequence[Orphan]]) -> None:
        """Show what a decision about these files would do."""
        ...


class Console(Surroundings, Protocol):
    """What a screen may ask the console."""

    @property
    def notices(self) -> NoticeBoard:
        """What the operator is told last."""
        ...

    @property
    def triage(self) -> TriageDesk:
        """Cases, and the evidence about them."""
        ...

    @property
    def decisions(self) -> Decisions:
        """What opens the dialogs of triage."""
        ...

    @property
    def cleanup(self) -> CleanupDesk:
        """Files that no row claims."""
        ...

    @property
    def orphans(self) -> OrphanDecisions:
        """What opens the dialogs of the clean-up."""
        ...

    @property
    def can_go_back(self) -> bool:
        """Whether there is a screen to go back to."""
        ...

    @property
    def missed(self) -> Handover | None:
        """What happened since this operator was here last, until they have read it."""
        ...

    def forget_missed(self) -> None:
        """The operator has read it."""
        ...

    def key_views(self) -> Sequence[KeyView]:
        """The keys of the screen on show, as they stand now."""
        ...

    def screens_view(self) -> KeyView:
        """The keys that go to other screens, as one, for the footer."""
        ...

    def answer(self, query: Query[View]) -> Answer[View] | None:
        """What the query came to; None while that is not known."""
        ...

    def hurry(self) -> None:
        """Ask the screen's query at once."""
        ...

    def read_soon(self) -> None:
        """Read the database as soon as the pace allows."""
        ...

    def drill(self, screen: MainScreen) -> None:
        """Show a screen above this one; Esc comes back."""
        ...

    def say(self, text: str, tone: str = "strong") -> None:
        """Tell the operator something."""
        ...


@dataclass(frozen=True)
class Subject:
    """What the actions of a screen begin with: what its cursor or its filter points at."""

    group: str = ""
    """Host group."""
    batch_id: int | None = None
    """Batch to take back or to bring on again; None for the newest that can be."""
    criteria: AttemptFilter | None = None
    """What a retry is filtered by; None for the first class there are rows of."""
    intent_id: int | None = None
    """Intent to withdraw; None for the newest that is open."""
    check: str = ""
    """Check of the soak."""
    reader: str = ""
    """Reader of artifacts whose share is to be changed."""
    step_action: StepAction | None = None
    """What the guide's next step asks for."""


class MainScreen(Screen[None]):
    """Base of all screens that are no dialog. A subclass sets `KEYS`, and `BINDINGS = bindings(KEYS)`."""

    KEYS: ClassVar[tuple[Key, ...]] = ()
    """Its own keys; those of all screens (`keys.EVERYWHERE`) come after them."""

    TELLS_JOBS: ClassVar[bool] = True
    """Whether the status lines tell the state of each job's run."""

    LED_TO: ClassVar[bool] = False
    """Whether one is led to it from another screen, to go back: then the footer tells the way."""

    class Shown(Message):
        """The panes are there and can be drawn."""

    def __init__(self, around: Console) -> None:
        super().__init__()
        self.around = around
        self._status = StatusPane(jobs=self.TELLS_JOBS, id="status")
        self._activity = ActivityPane(around.notices, id="activity")
        self._keys = CellView(id="keys")
        self.read_at: float | None = None
        """When what it shows of its own was read, by the console's own clock; None while it shows nothing."""
        self._judged_by: tuple[Overview | None, str] = (None, "")

    # --- what a screen gives ------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """What stands between the status lines and the keys."""
        return ()

    def wanted(self) -> Wanted:
        """What it needs read while it is on show."""
        return Wanted()

    def draw_body(self, knowledge: Knowledge) -> None:
        """Draw what a reading may have changed; `answer` has what its query came to."""

    def tick_body(self, knowledge: Knowledge) -> None:
        """Draw what changes with time alone, once a second."""

    @property
    def job(self) -> JobName:
        """The job its keys act upon."""
        return JobName.FIGURES

    def decided(self) -> None:
        """A decision about what was chosen here is on the desk."""

    def subject(self) -> Subject:
        """What its actions begin with."""
        return Subject()

    def commands(self) -> Mapping[str, Callable[[], Any]]:
        """What its own keys do, by `Key.command`; goes before the console's."""
        return {}

    def why_not(self, key: Key) -> str | None:
        """Why a key does nothing on this screen just now, beside what its action says."""
        return "there is nothing to go back to" if key is BACK and not self.around.can_go_back else None

    def in_full(self) -> str:
        """The row under the cursor whole, where nothing else on the screen tells it so; empty without one."""
        return ""

    def twin(self) -> str:
        """Command line, without the program, that prints what the cursor is on; empty where there is none."""
        return ""

    def twin_of(self, key: Key) -> str:
        """Command line, without the program, that does what a key of a command does.

        Empty where it is a matter of the screen alone. Keys of actions have theirs from the registry.
        """
        return self.twin() if key is OPEN else ""

    # --- what all share -----------------------------------------------------------------------------------

    def answered(self, query: Query[View]) -> Answer[View] | None:
        """What the query came to, to be shown now; None while that is not known."""
        answer = self.around.answer(query)
        if answer is not None:
            self.read_at = answer.read_at
        return answer

    def compose(self) -> ComposeResult:
        """Status above, the body, what was asked for, the keys below."""
        yield self._status
        yield from self.body()
        yield self._activity
        yield self._keys

    def on_mount(self) -> None:
        """Say that reading may begin."""
        self.post_message(self.Shown())

    def on_screen_resume(self) -> None:
        """What is known may be old: what it showed last is drawn, and read anew."""
        self.around.hurry()
        self.call_after_refresh(self.draw)

    def on_resize(self, event: events.Resize) -> None:
        """Draw anew once the panes have their new sizes."""
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Draw everything that changed, after a reading."""
        self.draw_body(self.around.knowledge())
        self._draw_around(ages=False)

    def tick(self) -> None:
        """Draw what changes with time alone."""
        self._draw_around(ages=True)

    def _draw_around(self, *, ages: bool) -> None:
        knowledge = self.around.knowledge()
        self._status.draw(knowledge, ages=ages)
        self._activity.draw(knowledge)
        self.tick_body(knowledge)
        judged_by = (knowledge.overview, knowledge.blocked)
        if not ages or judged_by[0] is not self._judged_by[0] or judged_by[1] != self._judged_by[1]:
            self._judged_by = judged_by  # with time alone, keys change when the data has grown too old
            self.draw_keys()

    def draw_keys(self) -> None:
        """Draw the footer."""
        width = self._keys.size.width
        if width:
            back_too = self.LED_TO
            views = [v for v in self.around.key_views() if v.footer and (back_too or v.name != BACK.name)]
            self._keys.show([footer_line([self.around.screens_view(), *views], width)])
