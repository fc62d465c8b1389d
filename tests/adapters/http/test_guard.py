"""The guard: which addresses may be connected to."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest

from scidex_console.adapters.http.guard import Destination, Forbidden, Guard, why_not_public
from scidex_console.domain.addresses import parse_address
from scidex_console.domain.errors import SettingError

TABLE = Path(__file__).parents[2] / "data" / "ip_addresses.tsv"


def cases() -> list[tuple[str, str]]:
    rows = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]]
    return [(address, "" if kind == "public" else kind) for address, kind, _ in rows]


@pytest.mark.parametrize(("address", "kind"), cases())
def test_address_is_public_or_of_a_kind_that_is_not_asked(address: str, kind: str) -> None:
    assert why_not_public(ip_address(address)) == kind


@pytest.mark.parametrize(("address", "kind"), cases())
def test_guard_lets_only_public_addresses_through(address: str, kind: str) -> None:
    guard, destination = Guard(), Destination("example.org", 443)
    if kind:
        with pytest.raises(Forbidden, match=f"host example.org has {kind} address"):
            guard.check_ip(ip_address(address), destination)
    else:
        guard.check_ip(ip_address(address), destination)


@pytest.mark.parametrize(
    "url", ["http://example.org:8080/", "https://example.org:22/", "http://example.org:25/"]
)
def test_other_ports_are_refused_unless_configured(url: str) -> None:
    address = parse_address(url)
    with pytest.raises(Forbidden, match=f"port {address.port} is not allowed"):
        Guard().check_address(address)
    Guard(allowed_ports=frozenset({address.port})).check_address(address)


@pytest.mark.parametrize(
    "url", ["http://example.org:443/", "https://example.org:80/", "https://example.org/"]
)
def test_both_web_ports_are_allowed_for_both_schemes(url: str) -> None:
    Guard().check_address(parse_address(url))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://10.1.2.3/x",
        "http://[::ffff:10.0.0.1]/",
        "http://[fd00::1]/",
    ],
)
def test_ip_addresses_in_the_url_are_judged_before_anything_is_asked(url: str) -> None:
    with pytest.raises(Forbidden, match="only public addresses are asked"):
        Guard().check_address(parse_address(url))


def test_a_configured_network_is_let_through_and_nothing_beside_it() -> None:
    guard = Guard(allowed_networks=("127.0.0.0/8", "fd00:1::/32"))
    for allowed in ("127.0.0.1", "127.9.9.9", "fd00:1::7"):
        guard.check_ip(ip_address(allowed), Destination("example.org", 80))
    for refused in ("10.0.0.1", "::1", "::ffff:127.0.0.1", "fd00:2::1"):
        with pytest.raises(Forbidden):
            guard.check_ip(ip_address(refused), Destination("example.org", 80))


RULES = (
    "images.example.org:443:127.0.0.1:8443",
    ":80:127.0.0.1:8080",
    "six.example.org::[::1]:",
    "same.example.org:81::",
)


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("images.example.org", 443, Destination("127.0.0.1", 8443, mapped=True)),
        ("images.example.org", 80, Destination("127.0.0.1", 8080, mapped=True)),
        ("any.example.org", 80, Destination("127.0.0.1", 8080, mapped=True)),
        ("any.example.org", 443, Destination("any.example.org", 443)),
        ("six.example.org", 443, Destination("::1", 443, mapped=True)),
        ("same.example.org", 81, Destination("same.example.org", 81, mapped=True)),
    ],
)
def test_connect_to_takes_the_first_rule_that_fits(host: str, port: int, expected: Destination) -> None:
    guard = Guard(connect_to=RULES, allowed_ports=frozenset({8080, 8443, 81}))
    assert guard.destination(host, port) == expected


def test_connect_to_leads_only_into_allowed_networks_even_when_the_target_is_public() -> None:
    guard = Guard(connect_to=("example.org:443:93.184.216.34:443",))
    with pytest.raises(Forbidden, match="not in an allowed network"):
        guard.check_address(parse_address("https://example.org/x"))
    Guard(
        connect_to=("example.org:443:93.184.216.34:443",), allowed_networks=("93.184.216.34/32",)
    ).check_address(parse_address("https://example.org/x"))


def test_connect_to_leads_only_to_allowed_ports() -> None:
    guard = Guard(connect_to=("example.org:443:127.0.0.1:5432",), allowed_networks=("127.0.0.0/8",))
    with pytest.raises(Forbidden, match="port 5432, which is not allowed"):
        guard.check_address(parse_address("https://example.org/x"))


def test_a_rule_for_any_host_does_not_make_a_private_address_public() -> None:
    guard = Guard(connect_to=(":80:127.0.0.1:80",), allowed_networks=("127.0.0.0/8",))
    guard.check_address(parse_address("http://example.org/x"))
    with pytest.raises(Forbidden, match=r"link-local address 169\.254\.169\.254"):
        guard.check_address(parse_address("http://169.254.169.254/latest/meta-data/"))


@pytest.mark.parametrize(
    "rule", ["", "example.org", "a:1:b", "a:1:b:99999", "a:x:b:1", "::1:80:127.0.0.1:80", "a:1:b:2:3"]
)
def test_a_rule_that_cannot_be_read_is_named(rule: str) -> None:
    with pytest.raises(SettingError, match=r"connect_to: .*HOST1:PORT1:HOST2:PORT2"):
        Guard(connect_to=(rule,))


@pytest.mark.parametrize("network", ["", "localhost", "127.0.0.1/8", "127.0.0.0/33"])
def test_a_network_that_cannot_be_read_is_named(network: str) -> None:
    with pytest.raises(SettingError, match=r"allowed_networks: .*is not a network"):
        Guard(allowed_networks=(network,))
