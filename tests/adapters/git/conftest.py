"""One template store per session, one copy per test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scidex_console.adapters.git.repository import GitArtifactRepository
from tests.adapters.git import world as worlds
from tests.adapters.git.world import World


@pytest.fixture(autouse=True)
def no_git_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see no git variables of whoever runs them."""
    for name in os.environ:
        if name.startswith("GIT_"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def template_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return worlds.build(tmp_path_factory.mktemp("store") / "template")


@pytest.fixture
def world(template_world: World, tmp_path: Path) -> World:
    """An artifact store of this test's own."""
    return worlds.copy(template_world, tmp_path / "store")


@pytest.fixture
def repository(world: World) -> GitArtifactRepository:
    """The artifact repository at epoch 1."""
    opened = world.repository()
    opened.raise_epoch(1)
    return opened
