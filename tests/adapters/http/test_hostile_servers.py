"""Servers that lie, break off, never end, or answer what nobody asked: no exception, no wrong class."""

from __future__ import annotations

import asyncio
import os
import random
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from scidex_console.domain.errors import Halt
from scidex_console.domain.fetching import FetchClass, FetchOutcome
from tests.adapters.http.fetching import fetching
from tests.adapters.http.raw_server import Talk, answer, raw_server
from tests.adapters.http.test_image_kinds import picture
from tests.samples import sample

STORED, DEAD, TRANSIENT, BLOCKED, SUSPECT, REFUSED = (
    FetchClass.STORED,
    FetchClass.DEAD,
    FetchClass.TRANSIENT,
    FetchClass.BLOCKED,
    FetchClass.SUSPECT,
    FetchClass.REFUSED,
)
URL = "http://figures.example.org/fig1.png"
PNG = picture("PNG", (120, 90))
JPEG = picture("JPEG", (120, 90))


def get_only(reply: bytes, *, close: bool = False) -> Talk:
    """HEAD gets a plain 200; GET gets `reply`, and then perhaps the end of the connection."""

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        if head.startswith(b"HEAD"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
            return
        writer.write(reply)
        if close:
            await writer.drain()
            writer.close()

    return talk


async def fetch_from(talk: Talk | bytes, folder: Path, **changes: object) -> FetchOutcome:
    """One figure from a server of one's own; nothing may stay in the staging folder unless stored."""
    async with raw_server(talk) as server, fetching(folder, http_port=server.port, **changes) as world:  # type: ignore[arg-type]
        outcome = await world.fetch(URL)
        assert world.staging.everything() == (["fig"] if outcome.outcome is STORED else [])
        state = world.gates.states()[0]
        assert (state.in_flight, state.waiting) == (0, 0)
        if outcome.outcome is STORED:
            assert outcome.file is not None and outcome.file.size == len(world.bytes_of(outcome))
    return outcome


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNFRAMED = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"
CASES = {
    "chunked": (CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(PNG), PNG), False, STORED, "PNG image"),
    "chunked-broken-off": (CHUNKED + b"%x\r\n%b\r\n" % (len(PNG), PNG), True, TRANSIENT, "broken answer"),
    "chunked-nonsense": (CHUNKED + b"zz\r\n" + PNG, True, TRANSIENT, "broken answer"),
    "to-the-end-of-the-connection": (UNFRAMED + PNG, True, STORED, "PNG image"),
    "to-a-too-early-end": (UNFRAMED + PNG[:-40], True, TRANSIENT, "breaks off after"),
    "http-1.0": (b"HTTP/1.0 200 OK\r\n\r\n" + JPEG, True, STORED, "JPEG image"),
    "shorter-than-declared": (answer("200 OK", PNG)[:-100], True, TRANSIENT, "broken answer"),
    "longer-than-declared": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + PNG,
        True,
        SUSPECT,
        "PNG image has no end",
    ),
    "two-lengths": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n" + PNG,
        True,
        TRANSIENT,
        "broken answer",
    ),
    "length-no-number": (
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" + PNG,
        True,
        TRANSIENT,
        "broken answer",
    ),
    "length-negative": (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", True, TRANSIENT, "broken answer"),
    "empty": (answer("200 OK"), False, TRANSIENT, "empty body"),
    "nothing-to-send": (b"HTTP/1.1 204 No Content\r\n\r\n", False, SUSPECT, "nothing to send"),
    "partial": (answer("206 Partial Content", PNG, "Content-Range: bytes 0-9/99"), False, SUSPECT, "Partial"),
    "another-image-than-its-name": (answer("200 OK", JPEG, "Content-Type: image/png"), False, STORED, "JPEG"),
    "image-as-page": (answer("200 OK", PNG, "Content-Type: text/html"), False, STORED, "sent as text/html"),
    "page-as-image": (answer("200 OK", b"<html>", "Content-Type: image/png"), False, SUSPECT, "HTML page"),
    "pdf": (answer("200 OK", b"%PDF-1.7\n" + bytes(99)), False, SUSPECT, "Portable Document Format"),
    "unknown-bytes": (answer("200 OK", bytes(9999)), False, SUSPECT, "unknown bytes"),
    "gzip": (answer("200 OK", PNG, "Content-Encoding: gzip"), False, REFUSED, "encoded (gzip)"),
    "gzip-twice": (
        answer("200 OK", PNG, "Content-Encoding: identity", "Content-Encoding: br"),
        False,
        REFUSED,
        "encoded (identity, br)",
    ),
    "identity": (answer("200 OK", PNG, "Content-Encoding: identity"), False, STORED, "PNG image"),
    "gzip-transfer": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        True,
        TRANSIENT,
        "broken answer",
    ),
    "dead-with-gzip": (
        answer("404 Not Found", b"\x1f\x8b", "Content-Encoding: gzip"),
        False,
        DEAD,
        "404 Not Found",
    ),
    "dead-in-a-challenge": (
        answer("404 Not Found", b"", "cf-mitigated: challenge"),
        False,
        TRANSIENT,
        "robots",
    ),
    "challenge-under-200": (
        answer("200 OK", b"<html><title>Just a moment...</title>"),
        False,
        TRANSIENT,
        "check for robots",
    ),
    "redirect-to-nowhere": (answer("302 Found", b""), False, SUSPECT, "no redirect that can be followed"),
    "redirect-to-nothing": (answer("302 Found", b"", "Location: "), False, REFUSED, "the address is empty"),
    "redirect-to-itself": (answer("302 Found", b"", f"Location: {URL}"), False, REFUSED, "in a loop"),
    "redirect-to-ftp": (
        answer("301 Moved", b"", "Location: ftp://x.example.org/"),
        False,
        REFUSED,
        "scheme ftp",
    ),
    "redirect-to-data": (
        answer("301 Moved", b"", "Location: data:image/png;base64,AA"),
        False,
        REFUSED,
        "data",
    ),
    "redirect-to-private": (
        answer("301 Moved", b"", "Location: http://192.168.1.1/x.png"),
        False,
        REFUSED,
        "redirected to http://192.168.1.1/x.png: private address 192.168.1.1",
    ),
    "redirect-to-mapped-loopback": (
        answer("301 Moved", b"", "Location: http://[::ffff:7f00:1]/x.png"),
        False,
        REFUSED,
        "mapped IPv4",
    ),
    "redirect-to-decimal": (
        answer("301 Moved", b"", "Location: http://2130706433/"),
        False,
        REFUSED,
        "unusual",
    ),
    "redirect-to-other-port": (
        answer("301 Moved", b"", "Location: http://figures.example.org:22/x.png"),
        False,
        REFUSED,
        "port 22",
    ),
    "redirect-with-user": (
        answer("301 Moved", b"", "Location: http://a:b@figures.example.org/x.png"),
        False,
        REFUSED,
        "user information",
    ),
    "redirect-to-login": (
        answer("302 Found", b"", "Location: /action/showLogin"),
        False,
        SUSPECT,
        "login page",
    ),
    "redirect-to-home": (answer("302 Found", b"", "Location: /"), False, SUSPECT, "home page"),
    "not-http": (b"SSH-2.0-OpenSSH_9.2\r\n", True, TRANSIENT, "broken answer"),
    "no-answer": (b"", True, TRANSIENT, "disconnected"),
    "half-a-head": (b"HTTP/1.1 200 OK\r\nContent-Ty", True, TRANSIENT, "broken answer"),
    "endless-head": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40_000, True, TRANSIENT, "broken answer"),
    "header-with-control-characters": (
        b"HTTP/1.1 200 OK\r\nX-\x01: \x1b[2J\r\n\r\n",
        True,
        TRANSIENT,
        "broken answer",
    ),
    "strange-cookies": (
        answer(
            "404 Not Found", b"", "Set-Cookie: =;;;\xff", "Set-Cookie: a=b; expires=99999999999999; max-age=x"
        ),
        False,
        DEAD,
        "404",
    ),
    "strange-status": (answer("799 Hm"), False, SUSPECT, "799"),
    "upgrade": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", True, TRANSIENT, "broken"),
    "early-hints-first": (b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer("200 OK", PNG), False, STORED, "PNG"),
    "429-with-several-times": (
        answer("429 Too Many Requests", b"", "Retry-After: soon", "Retry-After: 7", "Retry-After: 3"),
        False,
        TRANSIENT,
        "come back in 7 s",
    ),
    "escapes-in-the-content-type": (
        answer("200 OK", b"<html>", "Content-Type: \xe2\x80\xaetext/html"),
        False,
        SUSPECT,
        "\\u202etext/html",
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_answer_gets_its_class(tmp_path: Path, name: str) -> None:
    reply, close, expected, reason = CASES[name]
    outcome = await fetch_from(get_only(reply, close=close), tmp_path)
    assert outcome.outcome is expected, outcome.reason
    assert reason in outcome.reason


@pytest.mark.parametrize("probe", sample("get", "head-then-get"))
async def test_noise_of_any_kind_ends_in_a_class(tmp_path: Path, probe: str) -> None:
    """Answers damaged at random, always the same ones."""
    chance = random.Random(20260519)
    whole = [case[0] for case in CASES.values() if len(case[0]) < 20_000]

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        reply = bytearray(chance.choice(whole))
        for _ in range(chance.randrange(8)):
            if reply:
                reply[chance.randrange(len(reply))] = chance.randrange(256)
        cut = chance.randrange(len(reply) + 1) if chance.random() < 0.3 else len(reply)
        writer.write(answer("200 OK") if head.startswith(b"HEAD") and cut % 3 else bytes(reply[:cut]))
        await writer.drain()
        writer.close()

    settings = {"breaker_failures": 10**9, "hold_first": 0.0, "retry_after_cap": 0.0, "read_timeout": 1.0}
    async with (
        raw_server(talk) as server,
        fetching(tmp_path, http_port=server.port, settings=None, probe=probe, **settings) as world,  # type: ignore[arg-type]
    ):
        outcomes = await asyncio.gather(
            *(
                world.fetch(f"http://h{number % 40}.example.org/{number}", f"f{number}")
                for number in range(300)
            )
        )
        staged = world.staging.everything()
    assert len(staged) == sum(outcome.outcome is STORED for outcome in outcomes)
    assert {outcome.outcome for outcome in outcomes} >= {STORED, DEAD, TRANSIENT, SUSPECT, REFUSED}


def redirecting(header: str) -> Talk:
    """The first address leads to the second with a word about when; the second is the image."""

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        moved = answer("302 Found", b"", "Location: /moved.png", *([header] if header else []))
        writer.write(answer("200 OK", PNG) if b"/moved.png" in head else moved)

    return talk


@pytest.mark.parametrize("header", ["Retry-After: 0", "Retry-After: nonsense", ""])
async def test_a_redirect_that_asks_for_no_time_is_followed_at_once(tmp_path: Path, header: str) -> None:
    assert (await fetch_from(redirecting(header), tmp_path, probe="get")).outcome is STORED


async def test_a_redirect_that_asks_for_time_gets_it(tmp_path: Path) -> None:
    async with (
        raw_server(redirecting("Retry-After: 1")) as server,
        fetching(tmp_path, http_port=server.port, probe="get") as world,
    ):
        began = asyncio.get_running_loop().time()
        outcome = await world.fetch(URL)
        took = asyncio.get_running_loop().time() - began
    assert outcome.outcome is STORED and took >= 1


async def test_a_redirect_that_asks_for_long_puts_the_row_off(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    outcome = await fetch_from(redirecting("Retry-After: 600"), tmp_path, probe="get")
    assert outcome.outcome is TRANSIENT and "come back in 600 s" in outcome.reason
    assert outcome.retry_at is not None and 590 < (outcome.retry_at - before).total_seconds() < 700


@pytest.mark.parametrize("status", ["202 Accepted", "500 Internal Server Error", "504 Gateway Timeout"])
async def test_an_answer_that_names_a_time_is_not_asked_before_and_holds_nobody_else(
    tmp_path: Path, status: str
) -> None:
    async with (
        raw_server(answer(status, b"wait", "Retry-After: 600")) as server,
        fetching(tmp_path, http_port=server.port, probe="get") as world,
    ):
        before = datetime.now(UTC)
        outcome = await world.fetch(URL)
        assert world.gates.closed_until("figures.example.org") is None
    assert outcome.outcome is TRANSIENT and outcome.retry_at is not None
    assert (outcome.retry_at - before).total_seconds() > 590


async def test_hints_without_end_meet_the_deadline(tmp_path: Path) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50)
            await writer.drain()
            await asyncio.sleep(0.01)

    outcome = await fetch_from(talk, tmp_path, probe="get", request_deadline=0.5)
    assert outcome.outcome is TRANSIENT and "within 0.5 s" in outcome.reason


@pytest.mark.parametrize(
    "headers",
    [
        b"Content-Length: 10\r\nContent-Length: 20\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: 1e3\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
    ],
)
async def test_a_length_that_is_none_is_no_image(tmp_path: Path, headers: bytes) -> None:
    reply = b"HTTP/1.1 200 OK\r\n" + headers + b"\r\n" + PNG
    outcome = await fetch_from(get_only(reply, close=True), tmp_path, probe="get")
    assert outcome.outcome in (TRANSIENT, REFUSED), outcome.reason


# --- bodies without end ---------------------------------------------------------------------------------


async def test_an_endless_body_stops_at_the_cap_and_memory_stays_flat(tmp_path: Path) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + PNG)
        while not writer.is_closing():
            writer.write(bytes(65536))
            await writer.drain()

    tracemalloc.start()
    try:
        outcome = await fetch_from(talk, tmp_path, probe="get", max_bytes=50_000_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (outcome.outcome, outcome.reason) == (REFUSED, "too large: more than 50000000 bytes")
    assert peak < 8_000_000


async def test_a_body_of_exactly_the_cap_is_taken_and_one_byte_more_is_not(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    reply = answer("200 OK", PNG)
    fits = await fetch_from(get_only(reply), tmp_path / "a", max_bytes=len(PNG))
    too_large = await fetch_from(get_only(reply), tmp_path / "b", max_bytes=len(PNG) - 1)
    assert (fits.outcome, too_large.outcome) == (STORED, REFUSED)
    assert too_large.reason.startswith(f"too large: {len(PNG)} bytes")


async def test_a_body_that_dribbles_for_ever_meets_the_deadline(tmp_path: Path) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
        for byte in PNG:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.02)

    outcome = await fetch_from(talk, tmp_path, probe="get", request_deadline=0.3, read_timeout=5.0)
    assert (outcome.outcome, outcome.reason) == (TRANSIENT, "no whole answer within 0.3 s")


async def test_silence_in_the_middle_of_a_body_is_a_timeout(tmp_path: Path) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer("200 OK", PNG)[:-100])
        await writer.drain()
        await asyncio.sleep(30)

    outcome = await fetch_from(talk, tmp_path, probe="get", read_timeout=0.2)
    assert (outcome.outcome, outcome.reason, outcome.status) == (TRANSIENT, "no answer in time", 200)


# --- connections ----------------------------------------------------------------------------------------


async def test_a_kept_connection_the_server_has_closed_is_replaced_without_blame(tmp_path: Path) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        if head.startswith(b"HEAD"):
            writer.write(answer("200 OK"))
        elif len(server.heads) == 2:
            writer.close()  # as a server does whose patience ends just when the request comes
        else:
            writer.write(answer("200 OK", PNG))

    async with raw_server(talk) as server, fetching(tmp_path, http_port=server.port) as world:
        outcome = await world.fetch(URL)
        state = world.gates.states()[0]
    assert (outcome.outcome, outcome.requests, state.failures_in_a_row) == (STORED, 3, 0)
    assert server.connections == 2


async def test_a_head_answered_with_a_body_spoils_only_its_connection(tmp_path: Path) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(answer("200 OK", PNG))

    outcome = await fetch_from(talk, tmp_path)
    assert outcome.outcome is STORED, outcome.reason


async def test_a_server_that_always_hangs_up_fails_after_one_more_try(tmp_path: Path) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        if head.startswith(b"HEAD"):
            writer.write(answer("200 OK"))
        else:
            writer.close()

    async with raw_server(talk) as server, fetching(tmp_path, http_port=server.port) as world:
        outcome = await world.fetch(URL)
        state = world.gates.states()[0]
    assert (outcome.outcome, outcome.requests, state.failures_in_a_row) == (TRANSIENT, 3, 1)


async def test_a_hold_that_comes_while_connecting_keeps_the_request_back(tmp_path: Path) -> None:
    connecting, arrived = asyncio.Event(), []

    async def slowly(host: str, port: int) -> list[str]:
        connecting.set()
        await asyncio.sleep(0.1)
        return ["127.0.0.1"]

    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        arrived.append(datetime.now(UTC))
        writer.write(answer("200 OK", b"" if head.startswith(b"HEAD") else PNG))

    async with (
        raw_server(talk) as server,
        fetching(
            tmp_path,
            http_port=server.port,
            resolver=slowly,
            connect_to=(f":80:lookup.example.org:{server.port}",),
        ) as world,
    ):
        task = asyncio.create_task(world.fetch(URL))
        await connecting.wait()
        world.gates.hold("figures.example.org", 1.0, "asked to")
        until = world.gates.closed_until("figures.example.org")
        outcome = await task
    assert outcome.outcome is STORED
    assert until is not None and min(arrived) > until
    assert outcome.requests == 2


# --- what goes out --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        "/lw10/image/art%3A10.1038%2Fsrep23945/f.gif",
        "/a//b/%zz/100%.png",
        "/a|b[1]'(2)*,;=:@!$&+~.png?x=[y]|z&q=%20+'",
        "/x.png?",
        "/%e4%2f%2F",
    ],
)
async def test_the_recorded_bytes_go_on_the_wire(tmp_path: Path, target: str) -> None:
    async with (
        raw_server(answer("404 Not Found")) as server,
        fetching(tmp_path, http_port=server.port) as world,
    ):
        await world.fetch(f"http://Figures.example.org{target}#fragment")
    assert server.request_lines == [f"HEAD {target} HTTP/1.1", f"GET {target} HTTP/1.1"]


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        (b"/\xc3\xbc.png", "/%C3%BC.png"),
        (b"/\xc3\xbc.png\r\nX-By: caf\xe9", "/%C3%BC.png"),
        (b"/\xfc.png", "/%FC.png"),
        (b"//m\xc3\xbcnchen.example/\xc3\xbc.png", "/%C3%BC.png"),
    ],
    ids=["UTF-8", "UTF-8 beside Latin-1", "Latin-1", "international host"],
)
async def test_a_redirect_is_followed_to_the_very_bytes_it_names(
    tmp_path: Path, location: bytes, asked: str
) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        moved = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + b"\r\n\r\n"
        writer.write(moved if b"/fig1.png " in head else answer("200 OK", PNG))

    async with raw_server(talk) as server, fetching(tmp_path, http_port=server.port, probe="get") as world:
        outcome = await world.fetch(URL)
    assert outcome.outcome is STORED, outcome.reason
    assert server.request_lines[-1] == f"GET {asked} HTTP/1.1"


async def test_a_request_says_who_asks_and_wants_nothing_encoded(tmp_path: Path) -> None:
    async with (
        raw_server(answer("404 Not Found")) as server,
        fetching(tmp_path, http_port=server.port) as world,
    ):
        await world.fetch(URL)
    lines = server.heads[1].decode().split("\r\n")
    assert lines == [
        "GET /fig1.png HTTP/1.1",
        "Host: figures.example.org",
        "User-Agent: scidex-console/test (mailto:test@example.org)",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: keep-alive",
        "",
        "",
    ]


async def test_a_cookie_wall_is_passed_within_a_row_and_forgotten_after_it(tmp_path: Path) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b"\r\nCookie: seen=1\r\n" in head:
            writer.write(answer("200 OK", PNG))
        else:
            writer.write(answer("302 Found", b"", f"Location: {URL}", "Set-Cookie: seen=1; Path=/"))

    async with raw_server(talk) as server, fetching(tmp_path, http_port=server.port, probe="get") as world:
        first = await world.fetch(URL, "a")
        second = await world.fetch(URL, "b")
    assert (first.outcome, second.outcome) == (STORED, STORED)
    assert [b"Cookie" in head for head in server.heads] == [False, True, False, True]


async def test_five_redirects_are_followed_and_a_sixth_is_not(tmp_path: Path) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        left = int(head.split()[1].removeprefix(b"/hop"))
        writer.write(answer("302 Found", b"", f"Location: /hop{left - 1}") if left else answer("200 OK", PNG))

    async with raw_server(talk) as server, fetching(tmp_path, http_port=server.port, probe="get") as world:
        five = await world.fetch("http://figures.example.org/hop5", "a")
        six = await world.fetch("http://figures.example.org/hop6", "b")
    assert (five.outcome, five.requests) == (STORED, 6)
    assert (six.outcome, six.requests) == (REFUSED, 6)
    assert "more than 5 redirects" in six.reason


async def test_a_dead_end_behind_a_redirect_is_dead_and_says_so(tmp_path: Path) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        moved = b" /new/" in head
        writer.write(
            answer("410 Gone") if moved else answer("301 Moved", b"", "Location: //new.example.org/new/f")
        )

    async with raw_server(talk) as server, fetching(tmp_path, http_port=server.port) as world:
        outcome = await world.fetch(URL)
    assert outcome.outcome is DEAD
    assert outcome.reason == "410 Gone (redirected to new.example.org, HEAD said 301)"


# --- our own side ---------------------------------------------------------------------------------------


async def test_a_full_disk_of_our_own_halts_and_leaves_nothing(tmp_path: Path) -> None:
    async with (
        raw_server(answer("200 OK", PNG)) as server,
        fetching(tmp_path, http_port=server.port) as world,
    ):
        world.staging.room = 1000
        with pytest.raises(Halt, match="no space left"):
            await world.fetch(URL)
        state = world.gates.states()[0]
        assert (state.in_flight, state.waiting, state.failures_in_a_row) == (0, 0, 0)
        assert world.staging.everything() == []
        world.staging.room = 10**9
        assert (await world.fetch(URL)).outcome is STORED


@pytest.mark.parametrize("moment", [0.0, 0.005, 0.02, 0.06, 0.12, 0.18])
async def test_a_fetch_cancelled_at_any_moment_leaves_nothing_open(tmp_path: Path, moment: float) -> None:
    async def talk(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        if head.startswith(b"HEAD"):
            writer.write(answer("200 OK"))
            return
        whole = answer("200 OK", PNG)
        writer.write(whole[:9000])
        await writer.drain()
        await asyncio.sleep(0.1)
        writer.write(whole[9000:])

    async with raw_server(talk) as server, fetching(tmp_path, http_port=server.port) as world:
        task = asyncio.create_task(world.fetch(URL))
        await asyncio.sleep(moment)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        state = world.gates.states()[:1]
        assert [(group.in_flight, group.waiting, group.failures_in_a_row) for group in state] in (
            [],
            [(0, 0, 0)],
        )
        assert world.staging.everything() == []
        # The gate and the pool still work.
        assert (await world.fetch(URL)).outcome is STORED


async def test_a_fetch_cancelled_while_its_file_is_flushed_leaves_no_file_nobody_knows(
    tmp_path: Path,
) -> None:
    async with (
        raw_server(answer("200 OK", PNG)) as server,
        fetching(tmp_path, http_port=server.port) as world,
    ):
        world.staging.flushing = 0.2
        task = asyncio.create_task(world.fetch(URL))
        while len(server.heads) < 2 or world.gates.states()[0].in_flight:
            await asyncio.sleep(0.01)
        assert world.staging.everything() == ["fig.part"]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert world.staging.everything() == []


async def test_no_descriptor_stays_open_after_the_source_is_closed(tmp_path: Path) -> None:
    async with raw_server(answer("200 OK", PNG)) as server:
        before = len(os.listdir("/proc/self/fd"))
        async with fetching(tmp_path, http_port=server.port) as world:
            await asyncio.gather(*(world.fetch(f"http://h{n}.example.org/x.png", f"f{n}") for n in range(20)))
            during = len(os.listdir("/proc/self/fd"))
        for _ in range(100):  # the server's ends close when it has seen ours close
            if (after := len(os.listdir("/proc/self/fd"))) <= before:
                break
            await asyncio.sleep(0.01)
    assert during >= before + 40
    assert after <= before
