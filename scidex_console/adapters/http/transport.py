"""The connections: a pool for each host, HTTP/1.1, certificates verified, to addresses the guard has judged.

Pools know hosts by their names (so Host, SNI and the certificate's name stay true, and no connection is
shared between names); only the network backend below knows addresses. Errors of the library are translated
here, once, into `NoAnswer`.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpcore
import httpx

from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.guard import Destination, Guard, IPAddress
from scidex_console.adapters.http.pools import Pools
from scidex_console.adapters.http.streams import Network
from scidex_console.domain.errors import SettingError

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Addresses of a host name, in the order to be tried. Raises OSError."""

_MOST_TO_A_HOST = 100
"""Connections to one host at once: as many as a group may have under way at most."""
_BETWEEN_OPENINGS_S = 0.005
"""Between two connections that are opened, to whatever hosts: a thousand at once would make us late in what
we have promised to each, and is what a router takes for an attack."""
_MOST_ADDRESSES = 4
"""How many addresses of one host are tried at most."""


class NoAnswer(Exception):
    """The server did not give a whole answer; the message says what happened instead."""

    def __init__(self, text: str, *, broken: bool = False, retry_in: float | None = None) -> None:
        super().__init__(text)
        self.retry_in = retry_in
        """Seconds before which asking again is pointless, if that is known."""
        self.broken = broken
        """Whether a connection that stood was lost or talked nonsense (not: was silent, or never stood)."""


async def resolve(host: str, port: int) -> list[str]:
    """Ask the system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections for the pool: resolves once, has every address judged, connects to one of those."""

    def __init__(
        self, guard: Guard, *, resolver: Resolver = resolve, inner: httpcore.AsyncNetworkBackend | None = None
    ) -> None:
        self._guard = guard
        self._resolver = resolver
        self._inner = inner or Network()
        self._next_opening = -math.inf

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a judged address of `host`. Raises `Forbidden` when one is not allowed."""
        destination = self._guard.destination(host, port)
        await self._turn()
        addresses = await self._judged(destination, timeout)
        share = None if timeout is None else timeout / len(addresses)
        *others, last = [str(address) for address in addresses]
        for address in others:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._inner.connect_tcp(
                    address, destination.port, share, local_address, socket_options
                )
        return await self._inner.connect_tcp(last, destination.port, share, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        """Wait, for the pool's own use."""
        await self._inner.sleep(seconds)

    async def _turn(self) -> None:
        """Wait until a connection may be opened. A host that does not answer keeps nobody waiting."""
        now = asyncio.get_running_loop().time()
        at = max(now, self._next_opening)
        self._next_opening = at + _BETWEEN_OPENINGS_S
        if at > now:
            await asyncio.sleep(at - now)

    async def _judged(self, destination: Destination, timeout: float | None) -> list[IPAddress]:
        try:
            async with asyncio.timeout(timeout):
                names = await self._addresses_of(destination)
        except TimeoutError:
            raise httpcore.ConnectTimeout(
                f"host {destination.host}: no answer from the name service"
            ) from None
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"host {destination.host} does not resolve ({error})") from error
        addresses = [ip_address(name) for name in names]
        for address in addresses:
            self._guard.check_ip(address, destination)
        return addresses[:_MOST_ADDRESSES]

    async def _addresses_of(self, destination: Destination) -> list[str]:
        try:
            return [str(ip_address(destination.host))]
        except ValueError:
            found = await self._resolver(destination.host, destination.port)
            if not found:
                raise OSError("no address") from None
            return found


class CheckedTransport(httpx.AsyncBaseTransport):
    """The pools as httpx sees a transport. Used as an asynchronous context manager, or closed by `aclose`.

    Requests are handed to it directly: an `httpx.AsyncClient` around it would parse redirects and keep
    cookies, which the figure source does by its own rules. Raises `NoAnswer`, and `Forbidden` when a host
    name leads where nothing may be asked.
    """

    def __init__(self, settings: FetchSettings, guard: Guard, *, resolver: Resolver = resolve) -> None:
        trust, backend = _trust(settings.ca_file), CheckedBackend(guard, resolver=resolver)

        def pool() -> httpcore.AsyncConnectionPool:
            return httpcore.AsyncConnectionPool(
                ssl_context=trust,
                max_connections=_MOST_TO_A_HOST,
                max_keepalive_connections=_MOST_TO_A_HOST,
                keepalive_expiry=settings.keepalive,
                http1=True,
                http2=False,
                retries=0,
                network_backend=backend,
            )

        self._pools = Pools(pool, most=settings.kept_hosts, keepalive=settings.keepalive)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the body of the answer is still to be read, and must be closed."""
        origin = request.url.raw_scheme, request.url.raw_host, request.url.port
        scheme, name, port = origin
        host = await self._pools.enter(origin)
        try:
            with _translated():
                answer = await host.pool.handle_async_request(
                    httpcore.Request(
                        method=request.method,
                        url=httpcore.URL(scheme=scheme, host=name, port=port, target=request.url.raw_path),
                        headers=request.headers.raw,
                        content=b"",
                        extensions=request.extensions,
                    )
                )
        except BaseException:
            self._pools.leave(origin, host)
            raise
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer, partial(self._pools.leave, origin, host)),
            extensions=answer.extensions,
            request=request,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pools.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, answer: httpcore.Response, ended: Callable[[], None]) -> None:
        self._answer = answer
        self._ended: Callable[[], None] | None = ended

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            async for chunk in self._answer.aiter_stream():
                yield chunk

    async def aclose(self) -> None:
        try:
            with _translated():
                await self._answer.aclose()
        finally:
            ended, self._ended = self._ended, None
            if ended is not None:
                ended()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpcore.ConnectTimeout as error:
        raise NoAnswer(str(error) or "no connection in time") from error
    except httpcore.PoolTimeout as error:
        raise NoAnswer("no connection was free in time") from error
    except httpcore.TimeoutException as error:
        raise NoAnswer("no answer in time") from error
    except httpcore.ConnectError as error:
        raise NoAnswer(f"no connection ({_words(error)})") from error
    except httpcore.NetworkError as error:
        raise NoAnswer(f"connection lost ({_words(error)})", broken=True) from error
    except httpcore.ProtocolError as error:
        raise NoAnswer(f"broken answer ({_words(error)})", broken=True) from error
    except (OSError, ssl.SSLError) as error:
        raise NoAnswer(f"connection lost ({_words(error)})", broken=True) from error


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = httpx.create_ssl_context(verify=True, trust_env=False)
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except OSError as error:  # ssl.SSLError is one
            raise SettingError(
                f"{ca_file} cannot be read as certificates ({error.strerror or error})",
                where="ca_file",
                fix="name a file with certificates in PEM form",
            ) from error
    return context
