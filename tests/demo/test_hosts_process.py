import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from scidex_console.demo.hosts.__main__ import main
from scidex_console.demo.hosts.request_log import read_requests

MODULE = "scidex_console.demo.hosts"


async def described(folder: Path) -> dict[str, Any]:
    while not (folder / "hosts.json").exists():
        await asyncio.sleep(0.02)
    document: dict[str, Any] = json.loads((folder / "hosts.json").read_text())
    return document


@asynccontextmanager
async def process(folder: Path, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    command = [sys.executable, "-m", MODULE, "--dir", str(folder), "--latency", "0", *options]
    running = await asyncio.create_subprocess_exec(*command)
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):
            running.kill()
        await running.wait()


async def test_process_serves_scripted_hosts_and_leaves_a_complete_log_on_sigterm(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    script.write_text('{"hosts": {"127.0.0.1": "gone"}}')
    async with process(tmp_path / "hosts", "--script", str(script), "--seed", "5") as running:
        info = await described(tmp_path / "hosts")
        assert (info["pid"], info["seed"]) == (running.pid, 5)
        context = ssl.create_default_context(cafile=info["ca_file"])
        async with httpx.AsyncClient(verify=context, trust_env=False) as client:
            for port, scheme in ((info["http_port"], "http"), (info["https_port"], "https")):
                answer = await client.get(f"{scheme}://127.0.0.1:{port}/x.png")
                assert answer.status_code == 410
        running.send_signal(signal.SIGTERM)
        assert await running.wait() == 0
    logged = list(read_requests(Path(info["log"])))
    assert [(one.scheme, one.status) for one in logged] == [("http", 410), ("https", 410)]


async def test_process_ends_with_its_parent(tmp_path: Path) -> None:
    folder = tmp_path / "hosts"
    parent_source = (
        "import os, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-m', {MODULE!r}, '--dir', {str(folder)!r},\n"
        "    '--exit-with-parent', str(os.getpid())])\n"
        "time.sleep(600)\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", parent_source)
    pid = (await described(folder))["pid"]
    parent.kill()
    await parent.wait()
    while _alive(pid):
        await asyncio.sleep(0.05)


async def test_process_ends_with_another_process_that_is_not_its_parent(tmp_path: Path) -> None:
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", "import time; time.sleep(600)")
    async with process(tmp_path / "hosts", "--exit-with-parent", str(other.pid)) as running:
        await described(tmp_path / "hosts")
        other.kill()
        await other.wait()
        assert await running.wait() == 0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # A child whose parent is gone may wait, dead, for whoever adopted it.
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_taken_port_is_one_clear_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--dir", str(tmp_path), "--http-port", str(port)]) == 1
    assert "address already in use" in capfd.readouterr().err
    assert not (tmp_path / "hosts.json").exists()


def test_wrong_script_file_is_one_clear_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "script.json"
    script.write_text('{"hosts": {"a.org": "on-fire"}}')
    assert main(["--dir", str(tmp_path), "--script", str(script)]) == 1
    assert "hosts, a.org: no such behaviour" in capfd.readouterr().err


@pytest.mark.parametrize("options", [["--speed", "0"], ["--latency", "-1"], ["--speed", "nan"]])
def test_wrong_option_is_refused(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--dir", str(tmp_path), *options])
    assert options[0] in capsys.readouterr().err


def test_log_is_judged_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("")
    command = [sys.executable, "-m", f"{MODULE}.request_log", str(tmp_path / "log")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "0 requests to 0 groups" in done.stdout
