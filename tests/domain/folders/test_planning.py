"""The change of one artifact: its folder, and its row before and after."""

from __future__ import annotations

import json
import os
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from scidex_console.domain.folders.layout import FolderLayout
from scidex_console.domain.folders.manifest import FolderFile, manifest_bytes, rebuilt_manifest
from scidex_console.domain.folders.planning import FolderPlan, ReadFile, plan_folder
from scidex_console.domain.folders.resolving import resolve
from scidex_console.domain.folders.rows import ArtifactRow, Relations
from tests.domain.folders.samples import OTHER, RULES, SUBMODULE, UUID, WORKTREE, read, row, tree

FLAT = FolderLayout()
ALONE = Relations()
NB = "notebooks/Tau Map.ipynb"
HTML = "notebooks/Tau Map.html"
THERE = f"{UUID}/tau_map.ipynb"


ANY_PATH = replace(RULES, path_keys=(*RULES.path_keys, "file_path", "path"))


def plan(
    before: ArtifactRow, *files: ReadFile, relations: Relations = ALONE, layout: FolderLayout = FLAT
) -> FolderPlan:
    return plan_folder(before, files, relations, layout, ANY_PATH)


def changed(planned: FolderPlan) -> set[str]:
    names = (field.name for field in fields(ArtifactRow))
    return {name for name in names if getattr(planned.row, name) != getattr(planned.after, name)}


def test_notebook_with_its_page_gets_a_folder() -> None:
    before = row({"notebook_path": f"{SUBMODULE}/{NB}", "slug": "tau"}, title="Tau")
    planned = plan(before, read(NB), read(HTML), relations=Relations((OTHER,), (OTHER,)))
    assert planned.row == before
    assert planned.folder == UUID
    assert planned.manifest_path == f"{UUID}/manifest.json"
    assert [(move.file.path, move.path) for move in planned.moves] == [
        (NB, THERE),
        (HTML, f"{UUID}/accessories/tau_map.html"),
    ]
    assert planned.links == {
        f"{UUID}/inputs/{OTHER}": f"../../{OTHER}",
        f"{UUID}/outputs/{OTHER}": f"../../{OTHER}",
    }
    assert planned.after.artifact_dir == f"{SUBMODULE}/{UUID}"
    assert planned.after.primary_filename == "tau_map.ipynb"
    assert planned.after.accessory_filenames == ["tau_map.html"]
    assert planned.after.metadata == {"notebook_path": f"{SUBMODULE}/{THERE}", "slug": "tau"}
    assert changed(planned) == {"artifact_dir", "primary_filename", "accessory_filenames", "metadata"}
    assert planned.files == (
        FolderFile("tau_map.ipynb", NB, "5" * 64, 7, "application/x-ipynb+json"),
        FolderFile("accessories/tau_map.html", HTML, "5" * 64, 7, "text/html"),
    )
    assert planned.manifest == manifest_bytes(planned.after, planned.files)


def test_row_of_the_database_alone_gets_a_manifest_and_no_more() -> None:
    planned = plan(row({"statement": "tau spreads", "notebook_path": "gone.ipynb"}, layout_version=None))
    assert not planned.moves
    assert not planned.files
    assert planned.after.primary_filename is None
    assert planned.after.accessory_filenames == []
    assert json.loads(planned.manifest)["files"] == []
    assert changed(planned) == {"artifact_dir", "accessory_filenames", "layout_version"}


@pytest.mark.parametrize("root", ["", f"{SUBMODULE}/", f"{WORKTREE}/"])
def test_path_is_rewritten_in_the_form_it_was_recorded_in(root: str) -> None:
    before = row({"notebook_path": root + NB}, file_path=root + NB)
    after = plan(before, read(NB)).after
    assert after.file_path == root + THERE
    assert after.metadata == {"notebook_path": root + THERE}


@pytest.mark.parametrize(
    ("recorded", "rewritten"),
    [
        (["notebooks/Tau Map.ipynb", HTML], [THERE, f"{UUID}/accessories/tau_map.html"]),
        ([[NB], 5, None, "gone.csv"], [[THERE], 5, None, "gone.csv"]),
        ("notebooks/sub", UUID),
        ("notebooks/sub/", f"{UUID}/"),
        (f"{SUBMODULE}/notebooks/sub/", f"{SUBMODULE}/{UUID}/"),
        ("notebooks/su", "notebooks/su"),
        ("notebooks/gone.csv", "notebooks/gone.csv"),
        (f"https://x.org/{NB}", f"https://x.org/{NB}"),
        ("data:,x", "data:,x"),
        ({"path": NB}, {"path": NB}),
        ("", ""),
        (None, None),
        (7, 7),
    ],
)
def test_only_paths_that_led_to_a_file_are_rewritten(recorded: Any, rewritten: Any) -> None:
    files = [read(NB), read(HTML), read("notebooks/sub/x.csv")]
    assert plan(row({"notebook_path": recorded}), *files).after.metadata == {"notebook_path": rewritten}


@pytest.mark.parametrize(
    ("lost", "leads_to"),
    [
        ("notebooks/gone.ipynb", THERE),
        (f"{SUBMODULE}/notebooks/gone.IPYNB", f"{SUBMODULE}/{THERE}"),
        (f"{WORKTREE}/gone.ipynb", f"{WORKTREE}/{THERE}"),
        ("/another/machine/gone.ipynb", f"{SUBMODULE}/{THERE}"),
    ],
)
def test_path_that_led_nowhere_leads_to_the_file_found_otherwise(lost: str, leads_to: str) -> None:
    after = plan(row({"notebook_path": lost, "path": lost}, file_path=lost), read(NB), read(HTML)).after
    assert after.file_path == leads_to
    assert after.metadata == {"notebook_path": leads_to, "path": leads_to}


def test_path_of_another_kind_that_led_nowhere_stays_unless_it_means_the_artifacts_file() -> None:
    lost = "figures/gone.png"
    after = plan(row({"figure_path": lost}, file_path=lost), read(NB)).after
    assert after.file_path == THERE
    assert after.metadata == {"figure_path": lost}


def test_beside_a_path_that_led_to_the_file_only_one_of_its_name_leads_there() -> None:
    said = {"notebook_path": NB, "file_path": "old/Tau Map.ipynb", "path": "notebooks/gone.ipynb"}
    after = plan(row(said, file_path="notebooks/gone.ipynb"), read(NB)).after
    assert after.metadata == {"notebook_path": THERE, "file_path": THERE, "path": "notebooks/gone.ipynb"}
    assert after.file_path == "notebooks/gone.ipynb"


def test_lost_primary_path_is_not_led_to_an_accessory() -> None:
    before = row({"notebook_path": "gone.ipynb", "html_path": HTML}, file_path="gone.ipynb")
    rules = replace(ANY_PATH, path_keys=("notebook_path",), accessory_keys=("html_path",))
    after = plan_folder(before, [read(HTML)], ALONE, FLAT, rules).after
    assert after.file_path == "gone.ipynb" and after.metadata["notebook_path"] == "gone.ipynb"


def test_accessory_that_is_where_it_was_does_not_hide_that_the_primary_file_was_not() -> None:
    before = row({"notebook_path": "gone.ipynb", "html_path": HTML}, file_path="gone.ipynb")
    rules = replace(ANY_PATH, path_keys=("notebook_path",), accessory_keys=("html_path",))
    after = plan_folder(before, [read(NB), read(HTML)], ALONE, FLAT, rules).after
    assert after.file_path == THERE and after.metadata["notebook_path"] == THERE
    assert after.metadata["html_path"] == f"{UUID}/accessories/tau_map.html"


def test_row_that_records_no_path_gets_none() -> None:
    after = plan(row({"notebook_path": None, "slug": "tau"}), read(NB)).after
    assert after.file_path is None and after.metadata == {"notebook_path": None, "slug": "tau"}


def test_keys_that_hold_no_paths_and_the_chain_stay_as_they_are() -> None:
    before = row({"note": NB, "figure_path": NB, "z": {"figure_path": NB}}, provenance_chain=[{"path": NB}])
    after = plan(before, read(NB)).after
    assert after.metadata == {"note": NB, "figure_path": THERE, "z": {"figure_path": NB}}
    assert list(after.metadata) == ["note", "figure_path", "z"]
    assert after.provenance_chain == before.provenance_chain


def test_key_of_the_type_is_rewritten_though_it_is_not_configured() -> None:
    after = plan(row({"model_path": "m/w.pt"}, artifact_type="model"), read("m/w.pt")).after
    assert after.metadata == {"model_path": f"{UUID}/w.pt"}


def test_sharded_folder_is_recorded_where_it_lies() -> None:
    before = row(file_path=NB)
    planned = plan(before, read(NB), relations=Relations((OTHER,)), layout=FolderLayout(2))
    assert planned.folder == f"0b/{UUID}"
    assert planned.after.artifact_dir == f"{SUBMODULE}/0b/{UUID}"
    assert planned.after.file_path == f"0b/{UUID}/tau_map.ipynb"
    assert planned.links == {f"0b/{UUID}/inputs/{OTHER}": f"../../../ab/{OTHER}"}


@pytest.mark.parametrize("shard", [0, 2])
def test_link_leads_to_where_the_other_ends_row_says_it_is(shard: int) -> None:
    layout, ends = FolderLayout(shard), Relations((OTHER,), (OTHER,), {OTHER: f"{SUBMODULE}/{OTHER}"})
    planned = plan(row(), relations=ends, layout=layout)
    up = "../../.." if shard else "../.."
    assert set(planned.links.values()) == {f"{up}/{OTHER}"}


def test_folder_that_the_row_names_already_is_the_one() -> None:
    planned = plan(row(artifact_dir=f"{SUBMODULE}/{UUID}"), read(NB), layout=FolderLayout(2))
    assert planned.folder == UUID and planned.after.artifact_dir == f"{SUBMODULE}/{UUID}"


@pytest.mark.parametrize(
    ("filename", "primary", "accessory"),
    [
        ("manifest.json", "manifest_2.json", "manifest.json"),
        ("Accessories", "accessories_2", "accessories"),
        ("INPUTS", "inputs_2", "inputs"),
        ("outputs", "outputs_2", "outputs"),
    ],
)
def test_reserved_name_is_given_to_an_accessory_only(filename: str, primary: str, accessory: str) -> None:
    planned = plan(row(), read(f"a/{filename}"), read(f"b/{filename}"))
    assert planned.after.primary_filename == primary
    assert planned.after.accessory_filenames == [accessory]


def test_accessories_of_one_name_are_told_apart_but_may_be_called_like_the_primary_one() -> None:
    planned = plan(row(), read("a/x.csv"), read("b/x.csv"), read("c/X.CSV"), read("d/x!.csv"))
    assert planned.after.primary_filename == "x.csv"
    assert planned.after.accessory_filenames == ["x.csv", "x_2.csv", "x_3.csv"]


def test_name_that_is_set_once_never_changes() -> None:
    planned = plan(row(primary_filename="vasodilator_response_AD.ipynb"), read(NB))
    assert planned.after.primary_filename == "vasodilator_response_AD.ipynb"
    assert planned.moves[0].path == f"{UUID}/vasodilator_response_AD.ipynb"


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "/x", "..", ".git", "manifest.json", "Inputs", "x\n", "x" * 256]
)
def test_set_name_that_would_leave_or_spoil_the_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="primary_filename"):
        plan(row(primary_filename=name), read(NB))


def test_files_that_lie_in_the_folder_already_stay_and_are_listed() -> None:
    stays = [read(f"{UUID}/Tau Map.ipynb"), read("notebooks/a.html"), read(f"{UUID}/accessories/a.html")]
    planned = plan(row(file_path=f"{UUID}/Tau Map.ipynb"), *stays)
    assert [(move.file.path, move.path) for move in planned.moves] == [
        ("notebooks/a.html", f"{UUID}/accessories/a_2.html")
    ]
    assert [file.path for file in planned.files] == [
        "Tau Map.ipynb", "accessories/a_2.html", "accessories/a.html",
    ]  # fmt: skip
    assert planned.after.primary_filename == "Tau Map.ipynb"
    assert planned.after.file_path == f"{UUID}/Tau Map.ipynb"


def test_large_file_is_listed_by_what_its_pointer_stands_for() -> None:
    pointer = read("a.h5", lfs_sha256="7" * 64, lfs_size=10**12)
    assert plan(row(), pointer).files == (FolderFile("a.h5", "a.h5", "7" * 64, 10**12, "application/x-hdf5"),)


def test_artifact_without_a_uuid_has_no_folder() -> None:
    with pytest.raises(ValueError, match="UUID"):
        plan(row(uuid=None), read(NB))


def test_row_that_no_manifest_can_hold_is_refused() -> None:
    with pytest.raises(ValueError):
        plan(row({"score": float("nan")}))


_NAMES = st.text(
    st.characters(exclude_characters="/\0\n", exclude_categories=["Cs"]), min_size=1, max_size=12
)
_FOLDERS = st.sampled_from(["notebooks", "runs/a", "runs/b"])
_FILES = st.lists(st.tuples(_FOLDERS, _NAMES).map("/".join), unique_by=str.lower, max_size=6)
_FREE = {"artifact_dir", "primary_filename", "accessory_filenames", "layout_version", "file_path", "metadata"}


@given(
    paths=_FILES,
    root=st.sampled_from(["", f"{SUBMODULE}/", f"{WORKTREE}/"]),
    shard=st.sampled_from([0, 2]),
    extra=st.dictionaries(st.text("abc", min_size=1, max_size=2), st.text("xyz/. ", max_size=5), max_size=3),
)
def test_planned_folder_is_whole_and_the_row_leads_to_it(
    paths: list[str], root: str, shard: int, extra: dict[str, str]
) -> None:
    before = row(extra | {"notebook_path": [root + path for path in paths]}, layout_version=None)
    found = resolve(before, tree(*paths), RULES)
    assume(not found.quarantine)  # such as for a file named ".."
    planned = plan(before, *(read(path) for path in found.files), layout=FolderLayout(shard))
    placed = [move.path for move in planned.moves]
    assert len({path.lower() for path in placed}) == len(found.files)
    assert all(path.startswith(f"{planned.folder}/") for path in [*placed, *planned.links])
    assert all(os.path.normpath(path) == path for path in placed)
    assert planned.manifest_path not in placed
    assert changed(planned) <= _FREE
    assert {key: planned.after.metadata[key] for key in extra} == extra
    # The row as it is afterwards leads to the same files in their new places, and rebuilds its manifest.
    again = resolve(planned.after, tree(*placed, planned.manifest_path), RULES)
    assert again.files == tuple(placed)
    assert rebuilt_manifest(planned.after, [file.to_json() for file in planned.files]) == planned.manifest
