"""Which sha256 an artifact's primary file must have, and whether it has it.

In SciDEX `content_hash` is sometimes the hash of a file and sometimes a key over title and metadata, so the
sources are asked in a configured order and the one used is on record.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

LEAST_SAMPLED = 20
"""Rows of a sample that must speak of a source before anything is advised about it."""

_SHA256 = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.IGNORECASE)


class HashSource(StrEnum):
    """Where a row says what its file's sha256 is."""

    FILE_SHA256 = "metadata.file_sha256"
    CONTENT_HASH = "content_hash"


@dataclass(frozen=True)
class Expected:
    """The sha256 a row promises, and who says so."""

    sha256: str
    source: HashSource


def promised(source: HashSource, *, metadata: Mapping[str, Any], content_hash: str | None) -> Expected | None:
    """What one source says; None when it says nothing that is a sha256."""
    said = metadata.get("file_sha256") if source is HashSource.FILE_SHA256 else content_hash
    found = _SHA256.fullmatch(said.strip()) if isinstance(said, str) else None
    return Expected(found[1].lower(), source) if found else None


def expected_hash(
    sources: Sequence[HashSource], *, metadata: Mapping[str, Any], content_hash: str | None
) -> Expected | None:
    """The first source's word that is a sha256; None when the row promises nothing."""
    said = (promised(source, metadata=metadata, content_hash=content_hash) for source in sources)
    return next((expected for expected in said if expected is not None), None)


@dataclass(frozen=True)
class SourceSample:
    """How the hashes of a sample of rows compare with one source's word."""

    source: HashSource
    matching: int
    differing: int
    believed: int
    """Rows that are held against this source: in the configured order it is the first that says anything."""
    flagged: int
    """Of these, rows whose file differs."""

    @property
    def promised(self) -> int:
        """Rows of the sample about which the source says anything."""
        return self.matching + self.differing


def sample_sources(
    order: Sequence[HashSource], rows: Iterable[tuple[Mapping[str, Any], str | None, str]]
) -> tuple[SourceSample, ...]:
    """Compare each source with the sha256 really read; a row is its metadata, `content_hash` and that."""
    matching: Counter[HashSource] = Counter()
    differing: Counter[HashSource] = Counter()
    believed: Counter[HashSource] = Counter()
    flagged: Counter[HashSource] = Counter()
    for metadata, content_hash, actual in rows:
        first = expected_hash(order, metadata=metadata, content_hash=content_hash)
        if first is not None:
            believed[first.source] += 1
            flagged[first.source] += first.sha256 != actual
        for source in HashSource:
            expected = promised(source, metadata=metadata, content_hash=content_hash)
            if expected is not None:
                (matching if expected.sha256 == actual else differing)[source] += 1
    return tuple(
        SourceSample(source, matching[source], differing[source], believed[source], flagged[source])
        for source in HashSource
    )


def advice(order: Sequence[HashSource], samples: Sequence[SourceSample]) -> str:
    """One sentence when the configured order would flag most files held against a source; else empty.

    Names the source that knows better, where there is one, and the line of the configuration. Fewer than
    `LEAST_SAMPLED` rows say nothing about a source: late in a run the few that are left may be the bad ones.
    """
    by_source = {sample.source: sample for sample in samples}
    wrong = next((by_source[s] for s in order if s in by_source and _mostly_flags(by_source[s])), None)
    if wrong is None:
        return ""
    said = f"{wrong.flagged} of {wrong.believed} sampled files differ from {wrong.source}"
    others = [source for source in order if source is not wrong.source]
    better = max((s for s in samples if _mostly_matches(s)), key=lambda s: s.matching, default=None)
    if better is None:
        said += ", which may not be a hash of the file"
    else:
        said += f", {better.matching} of {better.promised} match {better.source}"
        others = others if better.source in others else [better.source]
    words = ", ".join(f'"{source}"' for source in others)
    return f"{said}: write hash_source = [{words}] below [folders]"


def _mostly_flags(sample: SourceSample) -> bool:
    return sample.believed >= LEAST_SAMPLED and 2 * sample.flagged > sample.believed


def _mostly_matches(sample: SourceSample) -> bool:
    return sample.promised >= LEAST_SAMPLED and sample.matching > sample.differing
