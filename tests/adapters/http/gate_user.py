"""Somebody who sends requests through the gate, and remembers when what happened."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field

from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.http.group_gate import Turn
from scidex_console.domain.hosts import HostGroup, HostGroups
from scidex_console.domain.windows import DailyWindow
from tests.adapters.http.virtual_time import VirtualClock


@dataclass
class Record:
    """What happened at the server, in virtual seconds."""

    sent: list[float] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0


class GateUser:
    """One group's gate under a virtual clock."""

    def __init__(
        self,
        rate: float = 2.0,
        in_flight: int = 4,
        *,
        name: str = "group",
        settings: FetchSettings | None = None,
        window: DailyWindow | None = None,
    ) -> None:
        self.name = name
        self.clock = VirtualClock()
        self.groups = HostGroups([HostGroup(name, (f"{name}.example.org",), rate, in_flight, window)])
        self.gates = Gates(self.groups, self.clock, settings, jitter=random.Random(7))
        self.record = Record()

    async def request(self, number: int = 0, *, connect: float = 0.0, takes: float = 0.0) -> None:
        """A request that succeeds: `connect` seconds until its head leaves, `takes` until all is here."""
        async with self.gates.turn(self.name) as turn:
            await self.exchange(turn, number, connect=connect, takes=takes)
            turn.succeeded()

    async def exchange(
        self, turn: Turn, number: int = 0, *, connect: float = 0.0, takes: float = 0.0
    ) -> None:
        """The wire part of a request."""
        record = self.record
        await asyncio.sleep(connect)
        turn.sent()
        record.sent.append(self.clock.monotonic())
        record.order.append(number)
        record.under_way += 1
        record.most_under_way = max(record.most_under_way, record.under_way)
        await asyncio.sleep(takes)
        record.under_way -= 1

    async def fail(self, times: int = 1) -> None:
        for _ in range(times):
            async with self.gates.turn(self.name) as turn:
                await self.exchange(turn)
                turn.failed()


def most_in_a_second(times: list[float]) -> int:
    """Most requests in any window of one second, its end not included."""
    return max((sum(start <= other < start + 1 for other in times) for start in times), default=0)
