"""Clients that mean no good, over a plain socket: slow ones, greedy ones, headers written into paths."""

from __future__ import annotations

import socket
import tempfile
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import SecretStr

from scidex_console.web.addresses import artifact_path
from tests.labs import Lab
from tests.web.conftest import Serving, served
from tests.web.test_writing import until


def connected(serving: Serving) -> socket.socket:
    parts = urlsplit(serving.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


def answer_to(serving: Serving, request: bytes) -> bytes:
    with closing(connected(serving)) as connection:
        connection.sendall(request)
        got = b""
        while piece := connection.recv(65536):
            got += piece
        return got


def test_a_client_that_never_ends_its_headers_is_let_go(serving: Serving) -> None:
    with closing(connected(serving)) as connection:
        began = time.monotonic()
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        while time.monotonic() - began < 1.5:  # a drop now and then does not keep the connection
            connection.sendall(b"X-Drop: 1\r\n")
            time.sleep(0.3)
        assert connection.recv(100).startswith(b"HTTP/1.1 408 ")
    assert any(line.get("why") == "headers came too slowly" for line in serving.log)


def test_a_client_that_says_nothing_is_let_go_without_a_word(serving: Serving) -> None:
    with closing(connected(serving)) as connection:
        assert connection.recv(100) == b""


def test_a_client_that_takes_nothing_is_let_go(serving: Serving) -> None:
    row = serving.one("artifact_type = 'dataset' AND primary_filename IS NOT NULL")
    inner = row["artifact_dir"].removeprefix("data/scidex-artifacts/")
    path = serving.lab.store.artifacts / inner / row["primary_filename"]
    before = path.read_bytes()
    path.write_bytes(b"x" * 30_000_000)
    try:
        with closing(connected(serving)) as connection:
            address = f"{artifact_path(row['id'])}/files/{row['primary_filename']}"
            connection.sendall(f"GET {address} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            until = time.monotonic() + 10
            why = "the client takes no more of the answer"
            while time.monotonic() < until and not any(line.get("why") == why for line in serving.log):
                time.sleep(0.1)
            assert any(line.get("why") == why for line in serving.log)
    finally:
        path.write_bytes(before)


def test_headers_without_end_are_refused(serving: Serving) -> None:
    request = b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 100_000
    assert answer_to(serving, request).startswith(b"HTTP/1.1 431 ")
    assert any(line["status"] == 431 for line in serving.log)


@pytest.mark.parametrize(
    "target",
    [
        b"/figure/x%0d%0aSet-Cookie:%20a=b",
        b"/artifact/x%0d%0aSet-Cookie:%20a=b",
        b"/artifact/x/files/y%0d%0aSet-Cookie:%20a=b",
        b"/api/artifacts/%0d%0aX:%20y",
        b"/sitemap.xml?from=%0d%0aSet-Cookie:%20a=b",
        b"/?q=%0d%0aSet-Cookie:%20a=b",
        b"/data/scidex-artifacts/%0d%0aSet-Cookie:%20a=b",
    ],
)
def test_no_path_can_write_a_header(serving: Serving, target: bytes) -> None:
    got = answer_to(serving, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head = got.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1 ") and b"\r\nset-cookie" not in head and b"\r\nx: y" not in head


def test_the_host_that_a_client_names_stands_in_no_answer(serving: Serving) -> None:
    row = serving.one("artifact_type = 'figure'")
    for address in (artifact_path(row["id"]), f"/figure/{row['id']}", "/sitemap.xml"):
        with serving.client() as client:
            answer = client.get(address, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
        assert "evil" not in answer.text and "evil" not in str(answer.headers)


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad Header\r\n\r\n",
        b"\x16\x03\x01\x00",
    ],
)
def test_what_is_no_request_is_refused_and_the_service_goes_on(serving: Serving, request_: bytes) -> None:
    got = answer_to(serving, request_ + b"\r\n")
    assert got == b"" or got.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 408 "))
    assert (b"\r\ncontent-type: text/plain" in got) == got.startswith(b"HTTP/1.1 400 ")
    with serving.client() as client:
        assert client.get("/healthz").status_code == 200


def test_many_idle_clients_keep_nobody_out(serving: Serving) -> None:
    idle = [connected(serving) for _ in range(100)]
    try:
        with serving.client() as client:
            assert client.get("/healthz").status_code == 200
    finally:
        for connection in idle:
            connection.close()


def test_a_client_that_leaves_in_the_middle_does_no_harm(serving: Serving, client: httpx.Client) -> None:
    for _ in range(5):
        with closing(connected(serving)) as connection:
            connection.sendall(b"GET /api/artifacts?limit=200 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert client.get("/healthz").status_code == 200


def test_a_database_that_is_away_is_told_at_once_and_found_again(web_lab: Lab) -> None:
    url = web_lab.settings.database.need_url()
    host = conninfo_to_dict(url)["host"]
    with tempfile.TemporaryDirectory() as folder:
        way = Path(folder, "way")
        way.symlink_to(str(host))
        serve = web_lab.settings.serve.model_copy(
            update={"database_url": SecretStr(make_conninfo(url, host=str(way)))}
        )
        settings = web_lab.settings.model_copy(update={"serve": serve})
        with served(web_lab, settings) as running, running.client() as client:
            assert client.get("/").status_code == 200
            way.unlink()
            running.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name LIKE 'scidex-console serve%%'"
            )
            for address in ("/", "/api/artifacts", "/healthz"):
                began = time.monotonic()
                answer = client.get(address)
                assert (answer.status_code, answer.headers.get("retry-after")) == (503, "2")
                assert time.monotonic() - began < 2.5
            way.symlink_to(str(host))
            until(lambda: client.get("/").status_code == 200, patience=10)
