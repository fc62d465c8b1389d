"""docs/cli.md tells the truth: every command, option and field stands in it."""

from __future__ import annotations

import argparse
import dataclasses
import re
from pathlib import Path

import pytest

from scidex_console.cli.main import COMMANDS, parser
from scidex_console.domain.cleanup import CleanupPlan
from scidex_console.domain.fetching import Hop
from scidex_console.domain.folders.acceptance import Acceptance, Criterion, Measured
from scidex_console.domain.hosts import GateState
from scidex_console.domain.hosts import Override as BudgetOverride
from scidex_console.domain.intents import Intent
from scidex_console.domain.soak.checks import Check
from scidex_console.domain.soak.clock import SoakClock
from scidex_console.domain.soak.guide import Step, StepAction
from scidex_console.domain.soak.ladder import CheckView, Gate, Ladder, Rung, StepView
from scidex_console.domain.soak.records import (
    Confirmation,
    Entry,
    Measurement,
    Override,
    SignOff,
    SoakRules,
)
from scidex_console.engine.batch_views import BatchView, OperationView, RollbackPreview
from scidex_console.engine.handover import AttemptsInPeriod, BatchInPeriod
from scidex_console.engine.people import AuditView, PresenceView
from scidex_console.engine.reading.views import (
    ReaderProcessView,
    ReadersView,
    ReaderView,
    RouteView,
    ServiceView,
)
from scidex_console.engine.views import (
    AttemptDetail,
    AttemptView,
    EngineView,
    GapView,
    HostView,
    ProofView,
    RetryPreview,
    RunView,
    StoreIdentity,
    WaitingFolderView,
    WriterView,
)

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")

SHAPES = {
    "INTENT": (Intent,),
    "IDENTITY": (StoreIdentity,),
    "ENGINE": (EngineView,),
    "RUN": (RunView,),
    "GAP": (GapView,),
    "HOST": (HostView,),
    "GATE": (GateState, BudgetOverride),
    "ATTEMPT": (AttemptView,),
    "ATTEMPT_DETAIL": (AttemptDetail, ProofView),
    "HOP": (Hop,),
    "BATCH": (BatchView,),
    "OPERATION": (OperationView,),
    "RETRY": (RetryPreview,),
    "WAITING": (WaitingFolderView,),
    "ACCEPTANCE": (Acceptance, Criterion),
    "CLEANUP": (CleanupPlan,),
    "MEASURED": (Measured,),
    "ROLLBACK": (RollbackPreview,),
    "HANDOVER": (BatchInPeriod, AttemptsInPeriod),
    "ACT": (AuditView,),
    "PRESENCE": (PresenceView,),
    "WRITER": (WriterView,),
    "READERS": (ReadersView, ReaderView, ReaderProcessView),
    "SERVICE": (ServiceView, RouteView),
    "SOAK": (
        Ladder,
        SoakRules,
        Rung,
        Entry,
        SoakClock,
        CheckView,
        Check,
        Measurement,
        SignOff,
        StepView,
        Step,
        StepAction,
        Confirmation,
        Gate,
        Override,
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_field_of_a_shape_is_documented(shape: str) -> None:
    [paragraph] = re.findall(rf"^\*\*{shape}\*\* (.*?)\n\n", TEXT, re.MULTILINE | re.DOTALL)
    documented = set(re.findall(r"`([a-z0-9_]+)`", paragraph))
    fields = {field.name for view in SHAPES[shape] for field in dataclasses.fields(view)}
    assert fields - documented == set()


def commands() -> dict[str, argparse.ArgumentParser]:
    [subparsers] = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(subparsers.choices)


def test_every_module_registers_its_one_command() -> None:
    assert sorted(commands()) == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_and_option_is_documented(name: str) -> None:
    rows = [line for line in TEXT.splitlines() if re.match(rf"\| `{name}\b", line)]
    if name == "schema":
        rows = [line for line in TEXT.splitlines() if "`schema " in line]
    assert rows, f"no row for {name}"
    everywhere = {"--help", "--config", "--json", "--reason", "--no-wait", "--wait", "--token"}
    options = {option for action in commands()[name]._actions for option in action.option_strings}
    missing = {
        option for option in options - everywhere if option.startswith("--") and option not in "".join(rows)
    }
    assert not missing
    assert all(f"`{option}" in TEXT for option in options & everywhere - {"--help"})
