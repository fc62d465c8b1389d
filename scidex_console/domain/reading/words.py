"""What a change of a share means, in words that the console, the command line and the audit share."""

from __future__ import annotations

from collections.abc import Mapping

from scidex_console.domain.reading.kinds import ReaderKind


def change_words(before: Mapping[ReaderKind, float], share: float) -> str:
    """Which shares would change, from what to what; readers that have the share already are left out."""
    changing = {kind: was for kind, was in before.items() if was != share}
    if not changing:
        return f"nothing would change: the share is {share:g} % already"
    parts = [f"{kind} {was:g} → {share:g} %" for kind, was in changing.items()]
    return ", ".join(parts)
