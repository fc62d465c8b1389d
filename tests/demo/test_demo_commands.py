"""The command lines that a demo world hands out: each means that world, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from scidex_console.demo.artifacts.scale import FULL, SMALL
from scidex_console.demo.options import default_directory, demo_command


@pytest.fixture(autouse=True)
def usual_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_world_in_its_usual_place_is_ended_without_ending_its_neighbour() -> None:
    for scale in (SMALL, FULL):
        place = default_directory(scale)
        assert demo_command(place, "--stop", "--remove") == (
            f"scidex-console demo --stop --remove --dir {place}"
        )


def test_a_world_in_its_usual_place_is_built_by_its_scale() -> None:
    assert demo_command(default_directory(SMALL)) == "scidex-console demo"
    assert demo_command(default_directory(FULL)) == "scidex-console demo --scale full"


def test_a_world_elsewhere_is_named_by_its_folder(tmp_path: Path) -> None:
    assert demo_command(tmp_path / "my world") == f"scidex-console demo --dir '{tmp_path / 'my world'}'"
