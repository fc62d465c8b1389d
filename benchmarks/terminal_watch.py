"""A program on a pseudo terminal, watched from outside: what it sends and when, its memory and processor."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_CODES = re.compile(rb"\x1b(\[[0-9;:?<>=$]*[A-Za-z]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])")


class Watched:
    """Runs until `close`; everything it sends is read at once, as a quick terminal does."""

    def __init__(self, command: Sequence[str], columns: int, rows: int, environ: Mapping[str, str]) -> None:
        self.began = time.monotonic()
        self.output = bytearray()
        self.arrivals: list[tuple[float, int]] = []
        """When something came, and how many bytes."""
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], list(command), dict(environ))
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def take(self, seconds: float) -> int:
        """Read for so long; how many bytes came."""
        until, before = time.monotonic() + seconds, len(self.output)
        while (left := until - time.monotonic()) > 0:
            self._once(left)
        return len(self.output) - before

    def until(self, *words: bytes, within: float = 60.0) -> float:
        """Seconds since the start at which the words had all come."""
        limit = time.monotonic() + within
        while not all(word in _CODES.sub(b"", bytes(self.output)) for word in words):
            if time.monotonic() > limit:
                raise SystemExit(
                    f"waited for {words} in vain; the last output was {bytes(self.output[-600:])!r}"
                )
            self._once(0.05)
        return self.arrivals[-1][0] - self.began

    def quiet(self, for_s: float = 1.0, within: float = 20.0) -> None:
        """Wait until nothing more than a tick has come for a while."""
        limit = time.monotonic() + within
        while self.take(for_s) > 200 and time.monotonic() < limit:
            pass

    def answer_to(self, key: bytes, within: float = 2.0) -> float | None:
        """Seconds from a key to the first byte that follows it; None when none came."""
        while self._once(0.0):
            pass
        sent, seen = time.monotonic(), len(self.arrivals)
        os.write(self._master, key)
        while len(self.arrivals) == seen:
            left = sent + within - time.monotonic()
            if left <= 0:
                return None
            self._once(left)
        return self.arrivals[seen][0] - sent

    def _once(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], max(seconds, 0.0))[0]:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError as error:
            raise SystemExit(f"the program ended: {bytes(self.output[-600:])!r}") from error
        self.output += data
        self.arrivals.append((time.monotonic(), len(data)))
        return True

    def processor_s(self) -> float:
        """Processor seconds so far, children included that have ended."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(int(field) for field in fields[11:15]) / _TICKS

    def memory_mib(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    def close(self) -> None:
        """End it."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            os.kill(self.pid, number)
            until = time.monotonic() + 8
            while time.monotonic() < until:
                try:
                    self._once(0.05)
                except SystemExit:
                    time.sleep(0.05)
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self._master)
                    return
