"""Every way a host can answer, and the class it gets: against the demo's figure hosts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from scidex_console.demo.hosts.answers import Timing
from scidex_console.demo.hosts.replies import reply_for
from scidex_console.demo.hosts.scenarios import Behaviour, Scenario, expected_outcome
from scidex_console.demo.hosts.server import FigureHosts
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.hosts import HostGroup
from tests.adapters.http.fetching import Fetching, fetching
from tests.samples import sample

PROMPT = Timing(latency=0.0, hold=1, stall=0.4, slow_body=0.1)
URL = "https://figures.example.org/articles/1/fig1.png"


@asynccontextmanager
async def hosts_and_source(folder: Path, **changes: Any) -> AsyncIterator[tuple[FigureHosts, Fetching]]:
    # Made once and kept: it takes long enough to be met as silence.
    reply_for(Behaviour.GZIP_BOMB, "GET", "http", "example.org", "/")
    async with (
        FigureHosts(folder / "hosts", timing=PROMPT) as hosts,
        fetching(
            folder,
            http_port=hosts.http_port,
            https_port=hosts.https_port,
            **{"ca_file": hosts.ca_file, "read_timeout": 0.3, "max_bytes": 2_000_000, **changes},
        ) as world,
    ):
        yield hosts, world


@pytest.mark.parametrize("probe", sample("head-then-get", "get"))
async def test_every_behaviour_gets_its_class_over_both_schemes(tmp_path: Path, probe: str) -> None:
    wrong = []
    async with hosts_and_source(tmp_path, probe=probe) as (hosts, world):
        for scheme in ("http", "https"):
            for number, behaviour in enumerate(Behaviour):
                url = f"{scheme}://{scheme}{number}.example.org/figures/{number}.png"
                hosts.script.set_url(url, behaviour)
                outcome = await world.fetch(url, f"{scheme}{number}")
                expected = expected_outcome(Scenario(behaviour)).first_pass
                if outcome.outcome is not expected or not outcome.reason:
                    wrong.append((url, behaviour, expected, outcome))
        asked = hosts.log.read()
        staged = world.staging.everything()
    assert wrong == []
    assert all(
        request.method in ({"HEAD", "GET"} if probe == "head-then-get" else {"GET"}) for request in asked
    )
    assert not [name for name in staged if name.endswith(".part")]


async def test_a_stored_figure_is_staged_whole_with_its_hash_and_true_extension(tmp_path: Path) -> None:
    async with hosts_and_source(tmp_path) as (hosts, world):
        url = "https://figures.example.org/articles/1/fig1.webp"
        hosts.script.set_url(url, Behaviour.IMAGE)
        outcome = await world.fetch(url)
        data = world.bytes_of(outcome)
        assert outcome.file is not None and world.staging.holds(outcome.file.name, outcome.file.sha256)
    assert outcome.outcome is FetchClass.STORED
    assert (outcome.extension, outcome.media_type, outcome.status) == ("webp", "image/webp", 200)
    assert (outcome.host, outcome.group, outcome.final_url) == ("figures.example.org",) * 2 + (url,)
    assert outcome.file.size == len(data) and data[8:12] == b"WEBP"
    assert outcome.requests == 2


async def test_one_request_a_row_is_enough_with_get(tmp_path: Path) -> None:
    async with hosts_and_source(tmp_path, probe="get") as (hosts, world):
        hosts.script.set_host("figures.example.org", Behaviour.IMAGE)
        outcome = await world.fetch(URL)
        assert [request.method for request in hosts.log.read()] == ["GET"]
    assert outcome.requests == 1


async def test_head_alone_is_not_believed_about_the_dead_at_first(tmp_path: Path) -> None:
    async with hosts_and_source(tmp_path) as (hosts, world):
        hosts.script.set_url(URL, Behaviour.HEAD_NOT_FOUND)
        lying = await world.fetch(URL, "a")
        hosts.script.set_url(URL, Behaviour.NOT_FOUND)
        dead = await world.fetch(URL, "b")
        asked = [(request.method, request.status) for request in hosts.log.read()]
    assert lying.outcome is FetchClass.STORED and "HEAD said 404" in lying.reason
    assert (dead.outcome, dead.reason) == (FetchClass.DEAD, "404 Not Found")
    assert asked == [("HEAD", 404), ("GET", 200), ("HEAD", 404), ("GET", 404)]


async def test_head_is_believed_where_get_has_agreed_twenty_times_until_it_lies(tmp_path: Path) -> None:
    async with hosts_and_source(tmp_path) as (hosts, world):
        hosts.script.set_host("figures.example.org", Behaviour.NOT_FOUND)
        for number in range(20):
            assert (await world.fetch(f"https://figures.example.org/a{number}/f.png")).requests == 2
        world.source.audit_by(lambda: 0.5)
        believed = await world.fetch("https://figures.example.org/a77/f.png")
        elsewhere = await world.fetch("https://figures.example.org/a77/f.gif")
        world.source.audit_by(lambda: 0.05)
        audited = await world.fetch("https://figures.example.org/a78/f.png")
        hosts.script.set_host("figures.example.org", Behaviour.HEAD_NOT_FOUND)
        lie = await world.fetch("https://figures.example.org/a79/f.png")
        hosts.script.set_host("figures.example.org", Behaviour.NOT_FOUND)
        world.source.audit_by(lambda: 0.5)
        after = await world.fetch("https://figures.example.org/a80/f.png")
        learned = world.gates.states()[0].head_trust
    assert (believed.outcome, believed.status, believed.requests) == (FetchClass.DEAD, 404, 1)
    assert "to HEAD" in believed.reason
    assert [outcome.requests for outcome in (elsewhere, audited, lie, after)] == [2, 2, 2, 2]
    assert lie.outcome is FetchClass.STORED and after.outcome is FetchClass.DEAD
    assert [(trust.pattern, trust.agreements, trust.lies) for trust in learned] == [
        ("/a#/*.gif", 1, 0),
        ("/a#/*.png", 1, 1),
    ]


async def test_what_head_has_earned_at_one_host_of_a_group_it_has_not_at_another(tmp_path: Path) -> None:
    group = HostGroup("operator", ("*.example.org",), 400.0, 4)
    async with hosts_and_source(tmp_path, groups=(group,)) as (hosts, world):
        hosts.script.set_host("honest.example.org", Behaviour.NOT_FOUND)
        hosts.script.set_host("lying.example.org", Behaviour.HEAD_NOT_FOUND)
        for number in range(20):
            await world.fetch(f"https://honest.example.org/a{number}/f.png")
        world.source.audit_by(lambda: 0.5)
        dead = await world.fetch("https://honest.example.org/a77/f.png")
        living = await world.fetch("https://lying.example.org/a77/f.png")
    assert (dead.outcome, dead.requests) == (FetchClass.DEAD, 1)
    assert living.outcome is FetchClass.STORED


async def test_a_control_by_head_finds_out_that_head_lies_and_nothing_there_is_believed_any_more(
    tmp_path: Path,
) -> None:
    async with hosts_and_source(tmp_path) as (hosts, world):
        hosts.script.set_host("figures.example.org", Behaviour.NOT_FOUND)
        for number in range(20):
            await world.fetch(f"https://figures.example.org/a{number}/f.png")
            await world.fetch(f"https://figures.example.org/b{number}/f.png")
        world.source.audit_by(lambda: 0.5)
        hosts.script.set_host("figures.example.org", Behaviour.HEAD_NOT_FOUND)
        control = await world.source.ask_control("https://figures.example.org/a1/f.png", head=True)
        living = await world.fetch("https://figures.example.org/b77/f.png")
    assert [(hop.method, hop.status) for hop in control.hops] == [("HEAD", 404), ("GET", 200)]
    assert control.outcome is living.outcome is FetchClass.STORED


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour.RATE_LIMITED_SECONDS,
        Behaviour.RATE_LIMITED_DATE,
        Behaviour.RATE_LIMITED_BARE,
        Behaviour.UNAVAILABLE_RETRY_AFTER,
    ],
)
async def test_being_told_to_wait_ends_the_attempt_at_once_and_holds_the_group(
    tmp_path: Path, behaviour: Behaviour
) -> None:
    async with hosts_and_source(tmp_path) as (hosts, world):
        hosts.script.set_url(URL, behaviour)
        outcome = await world.fetch(URL)
        state = world.gates.states()[0]
        until = world.gates.closed_until("figures.example.org")
        assert [request.method for request in hosts.log.read()] == ["HEAD"]
    assert outcome.outcome is FetchClass.TRANSIENT
    assert until is not None and state.hold_until is not None
    assert "figures.example.org" in state.hold_cause and str(outcome.status) in state.hold_cause
    assert state.failures_in_a_row == 0
    told_when = behaviour is not Behaviour.RATE_LIMITED_BARE
    assert (outcome.retry_at is not None) is told_when
    if outcome.retry_at:
        assert abs((outcome.retry_at - until).total_seconds()) < 1.5


async def test_503_without_retry_after_is_trouble_but_holds_nobody(tmp_path: Path) -> None:
    async with hosts_and_source(tmp_path) as (hosts, world):
        hosts.script.set_url(URL, Behaviour.UNAVAILABLE)
        outcome = await world.fetch(URL)
        state = world.gates.states()[0]
    assert outcome.outcome is FetchClass.TRANSIENT
    assert (state.hold_until, state.failures_in_a_row) == (None, 1)


async def test_a_check_for_robots_counts_as_trouble_of_the_group(tmp_path: Path) -> None:
    async with hosts_and_source(tmp_path) as (hosts, world):
        hosts.script.set_url(URL, Behaviour.CHALLENGE)
        await world.fetch(URL)
        assert world.gates.states()[0].failures_in_a_row == 1


async def test_the_capped_hold_is_what_is_promised(tmp_path: Path) -> None:
    async with hosts_and_source(tmp_path, retry_after_cap=0.25) as (hosts, world):
        hosts.script.set_url(URL, Behaviour.RATE_LIMITED_SECONDS)
        outcome = await world.fetch(URL)
    assert outcome.reason.endswith("asked to come back in 0 s")


async def test_a_redirect_is_charged_to_the_group_it_leads_to(tmp_path: Path) -> None:
    groups = [
        HostGroup("old", ("www.plosone.org",), 400, 2),
        HostGroup("new", ("journals.plos.org",), 400, 2),
    ]
    async with hosts_and_source(tmp_path, groups=groups) as (hosts, world):
        url = "http://www.plosone.org/fig1.png"
        hosts.script.set_url(url, Behaviour.REDIRECT_HOST)
        outcome = await world.fetch(url)
        seen = [state.group for state in world.gates.states()]
        asked = [(request.method, request.host) for request in hosts.log.read()]
    assert outcome.outcome is FetchClass.STORED
    assert "redirected to journals.plos.org" in outcome.reason
    assert outcome.final_url.startswith("https://journals.plos.org/")
    assert (outcome.group, outcome.host, outcome.requests) == ("old", "www.plosone.org", 3)
    assert asked == [("HEAD", "www.plosone.org"), ("GET", "www.plosone.org"), ("GET", "journals.plos.org")]
    assert seen == ["new", "old"]


async def test_a_redirect_to_a_group_that_is_held_for_long_puts_the_row_off(tmp_path: Path) -> None:
    groups = [
        HostGroup("old", ("www.plosone.org",), 400, 2),
        HostGroup("new", ("journals.plos.org",), 400, 2),
    ]
    async with hosts_and_source(tmp_path, groups=groups) as (hosts, world):
        url = "http://www.plosone.org/fig1.png"
        hosts.script.set_url(url, Behaviour.REDIRECT_HOST)
        world.gates.hold("new", 3600, "429 from journals.plos.org")
        outcome = await world.fetch(url)
        until = world.gates.closed_until("new")
    assert outcome.outcome is FetchClass.TRANSIENT
    assert "journals.plos.org, which is left alone for now (429" in outcome.reason
    assert outcome.retry_at is not None and until is not None
    assert abs((outcome.retry_at - until).total_seconds()) < 5


async def test_every_host_down_opens_the_breaker_and_condemns_nothing(tmp_path: Path) -> None:
    async with hosts_and_source(tmp_path) as (hosts, world):
        await hosts.stop_listening()
        outcomes = [await world.fetch(URL, str(number)) for number in range(5)]
        state = world.gates.states()[0]
        until = world.gates.closed_until("figures.example.org")
        await hosts.listen()
    assert {outcome.outcome for outcome in outcomes} == {FetchClass.TRANSIENT}
    assert {(outcome.status, outcome.requests) for outcome in outcomes} == {(None, 0)}
    assert state.breaker == "open" and until is not None


async def test_a_host_that_heals_closes_its_breaker_with_the_first_probe(tmp_path: Path) -> None:
    async with hosts_and_source(tmp_path, breaker_first=0.3, breaker_failures=2) as (hosts, world):
        hosts.script.set_url(URL, Behaviour.SERVER_ERROR)
        for number in range(2):
            await world.fetch(URL, str(number))
        opened = world.gates.states()[0].breaker
        hosts.script.set_url(URL, Behaviour.IMAGE)
        outcome = await world.fetch(URL)
        closed = world.gates.states()[0].breaker
    assert (opened, outcome.outcome, closed) == ("open", FetchClass.STORED, "closed")


async def test_a_404_for_everything_is_no_failure_of_the_host(tmp_path: Path) -> None:
    async with hosts_and_source(tmp_path) as (hosts, world):
        hosts.script.set_host("figures.example.org", Behaviour.NOT_FOUND)
        for number in range(8):
            assert (await world.fetch(f"{URL}?{number}", str(number))).outcome is FetchClass.DEAD
        assert world.gates.states()[0].breaker == "closed"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "the address is empty"),
        ("ftp://ftp.ncbi.nlm.nih.gov/pub/x.png", "scheme ftp"),
        ("www.example.org/x.png", "no scheme"),
        ("http://host/x.png", "no dot"),
        ("http://①②⑦.⓪.⓪.①/", "not a valid internationalised name"),
        ("http://2130706433/", "unusual form"),
    ],
)
async def test_what_cannot_be_asked_costs_no_request_and_has_no_group(
    tmp_path: Path, url: str, reason: str
) -> None:
    async with fetching(tmp_path) as world:
        outcome = await world.fetch(url)
        assert world.source.group_of(url) == outcome.group == "malformed"
        assert world.gates.states() == []
    assert outcome.outcome is FetchClass.REFUSED
    assert reason in outcome.reason
    assert (outcome.requests, outcome.host, outcome.final_url, outcome.took_ms) == (0, "", "", 0)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://10.0.0.1/x.png", "private address 10.0.0.1"),
        ("http://[::ffff:127.0.0.1]/x.png", "mapped IPv4 address"),
        ("http://example.org:8080/x.png", "port 8080"),
    ],
)
async def test_what_the_guard_refuses_is_not_asked(tmp_path: Path, url: str, reason: str) -> None:
    async with fetching(tmp_path) as world:
        outcome = await world.fetch(url)
    assert outcome.outcome is FetchClass.REFUSED
    assert reason in outcome.reason
    assert outcome.requests == 0


async def test_a_protocol_relative_address_is_asked_over_https(tmp_path: Path) -> None:
    async with hosts_and_source(tmp_path) as (hosts, world):
        hosts.script.set_host("figures.example.org", Behaviour.IMAGE)
        outcome = await world.fetch("//figures.example.org/a.gif")
        assert {request.scheme for request in hosts.log.read()} == {"https"}
    assert (outcome.outcome, outcome.extension) == (FetchClass.STORED, "gif")


async def test_group_of_an_address_is_its_operators(tmp_path: Path) -> None:
    groups = [HostGroup("ncbi", ("*.ncbi.nlm.nih.gov",), 2.0, 2)]
    async with fetching(tmp_path, groups=groups) as world:
        assert world.source.group_of("HTTPS://PMC.ncbi.nlm.nih.gov/x") == "ncbi"
        assert world.source.group_of("//Cdn.Example.org:443/x") == "cdn.example.org"


async def test_each_wire_request_of_an_attempt_is_kept_as_evidence(tmp_path: Path) -> None:
    async with hosts_and_source(tmp_path) as (hosts, world):
        url = "http://www.plosone.org/fig1.png"
        hosts.script.set_url(url, Behaviour.REDIRECT_HOST)
        outcome = await world.fetch(url)
        hosts.script.set_url(URL, Behaviour.CONNECTION_RESET)
        lost = await world.fetch(URL)
    head, moved, came = outcome.hops
    assert (head.method, head.url) == ("HEAD", url) and (moved.method, moved.url) == ("GET", url)
    assert moved.status in (301, 302, 307, 308) and f"location: {came.url}" in moved.said
    assert (came.status, came.url) == (200, outcome.final_url) and "date: " in came.said
    assert [hop.status for hop in lost.hops] == [None] * lost.requests and lost.hops[-1].said
