"""Figures that are said to be gone without a proof so far, and the controls that decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from scidex_console.domain.controls import ControlCheck, SaidGone
from scidex_console.domain.figures import BackOff


@dataclass(frozen=True)
class Suspects:
    """The suspected figures of one host group."""

    count: int
    due: int
    """Of these, those suspected for so long that a second answer of the kind confirms."""
    next_due_at: datetime


class Said(StrEnum):
    """What an answer that was logged says about its group."""

    GONE = "gone"
    IMAGE = "image"
    PASSED = "passed"
    """A control that came."""
    FAILED = "failed"


@dataclass(frozen=True)
class PastAnswer:
    """An answer, or a control, that was logged."""

    said: Said
    artifact_id: str
    """Empty for a control."""
    suspected_for: timedelta | None
    """For how long the figure had been suspected then, where it is suspected now."""


class SuspectStore(Protocol):
    """Every change is one transaction, and checks the epoch (`Fenced`)."""

    async def groups(self) -> Mapping[str, Suspects]:
        """Host groups with suspected figures."""
        ...

    async def of_group(self, group: str) -> Mapping[str, SaidGone]:
        """Artifacts whose figures are suspected, and by what."""
        ...

    async def stored_images(self, group: str, limit: int, *, most: int) -> Sequence[tuple[str, str]]:
        """Address and sha256 of figures that this tool has fetched, the newest `limit` of each host.

        At most `most`, hosts taking turns.
        """
        ...

    async def past_answers(self, group: str, limit: int) -> Sequence[PastAnswer]:
        """The last answers and controls of a group, the oldest first."""
        ...

    async def record(self, check: ControlCheck, *, confirms: Sequence[str]) -> None:
        """Log a control; those of `confirms` that are suspected still are condemned by it."""
        ...

    async def confirm(self, group: str) -> None:
        """Condemn what is suspected in a group, by the first answer alone."""
        ...

    async def ask_again(self, group: str) -> None:
        """Make due what has been suspected long enough; the suspicion is remembered."""
        ...

    async def ask_later(self, artifact_ids: Sequence[str], after: timedelta) -> None:
        """Ask these once more, so long after they were first suspected; the suspicion is remembered."""
        ...

    async def discard(self, artifact_ids: Sequence[str], reason: str, back_off: BackOff) -> None:
        """The answers mean nothing: log that, and ask again after the back-off, or leave it to a person."""
        ...
