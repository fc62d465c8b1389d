"""Counts of reads and answers: kept in memory, folded into the database every few seconds.

A process that is lost loses what it counted since the last fold, and nothing else.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence

from scidex_console.domain.reading.histogram import bucket_of
from scidex_console.domain.reading.kinds import ReaderKind, Source
from scidex_console.engine.ports.reading import ReadCount, RequestCount

_Read = tuple[ReaderKind, Source, bool, int]
_ROUTE = re.compile(r"[a-z0-9_]{1,24}")
"""What the database takes; a count that it refused would keep all others from being folded."""
_Request = tuple[str, int, int]


class ReadMeter:
    """Counts in memory; safe from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reads: Counter[_Read] = Counter()
        self._requests: Counter[_Request] = Counter()

    def read(self, reader: ReaderKind, source: Source, *, fell_back: bool, seconds: float) -> None:
        """One read."""
        with self._lock:
            self._reads[reader, source, fell_back, bucket_of(seconds)] += 1

    def answered(self, route: str, status: int, *, seconds: float) -> None:
        """One answer of a service: to which kind of address, with which status of HTTP, after how long."""
        route = route if _ROUTE.fullmatch(route) else "other"
        status = status if 100 <= status <= 599 else 500
        with self._lock:
            self._requests[route, status, bucket_of(seconds)] += 1

    def take(self) -> tuple[list[ReadCount], list[RequestCount]]:
        """Everything counted since the last time."""
        with self._lock:
            reads, self._reads = self._reads, Counter()
            requests, self._requests = self._requests, Counter()
        return (
            [ReadCount(*of, n) for of, n in reads.items()],
            [RequestCount(*of, n) for of, n in requests.items()],
        )

    def put_back(self, reads: Sequence[ReadCount], requests: Sequence[RequestCount]) -> None:
        """Count what could not be folded again; it is added to what came meanwhile."""
        with self._lock:
            for read in reads:
                self._reads[read.reader, read.source, read.fell_back, read.up_to_us] += read.n
            for request in requests:
                self._requests[request.route, request.status, request.up_to_us] += request.n
