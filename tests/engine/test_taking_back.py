"""Batches taken back and brought on again by operators, with the preview's token, while the engine lives."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.domain.intents import Intent, IntentState
from scidex_console.domain.paging import FIRST, Span
from scidex_console.domain.runs import RunState
from scidex_console.engine.people import ActivityFilter
from tests.crash.checks import assert_sound, figures_with_file
from tests.engine.bench import Bench, addresses, bench, until_true

FILES, DEAD = "files.example.org", "dead.example.org"


@pytest.fixture
async def done(
    tmp_path: Path, scidex_database: str
) -> AsyncIterator[tuple[Bench, dict[str, dict[str, Any]]]]:
    """A run that is over, with one batch of a few files and one dead mark; and the rows before it."""
    urls = addresses((FILES, 8), (DEAD, 1))
    async with bench(tmp_path, scidex_database, urls, settings={"files": "20"}) as made:
        made.hosts.script.set_host(DEAD, Behaviour.GONE)
        before = made.artifacts()
        async with made.engine():
            await made.ask("start")
            await made.at_rest(RunState.DONE)
            assert len(made.batches()) == 1
            yield made, before
        assert_sound(made.lab)


async def preview_token(bench: Bench, batch: int, *, redo: bool = False) -> str:
    return (await bench.readers.read.rollback_preview(batch, redo=redo)).token


async def act(bench: Bench, action: str, batch: int = 1, reason: str = "wrong figures") -> Intent:
    token = await preview_token(bench, batch, redo=action == "redo")
    return await bench.ask(action, reason=reason, batch=batch, token=token)


def without_time(rows: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {i: {**row, "updated_at": None} for i, row in rows.items()}


async def test_last_batch_goes_back_in_both_stores_and_comes_on_again(
    done: tuple[Bench, dict[str, dict[str, Any]]],
) -> None:
    bench, before = done
    after, states = bench.artifacts(), bench.figures()
    files = bench.lab.git("ls-files")
    missing = await bench.ask("rollback", batch=1, reason="no token")
    assert missing.state is IntentState.REFUSED and "look again and confirm" in missing.outcome
    taken_back = await act(bench, "rollback")
    assert taken_back.state is IntentState.DONE
    assert taken_back.outcome == f"batch 1 is taken back: {len(states)} taken back"
    assert without_time(bench.artifacts()) == without_time(before), "rows as they were, dead marks included"
    assert figures_with_file(bench.lab) == {}
    assert set(bench.figures().values()) == {"held_back"}
    assert_sound(bench.lab)
    again = await bench.ask("rollback", batch=1, token="whatever")
    assert (again.state, again.outcome) == (IntentState.DONE, taken_back.outcome), "repeating is harmless"

    redone = await act(bench, "redo")
    assert redone.outcome == f"batch 1 is done: {len(states)} done"
    assert without_time(bench.artifacts()) == without_time(after)
    assert bench.figures() == states
    assert bench.lab.git("ls-files") == files
    assert set(bench.asked_urls().values()) == {1}, "nobody is asked again"


async def test_taking_back_is_on_record_with_who_where_why_and_what(
    done: tuple[Bench, dict[str, dict[str, Any]]],
) -> None:
    bench, _ = done
    intent = await act(bench, "rollback", reason="watermarked")
    audit = bench.lab.rows("SELECT * FROM scidex_console.audit WHERE batch_id = 1 ORDER BY id")
    by_action = {row["action"]: row for row in audit}
    assert {
        "batch:apply",
        "commit:apply",
        "batch:rollback",
        "commit:undo",
        "intent:rollback",
    } <= by_action.keys()
    for action in ("batch:rollback", "intent:rollback"):
        row = by_action[action]
        assert (row["operator"], row["reason"]) == (intent.operator, "watermarked")
        assert row["origin"] == intent.origin and row["version"]
        assert row["authorization_ref"] == "lab 1" and row["epoch"] == 1
    listed = await bench.readers.read.activity_window(ActivityFilter(action="rollback"), FIRST, Span(0, 9))
    assert [act.action for act in listed.rows] == ["intent:rollback"], "one line an act"
    settled = by_action["intent:rollback"]
    assert settled["intent_id"] == intent.id and settled["outcome"] == f"done: {intent.outcome}"
    assert settled["before"]["state"] == "cleaned" and settled["before"]["commit"]
    assert settled["after"]["result"]["state"] == "rolled_back"
    assert settled["after"]["result"]["inverse_commit"]
    assert by_action["batch:rollback"]["after"]["rows"] == len(bench.figures())


@pytest.mark.sweep
async def test_row_edited_after_the_batch_is_listed_refused_by_a_stale_token_and_kept(
    done: tuple[Bench, dict[str, dict[str, Any]]],
) -> None:
    bench, before = done
    stale = await preview_token(bench, 1)
    edited, *others = sorted(figures_with_file(bench.lab))
    ours = bench.artifact(edited)["metadata"]["file_sha256"]
    set_sha256(bench, edited, "mended by hand")
    refused = await bench.ask("rollback", batch=1, token=stale)
    assert refused.state is IntentState.REFUSED and "has changed since the preview" in refused.outcome
    preview = await bench.readers.read.rollback_preview(1, redo=False)
    assert [(o.artifact_id, o.reason) for o in preview.refused] == [(edited, "the row has changed since")]
    first = outcome = (await act(bench, "rollback")).outcome
    tally = f"1 kept, {len(bench.figures()) - 1} taken back"
    why = f"kept: {edited} (the row has changed since)"
    assert outcome == f"batch 1 is partly taken back: {tally}; {why}"
    batch = await bench.readers.read.batch(1)
    assert batch is not None and (batch.state, batch.kept) == ("partly_rolled_back", 1)
    row = bench.artifact(edited)
    assert row["metadata"]["file_sha256"] == "mended by hand"
    assert (bench.lab.store.outer / row["file_path"]).is_file(), "their edit stands, and so does its file"
    for artifact_id in others:
        assert bench.artifact(artifact_id)["file_path"] == before[artifact_id]["file_path"]
    kept = bench.lab.rows("SELECT reason FROM scidex_console.operation WHERE state = 'kept'")
    assert [row["reason"] for row in kept] == ["the row has changed since"]
    # What is kept must not confuse what follows, nor the checks of the whole.
    redone = (await act(bench, "redo")).outcome
    assert redone.startswith(f"batch 1 is done: {len(bench.figures()) - 1} done, 1 kept; {why}")
    assert (await act(bench, "rollback")).outcome == first
    # Once nothing is in the way any more, the rollback is resumed.
    set_sha256(bench, edited, ours)
    preview = await bench.readers.read.rollback_preview(1, redo=False)
    assert [o.artifact_id for o in preview.operations] == [edited] and preview.refused == ()
    resumed = await bench.ask("rollback", reason="the rest", batch=1, token=preview.token)
    assert resumed.outcome == "batch 1 is taken back: 1 taken back"
    again = await bench.ask("rollback", reason="the rest, again", batch=1, token=preview.token)
    assert again.state is IntentState.DONE, "the same plan has one effect"
    assert without_time(bench.artifacts()) == without_time(before)


@pytest.mark.sweep
async def test_rollback_waits_for_a_lock_of_somebody_else_and_says_so(
    done: tuple[Bench, dict[str, dict[str, Any]]],
) -> None:
    bench, _ = done
    lock = bench.lab.store.artifacts / bench.lab.git("rev-parse", "--git-path", "index.lock").strip()
    lock.write_bytes(b"")
    token = await preview_token(bench, 1)
    intent = await bench.submit("rollback", batch=1, token=token, reason="r")
    await until_true(lambda: "index.lock" in waits_on(bench, intent), "the rollback waits")
    assert lock.read_bytes() == b"", "it is never removed"
    assert (await bench.intent(intent)).state is IntentState.WAITING
    # Others are not held up by it.
    assert (await bench.ask("throttle", None, group=FILES, rate=1)).state is IntentState.DONE
    lock.unlink()
    settled = await bench.settled(intent)
    assert settled.state is IntentState.DONE and "is taken back" in settled.outcome


@pytest.mark.sweep
async def test_rollback_in_a_repository_that_is_not_ours_to_write_is_refused_or_waited_for(
    done: tuple[Bench, dict[str, dict[str, Any]]],
) -> None:
    bench, _ = done
    bench.lab.git("checkout", "-q", "--detach")
    token = await preview_token(bench, 1)
    refused = await bench.ask("rollback", batch=1, token=token, reason="r")
    assert refused.state is IntentState.REFUSED and "HEAD is detached" in refused.outcome
    assert bench.batches()[0]["state"] == "cleaned", "nothing has begun"
    bench.lab.git("checkout", "-q", bench.lab.store.branch)
    assert (await act(bench, "rollback")).state is IntentState.DONE


@pytest.mark.sweep
async def test_batch_of_a_running_run_goes_back_between_its_batches(
    tmp_path: Path, scidex_database: str
) -> None:
    async with bench(tmp_path, scidex_database, addresses((FILES, 12)), settings={"files": "4"}) as made:
        async with made.engine():
            await made.ask("step", count=4)
            made.hosts.let(0)
            await made.ask("resume")
            await until_true(lambda: made.hosts.at_the_door > 0, "requests under way")
            taken_back = await act(made, "rollback")
            assert taken_back.outcome == "batch 1 is taken back: 4 taken back"
            made.hosts.let(None)
            assert await made.at_rest(RunState.DONE)
            assert made.tally() == {"held_back": 4, "stored": len(made.lab.store.lost) - 4}
            assert (await act(made, "redo")).state is IntentState.DONE
        assert made.tally() == {"stored": len(made.lab.store.lost)}
        assert set(made.asked_urls().values()) == {1}
        assert_sound(made.lab)


def set_sha256(bench: Bench, artifact_id: str, value: str) -> None:
    bench.lab.rows(
        "UPDATE artifacts SET metadata = jsonb_set(metadata, '{file_sha256}', to_jsonb(%s::text))"
        " WHERE id = %s",
        value,
        artifact_id,
    )


def waits_on(bench: Bench, intent: Intent) -> str:
    rows = bench.lab.rows("SELECT waits_on FROM scidex_console.intent WHERE id = %s", intent.id)
    return str(rows[0]["waits_on"])
