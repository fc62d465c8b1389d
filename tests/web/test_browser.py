"""In a real browser, where there is one: pages of each type, redirects, downloads, and the console itself."""

from __future__ import annotations

import asyncio
import hashlib
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from scidex_console.wiring.serving import listening
from tests import warm
from tests.web.chromium import PROGRAM, Tab, browser
from tests.web.conftest import Serving

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="chromium is not installed"),
    pytest.mark.timeout(300),
]
TYPES = (
    "figure",
    "paper_figure",
    "notebook",
    "dataset",
    "model",
    "analysis",
    "hypothesis",
    "claim",
    "kg_entity",
)


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    async with browser(tmp_path) as opened:
        yield opened


async def test_a_page_of_each_type_is_shown_whole_and_nothing_is_refused(serving: Serving, tab: Tab) -> None:
    seen = 0
    for kind in TYPES:
        for row in serving.rows("SELECT id, title FROM artifacts WHERE artifact_type = %s LIMIT 1", kind):
            await tab.go(f"{serving.url}/artifact/{row['id']}")
            assert await tab.evaluate("document.querySelector('h1').textContent") == (
                row["title"] or row["id"]
            )
            broken = "[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)"
            assert await tab.evaluate(broken) == []
            assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert len(await tab.picture()) > 5000
            seen += 1
    assert seen >= 6
    assert [said for said in tab.refused if "favicon" not in said] == []
    assert all(url.startswith((serving.url, "data:")) for url in tab.requests)


@pytest.mark.sweep
async def test_a_figure_is_drawn_and_a_rendered_notebook_stands_in_its_frame(
    serving: Serving, tab: Tab
) -> None:
    figure = serving.one("artifact_type = 'figure' AND primary_filename LIKE '%%.png'")
    await tab.go(f"{serving.url}/artifact/{figure['id']}")
    assert await tab.evaluate("document.querySelector('.picture img').naturalWidth") > 0
    notebook = serving.one("artifact_type = 'notebook' AND cardinality(accessory_filenames) > 0")
    await tab.go(f"{serving.url}/artifact/{notebook['id']}")
    assert await tab.evaluate("document.querySelector('iframe').contentDocument === null"), "it has no origin"


@pytest.mark.sweep
async def test_an_address_by_type_ends_at_the_canonical_one(serving: Serving, tab: Tab) -> None:
    row = serving.one("artifact_type = 'dataset' AND artifact_id IS NOT NULL")
    await tab.go(f"{serving.url}/dataset/{row['artifact_id']}")
    assert await tab.evaluate("location.pathname") == f"/artifact/{row['id']}"
    assert await tab.evaluate("document.querySelector('link[rel=canonical]').href === location.href")


@pytest.mark.sweep
async def test_a_download_arrives_under_its_name_with_its_bytes(serving: Serving, tab: Tab) -> None:
    row = serving.one("artifact_type = 'dataset' AND primary_filename IS NOT NULL")
    await tab.go(f"{serving.url}/artifact/{row['id']}")
    await tab.evaluate("document.querySelector('a.button').click()")
    arrived = tab.downloads / row["primary_filename"]
    async with asyncio.timeout(60):
        while not arrived.exists():
            await asyncio.sleep(0.1)
    inner = row["artifact_dir"].removeprefix("data/scidex-artifacts/")
    original = serving.lab.store.artifacts / inner / row["primary_filename"]
    assert hashlib.sha256(arrived.read_bytes()).digest() == hashlib.sha256(original.read_bytes()).digest()


async def test_a_hostile_page_of_an_artifact_runs_no_script(serving: Serving, tab: Tab) -> None:
    row = serving.one("artifact_type = 'notebook' AND cardinality(accessory_filenames) > 0")
    inner = row["artifact_dir"].removeprefix("data/scidex-artifacts/")
    name = next(n for n in row["accessory_filenames"] if n.endswith(".html"))
    path = serving.lab.store.artifacts / inner / "accessories" / name
    before = path.read_bytes()
    evil = "<title>quiet</title><script>document.title = 'ran'; fetch('/api/artifacts')</script><p>evil</p>"
    path.write_text(evil)
    try:
        await tab.go(f"{serving.url}/artifact/{row['id']}/files/{name}")
        assert await tab.evaluate("document.title") == "quiet"
        assert not [url for url in tab.requests if "/api/" in url]
    finally:
        path.write_bytes(before)


@asynccontextmanager
async def console(serving: Serving) -> AsyncIterator[str]:
    """`web` over the same store; the address it prints."""
    with listening("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    program = [*warm.PROGRAM, "--config", str(serving.lab.config)]
    process = warm.Popen([*program, "web", "--port", str(port)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        line = await asyncio.to_thread(process.stderr.readline)
        found = re.search(r"open (http://\S+)", line)
        assert found is not None, line
        yield found[1]
        process.terminate()
        assert await asyncio.to_thread(process.wait, 30) == 0
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)
        process.stderr.close()


@pytest.mark.sweep
async def test_the_console_is_drawn_in_the_browser_and_heeds_keys(
    serving: Serving, tab: Tab, tmp_path: Path
) -> None:
    async with console(serving) as address:
        await tab.go(address)
        await tab.until("document.body.classList.contains('-first-byte')")
        assert await tab.evaluate("location.search") == "", "the token does not stay in the address"

        async def looks_otherwise(than: bytes) -> bytes:
            async with asyncio.timeout(60):
                while (now := await tab.picture()) == than:
                    await asyncio.sleep(0.2)
            return now

        blank = await tab.picture()
        before = await looks_otherwise(blank)

        await tab.evaluate("document.querySelector('textarea').focus()")
        await tab.press("?")
        await looks_otherwise(before)

        names = serving.rows("SELECT application_name AS name FROM pg_stat_activity")
        assert any(row["name"].startswith("scidex-watch/") for row in names), "it watches, and says so"
        assert not [
            url for url in tab.requests if not url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:"))
        ]


async def test_without_the_token_or_from_elsewhere_the_console_shows_nothing(serving: Serving) -> None:
    async with console(serving) as address, aiohttp.ClientSession() as session:
        bare = address.partition("?")[0]
        for url, headers in (
            (bare, {}),
            (f"{bare}?token=wrong", {}),
            (f"{bare}ws", {}),
            (address, {"Host": "evil.example"}),
        ):
            async with session.get(url, headers=headers, allow_redirects=False) as answer:
                assert answer.status == 403, url
        async with session.get(address, allow_redirects=False) as answer:
            assert answer.status == 303
            cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await session.ws_connect(
                f"{bare}ws", headers={"Origin": "http://evil.example", "Cookie": cookie.partition(";")[0]}
            )
