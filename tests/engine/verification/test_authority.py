"""I14 breaks when something was written that nobody had allowed, or while nothing was to be written."""

from __future__ import annotations

from scidex_console.wiring.verification import verify
from tests.engine.verification.test_journal import MESSAGE, last_batch, record
from tests.engine.verification.worked_store import WorkedStore


def run_around_the_first_batch(worked: WorkedStore, state: str = "running") -> None:
    """Give the first batch a run that has begun an hour before it."""
    worked.sql(
        "INSERT INTO scidex_console.run (job, state, started_at, operator, origin)"
        " VALUES ('figures', %s, now() - interval '1 day', 'x', 'x')",
        state,
    )
    worked.sql("UPDATE scidex_console.batch SET run_id = (SELECT id FROM scidex_console.run) WHERE id = 1")


def told(worked: WorkedStore, action: str, minutes: int) -> None:
    """Tell of the run, so many minutes after the first batch was begun (negative: before)."""
    worked.sql(
        "INSERT INTO scidex_console.audit (at, operator, origin, version, action, run_id)"
        " SELECT b.created_at + make_interval(mins => %s), 'x', 'x', 'x', %s, r.id"
        " FROM scidex_console.batch AS b, scidex_console.run AS r WHERE b.id = 1",
        minutes,
        action,
    )


async def test_a_batch_begun_while_its_run_was_halted_breaks(worked_rows: WorkedStore) -> None:
    run_around_the_first_batch(worked_rows)
    told(worked_rows, "run:halt", -5)
    told(worked_rows, "run:resume", 5)
    report = await verify(worked_rows.settings)
    assert report.broken == ("I14",)
    assert "while its run" in report.invariants[13].broken[0]


async def test_a_batch_begun_before_a_halt_or_after_it_is_as_it_should_be(worked_rows: WorkedStore) -> None:
    run_around_the_first_batch(worked_rows)
    for action, minutes in (("halt", -9), ("resume", -5), ("halt", 5), ("cancel", 9)):
        told(worked_rows, f"run:{action}", minutes)
    report = await verify(worked_rows.settings)
    assert report.broken == ()
    assert "2 halts" in report.invariants[13].note


async def test_a_halt_that_the_audit_does_not_tell_of_breaks(worked_rows: WorkedStore) -> None:
    run_around_the_first_batch(worked_rows, "halted")
    report = await verify(worked_rows.settings)
    assert report.broken == ("I14",)
    assert "does not say since when" in report.invariants[13].broken[0]


async def test_a_halt_whose_end_the_audit_does_not_tell_of_breaks(worked_rows: WorkedStore) -> None:
    run_around_the_first_batch(worked_rows)
    told(worked_rows, "run:halt", 5)
    report = await verify(worked_rows.settings)
    assert report.broken == ("I14",)
    assert "that its halt ended" in report.invariants[13].broken[0]


async def test_something_written_in_the_epoch_of_an_engine_that_only_observed_breaks(
    worked_rows: WorkedStore,
) -> None:
    """Also when another engine, which may write, has come since."""
    worked_rows.sql("ALTER TABLE scidex_console.audit DISABLE TRIGGER audit_append_only")
    worked_rows.sql(
        "UPDATE scidex_console.audit SET after = '{\"writes\": false}' WHERE action = 'engine:start'"
    )
    worked_rows.sql("UPDATE scidex_console.engine SET epoch = 9")
    report = await verify(worked_rows.settings)
    assert report.broken == ("I14",)
    assert "only observes" in report.invariants[13].broken[0]


async def test_a_batch_without_its_authorization_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql("UPDATE scidex_console.batch SET authorization_ref = '' WHERE id = 1")
    assert (await verify(worked_rows.settings)).broken == ("I14",)


async def test_a_commit_without_its_authorization_breaks(worked: WorkedStore) -> None:
    uid = last_batch(worked)
    message = MESSAGE.format(op=f"{uid}/2", uid=uid, kind="apply", epoch=1)
    message = message.replace("Scidex-Authorization: TEST-1\n", "")
    worked.git("commit", "--quiet", "--allow-empty", "-F", "-", stdin=message)
    record(worked, worked.git("rev-parse", "HEAD"), f"{uid}/2")
    assert (await verify(worked.settings)).broken == ("I14",)


async def test_something_written_under_an_observing_engine_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql("UPDATE scidex_console.engine SET writes = false")
    report = await verify(worked_rows.settings)
    assert report.broken == ("I14",)
    assert "only observes" in report.invariants[13].broken[0]


async def test_a_batch_begun_after_its_run_had_ended_breaks(worked_rows: WorkedStore) -> None:
    worked_rows.sql(
        "INSERT INTO scidex_console.run (job, state, started_at, finished_at, operator, origin) VALUES"
        " ('figures', 'done', now() - interval '2 hours', now() - interval '1 hour', 'x', 'x')"
    )
    worked_rows.sql(
        "UPDATE scidex_console.batch SET run_id = (SELECT id FROM scidex_console.run) WHERE id = 1"
    )
    report = await verify(worked_rows.settings)
    assert report.broken == ("I14",)
    assert "had ended" in report.invariants[13].broken[0]
