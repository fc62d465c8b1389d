"""The configuration a world leaves beside itself, by which every other command finds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from scidex_console.demo.hosts_process import HostsDescription
from scidex_console.demo.store import BRANCH, REMOTE, StorePlaces
from scidex_console.domain.hosts import DEFAULT_GROUPS, DEFAULT_RATE
from scidex_console.settings import FetchSettings, FiguresSettings, FoldersSettings

CONFIG = "config.toml"
ENVIRONMENT = "demo"
AUTHORIZATION = "demo: nothing here is production"

_HIGHEST_RATE = 1000.0  # requests per second, the most the settings take
_SHORTEST_READ = timedelta(seconds=2)  # a busy machine must not look like a silent host
_SHORTEST_DEADLINE = timedelta(seconds=10)

_WATCHED_CYCLE = "20s"
_WATCHED_SECOND_PASS = timedelta(minutes=3)  # nobody watches for a day
_WATCHED_SOAK = timedelta(minutes=10)

_Value = str | bool | int | float | list[str] | list[int]


def write_config(
    file: Path, places: StorePlaces, database_url: str, hosts: HostsDescription, speed: float
) -> None:
    """Write the configuration of a world that runs; every path in it is absolute.

    `speed` multiplies the budgets of all host groups and divides every hold, back-off and breaker time.
    """
    sections: dict[str, Mapping[str, _Value]] = {
        "environment": {"name": ENVIRONMENT, "production": False},
        "database": {"url": database_url},
        "repository": {
            "path": str(places.artifacts),
            "outer": str(places.outer),
            "branch": BRANCH,
            "remote": REMOTE,
            "push": True,
        },
        "writes": {"enabled": True, "authorization": AUTHORIZATION},
        "figures": _figures(speed),
        "folders": _folders(speed),
        "readers": {"enabled": True},
        "soak": _soak(speed),
        "fetch": _fetch(hosts, speed),
    }
    head = "# Written by `scidex-console demo` each time it starts; changes made here are lost.\n"
    text = head + "".join(_section(f"[{name}]", values) for name, values in sections.items())
    for group in DEFAULT_GROUPS:
        budget: dict[str, _Value] = {
            "name": group.name,
            "rate": _rate(group.rate, speed),
            "in_flight": group.in_flight,
        }
        text += _section("[[fetch.groups]]", budget)
    draft = file.with_suffix(".toml.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


def _figures(speed: float) -> dict[str, _Value]:
    usual = FiguresSettings()
    return {
        "back_off": _sooner(usual.back_off, speed),
        "back_off_longest": _sooner(usual.back_off_longest, speed),
        "doubted_again_after": _sooner(usual.doubted_again_after, speed, _SHORTEST_READ),
        "second_pass_after": _sooner(_WATCHED_SECOND_PASS, speed, _SHORTEST_READ),
    }


def _folders(speed: float) -> dict[str, _Value]:
    """Cycles that can be watched; one after the other where the whole is to go quickly."""
    usual = FoldersSettings()
    return {
        "every": "0s" if speed > 1 else _WATCHED_CYCLE,
        "grace": _sooner(usual.grace, speed),
        "retry_after": _sooner(usual.retry_after, speed),
    }


def _soak(speed: float) -> dict[str, _Value]:
    """A soak that can be watched. A gate that is shut keeps no run back here: nothing is at stake."""
    return {
        "enforce": "never",
        "duration": _sooner(_WATCHED_SOAK, speed, timedelta(seconds=2)),
        "before_removal": _sooner(2 * _WATCHED_SOAK, speed, timedelta(seconds=2)),
        "measure_every": _sooner(timedelta(seconds=5), speed, timedelta(seconds=1)),
        "new_artifact_grace": "10s",
        "baseline": "1h",
    }


def _fetch(hosts: HostsDescription, speed: float) -> dict[str, _Value]:
    usual = FetchSettings()
    return {
        "contact": "demo@localhost",
        "connect_to": [f":80:{hosts.address}:{hosts.http_port}", f":443:{hosts.address}:{hosts.https_port}"],
        "allow_networks": ["127.0.0.0/8"],
        "allow_ports": [hosts.http_port, hosts.https_port],
        "ca_file": str(hosts.ca_file),
        "read_timeout": _sooner(usual.read_timeout, speed, _SHORTEST_READ),
        "deadline": _sooner(usual.deadline, speed, _SHORTEST_DEADLINE),
        "hold": _sooner(usual.hold, speed),
        "hold_longest": _sooner(usual.hold_longest, speed),
        "breaker_first": _sooner(usual.breaker_first, speed),
        "breaker_longest": _sooner(usual.breaker_longest, speed),
        "default_rate": _rate(DEFAULT_RATE, speed),
    }


def _rate(rate: float, speed: float) -> float:
    return min(rate * speed, _HIGHEST_RATE)


def _sooner(usual: timedelta, speed: float, shortest: timedelta = timedelta(milliseconds=1)) -> str:
    shorter = max(usual / speed, min(usual, shortest))
    milliseconds = round(shorter / timedelta(milliseconds=1))
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def _section(title: str, values: Mapping[str, _Value]) -> str:
    return "\n".join(["", title, *(f"{key} = {_toml(value)}" for key, value in values.items()), ""])


def _toml(value: _Value) -> str:
    # JSON writes booleans, numbers, lists and text as TOML does, but for one control character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
