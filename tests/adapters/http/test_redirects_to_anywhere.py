"""A redirect goes through the same guard as a recorded address, whatever trick its target uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from scidex_console.domain.fetching import FetchClass
from tests.adapters.http.fetching import fetching
from tests.adapters.http.raw_server import answer, raw_server

TRICKS = {
    "http://127.0.0.1:9/x.png": "port 9",
    "http://10.0.0.1/x.png": "private address",
    "http://169.254.169.254/latest/meta-data": "link-local",
    "http://224.0.0.1/x.png": "multicast",
    "http://[::1]/x.png": "loopback",
    "http://[64:ff9b::a00:1]/x.png": "NAT64",
    "http://[2002:a00:1::]/x.png": "6to4",
    "http://[::ffff:10.0.0.1]/x.png": "mapped IPv4",
    "http://[fe80::1]/x.png": "link-local",
    "http://167772161/x.png": "unusual form",
    "http://0x0a000001/x.png": "unusual form",
    "http://012.0.0.1/x.png": "unusual form",
    "http://figures.example.org@10.0.0.1/x.png": "user information",
    "http://figures.example.org:22/x.png": "port 22",
    "ftp://figures.example.org/x.png": "scheme ftp",
    "file:///etc/passwd": "scheme file",
    "data:image/png;base64,iVBORw0KGgo=": "scheme data",
    "//10.0.0.1/x.png": "private address",
    "http://10\u30020\u30020\u30021/x.png": "private address",
    "http://10\uff0e0\uff0e0\uff0e1/x.png": "private address",
    "http://\u2460\u2469.0.0.1/x.png": "internationalised name",
    "http://10%2e0%2e0%2e1/x.png": "not a host name",
    "http://10.0.0.1\\@figures.example.org/x.png": "user information",
    "http:///10.0.0.1/x.png": "no host",
    "https:10.0.0.1/x.png": "no host",
    "http:/\\10.0.0.1/x.png": "no host",
    "http://[::10.0.0.1]/x.png": "IPv4-compatible",
    "http://[2001:0:a00:1::]/x.png": "Teredo",
    "http://[::]/x.png": "unspecified",
    "http://0/x.png": "unusual form",
    "http://127.1/x.png": "unusual form",
    "http://localhost./x.png": "no dot",
    "http://100.64.0.1/x.png": "shared by carriers",
}


@pytest.mark.parametrize("target", TRICKS)
async def test_a_redirect_to_what_may_not_be_asked_is_refused_and_not_followed(
    tmp_path: Path, target: str
) -> None:
    moved = answer("302 Found", b"", f"Location: {target.encode().decode('latin-1')}")
    async with (
        raw_server(moved) as server,
        fetching(
            tmp_path,
            http_port=server.port,
            probe="get",
            # Only the recorded host is led to the loopback server: the target is on its own.
            connect_to=(f"figures.example.org:80:127.0.0.1:{server.port}",),
        ) as world,
    ):
        outcome = await world.fetch("http://figures.example.org/a.png")
        asked = len(server.heads)
    assert outcome.outcome is FetchClass.REFUSED
    assert TRICKS[target] in outcome.reason
    assert asked == outcome.requests == 1


async def test_a_name_that_leads_elsewhere_the_second_time_is_judged_the_second_time_too(
    tmp_path: Path,
) -> None:
    answers = [["127.0.0.1"], ["127.0.0.1"], ["10.0.0.1"]]

    async def resolve(host: str, port: int) -> list[str]:
        return answers.pop(0)

    gone = answer("404 Not Found", b"", "Connection: close")
    async with (
        raw_server(gone) as server,
        fetching(
            tmp_path,
            http_port=server.port,
            probe="get",
            connect_to=(f":80::{server.port}",),
            resolver=resolve,
        ) as world,
    ):
        first = await world.fetch("http://figures.example.org/a.png")
        second = await world.fetch("http://figures.example.org/b.png")
        third = await world.fetch("http://figures.example.org/c.png")
        asked = len(server.heads)
    assert (first.outcome, second.outcome) == (FetchClass.DEAD, FetchClass.DEAD)
    assert third.outcome is FetchClass.REFUSED and "10.0.0.1" in third.reason
    assert asked == 2
