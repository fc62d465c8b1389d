"""A small store with the schema, and the public library over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scidex_console.artifacts import ArtifactStore
from tests.engine.folders.tiny import tiny_lab
from tests.labs import Lab


@pytest.fixture
def lab(tmp_path: Path, applied_database: str) -> Lab:
    return tiny_lab(tmp_path, applied_database, {"README.md": b"a store"}, [])


@pytest.fixture
def store(lab: Lab) -> Iterator[ArtifactStore]:
    with ArtifactStore.open(lab.settings, name="trial", wait_s=60) as opened:
        yield opened
