"""What a client is asked to fetch, and what it says of each row. Standard library only: all read it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

STORED, DEAD, AGAIN, BLOCKED, PERSON = "stored", "dead", "again", "blocked", "person"
"""Classes all clients share. `again`: trouble, to be asked again; `person`: somebody must look."""


@dataclass(frozen=True)
class Row:
    """One figure to fetch."""

    id: str
    url: str


@dataclass(frozen=True)
class Group:
    """The hosts of one operator and their budget."""

    name: str
    hosts: tuple[str, ...]
    rate: float
    """Requests per second."""
    in_flight: int


@dataclass(frozen=True)
class Plan:
    """One client's task."""

    rows: tuple[Row, ...]
    groups: tuple[Group, ...]
    ca_file: str
    folder: str
    """Where the client may write; it exists."""
    probe: str = "get"
    read_timeout: float = 20.0
    deadline: float = 120.0
    max_bytes: int = 64 << 20
    throttled: bool = True
    spacing: float | None = None
    """For our fetcher: another factor between two requests than its own."""
    most_at_once: int = 1000
    """Requests under way at all hosts together, for clients that need to be told."""

    def write(self, path: Path) -> None:
        """Write it where a client finds it."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    def by_group(self) -> list[tuple[Group, list[Row]]]:
        """The rows of each group, in the plan's order."""
        group_of = {host: group for group in self.groups for host in group.hosts}
        rows: dict[str, list[Row]] = {group.name: [] for group in self.groups}
        for row in self.rows:
            rows[group_of[urlsplit(row.url).hostname or ""].name].append(row)
        return [(group, rows[group.name]) for group in self.groups if rows[group.name]]


def read_plan(path: str) -> Plan:
    """The plan in a file."""
    value = json.loads(Path(path).read_text(encoding="utf-8"))
    value["rows"] = tuple(Row(**row) for row in value["rows"])
    value["groups"] = tuple(Group(**{**group, "hosts": tuple(group["hosts"])}) for group in value["groups"])
    return Plan(**value)


@dataclass(frozen=True)
class Said:
    """What a client makes of one row."""

    id: str
    outcome: str
    reason: str = ""
    sha256: str = ""
    """Of the bytes it stored."""


def write_results(plan: Plan, results: Iterable[Said]) -> None:
    """Hand in what came of the rows."""
    lines = [json.dumps(asdict(result)) + "\n" for result in results]
    (Path(plan.folder) / "results.jsonl").write_text("".join(lines), encoding="utf-8")


def read_results(folder: Path) -> dict[str, Said]:
    """What a client handed in, by row."""
    path = folder / "results.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {said.id: said for line in lines for said in [Said(**json.loads(line))]}


def write_sent(plan: Plan, sent: Mapping[str, list[int]]) -> None:
    """Hand in when the requests of each group left, in monotonic nanoseconds."""
    (Path(plan.folder) / "sent.json").write_text(json.dumps(sent), encoding="utf-8")


def read_sent(folder: Path) -> dict[str, list[int]]:
    """What a client handed in; empty of those that do not say."""
    path = folder / "sent.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def outcome_of_status(status: int) -> str:
    """What a careful script concludes from a status that is no success."""
    if status in (404, 410, 451):
        return DEAD
    if status in (401, 403):
        return BLOCKED
    return AGAIN if status == 429 or status >= 500 else PERSON
