"""What is decided about files that no row claims, through an engine, over real git and PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from scidex_console.domain.errors import GateShut, Refused
from scidex_console.domain.intents import IntentState
from scidex_console.domain.triage import Decision
from scidex_console.engine.cleanup import planning
from tests.engine.cleanup.attic import LOST, attic, broken, look, make
from tests.engine.folders.tiny import git, sha256
from tests.engine.folders.trial import held
from tests.engine.triage.cases import number_of
from tests.labs import Lab


@pytest.fixture
async def lab(tmp_path: Path, scidex_database: str) -> Lab:
    return await asyncio.to_thread(make, tmp_path, scidex_database)


async def test_kept_files_lie_below_orphans_with_a_manifest_and_come_back(lab: Lab) -> None:
    before = look(lab)
    async with attic(lab) as at:
        intent = await at.decide(Decision.KEEP, "figures", "notes/run.sh")
        assert intent.state is IntentState.DONE, intent.outcome
        assert not at.file("figures").exists() and not at.file("notes/run.sh").exists()
        kept = {"orphans/figures/lost.png", "orphans/figures/deep/old.csv", "orphans/notes/run.sh"}
        assert kept < at.tracked()
        assert "100755" in lab.git("ls-files", "-s", "orphans/notes/run.sh")
        said = json.loads(at.file("orphans/figures/lost.png.orphan.json").read_bytes())
        assert said["path"] == "figures/lost.png" and said["sha256"] == sha256(b"a figure of nobody's")
        assert said["size_bytes"] == 20 and said["decision"] == number_of(intent)
        assert said["decided_by"] == intent.operator and said["reason"] == "a trial" and said["decided_at"]
        assert not set(await at.left()) & {"figures/lost.png", *kept, "orphans/notes/run.sh.orphan.json"}
        assert "Scidex-Kind: apply" in lab.git("log", "-1", "--format=%B")
        assert (await at.at_work.connected.cleanup.plan()).kept == 4
        assert await broken(lab) == []

        undone = await at.undo(number_of(intent))
        assert undone.state is IntentState.DONE, undone.outcome
        assert look(lab) == before
        assert await broken(lab) == []


@pytest.mark.sweep
async def test_deleted_files_leave_git_but_not_its_history_and_come_back(lab: Lab) -> None:
    before, tip = look(lab), lab.git("rev-parse", "HEAD").strip()
    async with attic(lab) as at:
        intent = await at.decide(Decision.DELETE, "figures/*", "notes/to")
        assert intent.state is IntentState.DONE, intent.outcome
        assert not at.file("figures").exists() and not at.file("notes/to").is_symlink()
        assert lab.git("show", f"{tip}:figures/lost.png") == "a figure of nobody's"
        assert lab.git("status", "--porcelain") == ""
        assert await broken(lab) == []

        undone = await at.undo(number_of(intent))
        assert undone.state is IntentState.DONE, undone.outcome
        assert look(lab) == before
        assert await broken(lab) == []


async def test_what_is_deleted_has_to_be_typed(lab: Lab) -> None:
    async with attic(lab) as at:
        preview = await at.preview(Decision.DELETE, "notes")
        assert preview.phrase == "delete 3 files"
        desk = at.at_work.connected.cleanup
        for typed in ("", "delete 2 files", "yes"):
            with pytest.raises(Refused, match="typed"):
                await desk.decide(preview, reason="a trial", typed=typed)
        with pytest.raises(Refused, match="reason"):
            await desk.decide(preview, reason=" ", typed=preview.phrase)
    assert lab.rows("SELECT 1 FROM scidex_console.triage_decision") == []


@pytest.mark.sweep
async def test_adopted_file_gets_a_row_and_then_its_folder_like_any_artifact(lab: Lab) -> None:
    async with attic(lab) as at:
        intent = await at.decide(Decision.ADOPT, "notebooks/a lost one.ipynb")
        assert intent.state is IntentState.DONE, intent.outcome
        (row,) = lab.rows("SELECT * FROM artifacts WHERE id NOT IN ('one', 'two')")
        assert row["id"] == f"notebook-{row['artifact_id']}" and row["title"] == "a lost one"
        assert row["metadata"]["file_sha256"] == sha256(b"{}")
        assert "notebooks/a lost one.ipynb" not in await at.left()
        assert await broken(lab) == []
    async with held(lab) as trial:
        batch = await trial.cycle()
        assert batch is not None and row["id"] in trial.migrated()
        assert not (lab.store.artifacts / "notebooks").exists()
        assert await broken(lab) == []
    async with attic(lab, gate_open=False) as at:
        undone = await at.undo(number_of(intent))
        assert undone.state is IntentState.REFUSED and "changed since" in undone.outcome
    async with held(lab) as trial:
        await trial.roll_back(batch)
    async with attic(lab, gate_open=False) as at:
        undone = await at.undo(number_of(intent))
        assert undone.state is IntentState.DONE, undone.outcome
        assert lab.rows("SELECT 1 FROM artifacts WHERE id = %s", row["id"]) == []
        assert "notebooks/a lost one.ipynb" in await at.left()
        assert await broken(lab) == []


async def test_nothing_is_decided_while_the_gate_is_shut(lab: Lab) -> None:
    async with attic(lab, gate_open=False) as at:
        plan = await at.at_work.connected.cleanup.plan()
        assert "phase 5" in plan.shut_by and plan.orphans == len(LOST) + 1  # and README.md
        preview = await at.preview(Decision.KEEP, "notes")
        desk = at.at_work.connected
        with pytest.raises(GateShut):
            await desk.cleanup.decide(preview, reason="a trial")
        # The engine asks, too, whoever put it on the desk.
        intent = await desk.cleanup._submit(preview.preview, {}, "past the desk")  # type: ignore[attr-defined]
        settled = await at.settled(intent)
        assert settled.state is IntentState.REFUSED and "phase 5" in settled.outcome
    assert lab.rows("SELECT 1 FROM scidex_console.batch WHERE decision_id IS NOT NULL") == []


@pytest.mark.sweep
async def test_a_file_that_changed_since_the_preview_is_refused(lab: Lab) -> None:
    async with attic(lab) as at:
        preview = await at.preview(Decision.DELETE, "notes/readme.txt")
        at.file("notes/readme.txt").write_bytes(b"somebody is at it\n")
        intent = await at.put(preview)
        assert intent.state is IntentState.REFUSED
        git(lab.store.artifacts, "commit", "-qam", "Edit", date="2025-08-01T12:00:00Z")
        assert (await at.put(preview)).state is IntentState.REFUSED
        again = await at.decide(Decision.DELETE, "notes/readme.txt")
        assert again.state is IntentState.DONE, again.outcome
        assert "notes/readme.txt" not in at.tracked()
        # What somebody has edited since the first batch is not looked for as it was before that.
        at.file("figures/lost.png").write_bytes(b"another figure of nobody's")
        git(lab.store.artifacts, "commit", "-qam", "Edit", date="2025-08-01T12:00:00Z")
        kept = await at.decide(Decision.KEEP, "figures/lost.png")
        assert kept.state is IntentState.DONE, kept.outcome
    assert await broken(lab) == []


async def test_what_is_no_orphan_or_cannot_be_moved_is_named_with_its_reason(lab: Lab) -> None:
    async with attic(lab) as at:
        (folder,) = lab.rows("SELECT artifact_dir FROM artifacts WHERE id = 'one'")
        inside = f"{folder['artifact_dir'].removeprefix('data/scidex-artifacts/')}/manifest.json"
        preview = await at.preview(Decision.KEEP, "notes", inside, ".gitattributes")
        refused = {item.path: item.refused for item in preview.preview.refused}
        assert "no orphan" in refused[inside] and "no orphan" in refused[".gitattributes"]
        assert "symbolic link" in refused["notes/to"]
        assert {item.path for item in preview.preview.applied} == {"notes/readme.txt", "notes/run.sh"}
        adopt = await at.preview(Decision.ADOPT, "notes/readme.txt")
        assert "--type" in adopt.preview.refused[0].refused
        as_figure = await at.preview(Decision.ADOPT, "notes/readme.txt", artifact_type="paper_figure")
        assert as_figure.preview.refused


@pytest.mark.sweep
async def test_names_that_no_row_can_hold_are_left_to_a_person_and_hold_up_no_other_file(lab: Lab) -> None:
    folder = os.fsencode(lab.store.artifacts / "notes")
    long = "l" * 250
    for name in (b"half \xff.txt", b"two\nlines.txt", long.encode()):
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(b"odd")
    git(lab.store.artifacts, "add", ".", date="2025-08-01T12:00:00Z")
    git(lab.store.artifacts, "commit", "-qm", "Odd names", date="2025-08-01T12:00:00Z")
    async with attic(lab) as at:
        preview = await at.preview(Decision.KEEP, "notes")
        refused = {item.path: item.refused for item in preview.preview.refused if "to" not in item.path[6:]}
        assert list(refused) == ["notes/half \udcff.txt", f"notes/{long}", "notes/two\nlines.txt"]
        assert all("git mv" in why for why in refused.values())
        intent = await at.put(preview)
        assert intent.state is IntentState.DONE, intent.outcome
        assert at.file("orphans/notes/readme.txt").exists() and at.file("notes/two\nlines.txt").exists()
    assert await broken(lab) == []


@pytest.mark.sweep
async def test_a_place_that_cannot_be_holds_up_neither_its_batch_nor_any_after_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "MANIFEST_SUFFIX", "l" * 250)
    monkeypatch.setattr(planning, "why_not_recordable", lambda path: "")  # as if nobody had looked
    async with attic(lab) as at:
        intent = await at.decide(Decision.KEEP, "notes/readme.txt")
        assert "longer than 255 bytes" in intent.outcome, intent.outcome
        assert at.file("notes/readme.txt").exists() and not at.file("orphans").exists()
        monkeypatch.undo()
        again = await at.decide(Decision.KEEP, "notes/readme.txt")
        assert again.state is IntentState.DONE, again.outcome
    assert await broken(lab) == []


@pytest.mark.sweep
async def test_a_row_that_comes_to_name_a_file_wins_over_the_decision(lab: Lab) -> None:
    before = look(lab)
    async with attic(lab) as at:
        preview = await at.preview(Decision.DELETE, "figures/lost.png")
        lab.rows(
            "INSERT INTO artifacts (id, artifact_type, metadata) VALUES ('late', 'figure',"
            ' \'{"figure_path": "data/scidex-artifacts/figures/lost.png"}\')'
        )
        intent = await at.put(preview)
        assert intent.state is IntentState.REFUSED
        assert look(lab) == before and await broken(lab) == []


async def test_a_decision_can_be_rolled_back_and_redone_as_any_batch(lab: Lab) -> None:
    async with attic(lab) as at:
        intent = await at.decide(Decision.KEEP, "notes/readme.txt")
        (batch,) = lab.rows("SELECT id FROM scidex_console.batch WHERE decision_id = %s", number_of(intent))
        after = look(lab)
        for redo in (False, True):
            preview = await at.at_work.connected.read.rollback_preview(batch["id"], redo=redo)
            put = await at.at_work.connected.desk.submit(
                "redo" if redo else "rollback",
                preview.batch.job,
                {"batch": batch["id"], "token": preview.token},
                reason="a trial",
            )
            settled = await at.settled(put)
            assert settled.state is IntentState.DONE, settled.outcome
        assert look(lab) == after and await broken(lab) == []
