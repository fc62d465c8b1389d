"""Kept connections: one for each host, however many hosts there are; the oldest idle ones make room."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpcore
import pytest

from scidex_console.adapters.http.pools import Pools
from tests.adapters.http.fetching import fetching
from tests.adapters.http.raw_server import answer, raw_server
from tests.adapters.http.test_image_kinds import picture

PNG_ANSWER = answer("200 OK", picture("PNG"), "Content-Type: image/png")


class Closing(httpcore.AsyncConnectionPool):
    """A pool without connections that notes when it is closed."""

    closed = False

    async def aclose(self) -> None:
        self.closed = True
        await super().aclose()


def pools(*, most: int, keepalive: float = 60.0) -> Pools:
    return Pools(Closing, most=most, keepalive=keepalive)


def origin(host: str) -> tuple[bytes, bytes, int | None]:
    return b"https", host.encode(), None


async def closed_after(kept: Pools, *hosts: str) -> list[bool]:
    """Ask hosts one after the other; which of their pools were closed by that."""
    entered = []
    for host in hosts:
        entered.append(await kept.enter(origin(host)))
        kept.leave(origin(host), entered[-1])
    return [isinstance(host.pool, Closing) and host.pool.closed for host in entered]


async def test_each_of_many_hosts_keeps_its_connection(tmp_path: Path) -> None:
    async with raw_server(PNG_ANSWER) as server, fetching(tmp_path, http_port=server.port) as world:
        for round_ in range(3):
            for number in range(30):
                await world.fetch(f"http://h{number}.example.org/x.png", f"{round_}-{number}")
    assert len(server.heads) == 180
    assert server.connections == 30


async def test_a_host_too_many_takes_the_place_of_the_one_asked_longest_ago() -> None:
    assert await closed_after(pools(most=2), "a", "b", "a", "c") == [False, True, False, False]


async def test_connections_of_a_host_that_is_not_asked_any_more_are_closed_after_a_while() -> None:
    assert await closed_after(pools(most=10, keepalive=-1.0), "a", "b", "c") == [True, True, False]


async def test_connections_are_closed_after_a_while_though_nobody_else_is_asked() -> None:
    kept = pools(most=10, keepalive=0.001)
    idle, busy = [await kept.enter(origin(host)) for host in ("idle", "busy")]
    kept.leave(origin("idle"), idle)
    assert isinstance(idle.pool, Closing) and isinstance(busy.pool, Closing)
    async with asyncio.timeout(10):
        while not idle.pool.closed:
            await asyncio.sleep(0)
    assert not busy.pool.closed
    kept.leave(origin("busy"), busy)
    async with asyncio.timeout(10):
        while not busy.pool.closed:
            await asyncio.sleep(0)
    await kept.aclose()


async def test_what_is_in_use_stays_open_whatever_else_is_asked() -> None:
    kept = pools(most=1, keepalive=-1.0)
    busy = await kept.enter(origin("busy"))
    assert await closed_after(kept, "a", "b") == [True, False]
    assert isinstance(busy.pool, Closing) and not busy.pool.closed
    kept.leave(origin("busy"), busy)
    await kept.enter(origin("c"))
    assert busy.pool.closed


@pytest.mark.parametrize("times", [1, 2])
async def test_closing_closes_all(times: int) -> None:
    kept = pools(most=10)
    entered = [await kept.enter(origin(host)) for host in "abc"]
    for _ in range(times):
        await kept.aclose()
    assert all(isinstance(host.pool, Closing) and host.pool.closed for host in entered)
