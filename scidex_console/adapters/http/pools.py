"""Kept connections, host by host: what one request costs must not grow with the number of hosts.

The library's pool looks at every connection it has, several times a request. So each host (scheme, name,
port) has a pool of its own, and only the pools are counted and cleared here.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import httpcore

Origin = tuple[bytes, bytes, int | None]
"""Scheme, host and port."""


@dataclass
class HostPool:
    """The connections of one host."""

    pool: httpcore.AsyncConnectionPool
    in_use: int = 0
    """Requests under way on them."""
    used_at: float = 0.0
    """When the last one began or ended, monotonic seconds."""


class Pools:
    """The pools of all hosts, least recently used first.

    At most `most` hosts keep connections at once, unless more are in use. A host that is not asked for
    `keepalive` seconds keeps none soon after, whether others are asked or not.
    """

    def __init__(
        self, make: Callable[[], httpcore.AsyncConnectionPool], *, most: int, keepalive: float
    ) -> None:
        self._make = make
        self._most = most
        self._keepalive = keepalive
        self._by_origin: OrderedDict[Origin, HostPool] = OrderedDict()
        self._clearing: asyncio.Task[None] | None = None

    async def enter(self, origin: Origin) -> HostPool:
        """The pool of a host, in use until `leave`."""
        host = self._by_origin.get(origin)
        if host is None:
            host = self._by_origin[origin] = HostPool(self._make())
        self._touch(origin, host)
        host.in_use += 1
        try:
            await self._clear()
        except BaseException:
            host.in_use -= 1
            raise
        return host

    def leave(self, origin: Origin, host: HostPool) -> None:
        """A request is over, its answer read or given up."""
        host.in_use -= 1
        if self._by_origin.get(origin) is host:
            self._touch(origin, host)
        if self._clearing is None or self._clearing.done():
            self._clearing = asyncio.get_running_loop().create_task(self._clear_what_is_idle())

    async def aclose(self) -> None:
        """Close every connection."""
        if self._clearing is not None:
            self._clearing.cancel()
            await asyncio.wait({self._clearing})
        hosts, self._by_origin = list(self._by_origin.values()), OrderedDict()
        for host in hosts:
            await host.pool.aclose()

    def _touch(self, origin: Origin, host: HostPool) -> None:
        host.used_at = monotonic()
        self._by_origin.move_to_end(origin)

    async def _clear_what_is_idle(self) -> None:
        while self._by_origin:
            await asyncio.sleep(self._keepalive)
            await self._clear()

    async def _clear(self) -> None:
        """Close what was idle for too long, and what is too much."""
        while (origin := self._superfluous()) is not None:
            await self._by_origin.pop(origin).pool.aclose()

    def _superfluous(self) -> Origin | None:
        """A host that need not keep its connections: idle too long, or one too many."""
        idle = next(((origin, host) for origin, host in self._by_origin.items() if not host.in_use), None)
        if idle is None:
            return None
        origin, host = idle
        is_old = host.used_at < monotonic() - self._keepalive
        return origin if is_old or len(self._by_origin) > self._most else None
