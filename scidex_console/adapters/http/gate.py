"""The polite gate: every wire request takes a turn with the host group it goes to.

`Gates` holds one gate per group, and carries their state over restarts in wall-clock time.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.group_gate import GroupGate, Lease, Turn
from scidex_console.domain.head_trust import HeadTrust
from scidex_console.domain.hosts import BreakerState, GateState, HostGroup, HostGroups, Override
from scidex_console.domain.pacing.group_pace import GroupPace, Moment, TemporaryBudget
from scidex_console.domain.pacing.kept import closed_until, join, longest_interval, take_up
from scidex_console.engine.ports import Clock


class _Kept(NamedTuple):
    """The state of a group as an earlier engine left it, when it was read, and until when it closes hosts."""

    state: GateState
    then: Moment
    until: float


class Gates:
    """All gates of one engine.

    A predecessor that was killed may have sent something a moment ago and not have said so; therefore no
    group is asked before one interval of its own has passed since this object was made.
    """

    def __init__(
        self,
        groups: HostGroups,
        clock: Clock,
        settings: FetchSettings | None = None,
        *,
        jitter: random.Random | None = None,
    ) -> None:
        self._groups = groups
        self._clock = clock
        self._settings = settings or FetchSettings()
        self._jitter = jitter or random.Random()
        self._gates: dict[str, GroupGate] = {}
        self._made_at = clock.monotonic()
        self._head_trust: dict[str, HeadTrust] = {}
        self._lease = Lease()
        self._elsewhere: list[_Kept] = []
        """What an earlier engine left that may close hosts which are of other groups now."""
        self._no_more: list[tuple[GateState, Moment]] = []
        """What it left of groups that are no more."""
        self._closed: set[str] = set()
        self._has_closed = asyncio.Event()

    # --- the source's side ------------------------------------------------------------------------------

    def turn(self, group: str, *, patience: float = math.inf) -> AbstractAsyncContextManager[Turn]:
        """The turn of one wire request to a group, as a context: in flight until it ends.

        Waits as long as it takes; raises `GateClosed` once the group is closed for longer than `patience`
        seconds.
        """
        return self._gate(group).turn(patience)

    def hold(self, group: str, seconds: float | None, cause: str) -> None:
        """Leave a group alone for `seconds` (None: the back-off that doubles), capped by the settings."""
        self._gate(group).hold(seconds, cause)

    def widen(self, group: str, host: str, seconds: float) -> None:
        """A host's robots.txt asks for so many seconds between two requests; 0: for none."""
        pace = self._gate(group).pace
        pace.crawl_delays[host] = seconds
        self._wait_for_a_predecessors(pace, pace.interval(self._clock.monotonic()))

    def head_trust(self, group: str) -> HeadTrust:
        """How far HEAD is believed in a group; what is noted there is kept with the gate's state."""
        return self._head_trust.setdefault(group, HeadTrust())

    # --- the engine's side ------------------------------------------------------------------------------

    def states(self) -> Sequence[GateState]:
        """Every group asked so far, and what is left of those that are no more, to be kept and shown."""
        states = {name: self._state(gate) for name, gate in self._gates.items()}
        states = {state.group: self._what_is_left(state, then) for state, then in self._no_more} | states
        return [states[name] for name in sorted(states)]

    def restore(self, states: Sequence[GateState]) -> None:
        """Take up what an earlier engine left.

        The groups may be others since. A host is left alone as long as the group it was in, whichever group
        it is in now: one that it has joined, one of its own, or one that was renamed. A group that is no more
        has no gate; its state is kept as long as it closes anything, for engines to come.
        """
        for state in states:
            if self._is_still(state):
                self._restore(state)
        now = Moment(self._clock.monotonic(), self._clock.now())
        self._no_more = [(state, now) for state in states if not self._is_still(state)]
        self._elsewhere = [
            _Kept(state, now, until)
            for state in states
            if (until := closed_until(state, now, self._settings)) > now.at
            and not self._is_still_alone(state)
        ]
        for gate in self._gates.values():
            self._take_over(gate.pace)
        for group in self._groups.configured():
            if self._left_to(group):
                self._gate(group.name)

    def set_override(self, group: str, override: Override | None) -> None:
        """Set or clear an operator's temporary budget; one that is over already clears."""
        budget = None
        if override is not None:
            left = (override.until - self._clock.now()).total_seconds()
            if left > 0:
                budget = TemporaryBudget(override, self._clock.monotonic() + left)
        self._gate(group).set_budget(budget)

    def trip(self, group: str, cause: str, times: int) -> None:
        """Open a group's breaker: it answers, but not truly. `times` in a row double how long."""
        self._gate(group).trip(cause, times)

    def renew(self, until: float) -> None:
        """Let requests leave until then, monotonic seconds, and none after it; without a word, always."""
        self._lease.until = until

    async def closed(self) -> Collection[str]:
        """Wait until groups are held or their breakers open, which is to be kept at once."""
        await self._has_closed.wait()
        self._has_closed.clear()
        closed, self._closed = self._closed, set()
        return closed

    def in_flight_limit(self, group: str) -> int:
        """How many rows of this group may be worked on at once."""
        gate = self._gates.get(group)
        return (
            gate.pace.in_flight_limit(self._clock.monotonic())
            if gate
            else max(1, self._groups.named(group).in_flight)
        )

    def closed_until(self, group: str) -> datetime | None:
        """End of a hold, an open breaker or off hours, when one is in force."""
        gate = self._gates.get(group)
        if gate is None:
            named = self._groups.named(group)
            gate = self._gate(group) if named.window is not None or self._left_to(named) else None
        closed = gate.closed_for() if gate else 0.0
        return self._wall(closed) if closed > 0 else None

    def is_off_peak(self, group: str) -> bool:
        """Whether it is the hour of the day that keeps the group closed, and nothing that lasts longer."""
        pace = self._gate(group).pace
        now = Moment(self._clock.monotonic(), self._clock.now())
        return 0 < pace.opens_in(now) == pace.closed_for(now)

    # --- between the clocks -----------------------------------------------------------------------------

    def _gate(self, name: str) -> GroupGate:
        gate = self._gates.get(name)
        if gate is None:
            pace = GroupPace(self._groups.named(name), self._settings, self._jitter)
            pace.not_before = self._made_at + pace.interval(self._made_at)
            self._take_over(pace)
            gate = self._gates[name] = GroupGate(pace, self._clock, self._lease, self._note_closing)
        return gate

    def _note_closing(self, group: str) -> None:
        self._closed.add(group)
        self._has_closed.set()

    def _wall(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)

    def _state(self, gate: GroupGate) -> GateState:
        pace, now = gate.pace, self._clock.monotonic()
        pace.breaker.settle(now)
        next_in, held, opened = pace.next_in(now), pace.held.until - now, pace.breaker.open_for(now)
        off_peak = pace.opens_in(Moment(now, self._clock.now()))
        return GateState(
            group=pace.group.name,
            rate=pace.rate(now),
            in_flight_limit=pace.in_flight_limit(now),
            in_flight=pace.in_flight,
            waiting=gate.waiting,
            next_at=self._wall(next_in) if next_in > 0 else None,
            hold_until=self._wall(held) if held > 0 else None,
            hold_cause=pace.held.cause if held > 0 else pace.breaker.cause if opened > 0 else "",
            holds_in_a_row=pace.held.in_a_row,
            breaker=pace.breaker.state,
            breaker_until=self._wall(opened) if opened > 0 else None,
            failures_in_a_row=pace.breaker.failures,
            breaker_openings=pace.breaker.openings,
            override=pace.budget.override if pace.budget else None,
            head_trust=self.head_trust(pace.group.name).paths(),
            opens_at=self._wall(off_peak) if off_peak > 0 else None,
            hosts=self._all_hosts(pace.group, now),
            hours=str(pace.group.window or ""),
        )

    def _is_still(self, state: GateState) -> bool:
        """Whether the group is there yet."""
        is_configured = any(group.name == state.group for group in self._groups.configured())
        return is_configured or self._is_still_alone(state)

    def _is_still_alone(self, state: GateState) -> bool:
        """Whether it is the state of one host, which is a group of its own now as well."""
        return self._hosts(state) == (state.group,) and self._groups.of_host(state.group) == (
            self._groups.named(state.group)
        )

    def _hosts(self, state: GateState) -> tuple[str, ...]:
        """What the state is of; where nobody kept that, what its group has now, or the host in its name."""
        return state.hosts or self._groups.named(state.group).hosts

    def _left_to(self, group: HostGroup) -> list[_Kept]:
        """What was kept of other groups and closes hosts that this one has now."""
        if not self._elsewhere:
            return []
        now = self._clock.monotonic()
        self._elsewhere = [kept for kept in self._elsewhere if kept.until > now]
        return [
            kept
            for kept in self._elsewhere
            if kept.state.group != group.name and self._groups.may_have_taken(group, self._hosts(kept.state))
        ]

    def _take_over(self, pace: GroupPace) -> None:
        for kept in self._left_to(pace.group):
            join(pace, kept.state, kept.then, self._settings)

    def _all_hosts(self, group: HostGroup, now: float) -> tuple[str, ...]:
        """The group's hosts; while what was kept of it lasts, those that have left it, too."""
        left = [
            host
            for kept in self._elsewhere
            if kept.state.group == group.name and kept.until > now
            for host in self._hosts(kept.state)
        ]
        return tuple(dict.fromkeys((*group.hosts, *left)))

    def _what_is_left(self, state: GateState, then: Moment) -> GateState:
        left = replace(state, in_flight=0, waiting=0)
        if closed_until(state, then, self._settings) > self._clock.monotonic():
            return left
        return replace(left, hold_until=None, hold_cause="", breaker=BreakerState.CLOSED, breaker_until=None)

    def _restore(self, state: GateState) -> None:
        self._head_trust[state.group] = HeadTrust(state.head_trust)
        pace = self._gate(state.group).pace
        now = Moment(self._clock.monotonic(), self._clock.now())
        take_up(pace, state, now, self._settings)
        # With the override in force, or what a robots.txt asked for, it is longer than the group's own.
        self._wait_for_a_predecessors(pace, longest_interval(pace, state, now, self._settings))

    def _wait_for_a_predecessors(self, pace: GroupPace, interval: float) -> None:
        """No request before this interval has passed since this object was made."""
        pace.not_before = max(pace.not_before, self._made_at + interval)
