"""The report is Markdown that says what was required, what was seen and who said so."""

from __future__ import annotations

from dataclasses import replace

from scidex_console.domain.soak.ladder import read_ladder
from scidex_console.domain.soak.records import Confirmation, Override, SoakRecord
from scidex_console.domain.soak.report import render_soak
from tests.domain.soak.samples import NOW, PHASE_1, record, signed


def test_it_holds_evidence_sign_offs_steps_and_overrides() -> None:
    whole = record(
        signoffs=(replace(signed("warnings"), reason="seen | in <logs>"),),
        confirmations=(Confirmation("1-first", NOW, "ana", "local", "it is there"),),
        override=Override(1, 2, NOW, "eve", "local", "read by the board", ("old_reads needs a person",)),
    )
    text = render_soak(read_ladder(whole), "staging")
    assert text.startswith("# Soak of the folder migration, staging, 2026-05-20 03:00:00Z\n")
    assert "| 1 | new artifacts | under way | 2026-05-19 01:00:00Z | ana |" in text
    assert "ben, 2026-05-20 03:00:00Z: seen \\| in &lt;logs>" in text
    assert "| 1-hour-24 | 24 | " in text and "not confirmed" in text
    assert "ana, 2026-05-20 03:00:00Z: it is there" in text
    assert "Phase 2 may begin all the same, by eve, 2026-05-20 03:00:00Z: read by the board." in text


def test_a_void_sign_off_says_so() -> None:
    changed = {**PHASE_1, "warnings": replace(PHASE_1["warnings"], fingerprint="another")}
    text = render_soak(read_ladder(record(measurements=changed)), "staging")
    assert "(void: what ben signed for on 2026-05-20 03:00 UTC has changed since)" in text


def test_before_any_phase_there_is_little_to_say() -> None:
    assert "No phase was begun yet." in render_soak(read_ladder(SoakRecord(now=NOW)), "staging")
