"""Every decision and its undo, through an engine, over real git and PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from scidex_console.domain.intents import IntentState
from scidex_console.domain.triage import Decision
from scidex_console.wiring.reading import readers
from tests.engine.folders.tiny import git, sha256
from tests.engine.folders.trial import held
from tests.engine.triage.cases import NEW, OLD, cases_lab, look_at_all, number_of, office, verified
from tests.labs import Lab


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    made = await asyncio.to_thread(cases_lab, tmp_path, scidex_database)
    await look_at_all(made)
    return made


async def test_everything_that_waits_is_listed_and_nothing_else(lab: Lab) -> None:
    async with office(lab) as at:
        assert await at.waiting() == {
            "key": "hash_mismatch",
            "paper": "hash_mismatch",
            "stale": "hash_mismatch",
            "wrong": "hash_mismatch",
            "outside": "quarantined",
        }


async def test_evidence_says_what_was_promised_and_which_version_has_it(lab: Lab) -> None:
    async with office(lab) as at:
        evidence = await at.at_work.connected.triage.evidence("stale")
    old, new = (each["datasets/stale.csv"] for each in (OLD, NEW))
    assert evidence.expected_sha256 == sha256(old) and evidence.expected_from == "metadata.file_sha256"
    assert evidence.file is not None and evidence.file.sha256 == sha256(new)
    assert evidence.file.shape == "2 rows below a heading, 2 columns"
    assert [(v.sha256, v.matches) for v in evidence.versions] == [(sha256(new), False), (sha256(old), True)]
    assert "-3,4" in evidence.diff and "+3,5" in evidence.diff
    assert evidence.open_to[Decision.RESTORE] == "" == evidence.open_to[Decision.ACCEPT]
    assert "image_url" in evidence.open_to[Decision.REDOWNLOAD]


async def test_restored_file_is_the_promised_one_and_undo_brings_the_other_back(lab: Lab) -> None:
    async with office(lab) as at:
        intent = await at.decide(Decision.RESTORE, "stale", "key")
        assert intent.state is IntentState.DONE, intent.outcome
        assert at.file("datasets/stale.csv") == OLD["datasets/stale.csv"]
        assert at.file("datasets/key.csv") == OLD["datasets/key.csv"]
        assert lab.git("status", "--porcelain") == ""
        assert lab.git("show", "HEAD:datasets/stale.csv").encode() == OLD["datasets/stale.csv"]
        assert "Scidex-Kind: apply" in lab.git("log", "-1", "--format=%B")
        assert "stale" not in await at.waiting()
        assert set(await verified(lab)) == set()
        undone = await at.undo(number_of(intent))
        assert undone.state is IntentState.DONE, undone.outcome
        assert at.file("datasets/stale.csv") == NEW["datasets/stale.csv"]
        assert (await at.waiting())["stale"] == "hash_mismatch"
        assert lab.git("status", "--porcelain") == ""
        results = at.results(number_of(undone))
        assert {r["state"] for r in results.values()} == {"applied"} and set(results) == {"stale", "key"}
    assert await verified(lab) == []


@pytest.mark.sweep
async def test_accepted_file_is_what_the_row_promises_from_then_on(lab: Lab) -> None:
    async with office(lab) as at:
        intent = await at.decide(Decision.ACCEPT, "wrong", "key")
        assert intent.state is IntentState.DONE, intent.outcome
        for artifact_id in ("wrong", "key"):
            assert at.row(artifact_id)["metadata"]["file_sha256"] == sha256(
                NEW[f"datasets/{artifact_id}.csv"]
            )
        assert await verified(lab) == []
        undone = await at.undo(number_of(intent))
        assert undone.state is IntentState.DONE, undone.outcome
        assert "file_sha256" not in at.row("key")["metadata"]
        assert at.row("wrong")["metadata"]["file_sha256"] == sha256(b"nobody has this")
        again = await at.decide(Decision.ACCEPT, "wrong", "key")
        assert again.state is IntentState.DONE
    async with held(lab) as trial:
        await trial.cycle()
        assert {"wrong", "key"} <= trial.migrated()
    assert await verified(lab) == []


@pytest.mark.sweep
async def test_artifact_of_the_database_alone_gets_a_manifest_and_its_file_stays(lab: Lab) -> None:
    async with office(lab) as at:
        intent = await at.decide(Decision.DATABASE_ONLY, "outside", "wrong")
        assert intent.state is IntentState.DONE, intent.outcome
        undone = await at.undo(number_of(intent))
        assert undone.state is IntentState.DONE
        assert (await at.waiting())["outside"] == "quarantined"
        assert "database_only" not in at.row("outside")["metadata"]
        await at.decide(Decision.DATABASE_ONLY, "outside", "wrong")
    async with held(lab) as trial:
        await trial.cycle()
        assert {"outside", "wrong"} <= trial.migrated()
        assert trial.row("wrong")["primary_filename"] is None
    assert at.file("datasets/wrong.csv") == NEW["datasets/wrong.csv"]
    assert await verified(lab) == []


@pytest.mark.sweep
async def test_figure_to_be_asked_for_again_loses_its_wrong_file_and_undo_gives_it_back(lab: Lab) -> None:
    async with office(lab) as at:
        intent = await at.decide(Decision.REDOWNLOAD, "paper")
        assert intent.state is IntentState.DONE, intent.outcome
        assert at.file("figures/paper.png") is None
        assert at.row("paper")["file_path"] is None
        assert lab.git("status", "--porcelain") == ""
        assert await verified(lab) == []
        undone = await at.undo(number_of(intent))
        assert undone.state is IntentState.DONE, undone.outcome
        assert at.file("figures/paper.png") == NEW["figures/paper.png"]
        assert at.row("paper")["metadata"]["file_sha256"] == sha256(b"the scan")
        assert lab.git("status", "--porcelain") == ""
    assert await verified(lab) == []


async def test_what_is_left_with_a_note_goes_on_waiting_and_says_the_note(lab: Lab) -> None:
    async with office(lab) as at:
        intent = await at.decide(Decision.LEAVE, "stale", reason="Ada asks the authors")
        assert intent.state is IntentState.DONE, intent.outcome
        (case,) = [case for case in await at.cases() if case.artifact_id == "stale"]
        assert case.note == "Ada asks the authors"
        await at.undo(number_of(intent))
        history = (await at.at_work.connected.triage.evidence("stale")).decisions
        assert [(d.decision, d.state) for d in history] == [
            (Decision.UNDO, "applied"),
            (Decision.LEAVE, "undone"),
        ]


async def test_file_that_changed_since_the_preview_is_left_alone(lab: Lab) -> None:
    async with office(lab) as at:
        preview = await at.at_work.connected.triage.preview(Decision.RESTORE, ["stale"])
        (lab.store.artifacts / "datasets/stale.csv").write_bytes(b"newer still\n")
        git(lab.store.artifacts, "commit", "-qam", "Theirs")
        intent = await at.settled(preview)
        assert intent.state is IntentState.REFUSED and "changed since the preview" in intent.outcome
        assert at.file("datasets/stale.csv") == b"newer still\n"
        assert (await at.waiting())["stale"] == "hash_mismatch"


async def test_row_that_changed_since_the_preview_is_left_alone(lab: Lab) -> None:
    async with office(lab) as at:
        preview = await at.at_work.connected.triage.preview(Decision.ACCEPT, ["wrong"])
        lab.rows("UPDATE artifacts SET content_hash = 'another' WHERE id = 'wrong'")
        intent = await at.settled(preview)
        assert intent.state is IntentState.REFUSED and "changed since the preview" in intent.outcome
        assert at.row("wrong")["metadata"]["file_sha256"] == sha256(b"nobody has this")


@pytest.mark.sweep
async def test_undo_leaves_alone_what_was_built_on_the_decision(lab: Lab) -> None:
    async with office(lab) as at:
        intent = await at.decide(Decision.ACCEPT, "wrong", "key")
    async with held(lab) as trial:
        cycle = await trial.cycle(1)
        (moved,) = trial.migrated() & {"wrong", "key"}
    async with office(lab) as at:
        undone = await at.undo(number_of(intent))
        assert undone.state is IntentState.DONE and "1 left alone" in undone.outcome
        results = at.results(number_of(undone))
        assert {i: r["state"] for i, r in results.items()} == {
            moved: "refused",
            ({"wrong", "key"} - {moved}).pop(): "applied",
        }
        assert at.row(moved)["metadata"]["file_sha256"] == sha256(NEW[f"datasets/{moved}.csv"])
    assert await verified(lab) == []
    # Once that is gone, the rest of the decision is taken back as well.
    async with held(lab) as trial:
        assert cycle is not None
        await trial.roll_back(cycle)
    async with office(lab) as at:
        undone = await at.undo(number_of(intent))
        assert undone.state is IntentState.DONE and "left alone" not in undone.outcome, undone.outcome
        assert {i: r["state"] for i, r in at.results(number_of(undone)).items()} == {moved: "applied"}
    assert await verified(lab) == []


async def test_same_decision_of_two_consoles_is_one(lab: Lab) -> None:
    async with readers(lab.settings) as one, readers(lab.settings) as other:
        preview = await one.triage.preview(Decision.LEAVE, ["stale"])
        assert await other.triage.preview(Decision.LEAVE, ["stale"]) == preview
        intents = await asyncio.gather(*(each.triage.decide(preview, reason="both") for each in (one, other)))
        assert intents[0].id == intents[1].id
        another = await one.triage.preview(Decision.LEAVE, ["key"])
        assert (await one.triage.decide(another, reason="mine")).id != intents[0].id
    assert len(lab.rows("SELECT 1 FROM scidex_console.triage_decision")) == 2
