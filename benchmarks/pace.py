"""How long the run of 4,287 figures takes, by the simulation: nothing is asked, nobody waits.

    .venv/bin/python benchmarks/pace.py [--rows 4287] [--latency 0.25]

The addresses are real ones (`demo/data/SOURCES.md`), so groups, hosts and path patterns are as in the run
that the specification is about; what they answer is expected: Europe PMC 97 % gone, others a quarter gone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from scidex_console.demo.hosts.addresses import EUROPE_PMC, all_addresses, choose_addresses
from scidex_console.domain.addresses import BadAddress, parse_address
from scidex_console.domain.durations import format_duration
from scidex_console.domain.hosts import HostGroups
from scidex_console.domain.pacing.answers import Kind, expected
from scidex_console.domain.pacing.forecast import forecast
from scidex_console.domain.pacing.work import Rules, Work
from scidex_console.domain.windows import parse_window

BEGINS = datetime(2026, 5, 19, 20, 0, tzinfo=UTC)


def works(urls: Iterable[str], latency: float, told_to_wait: float, hours: str) -> list[Work]:
    """The addresses by group. `told_to_wait` is the share of Europe PMC's answers that are 429, for 60 s."""
    groups, paths, hosts = HostGroups(), defaultdict(list), defaultdict(set)
    for url in urls:
        try:
            address = parse_address(url)
        except BadAddress:
            continue  # refused at once, without a request
        name = groups.of_host(address.host).name
        paths[name].append(address.path)
        hosts[name].add(address.host)
    made = []
    for name, found in paths.items():
        group, mix = groups.named(name), replace(expected(name), answer_s=latency)
        if name == "europepmc":
            mix = replace(mix, shares={**mix.shares, Kind.TOLD_TO_WAIT: told_to_wait}, hold_s=60.0)
            group = replace(group, window=parse_window(hours, "Europe/London") if hours else None)
        made.append(
            Work(
                group,
                due=len(found),
                controlled=name == "europepmc",
                mix=mix,
                paths=tuple(found),
                hosts=len(hosts[name]),
            )
        )
    return made


def main() -> int:
    """Print one line per case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=4287)
    parser.add_argument("--latency", type=float, default=0.25, help="seconds from a request to its answer")
    args = parser.parse_args()
    mixed = [address.url for address in choose_addresses(args.rows, 1)]
    ours = [address.url for address in all_addresses() if address.host == EUROPE_PMC]
    alone = [ours[n % len(ours)] for n in range(args.rows)]
    cases = [
        ("70 % at Europe PMC, 51 other groups", mixed, True, 0.0, ""),
        ("the same, figures.probe = get", mixed, False, 0.0, ""),
        ("all at Europe PMC", alone, True, 0.0, ""),
        ("all at Europe PMC, get", alone, False, 0.0, ""),
        ("all at Europe PMC, 1 % of answers 429 for 60 s", alone, True, 0.01, ""),
        (
            "all at Europe PMC, 22:00-06:00 London only, begun 20:00 UTC",
            alone,
            True,
            0.0,
            "22:00-06:00",
        ),
    ]
    print(f"{args.rows:,} rows, {args.latency:g} s an answer")
    for words, urls, head_first, told, hours in cases:
        began = time.perf_counter()
        found = forecast(works(urls, args.latency, told, hours), Rules(head_first=head_first), BEGINS)
        took = time.perf_counter() - began
        shared = ", ".join(f"{one.processes}: {_about(one.seconds)}" for one in found.processes)
        print(
            f"{words}: {_about(found.seconds)} (asked once {_about(found.asked_s)}), "
            f"{found.requests:,} requests, {found.requests / found.rows:.2f} a row; "
            f"by processes {shared}; played in {took:.2f} s"
        )
    return 0


def _about(seconds: float) -> str:
    return format_duration(float(round(seconds)))


if __name__ == "__main__":
    sys.exit(main())
