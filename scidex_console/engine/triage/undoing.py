"""What taking a decision back would do: the rollback of its batch, or the like where it needed none."""

from __future__ import annotations

from typing import Protocol

from scidex_console.domain.batches import REVERSIBLE
from scidex_console.domain.errors import Refused
from scidex_console.domain.tokens import plan_token
from scidex_console.domain.triage import Decision
from scidex_console.engine.batch_views import RollbackPreview
from scidex_console.engine.ports import TriageStore
from scidex_console.engine.triage.views import UNDOABLE, DecisionItem, DecisionPreview, DecisionView


class Rollbacks(Protocol):
    """Where previews of rollbacks come from."""

    async def rollback_preview(self, batch_id: int, *, redo: bool) -> RollbackPreview: ...


class UndoPlanner:
    """Makes the previews of undoing; changes nothing."""

    def __init__(self, store: TriageStore, rollbacks: Rollbacks) -> None:
        self._store = store
        self._rollbacks = rollbacks

    async def plan(self, decision_id: int) -> DecisionPreview:
        """What would be taken back, and what would be left alone, as it has changed since.

        Raises `Refused` for a decision that is not there, of which nothing came, or that is undone already.
        """
        decision = await self._store.decision(decision_id)
        _check(decision_id, decision)
        assert decision is not None
        if decision.batch is not None:
            items, world = await self._of_batch(decision)
        else:
            results = await self._store.results(decision_id)
            is_note = decision.decision is Decision.LEAVE
            what = "the note is withdrawn" if is_note else "waits for a person as before"
            items = tuple(DecisionItem(r.artifact_id, "", "", what) for r in results if r.applied)
            world = ""
        plan = {
            "action": "triage undo",
            "decision": decision_id,
            "world": world,
            "items": sorted([item.artifact_id, item.refused] for item in items),
        }
        return DecisionPreview(Decision.UNDO, decision.job, items, plan_token(plan), decision_id)

    async def _of_batch(self, decision: DecisionView) -> tuple[tuple[DecisionItem, ...], str]:
        assert decision.batch is not None
        rollback = await self._rollbacks.rollback_preview(decision.batch, redo=False)
        if rollback.batch.state not in REVERSIBLE:
            raise Refused(f"batch {decision.batch} is {rollback.batch.state}")
        kept = {item.artifact_id: item.reason for item in rollback.refused}
        going = [o for o in rollback.operations if o.artifact_id not in kept]
        back = "row and file as before, waiting as before"
        items = [DecisionItem(o.artifact_id, "", "", back, o.path) for o in going]
        items += [
            DecisionItem(o.artifact_id, "", "", "", o.path, refused=kept[o.artifact_id])
            for o in rollback.refused
        ]
        return tuple(items), rollback.token


def _check(decision_id: int, decision: DecisionView | None) -> None:
    if decision is None:
        raise Refused(
            f"there is no decision {decision_id}",
            fix="`scidex-console triage show ID` has those about an artifact",
        )
    if decision.decision is Decision.UNDO:
        raise Refused(f"decision {decision_id} takes another one back; decide anew instead")
    if decision.state == "undone":
        raise Refused(f"decision {decision_id} is undone already")
    if decision.state not in UNDOABLE:
        raise Refused(f"nothing has come of decision {decision_id}: it is {decision.state}")
