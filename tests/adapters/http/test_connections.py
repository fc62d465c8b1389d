"""Connections: to judged addresses only, under the host's own name, verified, and kept."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from ipaddress import ip_address
from itertools import pairwise
from pathlib import Path

import httpcore
import pytest
import trustme

from scidex_console.adapters.http.fetch_settings import FetchSettings
from scidex_console.adapters.http.guard import Forbidden, Guard
from scidex_console.adapters.http.transport import CheckedBackend, CheckedTransport
from scidex_console.domain.errors import SettingError
from scidex_console.domain.fetching import FetchClass
from tests.adapters.http.fetching import fetching
from tests.adapters.http.raw_server import RawServer, answer, raw_server
from tests.adapters.http.test_image_kinds import picture
from tests.adapters.http.virtual_time import run as in_virtual_time

PNG_ANSWER = answer("200 OK", picture("PNG"), "Content-Type: image/png")


class RecordingNetwork(httpcore.AsyncNetworkBackend):
    """Notes where connections go, and refuses those in `down`."""

    def __init__(self, down: frozenset[str] = frozenset()) -> None:
        self.tried: list[tuple[str, int]] = []
        self._down = down

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *_: object, **__: object
    ) -> httpcore.AsyncNetworkStream:
        self.tried.append((host, port))
        if host in self._down:
            raise httpcore.ConnectError("refused")
        return httpcore.AsyncMockStream([])


def backend(
    guard: Guard, network: httpcore.AsyncNetworkBackend, answers: dict[str, list[list[str]]]
) -> tuple[CheckedBackend, list[str]]:
    """A backend whose name service gives these addresses, another list at each asking."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        if host not in answers:
            raise OSError("Name or service not known")
        return answers[host].pop(0)

    return CheckedBackend(guard, resolver=resolve, inner=network), asked


async def test_a_host_is_resolved_once_and_connected_to_at_the_address_that_was_judged() -> None:
    network = RecordingNetwork()
    # A second answer, which nobody may ask for, would be private.
    checked, asked = backend(Guard(), network, {"example.org": [["93.184.216.34"], ["127.0.0.1"]]})
    await checked.connect_tcp("example.org", 443, timeout=5)
    assert network.tried == [("93.184.216.34", 443)]
    assert asked == ["example.org"]


@pytest.mark.parametrize(
    "bad", ["127.0.0.1", "10.0.0.1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "100.64.1.1"]
)
async def test_one_address_that_is_not_public_refuses_the_whole_host(bad: str) -> None:
    network = RecordingNetwork()
    checked, _ = backend(Guard(), network, {"example.org": [["93.184.216.34", bad]]})
    with pytest.raises(Forbidden, match=str(ip_address(bad))):
        await checked.connect_tcp("example.org", 443, timeout=5)
    assert network.tried == []


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    network = RecordingNetwork(down=frozenset({"2606:2800:220:1::1"}))
    answers = {"example.org": [["2606:2800:220:1::1", "93.184.216.34"]]}
    checked, _ = backend(Guard(), network, answers)
    await checked.connect_tcp("example.org", 80, timeout=5)
    assert network.tried == [("2606:2800:220:1::1", 80), ("93.184.216.34", 80)]


def test_many_connections_are_opened_one_after_the_other_and_none_waits_for_another_to_stand() -> None:
    opened: list[float] = []

    class Deaf(RecordingNetwork):
        async def connect_tcp(self, host: str, *_: object, **__: object) -> httpcore.AsyncNetworkStream:  # type: ignore[override]
            opened.append(asyncio.get_running_loop().time())
            await asyncio.sleep(10)  # nobody answers
            raise httpcore.ConnectTimeout

    async def open_all() -> None:
        checked = CheckedBackend(Guard(), inner=Deaf())
        connecting = (checked.connect_tcp(f"93.184.216.{n}", 80, timeout=10) for n in range(100))
        await asyncio.gather(*connecting, return_exceptions=True)
        await asyncio.gather(checked.connect_tcp("93.184.216.1", 80, timeout=10), return_exceptions=True)

    in_virtual_time(open_all())
    *first, last = opened
    gaps = [after - before for before, after in pairwise(first)]
    assert min(gaps) > 0.004 and first[-1] < 1.0
    assert last == pytest.approx(first[-1] + 10), "one alone goes at once"


async def test_a_name_nobody_knows_is_a_failed_connection() -> None:
    checked, _ = backend(Guard(), RecordingNetwork(), {"empty.example.org": [[]]})
    for host in ("gone.example.org", "empty.example.org"):
        with pytest.raises(httpcore.ConnectError, match="does not resolve"):
            await checked.connect_tcp(host, 443, timeout=5)


async def test_a_name_service_that_never_answers_is_a_timeout() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(httpcore.ConnectTimeout, match="name service"):
        await CheckedBackend(Guard(), resolver=resolve).connect_tcp("example.org", 443, timeout=0.01)


async def test_the_systems_resolver_is_judged_like_any_other() -> None:
    network = RecordingNetwork()
    with pytest.raises(Forbidden, match="host localhost has loopback address"):
        await CheckedBackend(Guard(), inner=network).connect_tcp("localhost", 80, timeout=5)
    assert network.tried == []


# --- TLS ------------------------------------------------------------------------------------------------


def authority(folder: Path) -> tuple[trustme.CA, Path]:
    ca = trustme.CA()
    ca_file = folder / "ca.pem"
    ca.cert_pem.write_to_path(str(ca_file))
    return ca, ca_file


def server_context(ca: trustme.CA, server: Callable[[], RawServer], *names: str) -> ssl.SSLContext:
    """A context that notes the names it is asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names).configure_cert(context)

    def note(_: ssl.SSLObject | ssl.SSLSocket, name: str | None, __: ssl.SSLContext) -> None:
        server().names.append(name)

    context.sni_callback = note
    return context


async def test_tls_and_host_header_have_the_hosts_own_name_though_the_address_is_another(
    tmp_path: Path,
) -> None:
    ca, ca_file = authority(tmp_path)
    servers: list[RawServer] = []
    context = server_context(ca, lambda: servers[0], "images.example.org", "*.other.example")
    async with raw_server(PNG_ANSWER, tls=context) as server:
        servers.append(server)
        async with fetching(tmp_path, https_port=server.port, ca_file=ca_file) as world:
            for host in ("images.example.org", "a.other.example", "b.other.example", "images.example.org"):
                outcome = await world.fetch(f"https://{host}/x.png", host)
                assert outcome.outcome is FetchClass.STORED, outcome.reason
    assert server.names == ["images.example.org", "a.other.example", "b.other.example"]
    assert server.connections == 3  # one per host name, kept; none shared, though one certificate fits two
    hosts = [head.split(b"Host: ")[1].split(b"\r\n")[0] for head in server.heads]
    assert hosts[:2] == [b"images.example.org"] * 2 and hosts[2] == b"a.other.example"


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_certificate_for_another_name_or_of_nobody_known_is_not_accepted(
    tmp_path: Path, trusted: bool
) -> None:
    ca, ca_file = authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("other.example.org" if trusted else "images.example.org").configure_cert(context)
    async with raw_server(PNG_ANSWER, tls=context) as server:
        trust = ca_file if trusted else None
        async with fetching(tmp_path, https_port=server.port, ca_file=trust) as world:
            outcome = await world.fetch("https://images.example.org/x.png")
    assert outcome.outcome is FetchClass.TRANSIENT
    assert "CERTIFICATE_VERIFY_FAILED" in outcome.reason
    assert server.heads == []


@pytest.mark.parametrize("content", [None, b"this is no certificate"])
def test_a_certificate_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes | None) -> None:
    ca_file = tmp_path / "missing.pem"
    if content is not None:
        ca_file.write_bytes(content)
    with pytest.raises(SettingError, match=r"ca_file: .*missing\.pem cannot be read as certificates"):
        CheckedTransport(FetchSettings(ca_file=ca_file), Guard())


async def test_proxies_of_the_environment_are_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_server(PNG_ANSWER) as server, raw_server(answer("502 Bad Gateway")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        async with fetching(tmp_path, http_port=server.port) as world:
            outcome = await world.fetch("http://images.example.org/x.png")
    assert outcome.outcome is FetchClass.STORED
    assert proxy.heads == []


# --- keeping --------------------------------------------------------------------------------------------


async def test_connections_are_kept_over_errors_redirects_and_pages(tmp_path: Path) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        path = head.split()[1]
        if head.startswith(b"HEAD"):
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 999\r\n\r\n")
        elif path == b"/moved":
            writer.write(answer("302 Found", b"moved" * 100, "Location: /x.png"))
        elif path == b"/page":
            writer.write(answer("200 OK", b"<html>" + b" " * 30_000))
        elif path == b"/x.png":
            writer.write(PNG_ANSWER)
        else:
            writer.write(answer("404 Not Found", b"<html>" + b" " * 30_000))

    async with raw_server(talk) as server, fetching(tmp_path, http_port=server.port) as world:
        for number, path in enumerate(("x.png", "gone", "moved", "page", "gone2", "x.png")):
            await world.fetch(f"http://images.example.org/{path}", str(number))
    assert len(server.heads) == 13
    assert server.connections == 1


async def test_a_body_nobody_wants_costs_at_most_the_drain(tmp_path: Path) -> None:
    sent = 0

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        if head.startswith(b"HEAD"):
            writer.write(answer("404 Not Found"))
            return
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 50000000\r\n\r\n")
        while not writer.is_closing() and sent < 50_000_000:
            writer.write(b" " * 65536)
            sent += 65536
            await writer.drain()

    async with raw_server(talk) as server, fetching(tmp_path, http_port=server.port) as world:
        outcome = await world.fetch("http://images.example.org/x.png")
    assert outcome.outcome is FetchClass.DEAD
    assert sent < 20_000_000  # what lies in the socket buffers of both sides


async def test_caches_are_asked_to_let_a_control_through_and_a_figure_as_they_like(tmp_path: Path) -> None:
    async with raw_server(PNG_ANSWER) as server, fetching(tmp_path, http_port=server.port) as world:
        await world.source.fetch_elsewhere("fig", "http://images.example.org/x.png")
        outcome = await world.source.ask_control("http://images.example.org/x.png")
    figure, control = (b"cache-control: no-cache" in head.lower() for head in server.heads)
    assert control and not figure
    assert outcome.file is not None and outcome.file.name not in world.staging.names(), "it is not kept"
    assert outcome.look == "200 image/png"
