"""What one look at a check comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Standing(StrEnum):
    """How a check stands by what was measured alone."""

    PASSING = "passing"
    FAILING = "failing"
    PENDING = "pending"
    """Not met yet, with time left for it."""
    PERSON = "person"
    """A person has to look, and to sign for what was seen."""
    UNMEASURED = "unmeasured"
    """There is a figure for it, but not yet; a person may sign with evidence instead."""


SIGNABLE = frozenset({Standing.PERSON, Standing.UNMEASURED})
"""What a sign-off can be about: nobody signs away a figure that says no."""


@dataclass(frozen=True)
class Reading:
    """What one look at one check found."""

    standing: Standing
    words: str
    figure: float | None = None
    subject: Mapping[str, Any] = field(default_factory=dict)
    """What a sign-off would be about, beyond the check itself: when it changes, the sign-off is void."""
