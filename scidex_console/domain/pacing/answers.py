"""What the hosts of a group are taken to answer: a mix drawn from, learned from attempts or expected."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What one attempt at a row meets."""

    STORED = "stored"
    GONE = "gone"
    """404, 410 or 451."""
    OTHER = "other"
    """What is left to a person: suspect, refused."""
    BLOCKED = "blocked"
    TROUBLE = "trouble"
    """Timeout, reset, 5xx."""
    TOLD_TO_WAIT = "told-to-wait"
    """429, or 503 with Retry-After."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one attempt at a row meets. Times in seconds, from a request's head until its answer is whole."""

    kind: Kind
    head_s: float
    get_s: float
    hold_s: float | None = None
    """Of one that is told to wait: so long, or (None) unsaid."""
    ends_at_head: bool = False
    """Of trouble: HEAD gets no answer, so that GET is not tried."""
    hops: int = 0
    """Redirects before the last answer."""


@dataclass(frozen=True)
class Mix:
    """How often each kind comes, and how long it takes. Times in seconds."""

    shares: Mapping[Kind, float] = field(default_factory=lambda: {Kind.STORED: 1.0})
    """Weights; need not sum to 1."""
    answer_s: float = 0.3
    """One request, answered."""
    trouble_s: float = 5.0
    """One request without a usable answer."""
    hold_s: float | None = None
    """What Retry-After says; None: nothing."""
    at_head: float = 0.5
    """Share of trouble in which already HEAD gets no answer."""
    hops: float = 0.0
    """Redirects an attempt, on average."""

    def share(self, kind: Kind) -> float:
        """How often this kind comes, from 0 to 1."""
        return self.shares.get(kind, 0.0) / (sum(self.shares.values()) or 1.0)

    def drawn(self, chance: random.Random) -> Iterator[Answer]:
        """Answers without end."""
        kinds, weights = list(self.shares), list(self.shares.values())
        while True:
            for kind in chance.choices(kinds, weights, k=64):
                slow = kind is Kind.TROUBLE
                takes = self.trouble_s if slow else self.answer_s
                whole, rest = divmod(self.hops, 1)
                yield Answer(
                    kind,
                    takes,
                    takes,
                    self.hold_s,
                    ends_at_head=slow and chance.random() < self.at_head,
                    hops=int(whole) + (chance.random() < rest),
                )


EUROPE_PMC: Final = Mix({Kind.GONE: 0.97, Kind.STORED: 0.03})
"""Spec (figures): Europe PMC answers 404 for about 97 % of the addresses."""
ELSEWHERE: Final = Mix({Kind.GONE: 0.25, Kind.STORED: 0.65, Kind.TROUBLE: 0.05, Kind.OTHER: 0.05})
"""Expected of hosts nothing is known about."""


def expected(group: str) -> Mix:
    """What is expected of a group nobody has asked yet."""
    return EUROPE_PMC if group == "europepmc" else ELSEWHERE
