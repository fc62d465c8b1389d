"""What every group answered of late, as far as it casts doubt on its "gone"; begun from what was logged."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from scidex_console.domain.controls import ControlRules, GoneRun
from scidex_console.engine.ports.suspects import Said, SuspectStore

_MOST_PAST = 1000
"""Answers of an earlier process from which a run is known again."""


class GoneRuns:
    """The run of each group. After a restart no figure is doubted less than before."""

    def __init__(self, store: SuspectStore, rules: ControlRules) -> None:
        self._store = store
        self._rules = rules
        self._runs: dict[str, GoneRun] = {}
        self._recalling: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, group: str) -> GoneRun:
        """The run of a group, which is looked up once, before this process asks anything of it."""
        async with self._recalling[group]:
            if group not in self._runs:
                self._runs[group] = await self._recalled(group)
            return self._runs[group]

    def is_due(self, group: str, spent: int) -> bool:
        """Whether a control is due after so many requests, as far as is known without looking anything up."""
        run = self._runs.get(group)
        if run is None:
            return spent >= self._rules.every
        return spent >= self._rules.due_after(run) or run.is_surprising

    async def _recalled(self, group: str) -> GoneRun:
        run, seen = self._rules.new_run(), set[str]()
        for past in await self._store.past_answers(group, _MOST_PAST):
            if past.said is Said.GONE:
                run.note_gone(past.artifact_id, second=self._rules.is_second(past.suspected_for))
            elif past.said is Said.IMAGE:
                run.note_image(past.artifact_id)
            else:
                run.note_control(passed=past.said is Said.PASSED)
            seen.add(past.artifact_id)
        run.take_up(await self._store.of_group(group), seen)
        return run
