"""Actions: submitted with their reason, followed until they are settled, previewed where hard to reverse."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from scidex_console.domain.batches import BatchState
from scidex_console.domain.figures import FigureState
from scidex_console.domain.intents import IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.engine.vocabulary import INTENT_WORDS
from tests import warm
from tests.cli.conftest import Cli
from tests.cli.fakes import FakeServices, attempt, batch, engine, host, in_group, intent, operation


def settles(services: FakeServices, *states: IntentState, waits_on: str = "", outcome: str = "") -> None:
    """The submitted intent goes through these states, one each time it is looked at."""
    services.connected.read.settling = [
        intent(state=state, waits_on=waits_on if state is IntentState.WAITING else "", outcome=outcome)
        for state in states
    ]


@pytest.mark.parametrize(
    ("words", "action", "params"),
    [
        (("start", "figures"), "start", {}),
        (("pause", "figures"), "pause", {}),
        (("resume", "figures"), "resume", {}),
        (("cancel", "figures"), "cancel", {}),
        (("step", "figures"), "step", {"count": 1}),
        (("step", "figures", "25"), "step", {"count": 25}),
        (("step", "figures", "2", "--cycle"), "step", {"count": 2, "cycle": True}),
    ],
)
def test_an_action_is_submitted_with_its_reason_and_its_outcome_printed(
    cli: Cli, services: FakeServices, words: tuple[str, ...], action: str, params: dict[str, object]
) -> None:
    settles(services, IntentState.DONE, outcome="run 3 is as asked")
    result = cli(*words, "--reason", "  night shift ")
    assert (result.code, result.out) == (0, "done: run 3 is as asked\n")
    assert services.connected.desk.submitted == [(action, JobName.FIGURES, params, "night shift")]
    assert result.err.startswith(f"intent 21: scidex-console {action} figures")
    assert result.err.splitlines()[0].endswith(" --reason 'night shift'")


def test_while_it_waits_it_says_on_what_and_says_it_once(cli: Cli, services: FakeServices) -> None:
    states = [IntentState.ACCEPTED, IntentState.WAITING, IntentState.WAITING, IntentState.DONE]
    settles(services, *states, waits_on="3 requests\x1b under way", outcome="run 3 is paused")
    result = cli("pause", "figures")
    assert result.code == 0
    assert result.err.splitlines()[1:] == ["waits on 3 requests\\x1b under way"]


@pytest.mark.parametrize("state", [IntentState.REFUSED, IntentState.CANCELLED])
def test_what_was_not_done_exits_with_1(cli: Cli, services: FakeServices, state: IntentState) -> None:
    settles(services, state, outcome="run 3 is halted")
    result = cli("pause", "figures")
    assert (result.code, result.out) == (1, f"{INTENT_WORDS[state]}: run 3 is halted\n")


@pytest.mark.parametrize(
    ("state", "code"), [(IntentState.CANCELLED, 0), (IntentState.DONE, 1), (IntentState.REFUSED, 1)]
)
def test_an_intent_is_withdrawn_by_its_number(
    cli: Cli, services: FakeServices, state: IntentState, code: int
) -> None:
    settles(
        services,
        IntentState.WAITING,
        IntentState.WAITING,
        state,
        waits_on="the batch in hand",
        outcome="as it is",
    )
    result = cli("withdraw", "21")
    assert (result.code, result.out) == (code, f"{INTENT_WORDS[state]}: as it is\n")
    assert services.connected.desk.cancelled == [21]
    assert result.err.splitlines()[-1] == "waits on the batch in hand"


def test_withdrawing_without_waiting_shows_the_intent_as_it_is(cli: Cli, services: FakeServices) -> None:
    settles(services, IntentState.REQUESTED)
    result = cli("withdraw", "21", "--no-wait", "--json")
    assert (result.code, result.document["intent"]["state"]) == (0, "requested")


def test_what_is_settled_is_withdrawn_no_more(cli: Cli, services: FakeServices) -> None:
    services.connected.desk.first = intent(state=IntentState.DONE, outcome="run 3 is paused")
    result = cli("withdraw", "21", "--json")
    assert (result.code, result.document["error"]["what"]) == (
        1,
        "intent 21 is done already: run 3 is paused",
    )


def test_not_waiting_it_prints_the_intent_and_leaves(cli: Cli, services: FakeServices) -> None:
    result = cli("start", "figures", "--no-wait", "--json")
    assert result.code == 0
    assert result.document["intent"]["id"] == 21
    assert result.document["intent"]["state"] == "requested"
    assert result.document["intent"]["requested_at"] == "2026-05-19T20:30:00.000+00:00"
    assert "stays" not in result.err


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (None, "no engine has run on this database yet"),
        (engine(state="stopped"), "no engine is running"),
        (
            engine(state="stalled", heartbeat_age_s=75.0),
            "the engine (812@db1) has given no sign of life for 1m15s",
        ),
    ],
)
def test_without_an_engine_it_says_so_and_gives_up_with_3(
    cli: Cli, services: FakeServices, view: object, words: str
) -> None:
    services.connected.read.engine_view = view  # type: ignore[assignment]
    settles(services, IntentState.REQUESTED)
    result = cli("start", "figures", "--wait", "10ms")
    assert (result.code, result.out) == (3, "")
    assert f"{words}: intent 21 stays until one takes it up\n" in result.err
    assert f"scidex-console: engine: {words}; intent 21 is requested after 0s" in result.err
    not_waiting = cli("start", "figures", "--no-wait")
    assert not_waiting.code == 0 and f"{words}: intent 21 stays" in not_waiting.err


def test_an_engine_that_comes_back_is_waited_for(cli: Cli, services: FakeServices) -> None:
    read = services.connected.read
    views = [engine(state="stopped")] * 3 + [engine()] * 3
    settles(services, *[IntentState.REQUESTED] * 5, IntentState.DONE, outcome="run 4 started")

    async def coming_back() -> object:
        return views.pop(0) if len(views) > 1 else views[0]

    read.engine = coming_back  # type: ignore[method-assign,assignment]
    result = cli("start", "figures", "--wait", "30s")
    assert (result.code, result.out) == (0, "done: run 4 started\n")
    assert result.err.count("no engine is running") == 1


def test_two_who_ask_for_the_same_are_both_named(cli: Cli, services: FakeServices) -> None:
    services.connected.desk.first = intent(operator="bob", also_by=("alice",))
    settles(services, IntentState.DONE)
    result = cli("pause", "figures")
    assert "asked for by bob and alice: one effect" in result.err
    assert result.out == "done\n"


SCRIPT = """
import sys
from scidex_console.cli.main import main
from tests.cli.fakes import FakeServices, intent
services = FakeServices()
services.connected.read.settling = [intent()]
sys.exit(main(sys.argv[1:], services))
"""


def test_interrupted_while_waiting_the_intent_stays() -> None:
    root = Path(__file__).resolve().parents[2]
    words = [sys.executable, "-c", SCRIPT, "pause", "figures"]
    with warm.Popen(words, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stderr is not None
        program.stderr.readline()
        program.send_signal(2)
        assert program.wait(30) == 130
        assert program.stderr.read().splitlines() == [
            "no longer waiting: intent 21 stays with the engine",
            "scidex-console: interrupted",
        ]


# --- throttle ---------------------------------------------------------------------------------------------


def test_a_throttle_ends_by_itself_after_two_hours_unless_told_otherwise(
    cli: Cli, services: FakeServices
) -> None:
    settles(services, IntentState.DONE)
    for length, seconds in (((), 7200.0), (("--for", "15m"), 900.0)):
        assert cli("throttle", "europepmc", "--rate", "0.5", "--reason", "429s", *length).code == 0
        expected = {"group": "europepmc", "rate": 0.5, "for_seconds": seconds}
        assert services.connected.desk.submitted.pop() == ("throttle", None, expected, "429s")


def test_a_throttle_can_be_cleared(cli: Cli, services: FakeServices) -> None:
    settles(services, IntentState.DONE)
    assert cli("throttle", "ncbi", "--clear", "--reason", "calm").code == 0
    assert services.connected.desk.submitted[0][2] == {"group": "ncbi", "clear": True}


def test_a_group_that_can_only_be_a_slip_is_refused(cli: Cli, services: FakeServices) -> None:
    result = cli("throttle", "europmc", "--in-flight", "1", "--reason", "x")
    assert (result.code, services.connected.desk.submitted) == (1, [])
    assert "there is no host group europmc; did you mean europepmc?" in result.err
    settles(services, IntentState.DONE)
    assert cli("throttle", "cdn.example.org", "--in-flight", "1", "--reason", "x").code == 0


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (("attempts",), "attempts"),
        (("retry", "figures"), "retry"),
        (("throttle", "--rate", "1", "--reason", "x"), "throttle"),
    ],
)
def test_a_slip_is_refused_with_the_nearest_names_only(
    cli: Cli, services: FakeServices, words: tuple[str, ...], where: str
) -> None:
    groups = [f"cdn{number}-example" for number in range(50)]
    services.connected.read.host_views = [host(), *(in_group(name) for name in groups)]
    group = ("cdn7-exampel",) if where == "throttle" else ("--group", "cdn7-exampel")
    result = cli(*words, *group)
    assert result.code == 1
    assert result.err.startswith(
        f"scidex-console: {where}: there is no host group cdn7-exampel; did you mean cdn7-example or "
    )
    assert result.err.count(" or ") == 4
    far = ("zzz",) if where == "throttle" else ("--group", "zzz")
    assert "there is no host group zzz; `scidex-console status` lists them" in cli(*words, *far).err


def test_part_of_a_name_is_answered_by_all_groups_it_is_in(cli: Cli, services: FakeServices) -> None:
    groups = [f"{name}.plos.org" for name in ("dx", "www", "journals")]
    services.connected.read.host_views = [host(), *map(in_group, groups)]
    result = cli("throttle", "plos", "--rate", "1", "--reason", "x")
    assert "did you mean dx.plos.org or journals.plos.org or www.plos.org?" in result.err


def test_a_host_of_a_group_is_pointed_to_its_group(cli: Cli) -> None:
    told = "there is no host group www.ebi.ac.uk; did you mean europepmc?"
    assert told in cli("attempts", "--group", "www.ebi.ac.uk").err
    assert told in cli("throttle", "www.ebi.ac.uk", "--rate", "1", "--reason", "x").err


# --- retry ------------------------------------------------------------------------------------------------


def test_several_rows_are_shown_with_a_token_and_nothing_is_submitted(
    cli: Cli, services: FakeServices
) -> None:
    result = cli("retry", "figures", "--group", "europepmc", "--reason", "calm again")
    assert (result.code, services.connected.desk.submitted) == (0, [])
    assert "2 rows of figures would be due again" in result.out
    assert "figure-1  europepmc  transient   503  503 Service Unavailable" in result.out
    assert result.out.endswith(
        "  scidex-console retry figures --group europepmc --token aaaaaaaaaaaa --reason 'calm again'\n"
    )


def test_a_preview_as_json_has_the_rows_the_token_and_the_command(cli: Cli) -> None:
    document = cli("retry", "figures", "--text", "a b", "--json").document
    assert document["preview"]["token"] == "aaaaaaaaaaaa"
    assert [item["artifact_id"] for item in document["preview"]["items"]] == ["figure-1", "figure-2"]
    assert document["confirm"] == (
        "scidex-console retry figures --text 'a b' --token aaaaaaaaaaaa --reason TEXT"
    )


def test_the_token_with_a_reason_submits_exactly_that_plan(cli: Cli, services: FakeServices) -> None:
    settles(services, IntentState.DONE, outcome="2 rows are due again")
    result = cli(
        *("retry", "figures", "--outcome", "transient,blocked", "--since", "2026-05-19T18:00:00Z"),
        *("--token", "aaaaaaaaaaaa", "--reason", "calm"),
    )
    assert (result.code, result.out) == (0, "done: 2 rows are due again\n")
    expected = {
        "outcome": "transient,blocked",
        "since": "2026-05-19T18:00:00+00:00",
        "token": "aaaaaaaaaaaa",
    }
    assert services.connected.desk.submitted == [("retry", JobName.FIGURES, expected, "calm")]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_stale_token_is_refused_and_the_plan_shown_anew(
    cli: Cli, services: FakeServices, as_json: bool
) -> None:
    extra = ["--json"] if as_json else []
    result = cli("retry", "figures", "--token", "000000000000", "--reason", "calm", *extra)
    assert (result.code, services.connected.desk.submitted) == (1, [])
    assert (
        "token 000000000000: this token does not name what would be done now: it was mistyped, or"
        in result.err
    )
    if as_json:
        assert result.document["error"]["exit_code"] == 1
        assert result.document["preview"]["token"] == "aaaaaaaaaaaa"
        assert "--token aaaaaaaaaaaa" in result.document["confirm"]
    else:
        assert "--token aaaaaaaaaaaa --reason calm" in result.out


def test_one_row_needs_no_preview_but_a_reason(cli: Cli, services: FakeServices) -> None:
    services.connected.read.retry_items = (attempt(1),)
    settles(services, IntentState.DONE)
    assert "1 row of figures would be due again" in cli("retry", "figures").out
    assert services.connected.desk.submitted == []
    assert cli("retry", "figures", "--reason", "x").code == 0
    assert services.connected.desk.submitted[0][2] == {"token": "aaaaaaaaaaaa"}


def test_with_no_row_there_is_nothing_to_confirm(cli: Cli, services: FakeServices) -> None:
    services.connected.read.retry_items = ()
    result = cli("retry", "figures", "--group", "ncbi", "--reason", "x")
    assert (result.code, result.out) == (0, "no row of figures can be retried with this filter\n")
    assert cli("retry", "figures", "--json").document["confirm"] is None


def test_a_duration_ago_becomes_a_point_in_time_in_the_command_to_confirm(
    cli: Cli, services: FakeServices
) -> None:
    result = cli("retry", "figures", "--since", "2h")
    asked = services.connected.read.asked[0].since
    assert timedelta(hours=1, minutes=59) < datetime.now(UTC) - asked < timedelta(hours=2, minutes=1)
    assert f"--since {asked.isoformat()}" in result.out


def test_a_time_without_zone_is_utc(cli: Cli, services: FakeServices) -> None:
    cli("retry", "figures", "--since", "2026-05-19T18:00")
    assert services.connected.read.asked[0].since == datetime(2026, 5, 19, 18, tzinfo=UTC)


def test_rows_held_back_by_a_rollback_can_be_chosen(cli: Cli, services: FakeServices) -> None:
    assert cli("retry", "figures", "--outcome", FigureState.HELD_BACK.value).code == 0
    assert services.connected.read.asked[0].outcome == "held_back"


# --- rollback and redo ------------------------------------------------------------------------------------


def test_the_newest_batch_that_can_be_taken_back_is_previewed(cli: Cli, services: FakeServices) -> None:
    services.connected.read.batch_views = [
        batch(10, state=BatchState.ROLLED_BACK),
        batch(9, state=BatchState.EMPTY),
        batch(8),
    ]
    services.connected.read.refused_operations = (operation(7, reason="title\x1b changed"),)
    result = cli("rollback", "figures")
    assert (result.code, services.connected.desk.submitted) == (0, [])
    told = "batch 8 of figures (done): would take back 2 of 3 rows, 1 is left alone"
    assert result.out.splitlines()[0] == told
    assert "commits: 0123456789abcdef" in result.out
    assert "figure-1  figures/figure-1.png" in result.out
    assert "left alone, since they changed meanwhile: 1 row" in result.out
    assert "figure-7  title\\x1b changed" in result.out
    assert "scidex-console rollback figures --batch 8 --token bbbbbbbbbbbb --reason TEXT" in result.out


def test_without_such_a_batch_there_is_nothing_to_take_back(cli: Cli, services: FakeServices) -> None:
    services.connected.read.batch_views = [batch(n, state=BatchState.ROLLED_BACK) for n in range(120, 0, -1)]
    result = cli("rollback", "figures")
    assert result.code == 1 and "figures has no batch that could be taken back" in result.err


def test_a_batch_of_the_other_job_is_told_to_be_of_it(cli: Cli, services: FakeServices) -> None:
    services.connected.read.batch_views = [batch(8)]
    assert cli("rollback", "folders", "--batch", "8").err == (
        "scidex-console: rollback: batch 8 is of figures, not of folders; "
        "`scidex-console rollback figures --batch 8`\n"
    )


@pytest.mark.parametrize("action", ["rollback", "redo"])
def test_a_batch_is_taken_back_or_again_by_its_token(cli: Cli, services: FakeServices, action: str) -> None:
    settles(services, IntentState.DONE, outcome="batch 8 is rolled back")
    if action == "redo":
        services.connected.read.batch_views = [batch(8, state=BatchState.ROLLED_BACK)]
    words = (action, "figures", "--batch", "8", "--reason", "bad batch")
    previewed = cli(*words)
    whose = "commits of the rollback, which are inverted" if action == "redo" else "commits"
    assert (previewed.code, f"\n{whose}: 0123456789abcdef" in previewed.out) == (0, True)
    assert cli(*words, "--token", "cccccccccccc").code == 1
    assert services.connected.desk.submitted == []
    assert cli(*words, "--token", "bbbbbbbbbbbb").code == 0
    expected = {"batch": 8, "token": "bbbbbbbbbbbb"}
    assert services.connected.desk.submitted == [(action, JobName.FIGURES, expected, "bad batch")]


@pytest.mark.parametrize(
    ("action", "state", "told"),
    [
        ("redo", None, "figures has no batch 8; `scidex-console batches` lists them"),
        ("rollback", None, "figures has no batch 8; `scidex-console batches` lists them"),
        (
            "redo",
            BatchState.CLEANED,
            "batch 8 is done; only a batch that was taken back can be applied again",
        ),
        ("redo", BatchState.EMPTY, "batch 8 is empty; neither store holds anything of it"),
        ("rollback", BatchState.EMPTY, "batch 8 is empty; neither store holds anything of it"),
        ("rollback", BatchState.ROLLING_BACK, "batch 8 is being taken back; an engine is still at it"),
        (
            "rollback",
            BatchState.ROLLED_BACK,
            "batch 8 is taken back; `scidex-console redo figures --batch 8` applies it again",
        ),
    ],
)
def test_a_batch_this_cannot_be_done_to_says_what_can(
    cli: Cli, services: FakeServices, action: str, state: BatchState | None, told: str
) -> None:
    services.connected.read.batch_views = [batch(8, state=state)] if state else []
    result = cli(action, "figures", "--batch", "8")
    assert result.code == 1
    assert result.err.startswith(f"scidex-console: {action}: {told}")


def test_a_mark_has_no_file_to_show(cli: Cli, services: FakeServices) -> None:
    read = services.connected.read
    marked = replace(operation(1), path="", sha256="", size=None)
    preview = read.rollback_preview

    async def with_mark(batch_id: int, *, redo: bool) -> object:
        return replace(await preview(batch_id, redo=redo), operations=(marked,))

    read.rollback_preview = with_mark  # type: ignore[method-assign,assignment]
    assert "figure-1  (mark only)" in cli("rollback", "figures").out
