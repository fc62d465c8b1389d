"""A decision is a batch: taken back and brought on by its number, left out where the world moved under it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scidex_console.adapters.postgres.triage import PostgresTriage
from scidex_console.domain.batches import OperationState
from scidex_console.domain.intents import Intent, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.triage import Decision
from scidex_console.engine.two_stores import forward
from scidex_console.wiring.reading import readers
from scidex_console.wiring.triage import case_reader, decision_planner
from tests.engine.folders.tiny import git, sha256
from tests.engine.folders.trial import FolderTrial, held, states
from tests.engine.triage.cases import NEW, OLD, cases_lab, look_at_all, number_of, office, verified
from tests.labs import Lab


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    made = await asyncio.to_thread(cases_lab, tmp_path, scidex_database)
    await look_at_all(made)
    return made


async def put(lab: Lab, decision: Decision, *ids: str) -> Intent:
    """A decision on the desk, with no engine to take it up."""
    async with readers(lab.settings) as at:
        return await at.triage.decide(await at.triage.preview(decision, ids), reason="a trial")


async def test_batch_of_a_decision_is_rolled_back_and_redone_like_any_other(lab: Lab) -> None:
    async with office(lab) as at:
        triage, read = at.at_work.connected.triage, at.at_work.connected.read
        number = number_of(await at.decide(Decision.RESTORE, "stale"))
        (batch,) = [
            b for b in await read.batches(JobName.FOLDERS, limit=9) if b.files == 1 and b.run_id is None
        ][:1]
        found = await triage.decision(number)
        assert found is not None and found.batch == batch.id
        back = await read.rollback_preview(batch.id, redo=False)
        assert back.paths == ("datasets/stale.csv",)
        said = await at.at_work.ask("rollback", JobName.FOLDERS, batch=batch.id, token=back.token)
        assert said.startswith("done"), said
        assert at.file("datasets/stale.csv") == NEW["datasets/stale.csv"]
        found = await triage.decision(number)
        assert found is not None and found.state == "undone"
        assert await verified(lab) == []
        again = await read.rollback_preview(batch.id, redo=True)
        said = await at.at_work.ask("redo", JobName.FOLDERS, batch=batch.id, token=again.token)
        assert said.startswith("done"), said
        assert at.file("datasets/stale.csv") == OLD["datasets/stale.csv"]
        assert "stale" not in await at.waiting()
        found = await triage.decision(number)
        assert found is not None and found.state == "applied"
    assert await verified(lab) == []


async def apply(
    trial: FolderTrial, lab: Lab, decision: Decision, *ids: str, edit: str
) -> dict[str, OperationState]:
    """Apply a decision while somebody edits a row right before the database's commit point."""
    number = number_of(await put(lab, decision, *ids))
    triage = PostgresTriage(trial.held.fenced.database)
    planner = decision_planner(lab.settings, triage, case_reader(lab.settings), trial.held.identity)
    operations = (await planner.plan(decision, ids)).operations

    def theirs() -> None:
        lab.rows(edit)

    stores = trial.stores("switch", before=theirs)
    batch = await forward.apply(stores, JobName.FOLDERS, None, operations, decision=number)
    assert batch is not None
    await forward.tidy(trial.stores(), batch)
    results = await triage.results(number)
    assert {r.artifact_id for r in results if not r.applied} == {
        i for i, state in states(batch).items() if state is not OperationState.DONE
    }
    return states(batch)


@pytest.mark.parametrize("decision", [Decision.RESTORE, Decision.REDOWNLOAD])
@pytest.mark.sweep
async def test_row_that_changes_under_a_decision_keeps_its_file(lab: Lab, decision: Decision) -> None:
    ids = ["stale", "key"] if decision is Decision.RESTORE else ["paper"]
    edit = f"UPDATE artifacts SET content_hash = 'theirs' WHERE id = '{ids[0]}'"
    async with held(lab) as trial:
        done = await apply(trial, lab, decision, *ids, edit=edit)
    assert done[ids[0]] is OperationState.CONFLICT
    path = "datasets/stale.csv" if decision is Decision.RESTORE else "figures/paper.png"
    assert (lab.store.artifacts / path).read_bytes() == NEW[path]
    assert lab.git("show", f"HEAD:{path}").encode() == NEW[path]
    assert lab.git("status", "--porcelain") == ""
    if decision is Decision.RESTORE:
        assert done["key"] is OperationState.DONE
        assert (lab.store.artifacts / "datasets/key.csv").read_bytes() == OLD["datasets/key.csv"]
    waiting = lab.rows("SELECT artifact_id FROM scidex_console.folder WHERE state = 'hash_mismatch'")
    assert ids[0] in {row["artifact_id"] for row in waiting}


async def test_file_that_others_name_too_is_not_exchanged_under_them(lab: Lab) -> None:
    lab.rows("INSERT INTO scidex_console.folder_claim VALUES ('datasets/stale.csv', 'wrong', 0)")
    async with readers(lab.settings) as at:
        preview = await at.triage.preview(Decision.RESTORE, ["stale", "key"])
    assert [(i.artifact_id, i.refused) for i in preview.refused] == [
        ("stale", "its file is also that of wrong")
    ]


@pytest.mark.sweep
async def test_restored_file_that_somebody_changes_again_is_found_by_verify(lab: Lab) -> None:
    async with office(lab) as at:
        await at.decide(Decision.RESTORE, "stale")
    (lab.store.artifacts / "datasets/stale.csv").write_bytes(b"scribbled over\n")
    assert any(line.startswith("I5") and "datasets/stale.csv" in line for line in await verified(lab))


@pytest.mark.sweep
async def test_accepted_file_that_somebody_changes_again_is_found_by_verify(lab: Lab) -> None:
    async with office(lab) as at:
        await at.decide(Decision.ACCEPT, "paper")
    assert at.row("paper")["metadata"]["file_sha256"] == sha256(NEW["figures/paper.png"])
    (lab.store.artifacts / "figures/paper.png").write_bytes(b"scribbled over")
    git(lab.store.artifacts, "commit", "-qam", "Scribble")
    lab.rows("DELETE FROM artifact_migration_log WHERE artifact_id = 'paper'")
    assert any(line.startswith("I1") and "paper" in line for line in await verified(lab))


@pytest.mark.sweep
async def test_executable_file_stays_executable(lab: Lab) -> None:
    place = lab.store.artifacts / "datasets/stale.csv"
    place.chmod(0o755)
    git(lab.store.artifacts, "commit", "-qam", "Let it run")
    async with office(lab) as at:
        intent = await at.decide(Decision.RESTORE, "stale")
        assert intent.state is IntentState.DONE, intent.outcome
    assert place.stat().st_mode & 0o111 and place.read_bytes() == OLD["datasets/stale.csv"]
    assert lab.git("status", "--porcelain") == ""
    assert await verified(lab) == []
