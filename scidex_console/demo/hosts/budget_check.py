"""Judges from the hosts' own log whether a client kept within every group's budget.

What is counted, exactly and from arrival times alone:

- Rate. A budget of r requests a second allows k = max(1, ceil(r)) requests in any window of k / r seconds,
  the window being half open, (t - k/r, t]. For whole r that is r requests in any second; 1 a second is one
  in any second; 0.5 a second is one in any two; 2.5 a second is three in any 1.2 s. Every arrival ends one
  window; `windows_over` counts those holding more than k.
- In flight. A request is under way from its arrival until its last byte left or it was given up. At equal
  times the end counts before the arrival.
- Holds. A 429 or 503 with Retry-After asks its whole group to wait until the time the header named. A request
  arriving before that time, but later than `settle_s` after the answer was out, disregarded it. What was
  already on its way gets `settle_s`.
- Efficiency. Requests made, over those the rate allowed from the first arrival to the last, holds left out.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from scidex_console.demo.hosts.request_log import LoggedRequest, read_requests
from scidex_console.domain.hosts import HostGroup, HostGroups

SETTLE_S: Final = 0.1
_SECOND: Final = 1_000_000_000


@dataclass(frozen=True)
class GroupFinding:
    """What the log says about one group."""

    group: str
    requests: int
    rate: float
    """Budget, requests per second."""
    in_flight_limit: int
    window_s: float
    """Length of the sliding window, see the module."""
    window_limit: int
    """Requests such a window may hold."""
    max_in_window: int
    windows_over: int
    max_in_flight: int
    arrivals_over_in_flight: int
    """Requests that arrived while the budget in flight was already used up."""
    holds: int
    inside_hold: int
    """Requests that disregarded a Retry-After."""
    held_s: float
    efficiency: float | None
    """None for fewer than two requests."""

    @property
    def clean(self) -> bool:
        """Whether nothing went over the budget or into a hold."""
        return not (self.windows_over or self.arrivals_over_in_flight or self.inside_hold)


def check_budgets(
    requests: Iterable[LoggedRequest], group_of: Callable[[str], HostGroup], *, settle_s: float = SETTLE_S
) -> list[GroupFinding]:
    """Judge a log, group by group, busiest first; `group_of` finds the budget of a host name."""
    members: dict[str, list[LoggedRequest]] = defaultdict(list)
    budgets: dict[str, HostGroup] = {}
    for request in requests:
        group = group_of(request.host)
        budgets[group.name] = group
        members[group.name].append(request)
    findings = [_judge(budgets[name], members[name], settle_s) for name in members]
    return sorted(findings, key=lambda finding: (-finding.requests, finding.group))


def _judge(budget: HostGroup, requests: list[LoggedRequest], settle_s: float) -> GroupFinding:
    arrivals = sorted(request.arrived_ns for request in requests)
    limit, window_s = _window(budget)
    fullness = _window_fullness(arrivals, round(window_s * _SECOND))
    depths = _depths(requests)
    holds = [request for request in requests if request.hold_until_ns is not None]
    held = _merged([(request.finished_ns, request.hold_until_ns or 0) for request in holds])
    held_s = _overlap(held, arrivals[0], arrivals[-1]) / _SECOND
    return GroupFinding(
        group=budget.name,
        requests=len(requests),
        rate=budget.rate,
        in_flight_limit=budget.in_flight,
        window_s=window_s,
        window_limit=limit,
        max_in_window=max(fullness),
        windows_over=sum(count > limit for count in fullness),
        max_in_flight=max(depths),
        arrivals_over_in_flight=sum(depth > budget.in_flight for depth in depths),
        holds=len(holds),
        inside_hold=_inside(arrivals, holds, round(settle_s * _SECOND)),
        held_s=held_s,
        efficiency=_efficiency(arrivals, budget.rate, held_s),
    )


def windows_over(budget: HostGroup, moments: Iterable[int]) -> int:
    """How many windows that end with one of these moments (nanoseconds) hold more than the budget allows."""
    limit, window_s = _window(budget)
    return sum(count > limit for count in _window_fullness(sorted(moments), round(window_s * _SECOND)))


def _window(budget: HostGroup) -> tuple[int, float]:
    """Requests a window may hold, and its length in seconds."""
    limit = max(1, math.ceil(budget.rate))
    return limit, limit / budget.rate


def _window_fullness(arrivals: Sequence[int], window_ns: int) -> list[int]:
    """For each arrival, how many lie in the half-open window that ends with it."""
    counts, first = [], 0
    for last, now in enumerate(arrivals):
        while arrivals[first] <= now - window_ns:
            first += 1
        counts.append(last - first + 1)
    return counts


def _depths(requests: Sequence[LoggedRequest]) -> list[int]:
    """For each arrival, how many requests are under way, itself included."""
    moments = [(request.arrived_ns, 1) for request in requests]
    moments += [(request.finished_ns, -1) for request in requests]
    depth, depths = 0, []
    for _, change in sorted(moments):
        depth += change
        if change > 0:
            depths.append(depth)
    return depths


def _inside(arrivals: Sequence[int], holds: Sequence[LoggedRequest], settle_ns: int) -> int:
    forbidden = _merged([(hold.finished_ns + settle_ns, hold.hold_until_ns or 0) for hold in holds])
    return sum(any(start < arrival < end for start, end in forbidden) for arrival in arrivals)


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The union of spans, those left out that end before they begin."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _overlap(spans: Iterable[tuple[int, int]], start: int, end: int) -> int:
    return sum(max(0, min(end, span_end) - max(start, span_start)) for span_start, span_end in spans)


def _efficiency(arrivals: Sequence[int], rate: float, held_s: float) -> float | None:
    open_s = (arrivals[-1] - arrivals[0]) / _SECOND - held_s
    return (len(arrivals) - 1) / (open_s * rate) if len(arrivals) > 1 and open_s > 0 else None


def read_groups(text: str) -> HostGroups:
    """Read groups from JSON: `{"groups": {name: {"hosts": [...], "rate": r, "in_flight": n}}, "default":
    {"rate": r, "in_flight": n}}`. Raises ValueError saying what is wrong."""
    try:
        document: dict[str, Any] = json.loads(text)
        groups = [
            HostGroup(name, tuple(fields["hosts"]), float(fields["rate"]), int(fields["in_flight"]))
            for name, fields in document["groups"].items()
        ]
        default = document["default"]
        found = HostGroups(
            groups, default_rate=float(default["rate"]), default_in_flight=int(default["in_flight"])
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"groups need hosts, rate and in_flight, and a default: {error!r}") from error
    return found


def at_speed(groups: HostGroups, speed: float) -> Callable[[str], HostGroup]:
    """A group finder whose rates are multiplied by `speed`, as a demo that runs faster has them."""

    def group_of(host: str) -> HostGroup:
        group = groups.of_host(host)
        return replace(group, rate=group.rate * speed)

    return group_of


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings for a log; exit code 1 when a budget was broken, 2 when the input is at fault."""
    parser = argparse.ArgumentParser(prog="request_log", description=__doc__, formatter_class=_KEEP_LINES)
    parser.add_argument("log", type=Path, help="requests.jsonl")
    parser.add_argument(
        "--groups", type=Path, help="JSON with groups and budgets; default: the product's own"
    )
    parser.add_argument("--speed", type=float, default=1.0, help="multiplies every rate (default 1)")
    parser.add_argument(
        "--settle", type=float, default=SETTLE_S, help=f"seconds, see holds (default {SETTLE_S})"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args(arguments)
    try:
        groups = read_groups(options.groups.read_text(encoding="utf-8")) if options.groups else HostGroups()
        findings = check_budgets(
            read_requests(options.log), at_speed(groups, options.speed), settle_s=options.settle
        )
    except (OSError, ValueError) as error:
        print(f"request_log: {error}", file=sys.stderr)
        return 2
    print(_as_json(findings) if options.json else _as_table(findings))
    return 0 if all(finding.clean for finding in findings) else 1


_KEEP_LINES: Final = argparse.RawDescriptionHelpFormatter


def _as_json(findings: Sequence[GroupFinding]) -> str:
    fields = [
        {
            **{name: getattr(finding, name) for name in GroupFinding.__dataclass_fields__},
            "clean": finding.clean,
        }
        for finding in findings
    ]
    return json.dumps(fields, indent=1)


def _as_table(findings: Sequence[GroupFinding]) -> str:
    lines = [
        f"{'group':<36}{'requests':>9}{'window':>12}{'over':>6}{'in flight':>11}{'over':>6}"
        f"{'holds':>7}{'inside':>8}{'eff':>6}"
    ]
    for one in findings:
        window = f"{one.max_in_window}/{one.window_limit} {one.window_s:.3g}s"
        depth = f"{one.max_in_flight}/{one.in_flight_limit}"
        efficiency = "-" if one.efficiency is None else f"{one.efficiency:.2f}"
        lines.append(
            f"{one.group:<36}{one.requests:>9}{window:>12}{one.windows_over:>6}{depth:>11}"
            f"{one.arrivals_over_in_flight:>6}{one.holds:>7}{one.inside_hold:>8}{efficiency:>6}"
        )
    broken = sum(not one.clean for one in findings)
    total = sum(one.requests for one in findings)
    lines.append(f"{total} requests to {len(findings)} groups; {broken} groups over their budget")
    return "\n".join(lines)
