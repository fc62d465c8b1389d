"""This project's fetcher beside others, in one run, judged by the servers' own log.

    .venv/bin/python benchmarks/fetching.py [--seconds 30] [--only WORD ...] [--parts budgets mix ...]

In a network namespace of its own (unshare, ip), where every host name is a loopback server: plain, and with
TLS and a delay of 60 ms each way. The rivals are installed into --environment. Parts:

budgets      rows at the specification's budgets, one group held by a Retry-After in the middle
mix          one row for every kind of answer the servers know: which are taken for what they are
endless      memory over a body without an end, beside one ordinary image
unthrottled  images a second from 1, 10, 100 and 1,000 hosts without budgets
thousand     1,000 hosts at one request a second each, the specification's mix, one process (ours)
spacing      what is gained and lost with less room between requests than the fetcher leaves (ours)
rows         requests a row of the real engine over the specification's mix, with HEAD and with GET (ours)
capacity     requests a second that one engine process carries, with its database and its batches (ours)

Exit code 1 when our fetcher misses an aim.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rivals.environment import clients
from rivals.network import enter_own_network, leave_own_network
from rivals.parts import Bench

ENVIRONMENT = Path("~/.cache/scidex-console/rivals").expanduser()

PARTS = ("budgets", "mix", "endless", "unthrottled", "thousand", "spacing", "rows", "capacity")


def main() -> int:
    """Run the parts, say what missed its aim."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--seconds", type=float, default=30.0, help="how long a client at its budget works (default 30)"
    )
    parser.add_argument(
        "--only", nargs="*", default=[], help="only clients whose name contains one of these words"
    )
    parser.add_argument("--parts", nargs="*", default=PARTS, choices=PARTS)
    parser.add_argument(
        "--environment", type=Path, default=ENVIRONMENT, help="where the rivals are installed"
    )
    parser.add_argument("--keep", type=Path, help="folder for the servers' logs; default: none is kept")
    args = parser.parse_args()
    if "RIVALS_HOSTS_FILE" not in os.environ:
        clients(args.environment, args.only)  # needs the network that the namespace will not have
    enter_own_network()
    folder = args.keep or Path(tempfile.mkdtemp(prefix="fetching-"))
    bench = Bench(folder, clients(args.environment, args.only), args.seconds)
    parts: dict[str, Callable[[], None]] = {name: getattr(bench, name) for name in PARTS}
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    try:
        for name in args.parts:
            parts[name]()
    finally:
        leave_own_network()
        if args.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"\nload {os.getloadavg()[0]:.1f}")
    for missed in bench.missed:
        print(f"missed: {missed}")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
