"""`readers …`: what is shown of them, and how a share is changed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scidex_console.domain.intents import IntentState
from tests.cli.conftest import Cli
from tests.cli.fakes import FakeServices, intent

_WHY = ("--reason", "next step")


def test_the_list_has_shares_counts_times_and_flags(cli: Cli, services: FakeServices) -> None:
    result = cli("readers", "--minutes", "30")
    assert result.code == 0 and services.connected.read.asked == [30]
    figure = next(line for line in result.out.splitlines() if line.startswith("figure"))
    for words in ("5 %", "10,200", "4.9 %", "9,500", "2.4 ms", "41.0 ms", "anna: first step"):
        assert words in figure
    assert "service" in result.out and "off" in result.out
    document = cli("readers", "--json").document["readers"]
    assert [each["reader"] for each in document["readers"]][:3] == ["resolve", "api", "notebook"]


def test_the_service_has_its_answers_by_route(cli: Cli, services: FakeServices) -> None:
    result = cli("readers", "service")
    assert "api_manifest" in result.out and "640 ms" in result.out and "500:2" in result.out
    view = services.connected.read.service_view
    services.connected.read.service_view = replace(view, routes=(), whole=None, processes=())
    silent = cli("readers", "service").out
    assert "answered nothing in the last 60 minutes" in silent and "no process that reads" in silent


@pytest.mark.parametrize("share", ["25", "25%", "25.0"])
def test_a_share_is_changed_by_what_was_shown(cli: Cli, services: FakeServices, share: str) -> None:
    services.connected.read.settling = [intent(state=IntentState.DONE, outcome="done")]
    result = cli("readers", "set", "figure", share, *_WHY)
    assert result.code == 0
    assert "figure 5 → 25 %; the flag is off in library, where no share counts" in result.err
    token = services.connected.read.readers_view.token("figure")
    assert services.connected.desk.submitted[-1] == (
        "readers_set",
        None,
        {"reader": "figure", "share": 25.0, "token": token},
        "next step",
    )


def test_all_readers_are_changed_at_once_but_for_those_that_have_the_share(
    cli: Cli, services: FakeServices
) -> None:
    services.connected.read.settling = [intent(state=IntentState.DONE, outcome="done")]
    result = cli("readers", "set", "all", "0", *_WHY)
    assert "resolve 100 → 0 %, api 100 → 0 %, notebook 25 → 0 %, figure 5 → 0 %;" in result.err


@pytest.mark.parametrize(
    "words",
    [
        ("figure", "101", *_WHY),
        ("figure", "-1", *_WHY),
        ("figure", "much", *_WHY),
        ("figure", "0.001", *_WHY),
        ("figure", "nan", *_WHY),
        ("nobody", "5", *_WHY),
        ("figure", "5"),
        ("figure", "5", "--reason", "  "),
    ],
)
def test_what_cannot_be_is_wrong_usage_and_asks_for_nothing(
    cli: Cli, services: FakeServices, words: tuple[str, ...]
) -> None:
    result = cli("readers", "set", *words)
    assert (result.code, services.connected.desk.submitted) == (2, [])
