"""A trial of the rewrite rules: a sample of the figures that are gone, asked for where they may have moved.

Nothing is kept. An engine that holds the store makes it itself when asked by an intent, through its own gate:
so budgets hold whoever asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from scidex_console.domain.errors import ConsoleError, Refused
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.intents import Intent
from scidex_console.domain.rescue import RescueRule, RescueTrial, RescueTry, other_addresses
from scidex_console.engine.ports import FigureSource
from scidex_console.engine.pulse import Pulse

MOST_SAMPLED = 200
"""Figures of one trial by an engine: its gate has other work to do."""
GoneFigures = Callable[[], Awaitable[Sequence[tuple[str, str]]]]
"""Artifact and recorded address of every figure that is gone, or said to be."""


async def sample_rescue(
    source: FigureSource,
    gone: Sequence[tuple[str, str]],
    rules: Sequence[RescueRule],
    sample: int,
    tries: list[RescueTry],
) -> RescueTrial:
    """Ask for the first `sample` figures that a rule applies to; `tries` grows as it goes on."""
    matching = [(name, url, others) for name, url in gone if (others := other_addresses(url, rules))]
    for artifact_id, url, others in matching[:sample]:
        for rule, other in others:
            outcome = await source.ask_control(other)
            tries.append(RescueTry(artifact_id, url, rule.name, other, outcome.outcome, outcome.reason))
            if outcome.outcome is FetchClass.STORED:
                break
    return RescueTrial(len(matching), tuple(tries))


@dataclass
class _Trial:
    task: asyncio.Task[RescueTrial]
    tries: list[RescueTry] = field(default_factory=list)


class RescueOrders:
    """Handler of the action: trials go on beside everything else. `aclose` ends them."""

    def __init__(
        self,
        source: FigureSource,
        gone: GoneFigures,
        rules: Sequence[RescueRule],
        pulse: Pulse,
        *,
        may_ask: Callable[[], None],
    ) -> None:
        self._source = source
        self._gone = gone
        self._rules = rules
        self._pulse = pulse
        self._may_ask = may_ask
        self._trials: dict[int, _Trial] = {}

    async def begin(self, intent: Intent) -> None:
        """Start the trial an intent asks for. Raises `Refused`, and what `may_ask` raises."""
        sample = intent.params.get("sample")
        if not isinstance(sample, int) or isinstance(sample, bool) or not 1 <= sample <= MOST_SAMPLED:
            raise Refused(f"a sample is of 1 to {MOST_SAMPLED} figures", where="sample")
        self._may_ask()
        if intent.id in self._trials:
            return
        gone, tries = await self._gone(), list[RescueTry]()
        task = asyncio.create_task(sample_rescue(self._source, gone, self._rules, sample, tries))
        task.add_done_callback(lambda _: self._pulse.wake())
        self._trials[intent.id] = _Trial(task, tries)

    def reached(self, intent: Intent) -> tuple[bool, str, dict[str, Any] | None] | str:
        """Whether a trial is over, with what it found; or how far it is."""
        trial = self._trials.get(intent.id)
        if trial is None:
            return False, "the trial was ended", None
        if not trial.task.done():
            return f"{len(trial.tries)} addresses tried so far"
        del self._trials[intent.id]
        try:
            found = trial.task.result()
        except (ConsoleError, asyncio.CancelledError) as error:
            return False, str(error) or "the trial was ended", None
        words = f"{found.live} of {found.tried} live, of {found.matching} that may have moved"
        return True, words, {"matching": found.matching, "tries": [asdict(one) for one in found.tries]}

    def drop(self, intent: Intent) -> None:
        """The trial is no longer wanted."""
        if trial := self._trials.pop(intent.id, None):
            trial.task.cancel()

    async def aclose(self) -> None:
        """End every trial."""
        trials, self._trials = self._trials, {}
        for trial in trials.values():
            trial.task.cancel()
        await asyncio.gather(*(trial.task for trial in trials.values()), return_exceptions=True)
