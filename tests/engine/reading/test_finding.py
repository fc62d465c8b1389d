"""By the folder or by the legacy paths, one first: who asks gets the file as long as one of them has it."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scidex_console.domain.reading.found import FileRole
from scidex_console.domain.reading.kinds import Source
from tests.engine.reading.small_checkout import SUBMODULE, UUID, SmallCheckout, row

POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 123456\n"
)


@pytest.fixture
def store(tmp_path: Path) -> SmallCheckout:
    return SmallCheckout(tmp_path)


@pytest.mark.parametrize("folder_first", [True, False])
def test_an_old_artifact_is_read_by_its_recorded_path(store: SmallCheckout, folder_first: bool) -> None:
    store.put("figures/fig 1.png", b"png")
    found = store.finder().find(row(figure_path=f"{SUBMODULE}/figures/fig 1.png"), folder_first=folder_first)
    assert (found.source, found.fell_back) == (Source.LEGACY, folder_first)
    assert found.primary is not None
    assert (found.primary.path, found.primary.size) == ("figures/fig 1.png", 3)
    assert found.primary.media_type == "image/png"
    assert found.manifest is None


def test_a_migrated_artifact_is_read_by_its_folder_with_hashes_from_the_manifest(
    store: SmallCheckout,
) -> None:
    migrated = store.lay(row(artifact_type="notebook"), {"fit.ipynb": b"{}", "fit.html": b"<p>"})
    found = store.finder().find(migrated, folder_first=True)
    assert (found.source, found.fell_back) == (Source.FOLDER, False)
    assert [(file.role, file.path) for file in found.files] == [
        (FileRole.PRIMARY, f"{UUID}/fit.ipynb"),
        (FileRole.ACCESSORY, f"{UUID}/accessories/fit.html"),
        (FileRole.MANIFEST, f"{UUID}/manifest.json"),
    ]
    assert found.files[1].sha256 == hashlib.sha256(b"<p>").hexdigest()


def test_a_legacy_reader_falls_back_to_the_folder_when_the_old_path_is_gone(store: SmallCheckout) -> None:
    migrated = store.lay(row(figure_path="figures/gone.png"), {"gone.png": b"png"})
    found = store.finder().find(migrated, folder_first=False)
    assert (found.source, found.fell_back) == (Source.FOLDER, True)
    assert found.missing == ()


def test_a_legacy_reader_that_finds_only_what_was_made_from_the_file_falls_back_for_the_file(
    store: SmallCheckout,
) -> None:
    rendered = f"{SUBMODULE}/{UUID}/accessories/fit.html"
    notebook = row(artifact_type="notebook", rendered_path=rendered)
    migrated = store.lay(notebook, {"fit.ipynb": b"{}", "fit.html": b"<p>"})
    found = store.finder().find(migrated, folder_first=False)
    assert (found.source, found.fell_back) == (Source.FOLDER, True)
    assert found.primary is not None and found.primary.name == "fit.ipynb"


def test_the_way_counts_and_not_the_place_a_recorded_path_may_lead_into_the_folder(
    store: SmallCheckout,
) -> None:
    migrated = store.lay(row(figure_path=f"{SUBMODULE}/{UUID}/f.png"), {"f.png": b"png"})
    found = store.finder().find(migrated, folder_first=False)
    assert found.source is Source.LEGACY
    assert found.primary is not None and found.primary.path == f"{UUID}/f.png"


def test_a_folder_without_its_primary_file_is_no_folder_yet(store: SmallCheckout) -> None:
    store.put("figures/f.png")
    registered = replace(
        row(figure_path="figures/f.png"),
        uuid=UUID,
        artifact_dir=f"{SUBMODULE}/{UUID}",
        primary_filename="f.png",
    )
    found = store.finder().find(registered, folder_first=True)
    assert (found.source, found.fell_back) == (Source.LEGACY, True)


def test_an_artifact_of_the_database_alone_is_its_row_and_later_its_manifest(store: SmallCheckout) -> None:
    hypothesis = row("hypothesis-9", "hypothesis")
    for folder_first in (True, False):
        found = store.finder().find(hypothesis, folder_first=folder_first)
        assert (found.source, found.files, found.fell_back) == (Source.DATABASE, (), False)
    migrated = store.lay(hypothesis, {})
    by_folder = store.finder().find(migrated, folder_first=True)
    assert (by_folder.source, by_folder.primary) == (Source.FOLDER, None)
    assert by_folder.manifest is not None
    by_row = store.finder().find(migrated, folder_first=False)
    assert (by_row.source, by_row.fell_back) == (Source.DATABASE, False)
    assert by_row.manifest == by_folder.manifest


def test_a_lost_file_is_told_and_is_no_error(store: SmallCheckout) -> None:
    found = store.finder().find(row(figure_path="figures/lost.png"), folder_first=True)
    assert (found.source, found.files, found.missing) == (Source.DATABASE, (), ("figures/lost.png",))


@pytest.mark.parametrize("name", ["figure-1.png", "FIGURE-1.svg", "a_title.png", "figure-1/panel.png"])
def test_where_a_row_records_no_path_the_folder_of_its_type_is_searched(
    store: SmallCheckout, name: str
) -> None:
    store.put(f"figures/{name}")
    found = store.finder().find(row(), folder_first=False)
    assert found.source is Source.LEGACY and found.primary is not None
    assert found.primary.path == f"figures/{name}"


def test_a_rendered_page_beside_a_notebook_comes_with_it(store: SmallCheckout) -> None:
    store.put("notebooks/n.ipynb")
    store.put("notebooks/n.html")
    store.put("notebooks/other.html")
    found = store.finder().find(row("n1", "notebook", notebook_path="notebooks/n.ipynb"), folder_first=False)
    assert [file.path for file in found.files] == ["notebooks/n.ipynb", "notebooks/n.html"]


def test_a_file_that_comes_later_is_found_by_the_next_read(store: SmallCheckout) -> None:
    store.put("figures/another.png")
    finder = store.finder()
    assert finder.find(row(), folder_first=False).source is Source.DATABASE
    store.put("figures/figure-1.png")
    assert finder.find(row(), folder_first=False).source is Source.LEGACY


@given(
    steps=st.lists(st.lists(st.sampled_from(["fit.ipynb", "fit.html", "Fit.csv", "a.b.png", "b.png", "a.b"])))
)
@settings(max_examples=25, deadline=None)
def test_a_reader_that_has_seen_a_folder_change_finds_what_a_new_one_finds(steps: list[list[str]]) -> None:
    with TemporaryDirectory() as root:
        store = SmallCheckout(Path(root))
        store.put("notebooks/stays.txt")
        finder = store.finder()
        for step in steps:
            for name in step:  # each comes, or goes if it is there
                path = Path(root) / "notebooks" / name
                path.unlink() if path.exists() else store.put(f"notebooks/{name}")
            for name in ("fit.ipynb", "a.b.png"):
                asked = row(artifact_type="notebook", notebook_path=f"{SUBMODULE}/notebooks/{name}")
                assert finder.find(asked, folder_first=False) == store.finder().find(
                    asked, folder_first=False
                )


@pytest.mark.parametrize("where", ["legacy", "folder"])
def test_a_git_lfs_pointer_is_what_it_stands_for(store: SmallCheckout, where: str) -> None:
    model = row("m", "model", model_path="models/m.h5")
    store.put("models/m.h5", POINTER)
    if where == "folder":
        model = store.lay(model, {"m.h5": POINTER})
    found = store.finder().find(model, folder_first=True).primary
    assert found is not None and found.is_pointer
    assert (found.size, found.sha256[:8]) == (123456, "4d7a2146")


def test_a_hash_that_the_manifest_tells_of_other_bytes_is_not_given(store: SmallCheckout) -> None:
    migrated = store.lay(row(), {"f.png": b"png"})
    store.put(f"{UUID}/f.png", b"other bytes")
    found = store.finder().find(migrated, folder_first=True).primary
    assert found is not None and (found.sha256, found.size) == ("", 11)


@pytest.mark.parametrize("manifest", [b"", b"[]", b'{"files": 3}', b'{"files": [{"path": "x"}]}', b"\xff"])
def test_a_broken_manifest_hinders_no_reader(store: SmallCheckout, manifest: bytes) -> None:
    migrated = store.lay(row(), {"f.png": b"png"})
    store.put(f"{UUID}/manifest.json", manifest)
    assert store.finder().find(migrated, folder_first=True).source is Source.FOLDER


@pytest.mark.parametrize(
    "path",
    ["../secret.txt", "/etc/passwd", ".git/config", "out/secret.txt", "link.txt", "figures", "\0", "a\nb"],
)
def test_nothing_outside_the_repository_is_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    store = SmallCheckout(tmp_path / "store")
    store.put(".git/config")
    store.put("figures/.keep")
    os.symlink(tmp_path, store.root / "out")
    os.symlink(tmp_path / "secret.txt", store.root / "link.txt")
    found = store.finder().find(row(figure_path=path), folder_first=False)
    assert [file.path for file in found.files] in ([], ["figures/.keep"])
    assert store.files.look(path) is None and store.files.open(path) is None


@pytest.mark.parametrize("name", ["../../secret.txt", "/etc/passwd", "accessories/../../x", "a/b"])
def test_a_row_cannot_name_a_file_outside_its_folder(store: SmallCheckout, name: str) -> None:
    store.put("secret.txt")
    store.put("x")
    migrated = replace(store.lay(row(), {"f.png": b"png"}), accessory_filenames=(name,))
    found = store.finder().find(migrated, folder_first=True)
    assert [file.name for file in found.files] == ["f.png", "manifest.json"]


def test_without_the_legacy_way_only_folders_are_read(store: SmallCheckout) -> None:
    store.put("figures/f.png")
    finder = store.finder(legacy=False)
    old = row(figure_path="figures/f.png")
    assert finder.find(old, folder_first=False).source is Source.DATABASE
    assert finder.find(store.lay(old, {"f.png": b"png"}), folder_first=False).source is Source.FOLDER


def test_while_files_move_the_artifact_is_found_at_every_step(store: SmallCheckout) -> None:
    old = row(figure_path="figures/f.png")
    store.put("figures/f.png", b"png")
    for step in ("before", "folder laid", "row switched", "old path gone"):
        if step == "folder laid":
            migrated = store.lay(old, {"f.png": b"png"})
        elif step == "old path gone":
            shutil.rmtree(store.root / "figures")
        here = old if step in ("before", "folder laid") else migrated
        for folder_first in (True, False):
            found = store.finder().find(here, folder_first=folder_first).primary
            assert found is not None and found.size == 3, (step, folder_first)
