"""The hosts pane: which group is held back, why and until when, against which budget."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from scidex_console.console.presentation.cells import Cell, Line, clean
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.facts import Fact, fact_lines, parts
from scidex_console.console.presentation.pace import pace_bars, rate
from scidex_console.console.presentation.words import NOTHING, at_length, clock, count, duration, tally
from scidex_console.domain.head_trust import NEEDED, PathTrust
from scidex_console.domain.rates import format_rate
from scidex_console.engine.views import HostView
from scidex_console.engine.vocabulary import counted, host_state

_GATE = (
    Column("group", "group", 16, weight=2, widest=34, crop="middle"),
    Column("state", "state", 7),
    Column("left", "for", 6, align="right"),
    Column("until", "until UTC", 9, rank=6),
    Column("flight", "in fl", 5, align="right"),
    Column("rate", "req/s", 8, rank=1, align="right"),
)
_DUE = Column("due", "due", 5, rank=2, align="right")
NARROW = (*_GATE, _DUE, Column("story", "cause, attempts", 20, weight=4, widest=90))
"""One column tells what matters most of a group: why it is held, else what came of its attempts."""
WIDE = (
    replace(_GATE[0], width=22),
    *_GATE[1:],
    Column("cause", "cause", 26, weight=3, widest=60),
    _DUE,
    Column("stored", "stored", 6, rank=2, align="right"),
    Column("dead", "dead", 5, rank=2, align="right"),
    Column("transient", "trans", 5, rank=2, align="right"),
    Column("blocked", "block", 5, rank=3, align="right"),
    Column("suspect", "susp", 5, rank=4, align="right"),
    Column("refused", "refus", 5, rank=4, align="right"),
    Column("requests", "requests", 8, rank=5, align="right"),
    Column("head", "HEAD", 5, rank=6, align="right"),
)
_WIDE_FROM = 100
LIST_COLUMNS = (
    replace(_GATE[0], width=14),
    *_GATE[1:5],
    Column("rate", "req/s", 8, align="right"),
    Column("pace", "each minute", 12, rank=1, weight=2, widest=30, align="right", crop="start"),
    Column("head", "HEAD", 5, rank=3, align="right"),
    replace(_DUE, rank=4),
    Column("story", "cause, attempts", 20, weight=4, widest=100),
)
"""Of the screen of hosts: with the pace against the budget, and how far HEAD is believed."""


def columns_for(width: int) -> tuple[Column, ...]:
    """The columns to choose from in a pane of that width."""
    return WIDE if width >= _WIDE_FROM else NARROW


_NAMED_HOST = re.compile(r" from [\w.-]+(?=[,:;]|$)")
"""The host in a hold's cause: the row says which group it is, and room is short."""
_STUCK_ORDER = ("BREAKER", "HOLD", "PROBING", "OFFPEAK")
_TONES = {
    "BREAKER": "bad",
    "HOLD": "warn",
    "PROBING": "warn",
    "OFFPEAK": "dim",
    "ACTIVE": "ok",
    "READY": "",
    "IDLE": "dim",
}


def state_of(host: HostView, now: datetime) -> str:
    """What a group does, as the pane shows it."""
    return host_state(host, now).upper()


def in_order(hosts: Sequence[HostView], now: datetime) -> list[HostView]:
    """What is stuck first, then by how much is due; the name decides between equals.

    Whether a group is just being asked does not count: rows would jump with every request.
    """

    def place(host: HostView) -> tuple[int, int, str]:
        state = state_of(host, now)
        stuck = _STUCK_ORDER.index(state) if state in _STUCK_ORDER else len(_STUCK_ORDER)
        return stuck, -host.due, host.gate.group

    return sorted(hosts, key=place)


def _end(host: HostView, state: str, now: datetime) -> datetime | None:
    gate = host.gate
    if state == "BREAKER":
        return gate.breaker_until
    if state == "HOLD":
        return gate.hold_until
    if state == "OFFPEAK":
        return gate.opens_at
    if gate.override and gate.override.until > now:
        return gate.override.until
    return None


def runs_down(host: HostView, now: datetime) -> bool:
    """Whether what a group's row tells changes with time alone from now on."""
    state = state_of(host, now)
    return _end(host, state, now) is not None or (state == "ACTIVE" and not host.gate.in_flight)


def _cause(host: HostView, state: str, now: datetime) -> str:
    gate = host.gate
    causes: list[str] = []
    if state == "BREAKER":
        causes.append(f"{gate.failures_in_a_row} failures in a row")
    if gate.hold_cause and (state == "HOLD" or (state == "BREAKER" and not gate.failures_in_a_row)):
        causes.append(_NAMED_HOST.sub("", clean(gate.hold_cause), count=1))
    if state == "OFFPEAK":
        causes.append(f"asked {clean(gate.hours)} only")
    if gate.override and gate.override.until > now:
        by = clean(gate.override.operator, 24)
        causes.append(f"override by {by}: {clean(gate.override.reason)}")
    return "; ".join(causes)


def _outcomes(host: HostView) -> str:
    """What came of a group's attempts, the counts that are not zero."""
    counts = (
        (host.stored, "stored"),
        (host.dead, "dead"),
        (host.transient, "trans"),
        (host.blocked, "blocked"),
        (host.suspect, "suspect"),
        (host.refused, "refused"),
    )
    return " ".join(f"{count(number, 6)} {name}" for number, name in counts if number)


def listed_cells(host: HostView, now: datetime, per_minute: Sequence[int]) -> Mapping[str, Cell]:
    """One group with its pace; the pace told is that of the last whole minute."""
    lately = per_minute[-2] / 60 if len(per_minute) > 1 else None
    bars = pace_bars(per_minute, host.gate.rate, 30)
    return {**host_cells(host, now, lately), "pace": Cell(bars, "bad" if "!" in bars else "")}


def host_lines(host: HostView, now: datetime, per_minute: Sequence[int], width: int) -> list[Line]:
    """All about a group: why it is held, its budget and whose override, its pace, what came of its rows."""
    gate = host.gate
    state = state_of(host, now)
    end = _end(host, state, now)
    override = gate.override if gate.override and gate.override.until > now else None
    held = [
        Fact("state", state, _TONES[state]),
        Fact("until", f"{at_length(end)}, in {duration((end - now).total_seconds())}" if end else ""),
        Fact("cause", gate.hold_cause if gate.hold_until and gate.hold_until > now else "", "warn"),
        Fact("hours", gate.hours),
        Fact("breaker", _breaker_words(host, now)),
        Fact("holds", f"{gate.holds_in_a_row} in a row" if gate.holds_in_a_row else ""),
    ]
    budget = [
        Fact("rate", f"{format_rate(gate.rate, 'requests')} at most"),
        Fact("in flight", f"{gate.in_flight} of {gate.in_flight_limit} at most, {gate.waiting} waiting"),
        Fact("override", _override_words(host, now), "warn" if override else "dim"),
        Fact("reason", override.reason if override else ""),
    ]
    minutes = len(per_minute)
    pace = [
        Fact("minutes", pace_bars(per_minute, gate.rate, minutes)),
        Fact(
            "scale",
            f"a bar is a minute, the newest right; full is {format_rate(gate.rate)}, · none, ! above it",
            "dim",
        ),
        Fact("last minute", _observed(rate(per_minute[-2], 1)) if minutes > 1 else ""),
        Fact(
            f"{minutes} minutes",
            f"{_observed(rate(sum(per_minute), minutes))}, {sum(per_minute):,} in all",
        ),
        Fact("last", at_length(host.last_request_at)),
    ]
    outcomes = [Fact("due", f"{host.due:,}"), Fact("attempts", _outcomes(host) or "none")]
    return parts(
        ("Now", fact_lines(held, width)),
        ("Budget", fact_lines(budget, width)),
        ("Pace", fact_lines(pace, width)),
        ("What HEAD is believed", _trust_lines(gate.head_trust, width)),
        ("Figures", fact_lines(outcomes, width)),
    )


def _trust_lines(trusts: Sequence[PathTrust], width: int) -> list[Line]:
    """How far HEAD's word about the dead is taken, by the pattern of the path."""
    facts = []
    for trust in trusts:
        lies = f", lied {counted(trust.lies, 'time')}" if trust.lies else ""
        if trust.trusted:
            words, tone = f"believed, a tenth audited; {trust.agreements:,} agreements in a row{lies}", "ok"
        else:
            words = f"confirmed by GET; {trust.agreements} of {NEEDED} agreements in a row{lies}"
            tone = "warn" if trust.lies else "dim"
        facts += [Fact("path", trust.pattern), Fact("HEAD", words, tone)]
    return fact_lines(facts, width)


def _head_cell(trusts: Sequence[PathTrust]) -> Cell:
    """Under how many path patterns HEAD is believed, of those met; `!` where it ever lied."""
    if not trusts:
        return Cell("")
    believed, lied = sum(trust.trusted for trust in trusts), any(trust.lies for trust in trusts)
    return Cell(
        f"{believed}/{len(trusts)}{'!' if lied else ''}", "warn" if lied else "ok" if believed else "dim"
    )


def _breaker_words(host: HostView, now: datetime) -> str:
    gate = host.gate
    openings = f", opened {gate.breaker_openings} times in a row" if gate.breaker_openings > 1 else ""
    if gate.breaker_until and gate.breaker_until > now:
        until = f" until {at_length(gate.breaker_until)}"
    else:
        until = ""
    return f"{gate.breaker}{until}, {gate.failures_in_a_row} failures in a row{openings}"


def _override_words(host: HostView, now: datetime) -> str:
    override = host.gate.override
    if override is None or override.until <= now:
        return "none; t sets one"
    parts_of_it = []
    if override.rate is not None:
        parts_of_it.append(format_rate(override.rate, "requests"))
    if override.in_flight is not None:
        parts_of_it.append(f"{override.in_flight} in flight")
    left = duration((override.until - now).total_seconds())
    return f"{', '.join(parts_of_it)} by {override.operator}, ends {at_length(override.until)}, in {left}"


def _observed(per_second: float) -> str:
    """What was measured; hundredths, unless that would be none."""
    return format_rate(per_second, "requests") if 0 < per_second < 0.005 else f"{per_second:.2f} requests/s"


def _pace(observed: float | None, budget: float) -> str:
    """Requests a second, as measured, and at most; a slow budget alone, by its unit."""
    if (slow := format_rate(budget)).endswith("/s"):
        return f"{NOTHING if observed is None else f'{observed:.1f}'}/{budget:g}"
    return slow


def host_words(host: HostView, now: datetime) -> str:
    """One group's row whole: state, why, and what came of it."""
    state = state_of(host, now)
    told = (state, _cause(host, state, now), _outcomes(host))
    return f"{clean(host.gate.group, 120)}: " + "; ".join(words for words in told if words)


def host_cells(host: HostView, now: datetime, observed: float | None) -> Mapping[str, Cell]:
    """One group as cells; `observed` is requests a second, measured between readings."""
    gate = host.gate
    state = state_of(host, now)
    end = _end(host, state, now)
    tone = _TONES[state]
    full = gate.in_flight >= gate.in_flight_limit
    cause = _cause(host, state, now)
    override = bool(gate.override and gate.override.until > now)
    return {
        "group": Cell(clean(gate.group, 120)),
        "state": Cell(state, tone),
        "left": Cell(duration((end - now).total_seconds()) if end else "", tone),
        "until": Cell(clock(end) if end else ""),
        "flight": Cell(
            f"{gate.in_flight}/{gate.in_flight_limit}", "strong" if gate.in_flight and full else ""
        ),
        "rate": Cell(_pace(observed, gate.rate) + ("*" if override else ""), "warn" if override else ""),
        "cause": Cell(cause, tone),
        "story": Cell(cause, tone) if cause else Cell(_outcomes(host), "dim"),
        "head": _head_cell(gate.head_trust),
        "due": tally(host.due, width=6),
        "stored": tally(host.stored, "ok", 6),
        "dead": tally(host.dead, "", 5),
        "transient": tally(host.transient, "warn", 5),
        "blocked": tally(host.blocked, "warn", 5),
        "suspect": tally(host.suspect, "warn", 5),
        "refused": tally(host.refused, "warn", 5),
        "requests": tally(host.requests, "", 8),
    }
