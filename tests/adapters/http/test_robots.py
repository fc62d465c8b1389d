"""robots.txt: read once per host and day, obeyed, and overridden only by name."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scidex_console.domain.fetching import FetchClass
from scidex_console.engine.ports import RobotsFile
from tests.adapters.http.fetching import Fetching, fetching
from tests.adapters.http.raw_server import RawServer, answer, raw_server

HOST = "figures.example.org"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\1" * 40 + b"\0\0\0\0IEND\xaeB`\x82"
RULES = b"""User-agent: *
Disallow: /private/
Allow: /private/open/
Disallow: /*.gif$

User-agent: scidex-console
Crawl-delay: 3
Disallow: /private/
"""


class Kept:
    """A store that remembers within the test."""

    def __init__(self, *files: RobotsFile) -> None:
        self.files = {file.origin: file for file in files}

    async def load(self, origin: str) -> RobotsFile | None:
        return self.files.get(origin)

    async def save(self, file: RobotsFile) -> None:
        self.files[file.origin] = file


@asynccontextmanager
async def world(folder: Path, robots: bytes, **changes: Any) -> AsyncIterator[tuple[Fetching, RawServer]]:
    """A host with this answer to robots.txt, and an image everywhere else."""

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(robots if b" /robots.txt " in head else answer("200 OK", PNG, "Content-Type: image/png"))

    async with (
        raw_server(talk) as server,
        fetching(folder, http_port=server.port, **{"robots": True, "probe": "get", **changes}) as made,
    ):
        yield made, server


async def fetch(made: Fetching, path: str) -> tuple[FetchClass, str, int]:
    outcome = await made.fetch(f"http://{HOST}{path}")
    return outcome.outcome, outcome.reason, outcome.requests


async def test_disallowed_addresses_wait_with_their_reason_and_cost_nothing(tmp_path: Path) -> None:
    rules = answer("200 OK", RULES.replace(b"Crawl-delay: 3\n", b""), "Content-Type: text/plain")
    async with world(tmp_path, rules) as (made, server):
        refused = await fetch(made, "/private/a.png")
        stored = await fetch(made, "/public/a.png")
        again = await fetch(made, "/private/b.png")
        asked = server.request_lines
    assert refused == (
        FetchClass.BLOCKED,
        f"robots.txt of {HOST} does not want /private/a.png asked",
        1,
    )
    assert (stored[0], stored[2]) == (FetchClass.STORED, 1) and again[2] == 0
    assert [line.split()[1] for line in asked] == ["/robots.txt", "/public/a.png"], "read once"


async def test_crawl_delay_widens_the_gap_of_the_whole_group(tmp_path: Path) -> None:
    async with world(tmp_path, answer("200 OK", RULES)) as (made, _):
        await fetch(made, "/private/a.png")
        state = made.gates.states()[0]
    assert state.rate == pytest.approx(1 / 3)


async def test_who_has_no_patience_does_not_wait_behind_another_for_a_robots_txt(tmp_path: Path) -> None:
    """A redirect to a host whose group was closed just then must not keep its own group waiting for hours."""
    async with world(tmp_path, answer("200 OK", b""), hop_patience=0.2) as (made, server):
        made.gates.hold(HOST, 600.0, "asked to")
        patient = asyncio.create_task(fetch(made, "/a.png"))
        await asyncio.sleep(0.01)
        outcome = await made.source.fetch_elsewhere("b", f"http://{HOST}/b.png")
        assert outcome.outcome is FetchClass.TRANSIENT and "robots.txt" in outcome.reason
        assert server.heads == []
        patient.cancel()
        await asyncio.gather(patient, return_exceptions=True)


NOTHING = b"User-agent: *\nDisallow: /\n"


@pytest.mark.parametrize(
    "robots",
    [
        answer("200 OK", b"\xef\xbb\xbf" + NOTHING),
        answer("200 OK", NOTHING.decode().encode("utf-16")),
        answer("200 OK", NOTHING.replace(b"\n", b"\r")),
        answer("200 OK", gzip.compress(NOTHING), "Content-Encoding: gzip"),
        answer("200 OK", gzip.compress(NOTHING + bytes(10**7)), "Content-Encoding: x-gzip"),
        answer("200 OK", zlib.compress(NOTHING), "Content-Encoding: deflate"),
        answer("200 OK", b"User-agent: other\nUser-agent: scidex-console\nDisallow: /\n"),
        answer("200 OK", b"User-agent: *\nDisallow: /a.png" + b"\nDisallow: /b" * 60_000),
    ],
    ids=["mark", "UTF-16", "returns", "gzip", "bomb", "deflate", "several agents", "beyond what is read"],
)
async def test_rules_are_read_however_they_come(tmp_path: Path, robots: bytes) -> None:
    async with world(tmp_path, robots) as (made, _):
        assert (await fetch(made, "/a.png"))[0] is FetchClass.BLOCKED
        assert (await fetch(made, "/b.png"))[0] is FetchClass.BLOCKED


async def test_a_rule_cut_at_the_most_that_is_read_forbids_nothing(tmp_path: Path) -> None:
    filling = b"User-agent: *\n" + b"#" * (500 * 1024 - 26)
    body = filling + b"\nDisallow: /" + b"b" * 90
    async with world(tmp_path, answer("200 OK", body)) as (made, _):
        assert (await fetch(made, "/a.png"))[0] is FetchClass.STORED


@pytest.mark.parametrize("encoding", ["br", "gzip"])
async def test_rules_that_cannot_be_read_are_trouble(tmp_path: Path, encoding: str) -> None:
    async with world(tmp_path, answer("200 OK", NOTHING, f"Content-Encoding: {encoding}")) as (made, _):
        outcome, reason, _ = await fetch(made, "/a.png")
    assert outcome is FetchClass.TRANSIENT and f"encoded ({encoding})" in reason


async def test_rows_wait_longer_for_a_robots_txt_that_cannot_be_had_again(tmp_path: Path) -> None:
    """An outage of minutes must not use up the attempts of all rows of a host, of which none was asked."""
    spans = {"hold_first": 0.0, "breaker_longest": 600.0}
    async with world(tmp_path, answer("500 Internal Server Error", b""), **spans) as (made, server):
        waits = []
        for number in range(3):
            outcome = await made.fetch(f"http://{HOST}/{number}.png")
            assert outcome.outcome is FetchClass.TRANSIENT and outcome.retry_at is not None
            waits.append((outcome.retry_at - datetime.now(UTC)).total_seconds())
        asked = len(server.heads)
    assert waits[0] <= 0 and min(waits[1:]) > 500 and asked == 2


@pytest.mark.parametrize(
    "robots",
    [
        answer("404 Not Found", b"User-agent: *\nDisallow: /"),
        answer("403 Forbidden", b"User-agent: *\nDisallow: /"),
        answer("200 OK", b"<html>no such thing</html>", "Content-Type: text/html"),
        answer("200 OK", b""),
        answer("200 OK", bytes(range(256)) * 20),
        answer("200 OK", b"User-agent: *\nDisallow:\n\nUser-agent: other\nDisallow: /\n"),
        answer("200 OK", b"User-agent: *\nCrawl-delay: nonsense\n"),
    ],
)
async def test_no_rules_forbid_nothing(tmp_path: Path, robots: bytes) -> None:
    async with world(tmp_path, robots) as (made, _):
        assert (await fetch(made, "/a.png"))[0] is FetchClass.STORED


async def test_a_robots_txt_that_cannot_be_had_is_trouble_and_not_asked_for_with_each_row(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, answer("500 Internal Server Error", b"")) as (made, server):
        first = await fetch(made, "/a.png")
        second = await fetch(made, "/b.png")
        asked = len(server.heads)
    assert first[0] is second[0] is FetchClass.TRANSIENT
    assert "robots.txt" in first[1] and "500 Internal Server Error" in second[1]
    assert (first[2], second[2], asked) == (1, 0, 1)


@pytest.mark.parametrize("pattern", [HOST, "*.example.org", "*"])
async def test_an_override_names_its_hosts(tmp_path: Path, pattern: str) -> None:
    everything = answer("200 OK", b"User-agent: *\nDisallow: /\n")
    async with world(tmp_path, everything, robots_overrides=(pattern,)) as (made, server):
        assert (await fetch(made, "/a.png"))[0] is FetchClass.STORED
        assert all("/robots.txt" not in line for line in server.request_lines)


async def test_an_override_of_another_host_changes_nothing(tmp_path: Path) -> None:
    everything = answer("200 OK", b"User-agent: *\nDisallow: /\n")
    async with world(tmp_path, everything, robots_overrides=("other.example.org",)) as (made, _):
        assert (await fetch(made, "/a.png"))[0] is FetchClass.BLOCKED


async def test_a_redirect_is_asked_by_the_rules_of_its_target(tmp_path: Path) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b" /robots.txt " in head:
            closed = b"closed.example.org" in head
            writer.write(answer("200 OK", b"User-agent: *\nDisallow: /\n" if closed else b""))
        else:
            writer.write(answer("302 Found", b"", "Location: http://closed.example.org/b.png"))

    async with (
        raw_server(talk) as server,
        fetching(tmp_path, http_port=server.port, robots=True, probe="get") as made,
    ):
        outcome = await made.fetch(f"http://{HOST}/a.png")
        lines = server.request_lines
    assert outcome.outcome is FetchClass.BLOCKED and "closed.example.org" in outcome.reason
    assert [line.split()[1] for line in lines] == ["/robots.txt", "/a.png", "/robots.txt"]
    assert outcome.requests == 3, "every request on the wire is counted"


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/robots.txt", "ftp://x.example.org/robots.txt", "http://a:b@x.example.org/"]
)
async def test_a_robots_txt_that_leads_where_nothing_may_be_asked_forbids_nothing(
    tmp_path: Path, target: str
) -> None:
    async with world(tmp_path, answer("301 Moved", b"", f"Location: {target}")) as (made, server):
        assert (await fetch(made, "/a.png"))[0] is FetchClass.STORED
        assert (await fetch(made, "/b.png"))[0] is FetchClass.STORED
        assert sum("/robots.txt" in line for line in server.request_lines) == 1


async def test_what_was_read_today_is_not_read_again_after_a_restart(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    body = "User-agent: *\nDisallow: /private/\n"
    for age, asked in ((timedelta(hours=23), 1), (timedelta(hours=25), 2)):
        kept = Kept(RobotsFile(HOST, now - age, 200, body))
        folder = tmp_path / f"{age.total_seconds():.0f}"
        folder.mkdir()
        async with world(folder, answer("200 OK", body.encode()), robots_store=kept) as (made, server):
            assert (await fetch(made, "/private/a.png"))[0] is FetchClass.BLOCKED
            assert (await fetch(made, "/a.png"))[0] is FetchClass.STORED
            assert len(server.heads) == asked
        assert now - kept.files[HOST].read_at < timedelta(hours=24)
