"""The parts of the comparison, each a table."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rivals.environment import OURS, Client
from rivals.judging import MANNERS, Between, Manners, cells, manners, way_of, wrong_classes
from rivals.network import world
from rivals.plan import Group, Plan, Row
from rivals.rows import HOST, ROWS, carried, requests_per_row
from rivals.running import Ran, run
from scidex_console.demo.hosts.replies import ROBOTS, new_home
from scidex_console.demo.hosts.scenarios import Behaviour

DELAY_S = 0.06
SPEED = 10.0
"""Stalls last 4.5 s and slow bodies 0.6 s, instead of 45 s and 6 s."""
DEAD_SHARE = 0.97
"""The specification's share of dead addresses."""


@dataclass(frozen=True)
class Way:
    """How the servers are reached."""

    name: str
    scheme: str
    delay_s: float


WAYS = (Way("plain", "http", 0.0), Way("TLS, 60 ms each way", "https", DELAY_S))


class Bench:
    """The parts of the comparison; what misses an aim is kept."""

    def __init__(self, folder: Path, rivals: Sequence[Client], seconds: float) -> None:
        self.missed: list[str] = []
        self._folder = folder
        self._clients = rivals
        self._ours = next((client for client in rivals if client.name == OURS), rivals[0])
        self._seconds = seconds
        self._runs = 0

    # --- parts ------------------------------------------------------------------------------------------

    def budgets(self) -> None:
        """Rows at the budgets."""
        groups = (
            Group("europepmc", ("europepmc.org", "www.ebi.ac.uk"), 2.0, 4),
            Group("ncbi", ("www.ncbi.nlm.nih.gov",), 2.0, 2),
            *(Group(f"publisher{n}.org", (f"publisher{n}.org",), 1.0, 1) for n in range(6)),
            Group("held.org", ("held.org",), 2.0, 2),
        )
        held = "held.org/figures/00009.png"
        for way in WAYS:
            rows = [
                Row(
                    f"{group.name}-{n}",
                    f"{way.scheme}://{group.hosts[n % len(group.hosts)]}/figures/{n:05}.png",
                )
                for group in groups
                for n in range(round(self._seconds * group.rate))
            ]
            hosts = {host: "image" for group in groups for host in group.hosts}
            script = {
                "hosts": hosts,
                "urls": {f"{way.scheme}://{held}": {"behaviour": "rate-limited-seconds", "failures": 1}},
            }
            print(f"\n### At the budgets, {way.name}: {len(rows)} rows, {len(groups)} groups\n")
            _table_head("client", *MANNERS)
            for client in self._clients:
                ran = self._run(client, rows, groups, script, way, hold_s=5)
                judged = manners(ran)
                _row(client.name, *cells(judged))
                if client.name == OURS:
                    self._judge_budgets(judged, way)

    def _judge_budgets(self, judged: Manners, way: Way) -> None:
        self._aim(judged.windows_over == 0, f"{way.name}: {judged.windows_over} windows over budget")
        self._aim(judged.inside_hold == 0, f"{way.name}: {judged.inside_hold} requests inside a hold")
        self._aim(judged.efficiency >= 0.94, f"{way.name}: efficiency {judged.efficiency:.3f}")
        self._aim(judged.connections <= judged.hosts + 2, f"{way.name}: {judged.connections} connections")

    def mix(self) -> None:
        """Every kind of answer, each from a host of its own."""
        kinds = {f"row-{kind}": kind for kind in Behaviour}
        names = {row: f"{kind}.example.org" for row, kind in kinds.items()}
        groups = tuple(Group(name, (name,), 20.0, 1) for name in names.values())
        elsewhere = Group("elsewhere", ("static-content.springer.com",), 20.0, 1)
        for way in WAYS:
            print(f"\n### {len(kinds)} kinds of answer, {way.name}\n")
            _table_head("client", "taken for what they are", "wrong", "seconds")
            # What is sent on to https must begin without it.
            schemes = {
                row: "http" if kind is Behaviour.REDIRECT_HTTPS else way.scheme for row, kind in kinds.items()
            }
            rows = [
                Row(row, f"{schemes[row]}://{name}/figures/{len(name):05}.png") for row, name in names.items()
            ]
            script = {"hosts": {names[row]: str(kind) for row, kind in kinds.items()}}
            for client in self._clients:
                ran = self._run(
                    client, rows, (*groups, elsewhere), script, way, hold_s=1, read_timeout=3.0, deadline=12.0
                )
                wrong = wrong_classes(ran, kinds)
                _row(
                    client.name,
                    f"{len(kinds) - len(wrong)} of {len(kinds)}",
                    "; ".join(wrong) or "none",
                    f"{ran.seconds:.0f}",
                )
                if client.name == OURS:
                    self._aim(not wrong, f"{way.name}: wrong classes {wrong}")

    def endless(self) -> None:
        """Memory over a body without an end, which the servers cut off after 200 MB."""
        print("\n### A body without an end, plain\n")
        _table_head("client", "peak MiB over one image", "over the endless body", "more", "MB taken")
        group = (Group("big.example.org", ("big.example.org",), 20.0, 1),)
        row = [Row("big", "http://big.example.org/figures/00001.png")]
        for client in self._clients:
            peaks = []
            for kind in (Behaviour.IMAGE, Behaviour.OVERSIZE_ENDLESS):
                ran = self._run(client, row, group, {"hosts": {"big.example.org": str(kind)}}, WAYS[0])
                peaks.append(ran.peak_mib)
            taken = sum(request.bytes_sent for request in ran.requests) / 1e6
            _row(
                client.name,
                f"{peaks[0]:.0f}",
                f"{peaks[1]:.0f}",
                f"{max(0.0, peaks[1] - peaks[0]):.0f}",
                f"{taken:.0f}",
            )
            if client.name == OURS:
                self._aim(peaks[1] - peaks[0] < 16, f"endless body: {peaks[1] - peaks[0]:.0f} MiB more")

    def unthrottled(self) -> None:
        """As fast as it goes."""
        for way in WAYS:
            print(f"\n### Without budgets, {way.name}\n")
            _table_head(
                "client",
                "hosts",
                "images/s, the start included",
                "connections",
                "client's CPU ms an image",
                "server's",
                "peak MiB",
            )
            for hosts in (1, 10, 100, 1000):
                per_host = (
                    {1: 300, 10: 30, 100: 5, 1000: 1}[hosts]
                    if way.delay_s
                    else {1: 600, 10: 60, 100: 8, 1000: 1}[hosts]
                )
                names = [f"h{n}.example.org" for n in range(hosts)]
                groups = tuple(Group(name, (name,), 1000.0, 4 if hosts < 1000 else 1) for name in names)
                rows = [
                    Row(f"{n}-{name}", f"{way.scheme}://{name}/figures/{n:05}.png")
                    for n in range(per_host)
                    for name in names
                ]
                for client in self._clients:
                    if client.name.startswith("wget") and hosts > 100:
                        continue  # a process for each host
                    ran = self._run(
                        client, rows, groups, {"hosts": dict.fromkeys(names, "image")}, way, throttled=False
                    )
                    stored = sum(said.outcome == "stored" for said in ran.said.values())
                    connections = len({request.connection for request in ran.requests})
                    cells = [
                        f"{stored / ran.seconds:.0f}",
                        connections,
                        f"{1000 * ran.processor_s / max(1, stored):.1f}",
                    ]
                    missing = "" if stored == len(rows) else f" ({len(rows) - stored} rows missing)"
                    _row(
                        client.name,
                        hosts,
                        cells[0] + missing,
                        *cells[1:],
                        f"{1000 * ran.server_s / len(rows):.1f}",
                        f"{ran.peak_mib:.0f}",
                    )

    def thousand(self) -> None:
        """A thousand hosts, each at its budget of one request a second."""
        names = [f"h{n}.example.org" for n in range(1000)]
        groups = tuple(Group(name, (name,), 1.0, 1) for name in names)
        chance = random.Random(29)
        for way in (WAYS[0], Way("TLS", "https", 0.0)):
            rows = [
                Row(f"{n}-{name}", f"{way.scheme}://{name}/figures/{n:05}.png")
                for n in range(max(4, round(self._seconds)))
                for name in names
            ]
            alive = {row.url: "image" for row in rows if chance.random() > DEAD_SHARE}
            script = {"hosts": dict.fromkeys(names, "not-found"), "urls": alive}
            dead = f"{len(rows)} rows, {DEAD_SHARE:.0%} of them dead"
            print(f"\n### 1,000 hosts at their budgets, {way.name}: {dead}\n")
            _table_head("client", "cores", "server's cores", *MANNERS)
            for client in self._clients:
                if client.name.startswith(("wget", "aria2")):
                    continue
                ran = self._run(client, rows, groups, script, way)
                judged = manners(ran)
                cores = ran.processor_s / ran.seconds
                _row(client.name, f"{cores:.2f}", f"{ran.server_s / ran.seconds:.2f}", *cells(judged))
                between = way_of(ran)
                _say_who_is_late(between)
                if client.name == OURS:
                    self._aim(cores < 1.0, f"1,000 hosts, {way.name}: {cores:.2f} cores")
                    self._aim(
                        judged.windows_over == 0,
                        f"1,000 hosts, {way.name}: {judged.windows_over} windows over",
                    )
                    late = between is None or between.windows_over > 0
                    self._aim(not late, f"1,000 hosts, {way.name}: windows over by the client's own clock")

    def spacing(self) -> None:
        """Efficiency and windows over budget for several factors between two requests, over the long way."""
        group = Group("europepmc.org", ("europepmc.org",), 2.0, 4)
        others = tuple(Group(f"publisher{n}.org", (f"publisher{n}.org",), 1.0, 1) for n in range(40))
        groups, way = (group, *others), WAYS[1]
        rows = [
            Row(f"{one.name}-{n}", f"{way.scheme}://{one.name}/figures/{n:05}.png")
            for one in groups
            for n in range(round(self._seconds * one.rate))
        ]
        hosts = dict.fromkeys((one.name for one in groups), "image")
        print(
            f"\n### With less room between two requests, {way.name}: {len(rows)} rows, {len(groups)} groups\n"
        )
        _table_head("factor", *MANNERS)
        for factor in (1.05, 1.03, 1.02, 1.01, 1.0):
            ran = self._run(self._ours, rows, groups, {"hosts": hosts}, way, spacing=factor)
            _row(f"{factor:.2f}", *cells(manners(ran)))

    def rows(self) -> None:
        """What a row costs the real engine."""
        print(f"\n### Requests a row: the real engine, {ROWS} figures of Europe PMC as the demo draws them\n")
        _table_head("probe", "requests/row", "HEAD", "GET", "of them robots.txt", "connections", "aim")
        for probe, aim in (("head-then-get", 1.35), ("get", 1.05)):
            self._runs += 1
            folder = self._folder / f"{self._runs:03}-rows"
            names = (HOST, new_home(HOST))
            with world(folder / "world", names, {}, delay_s=0.0, speed=20.0, hold_s=1) as here:
                per_row, requests, _ = requests_per_row(folder / "lab", here, probe)
            methods = Counter(request.method for request in requests)
            robots = sum(request.target == ROBOTS for request in requests)
            connections = len({request.connection for request in requests})
            _row(probe, f"{per_row:.3f}", methods["HEAD"], methods["GET"], robots, connections, aim)
            self._aim(per_row <= aim, f"{probe}: {per_row:.3f} requests a row")
            shutil.rmtree(folder / "lab", ignore_errors=True)

    def capacity(self) -> None:
        """How many requests one engine process carries."""
        names, rows = [f"h{n}.example.org" for n in range(100)], 6000
        chance = random.Random(29)
        self._runs += 1
        folder = self._folder / f"{self._runs:03}-capacity"
        alive = {
            f"https://{names[n % 100]}/figures/fig{n}.jpg": "image"
            for n in range(rows)
            if chance.random() > DEAD_SHARE
        }
        script = {"hosts": dict.fromkeys(names, "not-found"), "urls": alive}
        print(f"\n### One engine process without budgets: {rows} rows of {len(names)} hosts, HEAD first\n")
        with world(folder / "world", names, script, delay_s=0.0, speed=20.0, hold_s=1) as here:
            found = carried(folder / "lab", here, names, rows)
        _table_head("requests", "requests/s", "engine's CPU ms a request", "rows/s, batches written")
        _row(found.requests, f"{found.per_s:.0f}", f"{found.processor_ms:.2f}", f"{found.rows_per_s:.0f}")
        shutil.rmtree(folder / "lab", ignore_errors=True)

    # --- machinery --------------------------------------------------------------------------------------

    def _aim(self, reached: bool, otherwise: str) -> None:
        if not reached:
            self.missed.append(otherwise)

    def _run(
        self,
        client: Client,
        rows: Sequence[Row],
        groups: Sequence[Group],
        script: dict[str, object],
        way: Way,
        *,
        hold_s: float = 5.0,
        read_timeout: float = 20.0,
        deadline: float = 120.0,
        throttled: bool = True,
        spacing: float | None = None,
    ) -> Ran:
        self._runs += 1
        folder = self._folder / f"{self._runs:03}-{client.name.split()[-1]}"
        names = [host for group in groups for host in group.hosts]
        with world(folder / "world", names, script, delay_s=way.delay_s, speed=SPEED, hold_s=hold_s) as here:
            place = folder / "client"
            place.mkdir()
            plan = Plan(
                tuple(rows),
                tuple(groups),
                str(here.ca_file),
                str(place),
                read_timeout=read_timeout,
                deadline=deadline,
                throttled=throttled,
                spacing=spacing,
            )
            ran = run(client, plan, here)
        shutil.rmtree(place, ignore_errors=True)
        return ran


def _say_who_is_late(between: Between | None) -> None:
    if between is not None:
        print(
            f"\nBy the client's own clock {between.windows_over} windows over. To the servers' hands it took"
            f" {between.median_ms:.1f} ms (median), {between.longest_ms:.0f} at most, {between.late:.2%} more"
            " than 40 ms later than that.\n",
            flush=True,
        )


def _table_head(*names: str) -> None:
    print("| " + " | ".join(names) + " |")
    print("| " + " | ".join("---" for _ in names) + " |", flush=True)


def _row(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
