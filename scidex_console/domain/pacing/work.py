"""What is left to ask of a host group, what it is asked by, and how long that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scidex_console.domain.controls import ControlRules
from scidex_console.domain.figures import BackOff
from scidex_console.domain.hosts import GateState, HostGroup
from scidex_console.domain.pacing.answers import Mix
from scidex_console.domain.pacing.manners import Manners


@dataclass(frozen=True)
class Rules:
    """What every group's simulation goes by."""

    manners: Manners = field(default_factory=Manners)
    back_off: BackOff = field(default_factory=BackOff)
    controls: ControlRules = field(default_factory=ControlRules)
    head_first: bool = True
    """Whether HEAD is asked before GET."""
    robots: bool = True
    """Whether each host's robots.txt is read first."""
    batch_files: int = 100
    batch_marks: int = 100
    """Stored figures, or confirmed dead ones, that close a batch; the control is asked after each."""


@dataclass(frozen=True)
class Work:
    """What is left to ask of one host group. Times in seconds from now."""

    group: HostGroup
    due: int = 0
    """Rows that may be asked now."""
    later: tuple[tuple[float, int], ...] = ()
    """Rows put off: when each is due, and its attempts so far."""
    suspected: tuple[float, ...] = ()
    """Rows said to be gone: when a second answer of the kind would confirm each."""
    controlled: bool = False
    """Whether the group has a control image."""
    kept: GateState | None = None
    """The gate as it is: hold, breaker, override, trust in HEAD."""
    mix: Mix = field(default_factory=Mix)
    paths: tuple[str, ...] = ("/",)
    """Paths of its addresses, or of some of them: HEAD's word is learned about by their pattern."""
    hosts: int = 1
    """Hosts whose robots.txt is read."""


WAITS = ("off peak", "held", "back-off", "second answer")
"""Hours of the day; a hold or an open breaker; rows put off; rows that a second answer is to confirm."""


@dataclass(frozen=True)
class GroupForecast:
    """How long one group takes. Times in seconds."""

    group: str
    seconds: float
    """Until nothing of it is left to ask."""
    asked_s: float
    """Until every row that may be asked now has been asked once."""
    rows: int
    requests: int
    waits: Mapping[str, float]
    """Of the time, how long nothing could be asked, by its cause, which is one of `WAITS`."""
