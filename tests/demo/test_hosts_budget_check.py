import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from scidex_console.demo.hosts.budget_check import (
    GroupFinding,
    at_speed,
    check_budgets,
    main,
    read_groups,
)
from scidex_console.demo.hosts.request_log import LoggedRequest
from scidex_console.domain.hosts import HostGroup, HostGroups

SECOND = 1_000_000_000


def asked(
    at: float, *, lasting: float = 0.01, host: str = "a.org", hold_until: float | None = None
) -> LoggedRequest:
    """A request that arrived `at` seconds; everything else is of no concern here."""
    return LoggedRequest(
        arrived=at,
        arrived_ns=round(at * SECOND),
        finished=at + lasting,
        finished_ns=round((at + lasting) * SECOND),
        connection=1,
        scheme="https",
        host=host,
        method="GET",
        target="/x",
        status=200 if hold_until is None else 429,
        ending="complete",
        bytes_sent=0,
        scenario="image",
        in_flight=1,
        hold_until_ns=None if hold_until is None else round(hold_until * SECOND),
    )


def judged(
    requests: Sequence[LoggedRequest], rate: float = 1.0, in_flight: int = 1, settle_s: float = 0.1
) -> GroupFinding:
    group = HostGroup("a", ("a.org",), rate, in_flight)
    [finding] = check_budgets(requests, lambda host: group, settle_s=settle_s)
    return finding


def test_even_spacing_at_the_budget_is_clean() -> None:
    finding = judged([asked(number * 0.5) for number in range(20)], rate=2)
    assert (finding.max_in_window, finding.window_limit, finding.windows_over) == (2, 2, 0)
    assert finding.efficiency == pytest.approx(1.0)
    assert finding.clean


def test_every_window_with_too_many_is_counted() -> None:
    finding = judged([asked(at) for at in (0.0, 0.4, 0.9, 1.3, 1.85, 5.0)], rate=2)
    # The windows that end at 0.9, at 1.3 and at 1.85 hold three each.
    assert (finding.max_in_window, finding.windows_over) == (3, 3)
    assert not finding.clean


def test_window_is_half_open_to_the_nanosecond() -> None:
    second = asked(1.0)
    assert judged([asked(0.0), second]).clean
    a_moment_earlier = asked(0.999_999_999)
    finding = judged([asked(0.0), a_moment_earlier])
    assert (finding.max_in_window, finding.windows_over) == (2, 1)


def test_burst_hidden_between_whole_seconds_is_found() -> None:
    # Two in every calendar second, four within a tenth of one.
    finding = judged([asked(at) for at in (0.95, 0.97, 1.01, 1.03)], rate=2, in_flight=9)
    assert (finding.max_in_window, finding.windows_over) == (4, 2)


@pytest.mark.parametrize(
    ("rate", "gap", "clean"),
    [
        (0.5, 2.0, True),
        (0.5, 1.9, False),
        (0.1, 10.0, True),
        (0.1, 9.0, False),
        (2.5, 0.4, True),
        (2.5, 0.39, False),
        (40.0, 0.025, True),
        (40.0, 0.0249, False),
    ],
)
def test_rates_that_are_no_whole_number_or_below_one(rate: float, gap: float, clean: bool) -> None:
    finding = judged([asked(number * gap, lasting=0.001) for number in range(100)], rate=rate)
    assert (finding.windows_over == 0) is clean


def test_log_is_in_order_of_endings_and_judged_by_arrivals() -> None:
    slow_first = [asked(0.5, lasting=0.1), asked(0.0, lasting=3.0), asked(1.0, lasting=0.1)]
    finding = judged(slow_first, rate=2, in_flight=2)
    assert (finding.max_in_window, finding.max_in_flight) == (2, 2)
    assert finding.clean


def test_in_flight_over_budget_is_counted_per_arrival() -> None:
    requests = [asked(0.0, lasting=5.0), asked(1.0, lasting=5.0), asked(2.0, lasting=5.0), asked(9.0)]
    finding = judged(requests, in_flight=1)
    assert (finding.max_in_flight, finding.arrivals_over_in_flight) == (3, 2)
    assert finding.windows_over == 0
    assert not finding.clean


def test_request_that_follows_the_end_of_another_at_once_is_not_beside_it() -> None:
    assert judged([asked(0.0, lasting=1.0), asked(1.0)]).max_in_flight == 1


def test_request_inside_a_hold_is_flagged() -> None:
    finding = judged([asked(0.0, hold_until=20.0), asked(5.0), asked(19.99), asked(21.0)])
    assert (finding.holds, finding.inside_hold) == (1, 2)
    assert not finding.clean


def test_what_was_on_its_way_when_the_hold_began_is_not_flagged() -> None:
    under_way = [asked(0.0, lasting=0.5), asked(0.2, lasting=0.01, hold_until=20.0), asked(0.25)]
    assert judged(under_way, rate=10, in_flight=4).inside_hold == 0
    assert judged(under_way, rate=10, in_flight=4, settle_s=0.0).inside_hold == 1


def test_request_at_the_end_of_a_hold_is_welcome() -> None:
    finding = judged([asked(0.0, hold_until=20.0), asked(20.0)])
    assert (finding.inside_hold, finding.clean) == (0, True)


def test_request_inside_two_holds_is_one_request() -> None:
    requests = [asked(0.0, hold_until=20.0), asked(0.05, hold_until=30.0), asked(10.0), asked(25.0)]
    assert judged(requests, rate=99, in_flight=9).inside_hold == 2


def test_hold_of_one_host_binds_its_whole_group_and_no_other() -> None:
    groups = HostGroups([HostGroup("europepmc", ("europepmc.org", "www.ebi.ac.uk"), 2.0, 4)])
    requests = [
        asked(0.0, host="europepmc.org", hold_until=20.0),
        asked(5.0, host="www.ebi.ac.uk"),
        asked(5.0, host="b.org"),
    ]
    findings = {one.group: one for one in check_budgets(requests, groups.of_host)}
    assert findings["europepmc"].inside_hold == 1
    assert findings["b.org"].clean


def test_efficiency_leaves_holds_out() -> None:
    requests = [asked(0.0), asked(1.0, lasting=0.0, hold_until=11.0), asked(11.0), asked(12.0), asked(14.0)]
    finding = judged(requests)
    assert finding.held_s == pytest.approx(10.0)
    assert finding.efficiency == pytest.approx(4 / 4)


def test_single_request_has_no_efficiency() -> None:
    assert judged([asked(0.0)]).efficiency is None


def test_hosts_nobody_configured_are_groups_of_their_own() -> None:
    requests = [asked(0.0, host="a.org"), asked(0.0, host="b.org")]
    findings = check_budgets(requests, HostGroups().of_host)
    assert {(one.group, one.rate) for one in findings} == {("a.org", 1.0), ("b.org", 1.0)}
    assert all(one.clean for one in findings)


def test_faster_demo_is_judged_by_faster_budgets() -> None:
    requests = [asked(number / 20) for number in range(40)]
    assert not check_budgets(requests, HostGroups().of_host)[0].clean
    assert check_budgets(requests, at_speed(HostGroups(), 20.0))[0].clean


def test_no_requests_no_findings() -> None:
    assert check_budgets([], HostGroups().of_host) == []


def write_log(path: Path, requests: Sequence[LoggedRequest]) -> str:
    path.write_text("".join(request.line() for request in requests))
    return str(path)


def test_command_tells_clean_from_broken_by_its_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean = write_log(tmp_path / "clean", [asked(0.0), asked(1.0)])
    broken = write_log(tmp_path / "broken", [asked(0.0), asked(0.5)])
    assert main([clean]) == 0
    assert "2 requests to 1 groups; 0 groups over their budget" in capsys.readouterr().out
    assert main([broken, "--json"]) == 1
    [finding] = json.loads(capsys.readouterr().out)
    assert (finding["group"], finding["windows_over"], finding["clean"]) == ("a.org", 1, False)
    assert main([broken, "--speed", "2"]) == 0


def test_command_reads_groups_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = write_log(
        tmp_path / "log", [asked(0.0), asked(0.2), asked(0.4, host="b.org"), asked(0.6, host="b.org")]
    )
    groups = tmp_path / "groups.json"
    document = {
        "groups": {"pair": {"hosts": ["a.org", "b.org"], "rate": 4, "in_flight": 2}},
        "default": {"rate": 1, "in_flight": 1},
    }
    groups.write_text(json.dumps(document))
    assert main([log, "--groups", str(groups), "--json"]) == 0
    assert [one["group"] for one in json.loads(capsys.readouterr().out)] == ["pair"]


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"groups": {"a": {}}, "default": {}}'])
def test_wrong_groups_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_groups(text)


def test_command_names_a_file_at_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
