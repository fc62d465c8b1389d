"""What the figure hosts remember of every request: one JSON object a line, written when the request ends.

`python -m scidex_console.demo.hosts.request_log FILE` judges such a log; see `budget_check`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request as the server saw it. Times come in pairs: wall clock (seconds since the epoch) and
    `_ns`, the machine's monotonic clock, which is comparable between processes of one boot."""

    arrived: float
    """When the last byte of the request head was in hand."""
    arrived_ns: int
    finished: float
    """When the last byte of the answer had left, or the connection was given up."""
    finished_ns: int
    connection: int
    """Number of the connection, counted from 1 in this server."""
    scheme: str
    host: str
    """In lower case, without a port."""
    method: str
    target: str
    """Path and query as sent."""
    status: int | None
    """Status sent, None when the answer never began."""
    ending: str
    """`complete`; by intent `reset`, `silent`, `truncated` or `cut-off`; else `client-gone`, or `stopped`
    with the server."""
    bytes_sent: int
    """Body bytes handed over."""
    scenario: str
    """The scripted or drawn behaviour; `held`, `landing` or `method` for what comes before it; empty when the
    request ended before its answer was chosen."""
    in_flight: int
    """Requests under way at this host when it arrived, itself included."""
    hold_until_ns: int | None = None
    """On a 429 or 503 with Retry-After: the monotonic time it asked to wait for."""

    @property
    def url(self) -> str:
        """The address asked for."""
        return f"{self.scheme}://{self.host}{self.target}"

    def line(self) -> str:
        """The request as one line of the log."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(fields, separators=(",", ":")) + "\n"


class RequestLog:
    """Appends requests to a file. The file may lag behind by what was written since the last `flush`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: TextIO = path.open("a", encoding="utf-8", buffering=1 << 16)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def write(self, request: LoggedRequest) -> None:
        """Remember one request."""
        self._file.write(request.line())

    def flush(self) -> None:
        """Hand everything written so far to the file."""
        if not self._file.closed:
            self._file.flush()

    def read(self) -> list[LoggedRequest]:
        """Everything in the file, what was written before the server started included."""
        self.flush()
        return list(read_requests(self.path))

    def close(self) -> None:
        """Flush and close; closing twice is harmless."""
        self._file.close()


def read_requests(path: Path) -> Iterator[LoggedRequest]:
    """Read a log, in the order in which its requests ended.

    A last line without its newline is one still being written, and left out. Raises ValueError naming file
    and line when a line is not a request.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith("\n"):
                return
            try:
                fields: dict[str, Any] = json.loads(line)
                yield LoggedRequest(**fields)
            except (ValueError, TypeError) as error:
                raise ValueError(f"{path}, line {number}: not a logged request ({error})") from error


def clock() -> tuple[float, int]:
    """Wall clock and monotonic clock of one moment."""
    return time.time(), time.monotonic_ns()


if __name__ == "__main__":
    from scidex_console.demo.hosts.budget_check import main

    raise SystemExit(main())
