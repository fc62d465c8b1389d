"""One wire request: its turn with the gate, its deadline, and the report of how the group behaved."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.http.group_gate import Turn, TurnLost
from scidex_console.adapters.http.guard import Guard
from scidex_console.adapters.http.transport import CheckedTransport, NoAnswer
from scidex_console.domain.addresses import BadAddress, WebAddress
from scidex_console.domain.classify import WAIT_STATUSES, is_challenge
from scidex_console.domain.errors import SettingError
from scidex_console.domain.fetching import Hop
from scidex_console.domain.hosts import HostGroups
from scidex_console.domain.retry_after import parse_retry_after
from scidex_console.domain.sanitise import visible
from scidex_console.engine.ports import Clock


@dataclass
class Cost:
    """What an attempt has cost so far."""

    requests: int = 0
    """Wire requests: request heads that left."""
    seconds: float = 0.0
    """Time in flight, without the waiting for turns."""
    began_at: datetime | None = None
    """When the first turn came."""
    hops: list[Hop] = field(default_factory=list)
    """The requests one by one; those whose head never left are not among them."""


_LONGEST_ADDRESS = 2000
"""Characters of an address that are kept as evidence."""
_LONGEST_LOOK = 120
_TELLING = ("date", "location", "retry-after", "content-type", "content-length", "server")
"""Header fields of an answer that are kept as evidence."""
_MOST_STALE = 4
"""How many kept connections may turn out unusable for one request; each that does is closed."""

ReadBody = Callable[["Answer", AsyncIterator[bytes]], Awaitable[bytes]]
"""Takes what it wants of an answer's body and gives the excerpt to judge a refusal by."""


@dataclass
class Answer:
    """The head of an answer, and what it says about coming back."""

    method: str
    address: WebAddress
    status: int
    headers: Mapping[str, str]
    """By lower-case name; several of one name are joined by commas."""
    locations: list[str]
    challenge: bool = False
    asked_to_wait: bool = False
    """429, or 503 with Retry-After: the group is left alone. Another answer speaks for itself alone."""
    wait: float | None = None
    """Seconds after which the server wants us back, if it said so; capped."""
    retry_at: datetime | None = None
    """The same as a time."""

    @property
    def success(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """Content-Type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def look(self) -> str:
        """By what an answer of the host itself may be told from one of something before it."""
        parts = (str(self.status), self.media_type, self.headers.get("server", ""))
        return visible(" ".join(filter(None, parts)), _LONGEST_LOOK)


@dataclass
class _Exchange:
    """What is known about one request on its way."""

    turn: Turn
    cost: Cost
    fresh: bool = False
    """Whether a connection was opened for it."""
    sent: bool = False
    """Whether its head has left."""
    answered: bool = False
    began: float = 0.0
    """Monotonic seconds."""
    status: int | None = None
    said: str = ""
    """What the answer says, or why there is none."""

    def end(self, request: httpx.Request, address: WebAddress, at: datetime, now: float) -> None:
        """Add to the cost what it has cost. Evidence is kept of what was sent only."""
        took = now - self.began
        self.cost.seconds += took
        if self.sent:
            url = visible(address.url, _LONGEST_ADDRESS)
            hop = Hop(at, request.method, url, self.status, round(1000 * took), visible(self.said))
            self.cost.hops.append(hop)

    async def trace(self, event: str, _: Mapping[str, Any]) -> None:
        """The pool's report of how it gets on."""
        if event == "connection.connect_tcp.started":
            self.fresh = True
        elif event == "http11.send_request_headers.started":
            self.turn.check()
        elif event in ("http11.send_request_headers.complete", "http11.send_request_headers.failed"):
            self.turn.sent()
            self.sent = True
            self.cost.requests += 1


class _Stale(Exception):
    """A connection kept from an earlier request could not be used any more."""


class Wire:
    """Asks one thing at a time, politely. Raises `NoAnswer`, `Forbidden`, `GateClosed`, `BadAddress`."""

    def __init__(
        self,
        settings: FetchSettings,
        groups: HostGroups,
        gates: Gates,
        guard: Guard,
        transport: CheckedTransport,
        clock: Clock,
    ) -> None:
        agent = settings.user_agent
        if not (agent and agent.isascii() and agent.isprintable()):
            raise SettingError(
                f"{agent!r} is no User-Agent", where="user_agent", fix="write one line of ASCII, not empty"
            )
        self._settings = settings
        self._groups = groups
        self._gates = gates
        self._guard = guard
        self._transport = transport
        self._clock = clock

    async def ask(
        self,
        method: str,
        address: WebAddress,
        cookies: httpx.Cookies,
        read: ReadBody,
        cost: Cost,
        *,
        patience: float = math.inf,
        past_caches: bool = False,
    ) -> Answer:
        """Send one request when its turn has come; `read` gets the body while it is in flight.

        `cost` is added to, whatever happens. A connection that was kept and turns out to be closed, or to
        hold the rest of an earlier answer, says nothing about the server: the request is sent again.
        """
        self._guard.check_address(address)
        group = self._groups.of_host(address.host).name
        spare = _MOST_STALE
        while True:
            async with self._gates.turn(group, patience=patience) as turn:
                at = self._clock.now()
                cost.began_at = cost.began_at or at
                request = self._request(method, address, cookies, past_caches)
                exchange = _Exchange(turn, cost, began=self._clock.monotonic())
                try:
                    return await self._in_turn(exchange, request, address, cookies, read, spare > 0)
                except TurnLost:
                    continue
                except _Stale:
                    spare -= 1
                    exchange.said = "the kept connection could not be used any more: sent again"
                except NoAnswer as error:
                    exchange.said = "; ".join(filter(None, (exchange.said, str(error))))
                    raise
                finally:
                    exchange.end(request, address, at, self._clock.monotonic())

    async def _in_turn(
        self,
        exchange: _Exchange,
        request: httpx.Request,
        address: WebAddress,
        cookies: httpx.Cookies,
        read: ReadBody,
        may_be_stale: bool,
    ) -> Answer:
        turn = exchange.turn
        request.extensions["trace"] = exchange.trace
        try:
            async with asyncio.timeout(self._settings.request_deadline):
                response = await self._transport.handle_async_request(request)
                exchange.answered = True
                exchange.status, exchange.said = response.status_code, _told(response)
                try:
                    if "set-cookie" in response.headers:
                        cookies.extract_cookies(response)
                    answer = self._answer(request.method, address, response)
                    excerpt = await read(answer, response.aiter_raw())
                finally:
                    await response.aclose()
        except TimeoutError:
            turn.failed()
            raise NoAnswer(f"no whole answer within {self._settings.request_deadline:g} s") from None
        except NoAnswer as error:
            if may_be_stale and error.broken and not exchange.fresh and not exchange.answered:
                raise _Stale from error
            turn.failed()
            raise
        answer.challenge = is_challenge(answer.status, answer.headers, excerpt)
        self._report(turn, answer)
        return answer

    def _request(
        self, method: str, address: WebAddress, cookies: httpx.Cookies, past_caches: bool
    ) -> httpx.Request:
        settings = self._settings
        try:
            url = httpx.URL(address.url)
        except httpx.InvalidURL as error:
            raise BadAddress(str(error)) from error
        request = httpx.Request(
            method,
            url,
            headers={
                "Host": address.authority,
                "User-Agent": settings.user_agent,
                "Accept": "*/*",
                "Accept-Encoding": "identity",
                "Connection": "keep-alive",
            },
            extensions={
                # The target goes out as we have it; httpx would write some characters in its own way.
                "target": address.target.encode("ascii"),
                "timeout": {
                    "connect": settings.connect_timeout,
                    "pool": settings.connect_timeout,
                    "read": settings.read_timeout,
                    "write": settings.read_timeout,
                },
            },
        )
        if past_caches:
            request.headers["Cache-Control"] = "no-cache"
        if cookies:
            cookies.set_cookie_header(request)
        return request

    def _answer(self, method: str, address: WebAddress, response: httpx.Response) -> Answer:
        status, headers = response.status_code, response.headers
        wait = parse_retry_after(
            headers.get_list("retry-after"), now=self._clock.now(), date=headers.get("date")
        )
        if wait is not None:
            wait = min(wait, self._settings.retry_after_cap)
        return Answer(
            method,
            address,
            status,
            {name.lower(): value for name, value in headers.items()},
            _locations(response),
            asked_to_wait=status == 429 or (status in WAIT_STATUSES and wait is not None),
            wait=wait,
            retry_at=None if wait is None else self._clock.now() + timedelta(seconds=wait),
        )

    def _report(self, turn: Turn, answer: Answer) -> None:
        """Tell the gate. A HEAD that failed says nothing yet: GET decides whether the group is in trouble.

        503 without Retry-After is often one server of many in trouble: the breaker counts it, nobody is held.
        """
        if answer.asked_to_wait:
            said = "no Retry-After" if answer.wait is None else f"Retry-After {answer.wait:.0f} s"
            turn.held(answer.wait, f"{answer.status} from {answer.address.host}, {said}")
        elif answer.challenge or answer.status >= 500:
            if answer.method != "HEAD":
                turn.failed()
        else:
            turn.succeeded()


def _locations(response: httpx.Response) -> list[str]:
    """Where an answer leads: the bytes it names, in whatever encoding they are."""
    raw = [value for name, value in response.headers.raw if name.lower() == b"location"]
    return [_as_text(value) for value in raw]


def _as_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in value)


def _told(response: httpx.Response) -> str:
    """What the head of an answer says beside its status, as far as it may matter later."""
    fields = [(name, response.headers.get_list(name)) for name in _TELLING]
    return "; ".join(f"{name}: {', '.join(values)}" for name, values in fields if values)
