"""Somebody rewrites history over a cycle and has git collect the rest: it can be taken back all the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scidex_console.domain.batches import BatchState
from scidex_console.engine.two_stores import rollback
from scidex_console.engine.two_stores.outer import publish
from scidex_console.wiring.verification import verify
from tests.crash.folder_checks import Before, assert_as_before, assert_folders_sound
from tests.engine.folders.tiny import git, row_of, tiny_lab
from tests.engine.folders.trial import FolderTrial
from tests.labs import Lab
from tests.samples import sample

FILES = {f"figures/{name}.png": f"bytes of {name}".encode() for name in "abc"}


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    rows = [row_of(name, f"figures/{name}.png", content=FILES[f"figures/{name}.png"]) for name in "abc"]
    return await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, FILES, rows, links=[("a", "b")])


def collect(lab: Lab) -> None:
    """What no branch leads to is gone."""
    git(lab.store.artifacts, "reflog", "expire", "--expire=now", "--all")
    git(lab.store.artifacts, "gc", "-q", "--prune=now")


@pytest.mark.parametrize("how", sample("amended", "flattened"))
async def test_a_cycle_whose_commits_were_rewritten_is_taken_back(
    lab: Lab, before: Before, trial: FolderTrial, how: str
) -> None:
    checkout, base = lab.store.artifacts, lab.git("rev-parse", "HEAD").strip()
    batch = await trial.cycle()
    assert batch is not None
    if how == "amended":
        git(
            checkout, "commit", "-q", "--amend", "-m", f"Other words\n\n{lab.git('log', '-1', '--format=%b')}"
        )
    else:
        git(checkout, "branch", "newer", base)
        git(checkout, "rebase", "-q", "--force-rebase", "newer")
    collect(lab)
    batch = await rollback.roll_back(trial.stores(), batch, origin={})
    assert batch.state is BatchState.ROLLED_BACK
    assert_as_before(lab, before)
    assert "if that is lost for good" in await publish(trial.stores())
    git(lab.store.outer, "commit", "-qam", "The artifacts as they are now")
    assert await publish(trial.stores()) == ""


async def test_a_rewrite_is_undone_by_putting_the_branch_back_and_not_by_a_merge(
    lab: Lab, trial: FolderTrial
) -> None:
    checkout = lab.store.artifacts
    assert await trial.cycle() is not None
    old = lab.git("rev-parse", "HEAD").strip()
    git(checkout, "rebase", "-q", "--rebase-merges", "--force-rebase", "HEAD^1")
    assert git(checkout, "diff", old) == ""
    assert await broken(lab) == ["I7", "I13"]
    git(checkout, "merge", "-q", "--no-edit", old)
    assert "I6" in await broken(lab)
    git(checkout, "reset", "-q", "--soft", old)
    assert await broken(lab) == []


async def broken(lab: Lab) -> list[str]:
    """Invariants that do not hold."""
    return [i.name for i in (await verify(lab.settings)).invariants if i.holds is False]


@pytest.mark.sweep
async def test_a_redo_brings_back_manifests_that_git_has_lost(
    lab: Lab, before: Before, trial: FolderTrial
) -> None:
    base = lab.git("rev-parse", "HEAD").strip()
    batch = await trial.cycle()
    assert batch is not None
    batch = await trial.roll_back(batch)
    git(lab.store.artifacts, "reset", "-q", "--hard", base)
    git(lab.store.outer, "reset", "-q", "--mixed", "HEAD~2")
    collect(lab)
    await trial.redo(batch)
    assert trial.migrated() == {"a", "b", "c"}
    lab.rows("DELETE FROM scidex_console.commit_record WHERE op LIKE '%/1' OR op LIKE '%/1/undo'")
    assert_folders_sound(lab, before)
