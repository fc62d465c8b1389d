import pytest

from scidex_console.demo.hosts.host_memory import HostMemory
from scidex_console.demo.hosts.scenarios import NEVER, Behaviour, Scenario
from scidex_console.demo.hosts.script import ScriptError, parse_script


def test_script_names_scenarios_by_address_and_host() -> None:
    script = parse_script(
        '{"hosts": {"A.org": "gone"}, "urls": {"http://a.org/x": {"behaviour": "timeout", "failures": 2}}}'
    )
    assert script.for_url("https://a.org/x") == Scenario(Behaviour.TIMEOUT, 2)
    assert script.for_url("https://a.org/y") == Scenario(Behaviour.GONE, NEVER)
    assert script.for_url("https://b.org/y") is None


def test_empty_script_scripts_nothing() -> None:
    assert parse_script("{}").for_url("https://a.org/") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "must be an object"),
        ('{"host": {}}', 'no keys but "urls" and "hosts"'),
        ('{"hosts": []}', "hosts must be an object"),
        ('{"hosts": {"a.org": 404}}', "hosts, a.org: must be a name"),
        ('{"hosts": {"a.org": "404"}}', "no such behaviour; one of bad-gateway"),
        ('{"hosts": {"a.org": {"failures": 1}}}', "no such behaviour"),
        ('{"urls": {"http://a.org/": {"behaviour": "gone", "failures": "1"}}}', "must be a whole number"),
        ('{"urls": {"http://a.org/": {"behaviour": "gone", "failures": -2}}}', "must be a whole number"),
        ('{"urls": {"http://[a/": "gone"}}', "urls, http://\\[a/: not an address"),
    ],
)
def test_wrong_script_says_where_and_what_would_be_right(text: str, message: str) -> None:
    with pytest.raises(ScriptError, match=message):
        parse_script(text)


def test_attempt_is_a_get_or_a_head_no_get_followed() -> None:
    memory = HostMemory()
    asked = ["HEAD", "GET", "GET", "HEAD", "HEAD", "GET", "HEAD"]
    assert [memory.attempts_before("a", method) for method in asked] == [0, 0, 1, 2, 3, 3, 4]
    assert memory.attempts_before("b", "GET") == 0


def test_memory_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scidex_console.demo.hosts.host_memory._MOST_ADDRESSES", 3)
    memory = HostMemory()
    for key in ("a", "b", "a", "c", "d"):
        memory.attempts_before(key, "GET")
    assert memory.attempts_before("a", "GET") == 2
    assert memory.attempts_before("b", "GET") == 0


def test_longer_hold_wins() -> None:
    memory = HostMemory()
    memory.hold("a.org", 100)
    memory.hold("a.org", 50)
    assert memory.held_until("a.org", 99) == 100
    assert memory.held_until("a.org", 100) is None
    assert memory.held_until("b.org", 0) is None
