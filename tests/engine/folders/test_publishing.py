"""While a push is refused, the outer repository's pointer follows each cycle all the same."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scidex_console.domain.batches import Batch
from scidex_console.domain.errors import Unreachable
from scidex_console.domain.jobs import JobName
from scidex_console.engine.two_stores import forward, rollback
from scidex_console.engine.two_stores.outer import publish
from scidex_console.settings import load_settings
from tests.crash.folder_checks import assert_verified
from tests.engine.folders.tiny import BRANCH, SUBMODULE, git, row_of, tiny_lab
from tests.engine.folders.trial import FolderTrial
from tests.engine.two_stores.conftest import Meanwhile
from tests.labs import Lab

FILES = {f"figures/{name}.png": f"bytes of {name}".encode() for name in "abc"}


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    """Both repositories have a remote; that of the outer one takes nothing."""
    rows = [row_of(name, f"figures/{name}.png", content=FILES[f"figures/{name}.png"]) for name in "abc"]
    made = await asyncio.to_thread(tiny_lab, tmp_path, scidex_database, FILES, rows)
    for checkout, name in ((made.store.artifacts, "artifacts.git"), (made.store.outer, "scidex.git")):
        git(tmp_path, "init", "-q", "--bare", "-b", BRANCH, name)
        git(checkout, "config", "remote.origin.url", str(tmp_path / name))
    refusal = tmp_path / "scidex.git/hooks/pre-receive"
    refusal.write_text("#!/bin/sh\nexit 1\n")
    refusal.chmod(0o755)
    made.config.write_text(made.config.read_text().replace("push = false", "push = true"))
    return replace(made, settings=load_settings(made.config, environ={}))


def pointer(lab: Lab) -> str:
    return git(lab.store.outer, "rev-parse", f"HEAD:{SUBMODULE}").strip()


async def test_the_pointer_follows_each_cycle_while_the_push_is_refused(
    lab: Lab, tmp_path: Path, trial: FolderTrial
) -> None:
    stores, batches = trial.stores(), []
    for _ in range(3):
        await trial.read(1)
        operations = await trial.job.effects(files=1, marks=0)
        batch = await forward.apply(stores, JobName.FOLDERS, None, operations)
        assert batch is not None
        batches.append(await forward.tidy(stores, batch))
        assert "declined" in await publish(stores)
        assert pointer(lab) == lab.git("rev-parse", "HEAD").strip()
    await rollback.roll_back(stores, batches[1], origin={})
    assert "declined" in await publish(stores)
    assert pointer(lab) == lab.git("rev-parse", "HEAD").strip()
    (tmp_path / "scidex.git/hooks/pre-receive").unlink()
    assert await publish(stores) == ""
    assert {row["push_state"] for row in lab.rows("SELECT push_state FROM scidex_console.batch")} == {
        "pushed"
    }
    assert git(tmp_path / "scidex.git", "rev-parse", BRANCH) == git(lab.store.outer, "rev-parse", "HEAD")
    await asyncio.to_thread(assert_verified, lab)


@pytest.mark.parametrize("taken_back", [False, True])
async def test_a_publisher_that_is_late_and_dies_leaves_no_pointer_that_nobody_records(
    lab: Lab, tmp_path: Path, trial: FolderTrial, taken_back: bool
) -> None:
    (tmp_path / "scidex.git/hooks/pre-receive").unlink()
    stores = trial.stores()

    async def batch() -> Batch:
        await trial.read(1)
        made = await forward.apply(stores, JobName.FOLDERS, None, await trial.job.effects(files=1, marks=0))
        assert made is not None
        return await forward.tidy(stores, made)

    async def another_publishes() -> None:
        if "pushed" in states():
            return
        assert await publish(stores) == ""
        await (rollback.roll_back(stores, first, origin={}) if taken_back else batch())

    async def dies() -> None:
        if "pushed" in states():
            raise Unreachable("the database is away")

    def states() -> list[str]:
        return [row["push_state"] for row in lab.rows("SELECT push_state FROM scidex_console.batch")]

    first, _ = await batch(), await batch()
    late = trial.stores("record_outer", before=another_publishes)
    journal: Any = Meanwhile(late.journal, "record_commit", before=dies)
    with suppress(Unreachable):
        await publish(replace(late, journal=journal))
    assert await publish(stores) == ""
    assert set(states()) == {"pushed"}
    assert pointer(lab) == lab.git("rev-parse", "HEAD").strip()
    await asyncio.to_thread(assert_verified, lab)
