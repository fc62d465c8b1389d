"""What may be connected to: public addresses on the web's own ports, and what the configuration adds.

The guard judges twice: the address as written, before anything is asked, and every IP address its host name
resolves to, at the moment of connecting; the connection then goes to exactly the address that was judged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from scidex_console.domain.addresses import WebAddress
from scidex_console.domain.errors import SettingError

IPAddress = IPv4Address | IPv6Address

_WEB_PORTS: Final = frozenset({80, 443})

# IANA's special-purpose registry; everything in it that is not an ordinary, globally reachable host.
_CLOSED_IPV4: Final = tuple(
    (IPv4Network(network), name)
    for network, name in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by carriers"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_OPEN_IPV6: Final = IPv6Network("2000::/3")
"""All that is assigned as global unicast; what lies outside is local, mapped, translated or not assigned."""
_CLOSED_IPV6: Final = tuple(
    (IPv6Network(network), name)
    for network, name in (
        ("2001::/32", "Teredo"),
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
    )
)
_OUTSIDE_IPV6: Final = tuple(
    (IPv6Network(network), name)
    for network, name in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::ffff:0:0/96", "mapped IPv4"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
    )
)
"""Names only: all of this is closed by lying outside `_OPEN_IPV6`."""


class Forbidden(Exception):
    """An address the guard does not let through; the message says why, in words for the operator."""


def why_not_public(address: IPAddress) -> str:
    """What kind of address it is when it is not global unicast; empty when it is."""
    if isinstance(address, IPv4Address):
        return next((name for network, name in _CLOSED_IPV4 if address in network), "")
    if address.scope_id is not None:
        return "link-local"
    if address not in _OPEN_IPV6:
        return next((name for network, name in _OUTSIDE_IPV6 if address in network), "reserved")
    return next((name for network, name in _CLOSED_IPV6 if address in network), "")


@dataclass(frozen=True)
class Destination:
    """Where to connect: a host name or IP address and a port; `mapped` when `connect_to` chose it."""

    host: str
    port: int
    mapped: bool = False


@dataclass(frozen=True)
class _Rule:
    host: str
    port: int | None
    to_host: str
    to_port: int | None

    def matches(self, host: str, port: int) -> bool:
        return self.host in ("", host) and self.port in (None, port)


class Guard:
    """Judges addresses by the settings. Raises `SettingError` when these cannot be read."""

    def __init__(
        self,
        *,
        allowed_networks: Sequence[str] = (),
        allowed_ports: frozenset[int] = frozenset(),
        connect_to: Sequence[str] = (),
    ) -> None:
        self._networks = tuple(_network(text) for text in allowed_networks)
        self._ports = _WEB_PORTS | allowed_ports
        self._rules = tuple(_rule(text) for text in connect_to)

    def check_address(self, address: WebAddress) -> None:
        """Judge what is written: the port, and the host where it is an IP address. Raises `Forbidden`."""
        if address.port not in self._ports:
            raise Forbidden(f"port {address.port} is not allowed")
        mapped = self.destination(address.host, address.port)
        # An IP address is judged as written too: a rule for any host must not make a private one public.
        for destination in (Destination(address.host, address.port), mapped):
            literal = _literal(destination.host)
            if literal is not None:
                self.check_ip(literal, destination)

    def destination(self, host: str, port: int) -> Destination:
        """Where a connection to `host` and `port` goes: there, or where the first `connect_to` rule says.

        Raises `Forbidden` when a rule leads to a port that is not allowed.
        """
        for rule in self._rules:
            if rule.matches(host, port):
                to_port = rule.to_port or port
                if to_port not in self._ports:
                    raise Forbidden(f"connect_to leads {host} to port {to_port}, which is not allowed")
                return Destination(rule.to_host or host, to_port, mapped=True)
        return Destination(host, port)

    def check_ip(self, ip: IPAddress, destination: Destination) -> None:
        """Judge one address that a destination resolved to. Raises `Forbidden`."""
        if any(ip.version == network.version and ip in network for network in self._networks):
            return
        if destination.mapped:
            raise Forbidden(f"connect_to leads to {ip}, which is not in an allowed network")
        if why := why_not_public(ip):
            named = "" if str(ip) == destination.host else f"host {destination.host} has "
            raise Forbidden(f"{named}{why} address {ip}: only public addresses are asked")


def _literal(host: str) -> IPAddress | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise SettingError(
            f"{text!r} is not a network ({error})", where="allowed_networks", fix="write it like 127.0.0.0/8"
        ) from error


_RULE = re.compile(r"(\[[^\]]*\]|[^:\[\]]*):(\d*):(\[[^\]]*\]|[^:\[\]]*):(\d*)")


def _rule(text: str) -> _Rule:
    match = _RULE.fullmatch(text.strip())
    ports = [int(port) if port else None for port in (match[2], match[4])] if match else []
    if match is None or any(port is not None and not 0 < port < 65536 for port in ports):
        raise SettingError(
            f"{text!r} is not a rule",
            where="connect_to",
            fix="write HOST1:PORT1:HOST2:PORT2, where parts may be empty and IPv6 addresses are in brackets",
        )
    host, to_host = (part.strip("[]").lower() for part in (match[1], match[3]))
    return _Rule(host, ports[0], to_host, ports[1])
