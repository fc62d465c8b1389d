from collections import Counter
from urllib.parse import urlsplit

import pytest

from scidex_console.demo.hosts.addresses import (
    EUROPE_PMC,
    all_addresses,
    all_hosts,
    choose_addresses,
    oddities_of,
)

ALL_ODDITIES = {
    "no-scheme",
    "ftp",
    "escapes",
    "broken-escape",
    "query",
    "parameter",
    "double-slash",
    "long",
    "no-ending",
    "other-ending",
    "ending-tif",
    "ending-svg",
    "ending-jpeg",
    "ending-webp",
}


def test_facts_name_their_source_and_occur_once() -> None:
    addresses = all_addresses()
    assert len(addresses) == len({address.url for address in addresses}) == 7446
    assert all(address.source and address.host for address in addresses)
    assert sum(address.composed for address in addresses) == 3443
    assert all(address.host == EUROPE_PMC for address in addresses if address.composed)


def test_every_host_is_a_real_name() -> None:
    assert len(all_hosts()) == 52
    assert all("." in host and host == host.lower() for host in all_hosts())


def test_facts_are_kept_character_for_character() -> None:
    urls = {address.url for address in all_addresses()}
    assert "https://iiif.elifesciences.org/lax/09560%%2Felife-09560-fig1-v1.tif" in urls
    assert "https://europepmc.org/articles/PMC102186/bin/mb2400926009.jpg" in urls
    assert any(url.startswith("//media.springernature.com/") for url in urls)
    assert any(url.startswith("ftp://ftp.ncbi.nlm.nih.gov/") for url in urls)


@pytest.mark.parametrize("count", [600, 4302])
def test_world_holds_every_host_and_every_oddity(count: int) -> None:
    chosen = choose_addresses(count, seed=3)
    assert len({address.url for address in chosen}) == count
    assert {address.host for address in chosen} == set(all_hosts())
    assert {oddity for address in chosen for oddity in address.oddities} == ALL_ODDITIES
    europe_pmc = sum(address.host == EUROPE_PMC for address in chosen)
    assert europe_pmc == round(count * 0.7)


def test_big_hosts_have_more_than_small_ones_without_crowding_them_out() -> None:
    hosts = Counter(address.host for address in choose_addresses(4302, seed=0))
    assert hosts["www.plosone.org"] > hosts["minio.scielo.br"] > hosts["www.bmj.com"] >= 2
    assert hosts["www.plosone.org"] < 400


def test_choice_depends_on_the_seed_alone() -> None:
    assert choose_addresses(600, seed=1) == choose_addresses(600, seed=1)
    assert choose_addresses(600, seed=1) != choose_addresses(600, seed=2)


def test_choice_can_be_small_or_everything() -> None:
    assert choose_addresses(0, seed=0) == []
    assert [address.host for address in choose_addresses(1, seed=0)] == [EUROPE_PMC]
    assert set(choose_addresses(7446, seed=0)) == set(all_addresses())


def test_choice_beyond_the_facts_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot choose 7447 figure addresses: there are 7446"):
        choose_addresses(7447, seed=0)
    with pytest.raises(ValueError, match="cannot choose -1"):
        choose_addresses(-1, seed=0)


@pytest.mark.parametrize(
    ("url", "oddities"),
    [
        ("https://a.org/x.jpg", set()),
        ("https://europepmc.org/articles/PMC1/bin/x", {"no-ending"}),
        ("//a.org/x.gif?as=webp", {"no-scheme", "query"}),
        ("ftp://a.org/x.tar.gz", {"ftp", "other-ending"}),
        ("http://a.org//b%2Fc%%2.tif", {"double-slash", "escapes", "broken-escape", "ending-tif"}),
        ("http://a.org/f.action;jsessionid=7?" + "x" * 250, {"parameter", "other-ending", "query", "long"}),
    ],
)
def test_oddities_are_recognised(url: str, oddities: set[str]) -> None:
    assert oddities_of(url) == oddities


def test_a_host_is_what_its_address_names() -> None:
    assert all(urlsplit(address.url).hostname == address.host for address in all_addresses())
