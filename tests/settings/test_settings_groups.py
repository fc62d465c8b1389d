"""Host groups from the configuration beside the built-in ones, and the user agent."""

from __future__ import annotations

from scidex_console import __version__
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
