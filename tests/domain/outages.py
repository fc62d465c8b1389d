"""A host group that is out now and then, and what the rules for its controls make of that, without waiting.

While a group is out, it says of everything that it is gone: of living figures, and of controls. All of it is
one sequence of requests at the group's pace; what a figure's answer means is decided by the domain's code.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from scidex_console.domain.controls import ControlRules, GoneRun
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.head_trust import HeadTrust

OWN_LOOK = "404 text/html"
_CLOSED_S = 60.0
"""For how long a group is left alone once its control failed."""
_HEAD_EVERY = 4
"""Rounds of controls, of which HEAD is asked in one."""
_PATH = "/articles/bin/fig.jpg"


@dataclass(eq=False)
class Figure:
    """A row, and whether its host has it."""

    lives: bool
    to_head: bool = False
    """Whether only HEAD was asked."""
    suspected_at: float | None = None


@dataclass
class Played:
    """What came of it."""

    requests: int = 0
    controls: int = 0
    wrong: int = 0
    """Living figures that were marked dead."""
    right: int = 0
    ends_at: float = 0.0


@dataclass
class Group:
    """One group asked for its figures, one request after the other."""

    rules: ControlRules
    outages: Sequence[tuple[float, float]]
    """Seconds from and to which it is out."""
    head_first: bool
    rate: float
    chance: random.Random
    outage_look: str = OWN_LOOK
    now: float = 0.0
    played: Played = field(default_factory=Played)
    run: GoneRun = field(init=False)
    trust: HeadTrust = field(default_factory=HeadTrust)
    spent: int = 0
    rounds: int = 0
    known: bool = False
    suspected: list[Figure] = field(default_factory=list)
    later: list[tuple[float, int, Figure]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.run = self.rules.new_run()

    def play(self, figures: Sequence[Figure]) -> Played:
        """To the end, when all is decided."""
        numbers, due = count(), deque(figures)
        while due or self.later or self.suspected:
            while self.later and self.later[0][0] <= self.now:
                due.append(heapq.heappop(self.later)[2])
            if self.known and self.suspected and self._is_due():
                for at, figure in self._control(settles=not due):
                    heapq.heappush(self.later, (at, next(numbers), figure))
            elif due:
                self._ask(due.popleft())
            elif self.suspected and self.known:
                self.spent = self.rules.every
            elif self.later:
                self.now = max(self.now, self.later[0][0])
            else:
                break  # nothing lives here: second answers decide, a day later
        self.played.ends_at = self.now
        return self.played

    def _is_due(self) -> bool:
        return self.spent >= self.rules.due_after(self.run) or self.run.is_surprising

    def _is_out(self) -> bool:
        return any(start <= self.now < end for start, end in self.outages)

    def _request(self) -> bool:
        """One request; whether the group was out then."""
        self.now += 1 / self.rate
        self.played.requests += 1
        self.spent += 1
        return self._is_out()

    def _ask(self, figure: Figure) -> None:
        out = self._request()
        gone, head = out or not figure.lives, 0
        if self.head_first:
            head = 404 if gone else 200
            figure.to_head = self.trust.believes(_PATH, head, self.chance.random())
            if not figure.to_head:
                out = self._request()
                gone = out or not figure.lives
                self.trust.note(_PATH, head, FetchClass.DEAD if gone else FetchClass.STORED)
        if not gone:
            self.known = True
            self.run.note_image(id(figure))
            return
        since = None if figure.suspected_at is None else timedelta(seconds=self.now - figure.suspected_at)
        second = self.rules.is_second(since)
        self.run.note_gone(id(figure), second=second, look=self.outage_look if out else OWN_LOOK)
        figure.suspected_at = self.now if figure.suspected_at is None else figure.suspected_at
        self.suspected.append(figure)

    def _control(self, *, settles: bool) -> list[tuple[float, Figure]]:
        """Ask it; which figures are asked again, and when. What HEAD alone has said waits for a HEAD."""
        before, self.suspected = self.suspected, []
        by_head = any(figure.to_head for figure in before)
        if by_head and (settles or self.rounds % _HEAD_EVERY == 0):
            self._request()
        elif by_head:
            self.suspected = [figure for figure in before if figure.to_head]
            before = [figure for figure in before if not figure.to_head]
        self.rounds += by_head
        out = self._request()
        self.played.controls += 1
        self.spent = 0
        self.run.note_control(passed=not out)
        if out:
            self.now += _CLOSED_S
            before, self.suspected = before + self.suspected, []
            for figure in before:
                figure.suspected_at = None
            return [(self.now + _CLOSED_S, figure) for figure in before]
        again = []
        after = self.rules.doubted_again_after.total_seconds()
        for figure in before:
            if id(figure) in self.run.doubted:
                self.run.doubted.discard(id(figure))
                again.append(((figure.suspected_at or self.now) + after, figure))
            elif figure.lives:
                self.played.wrong += 1
            else:
                self.played.right += 1
        return again


def drawn(number: int, gone: float, chance: random.Random) -> list[Figure]:
    """So many rows, of which such a share is gone."""
    return [Figure(lives=chance.random() >= gone) for _ in range(number)]
