"""Orders about the soak: each is checked against the ladder as it stands now, and put on record."""

from __future__ import annotations

from typing import Any

from scidex_console.domain.errors import GateShut, Refused, StaleToken
from scidex_console.domain.intents import Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.soak.ladder import (
    Ladder,
    goes_through,
    override_token,
    passed_over,
    way_to_begin,
    way_to_clean,
    why_not_begin,
    why_not_clean,
    why_not_confirm,
    why_not_override,
    why_not_run,
    why_not_sign,
)
from scidex_console.domain.soak.phases import PHASES
from scidex_console.engine.ports import SoakStore
from scidex_console.engine.soak.rounds import SoakRounds


class SoakOrders:
    """Handlers of the soak's actions, and the gate that runs have to pass."""

    def __init__(self, store: SoakStore, rounds: SoakRounds) -> None:
        self._store = store
        self._rounds = rounds

    async def check_run(self, job: JobName) -> None:
        """Raise `GateShut` where a job's run may not start or go on."""
        if job is not JobName.FOLDERS or not self._rounds.options.rules.enforced:
            return
        if why := why_not_run(await self._rounds.ladder(), job):
            raise GateShut(why, where="soak", fix="see `scidex-console soak status`")

    async def check_cleanup(self) -> None:
        """Raise `GateShut` where nothing may be cleaned up yet."""
        ladder = await self._rounds.ladder()
        if why := why_not_clean(ladder):
            raise GateShut(why, where="cleanup", fix=way_to_clean(ladder))

    async def begin(self, intent: Intent) -> str:
        """A phase is under way, its clock at nothing; the first look is taken at once."""
        phase = _number(intent)
        _need_reason(intent)
        ladder = await self._rounds.ladder()
        if why := why_not_begin(ladder, phase):
            raise GateShut(why, where="soak", fix=way_to_begin(ladder, phase))
        through = goes_through(ladder, phase)
        needed_s = self._rounds.options.times.needed_s(phase)
        await self._store.begin(phase, needed_s=needed_s, overridden=not through, intent=intent)
        await self._rounds.look()
        return f"phase {phase} ({PHASES[phase].name}) has begun" + ("" if through else ", by an override")

    async def measure(self, intent: Intent) -> str:
        """A round now."""
        del intent
        ladder = await self._rounds.measure()
        if ladder.entry is None:
            raise Refused(
                "no phase is under way", fix="begin one: `scidex-console soak begin 0 --reason TEXT`"
            )
        open_checks = len(ladder.gate.shut_by)
        gate = "the gate is open" if ladder.gate.is_open else f"the gate is shut by {open_checks}"
        return f"phase {ladder.entry.phase} was measured: {gate}"

    async def confirm(self, intent: Intent) -> str:
        """A step of the guide is done."""
        _need_reason(intent)
        ladder = await self._rounds.ladder()
        step_id = str(intent.params.get("step") or "")
        if why := why_not_confirm(ladder, step_id):
            raise Refused(why, where="step", fix="see `scidex-console soak status`")
        assert ladder.entry is not None
        await self._store.confirm(ladder.entry, step_id, intent=intent)
        return f"step {step_id} is confirmed"

    async def sign(self, intent: Intent) -> str:
        """A person's word for a check, about the evidence that the token names."""
        _need_reason(intent)
        check_id = str(intent.params.get("check") or "")
        ladder = await self._rounds.measure()
        if why := why_not_sign(ladder, check_id):
            raise Refused(why, where="check", fix="see `scidex-console soak status`")
        view = next(view for view in ladder.checks if view.check.id == check_id)
        assert ladder.entry is not None and view.evidence is not None
        if view.evidence.fingerprint != intent.params.get("token"):
            raise StaleToken(f"the evidence of {check_id} has changed", fix="look again and sign")
        evidence = view.evidence
        await self._store.sign(
            ladder.entry, check_id, fingerprint=evidence.fingerprint, evidence=evidence.words, intent=intent
        )
        return f"{check_id} is signed off by {intent.operator}"

    async def override(self, intent: Intent) -> str:
        """Leave to begin a phase though the gate before it is shut."""
        phase = _number(intent)
        _need_reason(intent)
        ladder = await self._rounds.ladder()
        if why := why_not_override(ladder, phase):
            raise Refused(why, where="soak")
        if override_token(ladder, phase) != intent.params.get("token"):
            raise StaleToken("what stands in the way has changed", fix="look again and confirm")
        shut_by = passed_over(ladder, phase)
        await self._store.override(ladder.entry, phase, shut_by=shut_by, intent=intent)
        return f"phase {phase} may begin all the same, by {intent.operator}: {len(shut_by)} stood in the way"

    async def facts(self) -> dict[str, Any]:
        """What an audit row says of the soak."""
        return ladder_facts(await self._rounds.ladder())


def ladder_facts(ladder: Ladder) -> dict[str, Any]:
    """The ladder in a few words, for before and after."""
    if ladder.entry is None or ladder.clock is None:
        return {"phase": None}
    return {
        "phase": ladder.entry.phase,
        "clock": ladder.clock.state,
        "elapsed_s": round(ladder.clock.elapsed_s),
        "gate": "open" if ladder.gate.is_open else "shut",
        "checks": {view.check.id: view.state for view in ladder.checks},
        "confirmed": sum(step.done is not None for step in ladder.steps),
    }


def _number(intent: Intent) -> int:
    phase = intent.params.get("phase")
    if not isinstance(phase, int) or isinstance(phase, bool) or not 0 <= phase < len(PHASES):
        raise Refused(f"a phase is a number from 0 to {PHASES[-1].number}", where="phase")
    return phase


def _need_reason(intent: Intent) -> None:
    if not intent.reason.strip():
        raise Refused(f"{intent.action} needs a reason, which is kept with it", where="reason")
