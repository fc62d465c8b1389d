"""Hundreds of hosts that fail in every way, for as long as it takes: the real engine, watched from outside.

    .venv/bin/python benchmarks/fetch_soak.py [--minutes 20] [--hosts 300] [--rows 14] [--keep DIR]

The engine is a process of its own over a real database and a real repository. The hosts answer as the demo's
do (resets, stalls, slow, short and endless bodies, 429 and 503 with Retry-After, pages instead of images,
redirects to everywhere); besides, in turn, a tenth of them says 404 to everything, a tenth fails with 500,
all of them restart, and the database restarts. Exit code 1 unless, by the hosts' log, every budget was kept,
memory and descriptors stayed flat, every row ends in a final or due state and `verify` finds nothing.
Everything is on loopback.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scidex_console.demo.hosts.answers import Timing
from scidex_console.demo.hosts.budget_check import GroupFinding, check_budgets
from scidex_console.demo.hosts.scenarios import Behaviour
from scidex_console.demo.hosts.server import FigureHosts
from scidex_console.demo.postgres_server import EmbeddedPostgres
from scidex_console.domain.jobs import JobName
from scidex_console.settings import load_settings
from scidex_console.wiring.reading import readers
from tests.crash.processes import EngineProcess, engine_process
from tests.labs import Lab, make_lab

RATE = 0.05
"""Requests a second of each host. Of the 21 s between two, one is for the jitter of the way."""
WARM_UP = 0.25
"""Share of the time after which memory and descriptors must stay as they are."""
MOST_GROWTH = 0.05
"""How much more, of what there was after the warm-up, they may be by the end, along a straight line."""
_OTHER_DESCRIPTORS = 60
"""Descriptors besides the kept connections: the database's, files, second requests under way at a host."""
_LOOK_S = 5.0
_STAYING = ("staged", "condemned")
"""States between an attempt and its batch: none is in them once an engine has left."""
_SHARED = "static-content.springer.com"
"""Where the hosts' moved figures are; one host for all, so it is given a budget of its own."""


_PROOF = """
SELECT p.proof, t.started_at, c.at AS control_at FROM scidex_console.death_proof AS p
JOIN artifacts AS a ON a.id = p.artifact_id
LEFT JOIN scidex_console.fetch_attempt AS t ON t.id = p.attempt_id
LEFT JOIN scidex_console.control_check AS c ON c.id = p.control_id
WHERE a.metadata->>'image_url' = %s
"""


@dataclass(frozen=True)
class Look:
    """What the engine's processes took at one moment."""

    second: float
    mib: float
    """Resident memory of the engine and its decoder."""
    engine_mib: float
    descriptors: int
    threads: int


@dataclass
class Soak:
    """One soak at work."""

    lab: Lab
    hosts: FigureHosts
    database: EmbeddedPostgres
    engine: EngineProcess
    names: Sequence[str]
    seconds: float
    began: float = field(default_factory=time.monotonic)
    looks: list[Look] = field(default_factory=list)
    told: int = 0
    late: float = 0.0
    """The longest the hosts, which are in this process, took to get to work."""

    def now(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def say(self, text: str) -> None:
        """One line of the protocol."""
        print(f"{self.now():7.1f} s  {text}", flush=True)

    # --- trouble ----------------------------------------------------------------------------------------

    async def troubles(self) -> None:
        """One trouble after the other, each a thirtieth of the whole time, until the last tenth."""
        span = self.seconds / 30
        kinds: list[Callable[[float], Awaitable[None]]] = [
            self._mass_404,
            self._burst_of_500,
            self._hosts_restart,
            self._database_restart,
        ]
        turn = 0
        await asyncio.sleep(2 * span)
        while self.now() < 0.85 * self.seconds:
            await kinds[turn % len(kinds)](span)
            turn += 1
            await asyncio.sleep(span)

    async def _mass_404(self, span: float) -> None:
        await self._scripted(Behaviour.NOT_FOUND, span, "says 404 to everything")

    async def _burst_of_500(self, span: float) -> None:
        await self._scripted(Behaviour.SERVER_ERROR, span, "fails with 500")

    async def _scripted(self, behaviour: Behaviour, span: float, words: str) -> None:
        # Another tenth each time: twice the same lie, minutes apart, would be believed as configured here.
        chosen = self.names[self.told % 10 :: 10]
        self.told += 1
        self.say(f"a tenth of the hosts {words}")
        for name in chosen:
            self.hosts.script.set_host(name, behaviour)
        await asyncio.sleep(span)
        for name in chosen:
            self.hosts.script.clear_host(name)

    async def _hosts_restart(self, _: float) -> None:
        self.say("all hosts restart")
        await self.hosts.stop_listening()
        await asyncio.sleep(2.0)
        await self.hosts.listen()

    async def _database_restart(self, _: float) -> None:
        self.say("the database restarts")
        await asyncio.to_thread(self.database.stop)
        await asyncio.sleep(2.0)
        await asyncio.to_thread(self.database.start)

    # --- watching ---------------------------------------------------------------------------------------

    async def note_lateness(self) -> None:
        """Note how late this process wakes up: a request may wait as long for its place in the log."""
        while True:
            due = time.monotonic() + 0.1
            await asyncio.sleep(0.1)
            self.late = max(self.late, time.monotonic() - due)

    async def watch(self) -> None:
        """Look at the engine until the time is over; raises when it has ended."""
        each_minute = 0.0
        while self.now() < self.seconds:
            if self.engine.process.returncode is not None:
                raise SystemExit(
                    f"the engine ended with {self.engine.process.returncode}: {self.engine.lines[-5:]}"
                )
            look = _look(self.engine.pid, self.now())
            self.looks.append(look)
            if look.second >= each_minute:
                each_minute += 60
                self.say(
                    f"{look.mib:.0f} MiB, {look.descriptors} descriptors, {look.threads} threads; "
                    f"{await asyncio.to_thread(self._progress)}"
                )
            await asyncio.sleep(_LOOK_S)

    def _progress(self) -> str:
        try:
            states = figure_states(self.lab)
        except Exception as error:  # the database is just restarting
            return f"no figures now ({type(error).__name__})"
        return ", ".join(f"{count} {state}" for state, count in states.most_common())


def _look(pid: int, second: float) -> Look:
    own = _status(pid)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    whole = own["VmRSS"] + sum(_status(int(child)).get("VmRSS", 0) for child in children)
    descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    return Look(second, whole / 1024, own["VmRSS"] / 1024, descriptors, own["Threads"])


def _status(pid: int) -> dict[str, int]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    found = (line.split(":") for line in lines if line.startswith(("VmRSS", "Threads")))
    return {name: int(value.split()[0]) for name, value in found}


def figure_states(lab: Lab) -> Counter[str]:
    """How many figures are in which state."""
    rows = lab.rows("SELECT state, count(*) AS n FROM scidex_console.figure GROUP BY state")
    return Counter({row["state"]: row["n"] for row in rows})


# --- judging --------------------------------------------------------------------------------------------


def slope(points: Sequence[tuple[float, float]]) -> float:
    """By how much the second number grows for each of the first, along the best straight line."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def judge_flat(soak: Soak, name: str, of: Callable[[Look], float]) -> bool:
    """Whether a figure stayed flat after the warm-up."""
    after = [look for look in soak.looks if look.second >= WARM_UP * soak.seconds]
    rate = slope([(look.second, of(look)) for look in after])
    start = sorted(of(look) for look in after[: max(3, len(after) // 6)])
    base = start[len(start) // 2]
    grown = rate * (after[-1].second - after[0].second)
    flat = grown <= MOST_GROWTH * base
    verdict = "flat" if flat else "NOT FLAT"
    print(
        f"{name}: {base:.0f} after the warm-up, {of(after[-1]):.0f} at the end, at most "
        f"{max(of(look) for look in soak.looks):.0f}; slope {60 * rate:+.2f} a minute: {verdict}"
    )
    return flat


def judge_bounded(soak: Soak) -> bool:
    """Whether descriptors go no higher in the second half than they had gone before.

    Each restart of the hosts closes all connections, after which they are opened again one by one: what must
    stay the same is how high that leads. A host is asked by two schemes, so it has two connections kept.
    """
    half = (WARM_UP + 1) / 2 * soak.seconds
    before = max(look.descriptors for look in soak.looks if look.second < half)
    after = max(look.descriptors for look in soak.looks if look.second >= half)
    most = 2 * len(soak.names) + _OTHER_DESCRIPTORS
    is_bounded = after <= before * (1 + MOST_GROWTH) and after <= most
    verdict = "bounded" if is_bounded else "NOT BOUNDED"
    print(
        f"descriptors: {before} at most in the first half, {after} in the second, {most} allowed: {verdict}"
    )
    return is_bounded


def judge_budgets(found: Sequence[GroupFinding]) -> bool:
    """Whether the hosts' log shows every budget kept."""
    requests, windows = sum(one.requests for one in found), sum(one.windows_over for one in found)
    flying, inside = sum(one.arrivals_over_in_flight for one in found), sum(one.inside_hold for one in found)
    holds = sum(one.holds for one in found)
    print(
        f"budgets, by the hosts' log: {requests} requests to {len(found)} groups, {windows} windows over,"
        f" {flying} arrivals over the number in flight, {inside} inside one of {holds} holds"
    )
    for one in found:
        if not one.clean:
            print(f"  {one}")
    return all(one.clean for one in found)


def judge_rows(lab: Lab) -> bool:
    """Whether every row is where a row may stay, and none was forgotten."""
    states = figure_states(lab)
    stuck = {state: states[state] for state in _STAYING if states[state]}
    lost = len(lab.store.lost) - sum(states.values())
    print(f"rows: {dict(states.most_common())}; {lost} forgotten, stuck: {stuck or 'none'}")
    proofs = lab.rows("SELECT result, count(*) AS n FROM scidex_console.control_check GROUP BY result")
    print(f"control images: {({row['result']: row['n'] for row in proofs}) or 'none asked'}")
    return not (stuck or lost)


def judge_truth(soak: Soak) -> bool:
    """Whether no figure was marked dead whose host serves it when it is well."""
    marked = soak.lab.rows(
        "SELECT id, metadata->>'image_url' AS url FROM artifacts WHERE metadata->'image_unavailable' = 'true'"
    )
    dead = {Behaviour.NOT_FOUND, Behaviour.GONE, Behaviour.LEGAL, Behaviour.HEAD_LIES}
    soak.hosts.script.replace(type(soak.hosts.script)())
    wrong = [row["url"] for row in marked if soak.hosts.scenario(row["url"]).behaviour not in dead]
    print(f"dead marks: {len(marked)}, of which wrong: {len(wrong)}")
    for url in wrong:
        print(f"  {url}: {soak.lab.rows(_PROOF, url)}")
    return not wrong


# --- the run --------------------------------------------------------------------------------------------


def main() -> int:
    """Build, soak, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--hosts", type=int, default=300)
    parser.add_argument(
        "--rows",
        type=int,
        default=14,
        help="figures of each host (default 14: with more, time is over before one is asked a second time)",
    )
    parser.add_argument("--keep", type=Path, help="an empty folder to work in, which is kept")
    args = parser.parse_args()
    folder = args.keep or Path(tempfile.mkdtemp(prefix="soak-"))
    database = EmbeddedPostgres(folder / "database")
    try:
        return asyncio.run(_soak(folder, database, args))
    finally:
        database.destroy()
        if not args.keep:
            shutil.rmtree(folder, ignore_errors=True)


async def _soak(folder: Path, database: EmbeddedPostgres, args: argparse.Namespace) -> int:
    seconds = 60 * args.minutes
    _go_first()
    names = [f"journal{number}.example.org" for number in range(args.hosts)]
    timing = Timing.at_speed(4.0, latency=0.03)
    async with FigureHosts(folder / "hosts", seed=29, timing=timing) as hosts:
        lab = await asyncio.to_thread(_lab, folder, database.start(), hosts, names, args.rows)
        async with engine_process(lab) as engine:
            await engine.holds_the_store()
            soak = Soak(lab, hosts, database, engine, names, seconds)
            soak.say(f"{len(names)} hosts, {len(lab.store.lost)} figures, load {os.getloadavg()[0]:.1f}")
            async with readers(lab.settings) as connected:
                await connected.desk.submit("start", JobName.FIGURES, {}, reason="soak")
            beside = [asyncio.create_task(work) for work in (soak.troubles(), soak.note_lateness())]
            await soak.watch()
            await beside[0]
            beside[1].cancel()
            soak.say(f"told to leave; load {os.getloadavg()[0]:.1f}")
            engine.signal(signal.SIGTERM)
            async with asyncio.timeout(300):
                code = await engine.process.wait()
        hosts.log.flush()
        return 0 if await asyncio.to_thread(_judged, soak, code) else 1


def _go_first() -> None:
    """Let the hosts have a processor as soon as a request comes, on a busy machine too; not the engine."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(10))
    except PermissionError:
        print("the hosts are as late as the machine is busy: their priority may not be raised")


def _judged(soak: Soak, code: int) -> bool:
    print(f"the engine left with {code}")
    groups = soak.lab.settings.fetch.host_groups()
    print(
        f"the hosts were late by {soak.late:.2f} s at most; budgets can be judged up to {0.05 / RATE:.2f} s"
    )
    verify = subprocess.run(
        [sys.executable, "-m", "scidex_console", "--config", str(soak.lab.config), "verify"],
        capture_output=True,
        text=True,
        check=False,
    )
    judged = [
        code == 0,
        judge_flat(soak, "memory (MiB), engine and decoder", lambda look: look.mib),
        judge_flat(soak, "memory (MiB), engine alone", lambda look: look.engine_mib),
        judge_bounded(soak),
        judge_budgets(check_budgets(soak.hosts.log.read(), groups.of_host)),
        judge_rows(soak.lab),
        judge_truth(soak),
        verify.returncode == 0,
    ]
    behaviours = Counter(request.scenario for request in soak.hosts.log.read())
    print(f"answers: {json.dumps(dict(behaviours.most_common()))}")
    print(f"verify ended with {verify.returncode}")
    if verify.returncode:
        print(verify.stdout, verify.stderr)
    return all(judged)


def _lab(folder: Path, url: str, hosts: FigureHosts, names: Sequence[str], rows: int) -> Lab:
    urls = [f"http{'s' * (n % 2)}://{name}/figures/{n:05}.png" for n in range(rows) for name in names]
    lab = make_lab(
        folder / "store", url, hosts=hosts, figures=len(urls), artifacts=len(urls) + 200, urls=urls
    )
    text = lab.config.read_text()
    for was, now in (
        ('robots_overrides = [{hosts = "*", reason = "tests count requests"}]\n', ""),
        ("max_bytes = 4000000", f"max_bytes = {8 << 20}"),
        ("default_rate = 100.0\ndefault_in_flight = 2", f"default_rate = {RATE}\ndefault_in_flight = 2"),
        ('read_timeout = "2s"\ndeadline = "4s"', 'read_timeout = "5s"\ndeadline = "15s"'),
        ('connect_timeout = "2s"', 'connect_timeout = "5s"'),
        ('hold = "1s"\nhold_longest = "2s"', 'hold = "5s"\nhold_longest = "30s"'),
        ('breaker_first = "500ms"\nbreaker_longest = "1s"', 'breaker_first = "10s"\nbreaker_longest = "1m"'),
        ('back_off = "500ms"\nback_off_longest = "2s"', 'back_off = "20s"\nback_off_longest = "2m"'),
        ('confirm_without_control = "at-once"', 'confirm_without_control = "second-pass"'),
        ('second_pass_after = "1s"', 'second_pass_after = "2m"'),
        ('doubted_again_after = "100ms"', 'doubted_again_after = "1m"'),
        ("[batch]\nfiles = 5", "[batch]\nfiles = 100"),
    ):
        assert was in text, was
        text = text.replace(was, now)
    text += f'[[fetch.groups]]\nname = "moved"\nhosts = ["{_SHARED}"]\nrate = 20.0\nin_flight = 8\n'
    lab.config.write_text(text)
    return replace(lab, settings=load_settings(lab.config, environ={}))


if __name__ == "__main__":
    sys.exit(main())
