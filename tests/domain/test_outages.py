"""Hosts that say "gone" of everything for seconds, between two controls: how many living ones are blamed."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest

from scidex_console.domain.controls import ControlRules
from scidex_console.settings.sections import FiguresSettings
from tests.domain.outages import OWN_LOOK, Group, drawn

ROWS = 1500
RATE = 2.0
SEEDS = 6
OUTAGES = 5
BEFORE_CONTROLS_WERE_MANY = ControlRules(believed_every=75)
HEAD = FiguresSettings(probe="head-then-get").control_rules()
GET = FiguresSettings(probe="get").control_rules()
ALL_TWICE = FiguresSettings(asked_twice="all").control_rules()


@dataclass(frozen=True)
class Found:
    """Averages over several draws."""

    blamed: float
    """Living figures marked dead, for each outage."""
    per_row: float
    decided: bool


def found(
    rules: ControlRules, *, gone: float, head: bool, out_s: float, look: str = OWN_LOOK, rows: int = ROWS
) -> Found:
    wrong, requests, decided = 0, 0, True
    for seed in range(SEEDS):
        chance = random.Random(seed)
        figures = drawn(rows, gone, chance)
        living = sum(figure.lives for figure in figures)
        parts = rows / RATE / OUTAGES
        starts = [(number + chance.random()) * parts for number in range(OUTAGES)] if out_s else []
        outages = [(start, start + out_s) for start in starts]
        played = Group(rules, outages, head, RATE, chance, outage_look=look).play(figures)
        wrong += played.wrong
        requests += played.requests
        decided &= played.right == rows - living
    return Found(wrong / SEEDS / OUTAGES, requests / SEEDS / rows, decided)


@pytest.mark.parametrize("out_s", [10.0, 30.0])
def test_with_head_first_an_outage_of_ten_seconds_or_more_blames_hardly_anybody(out_s: float) -> None:
    seen = found(HEAD, gone=0.97, head=True, out_s=out_s)
    assert seen.blamed <= 0.04 and seen.decided, "one that is out at both its answers, perhaps"
    before = found(BEFORE_CONTROLS_WERE_MANY, gone=0.97, head=True, out_s=out_s)
    assert before.blamed > 0.1, "an outage that ended before the next control was noticed by nothing"


@pytest.mark.parametrize("out_s", [2.0, 5.0])
def test_a_shorter_one_meets_few(out_s: float) -> None:
    assert found(HEAD, gone=0.97, head=True, out_s=out_s).blamed <= 0.1


@pytest.mark.parametrize("rules", [HEAD, GET])
@pytest.mark.parametrize("out_s", [2.0, 5.0, 20.0])
def test_an_outage_whose_answers_look_unlike_the_hosts_own_blames_nobody(
    rules: ControlRules, out_s: float
) -> None:
    seen = found(rules, gone=0.97, head=rules is HEAD, out_s=out_s, look="404 text/html proxy")
    assert seen.blamed <= 0.04 and seen.decided


@pytest.mark.parametrize("out_s", [2.0, 5.0, 20.0, 40.0])
@pytest.mark.parametrize("head", [True, False])
def test_where_all_are_asked_twice_no_outage_blames_anybody(out_s: float, *, head: bool) -> None:
    seen = found(ALL_TWICE, gone=0.97, head=head, out_s=out_s)
    assert seen.blamed == 0 and seen.decided
    assert 1.9 < seen.per_row < 2.7, "one answer more of each that is gone, and what fell into the outages"


@pytest.mark.parametrize("gone", [0.25, 0.8])
def test_where_not_nearly_all_is_gone_no_outage_blames_anybody(gone: float) -> None:
    for out_s in (2.0, 5.0, 20.0):
        assert found(HEAD, gone=gone, head=True, out_s=out_s, rows=600).blamed == 0


def test_what_it_costs_stays_within_the_aims() -> None:
    whole = 4287
    assert found(HEAD, gone=0.97, head=True, out_s=0, rows=whole).per_row <= 1.30
    assert found(HEAD, gone=0.97, head=True, out_s=10.0, rows=whole).per_row <= 1.35
    assert found(GET, gone=0.97, head=False, out_s=0, rows=whole).per_row <= 1.05
