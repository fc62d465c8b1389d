"""A file that many ask for at once: sent from memory, and never for longer than it may be."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import httpx

from scidex_console.domain.reading.kinds import ReaderKind, Source
from scidex_console.engine.reading.metering import ReadMeter
from scidex_console.web.addresses import artifact_path
from scidex_console.web.recent import RENEWED_WITHIN_S, Kept, RecentFiles
from tests.web.conftest import Serving
from tests.web.test_connections import answer_to


def address_of(serving: Serving) -> tuple[str, bytes]:
    row = serving.one("artifact_type = 'figure' AND primary_filename LIKE '%%.png'")
    inner = row["artifact_dir"].removeprefix("data/scidex-artifacts/")
    content = (serving.lab.store.artifacts / inner / row["primary_filename"]).read_bytes()
    return f"{artifact_path(row['id'])}/files/{row['primary_filename']}", content


def test_the_same_file_again_and_again_is_answered_alike(serving: Serving, client: httpx.Client) -> None:
    address, content = address_of(serving)
    answers = [client.get(address) for _ in range(6)]
    assert {answer.content for answer in answers} == {content}
    kept = [{k: v for k, v in answer.headers.items() if k != "date"} for answer in answers]
    assert all(headers == kept[0] for headers in kept)


def test_what_depends_on_more_than_the_address_is_answered_for_itself(
    serving: Serving, client: httpx.Client
) -> None:
    address, content = address_of(serving)
    for _ in range(3):
        tag = client.get(address).headers["etag"]
    assert client.get(address, headers={"range": "bytes=0-3"}).content == content[:4]
    assert client.get(address, headers={"if-none-match": tag}).status_code == 304
    assert client.head(address).content == b""
    assert client.get(f"{address}?download=1").headers["content-disposition"].startswith("attachment")


def test_an_edited_file_is_sent_anew_within_the_time_that_is_allowed(
    serving: Serving, client: httpx.Client
) -> None:
    row = serving.one("artifact_type = 'dataset' AND primary_filename IS NOT NULL")
    inner = row["artifact_dir"].removeprefix("data/scidex-artifacts/")
    path = serving.lab.store.artifacts / inner / row["primary_filename"]
    address, before = f"{artifact_path(row['id'])}/files/{row['primary_filename']}", path.read_bytes()
    for _ in range(4):
        assert client.get(address).content == before
    path.write_bytes(b"a,b\n1,2\n")
    try:
        until = time.monotonic() + 10
        while client.get(address).content == before and time.monotonic() < until:
            time.sleep(0.1)
        assert client.get(address).content == b"a,b\n1,2\n"
    finally:
        path.write_bytes(before)


def test_each_answer_from_memory_is_counted_as_a_read(serving: Serving, client: httpx.Client) -> None:
    address, _ = address_of(serving)

    def counted() -> float:
        lines = client.get("/metrics").text.splitlines()
        name = 'scidex_service_requests_total{route="file",status="200"}'
        return float(next((line.rpartition(" ")[2] for line in lines if line.startswith(name)), "0"))

    before = counted()
    for _ in range(5):
        client.get(address)
    assert counted() == before + 5


def test_one_looks_anew_while_the_others_get_the_old_answer_for_a_moment() -> None:
    now = [0.0]
    recent = RecentFiles(ReadMeter(), now=lambda: now[0])
    scope = {"method": "GET", "raw_path": b"/a", "query_string": b"", "headers": []}
    found: Any = SimpleNamespace(source=Source.FOLDER, fell_back=False)
    recent.keep(scope, Kept([], b"old", 1.0, found, ReaderKind.FIGURE))
    now[0] = 1.01
    assert recent.answer(scope) is None, "the first has it looked for"
    again = recent.answer(scope)
    assert again is not None and again.body == b"old"
    now[0] = 1.01 + RENEWED_WITHIN_S
    assert recent.answer(scope) is None and recent.answer(scope) is None, "and no longer"
    recent.keep(scope, Kept([], b"old", 2.0, found, ReaderKind.FIGURE))
    now[0] = 3.0
    assert recent.answer(scope) is None and recent.answer(scope) is None, "nobody had asked meanwhile"


def test_requests_in_a_row_on_one_connection_are_answered_in_order(serving: Serving) -> None:
    address, content = address_of(serving)
    with serving.client() as client:
        for _ in range(3):
            client.get(address)
    asked = f"GET {address} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    other = b"GET /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n"
    last = f"GET {address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    got = answer_to(serving, asked * 3 + other + asked * 200 + last)
    assert got.count(b"HTTP/1.1 200 OK\r\n") == 205 and got.count(content) == 204
    assert got.count(b"User-agent: *") == 1 and got.index(b"User-agent: *") > got.index(content)
    assert got.count(b"\r\ndate: ") == 205 and got.endswith(content)
