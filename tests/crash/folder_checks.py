"""What must hold of a folder migration after any crash, seen from git, the disk and the rows alone."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scidex_console.domain.folders.layout import folder_of, is_uuid
from scidex_console.wiring import verify
from tests.crash.checks import assert_git_is_clean
from tests.labs import Lab

_PUBLISHED_WITHIN_S = 90
"""An engine tries every minute what it could not publish or note."""


@dataclass(frozen=True)
class Before:
    """A store as it was before anything of ours touched it."""

    files: Mapping[str, str]
    """What each path of the checkout holds, by its sha256."""
    tracked: Mapping[str, str]
    """Mode and object of each path of the index."""
    rows: Mapping[str, Mapping[str, Any]]


def look(lab: Lab) -> Before:
    """The store as it is now."""
    return Before(_on_disk(lab), _tracked(lab), {row["id"]: row for row in lab.rows(_ROWS)})


def assert_folders_sound(lab: Lab, before: Before, *, settled: bool = True) -> None:
    """Nothing lost, nothing doubled, git and rows together, nothing of ours left lying about.

    Without `settled`, what is left of batches that are still open is not looked at.
    """
    now = look(lab)
    assert set(now.files.values()) >= set(before.files.values()), "no bytes are lost"
    assert {o.split()[1] for o in now.tracked.values()} >= {o.split()[1] for o in before.tracked.values()}
    _assert_every_row_leads_to_its_files(lab, before, now)
    if settled:
        _assert_folders_are_those_of_the_rows(now)
        assert_git_is_clean(lab)
        assert set(now.files) == set(now.tracked), "the checkout is what git has"
        assert lab.rows("SELECT 1 FROM scidex_console.operation WHERE state = 'prepared'") == []
        assert (
            lab.rows("SELECT 1 FROM scidex_console.batch WHERE state IN ('prepared', 'done', 'rolling_back')")
            == []
        )
        _assert_commits_are_journalled_once(lab)
        _assert_nothing_is_staged(lab)


def assert_verified(lab: Lab) -> None:
    """`verify` finds every invariant to hold."""
    report = asyncio.run(verify(lab.settings))
    broken = [(i.name, i.broken) for i in report.invariants if i.holds is False]
    assert report.holds and broken == [], broken


def assert_as_before(lab: Lab, before: Before) -> None:
    """Everything that was migrated has been taken back; only the UUIDs stay."""
    now = look(lab)
    assert now.files == before.files
    assert now.tracked == before.tracked
    for artifact_id, row in before.rows.items():
        changed = {k for k, v in row.items() if now.rows[artifact_id][k] != v}
        assert changed <= {"artifact_id", "updated_at"}, artifact_id


def recorded_files(lab: Lab, row: Mapping[str, Any]) -> dict[str, Path]:
    """Every file a row names, by the field that names it; the file of its folder is `primary`."""
    named = {key: row["metadata"][key] for key in row["metadata"] or {} if key.endswith("_path")}
    if row.get("file_path"):
        named["file_path"] = row["file_path"]
    found = {key: _place(lab, value) for key, value in named.items() if isinstance(value, str)}
    if row["migrated_to_folder_at"] is not None and row["primary_filename"]:
        found["primary"] = lab.store.outer / row["artifact_dir"] / row["primary_filename"]
    return found


_ROWS = "SELECT * FROM artifacts"


def _place(lab: Lab, recorded: str) -> Path:
    prefix = f"{lab.store.submodule}/"
    return lab.store.artifacts / recorded.removeprefix(prefix)


def _on_disk(lab: Lab) -> dict[str, str]:
    root = lab.store.artifacts
    found = {}
    for path in root.rglob("*"):
        inner = str(path.relative_to(root))
        if path.is_symlink():
            found[inner] = f"-> {os.readlink(path)}"
        elif path.is_file() and inner != ".git":
            found[inner] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _tracked(lab: Lab) -> dict[str, str]:
    lines = lab.git("ls-files", "-s", "-z").split("\0")
    return {line.partition("\t")[2]: line.partition("\t")[0] for line in lines if line}


def _assert_every_row_leads_to_its_files(lab: Lab, before: Before, now: Before) -> None:
    for artifact_id, was in before.rows.items():
        row = now.rows[artifact_id]
        places = recorded_files(lab, row)
        for key, place in recorded_files(lab, was).items():
            inner = os.path.relpath(place, lab.store.artifacts)
            if inner not in before.files or before.files[inner].startswith("->"):
                continue  # it led nowhere before, or to a link
            there = places[key]
            assert there.is_file(), f"{artifact_id}: {key} leads to {there}, which is gone"
            found = hashlib.sha256(there.read_bytes()).hexdigest()
            assert found == before.files[inner], f"{artifact_id}: {key} has other bytes"
        if "primary" in places:
            assert places["primary"].is_file(), f"{artifact_id}: no {places['primary']}"


def _assert_folders_are_those_of_the_rows(now: Before) -> None:
    folders = {folder for path in now.files if (folder := folder_of(path)) is not None}
    claimed = {
        str(row["artifact_dir"]).rpartition("data/scidex-artifacts/")[2]
        for row in now.rows.values()
        if row["migrated_to_folder_at"] is not None
    }
    assert folders == claimed
    for row in now.rows.values():
        if row["migrated_to_folder_at"] is not None:
            folder = str(row["artifact_dir"]).rpartition("data/scidex-artifacts/")[2]
            assert f"{folder}/manifest.json" in now.files
            assert folder.endswith(str(row["artifact_id"]))
    for path, held in now.files.items():
        folder = folder_of(path)
        if folder is not None and held.startswith("->"):
            target = os.path.normpath(os.path.join(os.path.dirname(path), held.removeprefix("-> ")))
            assert is_uuid(target), "a link from folder to folder"


def _assert_commits_are_journalled_once(lab: Lab) -> None:
    """In the end: an engine at work publishes beside its next cycle, and notes a commit after it is made."""
    end = time.monotonic() + _PUBLISHED_WITHIN_S
    while True:
        made, recorded = _commits(lab)
        if made == recorded or time.monotonic() >= end:
            assert made == recorded
            return
        time.sleep(0.2)


def _commits(lab: Lab) -> tuple[dict[tuple[str, str], str], dict[tuple[str, str], str]]:
    """Those that history has and those that the journal knows, by operation and kind."""
    log = lab.git("log", "--format=%H%x00%B%x01") + lab.git("log", "--format=%H%x00%B%x01", outer=True)
    by_key: dict[tuple[str, str], str] = {}
    counted: Counter[tuple[str, str]] = Counter()
    for entry in log.split("\x01"):
        commit, _, body = entry.strip().partition("\0")
        op = re.search(r"^Scidex-Op: (\S+)$", body, re.MULTILINE)
        kind = re.search(r"^Scidex-Kind: (\S+)$", body, re.MULTILINE)
        if op and kind:
            counted[op[1], kind[1]] += 1
            by_key[op[1], kind[1]] = commit
    assert all(count == 1 for count in counted.values()), counted
    recorded = {
        (row["op"], row["kind"]): row["commit_id"]
        for row in lab.rows("SELECT * FROM scidex_console.commit_record")
    }
    return {key: commit for key, commit in by_key.items() if key[1] != "move"}, recorded


def _assert_nothing_is_staged(lab: Lab) -> None:
    own = Path(lab.git("rev-parse", "--path-format=absolute", "--git-path", "scidex-console").strip())
    staging = own / "staging"
    left = sorted(str(path.relative_to(own)) for path in staging.rglob("*") if path.is_file())
    assert [name for name in left if "part" in name] == []
