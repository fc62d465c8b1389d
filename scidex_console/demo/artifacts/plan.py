"""Puts the demo's store together: all artifacts, their links, and the files no row claims."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from scidex_console.demo.artifacts.drafts import Drafter
from scidex_console.demo.artifacts.model import Artifact, Link, StoredFile
from scidex_console.demo.artifacts.oddities import LOOSE_FILES, Oddities
from scidex_console.demo.artifacts.paper_figures import paper_figures
from scidex_console.demo.artifacts.scale import PAPER_FIGURE, Scale
from scidex_console.demo.hosts.addresses import choose_addresses

FIRST_DAY = datetime(2025, 3, 3, tzinfo=UTC)
LAST_DAY = datetime(2026, 5, 18, tzinfo=UTC)
"""The day the files of paper figures were found missing."""

_LINK_TYPES = ("derives_from",) * 8 + ("cites",) * 5 + ("supports",) * 3 + ("extends", "mentions", "contains")
_LINKS_PER_ARTIFACT = (0, 0, 1, 1, 1, 2, 2, 4)
_REPEATED_LINKS = 0.002


@dataclass(frozen=True)
class StorePlan:
    """Everything a demo store holds, decided but not yet written. Artifacts stand in order of creation."""

    scale: Scale
    seed: int
    artifacts: tuple[Artifact, ...]
    links: tuple[Link, ...]
    loose_files: tuple[StoredFile, ...]

    def files(self) -> dict[str, tuple[StoredFile, datetime]]:
        """Every file by its path, with when it came: the creation of the first artifact that claims it."""
        found = {file.path: (file, FIRST_DAY) for file in self.loose_files}
        for artifact in self.artifacts:
            for file in artifact.files:
                found.setdefault(file.path, (file, artifact.created_at))
        return found


def plan_store(scale: Scale, seed: int, urls: Sequence[str] | None = None) -> StorePlan:
    """Plan a store; the same for the same arguments. Nothing is written.

    `urls` are the addresses of the paper figures; by default real recorded ones. ValueError when their number
    is not the scale's.
    """
    if urls is None:
        urls = [address.url for address in choose_addresses(scale.paper_figures, seed)]
    if len(urls) != scale.paper_figures:
        raise ValueError(f"{len(urls)} addresses for {scale.paper_figures} paper figures")
    rng = random.Random(f"store:{seed}")
    types = [name for name, count in scale.counts().items() for _ in range(count)]
    rng.shuffle(types)
    births = _births(len(types), rng)
    artifacts = _artifacts(scale, seed, urls, list(zip(types, births, strict=True)))
    Oddities(artifacts, rng).work_in()
    return StorePlan(scale, seed, tuple(artifacts), tuple(_links(artifacts, rng)), LOOSE_FILES)


def _births(count: int, rng: random.Random) -> list[datetime]:
    """When each artifact was created, oldest first, no two at the same millisecond."""
    step = (LAST_DAY - FIRST_DAY) / max(count, 1)
    times = (FIRST_DAY + step * (place + 0.9 * rng.random()) for place in range(count))
    return [time.replace(microsecond=time.microsecond // 1000 * 1000) for time in times]


def _artifacts(
    scale: Scale, seed: int, urls: Sequence[str], order: Sequence[tuple[str, datetime]]
) -> list[Artifact]:
    figure_births = [born for artifact_type, born in order if artifact_type == PAPER_FIGURE]
    figures = iter(paper_figures(urls, figure_births, scale.figures_with_file, seed))
    drafter = Drafter(random.Random(f"drafts:{seed}"))
    return [
        next(figures) if artifact_type == PAPER_FIGURE else drafter.draft(artifact_type, born)
        for artifact_type, born in order
    ]


def _links(artifacts: Sequence[Artifact], rng: random.Random) -> list[Link]:
    """Links from artifacts to older ones, so that they never run in a circle; a few are recorded twice."""
    links = []
    for place, artifact in enumerate(artifacts):
        for other in sorted({_older(place, rng) for _ in range(rng.choice(_LINKS_PER_ARTIFACT)) if place}):
            links.append(Link(artifact.id, artifacts[other].id, rng.choice(_LINK_TYPES)))
    return links + [link for link in links if rng.random() < _REPEATED_LINKS]


def _older(place: int, rng: random.Random) -> int:
    """An earlier artifact; often one from shortly before."""
    if rng.random() < 0.6:
        return max(0, place - rng.randrange(1, 60))
    return rng.randrange(place)
