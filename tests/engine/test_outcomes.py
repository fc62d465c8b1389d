"""What becomes of a figure and of its row, for every way in which a host answers."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio

from scidex_console.demo.hosts.scenarios import PASSING, Behaviour, Scenario, expected_outcome
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.intents import IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.ports import AttemptFilter
from tests.conftest import Databases
from tests.crash.checks import assert_sound
from tests.engine.bench import Bench, addresses, bench, until_true

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROWS = 2
"""Figures per behaviour; a few have their file already, but at least one of each lacks it."""
HEALING = "healing"


def host_of(kind: str) -> str:
    return f"{kind}.example.org"


@dataclass(frozen=True)
class Aftermath:
    """A store after a run to its end, with the rows as they were before."""

    bench: Bench
    before: dict[str, dict[str, Any]]
    states: dict[str, str]
    """Figure states right after the run."""

    def ids(self, kind: str) -> list[str]:
        lost = self.bench.lab.store.lost
        found = [i for i, url in lost.items() if url.split("/")[2] == host_of(kind)]
        assert found
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def after(
    tmp_path_factory: pytest.TempPathFactory, _databases: Databases, _scidex_template: str
) -> AsyncIterator[Aftermath]:
    kinds = {behaviour.value: Scenario(behaviour) for behaviour in Behaviour}
    kinds |= {f"{HEALING}-{behaviour.value}": Scenario(behaviour, 1) for behaviour in sorted(PASSING)}
    # A hold lasts a second or two, and each row of a held host is tried three times.
    urls = addresses(*((host_of(kind), 1 if "rate-limited" in kind else ROWS) for kind in kinds))
    settings = {
        "files": "40",
        "back_off": '"100ms"',
        "back_off_longest": '"200ms"',
        "hold": '"100ms"',
        "hold_longest": '"200ms"',
        "breaker_first": '"50ms"',
    }
    with _databases(_scidex_template) as database:
        async with bench(tmp_path_factory.mktemp("outcomes"), database, urls, settings=settings) as made:
            for kind, scenario in kinds.items():
                made.hosts.script.set_host(host_of(kind), scenario.behaviour, scenario.failures)
            before = made.artifacts()
            async with made.engine():
                await made.ask("start")
                assert await made.at_rest() is RunState.DONE
                yield Aftermath(made, before, made.figures())


@pytest.mark.parametrize("behaviour", Behaviour)
async def test_figure_ends_as_a_truthful_client_would_say(after: Aftermath, behaviour: Behaviour) -> None:
    expected = expected_outcome(Scenario(behaviour)).final
    for artifact_id in after.ids(behaviour.value):
        assert after.states[artifact_id] == expected.value
        row, before = after.bench.artifact(artifact_id), after.before[artifact_id]
        if expected is FetchClass.STORED:
            assert_stored(after.bench, row, before)
        elif expected is FetchClass.DEAD:
            assert_marked_dead(row, before)
        else:
            assert row == before, "the row is untouched"


@pytest.mark.parametrize("behaviour", sorted(PASSING))
async def test_trouble_that_passes_ends_in_a_stored_figure(after: Aftermath, behaviour: Behaviour) -> None:
    for artifact_id in after.ids(f"{HEALING}-{behaviour.value}"):
        assert after.states[artifact_id] == "stored"
        assert_stored(after.bench, after.bench.artifact(artifact_id), after.before[artifact_id])


def assert_stored(bench: Bench, row: dict[str, Any], before: dict[str, Any]) -> None:
    data = (bench.lab.store.outer / row["file_path"]).read_bytes()
    assert row["metadata"] == before["metadata"] | {
        "file_sha256": hashlib.sha256(data).hexdigest(),
        "file_size_bytes": len(data),
    }
    folder = bench.lab.settings.artifact_paths().figures
    assert row["file_path"].startswith(f"{bench.lab.store.submodule}/{folder}/")
    assert {**row, "file_path": 0, "metadata": 0, "updated_at": 0} == {
        **before,
        "file_path": 0,
        "metadata": 0,
        "updated_at": 0,
    }


def assert_marked_dead(row: dict[str, Any], before: dict[str, Any]) -> None:
    marked = row["metadata"]
    assert datetime.fromisoformat(marked["image_404_at"]).tzinfo is not None
    assert marked == before["metadata"] | {
        "image_unavailable": True,
        "image_404_at": marked["image_404_at"],
    }
    assert row["file_path"] == before["file_path"]


async def test_every_attempt_is_a_row_with_its_reason(after: Aftermath) -> None:
    attempts = after.bench.lab.rows("SELECT * FROM scidex_console.fetch_attempt ORDER BY id")
    by_figure: dict[str, list[str]] = {}
    for attempt in attempts:
        by_figure.setdefault(attempt["artifact_id"], []).append(attempt["outcome"])
        assert attempt["reason"] and attempt["run_id"] == 1
        assert attempt["requests"] > 0 and attempt["took_ms"] >= 0
    assert by_figure.keys() == after.states.keys()
    assert {len(outcomes) for outcomes in by_figure.values()} <= {1, 2, 3}
    for artifact_id in after.ids(Behaviour.SERVER_ERROR.value):
        assert by_figure[artifact_id] == ["transient"] * 3, "asked again, and then left to a person"
    for artifact_id in after.ids(Behaviour.HTML.value):
        assert by_figure[artifact_id] == ["suspect"]


async def test_nothing_of_the_run_is_left_between_the_stores(after: Aftermath) -> None:
    assert_sound(after.bench.lab)


# --- retry: these change the store, and come after what only looks ------------------------------------------


async def test_retry_makes_exactly_the_previewed_rows_due_and_refuses_a_stale_token(after: Aftermath) -> None:
    bench = after.bench
    criteria = AttemptFilter(outcome="suspect")
    preview = await bench.readers.read.retry_preview(JobName.FIGURES, criteria)
    suspects = {i for i, state in bench.figures().items() if state == "suspect"}
    assert {item.artifact_id for item in preview.items} == suspects and len(suspects) > 4
    without = await bench.ask("retry", outcome="suspect")
    assert without.state is IntentState.REFUSED and "look again" in without.outcome
    other = await bench.ask("retry", outcome="refused", token=preview.token)
    assert other.state is IntentState.REFUSED, "the filter is part of the plan"
    one = sorted(suspects)[0]
    said = (await bench.ask("retry", artifact_ids=[one])).outcome
    assert said == "1 row is due again; start a run to take it up: `scidex-console start figures`"
    stale = await bench.ask("retry", outcome="suspect", token=preview.token)
    assert (stale.state, "have changed since the preview" in stale.outcome) == (IntentState.REFUSED, True)
    assert bench.tally()["due"] == 1
    preview = await bench.readers.read.retry_preview(JobName.FIGURES, criteria)
    done = await bench.ask("retry", outcome="suspect", token=preview.token, reason="the site is back")
    assert done.outcome.startswith(f"{len(suspects) - 1} rows are due again; start a run to take them up: ")
    assert {i for i, state in bench.figures().items() if state == "due"} == suspects
    await _retried_rows_alone_are_asked_and_settled_rows_never_again(after)


async def _retried_rows_alone_are_asked_and_settled_rows_never_again(after: Aftermath) -> None:
    bench = after.bench
    due = {i for i, state in bench.figures().items() if state == "due"}
    for behaviour in (Behaviour.HTML, Behaviour.JSON):
        bench.hosts.script.set_host(host_of(behaviour.value), Behaviour.IMAGE)
    asked = bench.asked_urls()
    await bench.ask("start")
    assert await bench.at_rest() is RunState.DONE
    again = {url for url, count in bench.asked_urls().items() if count > asked[url]}
    assert {i for i, url in bench.lab.store.lost.items() if url in again} == due
    for artifact_id in after.ids(Behaviour.HTML.value):
        assert bench.figures()[artifact_id] == "stored"
    assert_sound(bench.lab)


async def test_retry_while_the_run_is_running_is_taken_up_by_it(after: Aftermath) -> None:
    bench = after.bench
    blocked = after.ids(Behaviour.FORBIDDEN.value)
    bench.hosts.script.set_host(host_of(Behaviour.FORBIDDEN.value), Behaviour.IMAGE)
    for kind in (Behaviour.TIMEOUT, Behaviour.TRUNCATED):
        bench.hosts.script.set_host(host_of(kind.value), Behaviour.IMAGE)
    transient = await bench.readers.read.retry_preview(
        JobName.FIGURES, AttemptFilter(group=host_of(Behaviour.TIMEOUT.value))
    )
    await bench.ask("retry", group=host_of(Behaviour.TIMEOUT.value), token=transient.token)
    bench.hosts.let(0)
    await bench.ask("start")
    await until_true(lambda: bench.hosts.at_the_door > 0, "something under way")
    for artifact_id in blocked:
        assert (await bench.ask("retry", artifact_ids=[artifact_id])).state is IntentState.DONE
    bench.hosts.let(None)
    assert await bench.at_rest() is RunState.DONE
    states = bench.figures()
    assert {states[i] for i in (*blocked, *after.ids(Behaviour.TIMEOUT.value))} == {"stored"}
    settled = await bench.ask("retry", artifact_ids=[blocked[0]])
    assert settled.state is IntentState.REFUSED and "has not failed" in settled.outcome
    assert_sound(bench.lab)
