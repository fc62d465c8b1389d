"""A share is changed by an order: for everybody, with a name and a reason, and within moments."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scidex_console.domain.jobs import JobName
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.settings import ReadersSettings
from scidex_console.wiring.artifact_reading import artifact_readers
from tests.labs import AtWork, Lab, engine_at_work, make_lab


@pytest.fixture
def lab(tmp_path: Path, scidex_database: str) -> Lab:
    return make_lab(tmp_path, scidex_database, figures=4, artifacts=8)


@pytest.fixture
async def work(lab: Lab) -> AsyncIterator[AtWork]:
    async with engine_at_work(lab.settings, frozenset(JobName)) as at_work:
        yield at_work


async def asked(work: AtWork, *, reason: str = "a step", **params: object) -> str:
    intent = await work.connected.desk.submit("readers_set", None, params, reason=reason)
    while (now := await work.connected.read.intent(intent.id)) is None or now.settled_at is None:
        await work.pause()
    return f"{now.state}: {now.outcome}"


async def test_a_change_is_done_audited_and_noticed_by_who_reads(lab: Lab, work: AtWork) -> None:
    quick = ReadersSettings(enabled=True, refresh="50ms", fold="50ms")  # type: ignore[arg-type]
    settings = lab.settings.model_copy(update={"readers": quick})
    async with artifact_readers(settings, name="test") as reading:
        assert reading.resolver.shares.percent == dict.fromkeys(ReaderKind, 0.0)
        outcome = await asked(work, reader="figure", share=25.5)
        assert outcome == "done: figure reads 25.5 % by the folder first (was 0 %)"
        async with asyncio.timeout(30):
            while not reading.resolver.shares.percent[ReaderKind.FIGURE]:
                await work.pause()
        assert reading.resolver.shares.percent[ReaderKind.FIGURE] == 25.5
        [found] = lab.rows("SELECT id FROM artifacts ORDER BY id LIMIT 1")
        assert await reading.resolver.resolve(str(found["id"]), ReaderKind.API) is not None
    view = await work.connected.read.readers(minutes=5)
    figure, api = view.of("figure"), view.of("api")
    assert figure is not None and (figure.share, figure.reason) == (25.5, "a step") and figure.operator
    assert api is not None and (api.share, api.reads, sum(api.per_minute)) == (0.0, 1, 1)
    [audit] = lab.rows("SELECT * FROM scidex_console.audit WHERE action = 'intent:readers_set'")
    assert audit["reason"] == "a step"
    assert audit["before"]["shares"]["figure"] == 0
    assert audit["after"]["result"]["shares"]["figure"] == 25.5


async def test_what_cannot_be_is_refused_by_the_engine_itself(work: AtWork) -> None:
    assert "there is no reader 'nobody'" in await asked(work, reader="nobody", share=5)
    assert "a share is from 0 to 100" in await asked(work, reader="figure", share=101)
    assert "a share is a number" in await asked(work, reader="figure", share="5")
    assert "needs a reason" in await asked(work, reader="figure", share=5, reason=" ")


async def test_a_share_changed_meanwhile_makes_the_plan_stale(work: AtWork) -> None:
    token = (await work.connected.read.readers(minutes=1)).token("all")
    assert (await asked(work, reader="figure", share=5.0)).startswith("done")
    assert "has been changed meanwhile" in await asked(work, reader="all", share=50.0, token=token)
    view = await work.connected.read.readers(minutes=1)
    assert "was 0 to 5 %" in await asked(work, reader="all", share=50.0, token=view.token("all"))
