"""Preconditions that the settings and this process decide alone."""

from __future__ import annotations

import shutil
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

from scidex_console.adapters.git.commit_artifact import load_committer
from scidex_console.domain.checks import Finding
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.hosts import DEFAULT_GROUPS, DEFAULT_RATE, HostGroup
from scidex_console.engine.vocabulary import counted
from scidex_console.settings import Settings, read_session
from scidex_console.wiring.preconditions.findings import bad, failed, good, judged

_WIDTH, _HEIGHT = 60, 16


def configuration_findings(settings: Settings, config_file: Path | None) -> Iterator[Finding]:
    """Which world this is, and whether anything may be written."""
    environment = settings.environment
    source = f", from {config_file}" if config_file else ""
    kind = "production" if environment.production else "not production"
    yield good("configuration", f"environment {environment.name} ({kind}){source}")
    writes = settings.writes
    if writes.enabled:
        yield good("writes", f"enabled, authorized by {writes.authorization}")
    else:
        yield good(
            "writes",
            "observe: everything plans, nothing writes (writes.enabled and writes.authorization allow it)",
        )
    committer = settings.repository.commit_artifact
    if committer:
        try:
            load_committer(committer)
        except ConsoleError as error:
            yield failed("commit function", error)
        else:
            yield good("commit function", committer)


def fetching_findings(settings: Settings) -> Iterator[Finding]:
    """Whether we ask politely, and only whom we may ask."""
    fetch, demo = settings.fetch, settings.fetch.asks_only_this_machine
    yield judged(
        "contact",
        fetch.names_a_contact or demo,
        f"the user agent is {fetch.header()}" + ("" if fetch.names_a_contact else ", without a contact"),
        'set fetch.contact to an address of yours, such as "ops@example.org", for the operators of the hosts',
    )
    networks = ", ".join(str(network) for network in fetch.allow_networks)
    yield judged(
        "guard",
        demo or not (fetch.allow_networks or fetch.connect_to),
        f"lets requests into {networks}, which are not public addresses"
        if networks
        else "public addresses only",
        "empty fetch.allow_networks and fetch.connect_to: they are for the demo and for tests",
    )
    yield _pace(settings, demo)
    yield _certificates(fetch.ca_file)


def _pace(settings: Settings, demo: bool) -> Finding:
    """Spec: Europe PMC at most 4 in flight and 2 requests/s, PMC OA 2 requests/s, any other host 1."""
    groups = settings.fetch.host_groups().configured()
    faster = [wrong for group in groups if (wrong := _too_fast(group))]
    if settings.fetch.default_rate > DEFAULT_RATE:
        faster.append(f"other hosts {settings.fetch.default_rate:g}/s instead of {DEFAULT_RATE:g}/s")
    return judged(
        "pace",
        demo or not faster,
        f"above the agreed budget: {'; '.join(faster)}"
        + ("; nobody is crowded, since all requests stay on this machine" if demo else "")
        if faster
        else f"{len(groups)} groups within budget",
        "lower rate and in_flight of these groups to the agreed budgets",
    )


def _too_fast(group: HostGroup) -> str:
    """How a group exceeds the budget of the strictest of its hosts; empty: it does not."""
    agreed = [_agreed(pattern) for pattern in group.hosts]
    rate = min((budget.rate if budget else DEFAULT_RATE for budget in agreed), default=DEFAULT_RATE)
    in_flight = min((budget.in_flight for budget in agreed if budget), default=group.in_flight)
    parts = [
        f"{group.rate:g}/s instead of {rate:g}/s" if group.rate > rate else "",
        f"{group.in_flight} in flight instead of {in_flight}" if group.in_flight > in_flight else "",
    ]
    found = ", ".join(part for part in parts if part)
    return f"{group.name} {found}" if found else ""


def _agreed(pattern: str) -> HostGroup | None:
    """The agreed budget of a host, or of the hosts below a name; None: that of any other host."""
    host = pattern.removeprefix("*.")
    return next((group for group in DEFAULT_GROUPS if group.covers(host)), None)


def _certificates(ca_file: Path | None) -> Finding:
    name = "certificates"
    try:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        said = error.strerror or str(error)
        return bad(name, f"{ca_file} cannot be used: {said}", "name a readable PEM file in fetch.ca_file")
    number = context.cert_store_stats()["x509_ca"]
    if ca_file is not None:
        said = f"{counted(number, 'certificate')} of authorities in {ca_file}"
        return judged(name, number > 0, said, "put PEM certificates into it")
    # The system's folder of certificates is read when one is needed, so it does not count here.
    folder = ssl.get_default_verify_paths().capath
    there = number > 0 or (folder is not None and any(Path(folder).iterdir()))
    said = (
        f"the system's, {number} read"
        if number
        else "the system's folder"
        if there
        else "the system has none"
    )
    return judged(
        name, there, said, "install the system's certificates (ca-certificates), or set fetch.ca_file"
    )


def terminal_findings() -> Iterator[Finding]:
    """Whether the console can be shown here; commands need none of it."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if not sys.stdout.isatty():
        yield good("terminal", "none here; the console needs one, commands do not")
        return
    columns, lines = shutil.get_terminal_size()
    if read_session().terminal == "dumb":
        yield bad("terminal", "TERM names none that can be drawn on", "set TERM, such as xterm-256color")
    elif encoding != "utf8":
        yield bad("terminal", f"writes {encoding}, not UTF-8", "set LANG to a UTF-8 locale, such as C.UTF-8")
    elif columns < _WIDTH or lines < _HEIGHT:
        yield bad(
            "terminal", f"{columns}x{lines} is too small to act from", f"make it {_WIDTH}x{_HEIGHT} or more"
        )
    else:
        yield good("terminal", f"{columns}x{lines}")
