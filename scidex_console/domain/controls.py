"""Whether "gone" can be believed: control images, and how a dead address is confirmed.

Spec (figures): only rows whose URL is confirmed dead are marked. By expectation 97 % of Europe PMC answers
404, so a streak of them proves nothing; an image with known bytes that still comes does.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, Literal

from scidex_console.domain.fetching import FetchClass, FetchOutcome, Hop

WithoutControl = Literal["second-pass", "at-once"]
"""What confirms in a group without a control: a second answer of the kind, or the first one alone."""


class Proof(StrEnum):
    """How a dead address was confirmed."""

    CONTROL = "control"
    """A control image of its group came whole after the answer."""
    SECOND_PASS = "second-pass"  # noqa: S105 - no password
    """A second answer of the kind, long after the first."""
    AT_ONCE = "at-once"
    """One answer, as the configuration has it for groups without a control."""


class ControlResult(StrEnum):
    """What a control image says about its group."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Trouble (timeout, 5xx, 429): it says nothing about what the group has."""


@dataclass
class ControlImage:
    """An image whose bytes are known."""

    url: str
    sha256: str
    proven: bool
    """Whether it came from where it is asked by this tool, or the configuration vouches for it. Another one
    that does not come may have been gone for years, and says nothing."""


@dataclass(frozen=True)
class ControlCheck:
    """One control asked for."""

    group: str
    url: str
    sha256: str
    result: ControlResult
    status: int | None
    reason: str
    requests: int
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True)
class ControlRules:
    """When controls are asked, and what stands in for them."""

    without_control: WithoutControl = "second-pass"
    second_pass_after: timedelta = timedelta(hours=24)
    every: int = 75
    """Requests to a group after which its control is asked, as long as figures are suspected."""
    again_after: timedelta = timedelta(seconds=60)
    """Wait before a control is asked again that met trouble."""
    doubted_again_after: timedelta = timedelta(minutes=10)
    """From an answer in a surprising run to the second one, which a control can confirm."""

    def is_second(self, suspected_for: timedelta | None) -> bool:
        """Whether an answer comes long enough after the first of its kind to be more than that one again."""
        return suspected_for is not None and suspected_for >= self.doubted_again_after


SURPRISING: Final = 0.01
"""A run of gone answers less likely than this, by what the group said before, may be an outage: 3 in a row
where a tenth is gone, 7 where half is, 44 where 90 % are. Less would let longer outages pass; more asks more
of what is dead a second time."""
MOSTLY_GONE: Final = 0.9
"""From this share of gone answers on, one that comes in no surprising run is believed. Below it, short runs
can hide many a living figure, and a dead one that is asked twice costs no more requests than a living one."""


@dataclass
class GoneRun:
    """The gone answers of a group since an image, or a control, came; and the figures that are doubted.

    A control says what its host has now. An outage that began after one and ended before the next is told
    by nothing but this: that more in a row were gone than chance explains. In a group that is not mostly gone
    it may be too short for that, and every first answer is doubted.
    """

    gone: int = 0
    """Gone answers of runs that ended. Of a surprising one only as many as made it surprising, so that an
    outage does not teach that the group is dead."""
    images: int = 0
    length: int = 0
    doubted: set[Hashable] = field(default_factory=set)
    """Figures that a control does not confirm before they have answered a second time."""
    _members: list[Hashable] = field(default_factory=list)

    @property
    def is_surprising(self) -> bool:
        """Whether so many gone answers in a row are improbable: an outage, it may be."""
        return self._chance(self.length) < SURPRISING

    def note_gone(self, figure: Hashable, *, second: bool) -> None:
        """A figure is said to be gone. A `second` answer counts in the run, but is not doubted."""
        self.length += 1
        self.doubted.discard(figure)
        if not second:
            self._members.append(figure)
        if self.is_surprising or self._share < MOSTLY_GONE:
            self.doubted.update(self._members)
            self._members.clear()

    def note_image(self) -> None:
        """A figure came."""
        self.images += 1
        self.note_control(passed=True)

    def note_control(self, *, passed: bool) -> None:
        """A control came, which ends the run, or did not: then the run says nothing about the group."""
        if passed:
            self.gone += self._believable()
        self.length = 0
        self._members.clear()

    def doubts(self, suspected: Iterable[str]) -> list[str]:
        """Those of the suspected figures that a passing control does not confirm."""
        return [figure for figure in suspected if figure in self.doubted]

    def take_up(self, suspected: Collection[str], seen: Collection[str]) -> None:
        """After the answers of an earlier process: suspected figures that are not among them are doubted."""
        self.doubted = {figure for figure in suspected if figure in self.doubted or figure not in seen}

    @property
    def _share(self) -> float:
        """Of gone answers, before the run; a group nothing is known about is taken to be half dead."""
        return (self.gone + 1) / (self.gone + self.images + 2)

    def _chance(self, length: int) -> float:
        return float(self._share**length)

    def _believable(self) -> int:
        length = self.length
        while length > 1 and self._chance(length - 1) < SURPRISING:
            length -= 1
        return length


def judge_control(outcome: FetchOutcome, sha256: str) -> ControlResult:
    """What an attempt at a control image means."""
    if outcome.outcome is FetchClass.TRANSIENT:
        return ControlResult.UNKNOWN
    came = outcome.file is not None and outcome.file.sha256 == sha256
    return ControlResult.PASSED if came else ControlResult.FAILED
