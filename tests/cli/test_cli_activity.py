"""`activity`: the audit and what is open, for people and as JSON, page by page."""

from __future__ import annotations

import shlex
from datetime import timedelta

from scidex_console.engine.people import ActivityFilter
from tests.cli.conftest import Cli
from tests.cli.fakes import NOW, FakeServices
from tests.console.fakes import an_act


def test_who_did_what_from_where_and_why_newest_first(cli: Cli, services: FakeServices) -> None:
    services.connected.read.acts = [an_act(at=NOW - timedelta(hours=1))]
    lines = cli("activity").out.splitlines()
    assert lines[0].split() == ["AT", "WHO", "WHAT", "OUTCOME", "WHY", "FROM"]
    assert lines[1].startswith("2026-05-19 19:30:00Z  bob  pause figures")
    assert "lunch" in lines[1] and "ssh 10.0.0.7 311@gate" in lines[1]
    services.connected.read.acts = []
    assert cli("activity").out == "no such act\n"


def test_it_is_filtered_as_asked(cli: Cli, services: FakeServices) -> None:
    words = ("--by", "anna", "--action", "rollback", "--text", "batch", "--since", "2026-05-19T19:00:00Z")
    assert cli("activity", *words, "--everything", "--json").document == {"acts": [], "after": None}
    criteria, around, span = services.connected.read.asked[-1]
    since = NOW - timedelta(hours=1, minutes=30)
    assert criteria == ActivityFilter("anna", "rollback", "batch", since, everything=True)
    assert around.first and span.after == 50


def test_pages_follow_one_another_without_a_gap(cli: Cli, services: FakeServices) -> None:
    services.connected.read.acts = [an_act(id=n, at=NOW - timedelta(hours=9 - n)) for n in (5, 4, 3, 2, 1)]
    first = cli("activity", "--limit", "2", "--json").document
    second = cli("activity", "--limit", "2", "--after", first["after"], "--json").document
    last = cli("activity", "--limit", "2", "--after", second["after"], "--json").document
    pages = [[act["id"] for act in page["acts"]] for page in (first, second, last)]
    assert pages == [[5, 4], [3, 2], [1]] and last["after"] is None
    words = ("--by", "kim", "--text", "two words", "--since", "2026-05-19T19:00:00Z", "--everything")
    told = cli("activity", *words, "--limit", "2").out.splitlines()[-1]
    assert told == (
        "more: `scidex-console activity --by=kim '--text=two words' --since=2026-05-19T19:00:00+00:00 "
        f"--everything --limit 2 --after {first['after']}`"
    )
    assert cli(*shlex.split(told.strip("more: `"))[1:]).code == 0


def test_a_key_that_it_never_printed_is_wrong_usage(cli: Cli) -> None:
    result = cli("activity", "--after", "yesterday")
    assert result.code == 2 and "'yesterday' is no key" in result.err
