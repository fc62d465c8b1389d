"""The console's settings: what a session decides by itself, what a notice may be, and other keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from scidex_console.domain.errors import SettingError
from scidex_console.settings import Notice, Session, Settings, load_settings

LOCAL = Session("anna", "", "xterm")
SSH = Session("anna", "10.0.0.5", "xterm")


def loaded(folder: Path, text: str, **environ: str) -> Settings:
    (folder / "config.toml").write_text(text)
    return load_settings(folder / "config.toml", environ=environ, here=folder)


def test_over_ssh_little_is_sent_and_the_mouse_left_alone() -> None:
    console = Settings().console
    assert (console.is_slow(SSH), console.has_mouse(SSH)) == (True, False)
    assert (console.look_for(SSH), console.refreshes_for(SSH)) == ("ansi", 1.0)
    assert (console.is_slow(LOCAL), console.has_mouse(LOCAL)) == (False, True)
    assert (console.look_for(LOCAL), console.refreshes_for(LOCAL)) == ("dark", 2.0)


def test_by_hand_it_is_as_somebody_says(tmp_path: Path) -> None:
    console = loaded(tmp_path, '[console]\nlow_bandwidth = true\nmouse = true\ntheme = "contrast"\n').console
    assert (console.is_slow(LOCAL), console.has_mouse(SSH), console.look_for(SSH)) == (True, True, "contrast")
    again = loaded(tmp_path, "", SCIDEX_CONSOLE__CONSOLE__LOW_BANDWIDTH="false").console
    assert again.is_slow(SSH) is False
    with pytest.raises(SettingError, match=r'config.toml:2: .*mouse is "yes"; write "auto", true or false'):
        loaded(tmp_path, '[console]\nmouse = "yes"\n')


def test_a_notice_is_a_bell_nothing_or_a_list_of_arguments(tmp_path: Path) -> None:
    assert Settings().console.notify == Notice(bell=True)
    assert loaded(tmp_path, '[console]\nnotify = "none"\n').console.notify == Notice(bell=False)
    told = loaded(tmp_path, "", SCIDEX_CONSOLE__CONSOLE__NOTIFY='["say", "{text}"]').console.notify
    assert told == Notice(bell=False, command=("say", "{text}"))
    for wrong in ('"rm -rf /"', "[]", '["", "x"]', '["a\\u0000"]', "3"):
        with pytest.raises(SettingError, match=r"config.toml:2: console.notify is .*as a list"):
            loaded(tmp_path, f"[console]\nnotify = {wrong}\n")


def test_keys_can_be_chosen_and_exchanged(tmp_path: Path) -> None:
    keys = loaded(tmp_path, '[console.keys]\nstart = "p"\npause_or_resume = "s"\nhelp = "f1"\n').console.keys
    assert keys.changed() == {"start": "p", "pause_or_resume": "s", "help": "f1"}
    assert loaded(tmp_path, "").console.keys.changed() == {}
    given = loaded(tmp_path, "", SCIDEX_CONSOLE__CONSOLE__KEYS='{rollback = "ctrl+r"}').console.keys
    assert given.changed() == {"rollback": "ctrl+r"}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            'strat = "S"',
            r"config.toml:3: there is no setting console.keys.strat; did you mean console.keys.start",
        ),
        (
            'start = "p"',
            r'config.toml:3: console.keys.start is "p"; write another key: .* of pause_or_resume',
        ),
        ('step = "x"\nredo = "x"', r'config.toml:3: console.keys.step is "x"; .* that of redo \(1 more'),
        ('start = "shift+s"', r'config.toml:3: .*start is "shift\+s"; write a key such as "S"'),
        ('start = "ctrl+c"', r'config.toml:3: .*start is "ctrl\+c"; write another key: .* leaves'),
        ('start = "escape"', r'config.toml:3: .*start is "escape"; write a key such as'),
        ("start = 3", r"config.toml:3: .*start is 3; write a key such as"),
        ('start = "é"', r"config.toml:3: .*; write a key such as"),
    ],
)
def test_a_wrong_key_is_named_with_its_line(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(SettingError, match=said):
        loaded(tmp_path, f"[console.keys]\n# why\n{line}\n")
