"""Small files that were sent a moment ago, in memory: asked for again at once, they are sent as they are.

An answer is kept until the read that found its file has grown old (`serve.reuse`). Then the first who asks
has it looked for anew; the others need not wait for that, and get the old answer for a moment more. So nobody
gets what was not true a moment ago. Each is counted as a read all the same.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from starlette.types import Scope

from scidex_console.domain.reading.found import FoundArtifact
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.engine.reading.metering import ReadMeter

LARGEST = 1 << 20
"""Bytes of a file that is kept."""
RENEWED_WITHIN_S = 0.25
"""How long the others get the old answer while one has it looked for anew."""
_MOST = 64 << 20
"""Bytes of all of them."""

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Kept:
    """An answer."""

    headers: Headers
    body: bytes
    until: float
    found: FoundArtifact
    reader: ReaderKind
    renewed: bool = False
    """Whether somebody has it looked for anew."""

    @cached_property
    def head(self) -> bytes:
        """The headers as they are sent."""
        return b"".join(b"%s: %s\r\n" % header for header in self.headers) + b"\r\n"


class RecentFiles:
    """Answers by the address that was asked for, byte by byte."""

    def __init__(self, meter: ReadMeter, now: Callable[[], float] = time.monotonic) -> None:
        self._meter = meter
        self._now = now
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self._bytes = 0

    def keep(self, scope: Scope, answer: Kept) -> None:
        """Keep the whole answer to a request."""
        target = _target(scope)
        self._forget(target)
        self._kept[target] = answer
        self._bytes += len(answer.body)
        while self._bytes > _MOST:
            self._forget(next(iter(self._kept)))

    def answer(self, scope: Scope) -> Kept | None:
        """The answer to a request; None where it is not at hand, or depends on more than the address."""
        kept = self._kept.get(_target(scope)) if self._kept and scope["method"] == "GET" else None
        if kept is None or any(name == b"range" or name.startswith(b"if-") for name, _ in scope["headers"]):
            return None
        if (now := self._now()) > kept.until:
            until = kept.until + RENEWED_WITHIN_S
            if kept.renewed or now > until:
                self._forget(_target(scope))
            else:
                self._kept[_target(scope)] = replace(kept, until=until, renewed=True)
            return None
        found = kept.found
        self._meter.read(kept.reader, found.source, fell_back=found.fell_back, seconds=0.0)
        return kept

    def _forget(self, target: bytes) -> None:
        if kept := self._kept.pop(target, None):
            self._bytes -= len(kept.body)


def _target(scope: Scope) -> bytes:
    target: bytes = scope["raw_path"] + b"?" + scope["query_string"]
    return target
