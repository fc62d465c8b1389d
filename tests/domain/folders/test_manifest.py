"""What a folder says about itself."""

from __future__ import annotations

import json
import math
import mimetypes
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scidex_console.domain.folders.manifest import FolderFile, manifest_bytes, media_type, rebuilt_manifest
from tests.domain.folders.samples import UUID, row

PNG = FolderFile("a.png", "figures/A.png", "1" * 64, 5, "image/png")
HTML = FolderFile("accessories/a.html", "figures/A.html", "2" * 64, 6, "text/html")

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text("abc", max_size=2), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip
_METADATA = st.dictionaries(st.text("abcä", max_size=3), _JSON, max_size=5)


def test_manifest_mirrors_the_row_and_lists_its_files() -> None:
    whole = row(
        {"slug": "s", "ä": [1, 2.5, None]}, title="Über τ", content_hash="c", file_path="p",
        provenance_chain=[{"path": "x"}], artifact_dir="d", primary_filename="a.png",
        accessory_filenames=["a.html"],
    )  # fmt: skip
    assert json.loads(manifest_bytes(whole, [PNG, HTML])) == {
        "artifact_id": UUID,
        "id": "notebook-1",
        "artifact_type": "notebook",
        "title": "Über τ",
        "content_hash": "c",
        "file_path": "p",
        "metadata": {"slug": "s", "ä": [1, 2.5, None]},
        "provenance_chain": [{"path": "x"}],
        "created_at": "2026-04-28T12:00:00.000250+00:00",
        "artifact_dir": "d",
        "primary_filename": "a.png",
        "accessory_filenames": ["a.html"],
        "folder_layout_version": 1,
        "files": [PNG.to_json(), HTML.to_json()],
    }


def test_manifest_of_a_bare_row_is_these_bytes() -> None:
    bare = row({"b": 1, "a": "é"}, created_at=None)
    assert manifest_bytes(bare, []).decode("utf-8").splitlines() == [
        "{",
        ' "accessory_filenames": [],',
        ' "artifact_dir": null,',
        f' "artifact_id": "{UUID}",',
        ' "artifact_type": "notebook",',
        ' "content_hash": null,',
        ' "created_at": null,',
        ' "file_path": null,',
        ' "files": [],',
        ' "folder_layout_version": 1,',
        ' "id": "notebook-1",',
        ' "metadata": {',
        '  "a": "é",',
        '  "b": 1',
        " },",
        ' "primary_filename": null,',
        ' "provenance_chain": null,',
        ' "title": null',
        "}",
    ]


@given(_METADATA, st.data())
def test_same_row_gives_the_same_bytes_whatever_the_order_of_its_keys(
    metadata: dict[str, Any], data: st.DataObject
) -> None:
    shuffled = {key: metadata[key] for key in data.draw(st.permutations(list(metadata)))}
    said = manifest_bytes(row(metadata), [PNG, HTML])
    assert manifest_bytes(row(shuffled), [HTML, PNG]) == said
    assert not said.endswith(b"\n")
    assert json.loads(said)["metadata"] == metadata


def test_time_is_told_in_utc_wherever_the_row_was_read() -> None:
    there = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    here = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    assert manifest_bytes(row(created_at=there), []) == manifest_bytes(row(created_at=here), [])


def test_time_without_a_zone_is_not_taken_for_the_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    naive = row(created_at=datetime(2026, 1, 1, 1, 30))
    said = set()
    for zone in ("Asia/Tokyo", "America/Lima"):
        with monkeypatch.context() as here:
            here.setenv("TZ", zone)
            time.tzset()
            said.add(manifest_bytes(naive, []))
    time.tzset()
    assert len(said) == 1
    assert json.loads(said.pop())["created_at"] == "2026-01-01T01:30:00"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "\udcff", object(), b"x", {1, 2}])
def test_row_that_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        manifest_bytes(row({"deep": [{"value": value}]}), [])


def test_manifest_does_not_change_when_only_the_time_of_the_migration_does() -> None:
    assert manifest_bytes(row(migrated_at=datetime(2026, 1, 1, tzinfo=UTC)), []) == manifest_bytes(row(), [])


_TEXT = st.text(max_size=12)


@given(st.builds(FolderFile, _TEXT, _TEXT, _TEXT, st.integers(min_value=0), _TEXT))
def test_file_is_read_back_as_it_was_written(file: FolderFile) -> None:
    assert FolderFile.from_json(json.loads(json.dumps(file.to_json()))) == file


@given(_METADATA, st.permutations([PNG, HTML]))
def test_manifest_is_rebuilt_from_the_row_and_the_log(
    metadata: dict[str, Any], files: list[FolderFile]
) -> None:
    now = row(metadata, artifact_dir="d", primary_filename="a.png", accessory_filenames=["a.html"])
    logged = json.loads(json.dumps([file.to_json() for file in files]))
    assert rebuilt_manifest(now, logged) == manifest_bytes(now, [PNG, HTML])


@pytest.mark.parametrize("files_moved", [None, []])
def test_manifest_of_a_row_without_files_is_rebuilt_from_the_row(files_moved: list[Any] | None) -> None:
    assert rebuilt_manifest(row(), files_moved) == manifest_bytes(row(), [])


def test_rebuilt_manifest_shows_what_the_row_says_now() -> None:
    assert rebuilt_manifest(row(title="old"), [PNG.to_json()]) != rebuilt_manifest(
        row(title="new"), [PNG.to_json()]
    )


@pytest.mark.parametrize("logged", [{}, {**PNG.to_json(), "size_bytes": None}, "a.png", None, 5, [],
                                    {**PNG.to_json(), "size_bytes": "many"}])  # fmt: skip
def test_log_entry_that_is_no_file_is_refused(logged: Any) -> None:
    with pytest.raises(ValueError):
        rebuilt_manifest(row(), [logged])


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("a.ipynb", "application/x-ipynb+json"),
        ("a.IPYNB", "application/x-ipynb+json"),
        ("a.PNG", "image/png"),
        ("a.jpeg", "image/jpeg"),
        ("a.svg", "image/svg+xml"),
        ("a.csv", "text/csv"),
        ("a.tsv", "text/tab-separated-values"),
        ("a.schema.json", "application/json"),
        ("a.nii.gz", "application/gzip"),
        ("a.html", "text/html"),
        ("a.pdf", "application/pdf"),
        ("a.md", "text/markdown"),
        ("a.unheard", "application/octet-stream"),
        ("a", "application/octet-stream"),
        (".png", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_media_type_follows_from_the_name(filename: str, expected: str) -> None:
    assert media_type(filename) == expected


def test_media_type_does_not_ask_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mimetypes, "guess_type", lambda *_, **__: ("x/machine", None))
    monkeypatch.setitem(mimetypes.types_map, ".unheard", "x/machine")
    assert media_type("a.unheard") == "application/octet-stream"
    assert media_type("a.png") == "image/png"
