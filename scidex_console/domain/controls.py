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
from urllib.parse import urlsplit

from scidex_console.domain.fetching import DEAD_STATUSES, FetchClass, FetchOutcome, Hop

WithoutControl = Literal["second-pass", "at-once"]
"""What confirms in a group without a control: a second answer of the kind, or the first one alone."""
AskedTwice = Literal["doubtful", "all"]
"""Which figures that are said to be gone are asked a second time, where a control confirms it."""


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
    """Trouble (timeout, 5xx, 429), or it may not be asked: it says nothing about what the group has."""


@dataclass(slots=True)
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

    @property
    def head_lied(self) -> bool:
        """Whether HEAD said that the image is gone."""
        return any(hop.method == "HEAD" and hop.status in DEAD_STATUSES for hop in self.hops)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts it came by: what these say of their figures is believed, where it passed."""
        asked = (hop.url for hop in self.hops if not hop.url.endswith("/robots.txt"))
        return frozenset(map(host_of, (self.url, *asked)))


@dataclass(frozen=True)
class SaidGone:
    """By what a figure is said to be gone."""

    url: str
    """The address that said so."""
    to_head: bool = False
    """Whether only HEAD was asked, and believed."""

    @property
    def host(self) -> str:
        """Host of that address."""
        return host_of(self.url)


def host_of(url: str) -> str:
    """Host name in an address; empty where there is none."""
    try:
        return urlsplit(url.strip()).hostname or ""
    except ValueError:
        return ""


@dataclass(frozen=True)
class ControlRules:
    """When controls are asked, and what stands in for them."""

    without_control: WithoutControl = "second-pass"
    second_pass_after: timedelta = timedelta(hours=24)
    every: int = 75
    """Requests to a group after which its control is asked, as long as figures are suspected."""
    believed_every: int = 10
    """The same where first answers are believed: an outage that fits between two controls is not noticed."""
    again_after: timedelta = timedelta(seconds=60)
    """Wait before a control is asked again that met trouble."""
    doubted_again_after: timedelta = timedelta(minutes=10)
    """From an answer in a surprising run to the second one, which a control can confirm."""
    asked_twice: AskedTwice = "doubtful"
    """With "all" no first answer is believed anywhere."""

    def new_run(self) -> GoneRun:
        """The run of a group nothing is known about yet."""
        return GoneRun(believes_none=self.asked_twice == "all")

    def due_after(self, run: GoneRun) -> int:
        """Requests to a group after which its control is asked."""
        if run.is_learning:
            return LEARNING_EVERY
        return min(self.every, self.believed_every) if run.is_mostly_gone else self.every

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

USUAL_AFTER: Final = 3
"""Stretches between two controls in which answers of one look came, after which it is a group's usual one."""
LEARNING_EVERY: Final = 10
"""Requests after which the control is asked while answers look unusual."""
_MOST_LOOKS: Final = 20
"""Looks of one group that are told apart; what looks otherwise again says nothing more."""


class Looks:
    """How the gone answers of a group look: by status, media type and server.

    What is before a host often answers in an outage, and not as the host itself does.
    """

    def __init__(self) -> None:
        self._stretches: dict[str, int] = {}
        self._now: set[str] = set()

    def is_usual(self, look: str) -> bool:
        """Whether a control has vouched for answers like this often enough; an unknown look says nothing."""
        return not look or self._is_beyond(look) or self._stretches.get(look, 0) >= USUAL_AFTER

    def _is_beyond(self, look: str) -> bool:
        return look not in self._stretches and len(self._stretches) >= _MOST_LOOKS

    @property
    def is_learning(self) -> bool:
        """Whether something since the last control looked unusual."""
        return not all(self.is_usual(look) for look in self._now)

    def note(self, look: str) -> None:
        """A gone answer looked like this."""
        self._now.add(look)

    def end_stretch(self, *, passed: bool) -> None:
        """A control came, and vouches for what was seen since the one before, or did not."""
        for look in sorted(self._now) if passed else ():
            if look and not self._is_beyond(look):
                self._stretches[look] = self._stretches.get(look, 0) + 1
        self._now.clear()

    def note_lie(self, look: str) -> None:
        """A figure came that such an answer had called gone: it is learned anew."""
        self._stretches.pop(look, None)


@dataclass
class GoneRun:
    """The gone answers of a group since an image, or a control, came; and the figures that are doubted.

    A control says what its host has now. An outage that began after one and ended before the next is told
    by two things only: that more in a row were gone than chance explains, and that the answers look unlike
    those the group gives otherwise. In a group that is not mostly gone it may be too short for the one, and
    every first answer is doubted.
    """

    gone: int = 0
    """Gone answers of runs that ended. Of a surprising one only as many as made it surprising, so that an
    outage does not teach that the group is dead."""
    images: int = 0
    length: int = 0
    doubted: set[Hashable] = field(default_factory=set)
    """Figures that a control does not confirm before they have answered a second time."""
    looks: Looks = field(default_factory=Looks)
    believes_none: bool = False
    """Whether every first answer is doubted, whatever the group answers otherwise."""
    _members: list[tuple[Hashable, str]] = field(default_factory=list)
    """Those that are not doubted so far, and how their answers looked."""
    _looked: dict[Hashable, str] = field(default_factory=dict)
    """How the first answers of doubted figures looked."""

    @property
    def is_surprising(self) -> bool:
        """Whether so many gone answers in a row are improbable: an outage, it may be."""
        return self._chance(self.length) < SURPRISING

    @property
    def is_mostly_gone(self) -> bool:
        """Whether first answers are believed as long as nothing speaks against them."""
        return not self.believes_none and self._share >= MOSTLY_GONE

    @property
    def is_learning(self) -> bool:
        """Whether answers came since the last control that look unlike those known."""
        return self.looks.is_learning

    def note_gone(self, figure: Hashable, *, second: bool, look: str = "") -> None:
        """A figure is said to be gone. A `second` answer counts in the run, but is not doubted."""
        self.length += 1
        self.doubted.discard(figure)
        self.looks.note(look)
        if second:
            self._looked.pop(figure, None)
        elif self.looks.is_usual(look):
            self._members.append((figure, look))
        else:
            self._doubt([(figure, look)])
        if self.is_surprising or not self.is_mostly_gone:
            self._doubt(self._members)
            self._members.clear()

    def _doubt(self, members: Iterable[tuple[Hashable, str]]) -> None:
        for figure, look in members:
            self.doubted.add(figure)
            self._looked[figure] = look

    def note_image(self, figure: Hashable) -> None:
        """A figure came, perhaps one that was said to be gone before."""
        self.images += 1
        if figure in self._looked:
            self.looks.note_lie(self._looked.pop(figure))
        self._end(passed=True)

    def note_control(self, *, passed: bool) -> None:
        """A control came, which ends the run, or did not: then the run says nothing about the group."""
        self.looks.end_stretch(passed=passed)
        self._end(passed=passed)

    def _end(self, *, passed: bool) -> None:
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
    """What an attempt at a control image means.

    One that we did not ask for, as robots.txt or the guard forbids it now, is no word of its host.
    """
    if outcome.outcome is FetchClass.TRANSIENT or outcome.status is None:
        return ControlResult.UNKNOWN
    came = outcome.file is not None and outcome.file.sha256 == sha256
    return ControlResult.PASSED if came else ControlResult.FAILED
