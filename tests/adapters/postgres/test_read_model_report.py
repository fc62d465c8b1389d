"""The report counts every artifact once, and every attempt."""

from __future__ import annotations

import json

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.domain.errors import Refused
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from tests.adapters.postgres.conftest import Sql
from tests.adapters.postgres.small_store import SmallStore


async def test_report_counts_artifacts_by_their_last_attempt_and_sums_every_attempt(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    rows = [store.add(name, group="ncbi" if name == "d" else "europepmc") for name in "abcd"]
    await store.survey(rows, total=4)
    run = await store.start()
    await store.attempt("a", FetchClass.TRANSIENT, run_id=run.id)
    await store.figures.make_due(["a"])
    await store.attempt("a", FetchClass.STORED, run_id=run.id)
    await store.attempt("b", FetchClass.DEAD, run_id=run.id, host="cdn.europepmc.example")
    await store.attempt("c", FetchClass.BLOCKED, run_id=run.id)
    await store.runs.move(run, RunState.DONE)
    second = await store.start()
    await store.attempt("d", FetchClass.SUSPECT, run_id=second.id)
    await store.figures.make_due(["c"])
    await store.attempt("c", FetchClass.REFUSED, run_id=second.id)

    model = PostgresReadModel(database)
    report = await model.report(JobName.FIGURES, run.id)
    assert (report["job"], report["run"]) == ("figures", run.id)
    assert [row["id"] for row in sql.execute("SELECT id::text FROM scidex_console.journal")] == [
        report["journal"]
    ]
    assert report["totals"] == {
        "attempted": 3,
        "fetched": 1,
        "hard_404": 1,
        "marked": 0,
        "transient": 0,
        "blocked": 1,
        "suspect": 0,
        "refused": 0,
        "taken_back": 0,
        "left_out": 0,
        "attempts": 4,
        "requests": 8,
        "bytes": 1000,
    }
    hosts = {(host["group"], host["host"]): host for host in report["hosts"]}
    assert hosts["europepmc", "cdn.europepmc.example"]["hard_404"] == 1
    assert hosts["europepmc", "europepmc.example"]["attempts"] == 3
    assert report["hosts"][0]["attempted"] == 2, "busiest host first"
    assert json.loads(json.dumps(report)) == report

    whole = await model.report(JobName.FIGURES, None)
    assert whole["run"] is None
    assert (whole["totals"]["attempted"], whole["totals"]["attempts"]) == (4, 6)
    assert (whole["totals"]["blocked"], whole["totals"]["refused"]) == (0, 1)
    assert whole["from"] <= report["from"] and whole["to"] >= report["to"]


async def test_report_counts_what_holds_now_and_what_was_taken_back_apart(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add(name) for name in "abcdef"], total=6)
    run = await store.start()
    await store.attempt("a", FetchClass.STORED, run_id=run.id)
    await store.attempt("b", FetchClass.DEAD, run_id=run.id)
    await store.attempt("c", FetchClass.DEAD, run_id=run.id)
    batch = await store.batch(run.id)
    await store.attempt("d", FetchClass.DEAD, run_id=run.id)
    await store.batch(run.id)
    await store.take_back(batch)
    model = PostgresReadModel(database)

    async def totals(run_id: int | None) -> dict[str, int]:
        found: dict[str, int] = (await model.report(JobName.FIGURES, run_id))["totals"]
        return {name: found[name] for name in ("attempted", "fetched", "hard_404", "taken_back", "bytes")}

    back = {"attempted": 4, "fetched": 0, "hard_404": 1, "taken_back": 3, "bytes": 0}
    assert await totals(run.id) == back
    marked = sql.execute("SELECT count(*) AS n FROM artifacts WHERE metadata ? 'image_404_at'").fetchone()
    assert marked == {"n": 1}, "as many as the report says"
    assert (await model.report(JobName.FIGURES, run.id))["totals"]["marked"] == 1

    await store.figures.make_due(["b"])
    await store.runs.move(run, RunState.DONE)
    second = await store.start()
    await store.attempt("b", FetchClass.DEAD, run_id=second.id)
    assert await totals(None) == {**back, "hard_404": 2, "taken_back": 2}, "asked anew, its mark waits"
    assert (await model.report(JobName.FIGURES, None))["totals"]["marked"] == 1
    await store.batch(second.id)
    assert await totals(run.id) == back, "what the first run had found stays taken back"
    assert (await totals(second.id))["hard_404"] == 1
    loaded = await store.journal.load(batch.id)
    assert loaded is not None
    await store.bring_on_again(loaded)
    assert await totals(run.id) == {**back, "fetched": 1, "hard_404": 2, "taken_back": 0, "bytes": 1000}


async def test_report_counts_what_a_batch_left_out_apart(database: Database, sql: Sql) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a"), store.add("b")], total=2)
    run = await store.start()
    await store.attempt("a", FetchClass.DEAD, run_id=run.id)
    await store.attempt("b", FetchClass.DEAD, run_id=run.id)
    sql.execute("UPDATE artifacts SET metadata = '{\"image_url\": \"https://elsewhere\"}' WHERE id = 'a'")
    await store.batch(run.id)
    totals = (await PostgresReadModel(database).report(JobName.FIGURES, run.id))["totals"]
    assert (totals["attempted"], totals["hard_404"], totals["left_out"]) == (2, 1, 1)


async def test_report_of_nothing_is_all_zero(database: Database) -> None:
    report = await PostgresReadModel(database).report(JobName.FIGURES, None)
    assert report["from"] is None and report["hosts"] == []
    assert set(report["totals"].values()) == {0}


async def test_report_of_a_run_that_is_not_the_jobs_is_refused(database: Database, sql: Sql) -> None:
    run = await SmallStore(database, sql).start()
    model = PostgresReadModel(database)
    with pytest.raises(Refused, match=f"folders has no run {run.id}"):
        await model.report(JobName.FOLDERS, run.id)
    with pytest.raises(Refused, match="figures has no run 99"):
        await model.report(JobName.FIGURES, 99)
