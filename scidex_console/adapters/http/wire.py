"""One wire request: its turn with the gate, its deadline, and the report of how the group behaved."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
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
from scidex_console.domain.hosts import HostGroups
from scidex_console.domain.retry_after import parse_retry_after
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
    """429, or 503 with Retry-After."""
    retry_at: datetime | None = None
    """When the server wants us back, if it said so; capped."""

    @property
    def success(self) -> bool:
        """2xx."""
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        """Content-Type without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


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
    ) -> Answer:
        """Send one request when its turn has come; `read` gets the body while it is in flight.

        `cost` is added to, whatever happens.
        """
        self._guard.check_address(address)
        group = self._groups.of_host(address.host).name
        while True:
            async with self._gates.turn(group, patience=patience) as turn:
                cost.began_at = cost.began_at or self._clock.now()
                began = self._clock.monotonic()
                try:
                    return await self._in_turn(turn, method, address, cookies, read, cost)
                except TurnLost:
                    continue
                finally:
                    cost.seconds += self._clock.monotonic() - began

    async def _in_turn(
        self,
        turn: Turn,
        method: str,
        address: WebAddress,
        cookies: httpx.Cookies,
        read: ReadBody,
        cost: Cost,
    ) -> Answer:
        request = self._request(method, address, cookies)
        request.extensions["trace"] = _trace(turn, cost)
        try:
            async with asyncio.timeout(self._settings.request_deadline):
                response = await self._transport.handle_async_request(request)
                try:
                    cookies.extract_cookies(response)
                    answer = self._answer(method, address, response)
                    excerpt = await read(answer, response.aiter_raw())
                finally:
                    await response.aclose()
        except TimeoutError:
            turn.failed()
            raise NoAnswer(f"no whole answer within {self._settings.request_deadline:g} s") from None
        except NoAnswer:
            turn.failed()
            raise
        answer.challenge = is_challenge(answer.status, answer.headers, excerpt)
        self._report(turn, answer)
        return answer

    def _request(self, method: str, address: WebAddress, cookies: httpx.Cookies) -> httpx.Request:
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
        cookies.set_cookie_header(request)
        return request

    def _answer(self, method: str, address: WebAddress, response: httpx.Response) -> Answer:
        status, headers = response.status_code, response.headers
        wait = None
        if status in WAIT_STATUSES:
            wait = parse_retry_after(
                headers.get_list("retry-after"), now=self._clock.now(), date=headers.get("date")
            )
        cap = self._settings.retry_after_cap
        return Answer(
            method,
            address,
            status,
            {name.lower(): value for name, value in headers.items()},
            headers.get_list("location"),
            asked_to_wait=status == 429 or wait is not None,
            retry_at=None if wait is None else self._clock.now() + timedelta(seconds=min(wait, cap)),
        )

    def _report(self, turn: Turn, answer: Answer) -> None:
        """Tell the gate. A HEAD that failed says nothing yet: GET decides whether the group is in trouble."""
        if answer.asked_to_wait:
            wait = (answer.retry_at - self._clock.now()).total_seconds() if answer.retry_at else None
            said = f"Retry-After {wait:.0f} s" if wait is not None else "no Retry-After"
            turn.held(wait, f"{answer.status} from {answer.address.host}, {said}")
        elif answer.challenge or answer.status >= 500:
            if answer.method != "HEAD":
                turn.failed()
        else:
            turn.succeeded()


def _trace(turn: Turn, cost: Cost) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
    async def trace(event: str, _: Mapping[str, Any]) -> None:
        if event == "http11.send_request_headers.started":
            turn.check()
        elif event in ("http11.send_request_headers.complete", "http11.send_request_headers.failed"):
            turn.sent()
            cost.requests += 1

    return trace
