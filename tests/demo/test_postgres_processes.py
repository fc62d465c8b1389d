"""The server's process is recognised by its command line alone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from scidex_console.demo.postgres.processes import is_server


def test_server_is_never_taken_for_dead_between_the_shell_that_starts_it_and_itself(tmp_path: Path) -> None:
    """While a process changes its program, Linux shows an empty command line for a moment."""
    data, postgres, ready = tmp_path / "data", tmp_path / "postgres", tmp_path / "ready"
    os.mkfifo(ready)
    postgres.write_text(f"#!/bin/sh\necho >{ready}\nread line\n")
    postgres.chmod(0o755)
    words = ["sh", "-c", 'exec "$@"', "sh", str(postgres), "-D", str(data), "-c", "port=5432"]
    for _ in range(20):
        with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
            began = os.open(ready, os.O_RDONLY | os.O_NONBLOCK)
            while not (said := _read(began)):
                assert is_server(process.pid, data)
            assert said == b"\n"
            os.close(began)
        assert not is_server(process.pid, data)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1)
    except BlockingIOError:
        return b""
