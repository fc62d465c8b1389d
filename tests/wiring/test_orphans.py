"""`plan folders --orphans` looks at the real store: what it lists is what nobody claims, now."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from scidex_console.cli.main import main
from scidex_console.wiring.orphans import list_orphans
from tests.labs import Lab, make_lab


@pytest.fixture
def lab(tmp_path: Path, database_url: str) -> Lab:
    return make_lab(tmp_path / "lab", database_url, figures=5, artifacts=80)


def listed(lab: Lab) -> list[str]:
    return [orphan.path for orphan in asyncio.run(list_orphans(lab.settings, limit=10**6, after="")).orphans]


def add(lab: Lab, path: str, content: bytes) -> None:
    file = lab.store.artifacts / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    lab.git("add", "--", path)
    lab.git("commit", "-q", "-m", "Add a file")


def test_file_nobody_claims_is_listed_until_a_row_names_it(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    before = listed(lab)
    odd = "lost and found/ünï 1.png"
    add(lab, odd, b"nobody's")
    assert listed(lab) == sorted([*before, odd])
    capsys.readouterr()
    words = ["--config", str(lab.config), "plan", "folders", "--orphans", "--json-lines", "--limit", "9999"]
    assert main(words) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"path": odd, "mode": "100644", "size": 8} in [
        {key: orphan[key] for key in ("path", "mode", "size")} for orphan in found
    ]
    named = f"{lab.store.submodule}/{odd}"
    lab.rows("UPDATE artifacts SET file_path = %s WHERE id = (SELECT min(id) FROM artifacts)", named)
    assert odd not in listed(lab)


def test_what_lies_in_a_folder_and_gits_own_files_are_no_orphans(lab: Lab) -> None:
    before = listed(lab)
    add(lab, "0b0e8a52-52a3-4b2e-9b7c-0a5c2f0d8a11/manifest.json", b"{}")
    add(lab, ".gitattributes", b"*.png -text\n")
    assert listed(lab) == before
    add(lab, "lost/.gitkeep", b"")
    assert listed(lab) == sorted([*before, "lost/.gitkeep"])


def test_pages_follow_each_other_without_gaps(lab: Lab) -> None:
    for number in range(5):
        add(lab, f"lost/{number}.bin", b"%d" % number)
    whole, seen, after = listed(lab), [], ""
    while True:
        page = asyncio.run(list_orphans(lab.settings, limit=2, after=after))
        assert page.total == len(whole)
        seen += [orphan.path for orphan in page.orphans]
        if page.after is None:
            break
        after = page.after
    assert seen == whole


def test_nothing_is_written(lab: Lab) -> None:
    listed(lab)
    assert lab.rows("SELECT surveyed_at FROM scidex_console.folder_census") == [{"surveyed_at": None}]
    assert lab.rows("SELECT count(*) AS n FROM scidex_console.folder_claim") == [{"n": 0}]
