"""How the hosts answer: finds an address's scenario, plays it, and logs the request."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Final, Self

from scidex_console.demo.hosts.connection import LONGEST_EXCHANGE_S, ClientGone, Exchange
from scidex_console.demo.hosts.host_memory import HostMemory
from scidex_console.demo.hosts.replies import Reply, landing_reply, reply_for, status_page
from scidex_console.demo.hosts.request_log import LoggedRequest, RequestLog, clock
from scidex_console.demo.hosts.scenarios import Behaviour, address_key, scenario_for
from scidex_console.demo.hosts.script import Script

OVERSIZE_DECLARED: Final = 5 << 30
"""Content-Length of a body nobody should take, in bytes."""
MOST_BODY: Final = 200_000_000
"""An oversize body is cut off here even if the client goes on reading, in bytes."""
_CHUNK: Final = bytes(64 * 1024)
_DRIBBLES: Final = 20


@dataclass(frozen=True)
class Timing:
    """How long things take, in seconds."""

    latency: float = 0.03
    """Before every answer."""
    hold: int = 20
    """What a Retry-After asks for; whole seconds, as the header has no smaller unit."""
    stall: float = 45.0
    """How long a host that never answers keeps the connection open."""
    slow_body: float = 6.0
    """How long a slow body takes altogether."""

    @classmethod
    def at_speed(cls, speed: float, *, latency: float = 0.03, hold: float = 20) -> Self:
        """Holds, stalls and slow bodies shortened by `speed`; latency stays what it is."""
        return cls(latency, max(1, round(hold / speed)), cls.stall / speed, cls.slow_body / speed)


class Answers:
    """Plays the scenarios of one world."""

    def __init__(self, seed: int, timing: Timing, log: RequestLog) -> None:
        self.script = Script()
        self.memory = HostMemory()
        self._seed = seed
        self._timing = timing
        self._log = log
        self._acts: dict[Behaviour, Callable[[Exchange, Reply], Awaitable[None]]] = {
            Behaviour.CONNECTION_RESET: self._reset,
            Behaviour.TIMEOUT: self._stay_silent,
            Behaviour.TRUNCATED: self._truncate,
            Behaviour.SLOW_BODY: self._dribble,
            Behaviour.OVERSIZE_DECLARED: self._oversize_declared,
            Behaviour.OVERSIZE_ENDLESS: self._oversize_endless,
        }

    async def serve(self, exchange: Exchange) -> None:
        """Answer one request and log it, however it ends."""
        in_flight = self.memory.begin(exchange.host)
        told = _Told()
        try:
            async with asyncio.timeout(LONGEST_EXCHANGE_S):
                await exchange.pause(self._timing.latency)
                await self._answer(exchange, told)
        except ClientGone:
            exchange.ending = "client-gone"
        except TimeoutError:
            exchange.reset("cut-off")
        except asyncio.CancelledError:
            exchange.ending = "stopped"
            raise
        finally:
            self.memory.end(exchange.host)
            self._log.write(_logged(exchange, told, in_flight))

    async def _answer(self, exchange: Exchange, told: _Told) -> None:
        now_ns = time.monotonic_ns()
        held_until = self.memory.held_until(exchange.host, now_ns)
        if held_until is not None:
            told.scenario = "held"
            seconds = math.ceil((held_until - now_ns) / 1e9)
            told.hold_until_ns = now_ns + seconds * 1_000_000_000
            await _send(exchange, status_page(HTTPStatus.TOO_MANY_REQUESTS, ("Retry-After", str(seconds))))
            return
        if exchange.method not in {"GET", "HEAD"}:
            told.scenario = "method"
            await _send(exchange, status_page(HTTPStatus.METHOD_NOT_ALLOWED, ("Allow", "GET, HEAD")))
            return
        landing = landing_reply(exchange.host, exchange.target)
        if landing is not None:
            told.scenario = "landing"
            await _send(exchange, landing)
            return
        await self._play(exchange, told)

    async def _play(self, exchange: Exchange, told: _Told) -> None:
        url = f"{exchange.scheme}://{exchange.host}{exchange.target}"
        scenario = self.script.for_url(url) or scenario_for(url, self._seed)
        told.scenario = scenario.name
        behaviour = scenario.at_attempt(self.memory.attempts_before(address_key(url), exchange.method))
        reply = reply_for(behaviour, exchange.method, exchange.scheme, exchange.host, exchange.target)
        retry_after, told.hold_until_ns = self._retry_after(behaviour)
        if behaviour in (Behaviour.RATE_LIMITED_SECONDS, Behaviour.RATE_LIMITED_DATE) and told.hold_until_ns:
            self.memory.hold(exchange.host, told.hold_until_ns)
        act = self._acts.get(behaviour)
        if act is None:
            await _send(exchange, reply, *retry_after)
        else:
            await act(exchange, reply)

    def _retry_after(self, behaviour: Behaviour) -> tuple[list[tuple[str, str]], int | None]:
        """The Retry-After header a behaviour sends, and the monotonic time until which it asks to wait."""
        wall, now_ns = clock()
        match behaviour:
            case Behaviour.RATE_LIMITED_SECONDS | Behaviour.UNAVAILABLE_RETRY_AFTER:
                seconds = self._timing.hold
                return [("Retry-After", str(seconds))], now_ns + seconds * 1_000_000_000
            case Behaviour.RATE_LIMITED_DATE:
                # A date has whole seconds: rounded up, so that it never falls before the hold's end.
                until = math.ceil(wall) + self._timing.hold
                header = ("Retry-After", formatdate(until, usegmt=True))
                return [header], now_ns + round((until - wall) * 1e9)
        return [], None

    async def _reset(self, exchange: Exchange, _: Reply) -> None:
        exchange.reset()

    async def _stay_silent(self, exchange: Exchange, _: Reply) -> None:
        await exchange.pause(self._timing.stall)
        exchange.hang_up("silent")

    async def _truncate(self, exchange: Exchange, reply: Reply) -> None:
        if exchange.method == "HEAD":
            await _send(exchange, reply)
            return
        await exchange.send_head(reply.status, _headers(reply))
        await exchange.send_body(reply.body[: len(reply.body) * 2 // 3])
        exchange.hang_up("truncated")

    async def _dribble(self, exchange: Exchange, reply: Reply) -> None:
        if exchange.method == "HEAD":
            await _send(exchange, reply)
            return
        await exchange.send_head(reply.status, _headers(reply))
        size = math.ceil(len(reply.body) / _DRIBBLES)
        for start in range(0, len(reply.body), size):
            await exchange.pause(self._timing.slow_body / _DRIBBLES)
            await exchange.send_body(reply.body[start : start + size])
        await exchange.finish()

    async def _oversize_declared(self, exchange: Exchange, reply: Reply) -> None:
        await _flood(exchange, reply, [("Content-Length", str(OVERSIZE_DECLARED))])

    async def _oversize_endless(self, exchange: Exchange, reply: Reply) -> None:
        await _flood(exchange, reply, [])


@dataclass
class _Told:
    """What the log is told about an answer besides the exchange itself."""

    scenario: str = ""
    hold_until_ns: int | None = None


def _headers(reply: Reply) -> list[tuple[str, str]]:
    return [("Content-Type", reply.media_type), ("Content-Length", str(len(reply.body))), *reply.headers]


async def _send(exchange: Exchange, reply: Reply, *more: tuple[str, str]) -> None:
    """An ordinary reply; to HEAD without its body."""
    body = b"" if exchange.method == "HEAD" else reply.body
    await exchange.send_whole(reply.status, [*_headers(reply), *more], body)


async def _flood(exchange: Exchange, reply: Reply, framing: list[tuple[str, str]]) -> None:
    """An image to begin with, then zeros for as long as the client takes them."""
    await exchange.send_head(reply.status, [("Content-Type", reply.media_type), *framing])
    if exchange.method == "HEAD":
        await exchange.finish()
        return
    await exchange.send_body(reply.body)
    while exchange.bytes_sent < MOST_BODY:
        await exchange.send_body(_CHUNK)
        await asyncio.sleep(0)  # the others' turn, and where this client's leaving is noticed
    exchange.reset("cut-off")


def _logged(exchange: Exchange, told: _Told, in_flight: int) -> LoggedRequest:
    finished, finished_ns = clock()
    return LoggedRequest(
        arrived=exchange.arrived,
        arrived_ns=exchange.arrived_ns,
        finished=finished,
        finished_ns=finished_ns,
        connection=exchange.connection.number,
        scheme=exchange.scheme,
        host=exchange.host,
        method=exchange.method,
        target=exchange.target,
        status=exchange.status,
        ending=exchange.ending,
        bytes_sent=exchange.bytes_sent,
        scenario=told.scenario,
        in_flight=in_flight,
        hold_until_ns=told.hold_until_ns,
    )
