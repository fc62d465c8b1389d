"""Small artifact stores for tests: real repositories and real rows, in a fraction of a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scidex_console.demo.artifacts.model import SUBMODULE
from scidex_console.demo.artifacts.plan import StorePlan, plan_store
from scidex_console.demo.artifacts.scale import PAPER_FIGURE, Scale
from scidex_console.demo.history import Digest
from scidex_console.demo.rows import load_rows
from scidex_console.demo.store import BRANCH, REMOTE, StorePlaces, build_store
from tests.originals import ORIGINALS


@dataclass(frozen=True)
class SmallStore:
    """A store of a test's own."""

    database_url: str
    """Holds `artifacts` and `artifact_links`; none of our own tables."""
    outer: Path
    """The outer checkout, on `branch`, with the upstream `remote`/`branch`."""
    artifacts: Path
    """The artifact checkout: a submodule of the outer one at `submodule`, on `branch` likewise."""
    outer_remote: Path
    artifacts_remote: Path
    submodule: str
    branch: str
    remote: str
    plan: StorePlan
    digests: Mapping[str, Digest]
    """sha256 and size of every file of the artifact checkout, by its path there."""
    artifact_commits: tuple[str, ...]
    """The artifact repository's commits, oldest first."""
    outer_commit: str
    lost: Mapping[str, str]
    """Recorded addresses of the paper figures without a file, by artifact id."""


def small_store(
    folder: Path,
    database_url: str,
    *,
    figures: int = 60,
    artifacts: int = 120,
    with_file: int = 3,
    seed: int = 1,
    urls: Sequence[str] | None = None,
) -> SmallStore:
    """Build repositories in `folder`/store and rows in an empty database.

    `figures` of the `artifacts` are paper figures, and `with_file` of those have their file. `urls` gives
    their addresses, `figures` of them, in the order of the rows' creation; by default real recorded ones.
    """
    scale = Scale("test", artifacts=artifacts, paper_figures=figures, figures_with_file=with_file)
    plan = plan_store(scale, seed, urls)
    root = folder / "store"
    key = (scale, seed, None if urls is None else tuple(urls))
    store = replace(
        ORIGINALS.copy(key, lambda place: build_store(place, plan), root), places=StorePlaces(root)
    )
    load_rows(database_url, plan, store.digests)
    lost = {
        artifact.id: artifact.metadata["image_url"]
        for artifact in plan.artifacts
        if artifact.artifact_type == PAPER_FIGURE and not artifact.files
    }
    return SmallStore(
        database_url,
        store.places.outer,
        store.places.artifacts,
        store.places.outer_remote,
        store.places.artifacts_remote,
        SUBMODULE,
        BRANCH,
        REMOTE,
        plan,
        store.digests,
        store.artifact_commits,
        store.outer_commit,
        lost,
    )
