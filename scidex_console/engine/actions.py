"""The one registry of actions: what an operator can ask for, when, and how it is said on the command line.

Keys, footer, palette, help, the command line and the audit all read this table. Pure: an action is decided
from an `Overview`, never by asking anything.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scidex_console.domain.intents import ActionName
from scidex_console.domain.jobs import JobName
from scidex_console.engine.action_rules import (
    Rule,
    cancel_rule,
    engine_reason,
    job_reason,
    pause_rule,
    readers_rule,
    redo_rule,
    rescue_rule,
    resume_rule,
    retry_rule,
    rollback_rule,
    start_rule,
    step_rule,
    throttle_rule,
    triage_rule,
)
from scidex_console.engine.ports.readers import AttemptFilter
from scidex_console.engine.soak.rules import begin_rule, confirm_rule, measure_rule, override_rule, sign_rule
from scidex_console.engine.views import Overview

PROGRAM = "scidex-console"


class Friction(StrEnum):
    """What stands between the key and the intent; it follows how hard the action is to reverse."""

    KEY = "key"
    """One key: the opposite key takes it back."""
    CONFIRM = "confirm"
    """A dialog that starts on Cancel and shows what will happen."""
    TYPED = "typed"
    """A dialog in which what is acted on (the batch id, the phase) must be typed."""


@dataclass(frozen=True)
class Situation:
    """What an action is judged by."""

    overview: Overview | None
    job: JobName
    read_only: bool = False
    blocked: str = ""
    """Why nothing may act at all now: data too old, database out of reach, screen too small."""

    @property
    def forbidden(self) -> str | None:
        """Why nobody here may put anything on the intent desk now; None when one may."""
        if self.blocked:
            return self.blocked
        if self.overview is None:
            return "nothing has been read from the database yet"
        if self.read_only:
            return "this console was started read-only"
        identity = self.overview.identity
        return None if identity.can_write_intents else f"the database role {identity.operator} may only watch"


@dataclass(frozen=True)
class ActionSpec:
    """One action: its words, its friction, and when it is not allowed."""

    name: ActionName
    title: str
    explain: str
    """One sentence for help and dialogs: what it does, and what takes it back."""
    friction: Friction
    asks_reason: bool
    """Hard enough to reverse that a reason is required."""
    job_scoped: bool
    writes: bool
    """Whether settling it makes the engine write, which `observe` forbids."""
    rule: Rule

    def disabled_reason(self, situation: Situation) -> str | None:
        """Why the action is not allowed now, in words for the operator; None when it is."""
        overview = situation.overview
        if situation.forbidden or overview is None:
            return situation.forbidden
        return (
            engine_reason(overview, self.writes)
            or (job_reason(overview, situation.job) if self.job_scoped else None)
            or self.rule(overview, situation.job)
        )

    def command(
        self, job: JobName | None, params: Mapping[str, Any], reason: str = "", *, program: str = PROGRAM
    ) -> str:
        """The same action as a command line, quoted for a shell.

        `program` is what it begins with, quoted already: the program as it is run here, and its options.
        """
        name = ["plan"] if self.name is ActionName.RESCUE else str(self.name).split("_")
        words = [*name, *_operands(self.name, job, params), *_options(self.name, params)]
        if reason and not _is_shown(self.name, params):
            words += ["--reason", reason]
        return f"{program} {shlex.join(words)}"


_SPECS = (
    ActionSpec(
        ActionName.START,
        "Start a run",
        "Starts a run of the job; pause takes it back.",
        Friction.KEY,
        asks_reason=False,
        job_scoped=True,
        writes=True,
        rule=start_rule,
    ),
    ActionSpec(
        ActionName.STEP,
        "Step",
        "Does so many rows, or batches, then closes the batch and pauses.",
        Friction.CONFIRM,
        asks_reason=False,
        job_scoped=True,
        writes=True,
        rule=step_rule,
    ),
    ActionSpec(
        ActionName.PAUSE,
        "Pause",
        "Finishes the items in hand, closes the batch and waits; resume takes it back.",
        Friction.KEY,
        asks_reason=False,
        job_scoped=True,
        writes=False,
        rule=pause_rule,
    ),
    ActionSpec(
        ActionName.RESUME,
        "Resume",
        "Goes on from a pause, or from a halt once its cause is mended; pause takes it back.",
        Friction.KEY,
        asks_reason=False,
        job_scoped=True,
        writes=True,
        rule=resume_rule,
    ),
    ActionSpec(
        ActionName.CANCEL,
        "Cancel the run",
        "Finishes the items in hand, closes the batch and ends the run; what is done stays done.",
        Friction.CONFIRM,
        asks_reason=True,
        job_scoped=True,
        writes=False,
        rule=cancel_rule,
    ),
    ActionSpec(
        ActionName.RETRY,
        "Retry failed rows",
        "Makes exactly the listed rows due again.",
        Friction.CONFIRM,
        asks_reason=True,
        job_scoped=True,
        writes=True,
        rule=retry_rule,
    ),
    ActionSpec(
        ActionName.ROLLBACK,
        "Roll back a batch",
        "Takes a batch back in git and in the database, as one act; redo brings it again.",
        Friction.TYPED,
        asks_reason=True,
        job_scoped=True,
        writes=True,
        rule=rollback_rule,
    ),
    ActionSpec(
        ActionName.REDO,
        "Redo a rolled-back batch",
        "Applies a rolled-back batch again; roll back takes it back.",
        Friction.TYPED,
        asks_reason=True,
        job_scoped=True,
        writes=True,
        rule=redo_rule,
    ),
    ActionSpec(
        ActionName.THROTTLE,
        "Throttle a host group",
        "Lowers a host group's budget for a while, or ends that; it ends by itself.",
        Friction.CONFIRM,
        asks_reason=True,
        job_scoped=False,
        writes=False,
        rule=throttle_rule,
    ),
    ActionSpec(
        ActionName.TRIAGE,
        "Decide a case",
        "Applies a decision about artifacts that wait for a person; undoing it is a decision of its own.",
        Friction.CONFIRM,
        asks_reason=True,
        job_scoped=True,
        writes=True,
        rule=triage_rule,
    ),
    ActionSpec(
        ActionName.SOAK_BEGIN,
        "Begin a phase",
        "Begins a phase of the soak, its clock at nothing; what was signed before stays with the one before.",
        Friction.CONFIRM,
        asks_reason=True,
        job_scoped=False,
        writes=False,
        rule=begin_rule,
    ),
    ActionSpec(
        ActionName.SOAK_CONFIRM,
        "Confirm a step",
        "Puts on record that a step of the guide was done, and what was seen.",
        Friction.CONFIRM,
        asks_reason=True,
        job_scoped=False,
        writes=False,
        rule=confirm_rule,
    ),
    ActionSpec(
        ActionName.SOAK_SIGN,
        "Sign a check off",
        "Signs for a check that nobody can measure, about the evidence shown; it is void when that changes.",
        Friction.CONFIRM,
        asks_reason=True,
        job_scoped=False,
        writes=False,
        rule=sign_rule,
    ),
    ActionSpec(
        ActionName.SOAK_OVERRIDE,
        "Override the gate",
        "Gives leave to begin a phase though the gate before it is shut; it ends with the phase under way.",
        Friction.TYPED,
        asks_reason=True,
        job_scoped=False,
        writes=False,
        rule=override_rule,
    ),
    ActionSpec(
        ActionName.SOAK_MEASURE,
        "Measure now",
        "Looks at every check of the phase under way at once.",
        Friction.KEY,
        asks_reason=False,
        job_scoped=False,
        writes=False,
        rule=measure_rule,
    ),
    ActionSpec(
        ActionName.READERS_SET,
        "Change a share of reads",
        "Changes which share of artifacts a reader reads by the folder first; setting it back takes it back.",
        Friction.CONFIRM,
        asks_reason=True,
        job_scoped=False,
        writes=False,
        rule=readers_rule,
    ),
    ActionSpec(
        ActionName.RESCUE,
        "Try the rescue",
        "Asks for a sample of the figures that are gone where they may have moved; nothing is kept.",
        Friction.KEY,
        asks_reason=False,
        job_scoped=True,
        writes=False,
        rule=rescue_rule,
    ),
)

ACTIONS: Mapping[ActionName, ActionSpec] = {spec.name: spec for spec in _SPECS}


_OPERAND = {
    ActionName.THROTTLE: "group",
    ActionName.SOAK_BEGIN: "phase",
    ActionName.SOAK_CONFIRM: "step",
    ActionName.SOAK_SIGN: "check",
    ActionName.SOAK_OVERRIDE: "phase",
}
"""The parameter that is the operand of an action without a job."""


def _operands(name: ActionName, job: JobName | None, params: Mapping[str, Any]) -> list[str]:
    if name is ActionName.READERS_SET:
        share = params.get("share", "SHARE")
        return [str(params.get("reader", "READER")), f"{share:g}" if isinstance(share, float) else str(share)]
    if name in _OPERAND:
        operand = _OPERAND[name]
        return [str(params.get(operand, operand.upper()))]
    if name is ActionName.TRIAGE:
        return _decided(job, params)
    words = [str(job)] if job else []
    if name is ActionName.RESCUE:
        words += ["--rescue", "--sample", str(params.get("sample", 20))]
    if name is ActionName.STEP:
        words.append(str(params.get("count", 1)))
    return words


def _is_shown(name: ActionName, params: Mapping[str, Any]) -> bool:
    """Whether the command line shows a decision that is recorded already, with its reason."""
    return name is ActionName.TRIAGE and not (params.get("undoes") or params.get("artifact_ids"))


def _decided(job: JobName | None, params: Mapping[str, Any]) -> list[str]:
    """A decision, or taking one back; of an intent that only has the number, how to see it."""
    if params.get("undoes"):
        return ["undo", str(params["undoes"])]
    if _is_shown(ActionName.TRIAGE, params):
        return ["decision", str(params.get("decision", ""))]
    scope = ["--job", str(job)] if job else []
    return ["decide", str(params["kind"]), *(str(i) for i in params["artifact_ids"]), *scope]


_VALUE_OPTIONS = (
    # Parameter, option; in the order a person would write them. A throttle's group is its operand.
    ("batch", "--batch"),
    ("outcome", "--outcome"),
    ("since", "--since"),
    ("text", "--text"),
    ("host", "--host"),
    ("rate", "--rate"),
    ("in_flight", "--in-flight"),
    ("token", "--token"),
)


def _options(name: ActionName, params: Mapping[str, Any]) -> list[str]:
    words: list[str] = []
    if params.get("group") and name is not ActionName.THROTTLE:
        words += ["--group", str(params["group"])]
    for key, option in _VALUE_OPTIONS:
        value = params.get(key)
        if value not in (None, ""):
            words += [option, f"{value:g}" if isinstance(value, float) else str(value)]
    # A decision's artifacts are operands.
    for artifact_id in () if name is ActionName.TRIAGE else params.get("artifact_ids") or ():
        words += ["--artifact", str(artifact_id)]
    if params.get("cycle"):
        words.append("--cycle")
    if params.get("for_seconds") is not None:
        words += ["--for", exact_duration(params["for_seconds"])]
    if params.get("clear"):
        words.append("--clear")
    return words


def retry_params(criteria: AttemptFilter) -> dict[str, Any]:
    """A filter as the parameters of a retry, by which the engine makes the same list again."""
    values: dict[str, Any] = {
        "group": criteria.group,
        "outcome": criteria.outcome,
        "since": criteria.since.isoformat() if criteria.since else "",
        "artifact_ids": list(criteria.artifact_ids),
        "text": criteria.text,
        "host": criteria.host,
    }
    return {name: value for name, value in values.items() if value}


def exact_duration(seconds: float) -> str:
    """A duration as the command line reads it, losing nothing: the largest unit that divides it."""
    if seconds != int(seconds):
        return f"{seconds:g}s"
    whole = int(seconds)
    for size, name in ((86400, "d"), (3600, "h"), (60, "m")):
        if whole and whole % size == 0:
            return f"{whole // size}{name}"
    return f"{whole}s"
