"""The engine itself keeps the gate and checks what is asked of it, whatever a console or a command sends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scidex_console.domain.jobs import JobName
from scidex_console.domain.soak.ladder import CheckState, Ladder, override_token
from tests.engine.bench import until_true
from tests.labs import AtWork, Lab, engine_at_work, make_lab

FOLDERS = JobName.FOLDERS
_SOAK = """
[soak]
enforce = "always"
duration = "1h"
measure_every = "1s"
new_artifact_grace = "0s"
service_url = "http://127.0.0.1:1"
"""


_BROKEN_SOURCE = """
events_query = "SELECT count(*) FROM nowhere WHERE at >= %(since)s AND at < %(until)s"
"""


@pytest.fixture
def lab(request: pytest.FixtureRequest, tmp_path: Path, scidex_database: str) -> Lab:
    extra = _SOAK + getattr(request, "param", "")
    return make_lab(tmp_path, scidex_database, extra=extra, figures=4, artifacts=24)


@pytest.fixture
async def work(lab: Lab) -> AsyncIterator[AtWork]:
    async with engine_at_work(lab.settings, frozenset(JobName)) as at_work:
        yield at_work


async def asked(work: AtWork, action: str, *, reason: str = "a trial", **params: object) -> str:
    """What became of an intent that is about no job."""
    intent = await work.connected.desk.submit(action, None, params, reason=reason)
    while (now := await work.connected.read.intent(intent.id)) is None or now.settled_at is None:
        await work.pause()
    return f"{now.state}: {now.outcome}"


def begun(lab: Lab, phase: int) -> None:
    """A phase that was begun long ago."""
    lab.rows(
        "INSERT INTO scidex_console.soak_phase (phase, needed_s, overridden, operator, origin, reason)"
        " VALUES (%s, 3600, true, 'ana', 'x', 'x') RETURNING id",
        phase,
    )


async def test_the_later_phases_read_their_figures_or_say_what_is_missing(lab: Lab, work: AtWork) -> None:
    words: dict[str, str] = {}
    for phase in (3, 4, 5):
        begun(lab, phase)
        assert (await asked(work, "soak_measure")).startswith("done")
        words |= {v.check.id: v.evidence.words for v in (await ladder(work)).checks if v.evidence}
    assert "no read was counted" in words["consumers"]
    assert "0 reads were counted since" in words["read_share"]
    assert "the service does not answer" in words["redirects"]
    assert "0 reads were counted" in words["readers"] and "entries are no" in words["listing"]


async def test_what_hindered_the_soak_is_told_only_as_long_as_it_does_also_before_any_phase(
    lab: Lab, work: AtWork
) -> None:
    async def noted() -> bool:
        await work.pause()
        (row,) = lab.rows("SELECT note FROM scidex_console.engine ORDER BY epoch DESC LIMIT 1")
        return "the soak is not measured" in row["note"]

    lab.rows("ALTER TABLE scidex_console.soak_phase RENAME TO elsewhere")
    try:
        async with asyncio.timeout(20):
            while not await noted():
                pass
    finally:
        lab.rows("ALTER TABLE scidex_console.elsewhere RENAME TO soak_phase")
    async with asyncio.timeout(20):
        while await noted():
            pass


async def ladder(work: AtWork) -> Ladder:
    return await work.connected.read.soak()


def audited(lab: Lab, action: str) -> list[dict[str, object]]:
    return lab.rows("SELECT * FROM scidex_console.audit WHERE action = %s ORDER BY id", f"intent:{action}")


async def test_a_run_of_folders_is_refused_until_the_gate_is_overridden_by_name(
    lab: Lab, work: AtWork
) -> None:
    for action, params in (("start", {}), ("step", {"count": 1}), ("redo", {"batch": 1, "token": "x"})):
        said = await work.ask(action, FOLDERS, **params)
        assert said.startswith("refused: soak: phase 2 may not run yet"), said
    assert (await ladder(work)).rules.enforced
    assert (await work.ask("start", JobName.FIGURES)).startswith("done")
    assert (await asked(work, "soak_begin", phase=0)).startswith("done: phase 0 (schema) has begun")
    assert "does not follow on phase 0" in await asked(work, "soak_begin", phase=2)
    wrong = await asked(work, "soak_override", phase=2, token="0" * 12)
    assert wrong.startswith("refused: what stands in the way has changed")
    token = override_token(await ladder(work), 2)
    assert "needs a reason" in await asked(work, "soak_override", reason="", phase=2, token=token)
    assert (await asked(work, "soak_override", reason="the board", phase=2, token=token)).startswith("done")
    assert (await work.ask("start", FOLDERS)).startswith("done: run")
    [row] = [
        row for row in audited(lab, "soak_override") if row["outcome"] and "may begin" in str(row["outcome"])
    ]
    assert (row["reason"], row["operator"] != "") == ("the board", True)
    [kept] = lab.rows("SELECT shut_by FROM scidex_console.soak_override")
    assert any("queries needs a person" in words for words in kept["shut_by"])
    assert (await asked(work, "soak_begin", phase=2)).endswith("(backfill) has begun, by an override")


async def test_a_sign_off_is_taken_for_the_evidence_that_is_there_and_for_no_other(
    lab: Lab, work: AtWork
) -> None:
    await asked(work, "soak_begin", phase=0)
    [view] = [view for view in (await ladder(work)).checks if view.check.id == "queries"]
    assert view.evidence is not None
    stale = await asked(work, "soak_sign", check="queries", token="another")
    assert stale.startswith("refused: the evidence of queries has changed")
    assert "a figure is not signed away" in await asked(work, "soak_sign", check="columns", token="x")
    token = view.evidence.fingerprint
    assert (await asked(work, "soak_sign", check="queries", token=token)).startswith(
        "done: queries is signed"
    )
    [view] = [view for view in (await ladder(work)).checks if view.check.id == "queries"]
    assert view.state is CheckState.SIGNED
    row = audited(lab, "soak_sign")[-1]
    before, after = row["before"], row["after"]
    assert isinstance(before, dict) and isinstance(after, dict)
    assert (before["checks"]["queries"], after["result"]["checks"]["queries"]) == ("person", "signed")


async def test_a_schema_that_is_taken_apart_fails_the_phase_at_the_next_look(lab: Lab, work: AtWork) -> None:
    await asked(work, "soak_begin", phase=0)
    lab.rows("DROP INDEX idx_artifacts_migrated")
    assert (await asked(work, "soak_measure")).startswith("done: phase 0 was measured: the gate is shut by")
    found = await ladder(work)
    assert found.clock is not None and found.clock.state == "stopped"
    assert "applied: 1 of 2 indexes" in found.clock.why


async def test_what_the_guide_does_not_ask_for_now_is_not_confirmed(lab: Lab, work: AtWork) -> None:
    assert "it has none: no phase is under way" in await asked(work, "soak_confirm", step="0-apply")
    await asked(work, "soak_begin", phase=0)
    assert (await asked(work, "soak_confirm", step="0-apply")).startswith("done")
    assert "was confirmed by" in await asked(work, "soak_confirm", step="0-apply")
    assert "is due in" in await asked(work, "soak_confirm", step="0-hour-1")


@pytest.mark.parametrize("lab", [_BROKEN_SOURCE], indirect=True)
async def test_a_source_of_events_that_breaks_neither_passes_nor_ends_the_engine(work: AtWork) -> None:
    token = override_token(await ladder(work), 1)
    await asked(work, "soak_override", phase=1, token=token)
    await asked(work, "soak_begin", phase=1)
    [view] = [v for v in (await ladder(work)).checks if v.check.id == "commit_failures"]
    assert view.evidence is not None
    assert (view.state, "nowhere" in view.evidence.words) == (CheckState.UNMEASURED, True)


@pytest.mark.sweep
async def test_a_commit_that_fails_is_on_record_once_a_minute(lab: Lab, work: AtWork) -> None:
    token = override_token(await ladder(work), 2)
    await asked(work, "soak_override", phase=2, token=token)
    lock = lab.store.artifacts / lab.git("rev-parse", "--git-path", "index.lock").strip()
    lock.touch()
    try:
        assert (await work.ask("start", FOLDERS)).startswith("done")

        def recorded() -> bool:
            return bool(lab.rows("SELECT 1 AS n FROM scidex_console.commit_failure WHERE kind = 'LockBusy'"))

        await until_true(recorded, "the failed commit is on record")
    finally:
        lock.unlink()
    assert len(lab.rows("SELECT id FROM scidex_console.commit_failure")) == 1
