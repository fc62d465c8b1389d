"""Windows of listings: whichever way and in whichever order they are read, they are parts of one listing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import FIRST, LAST, Around, Key, Span, Window
from scidex_console.engine.ports import AttemptFilter, AttemptOrder
from scidex_console.engine.views import AttemptView
from tests.adapters.postgres.conftest import Sql
from tests.adapters.postgres.small_store import SmallStore

SPAN = Span(3, 6)
ALL = 1000


@pytest.fixture
def model(database: Database, sql: Sql) -> PostgresReadModel:
    """Forty attempts, many of which took as long as others; twenty of them are dead."""
    sql.execute(
        """
        INSERT INTO scidex_console.fetch_attempt
            (artifact_id, url, host, host_group, outcome, reason, requests, started_at, took_ms, epoch)
        SELECT 'a' || n %% 7, 'https://h/' || n, 'h' || n %% 3, 'g' || n %% 2,
            CASE n %% 2 WHEN 0 THEN 'dead' ELSE 'stored' END, 'r', 1, now(), n %% 5, 1
        FROM generate_series(1, 40) AS n
        """.replace("%%", "%")
    )
    return PostgresReadModel(database)


async def whole(
    model: PostgresReadModel, criteria: AttemptFilter, order: AttemptOrder
) -> Window[AttemptView]:
    return await model.attempt_window(criteria, order, FIRST, Span(0, ALL))


@pytest.mark.parametrize("order", AttemptOrder)
@pytest.mark.parametrize("criteria", [AttemptFilter(), AttemptFilter(host="h1", outcome="dead")])
async def test_windows_around_every_key_are_parts_of_the_listing(
    model: PostgresReadModel, criteria: AttemptFilter, order: AttemptOrder
) -> None:
    listing = await whole(model, criteria, order)
    assert listing.from_first and listing.to_last
    for at, key in enumerate(listing.keys):
        window = await model.attempt_window(criteria, order, Around(key), SPAN)
        begin = max(at - SPAN.before, 0)
        assert window.keys == listing.keys[begin : at + SPAN.after]
        assert window.rows == listing.rows[begin : at + SPAN.after]
        assert window.from_first == (at < SPAN.before)
        assert window.to_last == (len(listing.keys) - at < SPAN.after)
    last = await model.attempt_window(criteria, order, LAST, SPAN)
    assert last.keys == listing.keys[-(SPAN.before + SPAN.after) :]


@pytest.mark.parametrize(
    ("order", "key", "reverse"),
    [
        (AttemptOrder.NEWEST, lambda row: row.id, True),
        (AttemptOrder.OLDEST, lambda row: row.id, False),
        (AttemptOrder.SLOWEST, lambda row: (row.took_ms, row.id), True),
    ],
)
async def test_orders_are_what_they_are_called(
    model: PostgresReadModel, order: AttemptOrder, key: object, reverse: bool
) -> None:
    rows = list((await whole(model, AttemptFilter(), order)).rows)
    assert len(rows) == 40
    assert rows == sorted(rows, key=key, reverse=reverse)  # type: ignore[call-overload]


async def test_a_key_whose_row_is_gone_still_parts_the_listing(model: PostgresReadModel) -> None:
    key: Key = (20,)
    criteria = AttemptFilter(outcome="stored")  # rows with odd ids
    window = await model.attempt_window(criteria, AttemptOrder.NEWEST, Around(key), SPAN)
    assert [row.id for row in window.rows] == [25, 23, 21, 19, 17, 15, 13, 11, 9]


async def test_one_attempt_is_told_with_its_figure_and_its_other_attempts(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    await store.survey([store.add("a", title="A title")], total=1)
    await store.attempt("a", FetchClass.TRANSIENT, reason="503")
    await store.figures.make_due(["a"])
    await store.attempt("a", FetchClass.DEAD)
    model = PostgresReadModel(database)
    newest, first = await model.attempts(AttemptFilter(), limit=2)
    detail = await model.attempt(newest.id)
    assert detail is not None
    assert detail.attempt == newest
    assert detail.others == (first,)
    assert (detail.row_type, detail.row_title, detail.row_path) == ("paper_figure", "A title", "")
    assert detail.figure_state == "condemned"
    sql.execute("DELETE FROM artifacts")
    gone = await model.attempt(newest.id)
    assert gone is not None and gone.row_type == ""
    assert await model.attempt(10**9) is None
    assert datetime.now(UTC) >= detail.attempt.at


async def test_a_retry_is_of_the_host_and_of_the_artifacts_that_were_chosen(
    database: Database, sql: Sql
) -> None:
    store = SmallStore(database, sql)
    rows = [store.add(name) for name in "abc"]
    await store.survey(rows, total=3)
    for name in "abc":
        await store.attempt(name, FetchClass.TRANSIENT)
    model = PostgresReadModel(database)
    (attempt, *_) = await model.attempts(AttemptFilter(artifact_ids=("a",)), limit=1)

    async def listed(criteria: AttemptFilter) -> set[str]:
        return {item.artifact_id for item in (await model.retry_preview(JobName.FIGURES, criteria)).items}

    assert await listed(AttemptFilter(artifact_ids=("a", "c"))) == {"a", "c"}
    assert await listed(AttemptFilter(host=attempt.host)) == {"a", "b", "c"}
    assert await listed(AttemptFilter(host="elsewhere.example")) == set()
