"""I6, I7, I8, I11 and the counters break when what they say is no longer so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scidex_console.domain.jobs import JobName
from scidex_console.engine.two_stores import outer
from scidex_console.wiring.engine import engine_options
from scidex_console.wiring.held_store import held_store
from scidex_console.wiring.verification import verify
from tests.engine.verification.worked_store import WorkedStore, prepared_operations, store_figures

MESSAGE = """figures: a commit by hand

Scidex-Op: {op}
Scidex-Batch: {uid}
Scidex-Kind: {kind}
Scidex-Epoch: {epoch}
Scidex-Authorization: TEST-1
"""


def last_batch(worked: WorkedStore) -> str:
    return str(worked.sql("SELECT uid FROM scidex_console.batch ORDER BY id DESC LIMIT 1")[0]["uid"])


def commit_by_hand(worked: WorkedStore, **trailers: object) -> str:
    """An empty commit that bears trailers like ours; what is staged goes with it."""
    uid = last_batch(worked)
    fields = {"op": f"{uid}/1", "uid": uid, "kind": "apply", "epoch": 1} | trailers
    worked.git("commit", "--quiet", "--allow-empty", "-F", "-", stdin=MESSAGE.format(**fields))
    return worked.git("rev-parse", "HEAD")


def record(worked: WorkedStore, commit: str, op: str, kind: str = "apply") -> None:
    """Record a commit as an engine would, with its audit row."""
    worked.sql(
        "INSERT INTO scidex_console.commit_record (op, kind, batch_id, commit_id, epoch)"
        " SELECT %s, %s, max(id), %s, 1 FROM scidex_console.batch",
        op,
        kind,
        commit,
    )
    worked.sql(
        "INSERT INTO scidex_console.audit (operator, origin, version, authorization_ref, epoch, action,"
        " batch_id, op, after) SELECT 'x', 'x', 'x', 'TEST-1', 1, 'commit:' || %s, max(id), %s,"
        " jsonb_build_object('commit', %s::text) FROM scidex_console.batch",
        kind,
        op,
        commit,
    )


async def test_a_second_commit_of_the_same_operation_and_kind_breaks(worked_files: WorkedStore) -> None:
    commit_by_hand(worked_files)
    report = await verify(worked_files.settings)
    assert report.broken == ("I6",)
    assert "has 2 commits" in report.invariants[5].broken[0]


async def test_a_commit_that_the_journal_does_not_record_breaks(worked_files: WorkedStore) -> None:
    commit = commit_by_hand(worked_files, op=f"{last_batch(worked_files)}/2")
    report = await verify(worked_files.settings)
    assert report.broken == ("I7",)
    assert commit in report.invariants[6].broken[0]


@pytest.mark.parametrize("journal", ["", "Scidex-Journal: 00000000-0000-4000-8000-000000000000\n"])
async def test_commits_of_an_earlier_journal_are_counted(worked: WorkedStore, journal: str) -> None:
    worked.sql("ALTER TABLE scidex_console.audit DISABLE TRIGGER audit_append_only")
    for table in ("batch", "commit_record", "audit", "engine"):
        worked.sql(f"UPDATE scidex_console.{table} SET epoch = 2")
    uid = "10000000-0000-4000-8000-000000000000"
    message = MESSAGE.format(op=f"{uid}/1", uid=uid, kind="apply", epoch=1) + journal
    worked.git("commit", "--quiet", "--allow-empty", "-F", "-", stdin=message)
    report = await verify(worked.settings)
    assert report.broken == ()
    assert "1 commits of an earlier journal" in report.invariants[6].note


async def test_a_commit_of_another_journal_made_while_this_one_is_in_use_breaks(
    worked_files: WorkedStore,
) -> None:
    uid = "10000000-0000-4000-8000-000000000000"
    message = MESSAGE.format(op=f"{uid}/1", uid=uid, kind="apply", epoch=1) + f"Scidex-Journal: {uid}\n"
    worked_files.git("commit", "--quiet", "--allow-empty", "-F", "-", stdin=message)
    report = await verify(worked_files.settings)
    assert report.broken == ("I7",)
    assert "only one database" in report.invariants[6].broken[0]


async def test_a_commit_of_a_batch_of_ours_that_names_another_journal_breaks(
    worked_files: WorkedStore,
) -> None:
    uid = last_batch(worked_files)
    message = MESSAGE.format(op=f"{uid}/2", uid=uid, kind="apply", epoch=0) + "Scidex-Journal: other\n"
    worked_files.git("commit", "--quiet", "--allow-empty", "-F", "-", stdin=message)
    report = await verify(worked_files.settings)
    assert "I7" in report.broken
    assert "and another journal (other)" in report.invariants[6].broken[0]


async def test_commits_from_before_journals_had_an_identity_are_the_journals_own(worked: WorkedStore) -> None:
    options = engine_options(worked.settings, frozenset({JobName.FIGURES}), until_idle=True)
    async with held_store(worked.settings, options) as held:
        unnamed = replace(held, mandate=replace(held.mandate, journal=""))
        await store_figures(unnamed, worked.settings, worked.lost[15:17])
        await outer.publish(unnamed.stores())
    assert "Scidex-Journal" not in worked.git("log", "-1", "--format=%B")
    report = await verify(worked.settings)
    assert report.broken == ()
    assert "earlier journal" not in report.invariants[6].note


async def test_a_journal_whose_identity_was_changed_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql("ALTER TABLE scidex_console.journal DISABLE TRIGGER journal_never_changes")
    worked_rows.sql("UPDATE scidex_console.journal SET id = gen_random_uuid()")
    assert "I7" in (await verify(worked_rows.settings)).broken


async def test_a_pointer_commit_that_the_journal_does_not_record_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql(
        "DELETE FROM scidex_console.commit_record WHERE kind = 'pointer' AND op LIKE %s", "%/undo"
    )
    report = await verify(worked_rows.settings)
    assert report.broken == ("I7",)
    assert "is not recorded" in report.invariants[6].broken[0]
    assert "which the journal does not record" in report.invariants[6].broken[1]


async def test_a_record_of_another_commit_breaks(worked: WorkedStore) -> None:
    worked.sql(
        "UPDATE scidex_console.commit_record SET commit_id = %s WHERE kind = 'undo'",
        worked.git("rev-parse", "HEAD"),
    )
    report = await verify(worked.settings)
    assert report.broken == ("I7",)
    assert "recorded as" in report.invariants[6].broken[0]


async def test_a_record_without_its_commit_breaks(worked: WorkedStore) -> None:
    record(worked, "0" * 40, f"{last_batch(worked)}/2")
    report = await verify(worked.settings)
    assert report.broken == ("I7",)
    assert "is not in HEAD's history" in report.invariants[6].broken[0]


async def test_a_commit_without_its_audit_row_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql("ALTER TABLE scidex_console.audit DISABLE TRIGGER audit_append_only")
    worked_rows.sql("DELETE FROM scidex_console.audit WHERE action = 'commit:undo'")
    assert (await verify(worked_rows.settings)).broken == ("I7",)


@pytest.mark.parametrize("action", ["batch:apply", "batch:rollback"])
async def test_a_batch_without_its_audit_row_breaks(worked_rows: WorkedStore, action: str) -> None:
    worked_rows.sql("ALTER TABLE scidex_console.audit DISABLE TRIGGER audit_append_only")
    worked_rows.sql("DELETE FROM scidex_console.audit WHERE action = %s", action)
    report = await verify(worked_rows.settings)
    assert report.broken == ("I7",)
    assert action in report.invariants[6].broken[0]


async def test_a_commit_whose_record_names_another_batch_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql("UPDATE scidex_console.commit_record SET batch_id = 1 WHERE kind = 'undo'")
    assert (await verify(worked_rows.settings)).broken == ("I7",)


async def test_a_record_older_than_its_commit_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql("UPDATE scidex_console.commit_record SET epoch = 0 WHERE kind = 'undo'")
    report = await verify(worked_rows.settings)
    assert report.broken == ("I7",)
    assert "recorded in epoch 0" in report.invariants[6].broken[0]


async def test_a_batch_without_its_recorded_commit_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql("UPDATE scidex_console.batch SET uid = gen_random_uuid() WHERE id = 1")
    report = await verify(worked_rows.settings)
    assert report.broken == ("I7",)
    assert any("without a recorded apply commit" in line for line in report.invariants[6].broken)


async def test_a_commit_in_the_wrong_repository_breaks(worked: WorkedStore) -> None:
    uid = last_batch(worked)
    message = MESSAGE.format(op=f"{uid}/1", uid=uid, kind="compensate", epoch=1)
    worked.git("commit", "--quiet", "--allow-empty", "-F", "-", folder=worked.outer, stdin=message)
    commit = worked.git("rev-parse", "HEAD", folder=worked.outer)
    record(worked, commit, f"{uid}/1", "compensate")
    report = await verify(worked.settings)
    assert report.broken == ("I7",)
    assert "wrong repository" in report.invariants[6].broken[0]


async def test_a_batch_left_open_with_no_engine_at_work_breaks_the_journal_alone(
    worked: WorkedStore,
) -> None:
    options = engine_options(worked.settings, frozenset({JobName.FIGURES}), until_idle=True)
    async with held_store(worked.settings, options) as held:
        operations = await prepared_operations(held, worked.settings, worked.lost[15:17])
        await held.journal().prepare(
            JobName.FIGURES,
            None,
            operations,
            base_commit=held.files.repository.head(),
            epoch=held.mandate.epoch,
            authorization="TEST-1",
        )
        during = await verify(worked.settings)
    assert during.broken == () and during.engine_at_work
    after = await verify(worked.settings)
    assert after.broken == ("I8",)
    assert "start one to settle it" in after.invariants[7].broken[0]


async def test_an_operation_left_open_in_a_settled_batch_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql(
        "UPDATE scidex_console.operation SET state = 'prepared' WHERE id ="
        " (SELECT max(id) FROM scidex_console.operation WHERE path IS NULL)"
    )
    assert "I8" in (await verify(worked_rows.settings)).broken


async def test_an_epoch_that_decreases_along_history_breaks(worked: WorkedStore) -> None:
    op = f"{last_batch(worked)}/2"
    record(worked, commit_by_hand(worked, op=op, epoch=0), op)
    report = await verify(worked.settings)
    assert report.broken == ("I8",)
    assert "after one of epoch 1" in report.invariants[7].broken[0]


async def test_an_epoch_reference_behind_the_history_breaks(worked_files: WorkedStore) -> None:
    zero = worked_files.git("hash-object", "-w", "--stdin", stdin="0\n")
    worked_files.git("update-ref", "refs/scidex-console/epoch", zero)
    assert (await verify(worked_files.settings)).broken == ("I8",)


async def test_a_database_behind_the_repositorys_epoch_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql("UPDATE scidex_console.engine SET epoch = 0")
    assert (await verify(worked_rows.settings)).broken == ("I8",)


async def test_a_commit_that_changes_another_artifacts_path_breaks(worked: WorkedStore) -> None:
    (worked.artifacts / "README.md").write_text("ours now")
    worked.git("add", "README.md")
    op = f"{last_batch(worked)}/2"
    record(worked, commit_by_hand(worked, op=op), op)
    report = await verify(worked.settings)
    assert report.broken == ("I1", "I11")
    assert "none of its paths" in report.invariants[10].broken[0]
    assert "replaces README.md" in report.invariants[10].broken[1]


async def test_a_pointer_commit_that_changes_more_than_the_pointer_breaks(worked: WorkedStore) -> None:
    (worked.outer / "more.txt").write_text("more")
    worked.git("add", "more.txt", folder=worked.outer)
    uid = last_batch(worked)
    message = MESSAGE.format(op=f"{uid}/2", uid=uid, kind="pointer", epoch=1)
    worked.git("commit", "--quiet", "-F", "-", folder=worked.outer, stdin=message)
    record(worked, worked.git("rev-parse", "HEAD", folder=worked.outer), f"{uid}/2", "pointer")
    assert (await verify(worked.settings)).broken == ("I11",)


async def test_one_path_stored_for_two_artifacts_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql(
        "UPDATE scidex_console.operation SET path = %s, sha256 = '' WHERE artifact_id = %s",
        worked_rows.path_of(worked_rows.lost[0]),
        worked_rows.lost[1],
    )
    report = await verify(worked_rows.settings)
    assert {"I1", "I11"} <= set(report.broken)
    assert any("was stored for" in line for line in report.invariants[10].broken)


async def test_a_counter_that_drifted_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql(
        "INSERT INTO scidex_console.counter_delta (subject, host_group, state, n)"
        " VALUES ('figure', 'europepmc', 'due', 3)"
    )
    report = await verify(worked_rows.settings)
    assert report.broken == ("counters",)
    assert "figure europepmc due: counted" in report.invariants[15].broken[0]
