"""A script: what some addresses or whole hosts shall answer, instead of what the seed says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from scidex_console.demo.hosts.scenarios import NEVER, Behaviour, Scenario, address_key


class ScriptError(ValueError):
    """A script that cannot be played; the message says which part and what would be right."""


@dataclass
class Script:
    """Scenarios by address and by host. The address goes before its host, the host before the seed.

    Home page, login page and robots.txt of a host answer as ever: redirects need somewhere to lead.
    """

    _by_address: dict[str, Scenario] = field(default_factory=dict)
    _by_host: dict[str, Scenario] = field(default_factory=dict)

    def for_url(self, url: str) -> Scenario | None:
        """The scenario scripted for `url`, None when there is none."""
        key = address_key(url)
        return self._by_address.get(key) or self._by_host.get(key.partition("/")[0])

    def set_url(self, url: str, behaviour: Behaviour, failures: int = NEVER) -> None:
        """Make one address behave so; a passing trouble heals after `failures` attempts."""
        self._by_address[address_key(url)] = Scenario(behaviour, failures)

    def set_host(self, host: str, behaviour: Behaviour, failures: int = NEVER) -> None:
        """Make every address of a host behave so, unless it is scripted itself."""
        self._by_host[host.lower()] = Scenario(behaviour, failures)

    def clear_url(self, url: str) -> None:
        """Leave an address to its host's script or the seed again."""
        self._by_address.pop(address_key(url), None)

    def clear_host(self, host: str) -> None:
        """Leave a host to the seed again."""
        self._by_host.pop(host.lower(), None)

    def replace(self, other: Script) -> None:
        """Take over another script as a whole."""
        self._by_address = dict(other._by_address)
        self._by_host = dict(other._by_host)


def parse_script(text: str | bytes) -> Script:
    """Read a script from JSON: `{"urls": {url: X}, "hosts": {host: X}}`, both keys optional.

    X is a behaviour's name, or `{"behaviour": name, "failures": n}` for trouble that heals after n attempts.
    Raises ScriptError.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ScriptError(f"script: not JSON ({error})") from error
    if not isinstance(document, dict) or not document.keys() <= {"urls", "hosts"}:
        raise ScriptError('script: must be an object with no keys but "urls" and "hosts"')
    script = Script()
    for url, value in _entries(document, "urls"):
        scenario = _scenario(f"urls, {url}", value)
        try:
            script.set_url(url, *scenario)
        except ValueError as error:
            raise ScriptError(f"script: urls, {url}: not an address ({error})") from error
    for host, value in _entries(document, "hosts"):
        script.set_host(host, *_scenario(f"hosts, {host}", value))
    return script


def _entries(document: dict[str, Any], section: str) -> list[tuple[str, Any]]:
    entries = document.get(section, {})
    if not isinstance(entries, dict):
        raise ScriptError(f"script: {section} must be an object")
    return list(entries.items())


def _scenario(where: str, value: Any) -> tuple[Behaviour, int]:
    fields = {"behaviour": value} if isinstance(value, str) else value
    if not isinstance(fields, dict) or not fields.keys() <= {"behaviour", "failures"}:
        raise ScriptError(f'script: {where}: must be a name or an object with "behaviour" and "failures"')
    failures = fields.get("failures", NEVER)
    if not isinstance(failures, int) or isinstance(failures, bool) or failures < NEVER:
        raise ScriptError(f"script: {where}: failures must be a whole number, {NEVER} for never healing")
    try:
        return Behaviour(str(fields.get("behaviour"))), failures
    except ValueError:
        known = ", ".join(sorted(Behaviour))
        raise ScriptError(f"script: {where}: no such behaviour; one of {known}") from None
