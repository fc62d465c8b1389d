"""Decisions in the database: who may put one, who may record what came of it; nobody may change it."""

from __future__ import annotations

import psycopg
import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.desk import PostgresIntentDesk
from scidex_console.adapters.postgres.triage import PostgresDecisions, PostgresTriage
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import FIRST, Around, Span
from scidex_console.domain.triage import Decision
from scidex_console.engine.triage.views import CaseFilter, DecisionItem, DecisionPreview
from tests.adapters.postgres.conftest import Sql
from tests.adapters.postgres.small_store import SmallStore
from tests.adapters.postgres.test_roles import ORIGIN, As, as_member, members, refused

__all__ = ["as_member", "members"]


@pytest.fixture
def store(database: Database, sql: Sql) -> SmallStore:
    return SmallStore(database, sql)


PREVIEW = DecisionPreview(
    Decision.LEAVE, JobName.FOLDERS, (DecisionItem("b", "", "", ""), DecisionItem("a", "", "", "")), "t0"
)


async def test_operator_decides_under_their_own_name_and_records_nothing(
    as_member: As, members: dict[str, str], sql: Sql
) -> None:
    async with as_member("operator") as database:
        intent = await PostgresIntentDesk(database, ORIGIN).decide(PREVIEW, "because")
        assert intent.operator == members["operator"]
        decision = await PostgresTriage(database).decision(intent.params["decision"])
        assert decision is not None
        assert (decision.operator, decision.reason, decision.state) == (
            members["operator"],
            "because",
            "open",
        )
        record = await PostgresTriage(database).record(decision.id)
        assert record is not None and record.artifact_ids == ("a", "b")
        for statement in (
            "INSERT INTO scidex_console.triage_decision (job, decision, artifact_ids, token, origin, reason,"
            " version) VALUES ('folders', 'leave', '{a}', '', '', 'x', '')",
            "UPDATE scidex_console.triage_decision SET reason = 'another'",
            "INSERT INTO scidex_console.triage_result (decision_id, artifact_id, state)"
            " VALUES (1, 'a', 'applied')",
        ):
            assert await refused(database, statement), statement


async def test_decision_that_was_called_off_says_so(store: SmallStore, sql: Sql) -> None:
    sql.execute("SELECT scidex_console.decide('folders', 'leave', '{a}', NULL, 't0', 'tty', 'why', '0')")
    triage = PostgresTriage(store.fenced.database)
    sql.execute("UPDATE scidex_console.intent SET state = 'cancelled'")
    decision = await triage.decision(1)
    assert decision is not None and decision.state == "cancelled"


async def test_viewer_sees_decisions_and_takes_none(as_member: As) -> None:
    async with as_member("viewer") as database:
        assert (await PostgresTriage(database).cases(CaseFilter(), FIRST, Span(0, 5))).rows == ()
        with pytest.raises(ConsoleError, match="permission denied"):
            await PostgresIntentDesk(database, ORIGIN).decide(PREVIEW, "because")


async def test_engine_records_what_came_of_a_decision_and_takes_none(as_member: As, sql: Sql) -> None:
    sql.execute("SELECT scidex_console.decide('folders', 'leave', '{a,b}', NULL, 't0', 'tty', 'why', '0')")
    async with as_member("engine") as database:
        store = SmallStore(database, sql)
        sql.execute("UPDATE scidex_console.engine SET epoch = 1")
        store.fenced.epoch = 1
        decisions, triage = PostgresDecisions(store.fenced), PostgresTriage(database)
        await decisions.leave(1, ["a"])
        await decisions.refuse(1, {"a": "too late", "b": "gone"})
        assert [(r.artifact_id, r.applied, r.reason) for r in await triage.results(1)] == [
            ("a", True, ""),
            ("b", False, "gone"),
        ]
        assert await refused(
            database, "SELECT scidex_console.decide('folders', 'leave', '{a}', NULL, 't', 'x', 'y', 'z')"
        )
        assert await refused(database, "UPDATE scidex_console.triage_result SET state = 'refused'")


async def test_figure_that_was_made_due_waits_again_unless_it_was_asked_since(
    store: SmallStore, sql: Sql
) -> None:
    await store.survey([store.add("a"), store.add("b")], total=2)
    sql.execute("UPDATE scidex_console.figure SET state = 'suspect', due_at = NULL, attempts = 3")
    for decision, undoes in (("redownload", None), ("undo", 1)):
        sql.execute(
            "SELECT scidex_console.decide('figures', %s, '{a,b}', %s, 't', 'tty', 'why', '0')",
            [decision, undoes],
        )
    decisions, triage = PostgresDecisions(store.fenced), PostgresTriage(store.fenced.database)
    await decisions.redownload(1, ["a", "b"])
    await decisions.redownload(1, ["a", "b"])
    assert {row["state"] for row in sql.execute("SELECT state FROM scidex_console.figure")} == {"due"}
    sql.execute(
        "UPDATE scidex_console.figure SET changed_at = now() + interval '1 s' WHERE artifact_id = 'b'"
    )
    await decisions.undo(2, 1)
    found = {row["artifact_id"]: row for row in sql.execute("SELECT * FROM scidex_console.figure")}
    assert (found["a"]["state"], found["a"]["attempts"], found["b"]["state"]) == ("suspect", 3, "due")
    assert [r.applied for r in await triage.results(2)] == [True, False]
    assert sorted(await triage.count_cases()) == ["suspect"]


@pytest.mark.parametrize("table", ["triage_decision", "triage_result"])
async def test_decisions_cannot_be_changed_even_by_the_owner(sql: Sql, table: str) -> None:
    for verb in (f"TRUNCATE scidex_console.{table} CASCADE", f"DELETE FROM scidex_console.{table}"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            sql.execute(verb)


async def test_cases_are_paged_by_kind_and_filtered_by_text(store: SmallStore, sql: Sql) -> None:
    await store.survey([store.add("a"), store.add("b"), store.add("c")], total=3)
    sql.execute("UPDATE scidex_console.figure SET state = 'suspect', due_at = NULL WHERE artifact_id <> 'c'")
    sql.execute("UPDATE scidex_console.figure SET state = 'refused', due_at = NULL WHERE artifact_id = 'c'")
    triage = PostgresTriage(store.fenced.database)
    first = await triage.cases(CaseFilter(), FIRST, Span(0, 2))
    assert [case.artifact_id for case in first.rows] == ["c", "a"] and not first.to_last
    rest = await triage.cases(CaseFilter(), Around(first.keys[-1]), Span(1, 5))
    assert [case.artifact_id for case in rest.rows] == ["c", "a", "b"] and rest.to_last
    for criteria, ids in (
        (CaseFilter(JobName.FIGURES, "refused"), ["c"]),
        (CaseFilter(JobName.FOLDERS), []),
        (CaseFilter(text="B"), ["b"]),
        (CaseFilter(text="suspect"), ["a", "b"]),
    ):
        assert [c.artifact_id for c in (await triage.cases(criteria, FIRST, Span(0, 9))).rows] == ids
