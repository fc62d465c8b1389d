"""Recorded addresses by a table of cases, and all real ones the demo ships with."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scidex_console.adapters.http.international import to_ascii
from scidex_console.domain.addresses import BadAddress, WebAddress, parse_address, resolve_reference
from scidex_console.domain.hosts import HostGroups

TABLE = Path(__file__).parents[1] / "data" / "addresses.tsv"
_WRITTEN_OUT = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|[\\nrt])")


def cases() -> list[tuple[str, str]]:
    rows = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]]
    return [(_plain(recorded), expected) for recorded, expected, _ in rows]


def _plain(text: str) -> str:
    named = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
    return _WRITTEN_OUT.sub(lambda match: named.get(match[1]) or chr(int(match[1][1:], 16)), text)


@pytest.mark.parametrize(("recorded", "expected"), cases())
def test_recorded_address_is_read_or_refused_with_its_reason(recorded: str, expected: str) -> None:
    if expected.startswith("REFUSED "):
        with pytest.raises(BadAddress, match=re.escape(expected.removeprefix("REFUSED "))):
            parse_address(recorded, to_ascii=to_ascii)
    else:
        assert parse_address(recorded, to_ascii=to_ascii).url == expected


def test_a_sample_of_real_addresses_of_every_host_is_read_and_grouped_or_refused() -> None:
    groups = HostGroups()
    table = (TABLE.parent / "recorded_urls.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert len(table) > 100
    for recorded, group, expected, source in (line.split("\t") for line in table):
        assert source
        if expected.startswith("REFUSED "):
            with pytest.raises(BadAddress, match=re.escape(expected.removeprefix("REFUSED "))):
                parse_address(recorded, to_ascii=to_ascii)
            continue
        address = parse_address(recorded, to_ascii=to_ascii)
        assert address.url == (recorded if expected == "=" else expected)
        assert groups.of_host(address.host).name == group


def test_an_endless_address_is_refused() -> None:
    with pytest.raises(BadAddress, match="longer than 8000 characters"):
        parse_address("http://example.org/" + "x" * 8000)


def test_international_names_need_somebody_who_knows_them() -> None:
    with pytest.raises(BadAddress, match="not a valid internationalised name"):
        parse_address("http://münchen.example/x")


def test_real_recorded_addresses_keep_every_byte_of_path_and_query() -> None:
    table = resources.files("scidex_console.demo.data").joinpath("figure_addresses.tsv")
    recorded = [line.split("\t")[0] for line in table.read_text(encoding="utf-8").splitlines()[1:]]
    refused = []
    for url in recorded:
        try:
            address = parse_address(url)
        except BadAddress as error:
            refused.append((url.partition(":")[0], str(error)))
            continue
        rest = url.partition("//")[2].partition("#")[0]
        assert address.authority + address.target.replace("%20", " ") == rest.replace("%20", " ")
    assert set(refused) == {("ftp", "scheme ftp: only http and https are asked")}
    assert len(recorded) - len(refused) > 7000


BASE = parse_address("https://example.org/a/b/c.png?x=1")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://other.example/y", "https://other.example/y"),
        ("HTTP://Other.example/y", "http://other.example/y"),
        ("//other.example/y?z", "https://other.example/y?z"),
        ("/y", "https://example.org/y"),
        ("y", "https://example.org/a/b/y"),
        ("../y", "https://example.org/a/y"),
        ("../../../y", "https://example.org/y"),
        ("?z=2", "https://example.org/a/b/c.png?z=2"),
        ("#there", "https://example.org/a/b/c.png?x=1"),
        ("y y.png", "https://example.org/a/b/y%20y.png"),
        ("/art%3A10.1038%2Fx", "https://example.org/art%3A10.1038%2Fx"),
        ("./a:b", "https://example.org/a/b/a:b"),
    ],
)
def test_redirect_leads_where_the_reference_says(location: str, expected: str) -> None:
    assert resolve_reference(BASE, location).url == expected


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("", "empty"),
        ("ftp://example.org/x", "scheme ftp"),
        ("http://user@example.org/", "user information"),
        ("javascript:history.back()", "scheme javascript"),
        ("http://localhost/", "no dot"),
        ("//", "no host"),
        ("/a\r\nSet-Cookie: x", "control character"),
    ],
)
def test_redirect_to_what_cannot_be_asked_is_refused(location: str, reason: str) -> None:
    with pytest.raises(BadAddress, match=reason):
        resolve_reference(BASE, location)


@given(st.text(max_size=80) | st.from_regex(r"https?://[^/]{0,20}/.{0,40}", fullmatch=True))
def test_whatever_is_recorded_gives_an_address_that_can_be_sent_or_a_reason(text: str) -> None:
    try:
        address = parse_address(text, to_ascii=to_ascii)
    except BadAddress as error:
        assert str(error)
        return
    assert re.fullmatch(r"/[\x21-\x7e]*", address.target)
    assert "#" not in address.target
    assert re.fullmatch(r"[a-z0-9_.:-]+", address.host)
    assert parse_address(address.url) == address


@given(st.text(max_size=60))
def test_whatever_a_server_redirects_to_gives_an_address_or_a_reason(location: str) -> None:
    try:
        target = resolve_reference(BASE, location, to_ascii=to_ascii)
    except BadAddress:
        return
    assert isinstance(target, WebAddress)
    assert parse_address(target.url) == target
