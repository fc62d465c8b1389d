"""The demo's artifact store: repositories and rows as SciDEX has them, the same for the same seed."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from scidex_console.demo.artifacts.model import SUBMODULE, ContentKind, HashUse, StoredFile
from scidex_console.demo.artifacts.plan import plan_store
from scidex_console.demo.artifacts.scale import Scale
from scidex_console.demo.rows import artifact_rows, load_rows
from scidex_console.demo.store import BuiltStore, build_store
from scidex_console.domain.errors import Refused, RepositoryError, Unreachable
from tests.worlds import SmallStore, small_store

PLAN = plan_store(Scale("test", artifacts=120, paper_figures=60, figures_with_file=3), 1)

_ELSEWHERE = """
import sys
from hashlib import sha256
from pathlib import Path
from scidex_console.demo.artifacts.plan import plan_store
from scidex_console.demo.artifacts.scale import Scale
from scidex_console.demo.rows import artifact_rows
from scidex_console.demo.store import build_store

plan = plan_store(Scale("test", artifacts=120, paper_figures=60, figures_with_file=3), 1)
store = build_store(Path(sys.argv[1]), plan)
print(*store.artifact_commits, store.outer_commit)
print(sha256(repr(list(artifact_rows(plan, store.digests))).encode()).hexdigest())
print(sha256(repr(plan.links).encode()).hexdigest())
"""


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.rstrip("\n")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BuiltStore:
    """Repositories no test changes."""
    return build_store(tmp_path_factory.mktemp("built") / "store", PLAN)


@pytest.fixture
def store(tmp_path: Path, scidex_database: str) -> SmallStore:
    """A test's own repositories and rows."""
    return small_store(tmp_path, scidex_database)


def _worktree_files(folder: Path) -> set[str]:
    found = set()
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        found |= {str((Path(place) / name).relative_to(folder)) for name in names if name != ".git"}
    return found


def test_both_checkouts_are_clean_and_on_a_branch_with_an_upstream(built: BuiltStore) -> None:
    for checkout in (built.places.outer, built.places.artifacts):
        assert git(checkout, "status", "--porcelain", "--branch") == "## main...origin/main"
    assert git(built.places.outer, "submodule", "status").split()[0] == built.artifact_commits[-1]


def test_a_fresh_clone_of_the_outer_remote_brings_the_submodule(built: BuiltStore, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    allow = ("-c", "protocol.file.allow=always")
    git(
        tmp_path,
        *allow,
        "clone",
        "--quiet",
        "--recurse-submodules",
        str(built.places.outer_remote),
        str(clone),
    )
    assert _worktree_files(clone / SUBMODULE) == _worktree_files(built.places.artifacts)


def test_a_checkout_can_be_pushed_to_both_remotes(store: SmallStore) -> None:
    for checkout, remote in ((store.artifacts, store.artifacts_remote), (store.outer, store.outer_remote)):
        git(checkout, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "--allow-empty", "-m", "x")
        git(checkout, "push", "--quiet")
        assert git(remote, "rev-parse", "main") == git(checkout, "rev-parse", "HEAD")


def test_the_worktree_holds_what_the_plan_says_byte_for_byte(built: BuiltStore) -> None:
    tracked = set(git(built.places.artifacts, "ls-files", "-z").rstrip("\0").split("\0"))
    assert _worktree_files(built.places.artifacts) == tracked == set(built.digests)
    for path, digest in built.digests.items():
        content = (built.places.artifacts / path).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (digest.sha256, digest.size), path


def test_repositories_pass_a_strict_check(built: BuiltStore) -> None:
    for repository in (built.places.outer_remote, built.places.artifacts_remote):
        git(repository, "fsck", "--strict")


def test_the_same_seed_gives_the_same_commits_and_rows_in_another_process_and_place(
    built: BuiltStore, tmp_path: Path
) -> None:
    rows = hashlib.sha256(repr(list(artifact_rows(PLAN, built.digests))).encode()).hexdigest()
    links = hashlib.sha256(repr(PLAN.links).encode()).hexdigest()
    # Another hash seed: whatever depended on the order of a set would differ.
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(tmp_path / "elsewhere" / "store")],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [*built.artifact_commits, built.outer_commit, rows, links]


def test_another_seed_gives_another_store(built: BuiltStore, tmp_path: Path) -> None:
    other = build_store(tmp_path / "other", plan_store(PLAN.scale, 2))
    assert other.artifact_commits[0] != built.artifact_commits[0]


def test_nobodys_git_configuration_changes_the_store(
    built: BuiltStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[core]\n\tautocrlf = true\n\thooksPath = /nowhere\n[init]\n\tdefaultBranch = trunk\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    again = build_store(tmp_path / "again", PLAN)
    assert again.outer_commit == built.outer_commit


def test_history_can_be_followed_through_a_move(built: BuiltStore) -> None:
    moved = next(file for artifact in PLAN.artifacts for file in artifact.files if file.earlier_path)
    names = git(
        built.places.artifacts, "log", "--follow", "--name-only", "--format=", "--", f":(literal){moved.path}"
    )
    assert moved.earlier_path in names


def test_the_rows_are_the_plans_with_the_hashes_of_real_bytes(store: SmallStore) -> None:
    with psycopg.connect(store.database_url) as connection:
        rows = {row[0]: row for row in connection.execute("SELECT id, content_hash, metadata FROM artifacts")}
        links = connection.execute("SELECT count(*) FROM artifact_links").fetchone()
    assert links == (len(store.plan.links),)
    assert len(rows) == len(store.plan.artifacts) == 120
    for artifact in store.plan.artifacts:
        _, content_hash, metadata = rows[artifact.id]
        digest = store.digests[artifact.files[0].path] if artifact.files else None
        if artifact.records_sha256:
            assert digest and metadata["file_sha256"] == digest.sha256
            assert metadata["file_size_bytes"] == digest.size
        if artifact.hash_use is HashUse.FILE:
            assert digest and content_hash == (digest.lfs_object or digest.sha256)
        elif artifact.hash_use is HashUse.STALE:
            assert digest and content_hash == digest.first_sha256 != digest.sha256
        elif artifact.hash_use is HashUse.KEY:
            assert content_hash and (digest is None or content_hash != digest.sha256)
        else:
            assert content_hash is None


def test_a_pointers_hash_is_the_object_it_stands_for(store: SmallStore) -> None:
    artifact = next(
        artifact
        for artifact in store.plan.artifacts
        if artifact.files and artifact.files[0].kind is ContentKind.LFS_POINTER
    )
    pointer = (store.artifacts / artifact.files[0].path).read_text()
    with psycopg.connect(store.database_url) as connection:
        row = connection.execute("SELECT content_hash FROM artifacts WHERE id = %s", [artifact.id]).fetchone()
    assert row is not None and f"oid sha256:{row[0]}\n" in pointer


def test_only_the_kept_figures_paths_are_on_disk(store: SmallStore) -> None:
    with psycopg.connect(store.database_url) as connection:
        rows = connection.execute(
            "SELECT id, file_path, metadata->>'image_url' FROM artifacts WHERE artifact_type = 'paper_figure'"
        ).fetchall()
    found = {identity for identity, path, _ in rows if path and (store.outer / path).is_file()}
    assert len(found) == 3
    assert {identity: url for identity, _, url in rows if identity not in found} == store.lost


def test_rows_are_not_loaded_into_a_database_that_holds_artifacts(store: SmallStore) -> None:
    with pytest.raises(Refused, match="holds artifacts already"):
        load_rows(store.database_url, store.plan, store.digests)


def test_an_unreachable_database_is_one_clear_error(store: SmallStore, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="cannot write the demo's rows"):
        load_rows(f"postgresql:///none?host={tmp_path}", store.plan, store.digests)


def test_a_place_that_is_taken_is_refused_by_git_with_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "scidex").mkdir()
    (tmp_path / "scidex" / "mine.txt").write_text("mine")
    with pytest.raises(RepositoryError, match="git clone failed: fatal: destination path"):
        build_store(tmp_path, PLAN)
    assert (tmp_path / "scidex" / "mine.txt").read_text() == "mine"


def test_a_path_git_cannot_store_is_refused_with_its_own_words(tmp_path: Path) -> None:
    loose = (StoredFile("notes//nameless.txt", ContentKind.EMPTY, ""),)
    with pytest.raises(RepositoryError, match="git fast-import failed: fatal: Empty path component"):
        build_store(tmp_path / "store", replace(PLAN, loose_files=loose))


def test_json_of_rows_is_canonical(built: BuiltStore) -> None:
    for row in artifact_rows(PLAN, built.digests):
        assert row[5] == json.dumps(json.loads(row[5]), sort_keys=True)


def test_a_machine_without_git_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RepositoryError, match="git is not installed; install git"):
        build_store(tmp_path / "store", PLAN)
