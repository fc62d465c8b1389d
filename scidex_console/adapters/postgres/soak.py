"""The soak as the database has it, for every reader: the last phase begun, and what belongs to it."""

from __future__ import annotations

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.snapshot import Row, Rows, ask, snapshot
from scidex_console.domain.soak.clock import Span, SpanKind
from scidex_console.domain.soak.judging import Standing
from scidex_console.domain.soak.records import (
    Confirmation,
    Entry,
    Measurement,
    Override,
    SignOff,
    SoakRecord,
    SoakRules,
)

QUESTIONS: dict[str, None] = dict.fromkeys(
    (
        "read_soak_rules",
        "list_soak_phases",
        "list_soak_spans",
        "list_soak_measurements",
        "list_soak_signoffs",
        "list_soak_confirmations",
        "read_soak_override",
    )
)
"""The statements a record is made of."""


async def read_soak(database: Database) -> SoakRecord:
    """The record as of one moment."""
    async with snapshot(database) as connection:
        return soak_record(await ask(connection, QUESTIONS))


def soak_record(found: dict[str, Rows]) -> SoakRecord:
    """The record from the answers to `QUESTIONS`."""
    rules = found["read_soak_rules"][0]
    overrides = found["read_soak_override"]
    return SoakRecord(
        now=rules["taken_at"],
        rules=SoakRules(rules["enforced"], rules["measured_every_s"]),
        entries=tuple(_entry(row) for row in found["list_soak_phases"]),
        spans=tuple(_span(row) for row in found["list_soak_spans"]),
        measurements={row["check_id"]: _measurement(row) for row in found["list_soak_measurements"]},
        signoffs=tuple(_signoff(row) for row in found["list_soak_signoffs"]),
        confirmations=tuple(_confirmation(row) for row in found["list_soak_confirmations"]),
        override=_override(overrides[0]) if overrides else None,
    )


def _entry(row: Row) -> Entry:
    return Entry(
        id=row["id"],
        phase=row["phase"],
        begun_at=row["begun_at"],
        needed_s=row["needed_s"],
        operator=row["operator"],
        origin=row["origin"],
        reason=row["reason"],
        overridden=row["overridden"],
    )


def _span(row: Row) -> Span:
    return Span(SpanKind(row["kind"]), row["began_at"], row["until_at"], row["counted_s"], row["why"])


def _measurement(row: Row) -> Measurement:
    return Measurement(
        check_id=row["check_id"],
        at=row["at"],
        standing=Standing(row["standing"]),
        figure=row["figure"],
        words=row["words"],
        fingerprint=row["fingerprint"],
        trend=tuple(row["trend"]),
    )


def _signoff(row: Row) -> SignOff:
    return SignOff(
        id=row["id"],
        check_id=row["check_id"],
        fingerprint=row["fingerprint"],
        at=row["at"],
        operator=row["operator"],
        origin=row["origin"],
        reason=row["reason"],
    )


def _confirmation(row: Row) -> Confirmation:
    return Confirmation(row["step_id"], row["at"], row["operator"], row["origin"], row["reason"])


def _override(row: Row) -> Override:
    return Override(
        id=row["id"],
        phase=row["phase"],
        at=row["at"],
        operator=row["operator"],
        origin=row["origin"],
        reason=row["reason"],
        shut_by=tuple(row["shut_by"]),
    )
