"""`triage`: listings, evidence, and decisions with preview, token and outcome."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scidex_console.domain.errors import Refused
from scidex_console.domain.intents import IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.triage import Decision
from tests.cli.conftest import Cli
from tests.cli.fakes import FakeServices
from tests.cli.test_cli_actions import settles
from tests.console.triage_fakes import CASES, EXPECTED, an_evidence


def test_list_counts_by_kind_and_says_notes(cli: Cli) -> None:
    result = cli("triage", "list")
    assert result.code == 0
    assert "3 hash_mismatch, 1 quarantined, 1 suspect" in result.out
    assert "left: Ada asks the authors" in result.out


def test_list_as_a_document_is_paged_by_key(cli: Cli, services: FakeServices) -> None:
    first = cli("triage", "list", "--limit", "2", "--kind", "hash_mismatch", "--json").document
    assert [case["artifact_id"] for case in first["cases"]] == ["dataset-0001", "dataset-0002"]
    assert first["after"] == "hash_mismatch/folders/dataset-0002" and first["waiting"]["suspect"] == 1
    assert services.connected.triage.asked[-1].kind == "hash_mismatch"
    shown = cli("triage", "list", "--limit", "2", "--kind", "mismatch").out.splitlines()
    assert shown[-1] == (
        "more: `scidex-console triage list --kind=hash_mismatch --limit 2 "
        "--after=hash_mismatch/folders/dataset-0002`"
    )
    unknown = cli("triage", "list", "--kind", "broken")
    assert (unknown.code, unknown.err.count("quarantined")) == (2, 1)
    whole = cli("triage", "list", "--json").document
    assert len(whole["cases"]) == len(CASES) and whole["after"] is None


def test_evidence_is_told_with_the_promised_version_marked(cli: Cli) -> None:
    result = cli("triage", "show", "dataset-0001")
    assert result.code == 0 and EXPECTED in result.out
    assert "=" in result.out and "= is the promised one" in result.out
    assert "not open: only a paper figure with an image_url" in result.out
    document = cli("triage", "show", "dataset-0001", "--json").document["evidence"]
    assert document["versions"][1]["matches"] is True and document["open_to"]["accept"] == ""
    assert document["diff"][-1] == "+1,3"


def test_decision_without_a_token_is_shown_and_not_taken(cli: Cli, services: FakeServices) -> None:
    result = cli("triage", "decide", "accept", "dataset-0001", "dataset-0002")
    assert result.code == 0 and "left alone: 1 artifact" in result.out
    assert services.connected.triage.decided == []
    confirm = cli("triage", "decide", "accept", "dataset-0001", "--json").document["confirm"]
    assert confirm == (
        "scidex-console triage decide accept dataset-0001 --job folders --token abcdef012345 --reason TEXT"
    )


def test_decision_with_its_token_is_put_and_followed(cli: Cli, services: FakeServices) -> None:
    settles(services, IntentState.DONE, outcome="decision 9: accept applied to 1 artifact by batch 31")
    words = ("triage", "decide", "accept", "dataset-0001", "--token", "abcdef012345", "--reason", " sure ")
    result = cli(*words)
    assert (result.code, result.out) == (0, "done: decision 9: accept applied to 1 artifact by batch 31\n")
    [(preview, reason)] = services.connected.triage.decided
    assert (preview.decision, preview.job, reason) == (Decision.ACCEPT, JobName.FOLDERS, "sure")
    assert result.err.startswith("intent 70: scidex-console triage decision 9\n")


@pytest.mark.parametrize("words", [("decide", "accept", "dataset-0001"), ("undo", "7")])
def test_stale_token_shows_the_plan_anew_and_takes_none(
    cli: Cli, services: FakeServices, words: tuple[str, ...]
) -> None:
    result = cli("triage", *words, "--token", "0123456789ab", "--reason", "sure", "--json")
    assert result.code == 1 and services.connected.triage.decided == []
    assert result.document["error"]["exit_code"] == 1
    assert result.document["preview"]["token"] == "abcdef012345"


@pytest.mark.parametrize("words", [("decide", "accept", "dataset-0001"), ("undo", "7")])
def test_token_without_a_reason_is_wrong_usage(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli("triage", *words, "--token", "abcdef012345").code == 2


def test_undo_names_the_decision(cli: Cli, services: FakeServices) -> None:
    result = cli("triage", "undo", "7")
    assert "triage undo 7 --token abcdef012345" in result.out
    settles(services, IntentState.DONE, outcome="decision 9: undo of decision 7 applied to 1 artifact")
    assert cli("triage", "undo", "7", "--token", "abcdef012345", "--reason", "oops").code == 0
    assert services.connected.triage.decided[0][0].undoes == 7


def test_decision_is_shown_and_one_that_is_not_there_is_refused(cli: Cli) -> None:
    assert "the authors confirm" in cli("triage", "decision", "7").out
    assert cli("triage", "decision", "99").code == 1


def test_case_that_does_not_wait_is_refused(cli: Cli, services: FakeServices) -> None:
    services.connected.triage.fails = Refused("it does not wait for a person", where="x")
    assert cli("triage", "show", "dataset-0001", "--json").document["error"]["where"] == "x"


@pytest.mark.parametrize("words", [(), ("decide", "burn", "x"), ("decide", "accept"), ("undo", "x")])
def test_wrong_usage(cli: Cli, words: tuple[str, ...]) -> None:
    assert cli("triage", *words).code == 2


def test_hostile_words_are_written_out(cli: Cli, services: FakeServices) -> None:
    case = replace(CASES[0], reason="\x1b[31mred", title="‮")
    services.connected.triage.waiting = (case,)
    services.connected.triage.evidences[case.artifact_id] = an_evidence(case, diff=("--", "++", "+\x9b2J"))
    for words in (("list",), ("show", case.artifact_id)):
        assert not set("\x1b\x9b‮") & set(cli("triage", *words).out)
