"""The gap pane says of folders what the migration is accepted by, when that job is the chosen one."""

from __future__ import annotations

from dataclasses import replace

from scidex_console.console.presentation.gap import acceptance_line, gap_lines
from scidex_console.console.presentation.words import NOTHING
from scidex_console.domain.folders.acceptance import assess
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from tests.console.fakes import FOLDERS_GAP, NOW, a_gap, a_run
from tests.domain.folders.test_acceptance import DONE


def lines(width: int, selected: JobName) -> list[str]:
    acceptance = assess(replace(DONE, failed=100, dangling_links=3), ends_in_s=None)
    shown = gap_lines(
        (a_gap(), replace(FOLDERS_GAP, quarantined=2)),
        width=width,
        selected=selected,
        focused=False,
        now=NOW,
        acceptance=acceptance,
    )
    return ["".join(cell.text for cell in line.cells) for line in shown]


def test_what_the_migration_is_accepted_by_stands_below_the_folders_while_they_are_chosen() -> None:
    said = lines(200, JobName.FOLDERS)[-1]
    for part in (
        "success 98.03 %",
        "files 11,667→23,334",
        "4,000 ok 0 flagged",
        "dangling 3",
        "growth 4.2 % (+41.0 KiB)",
    ):
        assert part in said
    assert not any("dangling" in line for line in lines(200, JobName.FIGURES))


def test_folders_to_be_laid_out_again_are_counted_while_there_are_any() -> None:
    def shown(number: int) -> str:
        gap = replace(FOLDERS_GAP, to_lay_again=number)
        told = gap_lines((gap,), width=120, selected=None, focused=False, now=NOW)
        return "\n".join("".join(cell.text for cell in line.cells) for line in told)

    assert "lay again 379" in shown(379)
    assert "again" not in shown(0)


def test_what_takes_up_folders_to_be_laid_out_again_is_said_while_no_run_does() -> None:
    def shown(state: RunState) -> list[str]:
        gap = replace(FOLDERS_GAP, to_lay_again=379, run=a_run(state, JobName.FOLDERS))
        told = gap_lines((gap,), width=80, selected=None, focused=False, now=NOW)
        return ["".join(cell.text for cell in line.cells) for line in told]

    said = "  379 to be laid out again: `start folders` (s) takes them up"
    assert shown(RunState.DONE)[-1] == said
    assert said not in shown(RunState.RUNNING)


def test_it_fits_a_narrow_screen_with_what_matters_first() -> None:
    said = lines(80, JobName.FOLDERS)[-1]
    assert len(said) <= 80
    assert said.startswith("  success 98.03 %")


def test_quarantined_artifacts_have_a_column_only_while_there_are_any() -> None:
    assert "quarantined" in lines(250, JobName.FOLDERS)[0]
    without = gap_lines((a_gap(), FOLDERS_GAP), width=250, selected=None, focused=False, now=NOW)
    assert "quarantined" not in "".join(cell.text for cell in without[0].cells)


def test_growth_before_maintenance_is_called_that() -> None:
    def said(**changed: int | None) -> str:
        line = acceptance_line(assess(replace(DONE, **changed), ends_in_s=None))  # type: ignore[arg-type]
        return "".join(cell.text for cell in line.cells)

    tiny = said(bytes_before=10_000, bytes_now=70_000, bytes_maintained=None)
    assert "growth 600 % (+58.6 KiB) before maintenance" in tiny
    assert "growth 0 % (+0 B)  " in said(bytes_maintained=1_000_000)
    assert "growth -1 % (-9.8 KiB)" in said(bytes_maintained=990_000)
    assert f"growth {NOTHING}  " in said(bytes_before=None)
