"""The polite gate: every wire request takes a turn with the host group it goes to.

`Gates` holds one gate per group, and carries their state over restarts in wall-clock time.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta

from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.group_gate import OFF_PEAK, GroupGate, TemporaryBudget, Turn
from scidex_console.domain.head_trust import HeadTrust
from scidex_console.domain.hosts import BreakerState, GateState, HostGroups, Override
from scidex_console.engine.ports import Clock


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
        self._gate(group).crawl_delays[host] = seconds

    def head_trust(self, group: str) -> HeadTrust:
        """How far HEAD is believed in a group; what is noted there is kept with the gate's state."""
        return self._head_trust.setdefault(group, HeadTrust())

    # --- the engine's side ------------------------------------------------------------------------------

    def states(self) -> Sequence[GateState]:
        """Every group asked so far, for the database and the hosts pane."""
        return [self._state(self._gates[name]) for name in sorted(self._gates)]

    def restore(self, states: Sequence[GateState]) -> None:
        """Take up what an earlier engine left.

        Spans are bounded by what they can be at most (one interval, the cap of a hold, the longest opening),
        so a clock that was set meanwhile closes nothing for years.
        """
        for state in states:
            self._restore(state)

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

    def in_flight_limit(self, group: str) -> int:
        """How many rows of this group may be worked on at once."""
        gate = self._gates.get(group)
        return gate.in_flight_limit if gate else max(1, self._groups.named(group).in_flight)

    def closed_until(self, group: str) -> datetime | None:
        """End of a hold, an open breaker or off hours, when one is in force."""
        gate = self._gates.get(group)
        if gate is None and self._groups.named(group).window is not None:
            gate = self._gate(group)
        closed = gate.closed_for() if gate else 0.0
        return self._wall(closed) if closed > 0 else None

    # --- between the clocks -----------------------------------------------------------------------------

    def _gate(self, name: str) -> GroupGate:
        gate = self._gates.get(name)
        if gate is None:
            gate = GroupGate(self._groups.named(name), self._clock, self._settings, self._jitter, -math.inf)
            gate.not_before = self._made_at + gate.interval
            self._gates[name] = gate
        return gate

    def _wall(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)

    def _state(self, gate: GroupGate) -> GateState:
        now = self._clock.monotonic()
        gate.breaker.settle(now)
        next_in, held, opened = gate.next_in(), gate.held.until - now, gate.breaker.open_for(now)
        off_peak = gate.opens_in()
        cause = gate.held.cause if held > 0 else gate.breaker.cause if opened > 0 else ""
        if off_peak > max(held, opened):
            held, cause = off_peak, gate.off_peak_cause
        return GateState(
            group=gate.group.name,
            rate=gate.rate,
            in_flight_limit=gate.in_flight_limit,
            in_flight=gate.in_flight,
            waiting=gate.waiting,
            next_at=self._wall(next_in) if next_in > 0 else None,
            hold_until=self._wall(held) if held > 0 else None,
            hold_cause=cause,
            holds_in_a_row=gate.held.in_a_row,
            breaker=gate.breaker.state,
            breaker_until=self._wall(opened) if opened > 0 else None,
            failures_in_a_row=gate.breaker.failures,
            breaker_openings=gate.breaker.openings,
            override=gate.budget.override if gate.budget else None,
            head_trust=self.head_trust(gate.group.name).paths(),
        )

    def _restore(self, state: GateState) -> None:
        self.set_override(state.group, state.override)
        self._head_trust[state.group] = HeadTrust(state.head_trust)
        gate = self._gate(state.group)
        now = self._clock.monotonic()
        # With the override in force the interval may be longer than the one `not_before` was made with.
        wait = min(self._left(state.next_at), gate.interval)
        gate.not_before = max(gate.not_before, self._made_at + gate.interval, now + wait)
        if state.hold_until is not None and not state.hold_cause.startswith(OFF_PEAK):
            gate.held.until = now + min(self._left(state.hold_until), self._settings.retry_after_cap)
            gate.held.cause = state.hold_cause
            gate.held.began = now
        gate.held.in_a_row = state.holds_in_a_row
        gate.breaker.failures = state.failures_in_a_row
        gate.breaker.openings = state.breaker_openings
        gate.breaker.state = state.breaker
        gate.breaker.cause = state.hold_cause if state.hold_until is None else ""
        if state.breaker is BreakerState.OPEN:
            gate.breaker.until = now + min(self._left(state.breaker_until), self._settings.breaker_longest)

    def _left(self, until: datetime | None) -> float:
        return max(0.0, (until - self._clock.now()).total_seconds()) if until else 0.0
