"""A real browser without a window, driven over its own debugging protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-extensions", "--disable-background-networking", "--disable-component-update",
    "--hide-scrollbars", "--remote-debugging-port=0", "--proxy-server=direct://", "--window-size=1100,900",
)  # fmt: skip
_PATIENCE_S = 60


class Tab:
    """One page of it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, downloads: Path) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.downloads = downloads
        self.refused: list[str] = []
        """What its policies or the network kept it from doing, as it says."""
        self.requests: list[str] = []

    async def listen(self) -> None:
        """Take what the browser says until it leaves."""
        async for message in self._socket:
            said = message.json()
            if (number := said.get("id")) in self._answers:
                self._answers.pop(number).set_result(said)
            elif said.get("method") == "Log.entryAdded":
                self.refused.append(said["params"]["entry"]["text"])
            elif said.get("method") == "Network.requestWillBeSent":
                self.requests.append(said["params"]["request"]["url"])

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol; its result."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(_PATIENCE_S):
            said = await answer
        assert "error" not in said, said
        result: dict[str, Any] = said["result"]
        return result

    async def go(self, url: str) -> None:
        """Load a page, whole."""
        await self.ask("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def evaluate(self, expression: str) -> Any:
        """What an expression is on the page."""
        said = await self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        return said["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        async with asyncio.timeout(_PATIENCE_S):
            while not await self.evaluate(expression):
                await asyncio.sleep(0.1)

    async def press(self, key: str) -> None:
        """Press a key that stands for its letter."""
        await self.ask("Input.dispatchKeyEvent", type="keyDown", text=key, key=key)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def picture(self, *, whole: bool = False) -> bytes:
        """What it shows, as PNG."""
        said = await self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        return base64.b64decode(said["data"])


@asynccontextmanager
async def browser(folder: Path, *, dark: bool = False, scripts: bool = True) -> AsyncIterator[Tab]:
    """A browser with one page, which ends with the block."""
    assert PROGRAM is not None, "chromium is not installed"
    profile, downloads = folder / "profile", folder / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [PROGRAM, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        port = await _port(profile / "DevToolsActivePort", process)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as listed:
                page = next(target for target in await listed.json() if target["type"] == "page")
            async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                tab = Tab(socket, downloads)
                listening = asyncio.create_task(tab.listen())
                for domain in ("Page", "Runtime", "Log", "Network"):
                    await tab.ask(f"{domain}.enable")
                scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
                await tab.ask("Emulation.setEmulatedMedia", features=[scheme])
                await tab.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
                if not scripts:
                    await tab.ask("Emulation.setScriptExecutionDisabled", value=True)
                yield tab
                listening.cancel()
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    async with asyncio.timeout(_PATIENCE_S):
        while not (file.is_file() and file.read_text().count("\n")):
            assert process.poll() is None, "chromium ended at once"
            await asyncio.sleep(0.05)
    return int(file.read_text().splitlines()[0])
