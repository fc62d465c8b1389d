"""Which reads go by the folder first: a share of the artifacts for each kind of reader.

The choice hangs on the reader and the artifact alone: it is the same in every process and at every time, and
an artifact that is read by its folder at some share stays so at every greater one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from scidex_console.domain.reading.kinds import ReaderKind

WHOLE = 100.0
"""Percent; shares have two digits behind the point."""
_STEPS = 10_000
"""Of a hundredth of a percent each."""


@dataclass(frozen=True)
class Shares:
    """What a reading process goes by. By default all is read the legacy way first, which always works."""

    enabled: bool = False
    """`ARTIFACT_FOLDER_READERS_ENABLED` of this process; without it no share counts."""
    percent: Mapping[ReaderKind, float] = field(default_factory=dict)
    """From 0 to 100 for each reader; one that is not named has 0."""

    def folder_first(self, reader: ReaderKind, artifact_id: str) -> bool:
        """Whether this read looks into the artifact's folder first. `artifact_id` is the legacy id."""
        share = self.percent.get(reader, 0.0) if self.enabled else 0.0
        return place_of(reader, artifact_id) < round(share * _STEPS / WHOLE)


def place_of(reader: ReaderKind, artifact_id: str) -> int:
    """Where an artifact stands among 10,000 places, evenly spread and differently for each reader."""
    named = f"{reader}\0{artifact_id}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(named).digest()[:8], "big") % _STEPS


def share_problem(percent: object) -> str:
    """Why a value cannot be a share, in words; empty when it can."""
    if isinstance(percent, bool) or not isinstance(percent, (int, float)):
        return "a share is a number of percent"
    if not 0 <= percent <= WHOLE:
        return "a share is from 0 to 100 percent"
    return (
        "" if abs(percent * 100 - round(percent * 100)) < 1e-6 else "a share has two digits behind the point"
    )
