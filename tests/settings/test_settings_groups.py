"""Host groups from the configuration beside the built-in ones, and the user agent."""

from __future__ import annotations

from typing import Any

import pytest

from scidex_console import __version__
from scidex_console.domain.errors import SettingError
from scidex_console.domain.hosts import DEFAULT_GROUPS, HostGroup
from scidex_console.settings import FetchSettings, GroupSettings


def test_without_groups_the_specifications_budgets_hold() -> None:
    groups = FetchSettings().host_groups()
    assert groups.configured() == DEFAULT_GROUPS
    assert groups.of_host("europepmc.org") == groups.of_host("www.ebi.ac.uk")
    assert (groups.of_host("europepmc.org").rate, groups.of_host("europepmc.org").in_flight) == (2.0, 4)
    assert groups.of_host("www.ncbi.nlm.nih.gov").rate == 2.0
    assert groups.of_host("cdn.example.org") == HostGroup("cdn.example.org", ("cdn.example.org",), 1.0, 1)


def test_a_group_named_like_a_built_in_one_changes_only_what_it_names() -> None:
    fetch = FetchSettings(groups=(GroupSettings(name="europepmc", rate=0.5),))
    europepmc = fetch.host_groups().of_host("www.ebi.ac.uk")
    assert (europepmc.name, europepmc.rate, europepmc.in_flight) == ("europepmc", 0.5, 4)
    assert fetch.host_groups().of_host("www.ncbi.nlm.nih.gov").rate == 2.0


def test_a_group_of_ones_own_goes_before_the_built_in_ones() -> None:
    fetch = FetchSettings(
        default_rate=0.25,
        groups=(GroupSettings(name="slow", hosts=("images.europepmc.org",), in_flight=2),),
    )
    groups = fetch.host_groups()
    assert groups.of_host("images.europepmc.org") == HostGroup("slow", ("images.europepmc.org",), 0.25, 2)
    assert groups.of_host("europepmc.org").name == "europepmc"


def test_the_user_agent_names_tool_version_and_contact() -> None:
    assert FetchSettings().header() == f"scidex-console/{__version__}"
    fetch = FetchSettings(contact="ops@example.org")
    assert fetch.header() == f"scidex-console/{__version__} (ops@example.org)"
    assert FetchSettings(user_agent="x {contact}/{version}", contact="a").header() == f"x a/{__version__}"


@pytest.mark.parametrize(
    ("changes", "enough"),
    [
        ({}, False),
        ({"contact": "ops@example.org"}, True),
        ({"contact": "ops@example.org", "user_agent": "x/{version}"}, False),
        ({"connect_to": (":80:127.0.0.1:1", ":443:127.0.0.1:2"), "allow_networks": ("127.0.0.0/8",)}, True),
        ({"connect_to": (":80:127.0.0.1:1",), "allow_networks": ("127.0.0.0/8",)}, False),
    ],
)
def test_hosts_are_told_whom_to_turn_to_or_not_asked(changes: dict[str, Any], enough: bool) -> None:
    fetch = FetchSettings(**changes)
    if enough:
        fetch.need_contact()
    else:
        with pytest.raises(SettingError, match="whom to turn to"):
            fetch.need_contact()


def test_hours_of_a_group_are_its_own() -> None:
    fetch = FetchSettings.model_validate(
        {"groups": [{"name": "europepmc", "only_between": "22:00-06:00", "time_zone": "Europe/London"}]}
    )
    windows = {group.name: str(group.window) for group in fetch.host_groups().configured()}
    assert windows == {"europepmc": "22:00-06:00 Europe/London", "ncbi": "None"}


@pytest.mark.parametrize(
    "hours", [{"only_between": "22-6"}, {"only_between": "22:00-06:00", "time_zone": "X/Y"}]
)
def test_hours_that_are_none_are_refused(hours: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="hours such as"):
        FetchSettings.model_validate({"groups": [{"name": "europepmc", **hours}]})
