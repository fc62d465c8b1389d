"""Looks at the checks of the phase under way: each a round, on a schedule and when asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from scidex_console.domain.errors import ConsoleError, Fenced, briefly
from scidex_console.domain.soak.checks import COVERAGE_DAYS, find_check
from scidex_console.domain.soak.clock import SpanKind
from scidex_console.domain.soak.facts import Facts
from scidex_console.domain.soak.judging import ALPHA, Reading, Standing, fingerprint, judge
from scidex_console.domain.soak.ladder import Ladder, read_ladder
from scidex_console.domain.soak.phases import SoakTimes
from scidex_console.domain.soak.records import Entry, SoakRecord, SoakRules
from scidex_console.engine.ports import SoakFacts, SoakStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.soak.probing import ServiceLook

_HOUR_S, _DAY_S = 3600.0, 86_400.0
_LEAST_BEFORE = 0.1
"""Of the soak's length: so much of the time before must be known for event rates to be compared."""


@dataclass(frozen=True)
class SoakOptions:
    """How this engine soaks."""

    times: SoakTimes
    rules: SoakRules
    alpha: float = ALPHA


class SoakRounds:
    """Measures the phase under way. `list_strays` names what the repository's top has besides folders."""

    def __init__(
        self,
        store: SoakStore,
        facts: SoakFacts,
        list_strays: Callable[[], Awaitable[tuple[str, ...]]],
        service: ServiceLook,
        pulse: Pulse,
        options: SoakOptions,
    ) -> None:
        self._store = store
        self._facts = facts
        self._list_strays = list_strays
        self._service = service
        self._pulse = pulse
        self.options = options
        self._turn = asyncio.Lock()

    async def declare(self) -> None:
        """Write down what this engine goes by, for every reader."""
        await self._store.declare(self.options.rules)

    async def ladder(self) -> Ladder:
        """The ladder by what is on record and by what this engine goes by."""
        return read_ladder(await self._record())

    async def look(self) -> bool:
        """One round, if a phase is under way; whether one is. What cannot be asked is told, and tried again.

        Raises `Fenced`.
        """
        try:
            record = await self._record()
            if not record.entries:
                self._pulse.say("soak", "")
                return False
            async with self._turn:
                await self._measure(record)
        except Fenced:
            raise
        except ConsoleError as error:
            self._pulse.say("soak", f"the soak is not measured: {briefly(error)}")
            return True
        self._pulse.say("soak", "")
        self._pulse.changed("soak")
        return True

    async def measure(self) -> Ladder:
        """One round now, and the ladder after it. Raises what stood in the way."""
        record = await self._record()
        if record.entries:
            async with self._turn:
                await self._measure(record)
            self._pulse.changed("soak")
        return await self.ladder()

    async def _record(self) -> SoakRecord:
        return replace(await self._store.record(), rules=self.options.rules)

    async def _measure(self, record: SoakRecord) -> None:
        entry = record.entries[-1]
        facts = Facts(now=record.now, begun_at=entry.begun_at)
        if gather := _GATHER.get(entry.phase):
            facts = await gather(self, entry, facts)
        readings = judge(entry.phase, facts, alpha=self.options.alpha)
        named: dict[str, tuple[Reading, str]] = {}
        for check_id, reading in readings.items():
            check = find_check(check_id)
            assert check is not None
            named[check_id] = (reading, fingerprint(check, entry.id, reading))
        kind, why = _verdict(readings)
        longest_s = self.options.rules.longest_s
        await self._store.keep(entry, named, kind=kind, why=why, longest_s=longest_s)

    async def _schema(self, entry: Entry, facts: Facts) -> Facts:
        del entry
        return replace(facts, shape=await self._facts.shape())

    async def _new_artifacts(self, entry: Entry, facts: Facts) -> Facts:
        facts = replace(facts, newcomers=await self._facts.newcomers(entry.begun_at))
        try:
            events = tuple(await self._facts.events(entry))
        except Fenced:
            raise
        except ConsoleError as error:
            return replace(facts, events_trouble=briefly(error))
        return replace(facts, events=events, least_before_s=entry.needed_s * _LEAST_BEFORE)

    async def _backfill(self, entry: Entry, facts: Facts) -> Facts:
        late = facts.now > entry.begun_at + timedelta(days=COVERAGE_DAYS)
        return replace(
            facts,
            existing=await self._facts.existing(entry.begun_at, late=late),
            acceptance=await self._facts.acceptance(),
            cycles=await self._facts.cycles(entry.begun_at),
            verified=await self._facts.last_verify(),
            latency=await self._facts.latency(entry),
        )

    async def _readers(self, entry: Entry, facts: Facts) -> Facts:
        return replace(facts, reads=await self._facts.reads(entry, longest_s=_DAY_S))

    async def _addresses(self, entry: Entry, facts: Facts) -> Facts:
        del entry
        probes, trouble = await self._service.look(await self._facts.probe_artifacts())
        return replace(facts, probes=probes, probe_trouble=trouble)

    async def _removal(self, entry: Entry, facts: Facts) -> Facts:
        return replace(
            facts,
            acceptance=await self._facts.acceptance(),
            strays=await self._list_strays(),
            reads=await self._facts.reads(entry, longest_s=_HOUR_S),
            vacuumed_at=await self._facts.vacuumed_at(),
        )


_GATHER: Mapping[int, Callable[[SoakRounds, Entry, Facts], Awaitable[Facts]]] = {
    0: SoakRounds._schema,
    1: SoakRounds._new_artifacts,
    2: SoakRounds._backfill,
    3: SoakRounds._readers,
    4: SoakRounds._addresses,
    5: SoakRounds._removal,
}
"""What each phase asks for."""


def _verdict(readings: Mapping[str, Reading]) -> tuple[SpanKind, str]:
    """What a round means for the clock. A person's part keeps the gate shut, but does not stop the clock."""
    for standing, kind in ((Standing.FAILING, SpanKind.FAILED), (Standing.PENDING, SpanKind.WAITED)):
        found = [
            f"{name}: {reading.words}" for name, reading in readings.items() if reading.standing is standing
        ]
        if found:
            return kind, "; ".join(found)
    return SpanKind.HELD, ""
