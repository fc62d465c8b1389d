"""States, numbers and sizes in the words the console uses too."""

from __future__ import annotations

from scidex_console.domain.batches import BatchState

_BATCH = {
    BatchState.CLEANED: "done",
    BatchState.ROLLING_BACK: "being taken back",
    BatchState.ROLLED_BACK: "taken back",
}
_UNITS = ("KiB", "MiB", "GiB", "TiB")


def batch_state(state: BatchState) -> str:
    """A batch's state. What is done is done, whether or not its staging folder was tidied up since."""
    return _BATCH.get(state, str(state))


def number(count: int, noun: str) -> str:
    """So many of something, in the right number."""
    return f"{count:,} {noun}" + ("" if count == 1 else "es" if noun.endswith("ch") else "s")


def size(count: int) -> str:
    """Bytes in binary units."""
    if count < 1024:
        return f"{count} B"
    power = next((p for p in range(1, len(_UNITS)) if count < 1024 ** (p + 1)), len(_UNITS))
    return f"{count / 1024**power:.1f} {_UNITS[power - 1]}"
