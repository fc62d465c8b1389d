"""robots.txt (RFC 9309): read once per host and day, through the gate like everything else.

`Disallow` keeps an address from being asked; `Crawl-delay` widens the gap of the whole host group. An
operator may override a host's robots.txt with a reason, in the configuration.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx
from protego import Protego

from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.gate import Gates
from scidex_console.adapters.http.guard import Forbidden
from scidex_console.adapters.http.international import to_ascii
from scidex_console.adapters.http.transport import NoAnswer
from scidex_console.adapters.http.wire import Answer, Cost, Wire
from scidex_console.domain.addresses import BadAddress, WebAddress, resolve_reference
from scidex_console.domain.classify import REDIRECT_STATUSES, status_text
from scidex_console.domain.errors import LockBusy, Unreachable
from scidex_console.domain.hosts import HostGroups, covers
from scidex_console.engine.ports import Clock, RobotsFile, RobotsStore

_READ_AGAIN: Final = timedelta(hours=24)
_MOST_BYTES: Final = 500 * 1024
"""RFC 9309, section 2.5: at least so much must be read."""
_MOST_REDIRECTS: Final = 5
_LONGEST_DELAY: Final = 3600.0


class Disallowed(Exception):
    """robots.txt forbids an address; the message says so, in words for the operator."""


@dataclass(frozen=True)
class _Failure:
    """A robots.txt that could not be had."""

    until: float = -math.inf
    """Monotonic seconds; not asked for again before."""
    why: str = ""
    times: int = 0
    """In a row."""


class Robots:
    """What the hosts' robots.txt say to us."""

    def __init__(
        self,
        settings: FetchSettings,
        groups: HostGroups,
        gates: Gates,
        wire: Wire,
        clock: Clock,
        store: RobotsStore | None,
    ) -> None:
        self._settings = settings
        self._groups = groups
        self._gates = gates
        self._wire = wire
        self._clock = clock
        self._store = store
        self._product = settings.user_agent.partition("/")[0].strip()
        """The product token, by which robots.txt files address us (RFC 9309, section 2.2.1)."""
        self._rules: dict[str, tuple[RobotsFile, Protego]] = {}
        self._failed: dict[str, _Failure] = {}
        self._reading: dict[str, asyncio.Lock] = {}

    async def check(self, address: WebAddress, cost: Cost, patience: float) -> None:
        """Raise `Disallowed` when the host does not want this address asked.

        Raises `NoAnswer` while its robots.txt cannot be had (RFC 9309: then everything is disallowed), and
        what a request raises. `cost` is added to.
        """
        if not self._settings.robots or self._is_overridden(address.host):
            return
        async with self._reading_of(address, patience):
            rules = await self._of_host(address, cost, patience)
        if not rules.can_fetch(address.url, self._product):
            raise Disallowed(f"robots.txt of {address.host} does not want {address.path} asked")

    @contextlib.asynccontextmanager
    async def _reading_of(self, address: WebAddress, patience: float) -> AsyncIterator[None]:
        """One at a time for each host. Who reads may wait longer than others have patience."""
        lock = self._reading.setdefault(address.authority, asyncio.Lock())
        try:
            async with asyncio.timeout(None if patience == math.inf else patience):
                await lock.acquire()
        except TimeoutError:
            raise NoAnswer(f"robots.txt of {address.host} is waited for") from None
        try:
            yield
        finally:
            lock.release()

    def _is_overridden(self, host: str) -> bool:
        return any(pattern == "*" or covers(pattern, host) for pattern in self._settings.robots_overrides)

    async def _of_host(self, address: WebAddress, cost: Cost, patience: float) -> Protego:
        origin = address.authority
        known = self._rules.get(origin)
        if known is None and (kept := await self._kept(origin)):
            known = self._taken(address, kept)
        if known is None or not self._is_fresh(known[0]):
            known = self._taken(address, await self._read(address, cost, patience))
            await self._keep(known[0])
        return known[1]

    async def _kept(self, origin: str) -> RobotsFile | None:
        """What was read before, as far as the database can be asked just now."""
        with contextlib.suppress(Unreachable, LockBusy):
            return await self._store.load(origin) if self._store else None
        return None

    async def _keep(self, file: RobotsFile) -> None:
        with contextlib.suppress(Unreachable, LockBusy):
            if self._store is not None:
                await self._store.save(file)

    def _is_fresh(self, file: RobotsFile) -> bool:
        age = self._clock.now() - file.read_at
        return timedelta(0) <= age < _READ_AGAIN

    def _taken(self, address: WebAddress, file: RobotsFile) -> tuple[RobotsFile, Protego]:
        rules = Protego.parse(file.body)
        delay = rules.crawl_delay(self._product) or 0.0
        group = self._groups.of_host(address.host).name
        self._gates.widen(group, address.host, min(max(delay, 0.0), _LONGEST_DELAY))
        self._rules[address.authority] = file, rules
        return file, rules

    async def _read(self, address: WebAddress, cost: Cost, patience: float) -> RobotsFile:
        failure = self._failed.get(address.authority, _Failure())
        if (left := failure.until - self._clock.monotonic()) > 0:
            raise NoAnswer(failure.why, retry_in=left)
        try:
            answer, body = await self._ask(address, cost, patience)
            if answer.status == 429 or answer.status >= 500:
                raise NoAnswer(status_text(answer.status))
        except NoAnswer as error:
            # All rows of the host wait for it. Asked again soon after the first time, then so late that an
            # outage of minutes does not use up the attempts of each.
            wait = self._settings.breaker_longest if failure.times else self._settings.hold_first
            why = f"robots.txt of {address.host} cannot be had ({error})"
            until = self._clock.monotonic() + wait
            self._failed[address.authority] = _Failure(until, why, failure.times + 1)
            raise NoAnswer(why, retry_in=wait) from error
        self._failed.pop(address.authority, None)
        text = _text(body) if answer.success else ""
        return RobotsFile(address.authority, self._clock.now(), answer.status, text)

    async def _ask(self, address: WebAddress, cost: Cost, patience: float) -> tuple[Answer, bytes]:
        target = WebAddress(address.scheme, address.host, address.port, "/robots.txt")
        body = b""

        async def read(answer: Answer, chunks: AsyncIterator[bytes]) -> bytes:
            nonlocal body
            taken = bytearray()
            async for chunk in chunks:
                taken += chunk
                if len(taken) >= _MOST_BYTES:
                    break
            if not answer.success:
                return bytes(taken)
            body = _whole_lines(_opened(bytes(taken), answer.headers.get("content-encoding", "")))
            return b""

        answer = await self._wire.ask("GET", target, httpx.Cookies(), read, cost, patience=patience)
        for _ in range(_MOST_REDIRECTS):
            if answer.status not in REDIRECT_STATUSES or not answer.locations:
                break
            try:
                target = resolve_reference(target, answer.locations[0], to_ascii=to_ascii)
                answer = await self._wire.ask("GET", target, httpx.Cookies(), read, cost, patience=patience)
            except (BadAddress, Forbidden):
                break  # it leads where nothing may be asked: as good as none (RFC 9309, section 2.3.1.2)
        return answer, body


def _opened(body: bytes, encoding: str) -> bytes:
    """The bytes themselves, where a server encodes them although it was asked not to. Raises `NoAnswer`."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    with contextlib.suppress(zlib.error):
        if encoding in ("gzip", "x-gzip", "deflate"):
            return zlib.decompressobj(wbits=zlib.MAX_WBITS | 32).decompress(body, _MOST_BYTES)
    raise NoAnswer(f"it comes encoded ({encoding})")


def _whole_lines(body: bytes) -> bytes:
    """What is read, at most: half of a rule could forbid more than the whole."""
    if len(body) < _MOST_BYTES:
        return body
    return body[: max(body.rfind(b"\n", 0, _MOST_BYTES), body.rfind(b"\r", 0, _MOST_BYTES)) + 1]


def _text(body: bytes) -> str:
    is_utf_16 = body.startswith((b"\xff\xfe", b"\xfe\xff"))
    return body.decode("utf-16" if is_utf_16 else "utf-8-sig", errors="replace").replace("\0", "")
