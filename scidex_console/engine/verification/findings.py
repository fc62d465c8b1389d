"""What checking one invariant comes to: what was counted, and what breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from scidex_console.domain.checks import Invariant, VerifyReport
from scidex_console.domain.sanitise import visible

MOST_FINDINGS = 20
"""Examples kept per invariant; the number of all of them is in `counted["broken"]`."""
_LONGEST = 300
"""Characters of one finding."""


@dataclass(frozen=True)
class InvariantResult(Invariant):
    """One invariant, with what was counted while it was checked."""

    counted: Mapping[str, int] = field(default_factory=dict)
    """What was looked at and what was met, such as `lost before any work`."""

    @property
    def findings(self) -> int:
        """All that break it were counted."""
        return self.counted.get("broken", 0)

    @property
    def state(self) -> str:
        """`holds`, `broken` or `not applicable`."""
        return {True: "holds", False: "broken", None: "not applicable"}[self.holds]


@dataclass(frozen=True)
class StoreReport(VerifyReport):
    """All invariants of one store, and how they were looked at."""

    taken_at: datetime | None = None
    """The database's clock when its rows were read."""
    head: str = ""
    """Commit of the artifact repository that was judged."""
    engine_at_work: bool = False
    """Whether something of ours was writing meanwhile; batches under way are then judged leniently."""
    looks: int = 1
    """How often everything was read: once more when something seemed broken while the store moved."""
    took_s: float = 0.0

    @property
    def broken(self) -> tuple[str, ...]:
        """Names of the invariants that are broken."""
        return tuple(invariant.name for invariant in self.invariants if invariant.holds is False)

    @property
    def exit_code(self) -> int:
        """0 when all that apply hold, else 1."""
        return 0 if self.holds else 1


class Examination:
    """Collects what one check meets, and makes the result of it."""

    def __init__(self, name: str, statement: str) -> None:
        self._name = name
        self._statement = statement
        self._counted: dict[str, int] = {}
        self._broken: list[str] = []
        self._total = 0
        self._notes: list[str] = []
        self._checked = 0

    def check(self, number: int = 1) -> None:
        """So many more things were looked at."""
        self._checked += number

    def count(self, what: str, number: int = 1) -> None:
        """So many more of something worth knowing were met; nothing is said of none."""
        if number:
            self._counted[what] = self._counted.get(what, 0) + number

    def broken(self, finding: str) -> None:
        """Something breaks the invariant. The text may hold names and messages of others."""
        self._total += 1
        if len(self._broken) < MOST_FINDINGS:
            self._broken.append(visible(finding, _LONGEST))

    def note(self, text: str) -> None:
        """Something a reader should know."""
        self._notes.append(visible(text, _LONGEST))

    def result(self) -> InvariantResult:
        """Broken when anything was found, else it holds."""
        counted = {**self._counted, **({"broken": self._total} if self._total else {})}
        said = [f"{number} {what}" for what, number in counted.items()]
        return InvariantResult(
            self._name,
            self._statement,
            holds=not self._total,
            checked=self._checked,
            broken=tuple(self._broken),
            note="; ".join([*said, *self._notes]),
            counted=counted,
        )

    def not_applicable(self, why: str) -> InvariantResult:
        """The invariant says nothing about this store."""
        return InvariantResult(self._name, self._statement, holds=None, note=visible(why, _LONGEST))
