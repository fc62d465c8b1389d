"""Operators ask; the same asked twice is one intent with every name on it."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from scidex_console.adapters.postgres.database import CHANNEL, Database
from scidex_console.adapters.postgres.desk import PostgresIntentDesk
from scidex_console.adapters.postgres.read_model import PostgresReadModel
from scidex_console.domain.errors import Refused
from scidex_console.domain.intents import ActionName, IntentState, Origin
from scidex_console.domain.jobs import JobName
from tests.adapters.postgres.conftest import Sql

NIGHT = Origin("ignored", "ssh 10.0.0.5", "0.1.0")
COLLEAGUE = Origin("ignored", "ssh 10.0.0.9", "0.1.0")


def heard(listener: psycopg.Connection) -> list[str]:
    listener.execute("SELECT 1")
    return [news.payload for news in listener.notifies(timeout=0)]


async def test_submitted_intent_says_who_from_where_and_why_and_wakes_the_engine(
    database: Database, applied_database: str
) -> None:
    with psycopg.connect(applied_database, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        intent = await PostgresIntentDesk(database, NIGHT).submit(
            "step", JobName.FIGURES, {"steps": 3}, reason="look \x1b[31mclosely"
        )
        assert heard(listener) == ["intent"]
        user = listener.info.user
    assert (intent.action, intent.job, intent.params) == (ActionName.STEP, JobName.FIGURES, {"steps": 3})
    assert (intent.state, intent.operator, intent.origin) == (IntentState.REQUESTED, user, "ssh 10.0.0.5")
    assert intent.reason == "look \\x1b[31mclosely"
    assert await PostgresReadModel(database).intent(intent.id) == intent
    assert await PostgresReadModel(database).intent(intent.id + 1) is None


async def test_the_same_asked_twice_is_one_intent_with_both_names(database: Database, sql: Sql) -> None:
    first = await PostgresIntentDesk(database, NIGHT).submit("pause", JobName.FIGURES, {}, reason="429s")
    again = await PostgresIntentDesk(database, NIGHT).submit("pause", JobName.FIGURES, {}, reason="429s")
    other = await PostgresIntentDesk(database, COLLEAGUE).submit(
        "pause", JobName.FIGURES, {}, reason="me too"
    )
    twice = await PostgresIntentDesk(database, COLLEAGUE).submit("pause", JobName.FIGURES, {}, reason="")
    assert first.id == again.id == other.id == twice.id
    assert again.also_by == ()
    assert other.also_by == twice.also_by == (f"{sql.info.user} from ssh 10.0.0.9",)
    assert other.reason == twice.reason == "429s; also: me too"


async def test_another_job_or_other_parameters_are_another_intent(database: Database) -> None:
    desk = PostgresIntentDesk(database, NIGHT)
    intents = [
        await desk.submit("step", JobName.FIGURES, {"steps": 1}, reason=""),
        await desk.submit("step", JobName.FIGURES, {"steps": 2}, reason=""),
        await desk.submit("step", JobName.FOLDERS, {"steps": 1}, reason=""),
        await desk.submit("throttle", None, {"group": "g"}, reason=""),
    ]
    assert len({intent.id for intent in intents}) == 4


async def test_many_consoles_at_once_make_one_intent(database: Database, sql: Sql) -> None:
    desks = [
        PostgresIntentDesk(database, Origin("", f"ssh 10.0.0.{number}", "0.1.0")) for number in range(12)
    ]
    intents = await asyncio.gather(*(desk.submit("start", JobName.FIGURES, {}, reason="") for desk in desks))
    assert len({intent.id for intent in intents}) == 1
    row = sql.execute("SELECT origin, also_by FROM scidex_console.intent").fetchone()
    assert row is not None
    names = {f"{sql.info.user} from {row['origin']}", *row["also_by"]}
    assert names == {f"{sql.info.user} from ssh 10.0.0.{number}" for number in range(12)}


async def test_a_script_asking_in_a_loop_does_not_fill_the_row(database: Database, sql: Sql) -> None:
    for number in range(103):
        await PostgresIntentDesk(database, Origin("", f"local {number}@here", "0.1.0")).submit(
            "pause", JobName.FIGURES, {}, reason=f"{number} " * 100
        )
    row = sql.execute(
        "SELECT count(*) OVER () AS n, cardinality(also_by), length(reason) < 5000 AS is_short "
        "FROM scidex_console.intent"
    ).fetchone()
    assert row == {"n": 1, "cardinality": 100, "is_short": True}


async def test_a_settled_intent_does_not_answer_for_a_new_one(database: Database, sql: Sql) -> None:
    desk = PostgresIntentDesk(database, NIGHT)
    first = await desk.submit("pause", JobName.FIGURES, {}, reason="")
    sql.execute("UPDATE scidex_console.intent SET state = 'done'")
    assert (await desk.submit("pause", JobName.FIGURES, {}, reason="")).id != first.id


async def test_cancelling_leaves_a_trace_and_makes_room_for_asking_again(
    database: Database, sql: Sql, applied_database: str
) -> None:
    desk = PostgresIntentDesk(database, NIGHT)
    first = await desk.submit("retry", JobName.FIGURES, {"token": "t"}, reason="")
    with psycopg.connect(applied_database, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        await PostgresIntentDesk(database, COLLEAGUE).cancel(first.id)
        await PostgresIntentDesk(database, COLLEAGUE).cancel(first.id)
        assert heard(listener) == ["intent"]
    intent = await PostgresReadModel(database).intent(first.id)
    assert intent is not None and intent.cancel_requested
    rows = sql.execute("SELECT operator, origin, action, intent_id FROM scidex_console.audit").fetchall()
    assert rows == [
        {
            "operator": sql.info.user,
            "origin": "ssh 10.0.0.9",
            "action": "cancel_intent",
            "intent_id": first.id,
        }
    ]
    second = await desk.submit("retry", JobName.FIGURES, {"token": "t"}, reason="")
    assert second.id != first.id
    joined = await PostgresIntentDesk(database, COLLEAGUE).submit(
        "retry", JobName.FIGURES, {"token": "t"}, reason=""
    )
    assert joined.id == second.id and len(joined.also_by) == 1
    assert await PostgresReadModel(database).intent(first.id) == intent


async def test_cancelling_what_is_settled_or_unknown_is_refused(database: Database, sql: Sql) -> None:
    desk = PostgresIntentDesk(database, NIGHT)
    with pytest.raises(Refused, match="there is no intent 77"):
        await desk.cancel(77)
    intent = await desk.submit("pause", JobName.FIGURES, {}, reason="")
    sql.execute("UPDATE scidex_console.intent SET state = 'done', outcome = 'paused'")
    with pytest.raises(Refused, match=f"intent {intent.id} is done already: paused"):
        await desk.cancel(intent.id)


async def test_parameters_too_long_for_the_index_are_refused_in_words(database: Database) -> None:
    with pytest.raises(Refused, match="longer than 2000 characters"):
        await PostgresIntentDesk(database, NIGHT).submit(
            "retry", JobName.FIGURES, {"text": "x" * 3000}, reason=""
        )
