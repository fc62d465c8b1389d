"""Host groups: the hosts of one operator share one budget.

Spec (figures, plan): Europe PMC at most 4 in flight and 2 requests a second; PMC OA 2 a second; any other
host 1 a second. Groups are configuration; these are the defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from scidex_console.domain.head_trust import PathTrust
from scidex_console.domain.windows import DailyWindow


@dataclass(frozen=True)
class HostGroup:
    """The hosts of one operator, with the budget they share."""

    name: str
    hosts: tuple[str, ...]
    """Host names in lower case; `*.example.org` stands for every name below `example.org`, and itself."""
    rate: float
    """Requests per second."""
    in_flight: int
    """Requests under way at once."""
    window: DailyWindow | None = None
    """Hours in which the group may be asked; None: any."""

    def covers(self, host: str) -> bool:
        """Whether a host name belongs to this group."""
        return any(covers(pattern, host) for pattern in self.hosts)


def covers(pattern: str, host: str) -> bool:
    """Whether a host name is the pattern's; `*.example.org` is example.org and every name below it."""
    name = host.lower().rstrip(".")
    return name == pattern or (
        pattern.startswith("*.") and (name == pattern[2:] or name.endswith(pattern[1:]))
    )


DEFAULT_GROUPS = (
    HostGroup("europepmc", ("europepmc.org", "*.europepmc.org", "www.ebi.ac.uk", "*.ebi.ac.uk"), 2.0, 4),
    HostGroup("ncbi", ("*.ncbi.nlm.nih.gov",), 2.0, 2),
)
_HOSTS_REMEMBERED = 4096
"""Redirects may lead to any number of them."""
DEFAULT_RATE = 1.0
DEFAULT_IN_FLIGHT = 1


class HostGroups:
    """Finds the group of a host; a host nobody configured is a group of its own, with the default budget."""

    def __init__(
        self,
        groups: Sequence[HostGroup] = DEFAULT_GROUPS,
        *,
        default_rate: float = DEFAULT_RATE,
        default_in_flight: int = DEFAULT_IN_FLIGHT,
    ) -> None:
        self._groups = {group.name: group for group in groups}
        self._default_rate = default_rate
        self._default_in_flight = default_in_flight
        self._remembered = lru_cache(_HOSTS_REMEMBERED)(self._of_host)

    def of_host(self, host: str) -> HostGroup:
        """The group a host belongs to."""
        return self._remembered(host)

    def _of_host(self, host: str) -> HostGroup:
        for group in self._groups.values():
            if group.covers(host):
                return group
        return self.named(host.lower().rstrip("."))

    def named(self, name: str) -> HostGroup:
        """The group of that name; an unknown name is a host of its own."""
        return self._groups.get(name) or HostGroup(name, (name,), self._default_rate, self._default_in_flight)

    def configured(self) -> tuple[HostGroup, ...]:
        """The groups the configuration names."""
        return tuple(self._groups.values())

    def may_have_taken(self, group: HostGroup, patterns: Sequence[str]) -> bool:
        """Whether a group has hosts now that another one with these patterns may have had.

        Told by the narrower of two patterns that overlap. That one of them went before the other already is
        not known here: in doubt it is said to have taken them.
        """
        shared = (_shared(mine, other) for mine in group.hosts for other in patterns)
        return any(host is not None and self.of_host(host).name == group.name for host in shared)


def _shared(one: str, other: str) -> str | None:
    """A host that two patterns have in common, and hardly any narrower one; None where there is none."""
    for narrow, wide in ((one, other), (other, one)):
        if covers(wide, narrow.removeprefix("*.")) and (wide.startswith("*.") or not narrow.startswith("*.")):
            return narrow.replace("*", "any-other", 1) if narrow.startswith("*.") else narrow
    return None


class BreakerState(StrEnum):
    """Whether a group is asked at all."""

    CLOSED = "closed"
    OPEN = "open"
    """Too many failures in a row: nothing is asked until `breaker_until`."""
    PROBING = "probing"
    """One request finds out whether the group answers again."""


@dataclass(frozen=True)
class Override:
    """An operator's temporary budget for a group."""

    rate: float | None
    in_flight: int | None
    until: datetime
    operator: str
    reason: str


@dataclass(frozen=True)
class GateState:
    """What must survive a restart for one group, and what the hosts pane shows. Times are wall-clock UTC."""

    group: str
    rate: float
    """Budget in force, requests per second (an override counts)."""
    in_flight_limit: int
    in_flight: int = 0
    waiting: int = 0
    next_at: datetime | None = None
    hold_until: datetime | None = None
    hold_cause: str = ""
    """Why the group is held; without a hold, why its breaker was opened, where it was not for failures."""
    holds_in_a_row: int = 0
    breaker: BreakerState = BreakerState.CLOSED
    breaker_until: datetime | None = None
    failures_in_a_row: int = 0
    breaker_openings: int = 0
    override: Override | None = None
    head_trust: tuple[PathTrust, ...] = ()
    """How far HEAD is believed, by path pattern."""
    opens_at: datetime | None = None
    """When the hours begin in which the group may be asked; None within them."""
    hosts: tuple[str, ...] = ()
    """Patterns of the hosts that the group's state is of, as in `HostGroup`; empty where nobody kept them."""
    hours: str = ""
    """These hours, such as `22:00-06:00 Europe/London`; empty: any."""
