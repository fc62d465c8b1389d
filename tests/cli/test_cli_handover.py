"""`handover`: the note of a shift, printed, as JSON, and added to a file once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.cli.conftest import Cli
from tests.cli.fakes import NOW, FakeServices
from tests.console.fakes import an_act

PERIOD = ("--since", "2026-05-19T12:30:00Z", "--until", "2026-05-19T20:30:00Z")


def test_the_note_is_markdown(cli: Cli, services: FakeServices) -> None:
    services.connected.read.acts = [an_act(at=NOW - timedelta(hours=1))]
    result = cli("handover", *PERIOD)
    assert result.code == 0
    assert result.out.startswith("## Shift handover 2026-05-19 12:30Z to 2026-05-19 20:30Z (8h), staging")
    assert "| 2026-05-19 19:30Z | bob (ssh 10.0.0.7 311@gate) | pause figures | lunch |" in result.out


def test_as_json_it_has_the_documented_keys(cli: Cli, services: FakeServices) -> None:
    services.connected.read.acts = [an_act()]
    document = cli("handover", *PERIOD, "--json").document
    assert list(document) == [
        "since",
        "until",
        "environment",
        "database",
        "open",
        "runs",
        "batches",
        "answers",
        "acts",
        "present",
        "markdown",
    ]
    assert document["acts"][0]["before"] == {"state": "running", "steps_left": None}
    assert document["markdown"].startswith("## Shift handover")


def test_a_note_is_added_to_a_file_once_and_leaves_the_rest_alone(cli: Cli, tmp_path: Path) -> None:
    log = tmp_path / "handover.md"
    first = cli("handover", *PERIOD, "--append-to", str(log), "--json").document
    assert first["appended"] is True
    text = log.read_text()
    again = cli("handover", *PERIOD, "--append-to", str(log))
    assert "has the note already" in again.err and log.read_text() == text
    log.write_text("# Notes\n\nours")
    cli("handover", "--since", "2026-05-19T04:30:00Z", "--until", PERIOD[1], "--append-to", str(log))
    assert log.read_text().startswith("# Notes\n\nours\n\n## Shift handover 2026-05-19 04:30Z")


def test_a_note_for_a_folder_that_is_not_there_is_refused(cli: Cli, tmp_path: Path) -> None:
    result = cli("handover", *PERIOD, "--append-to", str(tmp_path / "gone" / "log.md"))
    assert result.code == 1 and "log.md: cannot be made: No such file or directory" in result.err


def test_a_period_that_ends_before_it_begins_is_wrong_usage(cli: Cli) -> None:
    assert " 2999-" not in cli("handover", "--since", "8h", "--until", "2999-01-01").out
    result = cli("handover", "--since", "1h", "--until", "2h")
    assert result.code == 2 and "ends before it begins" in result.err
    assert cli("handover").code == 2
