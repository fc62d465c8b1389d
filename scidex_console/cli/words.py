"""States, numbers and sizes in the words the console uses too."""

from __future__ import annotations

from scidex_console.domain.batches import BatchState
from scidex_console.domain.sizes import size as size

_BATCH = {
    BatchState.CLEANED: "done",
    BatchState.ROLLING_BACK: "being taken back",
    BatchState.ROLLED_BACK: "taken back",
    BatchState.PARTLY_ROLLED_BACK: "partly taken back",
}


def batch_state(state: BatchState) -> str:
    """A batch's state. What is done is done, whether or not its staging folder was tidied up since."""
    return _BATCH.get(state, str(state))


def number(count: int, noun: str) -> str:
    """So many of something, in the right number."""
    return f"{count:,} {noun}" + ("" if count == 1 else "es" if noun.endswith("ch") else "s")
