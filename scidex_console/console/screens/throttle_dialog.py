"""A temporary budget for a host group, or the end of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.widget import Widget
from textual.widgets import Input

from scidex_console.console.presentation.cells import clean
from scidex_console.console.screens.dialog import Dialog, Surroundings
from scidex_console.console.screens.dialog_parts import DECIMAL, DIGITS, Field
from scidex_console.domain.durations import parse_duration
from scidex_console.domain.jobs import JobName
from scidex_console.engine.actions import ActionSpec

_SET, _CLEAR = 1, 2
MOST_PER_SECOND = 1000
MOST_IN_FLIGHT = 100
LONGEST_S = 30 * 86400


class ThrottleDialog(Dialog):
    """Group, rate, requests in flight, how long, and why."""

    CHOICES: ClassVar[tuple[str, ...]] = ("Cancel", "Set override", "Clear override")

    def __init__(self, around: Surroundings, spec: ActionSpec, job: JobName, group: str) -> None:
        super().__init__(around, spec, job)
        self._group = clean(group)
        self._choice = _SET

    def fields(self) -> Iterable[Widget]:
        """The budget."""
        yield Field("group", "group", value=self._group, placeholder="a group of the hosts pane")
        yield Field("rate", "rate", placeholder="requests a second; empty leaves it", takes=DECIMAL)
        yield Field("in flight", "in-flight", placeholder="requests at once; empty leaves it", takes=DIGITS)
        yield Field("for", "for", value="2h", placeholder="such as 30m or 2h")

    def first_field(self) -> Widget:
        """The first that is still empty."""
        return self.query_one("#rate" if self._group else "#group", Input)

    def confirm(self, index: int) -> None:
        """Set or clear."""
        self._choice = index
        super().confirm(index)

    def params(self) -> dict[str, Any]:
        """`group` with `clear`, or with `rate`, `in_flight` (or both) and `for_seconds`."""
        params = self._read_fields()
        overview = self._around.knowledge().overview
        known = {host.gate.group for host in overview.hosts} if overview else set()
        if params["group"] not in known:
            raise ValueError(f"{params['group']!r} is no group of the hosts pane")
        if not params.keys() & {"clear", "rate", "in_flight"}:
            raise ValueError("give a rate, a number in flight, or both")
        return params

    def params_so_far(self) -> dict[str, Any]:
        """What can be read already."""
        try:
            return self._read_fields()
        except ValueError:
            return {"group": self._value("group") or "GROUP"}

    def _read_fields(self) -> dict[str, Any]:
        group = self._value("group")
        if self._choice == _CLEAR:
            return {"group": group, "clear": True}
        rate = _rate(self._value("rate"))
        in_flight = _in_flight(self._value("in-flight"))
        return {
            "group": group,
            **({} if rate is None else {"rate": rate}),
            **({} if in_flight is None else {"in_flight": in_flight}),
            "for_seconds": _seconds(self._value("for")),
        }

    def _value(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()


def _rate(text: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= MOST_PER_SECOND:
        raise ValueError(f"rate must be above 0 and at most {MOST_PER_SECOND} requests a second")
    return number


def _in_flight(text: str) -> int | None:
    if not text:
        return None
    if not 1 <= int(text) <= MOST_IN_FLIGHT:
        raise ValueError(f"in flight must be from 1 to {MOST_IN_FLIGHT}")
    return int(text)


def _seconds(text: str) -> float:
    seconds = parse_duration(text).total_seconds()
    if not 1 <= seconds <= LONGEST_S:
        raise ValueError("an override lasts from 1s to 30d")
    return seconds
