"""The words for states, one for each, wherever a person reads them: console, command line, outcomes, reports.

Pure. How a word looks (letters, colours, columns) is the reader's own matter.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from scidex_console.domain.batches import BatchState, OperationState
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.folders.statuses import FolderStatus
from scidex_console.domain.hosts import BreakerState
from scidex_console.domain.intents import IntentState
from scidex_console.domain.triage import CaseKind
from scidex_console.engine.views import AttemptView, HostView, WaitingFolderView

BATCH_WORDS: Mapping[BatchState, str] = {
    BatchState.PREPARED: "prepared",
    BatchState.DONE: "done",
    BatchState.CLEANED: "done",
    BatchState.ROLLING_BACK: "being taken back",
    BatchState.ROLLED_BACK: "taken back",
    BatchState.PARTLY_ROLLED_BACK: "partly taken back",
    BatchState.EMPTY: "empty",
}
"""A batch that is done and one that is cleaned up as well differ for the engine only."""

OPERATION_WORDS: Mapping[OperationState, str] = {
    state: "taken back" if state is OperationState.ROLLED_BACK else state.value for state in OperationState
}

INTENT_WORDS: Mapping[IntentState, str] = {
    state: "withdrawn" if state is IntentState.CANCELLED else state.value for state in IntentState
}
"""An intent is withdrawn; what is cancelled is a run."""

CASE_WORDS: Mapping[str, str] = {
    kind.value: "mismatch" if kind is CaseKind.HASH_MISMATCH else kind.value for kind in CaseKind
}
"""What a list says of a case; who filters by what it says finds it."""

_RECORDED = frozenset({FetchClass.STORED, FetchClass.DEAD})
_LATELY = timedelta(seconds=5)
"""A group asked so lately is active, though nothing was under way at the moment of the reading."""


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number and its noun, such as `1 row` or `2 batches`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def retry_class(attempt: AttemptView | WaitingFolderView) -> str:
    """The class of a row in the list of a retry.

    A last attempt that was recorded cannot be what failed: its batch was taken back, or left the row out.
    """
    if isinstance(attempt, AttemptView) and attempt.unproven:
        return "suspected"
    if attempt.outcome in _RECORDED:
        return "held back"
    return "mismatch" if attempt.outcome == FolderStatus.HASH_MISMATCH else attempt.outcome.replace("_", " ")


def case_kind(word: str) -> str:
    """The kind (and status) that a word of `CASE_WORDS` stands for; any other word as it is."""
    return next((kind for kind, shown in CASE_WORDS.items() if shown == word), word)


def host_state(host: HostView, now: datetime) -> str:
    """One word for what a group does: breaker, hold, offpeak, probing, active, ready or idle."""
    gate = host.gate
    if gate.breaker is BreakerState.OPEN:
        return "breaker"
    if gate.hold_until and gate.hold_until > now:
        return "hold"
    if gate.opens_at and gate.opens_at > now:
        return "offpeak"
    if gate.breaker is BreakerState.PROBING:
        return "probing"
    if gate.in_flight or (host.last_request_at and now - host.last_request_at < _LATELY):
        return "active"
    return "ready" if host.due or gate.waiting else "idle"
