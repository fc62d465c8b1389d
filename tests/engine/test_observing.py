"""An engine without the right to write: it plans and shows, and touches nothing but its own book-keeping."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.domain.intents import IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.ports import AttemptFilter
from tests.engine.bench import Bench, addresses, bench, until_true

HOST = "a.example.org"


def files_of(folder: Path) -> dict[str, str]:
    """Every file below a folder, git's own included, with its hash."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def stores(bench: Bench) -> tuple[object, ...]:
    """Everything of the two stores that an engine may change."""
    outer = bench.lab.store.outer
    return files_of(outer), bench.artifacts(), bench.lab.rows("SELECT * FROM artifact_migration_log")


@pytest.mark.sweep
async def test_observing_engine_refuses_what_would_write_and_still_previews(
    tmp_path: Path, scidex_database: str
) -> None:
    async with bench(tmp_path, scidex_database, addresses((HOST, 9)), settings={"files": "4"}) as made:
        async with made.engine():
            await made.ask("step", count=4)
            batch = made.batches()[0]["id"]
            made.hosts.script.set_host(HOST, Behaviour.HTML)
            await made.ask("resume")
            await made.at_rest(RunState.DONE)
        before, asked = stores(made), len(made.asked())
        async with made.engine(writes=False, authorization=""):
            token = (await made.readers.read.rollback_preview(batch, redo=False)).token
            retry = await made.readers.read.retry_preview(JobName.FIGURES, AttemptFilter())
            assert retry.items
            orders = {
                "start": {},
                "step": {"count": 1},
                "resume": {},
                "retry": {"token": retry.token},
                "rollback": {"batch": batch, "token": token},
                "redo": {"batch": batch, "token": token},
            }
            for action, params in orders.items():
                refused = await made.ask(action, **params, reason="try")
                assert refused.state is IntentState.REFUSED
                assert refused.outcome.startswith(
                    "observe mode: this engine plans and shows, and writes nothing"
                )
                assert "writes.enabled" in refused.outcome
            plan = await made.readers.read.plan(JobName.FIGURES, limit=5)
            assert plan.gap.total > 0
            engine = await made.readers.read.engine()
            assert engine is not None and not engine.writes
        assert stores(made) == before
        assert len(made.asked()) == asked, "nobody is asked"


async def test_run_met_by_an_observing_engine_stands_still_says_why_and_can_be_put_to_rest(
    tmp_path: Path, scidex_database: str
) -> None:
    async with bench(tmp_path, scidex_database, addresses((HOST, 9)), settings={"files": "4"}) as made:
        made.hosts.let(5)
        async with made.engine_until_it_ends() as (_, life):
            await made.ask("start")
            await until_true(lambda: made.hosts.at_the_door > 0, "requests under way")
            life.cancel()
        made.hosts.let(None)
        before = stores(made)
        async with made.engine(writes=False):
            await until_true(lambda: "only observes" in made.run_row()["waits_on"], "it says why")
            asked = len(made.asked())
            assert (await made.ask("pause")).outcome == "run 1 is paused"
            assert (await made.ask("cancel")).outcome == "run 1 is cancelled"
            assert len(made.asked()) == asked
        assert stores(made) == before
        async with made.engine():
            await made.ask("start")
            assert await made.at_rest() is RunState.DONE
        assert made.tally() == {"stored": len(made.lab.store.lost)}


@pytest.mark.parametrize("writes", [True, False])
async def test_engine_without_a_run_asks_nobody_and_writes_nothing(
    tmp_path: Path, scidex_database: str, writes: bool
) -> None:
    async with bench(tmp_path, scidex_database, addresses((HOST, 4))) as made:
        before = made.artifacts(), made.lab.git("rev-parse", "HEAD"), made.lab.git("status", "--porcelain")
        async with made.engine(writes=writes):
            assert (await made.ask("pause")).state is IntentState.REFUSED
        now = made.artifacts(), made.lab.git("rev-parse", "HEAD"), made.lab.git("status", "--porcelain")
        assert now == before and made.asked() == []
