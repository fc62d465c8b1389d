"""Whether "gone" can be believed: control images, and how a dead address is confirmed.

Spec (figures): only rows whose URL is confirmed dead are marked. By expectation 97 % of Europe PMC answers
404, so a streak of them proves nothing; an image with known bytes that still comes does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from scidex_console.domain.fetching import FetchClass, FetchOutcome, Hop

WithoutControl = Literal["second-pass", "at-once"]
"""What confirms in a group without a control: a second answer of the kind, or the first one alone."""


class Proof(StrEnum):
    """How a dead address was confirmed."""

    CONTROL = "control"
    """A control image of its group came whole after the answer."""
    SECOND_PASS = "second-pass"  # noqa: S105 - no password
    """A second answer of the kind, long after the first."""
    AT_ONCE = "at-once"
    """One answer, as the configuration has it for groups without a control."""


class ControlResult(StrEnum):
    """What a control image says about its group."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """Trouble (timeout, 5xx, 429): it says nothing about what the group has."""


@dataclass
class ControlImage:
    """An image whose bytes are known."""

    url: str
    sha256: str
    proven: bool
    """Whether it came from where it is asked by this tool, or the configuration vouches for it. Another one
    that does not come may have been gone for years, and says nothing."""


@dataclass(frozen=True)
class ControlCheck:
    """One control asked for."""

    group: str
    url: str
    sha256: str
    result: ControlResult
    status: int | None
    reason: str
    requests: int
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True)
class ControlRules:
    """When controls are asked, and what stands in for them."""

    without_control: WithoutControl = "second-pass"
    second_pass_after: timedelta = timedelta(hours=24)
    every: int = 100
    """Requests to a group after which its control is asked, as long as figures are suspected."""
    again_after: timedelta = timedelta(seconds=60)
    """Wait before a control is asked again that met trouble."""


def judge_control(outcome: FetchOutcome, sha256: str) -> ControlResult:
    """What an attempt at a control image means."""
    if outcome.outcome is FetchClass.TRANSIENT:
        return ControlResult.UNKNOWN
    came = outcome.file is not None and outcome.file.sha256 == sha256
    return ControlResult.PASSED if came else ControlResult.FAILED
