"""Everything about fetching that a configuration may change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from scidex_console.domain.pacing.manners import Manners

Probe = Literal["head-then-get", "get"]


@dataclass(frozen=True)
class FetchSettings(Manners):
    """Parameters of gate, guard and figure source. Times in seconds, sizes in bytes."""

    user_agent: str = "scidex-console"
    """Names the tool, its version and a contact address."""
    probe: Probe = "head-then-get"
    """`head-then-get` asks HEAD before GET, as the spec has it; `get` asks once and sees the same headers."""

    # What may be asked.
    robots: bool = True
    """Whether robots.txt is read and obeyed."""
    robots_overrides: tuple[str, ...] = ()
    """Hosts whose robots.txt an operator has overridden; `*.example.org` for all below it, `*` for all."""
    allowed_networks: tuple[str, ...] = ()
    """Networks in CIDR form that may be connected to although they are not public."""
    allowed_ports: frozenset[int] = frozenset()
    """Ports besides 80 and 443."""
    connect_to: tuple[str, ...] = ()
    """`HOST1:PORT1:HOST2:PORT2`: connect to HOST2:PORT2 instead of HOST1:PORT1, under the same name. Empty
    HOST1 or PORT1 stands for any; an empty HOST2 or PORT2 for the original; IPv6 in brackets. The target's
    address must be within `allowed_networks`."""
    ca_file: Path | None = None
    """Certificates (PEM) to trust besides the usual ones."""
    max_redirects: int = 5

    # How long, how much.
    connect_timeout: float = 10.0
    read_timeout: float = 20.0
    """Longest silence while an answer is awaited or read; for a write as well."""
    request_deadline: float = 120.0
    """Longest time for one request, connecting and body included; waiting for the gate is not."""
    hop_patience: float = 30.0
    """How long a redirect waits for a group that is closed (hold, breaker) before the row is put off."""
    max_bytes: int = 64 * 1024 * 1024
    """Largest body taken."""
    drain_bytes: int = 64 * 1024
    """How much of an unwanted body is read to keep the connection; within it an image must show itself."""
    kept_hosts: int = 2048
    """Hosts whose connections are kept at once: at least as many as are asked within `keepalive`."""
    keepalive: float = 60.0
    """How long a connection that nobody uses is kept."""
