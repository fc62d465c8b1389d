"""A store whose schema was taken back and applied again: the new journal leaves the old one's work alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from scidex_console.domain.commits import parse_trailers
from scidex_console.domain.intents import IntentState
from scidex_console.domain.runs import RunState
from scidex_console.wiring.verification import verify
from tests.engine.bench import Bench, addresses, bench


def journals_in_history(lost: Bench) -> list[str]:
    """The journal each commit of ours names, oldest first."""
    log = lost.lab.git("log", "--reverse", "-z", "--format=%B").split("\0")
    return [trailers.journal for message in log if (trailers := parse_trailers(message.strip())) is not None]


def identity(lost: Bench) -> str:
    return str(lost.lab.rows("SELECT id FROM scidex_console.journal")[0]["id"])


async def begin_anew(lost: Bench) -> None:
    runner = SchemaRunner(lost.lab.store.database_url)
    await runner.revert(lose_migrated_state=True)
    await runner.apply()


@pytest.fixture
def urls() -> list[str]:
    return addresses(("fine.example.org", 16))


async def test_a_new_journal_works_on_beside_the_commits_of_the_one_before(
    tmp_path: Path, scidex_database: str, urls: list[str]
) -> None:
    async with bench(tmp_path, scidex_database, urls) as lost:
        async with lost.engine():
            assert (await lost.ask("step", count=1, cycle=True)).state is IntentState.DONE
            await lost.ask("cancel")
        first, kept = identity(lost), journals_in_history(lost)
        assert kept == [first]
        await begin_anew(lost)
        untouched = await verify(lost.lab.settings)
        assert untouched.holds, untouched.broken
        async with lost.engine():
            await lost.ask("start")
            assert await lost.at_rest() is RunState.DONE
        second = identity(lost)
        assert second != first
        assert journals_in_history(lost) == kept + [second] * len(lost.batches())
        report = await verify(lost.lab.settings)
        assert report.holds, [invariant.broken for invariant in report.invariants if not invariant.holds]
        told = {invariant.name: invariant.note for invariant in report.invariants}
        assert "2 commits of an earlier journal" in told["I7"]


@pytest.mark.sweep
async def test_a_rollback_under_a_new_journal_takes_back_its_own_batch_only(
    tmp_path: Path, scidex_database: str, urls: list[str]
) -> None:
    async with bench(tmp_path, scidex_database, urls) as lost:
        async with lost.engine():
            await lost.ask("step", count=1, cycle=True)
            await lost.ask("cancel")
        before = lost.lab.git("ls-tree", "-r", "HEAD")
        await begin_anew(lost)
        async with lost.engine():
            await lost.ask("step", count=1, cycle=True)
            (batch,) = lost.batches()
            rollback = await lost.readers.read.rollback_preview(batch["id"], redo=False)
            done = await lost.ask("rollback", batch=batch["id"], token=rollback.token)
            assert done.state is IntentState.DONE, done.outcome
        assert lost.lab.git("ls-tree", "-r", "HEAD") == before
        report = await verify(lost.lab.settings)
        assert report.holds, report.broken
