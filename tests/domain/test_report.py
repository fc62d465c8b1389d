"""The report as Markdown, and its entry in a Work Log: once per run, and nothing else touched."""

from __future__ import annotations

from typing import Any

import pytest

from scidex_console.domain.report import NoWorkLog, add_to_work_log, heading_of, render_markdown

NAMES = (
    "attempted",
    "fetched",
    "hard_404",
    "transient",
    "blocked",
    "suspect",
    "refused",
    "taken_back",
    "left_out",
    "requests",
)


def counts(*numbers: int) -> dict[str, int]:
    return {**dict(zip(NAMES, numbers, strict=True)), "marked": numbers[2] and numbers[2] - 1}


def report(**changed: Any) -> dict[str, Any]:
    return {
        "job": "figures",
        "run": 3,
        "from": "2026-05-19T20:00:00+00:00",
        "to": "2026-05-19T21:30:00+00:00",
        "totals": counts(70, 10, 41, 5, 1, 2, 1, 7, 3, 99),
        "batches": {"done": 3, "taken_back": 1, "partly_taken_back": 0, "under_way": 2, "empty": 0},
        "hosts": [
            {"group": "europepmc", "host": "europepmc.org", **counts(60, 5, 41, 4, 0, 0, 0, 7, 3, 80)},
            {"group": "cdn.example.org", "host": "cdn.example.org", **counts(10, 5, 0, 1, 1, 2, 1, 0, 0, 19)},
        ],
        **changed,
    }


ENTRY = render_markdown(report(), "demo", level=3)


def test_the_report_has_every_count_whole_and_per_host() -> None:
    assert render_markdown(report(), "demo") == (
        "## Run 3 of figures (demo)\n"
        "\n"
        "From 2026-05-19 20:00:00Z to 2026-05-19 21:30:00Z.\n"
        "\n"
        "- attempted: 70\n"
        "- fetched: 10\n"
        "- hard-404 (404, 410, 451): 41, of which 40 are marked unavailable\n"
        "- transient (retryable): 5\n"
        "- blocked (401, 403; retryable): 1\n"
        "- suspect (no image under a success): 2\n"
        "- refused (not asked, or not taken): 1\n"
        "- taken back (fetched or marked, then rolled back): 7\n"
        "- left out (fetched or dead, but file or row had changed meanwhile): 3\n"
        "- requests: 99\n"
        "- batches: 3 done, 1 taken back, 2 under way\n"
        "\n"
        "| host | group | attempted | fetched | hard-404 | transient | blocked | suspect | refused "
        "| taken back | left out | requests |\n"
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| europepmc.org | europepmc | 60 | 5 | 41 | 4 | 0 | 0 | 0 | 7 | 3 | 80 |\n"
        "| cdn.example.org | cdn.example.org | 10 | 5 | 0 | 1 | 1 | 2 | 1 | 0 | 0 | 19 |\n"
        "| **all** | | 70 | 10 | 41 | 5 | 1 | 2 | 1 | 7 | 3 | 99 |\n"
    )


def test_a_report_over_all_runs_without_attempts_says_so() -> None:
    nothing = report(run=None, hosts=[], totals=counts(*[0] * 10)) | {"from": None, "to": None}
    text = render_markdown(nothing, "demo")
    assert text.startswith("## All runs of figures (demo)\n\nNothing was attempted.\n")


def test_what_is_counted_so_far_does_not_look_final() -> None:
    text = render_markdown(report(so_far="paused"), "demo")
    period = "From 2026-05-19 20:00:00Z to 2026-05-19 21:30:00Z, so far: the run is paused."
    assert text.splitlines()[2] == period
    every = render_markdown(report(run=None, so_far="running"), "demo")
    assert every.splitlines()[2].endswith(", so far: the last run is running.")
    nothing = report(so_far="paused") | {"from": None, "to": None}
    assert "\nNothing was attempted so far: the run is paused.\n" in render_markdown(nothing, "demo")


def test_a_hostile_host_name_cannot_leave_its_cell() -> None:
    host = {"group": "x|y", "host": "a\x1b[2J\n| <b>`*_\u202e", **counts(*[0] * 10)}
    text = render_markdown(report(hosts=[host]), "de\x1bmo")
    assert "\x1b" not in text and "\u202e" not in text
    row = next(line for line in text.splitlines() if line.startswith("| a"))
    assert row.startswith(r"| a\\x1b\[2J\\n\| \<b\>\`\*\_\\u202e | x\|y | 0 |")
    assert heading_of(report(), "de\x1bmo") == r"Run 3 of figures (de\x1bmo)"


def test_below_a_marked_heading_the_entry_ends_its_section() -> None:
    before = "# Spec\n\n## Work Log\n\n### 2026-04-28\n\nwords\n\n## Payload\n\n{}\n"
    after = add_to_work_log(before, report(), "demo")
    assert after == f"# Spec\n\n## Work Log\n\n### 2026-04-28\n\nwords\n\n{ENTRY}\n## Payload\n\n{{}}\n"


def test_a_section_that_ends_with_the_file_gets_the_entry_there() -> None:
    for ending in ("", "\n", "\n\n"):
        after = add_to_work_log(f"## Work Log\n\nwords{ending}", report(), "demo")
        assert after is not None
        assert after.startswith(f"## Work Log\n\nwords\n\n{ENTRY}")
        assert after.strip() == f"## Work Log\n\nwords\n\n{ENTRY}".strip()


def test_below_a_plain_heading_the_entry_comes_directly() -> None:
    plain = render_markdown(report(), "demo", level=3)
    before = "    Goal\n\n    Work Log\n\n    2026-04-28 — Spec authored\n\nPayload JSON\n"
    after = add_to_work_log(before, report(), "demo")
    assert after == f"    Goal\n\n    Work Log\n\n{plain}\n    2026-04-28 — Spec authored\n\nPayload JSON\n"


def test_an_underlined_heading_is_one() -> None:
    after = add_to_work_log("Work Log\n--------\n\nold\n", report(), "demo")
    assert after == f"Work Log\n--------\n\n{ENTRY}\nold\n"


@pytest.mark.parametrize(
    "text", ["## Work Log\n", "Work Log", "work log\n\nold\n", "###### Work Log ######\nx"]
)
def test_a_second_time_nothing_changes(text: str) -> None:
    once = add_to_work_log(text, report(), "demo")
    assert once is not None
    assert add_to_work_log(once, report(), "demo") is None


def test_another_run_and_another_environment_are_other_entries() -> None:
    once = add_to_work_log("## Work Log\n", report(), "demo")
    assert once is not None
    twice = add_to_work_log(once, report(run=13), "demo")
    assert twice is not None
    thrice = add_to_work_log(twice, report(), "production")
    assert thrice is not None
    headings = [line for line in thrice.splitlines() if line.startswith("### ")]
    assert headings == [
        "### Run 3 of figures (demo)",
        "### Run 13 of figures (demo)",
        "### Run 3 of figures (production)",
    ]


def test_the_entry_of_another_journal_is_another_entry() -> None:
    once = add_to_work_log("## Work Log\n", report(journal="0b9c1d2e-aaaa"), "demo")
    assert once is not None and "### Run 3 of figures (demo, journal 0b9c1d2e)\n" in once
    assert add_to_work_log(once, report(journal="0b9c1d2e-aaaa"), "demo") is None
    twice = add_to_work_log(once, report(journal="77777777-bbbb"), "demo")
    assert twice is not None and "### Run 3 of figures (demo, journal 77777777)\n" in twice


def test_everything_else_stays_byte_for_byte() -> None:
    before = "\ufeffa \x0b\x0c\u2028\t\r\n## Work Log\r\n\r\n- x \r\n## End\r\nlast\udcff without newline"
    after = add_to_work_log(before, report(), "demo")
    assert after is not None
    assert (
        after.replace(ENTRY.replace("\n", "\r\n") + "\r\n", "").replace("- x \r\n\r\n", "- x \r\n") == before
    )
    assert "\n" not in after.replace("\r\n", "")


def test_a_heading_inside_a_code_block_is_none() -> None:
    fenced = "```\n## Work Log\n```\n"
    with pytest.raises(NoWorkLog):
        add_to_work_log(fenced, report(), "demo")
    after = add_to_work_log("## Work Log\n\n~~~~\n# comment\n~~~\n~~~~\nend\n## Next\n", report(), "demo")
    assert after == f"## Work Log\n\n~~~~\n# comment\n~~~\n~~~~\nend\n\n{ENTRY}\n## Next\n"


@pytest.mark.parametrize(
    "text", ["", "nothing here\n", "Emit a summary into the spec's Work Log.\n", "## Work Logs\n"]
)
def test_a_text_without_the_heading_is_refused(text: str) -> None:
    with pytest.raises(NoWorkLog):
        add_to_work_log(text, report(), "demo")
