"""A temporary budget for a host group, or the end of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.widget import Widget
from textual.widgets import Input

from scidex_console.console.screens.dialog import Dialog, Field, Surroundings
from scidex_console.domain.durations import parse_duration
from scidex_console.domain.jobs import JobName
from scidex_console.engine.actions import ActionSpec

_SET, _CLEAR = 1, 2


class ThrottleDialog(Dialog):
    """Group, rate, requests in flight, how long, and why."""

    CHOICES: ClassVar[tuple[str, ...]] = ("Cancel", "Set override", "Clear override")

    def __init__(self, around: Surroundings, spec: ActionSpec, job: JobName, group: str) -> None:
        super().__init__(around, spec, job)
        self._group = group
        self._choice = _SET

    def fields(self) -> Iterable[Widget]:
        """The budget."""
        yield Field("group", "group", value=self._group, placeholder="a group of the hosts pane")
        yield Field("rate", "rate", placeholder="requests a second; empty leaves it", restrict=r"[0-9.]*")
        yield Field(
            "in flight", "in-flight", placeholder="requests at once; empty leaves it", restrict=r"[0-9]*"
        )
        yield Field("for", "for", value="2h", placeholder="such as 30m or 2h")

    def first_field(self) -> Widget:
        """The first that is still empty."""
        return self.query_one("#rate" if self._group else "#group", Input)

    def confirm(self, index: int) -> None:
        """Set or clear."""
        self._choice = index
        super().confirm(index)

    def params(self) -> dict[str, Any]:
        """`group`, `rate`, `in_flight`, `for_seconds`, `clear`."""
        params = self._read_fields()
        overview = self._around.knowledge().overview
        known = {host.gate.group for host in overview.hosts} if overview else set()
        if params["group"] not in known:
            raise ValueError(f"{params['group']!r} is no group of the hosts pane")
        if not params["clear"] and params["rate"] is None and params["in_flight"] is None:
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
            return {"group": group, "rate": None, "in_flight": None, "for_seconds": None, "clear": True}
        return {
            "group": group,
            "rate": _positive(self._value("rate"), "rate"),
            "in_flight": _whole(self._value("in-flight")),
            "for_seconds": _seconds(self._value("for")),
            "clear": False,
        }

    def _value(self, field: str) -> str:
        return self.query_one(f"#{field}", Input).value.strip()


def _positive(text: str, name: str) -> float | None:
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if number <= 0:
        raise ValueError(f"{name} must be a number above 0")
    return number


def _whole(text: str) -> int | None:
    if not text:
        return None
    if int(text) < 1:
        raise ValueError("in flight must be at least 1")
    return int(text)


def _seconds(text: str) -> float:
    seconds = parse_duration(text).total_seconds()
    if seconds <= 0:
        raise ValueError("an override must last a while: give a duration such as 30m or 2h")
    return seconds
