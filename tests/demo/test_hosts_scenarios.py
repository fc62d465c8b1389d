from collections import Counter

import pytest

from scidex_console.demo.hosts.addresses import EUROPE_PMC, all_addresses
from scidex_console.demo.hosts.scenarios import (
    NEVER,
    PASSING,
    Behaviour,
    ExpectedOutcome,
    Scenario,
    address_key,
    expected_for_address,
    expected_outcome,
    scenario_for,
)
from scidex_console.domain.fetching import FetchClass

SCRIPTED_ONLY = {Behaviour.CHALLENGE, Behaviour.GZIP_BOMB}


def test_world_depends_on_seed_and_address_alone() -> None:
    urls = [address.url for address in all_addresses()[:500]]
    assert [scenario_for(url, 4) for url in urls] == [scenario_for(url, 4) for url in urls]
    assert [scenario_for(url, 4) for url in urls] != [scenario_for(url, 5) for url in urls]


def test_europe_pmc_is_dead_for_97_of_100_and_the_rest_lives_in_the_end() -> None:
    urls = [address.url for address in all_addresses() if address.host == EUROPE_PMC]
    classes = Counter(expected_for_address(url, 0).final for url in urls)
    assert set(classes) == {FetchClass.DEAD, FetchClass.STORED}
    assert 0.96 < classes[FetchClass.DEAD] / len(urls) < 0.98


def test_other_hosts_show_every_behaviour_and_every_class() -> None:
    urls = [address.url for address in all_addresses() if address.host != EUROPE_PMC]
    behaviours = Counter(scenario_for(url, 0).behaviour for url in urls)
    assert set(behaviours) == set(Behaviour) - SCRIPTED_ONLY
    assert behaviours.most_common(1)[0][0] is Behaviour.IMAGE
    assert {expected_for_address(url, 0).final for url in urls} == set(FetchClass)


@pytest.mark.parametrize("behaviour", list(Behaviour))
def test_every_behaviour_has_an_expected_class(behaviour: Behaviour) -> None:
    expected = expected_outcome(Scenario(behaviour, 1))
    assert (expected.first_pass != expected.final) == (behaviour in PASSING)


def test_passing_trouble_heals_after_its_attempts_and_lasting_trouble_does_not() -> None:
    passing, never = Scenario(Behaviour.BAD_GATEWAY, 2), Scenario(Behaviour.BAD_GATEWAY, NEVER)
    assert [passing.at_attempt(n) for n in range(4)] == [
        Behaviour.BAD_GATEWAY,
        Behaviour.BAD_GATEWAY,
        Behaviour.IMAGE,
        Behaviour.IMAGE,
    ]
    assert never.at_attempt(1000) is Behaviour.BAD_GATEWAY
    assert expected_outcome(passing) == ExpectedOutcome(FetchClass.TRANSIENT, FetchClass.STORED)
    assert expected_outcome(never) == ExpectedOutcome(FetchClass.TRANSIENT, FetchClass.TRANSIENT)
    assert Scenario(Behaviour.NOT_FOUND, 1).at_attempt(5) is Behaviour.NOT_FOUND


def test_address_with_another_scheme_than_the_webs_is_refused() -> None:
    refused = ExpectedOutcome(FetchClass.REFUSED, FetchClass.REFUSED)
    assert expected_for_address("ftp://ftp.ncbi.nlm.nih.gov/a.tar.gz", 0) == refused


@pytest.mark.parametrize("seed", range(5))
def test_address_without_a_scheme_is_expected_as_over_https(seed: int) -> None:
    rest = "//media.springernature.com/a.jpg"
    assert expected_for_address(rest, seed) == expected_for_address(f"https:{rest}", seed)


@pytest.mark.parametrize(
    "spelling",
    [
        "http://A.org/x%2Fy z?q=1",
        "https://a.org/x/y%20z?q=1",
        "https://a.org:443/x%2fy%20z?q=1#part",
        "//a.org/x/y z?q=%31",
    ],
)
def test_spellings_of_one_address_share_a_key(spelling: str) -> None:
    assert address_key(spelling) == "a.org/x/y z?q=1"


def test_broken_escapes_keep_their_key_when_a_client_repairs_them() -> None:
    assert address_key("https://a.org/lax%%2Ff.tif") == address_key("https://a.org/lax%25%2Ff.tif")


@pytest.mark.parametrize(
    ("url", "behaviours"),
    [
        ("https://www.ncbi.nlm.nih.gov/pmc/articles/PMC7/figure/F1/", {Behaviour.HTML}),
        ("http://ars.els-cdn.com/content/image/1-mmc1.pdf", {Behaviour.DOCUMENT}),
    ],
)
def test_addresses_of_pages_and_documents_never_serve_a_figure(url: str, behaviours: set[Behaviour]) -> None:
    served = {
        scenario_for(url, seed).behaviour
        for seed in range(200)
        if expected_for_address(url, seed).first_pass is FetchClass.SUSPECT
    }
    stored = [seed for seed in range(200) if expected_for_address(url, seed).first_pass is FetchClass.STORED]
    assert behaviours <= served
    assert not stored


def test_figures_that_moved_are_served_at_their_new_home() -> None:
    assert {scenario_for("https://a.org/moved-figures/b.org/x.jpg", seed) for seed in range(50)} == {
        Scenario(Behaviour.IMAGE)
    }
