"""What rings, once each and not too often."""

from __future__ import annotations

from dataclasses import replace

from scidex_console.domain.hosts import BreakerState
from scidex_console.domain.runs import RunState
from scidex_console.engine.alarms import Alarms
from tests.console import soaks
from tests.console.fakes import HOSTS, FakeTime, a_host, an_overview, with_run

CLOSED = an_overview(hosts=())
OPEN = an_overview(hosts=(a_host("ncbi", {"breaker": BreakerState.OPEN, "breaker_openings": 1}),))
HALTED = with_run(RunState.HALTED, halt_reason="disk full\x1b[2J")


def alarms() -> tuple[Alarms, list[str], FakeTime]:
    rang: list[str] = []
    time = FakeTime()
    return Alarms(rang.append, time), rang, time


def test_what_stands_when_the_console_opens_rings_nobody() -> None:
    bell, rang, _ = alarms()
    bell.look(an_overview())
    assert any(host.gate.breaker is BreakerState.OPEN for host in HOSTS)
    bell.look(an_overview())
    assert rang == []


def test_a_halt_rings_once_in_words_that_are_safe_anywhere() -> None:
    bell, rang, time = alarms()
    bell.look(an_overview())
    for _ in range(3):
        bell.look(HALTED)
        time.passes(60)
    assert rang == ["scidex-console: figures run 7 halted (demo): disk full\\x1b[2J"]


def test_a_breaker_rings_each_time_it_opens() -> None:
    bell, rang, time = alarms()
    for overview in (CLOSED, OPEN, CLOSED, OPEN):
        bell.look(overview)
        time.passes(60)
    assert rang == ["scidex-console: the breaker of ncbi is open (demo)"] * 2


def test_many_at_once_ring_once_and_the_rest_later_together() -> None:
    bell, rang, time = alarms()
    bell.look(CLOSED)
    bell.look(OPEN)
    more = tuple(a_host(name, {"breaker": BreakerState.OPEN}) for name in ("a", "b", "c"))
    bell.look(replace(OPEN, hosts=(*OPEN.hosts, *more)))
    assert len(rang) == 1
    time.passes(11)
    bell.tick()
    assert rang[1:] == ["scidex-console: the breaker of a is open (demo) (and 2 more)"]


def test_a_soak_that_fails_rings_with_why() -> None:
    bell, rang, _ = alarms()
    bell.look(soaks.seen())
    bell.look(soaks.seen(soaks.failed()))
    assert rang == [
        "scidex-console: phase 2 of the soak fails (demo): files: 11,667 files before, 11,665 now"
    ]
