import asyncio
import gzip
import hashlib
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from email.utils import parsedate_to_datetime
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from PIL import Image

from scidex_console.demo.hosts.addresses import all_addresses
from scidex_console.demo.hosts.answers import OVERSIZE_DECLARED, Timing
from scidex_console.demo.hosts.control import CONTROL_HOST
from scidex_console.demo.hosts.replies import every_host
from scidex_console.demo.hosts.scenarios import PASSING, Behaviour, scenario_for
from scidex_console.demo.hosts.server import FigureHosts, Ports
from tests.demo.hosts_client import PROMPT, client_of

URL = "https://www.mdpi.com/a/fig-1.png"


@pytest.fixture
async def hosts(tmp_path: Path) -> AsyncIterator[FigureHosts]:
    async with FigureHosts(tmp_path / "hosts", timing=PROMPT) as running:
        yield running


@pytest.fixture
async def client(hosts: FigureHosts) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(hosts) as running:
        yield running


async def asked(hosts: FigureHosts, client: httpx.AsyncClient, behaviour: Behaviour) -> httpx.Response:
    hosts.script.set_url(URL, behaviour)
    return await client.get(URL)


@asynccontextmanager
async def raw_connection(
    port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    name = "www.mdpi.com" if tls else None
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def assert_png(body: bytes) -> None:
    with Image.open(BytesIO(body)) as image:
        image.load()
        assert image.format == "PNG"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_living_figure_is_a_whole_image_under_its_own_name(
    hosts: FigureHosts, client: httpx.AsyncClient, scheme: str
) -> None:
    hosts.script.set_url(URL, Behaviour.IMAGE)
    head = await client.head(URL.replace("https", scheme))
    got = await client.get(URL.replace("https", scheme))
    assert (head.status_code, got.status_code) == (200, 200)
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.content))
    assert got.headers["content-type"] == "image/png"
    assert_png(got.content)


async def test_figures_differ_and_stay_the_same(hosts: FigureHosts, client: httpx.AsyncClient) -> None:
    hosts.script.set_host("www.mdpi.com", Behaviour.IMAGE)
    hosts.script.set_host("www.bmj.com", Behaviour.IMAGE)
    urls = [f"https://{host}/{name}.png" for host in ("www.mdpi.com", "www.bmj.com") for name in "ab"]
    first = [hashlib.sha256((await client.get(url)).content).hexdigest() for url in urls]
    again = [hashlib.sha256((await client.get(url)).content).hexdigest() for url in urls]
    assert first == again
    assert len(set(first)) == 4


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (Behaviour.NOT_FOUND, 404),
        (Behaviour.GONE, 410),
        (Behaviour.LEGAL, 451),
        (Behaviour.UNAUTHORISED, 401),
        (Behaviour.FORBIDDEN, 403),
        (Behaviour.CHALLENGE, 403),
        (Behaviour.RATE_LIMITED_BARE, 429),
        (Behaviour.SERVER_ERROR, 500),
        (Behaviour.BAD_GATEWAY, 502),
        (Behaviour.UNAVAILABLE, 503),
    ],
)
async def test_statuses_answer_head_and_get_alike(
    hosts: FigureHosts, client: httpx.AsyncClient, behaviour: Behaviour, status: int
) -> None:
    hosts.script.set_url(URL, behaviour)
    head, got = await client.head(URL), await client.get(URL)
    assert (head.status_code, got.status_code) == (status, status)
    assert head.content == b""
    assert str(status).encode() in got.content
    assert "retry-after" not in got.headers
    assert got.headers.get("cf-mitigated") == ("challenge" if behaviour is Behaviour.CHALLENGE else None)


@pytest.mark.parametrize(
    ("behaviour", "head_status", "get_status"),
    [
        (Behaviour.HEAD_FORBIDDEN, 403, 200),
        (Behaviour.HEAD_NOT_FOUND, 404, 200),
        (Behaviour.HEAD_NOT_ALLOWED, 405, 200),
        (Behaviour.HEAD_LIES, 200, 404),
    ],
)
async def test_head_and_get_disagree(
    hosts: FigureHosts, client: httpx.AsyncClient, behaviour: Behaviour, head_status: int, get_status: int
) -> None:
    hosts.script.set_url(URL, behaviour)
    assert (await client.head(URL)).status_code == head_status
    assert (await client.get(URL)).status_code == get_status


@pytest.mark.parametrize(
    ("behaviour", "media_type", "beginning"),
    [
        (Behaviour.HTML, "text/html; charset=utf-8", b"<!DOCTYPE html>"),
        (Behaviour.JSON, "application/json", b"{"),
        (Behaviour.DOCUMENT, "application/pdf", b"%PDF-"),
        (Behaviour.IMAGE_MISLABELLED, "application/octet-stream", b"\x89PNG"),
    ],
)
async def test_success_that_is_not_what_it_says(
    hosts: FigureHosts, client: httpx.AsyncClient, behaviour: Behaviour, media_type: str, beginning: bytes
) -> None:
    got = await asked(hosts, client, behaviour)
    assert got.status_code == 200
    assert got.headers["content-type"] == media_type
    assert got.content.startswith(beginning)


async def test_slow_body_arrives_whole_in_pieces(hosts: FigureHosts, client: httpx.AsyncClient) -> None:
    hosts.script.set_url(URL, Behaviour.SLOW_BODY)
    async with client.stream("GET", URL) as answer:
        pieces = [piece async for piece in answer.aiter_raw()]
    assert len(pieces) > 5
    assert_png(b"".join(pieces))


async def test_truncated_body_is_shorter_than_declared(hosts: FigureHosts, client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        await asked(hosts, client, Behaviour.TRUNCATED)
    assert hosts.log.read()[-1].ending == "truncated"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_reset_is_a_tcp_reset(hosts: FigureHosts, scheme: str) -> None:
    hosts.script.set_url(URL, Behaviour.CONNECTION_RESET)
    port = hosts.https_port if scheme == "https" else hosts.http_port
    tls = ssl.create_default_context(cafile=hosts.ca_file) if scheme == "https" else None
    async with raw_connection(port, tls) as (reader, writer):
        writer.write(b"GET /a/fig-1.png HTTP/1.1\r\nHost: www.mdpi.com\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await reader.read()
    assert [(one.status, one.ending) for one in hosts.log.read()] == [(None, "reset")]


async def test_silent_host_gives_up_in_the_end(hosts: FigureHosts, client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await asked(hosts, client, Behaviour.TIMEOUT)
    assert hosts.log.read()[-1].ending == "silent"


async def test_client_that_gives_up_first_is_noticed_at_once(tmp_path: Path) -> None:
    async with (
        FigureHosts(tmp_path, timing=Timing(latency=0.0, stall=600)) as hosts,
        client_of(hosts) as client,
    ):
        hosts.script.set_url(URL, Behaviour.TIMEOUT)
        with pytest.raises(httpx.ReadTimeout):
            await client.get(URL, timeout=0.1)
        while not hosts.log.read():
            await asyncio.sleep(0.01)
        assert hosts.log.read()[-1].ending == "client-gone"


async def test_redirect_to_another_host_which_serves(hosts: FigureHosts, client: httpx.AsyncClient) -> None:
    moved = await asked(hosts, client, Behaviour.REDIRECT_HOST)
    assert moved.status_code == 302
    there = httpx.URL(moved.headers["location"])
    assert there.host != "www.mdpi.com"
    assert_png((await client.get(there)).content)


async def test_every_redirect_target_is_a_host_of_the_world(
    hosts: FigureHosts, client: httpx.AsyncClient
) -> None:
    for host in every_host():
        hosts.script.set_host(host, Behaviour.REDIRECT_HOST)
        target = httpx.URL((await client.get(f"https://{host}/x.png")).headers["location"])
        assert target.host in every_host()
        assert target.host != host


async def test_redirect_to_https_serves_there(hosts: FigureHosts, client: httpx.AsyncClient) -> None:
    hosts.script.set_url(URL, Behaviour.REDIRECT_HTTPS)
    moved = await client.get(URL.replace("https", "http"))
    assert moved.headers["location"] == URL
    assert_png((await client.get(moved.headers["location"])).content)


@pytest.mark.parametrize("behaviour", [Behaviour.REDIRECT_LOGIN, Behaviour.REDIRECT_HOME])
async def test_redirect_to_a_page(
    hosts: FigureHosts, client: httpx.AsyncClient, behaviour: Behaviour
) -> None:
    moved = await asked(hosts, client, behaviour)
    page = await client.get(f"https://www.mdpi.com{moved.headers['location']}")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


async def test_redirect_loop_has_no_end(hosts: FigureHosts, client: httpx.AsyncClient) -> None:
    hosts.script.set_url(URL, Behaviour.REDIRECT_LOOP)
    client.max_redirects = 12
    with pytest.raises(httpx.TooManyRedirects):
        await client.get(URL, follow_redirects=True)


async def test_redirect_to_a_private_place_never_names_loopback(
    hosts: FigureHosts, client: httpx.AsyncClient
) -> None:
    hosts.script.set_host("www.mdpi.com", Behaviour.REDIRECT_PRIVATE)
    answers = [await client.get(f"https://www.mdpi.com/{'x' * length}.png") for length in range(1, 6)]
    places = {httpx.URL(answer.headers["location"]).host for answer in answers}
    assert places == {"169.254.169.254", "10.0.0.7", "192.168.1.1", "fd00::1", "100.64.0.1"}


async def test_gzip_comes_in_spite_of_identity(hosts: FigureHosts, client: httpx.AsyncClient) -> None:
    hosts.script.set_url(URL, Behaviour.GZIP)
    async with client.stream("GET", URL) as answer:
        packed = b"".join([piece async for piece in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert_png(gzip.decompress(packed))


async def test_gzip_bomb_is_small_on_the_wire(hosts: FigureHosts, client: httpx.AsyncClient) -> None:
    hosts.script.set_url(URL, Behaviour.GZIP_BOMB)
    async with client.stream("GET", URL) as answer:
        packed = b"".join([piece async for piece in answer.aiter_raw()])
    assert len(gzip.decompress(packed)) > 500 * len(packed)


@pytest.mark.parametrize("behaviour", [Behaviour.OVERSIZE_DECLARED, Behaviour.OVERSIZE_ENDLESS])
async def test_oversize_goes_on_until_the_client_leaves(
    hosts: FigureHosts, client: httpx.AsyncClient, behaviour: Behaviour
) -> None:
    hosts.script.set_url(URL, behaviour)
    head = await client.head(URL)
    taken = 0
    async with client.stream("GET", URL) as answer:
        async for piece in answer.aiter_raw():
            taken += len(piece)
            if taken > 3_000_000:
                break
    declared = str(OVERSIZE_DECLARED) if behaviour is Behaviour.OVERSIZE_DECLARED else None
    assert head.headers.get("content-length") == answer.headers.get("content-length") == declared
    assert taken > 3_000_000


@pytest.mark.parametrize(
    ("behaviour", "method"), [(Behaviour.OVERSIZE_DECLARED, "GET"), (Behaviour.OVERSIZE_ENDLESS, "GET")]
)
async def test_oversize_is_cut_off_for_a_client_that_never_leaves(
    hosts: FigureHosts,
    client: httpx.AsyncClient,
    behaviour: Behaviour,
    method: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scidex_console.demo.hosts.answers.MOST_BODY", 1_000_000)
    hosts.script.set_url(URL, behaviour)
    with pytest.raises(httpx.TransportError):
        await client.request(method, URL)
    assert hosts.log.read()[-1].ending == "cut-off"


HOLDING = {Behaviour.RATE_LIMITED_SECONDS, Behaviour.RATE_LIMITED_DATE}


@pytest.mark.parametrize("behaviour", sorted(PASSING - HOLDING))
async def test_passing_trouble_heals_for_head_and_get_together(
    hosts: FigureHosts, client: httpx.AsyncClient, behaviour: Behaviour
) -> None:
    hosts.script.set_url(URL, behaviour, failures=2)
    worked = []
    for method in ("HEAD", "GET", "HEAD", "HEAD", "GET"):
        try:
            answer = await client.request(method, URL)
            worked.append(answer.status_code == 200)
        except httpx.TransportError:
            worked.append(False)
    # Attempts: HEAD and GET; a HEAD alone; then HEAD and GET again, which is the third. A truncated body
    # shows in GET only.
    truncated = behaviour is Behaviour.TRUNCATED
    assert worked == [truncated, False, truncated, True, True]


async def test_rate_limit_in_seconds_turns_the_whole_host_away_until_its_end(
    hosts: FigureHosts, client: httpx.AsyncClient
) -> None:
    hosts.script.set_host("www.mdpi.com", Behaviour.IMAGE)
    hosts.script.set_host("www.bmj.com", Behaviour.IMAGE)
    hosts.script.set_url(URL, Behaviour.RATE_LIMITED_SECONDS, failures=1)
    limited = await client.get(URL)
    neighbour = await client.get("https://www.mdpi.com/another.png")
    other_host = await client.get("https://www.bmj.com/another.png")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "1")
    assert (neighbour.status_code, neighbour.headers["retry-after"]) == (429, "1")
    assert other_host.status_code == 200
    while hosts.held("www.mdpi.com"):
        await asyncio.sleep(0.01)
    assert (await client.get(URL)).status_code == 200
    assert [one.scenario for one in hosts.log.read()[:2]] == ["rate-limited-seconds", "held"]
    first = hosts.log.read()[0]
    assert first.hold_until_ns is not None
    assert 0.9e9 < first.hold_until_ns - first.arrived_ns < 1.5e9


async def test_rate_limit_by_date_names_the_end_of_the_hold(
    hosts: FigureHosts, client: httpx.AsyncClient
) -> None:
    limited = await asked(hosts, client, Behaviour.RATE_LIMITED_DATE)
    until = parsedate_to_datetime(limited.headers["retry-after"])
    now = parsedate_to_datetime(limited.headers["date"])
    assert limited.status_code == 429
    assert 1 <= (until - now).total_seconds() <= 3
    logged = hosts.log.read()[0]
    assert logged.hold_until_ns is not None
    stated = logged.arrived + (logged.hold_until_ns - logged.arrived_ns) / 1e9
    assert abs(stated - until.timestamp()) < 0.05
    assert hosts.held("www.mdpi.com")


async def test_unavailable_with_retry_after_does_not_hold_its_neighbours(
    hosts: FigureHosts, client: httpx.AsyncClient
) -> None:
    hosts.script.set_host("www.mdpi.com", Behaviour.IMAGE)
    limited = await asked(hosts, client, Behaviour.UNAVAILABLE_RETRY_AFTER)
    assert (limited.status_code, limited.headers["retry-after"]) == (503, "1")
    assert (await client.get("https://www.mdpi.com/another.png")).status_code == 200
    assert hosts.log.read()[0].hold_until_ns is not None


async def test_without_a_script_the_seed_answers(tmp_path: Path) -> None:
    statuses = {Behaviour.IMAGE: 200, Behaviour.NOT_FOUND: 404, Behaviour.GONE: 410, Behaviour.FORBIDDEN: 403}
    addresses = [address for address in all_addresses() if address.url.startswith("http")]
    async with FigureHosts(tmp_path, seed=9, timing=PROMPT) as hosts, client_of(hosts) as client:
        asked = 0
        for address in addresses[::90]:
            behaviour = scenario_for(address.url, 9).behaviour
            if behaviour in statuses:
                asked += 1
                assert (await client.get(address.url)).status_code == statuses[behaviour], address.url
        assert asked > 50


async def test_script_for_an_address_goes_before_its_host_and_can_be_taken_back(
    hosts: FigureHosts, client: httpx.AsyncClient
) -> None:
    hosts.script.set_host("WWW.mdpi.com", Behaviour.UNAVAILABLE)
    hosts.script.set_url(URL, Behaviour.GONE)
    assert (await client.get(URL)).status_code == 410
    hosts.script.clear_url(URL)
    assert (await client.get(URL)).status_code == 503
    hosts.script.clear_host("www.mdpi.com")
    assert hosts.scenario(URL) == scenario_for(URL, hosts.seed)


async def test_script_is_changed_from_outside_through_the_control_host(
    hosts: FigureHosts, client: httpx.AsyncClient
) -> None:
    script = {"hosts": {"www.mdpi.com": "gone"}, "urls": {URL: {"behaviour": "bad-gateway", "failures": 1}}}
    done = await client.put(f"http://{CONTROL_HOST}/script", content=json.dumps(script))
    assert done.status_code == 204
    assert [(await client.get(url)).status_code for url in (URL, URL, URL + "x")] == [502, 200, 410]
    assert (await client.post(f"http://{CONTROL_HOST}/forget")).status_code == 204
    assert (await client.get(URL)).status_code == 502
    assert (await client.get(f"http://{CONTROL_HOST}/script")).status_code == 404
    assert {one.host for one in hosts.log.read()} == {"www.mdpi.com"}


async def test_wrong_script_is_refused_and_changes_nothing(
    hosts: FigureHosts, client: httpx.AsyncClient
) -> None:
    hosts.script.set_url(URL, Behaviour.GONE)
    refused = await client.put(f"http://{CONTROL_HOST}/script", content='{"hosts": {"a.org": "on-fire"}}')
    assert refused.status_code == 400
    assert "hosts, a.org: no such behaviour" in refused.text
    assert (await client.get(URL)).status_code == 410


async def test_connection_is_kept_alive_and_numbered(hosts: FigureHosts, client: httpx.AsyncClient) -> None:
    hosts.script.set_host("www.mdpi.com", Behaviour.NOT_FOUND)
    for name in "abc":
        await client.get(f"https://www.mdpi.com/{name}.png")
    await client.get("https://www.bmj.com/robots.txt")
    assert [one.connection for one in hosts.log.read()] == [1, 1, 1, 1]


async def test_log_tells_arrival_end_and_what_is_under_way(tmp_path: Path) -> None:
    async with FigureHosts(tmp_path, timing=Timing(latency=0.05)) as hosts, client_of(hosts) as client:
        hosts.script.set_host("www.mdpi.com", Behaviour.NOT_FOUND)
        await asyncio.gather(*(client.get(f"https://www.mdpi.com/{name}.png?x=1") for name in "abc"))
        logged = hosts.log.read()
    assert sorted(one.in_flight for one in logged) == [1, 2, 3]
    assert {one.url for one in logged} == {f"https://www.mdpi.com/{name}.png?x=1" for name in "abc"}
    for one in logged:
        assert (one.status, one.ending, one.scenario, one.method) == (404, "complete", "not-found", "GET")
        assert one.bytes_sent > 0
        assert one.finished_ns - one.arrived_ns >= 0.05e9
        assert one.arrived < one.finished


async def test_log_reaches_the_file_while_the_server_runs(
    hosts: FigureHosts, client: httpx.AsyncClient
) -> None:
    await asked(hosts, client, Behaviour.NOT_FOUND)
    while not hosts.log.path.read_bytes():
        await asyncio.sleep(0.02)
    assert json.loads(hosts.log.path.read_text())["status"] == 404


async def test_every_host_is_down_and_comes_back_on_its_ports(
    hosts: FigureHosts, client: httpx.AsyncClient
) -> None:
    ports = (hosts.http_port, hosts.https_port)
    hosts.script.set_url(URL, Behaviour.TIMEOUT)
    cut = asyncio.create_task(client.get(URL))
    while not hosts.busy:
        await asyncio.sleep(0.01)
    await hosts.stop_listening()
    with pytest.raises(httpx.TransportError):
        await cut
    with pytest.raises(httpx.ConnectError):
        await client.get(URL)
    await hosts.listen()
    assert (hosts.http_port, hosts.https_port) == ports
    assert (await asked(hosts, client, Behaviour.GONE)).status_code == 410
    assert [one.ending for one in hosts.log.read()] == ["stopped", "complete"]


async def test_taken_port_is_an_error_and_leaves_nothing_open(hosts: FigureHosts, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="address already in use"):
        async with FigureHosts(tmp_path / "second", ports=Ports(https=hosts.https_port)):
            pass


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET http://a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [broken\r\n\r\n",
        b"GET /" + b"x" * 20_000,
    ],
    ids=["nonsense", "no-host", "absolute-target", "broken-host", "endless-head"],
)
async def test_what_is_no_request_gets_400_and_the_end(hosts: FigureHosts, request_bytes: bytes) -> None:
    async with raw_connection(hosts.http_port) as (reader, writer):
        writer.write(request_bytes)
        assert (await reader.readline()).startswith(b"HTTP/1.1 400")


async def test_huge_request_body_is_not_taken(hosts: FigureHosts) -> None:
    body = bytes(8_000_000)
    async with raw_connection(hosts.http_port) as (reader, writer):
        writer.write(b"PUT / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 90000000\r\n\r\n" + body)
        with suppress(ConnectionError):  # what we had not sent yet may turn the end into a reset
            assert (await reader.readline()).startswith(b"HTTP/1.1 400")
    assert hosts.log.read() == []


async def test_pipelined_requests_are_answered_in_turn(hosts: FigureHosts) -> None:
    hosts.script.set_host("a.org", Behaviour.GONE)
    one = b"HEAD /%d.png HTTP/1.1\r\nHost: a.org:80\r\n%s\r\n"
    async with raw_connection(hosts.http_port) as (reader, writer):
        writer.write(one % (1, b"") + one % (2, b"") + one % (3, b"Connection: close\r\n"))
        answers = await reader.read()
    assert answers.count(b"HTTP/1.1 410") == 3
    assert [logged.target for logged in hosts.log.read()] == ["/1.png", "/2.png", "/3.png"]


async def test_other_methods_are_not_allowed(hosts: FigureHosts, client: httpx.AsyncClient) -> None:
    answer = await client.delete(URL)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_description_is_what_another_process_needs(hosts: FigureHosts) -> None:
    described = json.loads(hosts.write_description().read_text())
    assert described["http_port"] == hosts.http_port
    assert described["https_port"] == hosts.https_port
    assert described["ca_file"] == str(hosts.ca_file)
    assert described["log"] == str(hosts.log.path)
    assert set(described["hosts"]) == set(every_host())
