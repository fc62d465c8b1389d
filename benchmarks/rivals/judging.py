"""What the servers' log and the clients' own words say. Every figure says what it counts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from rivals.plan import AGAIN, BLOCKED, DEAD, PERSON, STORED
from rivals.running import Ran
from scidex_console.demo.hosts.budget_check import GroupFinding, check_budgets, windows_over
from scidex_console.demo.hosts.images import format_for, make_image
from scidex_console.demo.hosts.replies import new_home
from scidex_console.demo.hosts.scenarios import MOVED, Behaviour, Scenario, address_key, expected_outcome
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.hosts import HostGroup, HostGroups

_SHARED = {
    FetchClass.STORED: STORED,
    FetchClass.DEAD: DEAD,
    FetchClass.TRANSIENT: AGAIN,
    FetchClass.BLOCKED: BLOCKED,
    FetchClass.SUSPECT: PERSON,
    FetchClass.REFUSED: PERSON,
}


@dataclass(frozen=True)
class Manners:
    """How a client kept the budgets, by arrival times at the servers."""

    efficiency: float
    """Requests made over those allowed from a group's first arrival to its last; without groups on hold."""
    windows_over: int
    """Sliding windows that ended with an arrival and held more than the budget allows."""
    windows: int
    busiest: str
    """The most requests of one group in one second, over what was allowed."""
    in_flight: str
    """The most requests of one group under way at once, over what was allowed."""
    inside_hold: int
    """Requests that came more than 0.1 s after a Retry-After had been sent and before it was over."""
    per_row: float
    """Requests that reached a server, for each row."""
    connections: int
    hosts: int
    cpu_ms: float
    """Processor time of the client for each request, in milliseconds; its start is part of it."""


def manners(ran: Ran) -> Manners:
    """Judge one run."""
    groups = HostGroups([HostGroup(g.name, g.hosts, g.rate, g.in_flight) for g in ran.plan.groups])
    found = check_budgets(ran.requests, groups.of_host)
    free = [one for one in found if not one.holds and one.efficiency]
    allowed = sum((one.requests - 1) / one.efficiency for one in free if one.efficiency)
    return Manners(
        efficiency=sum(one.requests - 1 for one in free) / allowed if allowed else 0.0,
        windows_over=sum(one.windows_over for one in found),
        windows=sum(one.requests for one in found),
        busiest=_worst(found, lambda one: one.max_in_window, lambda one: one.window_limit),
        in_flight=_worst(found, lambda one: one.max_in_flight, lambda one: one.in_flight_limit),
        inside_hold=sum(one.inside_hold for one in found),
        per_row=len(ran.requests) / len(ran.plan.rows),
        connections=len({request.connection for request in ran.requests}),
        hosts=len({(request.scheme, request.host) for request in ran.requests}),
        cpu_ms=1000 * ran.processor_s / max(1, len(ran.requests)),
    )


@dataclass(frozen=True)
class Between:
    """What lies between the client's word and the servers' log: who is late."""

    windows_over: int
    """By the moments at which the client handed its requests to the system."""
    median_ms: float
    """From there until the server had the request's head in hand."""
    late: float
    """Share of requests that took more than 40 ms longer than the median: more than the spacing spares."""
    longest_ms: float


def way_of(ran: Ran) -> Between | None:
    """Compare the client's word with the servers' log; None for clients that do not say."""
    groups = HostGroups([HostGroup(g.name, g.hosts, g.rate, g.in_flight) for g in ran.plan.groups])
    arrivals: dict[str, list[int]] = {}
    for request in ran.requests:
        arrivals.setdefault(groups.of_host(request.host).name, []).append(request.arrived_ns)
    over, took = 0, []
    for name, sent in ran.sent.items():
        over += windows_over(groups.named(name), sent)
        if len(arrivals.get(name, ())) == len(sent):
            took += [there - here for here, there in zip(sorted(sent), sorted(arrivals[name]), strict=True)]
    if not took:
        return None
    took.sort()
    median = took[len(took) // 2]
    late = sum(one > median + 40e6 for one in took) / len(took)
    return Between(over, median / 1e6, late, took[-1] / 1e6)


def _worst(found: list[GroupFinding], made, allowed) -> str:  # type: ignore[no-untyped-def]
    if not found:
        return "no request"
    worst = max(found, key=lambda one: made(one) / allowed(one))
    return f"{made(worst)}/{allowed(worst)}"


def wrong_classes(ran: Ran, kinds: Mapping[str, Behaviour]) -> list[str]:
    """The kinds of answer (by row) a client took for something else, each with what it said.

    An image counts as stored when its bytes are the right ones. What a server compressed although nobody
    asked may be refused or unpacked.
    """
    wrong = []
    urls = {row.id: row.url for row in ran.plan.rows}
    for row, kind in kinds.items():
        said = ran.said.get(row)
        outcome = said.outcome if said else "nothing"
        right = {_SHARED[expected_outcome(Scenario(kind)).first_pass]}
        if kind is Behaviour.GZIP:
            right.add(STORED)
        is_right = outcome in right
        if said and outcome == STORED and is_right:
            is_right = said.sha256 == _right_bytes(urls[row], kind)
        if not is_right:
            wrong.append(f"{kind}: {outcome}")
    return sorted(wrong)


def _right_bytes(url: str, kind: Behaviour) -> str:
    """The hash of the image an address leads to."""
    parts = urlsplit(url)
    if kind is Behaviour.REDIRECT_HOST:
        url = f"https://{new_home(parts.hostname or '')}{MOVED}{parts.hostname}{parts.path}"
    return hashlib.sha256(make_image(address_key(url), format_for(url))).hexdigest()


MANNERS = (
    "efficiency",
    "windows over",
    "peak in a window",
    "in flight",
    "inside a hold",
    "requests/row",
    "connections (hosts)",
    "CPU ms a request",
)


def cells(judged: Manners) -> list[object]:
    """One run's manners, in the columns of `MANNERS`."""
    return [
        f"{judged.efficiency:.3f}",
        f"{judged.windows_over} of {judged.windows}",
        judged.busiest,
        judged.in_flight,
        judged.inside_hold,
        f"{judged.per_row:.2f}",
        f"{judged.connections} ({judged.hosts})",
        f"{judged.cpu_ms:.1f}",
    ]
