"""Paths without the database, the constants of before, and the documented example."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scidex_console.artifacts import paths, shared
from tests.crash.folder_checks import assert_verified
from tests.labs import Lab

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "artifacts.md"
UUID = "0b6bfc0a-9c1c-4e0f-8a7e-2f5d3c1b4a59"


@pytest.fixture
def configured(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The library finds the laboratory as the command line would."""
    monkeypatch.setenv("SCIDEX_CONSOLE_CONFIG", str(lab.config))
    monkeypatch.chdir(lab.folder)
    paths._settings.cache_clear()
    yield lab
    shared.close_shared()
    paths._settings.cache_clear()


def test_paths_are_known_without_the_database(configured: Lab) -> None:
    folder = configured.store.artifacts / UUID
    assert paths.artifact_dir(UUID.upper()) == folder
    assert paths.artifact_primary_path(UUID, "plot.png") == folder / "plot.png"
    assert paths.artifact_accessory_path(UUID, "plot.csv") == folder / "accessories" / "plot.csv"
    assert paths.artifact_manifest_path(UUID) == folder / "manifest.json"
    with pytest.raises(ValueError, match="resolve_artifact"):
        paths.artifact_dir("figure-abc")
    for name in ("../x.png", "a/b.png", "", "manifest.json", ".."):
        with pytest.raises(ValueError):
            paths.artifact_primary_path(UUID, name)


def test_constants_of_before_say_what_takes_their_place(
    configured: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, folder in paths.LEGACY_FOLDERS.items():
        with pytest.warns(DeprecationWarning, match=rf"{name} is deprecated: use artifact_primary_path"):
            assert getattr(paths, name) == configured.store.artifacts / folder
    with pytest.raises(AttributeError):
        _ = paths.NO_SUCH_DIR
    monkeypatch.setenv("SCIDEX_CONSOLE__FOLDERS__LEGACY", "off")
    paths._settings.cache_clear()
    with pytest.raises(AttributeError, match="FIGURE_DIR is gone"):
        _ = paths.FIGURE_DIR


def test_documented_example_does_what_it_says(configured: Lab) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, str(DOCUMENT), "exec"), names)
    assert uuid.UUID(names["made"].artifact_id).version == 4
    first = shared._shared()
    assert shared._shared() is first, "calls share one store"
    shared.close_shared()
    assert_verified(configured)
