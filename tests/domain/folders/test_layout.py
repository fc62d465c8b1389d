"""Where folders lie and where their links lead."""

from __future__ import annotations

import os
from pathlib import Path
from uuid import UUID as Uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scidex_console.domain.folders.layout import (
    Direction,
    FolderLayout,
    folder_of,
    is_bookkeeping,
    is_uuid,
    link_target,
    stored_folder,
)
from tests.domain.folders.samples import OTHER, UUID

_SHARDS = st.integers(0, 4)
_UUIDS = st.uuids(version=4).map(str)


def test_flat_folder_is_the_uuid_and_links_lead_two_up() -> None:
    layout = FolderLayout()
    assert layout.folder(UUID) == UUID
    assert link_target(UUID, OTHER) == f"../../{OTHER}"


def test_sharded_folder_lies_in_its_first_digits() -> None:
    layout = FolderLayout(shard=2)
    assert layout.folder(UUID) == f"0b/{UUID}"
    assert link_target(layout.folder(UUID), layout.folder(OTHER)) == f"../../../ab/{OTHER}"


@given(_UUIDS, _UUIDS, _SHARDS, _SHARDS, st.sampled_from(Direction))
def test_link_leads_to_the_other_folder_however_either_lies(
    one: str, other: str, shard: int, others_shard: int, direction: Direction
) -> None:
    folder, end = FolderLayout(shard).folder(one), FolderLayout(others_shard).folder(other)
    led = os.path.normpath(os.path.join(f"{folder}/{direction}", link_target(folder, end)))
    assert led == end


@pytest.mark.parametrize("shard", [0, 2])
def test_link_on_a_disk_opens_the_other_folder(tmp_path: Path, shard: int) -> None:
    layout = FolderLayout(shard)
    (tmp_path / layout.folder(OTHER)).mkdir(parents=True)
    (tmp_path / layout.folder(OTHER) / "manifest.json").write_text("{}")
    inputs = tmp_path / layout.folder(UUID) / Direction.INPUTS
    inputs.mkdir(parents=True)
    (inputs / OTHER).symlink_to(link_target(layout.folder(UUID), layout.folder(OTHER)))
    assert (inputs / OTHER / "manifest.json").read_text() == "{}"


@given(_UUIDS, _SHARDS, st.sampled_from(["manifest.json", "a.png", "accessories/a.html", "inputs/x"]))
def test_path_in_a_folder_names_its_folder(uuid: str, shard: int, inner: str) -> None:
    folder = FolderLayout(shard).folder(uuid)
    assert folder_of(f"{folder}/{inner}") == folder


@pytest.mark.parametrize(
    "path",
    ["", "a.png", "figures/a.png", UUID, f"figures/{UUID}.png", f"figures/{UUID}/a.png", f"ff/{UUID}/a"],
)
def test_other_paths_lie_in_no_folder(path: str) -> None:
    assert folder_of(path) is None
    assert not is_bookkeeping(path)


@pytest.mark.parametrize("shard", [0, 2])
@pytest.mark.parametrize(
    ("inner", "bookkeeping"),
    [
        ("manifest.json", True),
        (f"inputs/{OTHER}", True),
        (f"outputs/{OTHER}", True),
        ("a.png", False),
        ("accessories/manifest.json", False),
        ("inputs.csv", False),
    ],
)
def test_manifest_and_links_are_bookkeeping(shard: int, inner: str, bookkeeping: bool) -> None:
    assert is_bookkeeping(f"{FolderLayout(shard).folder(UUID)}/{inner}") is bookkeeping


@given(st.uuids())
def test_uuid_is_known_in_the_form_folders_have(uuid: Uuid) -> None:
    assert is_uuid(str(uuid))
    assert not is_uuid(str(uuid) + "\n")
    assert not is_uuid(uuid.hex)


@pytest.mark.parametrize("folder", [UUID, f"0b/{UUID}", f"0b9f/{UUID}"])
def test_folder_that_a_row_names_is_its_own(folder: str) -> None:
    assert stored_folder(f"data/store/{folder}", UUID, submodule="data/store") == folder
    assert stored_folder(folder, UUID, submodule="data/store") == folder
    assert stored_folder(f"data/store/{folder}", OTHER, submodule="data/store") is None


@pytest.mark.parametrize(
    "said", [None, "", "data/store", f"elsewhere/{UUID}", f"s3://bucket/{UUID}", f"ab/{UUID}"]
)
def test_row_that_names_no_folder_of_its_own_has_none(said: str | None) -> None:
    assert stored_folder(said, UUID, submodule="data/store") is None
