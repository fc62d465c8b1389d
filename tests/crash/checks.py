"""What must hold after any crash, seen from git, the disk and the rows alone."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter

from tests.labs import Lab


def assert_sound(lab: Lab) -> None:
    """Nothing lost, nothing doubled, git and database together, nothing of ours left lying about."""
    _assert_rows_and_files_agree(lab)
    _assert_no_file_without_a_row(lab)
    assert_git_is_clean(lab)
    _assert_commits_are_journalled_once(lab)
    _assert_dead_marks_are_logged(lab)
    assert lab.rows("SELECT 1 FROM scidex_console.operation WHERE state = 'prepared'") == []
    assert (
        lab.rows("SELECT 1 FROM scidex_console.batch WHERE state IN ('prepared','done','rolling_back')") == []
    )


def figures_with_file(lab: Lab) -> dict[str, dict[str, object]]:
    """Rows of paper figures that name a file we recorded, by artifact."""
    rows = lab.rows(
        "SELECT id, file_path, metadata FROM artifacts WHERE artifact_type = 'paper_figure' "
        "AND metadata ? 'file_sha256' AND metadata ? 'image_url'"
    )
    return {row["id"]: row for row in rows if row["id"] in lab.store.lost}


def _assert_rows_and_files_agree(lab: Lab) -> None:
    tracked = set(lab.git("ls-files", "-z").split("\0"))
    for row in figures_with_file(lab).values():
        recorded, metadata = str(row["file_path"]), row["metadata"]
        assert isinstance(metadata, dict)
        data = (lab.store.outer / recorded).read_bytes()
        assert hashlib.sha256(data).hexdigest() == metadata["file_sha256"]
        assert len(data) == metadata["file_size_bytes"]
        inside = recorded.removeprefix(lab.store.submodule + "/")
        assert inside in tracked
        assert lab.git("rev-parse", f"HEAD:{inside}") == lab.git("hash-object", "--no-filters", inside)


def _assert_no_file_without_a_row(lab: Lab) -> None:
    known = set(lab.store.digests)
    claimed = {
        str(row["file_path"]).removeprefix(lab.store.submodule + "/")
        for row in figures_with_file(lab).values()
    }
    tracked = {path for path in lab.git("ls-files", "-z").split("\0") if path}
    on_disk = {
        str(path.relative_to(lab.store.artifacts))
        for path in lab.store.artifacts.rglob("*")
        if (path.is_file() or path.is_symlink()) and path.name != ".git"
    }
    assert tracked - known == claimed
    assert on_disk == tracked


def assert_git_is_clean(lab: Lab) -> None:
    """Nothing is changed, damaged, locked or half-built in either repository."""
    changed = lab.git("status", "--porcelain")
    assert changed == "", changed
    until = time.monotonic() + 10  # the outer pointer follows beside whatever comes next
    while said := lab.git("status", "--porcelain", "--ignore-submodules=none", outer=True):
        assert time.monotonic() < until, said
        time.sleep(0.1)
    assert "error" not in lab.git("fsck", "--strict", "--no-dangling")
    refs = lab.git("for-each-ref", "--format=%(refname)", "refs/scidex-console")
    assert set(refs.split()) <= {"refs/scidex-console/epoch"}
    own = lab.store.outer / ".git" / "modules"
    assert [path for path in own.rglob("*.lock") if path.name == "index.lock"] == []


def _assert_commits_are_journalled_once(lab: Lab) -> None:
    log = lab.git("log", "--format=%H%x00%B%x01") + lab.git("log", "--format=%H%x00%B%x01", outer=True)
    found = Counter()
    by_key = {}
    for entry in log.split("\x01"):
        commit, _, body = entry.strip().partition("\0")
        op = re.search(r"^Scidex-Op: (\S+)$", body, re.MULTILINE)
        kind = re.search(r"^Scidex-Kind: (\S+)$", body, re.MULTILINE)
        if op and kind:
            found[op[1], kind[1]] += 1
            by_key[op[1], kind[1]] = commit
    assert all(count == 1 for count in found.values()), found
    recorded = {
        (row["op"], row["kind"]): row["commit_id"]
        for row in lab.rows("SELECT * FROM scidex_console.commit_record")
    }
    assert by_key == recorded


def _assert_dead_marks_are_logged(lab: Lab) -> None:
    marked = lab.rows(
        "SELECT a.id FROM artifacts AS a WHERE metadata->'image_unavailable' = 'true' AND NOT EXISTS "
        "(SELECT FROM scidex_console.fetch_attempt AS t WHERE t.artifact_id = a.id AND t.outcome = 'dead' "
        "AND t.status IN (404, 410, 451))"
    )
    assert marked == []
