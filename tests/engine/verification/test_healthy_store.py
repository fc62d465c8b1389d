"""Stores that are sound must be told so, at rest and at work."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from scidex_console.engine.verification.findings import StoreReport
from scidex_console.wiring.verification import verify
from tests.engine.verification.worked_store import DEAD, LATER, STORED, WorkedStore, settings_of
from tests.worlds import small_store


def counted(report: StoreReport, name: str) -> dict[str, int]:
    found = next(invariant for invariant in report.invariants if invariant.name == name)
    return dict(getattr(found, "counted", {}))


async def test_a_store_that_was_worked_on_holds_every_invariant(worked_files: WorkedStore) -> None:
    report = await verify(worked_files.settings)
    assert report.broken == ()
    assert report.exit_code == 0
    assert not report.engine_at_work
    assert [i.name for i in report.invariants] == [*(f"I{n}" for n in range(1, 16)), "counters"]
    assert {i.name for i in report.invariants if i.holds is None} == {"I2"}


async def test_what_was_lost_before_any_work_is_counted_apart(worked_files: WorkedStore) -> None:
    report = await verify(worked_files.settings)
    found = counted(report, "I1")
    stored = len(range(24)[STORED]) + len(range(24)[LATER])
    assert found["figures stored or adopted by this tool"] == stored
    in_gap = worked_files.sql(
        "SELECT count(*) AS n FROM artifacts WHERE artifact_type = 'paper_figure' AND file_path IS NOT NULL"
        " AND metadata->'file_sha256' IS NULL"
    )
    assert found["lost before any work (the gap)"] == in_gap[0]["n"] > 0
    marks = counted(report, "I15")
    assert marks["marks with a logged answer"] == len(range(24)[DEAD])
    assert marks["marked before this tool came, or by others without a date"] == 1


async def test_a_store_without_any_batch_holds_what_applies(tmp_path: Path, database_url: str) -> None:
    store = small_store(tmp_path, database_url, figures=6, artifacts=20)
    await SchemaRunner(database_url).apply()
    report = await verify(settings_of(database_url, store.outer, writes=False))
    assert report.broken == ()
    assert {i.name for i in report.invariants if i.holds is None} == {"I2", "I12"}


async def test_without_an_outer_repository_its_pointer_does_not_apply(worked_files: WorkedStore) -> None:
    repository = worked_files.settings.repository.model_copy(update={"outer": None})
    settings = worked_files.settings.model_copy(update={"repository": repository})
    report = await verify(settings)
    assert report.broken == ()
    assert {i.name for i in report.invariants if i.holds is None} == {"I2", "I13"}
    assert counted(report, "I7")["pointer commits not looked at, no outer repository is configured"] == 4


async def test_a_lock_of_somebody_elses_git_is_none_of_ours(worked_files: WorkedStore) -> None:
    Path(worked_files.git("rev-parse", "--absolute-git-dir"), "index.lock").touch()
    assert (await verify(worked_files.settings)).broken == ()


async def test_a_git_lfs_pointer_to_the_very_bytes_counts_as_them(worked_files: WorkedStore) -> None:
    path = worked_files.path_of(worked_files.lost[0])
    content = (worked_files.artifacts / path).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n"
    blob = worked_files.git("hash-object", "-w", "--stdin", stdin=pointer)
    worked_files.git("update-index", "--cacheinfo", f"100644,{blob},{path}")
    worked_files.git("commit", "--quiet", "-m", "Keep figures by pointer")
    assert (await verify(worked_files.settings)).broken == ()


async def test_a_path_below_the_outer_repository_is_opened_there(worked: WorkedStore) -> None:
    place = worked.outer / "site/figures/elsewhere.png"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"elsewhere")
    worked.sql("UPDATE artifacts SET file_path = 'site/figures/elsewhere.png' WHERE id = %s", worked.lost[20])
    report = await verify(worked.settings)
    assert report.broken == ()
    assert counted(report, "I1")["files opened, no hash expected"] >= 1


@pytest.mark.sweep
async def test_a_path_kept_in_the_metadata_is_found_there(worked_rows: WorkedStore) -> None:
    worked_rows.sql(
        "UPDATE artifacts SET metadata = metadata || jsonb_build_object('file_path', file_path)"
        " WHERE file_path IS NOT NULL"
    )
    worked_rows.sql("ALTER TABLE artifacts DROP COLUMN file_path")
    report = await verify(worked_rows.settings)
    assert report.broken == ()
    assert counted(report, "I1")["figures stored or adopted by this tool"] == 6
    worked_rows.sql(
        'UPDATE artifacts SET metadata = metadata || \'{"file_path": "data/scidex-artifacts/figures/x.png"}\''
        " WHERE id = %s",
        worked_rows.lost[0],
    )
    assert (await verify(worked_rows.settings)).broken == ("I1",)
