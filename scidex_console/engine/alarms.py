"""What makes a console ring: a halt, a breaker that opens, a soak that fails. Told once each, not too often.

No Textual in here, and nothing that rings: that is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scidex_console.domain.hosts import BreakerState
from scidex_console.domain.runs import RunState
from scidex_console.domain.sanitise import visible
from scidex_console.domain.soak.clock import ClockState
from scidex_console.engine.views import Overview

AT_MOST_EVERY_S = 10.0
_LONGEST = 300


class Alarms:
    """Compares each overview with the one before it."""

    def __init__(self, ring: Callable[[str], None], monotonic: Callable[[], float]) -> None:
        """`ring` is told what happened, as one line that is safe to show anywhere."""
        self._ring = ring
        self._monotonic = monotonic
        self._standing: frozenset[str] | None = None
        self._waiting: list[str] = []
        self._rang_at = float("-inf")

    def look(self, overview: Overview) -> None:
        """Ring for what was not there before; what stands when the console opens rings nobody."""
        now = dict(standing_alarms(overview))
        if self._standing is not None:
            self._waiting += [text for key, text in now.items() if key not in self._standing]
        self._standing = frozenset(now)
        self.tick()

    def tick(self) -> None:
        """Ring for what had to wait, once enough time has passed."""
        if not self._waiting or self._monotonic() - self._rang_at < AT_MOST_EVERY_S:
            return
        more = f" (and {len(self._waiting) - 1} more)" if len(self._waiting) > 1 else ""
        self._rang_at = self._monotonic()
        text = visible(self._waiting[0], _LONGEST - len(more))
        self._waiting.clear()
        self._ring(f"scidex-console: {text}{more}")


def standing_alarms(overview: Overview) -> Iterator[tuple[str, str]]:
    """A key for each thing that is wrong now, and its words."""
    place = f" ({overview.engine.environment})" if overview.engine and overview.engine.environment else ""
    for gap in overview.gaps:
        if gap.run and gap.run.state is RunState.HALTED:
            yield f"halt {gap.run.id}", f"{gap.job} run {gap.run.id} halted{place}: {gap.run.halt_reason}"
    for host in overview.hosts:
        if host.gate.breaker is BreakerState.OPEN:
            openings = host.gate.breaker_openings
            yield f"breaker {host.gate.group} {openings}", f"the breaker of {host.gate.group} is open{place}"
    soak = overview.soak
    if soak and soak.entry and soak.clock and soak.clock.state is ClockState.STOPPED:
        words = f"phase {soak.entry.phase} of the soak fails{place}: {soak.clock.why}"
        yield f"soak {soak.entry.id} {soak.clock.since}", words
