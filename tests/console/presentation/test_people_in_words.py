"""Presence, differences and the line about what was missed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from scidex_console.console.presentation.differences import difference_lines, value_lines
from scidex_console.console.presentation.presence import last_act, present_cells, watchers
from scidex_console.console.presentation.since import quiet_words, since_line
from tests.console.fakes import NOW, PRESENT, a_handover, ago, an_act


def test_who_watches_is_said_in_few_characters() -> None:
    assert watchers(()) == ""
    assert watchers(PRESENT) == "2 watch: anna, scidex_viewe…"
    many = [replace(PRESENT[0], account=name) for name in ("a", "b", "c", "d", "e", "a")]
    assert watchers(many) == "6 watch: a, b, c +2"


def test_what_was_done_last_is_said_with_its_age() -> None:
    assert last_act(an_act(), NOW) == "bob: pause figures 11m ago"
    assert last_act(None, NOW) == ""


def test_who_pressed_no_key_for_long_is_idle() -> None:
    assert present_cells(PRESENT[0], NOW)["seen"].text == "now"
    cells = present_cells(replace(PRESENT[0], active_at=ago(700)), NOW)
    assert cells["seen"].text == "idle 11m"
    assert present_cells(replace(PRESENT[0], since=ago(86_400)), NOW)["since"].text == "03-13 03:12"
    assert present_cells(PRESENT[1], NOW)["operator"].text == "scidex_viewer [read-only]"


def test_only_what_differs_between_before_and_after_is_shown() -> None:
    before = {"state": "running", "rate": 2.0, "gone": [1, 2], "same": {"deep": "x"}}
    after = {"state": "paused", "rate": 2.0, "new": {"a": None}, "same": {"deep": "x"}}
    assert [line.text for line in difference_lines(before, after)] == [
        "~ state: running → paused",
        "- gone: [1, 2]",
        "+ new.a: null",
    ]
    assert difference_lines(after, after) == []
    assert [line.text for line in difference_lines(None, {"x": 1})] == ["+ x: 1"]
    assert [line.text for line in difference_lines(None, "done")] == ["+ done"]
    assert [line.text for line in difference_lines({"l": [{"a": 1}]}, {"l": [{"a": 2}]})] == [
        "~ l[0].a: 1 → 2"
    ]
    assert [line.text for line in value_lines({"count": 5})] == ["  count: 5"]


def test_hostile_values_are_written_out_and_long_ones_cut() -> None:
    [line] = difference_lines({"\x1b]0;t\x07": "a"}, {"\x1b]0;t\x07": "\u202e" + "b" * 1000})
    assert "\x1b" not in line.text and "\u202e" not in line.text and line.text.endswith("…")
    assert len(difference_lines({}, {str(i): i for i in range(2000)})) == 501


def test_what_was_missed_tells_halts_and_people_first() -> None:
    line = since_line(a_handover(ago(3 * 3600), NOW), 300)
    assert line.text == (
        "since you left 00:12:45, 3h ago: figures HALTED 03:06:05 (disk full on /srv/scidex), "
        "batch 11 taken back, anna: throttle europepmc 03:12:15, 2 more acts, "
        "figures 1 batch, 9 rows, 40 stored, 6 transient  Esc hides"
    )
    quiet = a_handover(ago(60), NOW + timedelta(seconds=1), batches=(), attempts=(), acts=())
    assert "since you left 03-13 00:12:45, 1d3h ago" in since_line(a_handover(ago(27 * 3600), NOW), 300).text
    assert quiet_words(quiet) == "since you left 03:11:45, 1m ago: nothing happened"
    assert since_line(a_handover(ago(60), NOW), 60).width == 60
