"""The rows of papers' figures: each with its recorded address, nearly all without their file.

Some lost rows hold no path, others one that leads nowhere: into the folder figures were once kept in, or to a
file that is no longer in the artifact repository.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from scidex_console.demo.artifacts.model import Artifact, ContentKind, HashUse, StoredFile, recorded
from scidex_console.demo.artifacts.scale import PAPER_FIGURE
from scidex_console.demo.artifacts.words import sentence, topic
from scidex_console.demo.hosts.images import format_for

_PMC = re.compile(r"PMC\d+")


def paper_figures(
    urls: Sequence[str], births: Sequence[datetime], with_file: int, seed: int
) -> list[Artifact]:
    """One row per address, created at the times given; `with_file` of them, spread evenly, have a file."""
    rng = random.Random(f"paper-figures:{seed}")
    kept = {(2 * place + 1) * len(urls) // (2 * with_file) for place in range(with_file)}
    return [
        _paper_figure(rng, number, url, born, has_file=number in kept)
        for number, (url, born) in enumerate(zip(urls, births, strict=True))
    ]


def _paper_figure(rng: random.Random, number: int, url: str, born: datetime, *, has_file: bool) -> Artifact:
    # The number within keeps ids apart without looking back; it does not show.
    key = f"{rng.getrandbits(28):07x}{number:05x}"
    identity = f"paper_figure-{key}" if rng.random() < 0.95 else f"figure-{key}"
    paper = _PMC.search(url)
    paper_id = paper.group() if paper else f"pmid-{rng.randrange(10**7, 4 * 10**7)}"
    label = f"Figure {rng.randrange(1, 9)}"
    metadata: dict[str, Any] = {
        "image_url": url,
        "paper_id": paper_id,
        "figure_label": label,
        "caption": sentence(rng),
        "source": "paper_figures",
    }
    file: tuple[StoredFile, ...] = ()
    if has_file:
        path = f"figures/{identity}.{format_for(url)}"
        file = (StoredFile(path, ContentKind.PAPER_FIGURE, url),)
        file_path: str | None = recorded(path)
    else:
        file_path = _path_to_nowhere(rng, identity, paper_id)
    return Artifact(
        identity,
        PAPER_FIGURE,
        f"{label}. {topic(rng).capitalize()} ({paper_id})",
        born,
        born + timedelta(seconds=rng.randrange(0, 86_400)),
        metadata,
        file_path=file_path,
        files=file,
        hash_use=HashUse.FILE if has_file else rng.choice((HashUse.KEY, HashUse.NONE)),
        records_sha256=has_file,
    )


def _path_to_nowhere(rng: random.Random, identity: str, paper_id: str) -> str | None:
    where = rng.random()
    if where < 0.75:
        return None
    if where < 0.95:
        return f"site/figures/papers/{paper_id}/{identity}.jpg"
    return recorded(f"figures/{identity}.jpg")
