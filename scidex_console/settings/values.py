"""Kinds of values that settings share: durations, paths, names, network addresses.

A validator here raises ValueError with what would be right, as words that follow "write …".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, PlainSerializer, PlainValidator

from scidex_console.domain.durations import parse_duration
from scidex_console.domain.errors import UnsafePath
from scidex_console.domain.paths import check_relative

SECTION = ConfigDict(
    defer_build=True, extra="forbid", frozen=True, validate_default=True, hide_input_in_errors=True
)
"""How every section behaves: unknown keys are errors, nothing changes after loading, no value in errors."""

Network = IPv4Network | IPv6Network


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise ValueError('a duration with its unit, in quotes, such as "30s", "15m" or "2h"')
    try:
        return parse_duration(value)
    except ValueError:
        raise ValueError('a duration such as "30s", "15m", "2h" or "1h30m"') from None


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError('a duration longer than nothing, such as "30s"')
    return value


Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    AfterValidator(_positive),
    PlainSerializer(
        lambda value: f"{value.total_seconds():.3f}".rstrip("0").rstrip(".") + "s", when_used="json"
    ),
]
"""A positive length of time; written with its unit, so that nobody has to guess it."""


DurationOrNone = Annotated[
    timedelta,
    PlainValidator(_duration),
    PlainSerializer(
        lambda value: f"{value.total_seconds():.3f}".rstrip("0").rstrip(".") + "s", when_used="json"
    ),
]
"""A length of time that may be nothing (`0s`)."""


def _path_or_none(value: Any) -> Path | None:
    if value is None or isinstance(value, Path):
        return value
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("a path, in quotes")
    return Path(value).expanduser() if value else None


OptionalPath = Annotated[Path | None, PlainValidator(_path_or_none)]
"""A path, or nothing when it is empty. One in a file is relative to that file's folder."""


def _inside(value: str) -> str:
    try:
        return check_relative(value)
    except UnsafePath as error:
        raise ValueError(f"a relative path with forward slashes ({error.what})") from None


InsidePath = Annotated[str, AfterValidator(_inside)]
"""A path inside a repository."""


def _ref_name(value: str) -> str:
    if (
        not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_./-]*", value)
        or ".." in value
        or value.endswith((".lock", "/"))
    ):
        raise ValueError("a plain name of letters, digits, '.', '_', '/' and '-', such as \"main\"")
    return value


RefName = Annotated[str, AfterValidator(_ref_name)]
"""A branch or a remote by name; never something git could read as an option."""


def _one_line(value: str) -> str:
    if not value.isprintable() or len(value) > 200:
        raise ValueError("one line of printable text, 200 characters at most")
    return value.strip()


OneLine = Annotated[str, AfterValidator(_one_line)]


def _network(value: Any) -> Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    try:
        return ip_network(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError('a network such as "127.0.0.0/8" or "fd00::/8"') from None


NetworkField = Annotated[Network, PlainValidator(_network), PlainSerializer(str, when_used="json")]
Port = Annotated[int, Field(strict=True, ge=1, le=65535)]
Count = Annotated[int, Field(strict=True, ge=1)]
Rate = Annotated[float, Field(strict=True, gt=0, le=1000, allow_inf_nan=False)]


@dataclass(frozen=True)
class ConnectTo:
    """Where to connect instead: requests for `host:port` go to `address:to_port`, Host and SNI unchanged."""

    host: str
    """Host name in lower case; empty stands for every host."""
    port: int | None
    """None stands for every port."""
    address: str
    """IP address or host name connected to."""
    to_port: int | None
    """None keeps the port."""

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port or ''}:{address}:{self.to_port or ''}"


_CONNECT_TO = re.compile(r"(\[[^\[\]]+\]|[^:\[\]]*):(\d{0,5}):(\[[^\[\]]+\]|[^:\[\]]+):(\d{0,5})")


def _connect_to(value: Any) -> ConnectTo:
    if isinstance(value, ConnectTo):
        return value
    match = _CONNECT_TO.fullmatch(value) if isinstance(value, str) else None
    ports = [int(text) if text else None for text in (match[2], match[4])] if match else []
    if match is None or any(port is not None and not 1 <= port <= 65535 for port in ports):
        raise ValueError('HOST:PORT:ADDRESS:PORT, such as "europepmc.org:443:127.0.0.1:8443"')
    return ConnectTo(match[1].strip("[]").lower(), ports[0], match[3].strip("[]"), ports[1])


ConnectToField = Annotated[ConnectTo, PlainValidator(_connect_to), PlainSerializer(str, when_used="json")]


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


_HOST = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?")


def _host_pattern(value: str) -> str:
    if not _HOST.fullmatch(value):
        raise ValueError('a host name such as "europepmc.org", or "*.europepmc.org" for all below it')
    return value


HostPattern = Annotated[str, BeforeValidator(_lower), AfterValidator(_host_pattern)]


def _host_or_all(value: str) -> str:
    return value if value == "*" else _host_pattern(value)


AnyHostPattern = Annotated[str, BeforeValidator(_lower), AfterValidator(_host_or_all)]
"""A host pattern, or `*` for every host."""
