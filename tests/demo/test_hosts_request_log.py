import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from scidex_console.demo.hosts.request_log import LoggedRequest, RequestLog, read_requests

REQUEST = LoggedRequest(
    arrived=1_700_000_000.25,
    arrived_ns=5_000_000_000,
    finished=1_700_000_000.5,
    finished_ns=5_250_000_000,
    connection=3,
    scheme="https",
    host="europepmc.org",
    method="GET",
    target="/articles/PMC1/bin/x?y=ü",
    status=429,
    ending="complete",
    bytes_sent=12,
    scenario="rate-limited-seconds",
    in_flight=2,
    hold_until_ns=25_000_000_000,
)


def test_request_is_one_line_of_json_and_comes_back_whole(tmp_path: Path) -> None:
    unanswered = replace(REQUEST, status=None, ending="reset", hold_until_ns=None)
    with RequestLog(tmp_path / "log") as log:
        log.write(REQUEST)
        log.write(unanswered)
        assert log.read() == [REQUEST, unanswered]
    lines = (tmp_path / "log").read_text().splitlines()
    assert json.loads(lines[0]) == asdict(REQUEST)
    assert REQUEST.url == "https://europepmc.org/articles/PMC1/bin/x?y=ü"


def test_log_goes_on_where_an_earlier_server_left_off(tmp_path: Path) -> None:
    for _ in range(2):
        with RequestLog(tmp_path / "log") as log:
            log.write(REQUEST)
    assert list(read_requests(tmp_path / "log")) == [REQUEST, REQUEST]


def test_line_still_being_written_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(REQUEST.line() + REQUEST.line()[:40])
    assert list(read_requests(tmp_path / "log")) == [REQUEST]


@pytest.mark.parametrize("line", ["{}", "[]", "nonsense", '{"unknown": 1}'])
def test_foreign_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "log").write_text(REQUEST.line() + line + "\n")
    with pytest.raises(ValueError, match="log, line 2: not a logged request"):
        list(read_requests(tmp_path / "log"))
