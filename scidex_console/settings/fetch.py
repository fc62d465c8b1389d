"""Settings of the fetcher: who we say we are, limits, guard, and the budgets of host groups."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_address
from typing import Annotated

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from scidex_console import __version__
from scidex_console.domain.errors import SettingError
from scidex_console.domain.hosts import (
    DEFAULT_GROUPS,
    DEFAULT_IN_FLIGHT,
    DEFAULT_RATE,
    HostGroup,
    HostGroups,
)
from scidex_console.domain.pacing.manners import Manners
from scidex_console.domain.windows import DailyWindow, parse_window
from scidex_console.settings.values import (
    SECTION,
    AnyHostPattern,
    ConnectToField,
    Count,
    Duration,
    HostPattern,
    NetworkField,
    OneLine,
    OptionalPath,
    Port,
    Rate,
)

_WEB_PORTS = frozenset({80, 443})
_DEFAULTS = {group.name: group for group in DEFAULT_GROUPS}
InFlight = Annotated[int, Field(strict=True, ge=1, le=100)]


class GroupSettings(BaseModel):
    """`[[fetch.groups]]`: the hosts of one operator and the budget they share.

    A group named like a built-in one changes only what it names; the other built-in groups stay.
    """

    model_config = SECTION

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")] = Field(
        description="Name of the group, as the hosts pane and `throttle` know it."
    )
    hosts: tuple[HostPattern, ...] = Field(
        default=(), description="Host names; `*.example.org` stands for example.org and every name below it."
    )
    rate: Rate | None = Field(default=None, description="Requests per second.")
    in_flight: InFlight | None = Field(default=None, description="Requests under way at once.")
    time_zone: OneLine = Field(default="UTC", description="Time zone of `only_between`, by its IANA name.")
    only_between: OneLine = Field(
        default="", description="Hours of the day in which the group is asked, as 22:00-06:00; empty: any."
    )

    @field_validator("only_between")
    @classmethod
    def _hours(cls, value: str, info: ValidationInfo) -> str:
        zone = str(info.data.get("time_zone", "UTC"))
        if value:
            try:
                parse_window(value, zone)
            except ValueError as error:
                raise ValueError(
                    f'hours such as "22:00-06:00" in a zone such as "Europe/London" ({error})'
                ) from None
        return value

    @property
    def window(self) -> DailyWindow | None:
        """The hours as the domain's value."""
        return parse_window(self.only_between, self.time_zone) if self.only_between else None

    @field_validator("hosts")
    @classmethod
    def _has_hosts(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if not value and info.data.get("name") not in _DEFAULTS:
            raise ValueError('at least one host name, such as ["*.example.org"]')
        return value


class RobotsOverride(BaseModel):
    """`fetch.robots_overrides`: hosts whose robots.txt an operator has overridden, and why."""

    model_config = SECTION

    hosts: AnyHostPattern = Field(description="Host name, `*.example.org` for all below it, or `*` for all.")
    reason: Annotated[OneLine, Field(min_length=1)] = Field(
        description="Why, such as who has permitted it; one line."
    )


class FetchSettings(BaseModel):
    """`[fetch]`: how figures are asked for."""

    model_config = SECTION

    contact: OneLine = Field(
        default="",
        description="Mail or web address that server operators can turn to; part of the user agent.",
    )
    user_agent: Annotated[OneLine, Field(min_length=1)] = Field(
        default="scidex-console/{version} ({contact})",
        description="User-Agent header; {version} and {contact} are filled in.",
    )
    connect_timeout: Duration = Field(
        default=timedelta(seconds=10), description="Longest a connection (with TLS) may take to stand."
    )
    read_timeout: Duration = Field(
        default=timedelta(seconds=20), description="Longest silence of a server while it answers."
    )
    deadline: Duration = Field(
        default=timedelta(minutes=2), description="Longest one request may take as a whole, body included."
    )
    max_bytes: Count = Field(default=67_108_864, description="Largest figure taken, in bytes.")
    robots_overrides: tuple[RobotsOverride, ...] = Field(
        default=(), description="Hosts whose robots.txt is not obeyed, each with the reason."
    )
    allow_networks: tuple[NetworkField, ...] = Field(
        default=(), description="Networks the guard lets through though they are not public addresses."
    )
    allow_ports: tuple[Port, ...] = Field(
        default=(), description="Ports the guard lets through besides 80 and 443."
    )
    connect_to: tuple[ConnectToField, ...] = Field(
        default=(),
        description="Connect elsewhere: HOST:PORT:ADDRESS:PORT as curl's option of that name; an empty HOST "
        "or PORT stands for all. Works only for addresses within allow_networks.",
    )
    ca_file: OptionalPath = Field(
        default=None,
        description="File of certificate authorities (PEM) trusted besides the usual ones; empty: none.",
    )
    retry_after_cap: Duration = Field(
        default=timedelta(hours=6), description="Longest hold of a group, whatever its Retry-After says."
    )
    hold: Duration = Field(
        default=timedelta(seconds=60),
        description="First hold of a group after 429 or 503 without Retry-After; doubles.",
    )
    hold_longest: Duration = Field(default=timedelta(hours=1), description="Longest such hold.")
    breaker_failures: Count = Field(
        default=5,
        description="Failures in a row (timeouts, resets, 5xx) after which a group is not asked for a while.",
    )
    breaker_first: Duration = Field(
        default=timedelta(seconds=60), description="How long the breaker stays open the first time; doubles."
    )
    breaker_longest: Duration = Field(
        default=timedelta(minutes=15), description="Longest the breaker stays open."
    )
    default_rate: Rate = Field(
        default=DEFAULT_RATE, description="Requests per second of a host that is in no group."
    )
    default_in_flight: InFlight = Field(
        default=DEFAULT_IN_FLIGHT, description="Requests under way at once of a host that is in no group."
    )
    groups: tuple[GroupSettings, ...] = Field(
        default=(), description="Host groups besides the built-in ones, or changes to those."
    )

    @field_validator("user_agent")
    @classmethod
    def _known_places(cls, value: str) -> str:
        if "{" in value.replace("{version}", "").replace("{contact}", "") or not value.isascii():
            raise ValueError("plain ASCII text; only {version} and {contact} are filled in")
        return value

    @field_validator("contact")
    @classmethod
    def _ascii(cls, value: str) -> str:
        if not value.isascii() or set(value) & set("(){}"):
            raise ValueError('a mail or web address in ASCII, such as "ops@example.org"')
        return value

    @field_validator("connect_to")
    @classmethod
    def _only_with_networks(cls, value: tuple[object, ...], info: ValidationInfo) -> tuple[object, ...]:
        if value and info.data.get("allow_networks") == ():
            raise ValueError("it together with fetch.allow_networks, the networks it may lead to")
        return value

    @field_validator("deadline", "hold_longest", "breaker_longest")
    @classmethod
    def _not_shorter(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        lower = {"deadline": "read_timeout", "hold_longest": "hold", "breaker_longest": "breaker_first"}
        other = lower[str(info.field_name)]
        if (least := info.data.get(other)) and value < least:
            raise ValueError(f"a duration not shorter than fetch.{other}")
        return value

    @field_validator("groups")
    @classmethod
    def _each_once(cls, value: tuple[GroupSettings, ...]) -> tuple[GroupSettings, ...]:
        names = [group.name for group in value]
        hosts = [host for group in value for host in group.hosts]
        for kind, seen in (("name", names), ("host", hosts)):
            if twice := next((item for item in seen if seen.count(item) > 1), None):
                raise ValueError(f"each {kind} once; {twice!r} is there twice")
        return value

    def header(self) -> str:
        """The User-Agent header as it is sent."""
        filled = self.user_agent.replace("{version}", __version__)
        if not self.contact:
            filled = filled.replace(" ({contact})", "")
        return filled.replace("{contact}", self.contact).strip()

    @property
    def names_a_contact(self) -> bool:
        """Whether the user agent says whom the operators of hosts can turn to."""
        return bool(self.contact) and self.contact in self.header()

    @property
    def asks_only_this_machine(self) -> bool:
        """Whether every request goes to a loopback address, as in the demo: nobody can be crowded."""
        all_hosts = [target.port for target in self.connect_to if not target.host]
        covered = None in all_hosts or _WEB_PORTS.issubset(all_hosts)
        return covered and all(_is_loopback(target.address) for target in self.connect_to)

    def need_contact(self) -> None:
        """Raise `SettingError` unless hosts are told whom to turn to, or none is asked but this machine."""
        if not (self.names_a_contact or self.asks_only_this_machine):
            raise SettingError(
                "fetch.contact is missing, so the hosts would not know whom to turn to"
                if not self.contact
                else "fetch.user_agent leaves out the contact, so the hosts would not know whom to turn to",
                where="configuration",
                fix='write contact = "ops@example.org" (an address of yours) under [fetch] in config.toml'
                if not self.contact
                else "put {contact} into fetch.user_agent",
            )

    def manners(self) -> Manners:
        """What the gate goes by, beside the budgets."""
        return Manners(
            retry_after_cap=self.retry_after_cap.total_seconds(),
            hold_first=self.hold.total_seconds(),
            hold_longest=self.hold_longest.total_seconds(),
            breaker_failures=self.breaker_failures,
            breaker_first=self.breaker_first.total_seconds(),
            breaker_longest=self.breaker_longest.total_seconds(),
        )

    def host_groups(self) -> HostGroups:
        """The groups in force: those of the configuration first, then the built-in ones it leaves alone."""
        named = [self._group(group) for group in self.groups]
        rest = [group for group in DEFAULT_GROUPS if group.name not in {other.name for other in named}]
        return HostGroups(
            [*named, *rest], default_rate=self.default_rate, default_in_flight=self.default_in_flight
        )

    def _group(self, group: GroupSettings) -> HostGroup:
        base = _DEFAULTS.get(group.name) or HostGroup(
            group.name, (), self.default_rate, self.default_in_flight
        )
        return HostGroup(
            group.name,
            group.hosts or base.hosts,
            group.rate or base.rate,
            group.in_flight or base.in_flight,
            group.window,
        )


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
