"""Names of an artifact's files in addresses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from scidex_console.domain.reading.found import FileRole
from scidex_console.web.library import names_of
from tests.domain.reading.finds import file, found


def test_files_that_come_later_leave_the_others_their_names() -> None:
    primary, manifest = file("plot.png"), file("manifest.json", role=FileRole.MANIFEST)
    later = [
        replace(file(name, role=FileRole.ACCESSORY), path=f"u/accessories/{name}")
        for name in ("data.csv", "plot.png", "manifest.json")
    ]
    named = names_of(replace(found("plot.png"), files=(primary, *later, manifest)))
    assert {name: each.path for name, each in named.items()} == {
        "plot.png": "u/plot.png",
        "data.csv": "u/accessories/data.csv",
        "u/accessories/plot.png": "u/accessories/plot.png",
        "u/accessories/manifest.json": "u/accessories/manifest.json",
        "manifest.json": "u/manifest.json",
    }


def test_a_file_at_the_top_of_the_repository_is_not_hidden_by_its_namesake() -> None:
    deep, top = replace(file("a.csv"), path="data/a.csv"), replace(file("a.csv"), path="a.csv")
    named = names_of(replace(found("a.csv"), files=(deep, replace(top, role=FileRole.ACCESSORY))))
    assert {name: each.path for name, each in named.items()} == {"data/a.csv": "data/a.csv", "a.csv": "a.csv"}


def test_an_accessory_takes_no_name_of_the_folder_that_a_legacy_reader_does_not_see() -> None:
    old = replace(file("Plot A.png"), path="figures/Plot A.png")
    later = [
        replace(file(name, role=FileRole.ACCESSORY), path=f"u/accessories/{name}")
        for name in ("plot_a.png", "manifest.json", "data.csv")
    ]
    row = replace(found("plot_a.png").row, migrated_at=datetime.now(UTC), primary_filename="plot_a.png")
    read = replace(found("plot_a.png"), row=row, files=(old, *later))
    assert list(names_of(read)) == [
        "Plot A.png", "u/accessories/plot_a.png", "u/accessories/manifest.json", "data.csv",
    ]  # fmt: skip
